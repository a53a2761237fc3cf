//! Payloads that are kept on request, with fields masked. Pure.

use std::ops::Range;

use serde_json::Value;

use crate::consume::masked::json_part;
use crate::payload::template::value_at;

/// Which payloads are kept, and what of them is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeepOrder {
    /// How many, spread over the sample.
    pub(crate) payloads: u64,
    /// JSON pointers to values that are replaced by others of their kind and length.
    pub(crate) masked: Vec<String>,
}

/// Payloads as JSON lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Kept {
    /// One JSON text each, on one line.
    pub(crate) lines: Vec<Vec<u8>>,
    /// Those that were not kept because they are not JSON.
    pub(crate) not_json: u64,
    seen: u64,
}

impl Kept {
    /// Takes in the next record of a sample of about `records`.
    pub(crate) fn see(&mut self, order: &KeepOrder, records: u64, payload: Option<&[u8]>) {
        self.seen += 1;
        let due = |seen: u64| (u128::from(seen) * u128::from(order.payloads)).div_ceil(u128::from(records.max(1)));
        if (self.lines.len() as u64 + self.not_json) as u128 >= due(self.seen).min(u128::from(order.payloads)) {
            return;
        }
        match payload.and_then(|payload| line_of(payload, &order.masked)) {
            Some(line) => self.lines.push(line),
            None => self.not_json += 1,
        }
    }

    /// All lines, each with its end.
    pub(crate) fn text(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
    }
}

/// A payload on one line, with the values at these pointers masked; nothing if it is not JSON.
fn line_of(payload: &[u8], masked: &[String]) -> Option<Vec<u8>> {
    let line = masked_text(json_part(payload), masked)?;
    // Between values, line ends are blanks; inside of texts, JSON has none.
    Some(line.replace(['\n', '\r'], " ").into_bytes())
}

/// A payload with the values at these pointers masked, and otherwise byte for byte as it is; nothing if it is not JSON.
pub(crate) fn masked_payload(payload: &[u8], masked: &[String]) -> Option<Vec<u8>> {
    let json = json_part(payload);
    let prefix = &payload[..payload.len() - json.len()];
    Some([prefix, masked_text(json, masked)?.as_bytes()].concat())
}

fn masked_text(json: &[u8], masked: &[String]) -> Option<String> {
    let text = std::str::from_utf8(json).ok()?;
    let _is_json: serde::de::IgnoredAny = serde_json::from_str(text).ok()?;
    let mut places: Vec<Range<usize>> = masked.iter().filter_map(|pointer| value_at(text, pointer)).collect();
    places.sort_by_key(|place| place.start);
    let (mut line, mut done) = (String::with_capacity(text.len()), 0);
    for place in places {
        // A place inside of another one is masked with it.
        if place.start >= done {
            line.push_str(&text[done..place.start]);
            line.push_str(&masked_value(&text[place.clone()]));
            done = place.end;
        }
    }
    line.push_str(&text[done..]);
    Some(line)
}

/// A value of the same kind and length that says nothing.
fn masked_value(value: &str) -> String {
    match serde_json::from_str::<Value>(value) {
        Ok(Value::String(text)) => format!("\"{}\"", "x".repeat(text.chars().count())),
        Ok(Value::Number(_)) => "1".repeat(value.len().clamp(1, 15)),
        Ok(Value::Bool(_)) => "false".to_owned(),
        Ok(Value::Array(_)) => "[]".to_owned(),
        Ok(Value::Object(_)) => "{}".to_owned(),
        Ok(Value::Null) | Err(_) => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str, masked: &[&str]) -> Option<String> {
        let masked: Vec<String> = masked.iter().map(|pointer| (*pointer).to_owned()).collect();
        line_of(text.as_bytes(), &masked).map(|line| String::from_utf8(line).unwrap())
    }

    #[test]
    fn what_is_masked_says_nothing_but_its_kind_and_length() {
        let text = "{\n  \"name\": \"Zo\u{eb} Q\",\n \"card\": {\"no\": 4711, \"ok\": true}, \"n\": [1.5, null] }";
        let shown = line(text, &["/name", "/card/no", "/card/ok", "/n/0", "/n/1", "/missing"]).unwrap();
        assert_eq!(shown, "{   \"name\": \"xxxxx\",  \"card\": {\"no\": 1111, \"ok\": false}, \"n\": [111, null] }");
        assert_eq!(line(text, &["/card/no", "/card"]).unwrap().matches("{}").count(), 1);
        assert_eq!(line("not json", &[]), None);
        assert!(line("\0\0\0\0\u{7}{\"a\": 1}", &[]).unwrap().starts_with("{\"a\""), "without a registry's prefix");
    }

    proptest! {
        #[test]
        fn as_many_are_kept_as_were_asked_for_spread_over_the_sample(records in 1..2000_u64, payloads in 0..300_u64) {
            let order = KeepOrder { payloads, masked: Vec::new() };
            let mut kept = Kept::default();
            let mut at_half = 0;
            for number in 0..records {
                kept.see(&order, records, Some(format!("{number}").as_bytes()));
                if number == records / 2 {
                    at_half = kept.lines.len() as u64;
                }
            }
            prop_assert_eq!(kept.lines.len() as u64, payloads.min(records));
            prop_assert!(at_half <= payloads / 2 + 2 || payloads >= records, "{} of {}", at_half, payloads);
        }

        #[test]
        fn a_line_is_one_line_of_json(value in "[a-z\n\r\"\\\\]{0,12}", pointer in "/(a|b|~)?") {
            let text = serde_json::json!({ "a": value, "b": [1, {"c": value}] }).to_string();
            let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&text).unwrap()).unwrap();
            let line = line(&pretty, &[&pointer]).unwrap();
            prop_assert!(!line.contains('\n') && serde_json::from_str::<Value>(&line).is_ok(), "{}", line);
        }
    }
}
