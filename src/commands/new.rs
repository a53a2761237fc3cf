//! `floodmark new`: a commented profile to begin with, from one inside the program, from a topic, or from a schema.

mod begun;
mod schema;
mod topic;

use std::io::Write;
use std::path::{Path, PathBuf};

use self::begun::Begun;
use super::{CommandError, Outcome, flags};
use crate::profile::{Profile, Span};
use crate::shipped::{self, PROFILES};

/// Flags of `new`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
--from-topic reads the topic's newest messages and its offsets, and writes nothing to the cluster. Payloads are kept only with --keep-payloads.

Examples:
  floodmark new --list
  floodmark new orders
  floodmark new flood --from-profile bot-flood
  floodmark new orders -b localhost:9092 --from-topic orders
  floodmark new orders -b localhost:9092 --from-topic orders --keep-payloads 500 --mask /customer/name
  floodmark new orders --from-schema order.avsc")]
pub struct Args {
    /// The profile to write: orders, or profiles/orders.toml
    #[arg(required_unless_present = "list")]
    pub name: Option<PathBuf>,
    /// List the profiles inside floodmark
    #[arg(long, conflicts_with_all = ["name", "from_profile", "from_topic", "from_schema"])]
    pub list: bool,
    /// Begin with one of the profiles inside floodmark (default: average)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["from_topic", "from_schema"])]
    pub from_profile: Option<String>,
    /// Begin with what a topic holds: its rate, keys, sizes and form
    #[arg(long, value_name = "TOPIC", conflicts_with = "from_schema")]
    pub from_topic: Option<String>,
    /// Begin with a schema: .avsc (Avro), .proto (Protobuf) or .json (JSON Schema)
    #[arg(long, value_name = "FILE")]
    pub from_schema: Option<PathBuf>,
    /// from-schema: which message of a .proto file is sent; default: the first that can be
    #[arg(long, value_name = "NAME", requires = "from_schema")]
    pub message: Option<String>,
    /// from-topic: how far back rate, keys and sizes are measured
    #[arg(long, value_name = "SPAN", default_value = "1h", requires = "from_topic")]
    pub since: Span,
    /// from-topic: replay the rate as it was, from a curve file beside the profile, instead of its mean
    #[arg(long, requires = "from_topic")]
    pub curve: bool,
    /// from-topic: keep this many payloads that are JSON in a file beside the profile, and send those
    #[arg(long, value_name = "N", default_value_t = 0, requires = "from_topic")]
    pub keep_payloads: u64,
    /// from-topic: the schema registry that knows the messages' schemas: they are sent by the latest of the topic's subject
    #[arg(long, value_name = "URL", requires = "from_topic", conflicts_with = "keep_payloads")]
    pub registry: Option<String>,
    /// Replace what stands at this JSON pointer in kept payloads by something of the same kind and length; may be repeated
    #[arg(long, value_name = "POINTER", requires = "keep_payloads")]
    pub mask: Vec<String>,
    /// Overwrite files that exist
    #[arg(long)]
    pub force: bool,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
}

/// Writes a profile, or lists those inside.
///
/// # Errors
/// A file that exists or cannot be written, a topic that cannot be read, or a schema that cannot be sent.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let Some(name) = &args.name else {
        out.write_all(listed().as_bytes())?;
        return Ok(Outcome::Done);
    };
    let path = path_of(name);
    let begun = match (&args.from_topic, &args.from_schema) {
        (Some(topic), _) => topic::begin(args, topic, &path)?,
        (None, Some(file)) => {
            begun::refuse_to_overwrite([path.as_path()], args.force)?;
            schema::begin(file, args.message.as_deref(), &path)?
        }
        (None, None) => {
            begun::refuse_to_overwrite([path.as_path()], args.force)?;
            Begun::only(&path, of_shipped(args.from_profile.as_deref().unwrap_or(PROFILES[0].name))?)
        }
    };
    begun.write()?;
    out.write_all(begun.told().as_bytes())?;
    Ok(Outcome::Done)
}

/// The names, and what each asks.
fn listed() -> String {
    let mut text = String::new();
    for inside in PROFILES {
        let described = Profile::from_text(inside.text, inside.name).ok().and_then(|loaded| loaded.profile.description);
        text += &format!("{:22}{}\n", inside.name, described.unwrap_or_default());
    }
    text + "\n`floodmark run NAME` runs one from any folder; `floodmark new FILE --from-profile NAME` writes it to a file of yours.\n"
}

/// `orders.toml` of `orders`.
fn path_of(name: &Path) -> PathBuf {
    if name.extension().is_some_and(|ending| ending == "toml") {
        return name.to_owned();
    }
    let mut path = name.as_os_str().to_owned();
    path.push(".toml");
    path.into()
}

/// The text of a profile inside the program, as a file of the user's.
fn of_shipped(name: &str) -> Result<String, CommandError> {
    let inside = PROFILES.iter().find(|inside| inside.name == name).ok_or_else(|| {
        CommandError::Usage(format!(
            "there is no profile {name} inside floodmark; {}",
            shipped::way_out(Path::new(name))
        ))
    })?;
    // The line for editors names a file that is not there.
    let own = inside.text.lines().filter(|line| !line.starts_with("#:schema"));
    let own: String = own.map(|line| format!("{line}\n")).collect();
    Ok(format!("# Made by `floodmark new` from {name}, one of the profiles inside floodmark.\n{own}"))
}
