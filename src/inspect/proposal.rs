//! What to write in a profile about a topic that was looked at. Pure.

use std::fmt::Write as _;

use super::format::{Body, Format};
use super::key::KeyForm;
use super::look::{Inspection, Own};
use crate::capture::{own_topic, quoted, stream_name};
use crate::event::payload::{HEADER_DUE, HEADER_EVENT_TIME, HEADER_ID, HEADER_SENT};
use crate::profile::ByteSize;
use crate::profile::bounds::{MAX_PAYLOAD_BYTES, MIN_JSON_BYTES};

/// The stage that observes the topic, for a stream of a profile.
#[must_use]
pub(crate) fn stage_text(seen: &Inspection) -> String {
    let mut text = made_by(seen);
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "[[stream.stage]]\nname = {}\ntopic = {}",
        quoted(&stream_name(&seen.topic)),
        quoted(&seen.topic)
    );
    match seen.own {
        Some(Own::Json) => text.push_str("# Everything is where floodmark's own JSON has it.\n"),
        Some(Own::Headers) => {
            for (key, header) in
                [("id", HEADER_ID), ("event_time", HEADER_EVENT_TIME), ("due", HEADER_DUE), ("sent", HEADER_SENT)]
            {
                let path = format!("header:{header}");
                if seen.headers.iter().any(|field| field.path == path) {
                    let _ = writeln!(text, "{key} = {}", quoted(&path));
                }
            }
        }
        None => push_places(&mut text, seen),
    }
    if let Some(registry) = &seen.registry {
        let _ = writeln!(
            text,
            "# The stream's payload names the registry: registry = {{ url = {} }}\ncodec = \"{}\"",
            quoted(&registry.url),
            registry.codec
        );
    }
    text
}

fn made_by(seen: &Inspection) -> String {
    format!(
        "# Made by `floodmark inspect` from {} messages of topic {}: {}.\n",
        seen.messages,
        seen.topic,
        seen.format().name()
    )
}

/// The id and the times, where they are or could be.
fn push_places(text: &mut String, seen: &Inspection) {
    let found = &seen.candidates;
    let _ = match (found.own_ids.first(), found.ids.first(), seen.format()) {
        (Some(own), _, _) => writeln!(text, "id = {}", quoted(own)),
        (None, Some(likely), _) => writeln!(
            text,
            "# No id of floodmark's was seen. This field differs in each message: it is the place, if your pipeline keeps the id there.\nid = {}",
            quoted(likely)
        ),
        (None, None, Format::Text | Format::Xml) => {
            writeln!(text, "# The first id of floodmark's anywhere in the text.\nid = \"text\"")
        }
        _ => writeln!(
            text,
            "# No place for the id was found: name one, a JSON pointer or a header.\n# id = \"header:NAME\""
        ),
    };
    let beside = beside_own_id(seen);
    for key in ["due", "sent"] {
        if let Some(time) = beside(key) {
            let _ = writeln!(text, "{key} = {}", quoted(&time));
        }
    }
    let own = ["due", "sent"].map(&beside);
    let event_time = beside("event_time").and_then(|path| found.times.iter().find(|time| time.path == path));
    let first = || found.times.iter().find(|time| !own.contains(&Some(time.path.clone())));
    if let Some(time) = event_time.or_else(first) {
        let _ = writeln!(text, "event_time = {}\nevent_time_format = \"{}\"", quoted(&time.path), time.format);
    }
}

/// Finds a time that stands beside floodmark's id, as in its own JSON: the pipeline has wrapped that.
fn beside_own_id(seen: &Inspection) -> impl Fn(&str) -> Option<String> {
    let around = seen.candidates.own_ids.first().and_then(|own| own.strip_suffix("/id")).map(str::to_owned);
    let times: Vec<String> = seen.candidates.times.iter().map(|time| time.path.clone()).collect();
    move |name| {
        let path = format!("{}/{name}", around.as_ref()?);
        times.contains(&path).then_some(path)
    }
}

