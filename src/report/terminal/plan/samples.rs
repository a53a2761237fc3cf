//! The first messages of a plan for programs.

use serde_json::{Map, Value, json};

use crate::payload::schema::hex::hex;
use crate::produce::Sampled;

/// The messages of each stream. Keys, headers and payloads are texts; what is not text has the ending `_hex` at its name instead.
#[must_use]
pub(crate) fn samples_json(streams: &[(String, Vec<Sampled>)]) -> Value {
    let stream = |(name, messages): &(String, Vec<Sampled>)| json!({ "name": name, "messages": messages.iter().map(message).collect::<Vec<_>>() });
    json!({ "streams": streams.iter().map(stream).collect::<Vec<_>>() })
}

fn message(message: &Sampled) -> Value {
    let Sampled { partition, key, decoded_key, timestamp_ms, headers, payload, decoded } = message;
    let mut written = Map::from_iter([("partition".to_owned(), json!(partition))]);
    put(&mut written, "key", key.as_deref());
    if let Some(ms) = timestamp_ms {
        written.insert("timestamp_ms".to_owned(), json!(ms));
    }
    written.insert("headers".to_owned(), headers.iter().map(|(name, value)| header(name, value)).collect());
    put(&mut written, "payload", payload.as_deref());
    for (name, decoded) in [("decoded_key", decoded_key), ("decoded", decoded)] {
        if let Some(text) = decoded {
            written.insert(name.to_owned(), serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
        }
    }
    Value::Object(written)
}

fn header(name: &str, value: &[u8]) -> Value {
    let mut written = Map::from_iter([("name".to_owned(), json!(name))]);
    put(&mut written, "value", Some(value));
    Value::Object(written)
}

/// Adds bytes under a name: null where there are none.
fn put(written: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    let (name, value) = match bytes.map(|bytes| std::str::from_utf8(bytes).map_err(|_| hex(bytes))) {
        None => (name.to_owned(), Value::Null),
        Some(Ok(text)) => (name.to_owned(), json!(text)),
        Some(Err(digits)) => (format!("{name}_hex"), json!(digits)),
    };
    written.insert(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_text_is_told_in_hexadecimal_digits_and_what_is_missing_is_null() {
        let sampled = Sampled {
            partition: 3,
            key: None,
            decoded_key: None,
            timestamp_ms: Some(5),
            headers: vec![("source".into(), b"crm".to_vec()), ("raw".into(), vec![0xff])],
            payload: Some(vec![0, 0x80]),
            decoded: Some("{\"a\": 1}".to_owned()),
        };
        let tombstone = Sampled {
            key: Some(b"k1".to_vec()),
            decoded_key: Some("\"k1\"".to_owned()),
            payload: None,
            decoded: None,
            timestamp_ms: None,
            ..sampled.clone()
        };
        let written = samples_json(&[("orders".to_owned(), vec![sampled, tombstone])]);
        let headers = json!([{ "name": "source", "value": "crm" }, { "name": "raw", "value_hex": "ff" }]);
        let first = json!({ "partition": 3, "key": null, "timestamp_ms": 5, "headers": headers, "payload_hex": "0080", "decoded": { "a": 1 } });
        let second = json!({ "partition": 3, "key": "k1", "decoded_key": "k1", "headers": headers, "payload": null });
        assert_eq!(written, json!({ "streams": [{ "name": "orders", "messages": [first, second] }] }));
    }
}
