//! A profile from a schema file: its codec, and the first field that can hold the id.

use std::fs;
use std::path::Path;

use super::begun::{Begun, seen_from};
use crate::capture::{quoted, stream_name};
use crate::commands::CommandError;
use crate::inspect::schema_fields::{SchemaForm, fields_of, messages_of};
use crate::profile::Profile;

/// A profile that sends messages of the schema.
pub(super) fn begin(file: &Path, message: Option<&str>, profile: &Path) -> Result<Begun, CommandError> {
    let shown = file.display();
    let refused = |why: String| CommandError::Usage(format!("{shown} {why}"));
    let text = fs::read_to_string(file).map_err(|error| refused(format!("cannot be read: {error}")))?;
    let form = SchemaForm::of(file, &text)
        .ok_or_else(|| refused("is not a schema: its name must end in .avsc, .proto or .json".to_owned()))?;
    if message.is_some() && form != SchemaForm::Protobuf {
        return Err(refused(format!("is {}: --message chooses among the messages of a .proto file", form.name())));
    }
    let fields = fields_of(form, &text).map_err(|why| refused(format!("cannot be read as {}: {why}", form.name())))?;
    let written = Written { form, file: &seen_from(profile, file)?, name: &name_of(file) };
    let origin = profile.display().to_string();
    let taken = |place: &Places<'_>| Profile::from_text(&written.profile(place), &origin);
    let messages = if form == SchemaForm::Protobuf { messages_of(&text) } else { Vec::new() };
    let messages: Vec<Option<&str>> = match message {
        Some(_) => vec![message],
        // Of one message there is no need to say which.
        None if messages.len() < 2 => vec![None],
        None => messages.iter().map(|name| Some(name.as_str())).collect(),
    };
    let mut refusal = None;
    for (message, id) in messages.iter().flat_map(|message| fields.texts.iter().map(|id| (*message, id.as_str()))) {
        let bare = Places { message, id, time: None };
        match taken(&bare) {
            Ok(_) => {
                let with_time = |time: &'_ String| Places { time: Some(time.clone()), ..bare.clone() };
                let timed = fields.times.iter().map(with_time).find(|places| taken(places).is_ok());
                return Ok(Begun::only(profile, written.profile(&timed.unwrap_or(bare))));
            }
            Err(error) => refusal = refusal.or(Some(error)),
        }
    }
    match refusal {
        Some(error) => Err(refused(format!("cannot be sent: {error}"))),
        None => Err(refused("has no text field that could hold the id".to_owned())),
    }
}

/// Where the parts of an event go.
#[derive(Clone)]
struct Places<'p> {
    message: Option<&'p str>,
    id: &'p str,
    time: Option<String>,
}

fn name_of(file: &Path) -> String {
    stream_name(
        &file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .replace(|next: char| !next.is_ascii_alphanumeric(), "-"),
    )
}

/// What a profile says of a schema.
struct Written<'w> {
    form: SchemaForm,
    file: &'w str,
    name: &'w str,
}

impl Written<'_> {
    fn profile(&self, places: &Places<'_>) -> String {
        let Places { message, id, time } = places;
        let Written { form, file, name } = self;
        let time = time.as_ref().map(|time| format!("event_time = {}\n", quoted(time))).unwrap_or_default();
        let message = message.map(|name| format!("message = {}\n", quoted(name))).unwrap_or_default();
        format!(
            "# Made by `floodmark new` from the schema {file}. `floodmark plan` on it with --sample 3 shows what would be sent.\n\
             description = {}\nseed = 7\nduration = \"60s\"\nwarmup = \"3s\"            # sent and checked for loss, left out of latency\n\n\
             [[stream]]\nname = {}\ntopic = {}\nrate = \"100/s\"\narrivals = \"poisson\"\n\
             # What you have promised: add a limit on the latency, as in end_to_end_p99 = \"500ms\".\n\
             slo = {{ lost = 0, duplicates = 0 }}\n\n\
             [stream.payload]\ncodec = \"{}\"\nschema = {}\n{message}# The id replaces what would stand in this field: it is the first that can hold it.\nid = {}\n{time}\
             # A registry that knows the schema: registry = {{ url = \"http://localhost:8081\" }}\n",
            quoted(&format!("Does the pipeline hold messages of {file}?")),
            quoted(name),
            quoted(&crate::capture::own_topic(name)),
            form.codec(),
            quoted(file),
            quoted(id),
        )
    }
}
