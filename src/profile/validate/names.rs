//! Names of streams and topics: valid, and unique.

use crate::profile::{Profile, Stream, bounds::MAX_STREAMS, fault::Faults};

/// Kafka's own limit.
const MAX_TOPIC_CHARS: usize = 249;
/// A stream's name becomes a part of file names.
const MAX_NAME_CHARS: usize = 100;

/// The number of streams, and that their names and topics differ.
pub(super) fn streams(profile: &Profile, faults: &mut Faults<'_>) {
    let streams = &profile.streams;
    if streams.is_empty() {
        faults.add_help("stream", "the profile has no stream", "add [[stream]] with a name and a rate");
    }
    if streams.len() > MAX_STREAMS {
        let message = format!("the profile has {} streams (limit {MAX_STREAMS})", streams.len());
        faults.add_help("stream", message, "split it into several profiles");
    }
    for (index, stream) in streams.iter().enumerate() {
        let mut faults = faults.at_index("stream", index);
        let before = &streams[..index];
        if before.iter().any(|other| other.name == stream.name) {
            faults.add("name", format!("there are two streams named `{}`", stream.name));
        } else if let Some(other) = before.iter().find(|other| other.topic_name() == stream.topic_name()) {
            let key = if stream.topic.is_some() { "topic" } else { "name" };
            let message =
                format!("the streams `{}` and `{}` both send to `{}`", other.name, stream.name, stream.topic_name());
            faults.add_help(key, message, "give each stream a topic of its own");
        }
    }
}

/// The names of one stream.
pub(super) fn stream(stream: &Stream, faults: &mut Faults<'_>) {
    name(&stream.name, "name", faults);
    match &stream.topic {
        Some(written) => topic(written, "topic", faults),
        None => topic(&stream.topic_name(), "name", faults),
    }
}

/// A name that is shown in reports and used in file names.
pub(super) fn name(name: &str, key: &'static str, faults: &mut Faults<'_>) {
    if let Some(why) = why_not(name, MAX_NAME_CHARS) {
        faults.add_help(key, format!("a name {why}"), "use letters, digits, `-`, `_` and `.`");
    } else if name.starts_with(['.', '-']) {
        faults.add(key, format!("a name must start with a letter, a digit or `_`, unlike `{name}`"));
    }
}

/// A topic's name, by Kafka's rules.
pub(super) fn topic(topic: &str, key: &'static str, faults: &mut Faults<'_>) {
    if let Some(why) = why_not(topic, MAX_TOPIC_CHARS) {
        faults.add_help(key, format!("a topic's name {why}"), "Kafka allows letters, digits, `-`, `_` and `.`");
    } else if topic == "." || topic == ".." {
        faults.add(key, format!("a topic cannot be called `{topic}`"));
    }
}

fn why_not(name: &str, most_chars: usize) -> Option<String> {
    let chars = name.chars().count();
    if chars == 0 {
        return Some("cannot be empty".to_owned());
    }
    if chars > most_chars {
        return Some(format!("is {chars} characters long (limit {most_chars})"));
    }
    let odd = name.chars().find(|&c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))?;
    Some(format!("cannot contain `{}`, as `{name}` does", odd.escape_debug()))
}
