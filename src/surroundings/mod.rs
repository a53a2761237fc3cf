//! What a command takes from around it where its flags say nothing: environment variables, and the `floodmark.toml` of the current folder.
//! Flags win over variables, and those over the file. The rules are pure; [`read`] asks the process and the disk.

mod environment;
mod file;
mod given;
mod handed_over;

use std::path::Path;
use std::{env, fs, io};

use environment::{Config, of_variables};
use given::Layer;
pub(crate) use given::{Given, Together, together};
pub(crate) use handed_over::hand_over;

/// The file of the current folder.
const FILE: &str = "floodmark.toml";

/// The layers below the flags, the stronger first.
///
/// # Errors
/// A variable or a file that cannot be used, in one sentence.
pub(crate) fn read() -> Result<Vec<Layer>, String> {
    let variables = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let (variables, config) = of_variables(variables)?;
    let file = match config {
        Config::None => None,
        Config::Usual => layer_in(Path::new(FILE), true)?,
        Config::Named(path) => layer_in(&path, false)?,
    };
    Ok([variables, file].into_iter().flatten().collect())
}

/// What stands in a file; nothing where the file may be absent, and is.
fn layer_in(path: &Path, may_be_absent: bool) -> Result<Option<Layer>, String> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_be_absent => return Ok(None),
        Err(error) => return Err(format!("{shown} cannot be read: {error}")),
        Ok(text) => text,
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let given = file::parse(&text, folder).map_err(|why| format!("{shown}{why}"))?;
    Ok(Some(Layer { from: shown.to_string(), given }))
}
