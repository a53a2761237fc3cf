//! Examines a message without a readable id at the stage's place: whether it may be an event of this run nevertheless, where its id is, and
//! what of it may be shown. Pure.

use serde_json::Value;
use uuid::Uuid;

use crate::check::{Sample, Suspicion};
use crate::event::payload::HEADER_ID;
use crate::event::{EventId, RunTag};

/// The most characters of a message that are shown.
const MOST_SHOWN: usize = 240;
/// Characters of a UUID as text.
const UUID_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;

/// What was found in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether it may be an event of this run.
    pub(super) suspicion: Suspicion,
    /// Where it holds an id that floodmark writes: as a stage's `id` names the place, or in words where no name exists.
    pub(super) id_at: Option<String>,
}

/// Looks for an id of this run in a message without one at its place. `header` returns the value of the header of a name.
pub(super) fn look_into<'a>(payload: Option<&[u8]>, header: impl Fn(&str) -> Option<&'a [u8]>, run: RunTag) -> Look {
    let in_header =
        header(HEADER_ID).and_then(|bytes| Uuid::from_slice(bytes).or_else(|_| Uuid::try_parse_ascii(bytes)).ok());
    if in_header.is_some_and(|uuid| is_of(uuid, run)) {
        return Look { suspicion: Suspicion::Misplaced, id_at: Some(format!("header:{HEADER_ID}")) };
    }
    let Some(payload) = payload.filter(|payload| !payload.is_empty()) else {
        return Look { suspicion: Suspicion::None, id_at: None };
    };
    match serde_json::from_slice::<Value>(payload) {
        Ok(json) => {
            let mut pointer = String::new();
            let id_at = find_in(&json, run, &mut pointer);
            Look { suspicion: if id_at.is_some() { Suspicion::Misplaced } else { Suspicion::None }, id_at }
        }
        Err(_) if text_holds_id(payload, run) => {
            Look { suspicion: Suspicion::Misplaced, id_at: Some("in the message, which is not JSON".to_owned()) }
        }
        Err(_) => Look { suspicion: Suspicion::Opaque, id_at: None },
    }
}

/// A message as it may be shown: its fields, and the kinds of their values.
pub(super) fn sample(
    (partition, offset): (u16, u64),
    payload: Option<&[u8]>,
    fault: String,
    id_at: Option<String>,
) -> Sample {
    let payload = payload.unwrap_or_default();
    let mut text = match serde_json::from_slice::<Value>(payload) {
        Ok(json) => {
            let mut text = String::new();
            mask(&json, &mut text);
            text
        }
        Err(_) => format!("{} bytes that are not JSON", payload.len()),
    };
    if let Some((cut, _)) = text.char_indices().nth(MOST_SHOWN) {
        text.truncate(cut);
        text.push('…');
    }
    Sample { partition, offset, fault, text, id_at }
}

fn is_of(uuid: Uuid, run: RunTag) -> bool {
    EventId::from_uuid(uuid).is_ok_and(|id| id.run == run)
}

/// The pointer to the first string that is an id of this run; `pointer` is the path so far.
fn find_in(json: &Value, run: RunTag, pointer: &mut String) -> Option<String> {
    let length = pointer.len();
    let mut enter = |step: &str, value: &Value| {
        pointer.truncate(length);
        pointer.push('/');
        pointer.push_str(step);
        find_in(value, run, pointer)
    };
    match json {
        Value::String(text) if Uuid::try_parse(text).is_ok_and(|uuid| is_of(uuid, run)) => Some(pointer.clone()),
        Value::String(text) if text_holds_id(text.as_bytes(), run) => Some(format!(
            "inside the text at {pointer}, which a pointer cannot reach: let the pipeline write it as JSON"
        )),
        Value::Array(values) => values.iter().enumerate().find_map(|(place, value)| enter(&place.to_string(), value)),
        // RFC 6901 writes ~ and / in a name as ~0 and ~1.
        Value::Object(fields) => {
            fields.iter().find_map(|(name, value)| enter(&name.replace('~', "~0").replace('/', "~1"), value))
        }
        _ => None,
    }
}

fn text_holds_id(text: &[u8], run: RunTag) -> bool {
    text.windows(UUID_LENGTH)
        .filter(|window| [8, 13, 18, 23].iter().all(|at| window[*at] == b'-'))
        .any(|window| Uuid::try_parse_ascii(window).is_ok_and(|uuid| is_of(uuid, run)))
}

