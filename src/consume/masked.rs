//! The shape of a message without its content: names of fields and forms of values. Pure.

use serde_json::Value;

use crate::event::time_form::TimeForm;

/// The most fields of an object that are shown.
const MOST_FIELDS: usize = 12;
/// The depth to which objects are shown.
const DEEPEST: usize = 4;
/// The longest name of a field.
const LONGEST_NAME: usize = 40;
/// The most places that are named as possible times.
const MOST_PLACES: usize = 6;

/// The first bytes of a message written by a schema registry's serialiser: a zero, and the schema's number.
const REGISTRY_PREFIX: usize = 5;

/// A message's JSON, if it is any, without the prefix of a schema registry's serialiser.
#[must_use]
pub(crate) fn json_part(payload: &[u8]) -> &[u8] {
    let is_framed = payload.first() == Some(&0) && payload.len() > REGISTRY_PREFIX;
    let rest = payload.get(REGISTRY_PREFIX..).unwrap_or_default();
    let is_json = rest.iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|byte| matches!(byte, b'{' | b'['));
    if is_framed && is_json { rest } else { payload }
}

/// A message's fields and the forms of their values. No value is shown.
#[must_use]
pub(crate) fn shape_of(payload: Option<&[u8]>) -> String {
    let Some(payload) = payload.filter(|payload| !payload.is_empty()) else { return "an empty message".to_owned() };
    if let Ok(value) = serde_json::from_slice::<Value>(json_part(payload)) {
        return masked(&value, 0);
    }
    let size = payload.len();
    match payload.first() {
        Some(0) if size > REGISTRY_PREFIX => {
            format!("{size} bytes in the form of a schema registry's serialiser (Avro and Protobuf are not supported)")
        }
        _ if std::str::from_utf8(payload).is_ok() => format!("{size} bytes of text that is not JSON"),
        _ => format!("{size} bytes of binary data"),
    }
}

fn masked(value: &Value, depth: usize) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "<true or false>".to_owned(),
        Value::Number(_) | Value::String(_) => {
            let kind = if value.is_number() { "number" } else { "text" };
            TimeForm::recognise(value).map_or_else(|| format!("<{kind}>"), |form| format!("<{kind}: {form}>"))
        }
        Value::Array(items) => format!("[{} items]", items.len()),
        Value::Object(fields) if depth >= DEEPEST => format!("{{{} fields}}", fields.len()),
        Value::Object(fields) => {
            let shown = fields.iter().take(MOST_FIELDS);
            let mut parts: Vec<String> =
                shown.map(|(name, value)| format!("\"{}\": {}", short(name), masked(value, depth + 1))).collect();
            if fields.len() > MOST_FIELDS {
                parts.push(format!("… {} more", fields.len() - MOST_FIELDS));
            }
            format!("{{{}}}", parts.join(", "))
        }
    }
}

fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

/// The places in a message whose values look like moments, each with its form.
#[must_use]
pub(crate) fn places_of_times(payload: Option<&[u8]>) -> Vec<(String, TimeForm)> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_slice::<Value>(json_part(payload.unwrap_or_default())) {
        collect(&value, &mut String::new(), &mut found);
    }
    found
}

fn collect(value: &Value, at: &mut String, found: &mut Vec<(String, TimeForm)>) {
    if found.len() >= MOST_PLACES {
        return;
    }
    if let Value::Object(fields) = value {
        for (name, value) in fields {
            let length = at.len();
            at.push('/');
            // RFC 6901 escapes these two.
            at.push_str(&name.replace('~', "~0").replace('/', "~1"));
            collect(value, at, found);
            at.truncate(length);
        }
    } else if let Some(form) = TimeForm::recognise(value).filter(|_| !at.is_empty()) {
        found.push((at.clone(), form));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_forms_are_shown_and_no_value_is() {
        let payload = br#"{"id": 4711, "name": "Alice Miller", "meta": {"created/at": "2030-01-31T11:00:00Z", "tags": ["secret"], "ok": true}, "ts": 1896087630500}"#;
        let shape = shape_of(Some(payload));
        assert_eq!(
            shape,
            "{\"id\": <number>, \"meta\": {\"created/at\": <text: RFC 3339>, \"ok\": <true or false>, \"tags\": [1 items]}, \"name\": <text>, \"ts\": <number: epoch milliseconds>}"
        );
        let places = places_of_times(Some(payload));
        let places: Vec<String> = places.into_iter().map(|(place, form)| format!("{place} {form}")).collect();
        assert_eq!(places, ["/meta/created~1at RFC 3339", "/ts epoch milliseconds"]);
    }

    #[test]
    fn what_is_not_json_is_told_apart() {
        for (payload, said) in [
            (&b"\x00\x00\x00\x00\x07\x02\x48\x49"[..], "schema registry's serialiser"),
            (b"a;b;c", "5 bytes of text that is not JSON"),
            (b"\xff\xfe\x01", "3 bytes of binary data"),
            (b"", "an empty message"),
            (b"\x00\x00\x00\x00\x07{\"a\": 1}", "{\"a\": <number>}"),
        ] {
            assert!(shape_of(Some(payload)).contains(said), "{}", shape_of(Some(payload)));
        }
        assert_eq!(shape_of(None), "an empty message");
    }

    #[test]
    fn a_large_message_is_shown_in_part() {
        let fields: Vec<String> = (0..500).map(|n| format!("\"field-{n}-{}\": {n}", "x".repeat(200))).collect();
        let payload = format!("{{{}}}", fields.join(","));
        let shape = shape_of(Some(payload.as_bytes()));
        assert!(shape.chars().count() < 900 && shape.contains("… 488 more"), "{shape}");
    }
}