/// A stream that sends what resembles the topic's messages, to a topic of floodmark's.
#[must_use]
pub(crate) fn stream_text(seen: &Inspection) -> String {
    let name = stream_name(&seen.topic);
    let mut text = made_by(seen);
    let rate = seen.per_s.map_or_else(|| "100/s".to_owned(), rate_text);
    let about =
        if seen.per_s.is_some() { "about what the newest messages came at" } else { "their timestamps tell no rate" };
    let _ = write!(
        text,
        "[[stream]]\nname = {}\n# Not the topic that was looked at, which is only read.\ntopic = {}\npartitions = {}\n# Change it: {about}.\nrate = \"{rate}\"\narrivals = \"poisson\"\n",
        quoted(&name),
        quoted(&own_topic(&format!("replay-{name}"))),
        seen.partitions.max(1),
    );
    push_keys(&mut text, seen);
    push_payload(&mut text, seen);
    push_own_form(&mut text, seen);
    text
}

/// A rate as a profile writes it.
#[must_use]
pub(crate) fn rate_text(per_s: f64) -> String {
    if per_s >= 1.0 { format!("{per_s:.0}/s") } else { format!("{:.0}/h", (per_s * 3600.0).max(1.0)) }
}

fn push_keys(text: &mut String, seen: &Inspection) {
    let key = &seen.key;
    let _ = match key.form {
        KeyForm::None => writeln!(text, "keys = {{ distribution = \"none\" }}"),
        _ => writeln!(
            text,
            "# {} different keys were seen in {} messages; `floodmark capture --sample 20000` measures how they are spread.\nkeys = {{ count = {} }}",
            key.distinct, seen.messages, key.distinct
        ),
    };
}

fn push_payload(text: &mut String, seen: &Inspection) {
    if let Some(line) = by_registry(seen) {
        return text.push_str(&line);
    }
    let [_, median, _] = seen.sizes.unwrap_or([MIN_JSON_BYTES; 3]);
    let is_json = matches!(seen.format(), Format::Json | Format::Framed { body: Body::Json, .. });
    let (codec, least) = if is_json && median >= MIN_JSON_BYTES { ("json", MIN_JSON_BYTES) } else { ("binary", 0) };
    let size = ByteSize::from_bytes(median.clamp(least, MAX_PAYLOAD_BYTES));
    let _ = writeln!(text, "payload = {{ codec = \"{codec}\", size = \"{size}\" }}");
}

/// The payload of a stream that sends by the schema that the topic's messages name.
#[must_use]
pub(crate) fn by_registry(seen: &Inspection) -> Option<String> {
    let registry = seen.registry.as_ref()?;
    let in_payload = |path: &&String| path.starts_with('/');
    let id = seen.candidates.own_ids.iter().chain(&seen.candidates.ids).find(in_payload);
    let id = id.map_or("headers = [\"id\"]".to_owned(), |id| format!("id = {}", quoted(id)));
    let time = seen.candidates.times.iter().map(|time| &time.path).find(in_payload);
    let time = time.map(|time| format!(", event_time = {}", quoted(time))).unwrap_or_default();
    let key = seen.candidates.keys.iter().find(in_payload);
    let key = key.map(|key| format!(", key = {}", quoted(key))).unwrap_or_default();
    let (url, subject) = (quoted(&registry.url), quoted(&format!("{}-value", seen.topic)));
    Some(format!(
        "payload = {{ codec = \"{}\", registry = {{ url = {url}, subject = {subject} }}, {id}{time}{key} }}\n",
        registry.codec
    ))
}

/// How to send messages of the topic's own form: a remark, as it takes files that are not there.
fn push_own_form(text: &mut String, seen: &Inspection) {
    let is_json = matches!(seen.format(), Format::Json | Format::Framed { body: Body::Json, .. });
    if seen.own.is_some() || seen.registry.is_some() || !is_json {
        return;
    }
    let is_in_payload = |path: &&String| path.starts_with('/');
    let mut ids = seen.candidates.own_ids.iter().chain(&seen.candidates.ids);
    let id = ids.find(is_in_payload).map_or("headers = [\"id\"]".to_owned(), |id| format!("id = {}", quoted(id)));
    let time = seen.candidates.times.iter().map(|time| &time.path).find(is_in_payload);
    let time = time.map(|time| format!(", event_time = {}", quoted(time)));
    let _ = writeln!(
        text,
        "# Messages of the topic's own form, instead of the line above, with samples from `floodmark new PROFILE --from-topic {} --keep-payloads 500`:\n\
         # payload = {{ samples = {}, {id}{} }}",
        seen.topic,
        quoted(&format!("{}.jsonl", stream_name(&seen.topic))),
        time.unwrap_or_default(),
    );
}