/// Writes names as they are, and the kind of each value.
fn mask(json: &Value, out: &mut String) {
    match json {
        Value::Null => out.push_str("null"),
        Value::Bool(_) => out.push_str("(bool)"),
        Value::Number(_) => out.push_str("(number)"),
        Value::String(text) => out.push_str(&format!("({} characters)", text.chars().count())),
        Value::Array(values) => match values.first() {
            Some(first) => {
                out.push('[');
                mask(first, out);
                out.push_str(&format!(", {} in all]", values.len()));
            }
            None => out.push_str("[]"),
        },
        Value::Object(fields) => {
            out.push('{');
            for (place, (name, value)) in fields.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { ", " });
                out.push_str(&format!("{name}: "));
                mask(value, out);
            }
            out.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: RunTag = RunTag(7);

    fn id(run: RunTag) -> String {
        EventId { run, stream: 0, producer: 1, partition: crate::event::Partition::default(), sequence: 5 }
            .to_uuid()
            .to_string()
    }

    fn look(payload: &str) -> (Suspicion, Option<String>) {
        let Look { suspicion, id_at } = look_into(Some(payload.as_bytes()), |_| None, RUN);
        (suspicion, id_at)
    }

    #[test]
    fn an_id_is_found_wherever_a_pipeline_puts_it() {
        let own = id(RUN);
        for (payload, at) in [
            (format!("{{\"payload\":{{\"before\":null,\"after\":{{\"id\":\"{own}\"}}}}}}"), "/payload/after/id"),
            (format!("[1,{{\"a/b~c\":\"{own}\"}}]"), "/1/a~1b~0c"),
            (format!("\"{own}\""), ""),
        ] {
            assert_eq!(look(&payload), (Suspicion::Misplaced, Some(at.to_owned())), "{payload}");
            let json: Value = serde_json::from_str(&payload).unwrap();
            assert_eq!(json.pointer(at).and_then(Value::as_str), Some(own.as_str()), "the pointer reaches it");
        }
        let (suspicion, id_at) = look(&format!("{{\"value\":\"{{\\\"id\\\":\\\"{own}\\\"}}\"}}"));
        assert_eq!(suspicion, Suspicion::Misplaced);
        assert!(id_at.unwrap().starts_with("inside the text at /value"));
        assert_eq!(look(&format!("id={own};x")).0, Suspicion::Misplaced, "text that is not JSON");
        let header = id(RUN);
        let found = look_into(Some(b"{}"), |name| (name == HEADER_ID).then_some(header.as_bytes()), RUN);
        assert_eq!(found.id_at.as_deref(), Some("header:floodmark-id"));
    }

    #[test]
    fn what_can_be_looked_into_and_holds_no_id_of_this_run_is_no_event_of_it() {
        for payload in ["{\"heartbeat\":1}", "null", &format!("{{\"id\":\"{}\"}}", id(RunTag(8))), ""] {
            assert_eq!(look(payload), (Suspicion::None, None), "{payload}");
        }
        assert_eq!(look_into(None, |_| None, RUN).suspicion, Suspicion::None, "a tombstone");
        assert_eq!(look("\u{0}\u{0}\u{0}\u{1}avro").0, Suspicion::Opaque);
    }

    #[test]
    fn a_sample_shows_names_and_no_values() {
        let payload =
            "{\"payload\":{\"after\":{\"id\":\"secret-value\",\"due\":17,\"tags\":[\"a\",\"b\"],\"gone\":null}}}";
        let shown = sample((3, 9), Some(payload.as_bytes()), "no id".to_owned(), None).text;
        assert_eq!(
            shown,
            "{payload: {after: {due: (number), gone: null, id: (12 characters), tags: [(1 characters), 2 in all]}}}"
        );
        let long = format!("{{\"{}\":1}}", "é".repeat(1000));
        let shown = sample((0, 0), Some(long.as_bytes()), String::new(), None).text;
        assert_eq!(shown.chars().count(), MOST_SHOWN + 1);
        assert_eq!(sample((0, 0), Some(&[0xff; 9]), String::new(), None).text, "9 bytes that are not JSON");
    }
}
