//! The text of a record's key, where a key is more than a name: the same for each event of the key. Pure.

use std::collections::BTreeMap;

use super::parse::{TemplateError, Wrong, error_at};
use super::{Escape, Piece, Template};
use crate::event::payload::TODAYS_STAMPS;
use crate::payload::field::{Field, FieldKind};
use crate::payload::generator::{FieldSeeds, Generator};

/// Writes the keys of a stream. It belongs to the schedule, which hashes what it writes; any number of threads share it.
#[derive(Debug, Clone)]
pub struct KeyText {
    pieces: Vec<KeyPiece>,
    fields: Vec<Generator>,
    /// The fields that have a place, by their places among all.
    used: Vec<usize>,
    fingerprint: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum KeyPiece {
    Text(Vec<u8>),
    /// The key's name: prefix and number.
    Name,
    /// The field of this number.
    Field(usize),
}

impl PartialEq for KeyText {
    /// Equal texts under equal rules write the same; the rules are compared where they stand in the profile.
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl KeyText {
    /// Reads the text of a key.
    ///
    /// # Errors
    /// [`TemplateError`] as for a template, for a place that differs between events of a key, and without a place for the key's name.
    pub fn new(text: &str, escape: Escape, fields: &BTreeMap<String, Field>) -> Result<Self, TemplateError> {
        let text = super::without_last_line_end(text);
        let template = Template::read(text, escape, fields)?;
        let whole = template.variants.into_iter().next().unwrap_or_default();
        let of_key =
            |piece| key_piece(piece, fields).map_err(|(name, what)| error_at(text, place_of(text, &name), what));
        let pieces: Vec<KeyPiece> = whole.into_iter().map(of_key).collect::<Result<_, _>>()?;
        if !pieces.contains(&KeyPiece::Name) {
            return Err(error_at(text, text.len(), Wrong::NoKey));
        }
        let used =
            pieces.iter().filter_map(|piece| if let KeyPiece::Field(field) = piece { Some(*field) } else { None });
        let key =
            KeyText { used: used.collect(), pieces, fields: template.generators, fingerprint: template.fingerprint };
        match key.json_fault().filter(|_| escape == Escape::Json) {
            Some(fault) => Err(error_at(text, text.len(), Wrong::NotJson(fault))),
            None => Ok(key),
        }
    }

    /// Appends the key of this name; `of_key` is what its fields are drawn from.
    pub fn write(&self, out: &mut Vec<u8>, name: &[u8], of_key: u64) {
        let seeds = FieldSeeds { event: of_key, key: of_key };
        for piece in &self.pieces {
            match piece {
                KeyPiece::Text(text) => out.extend_from_slice(text),
                KeyPiece::Name => out.extend_from_slice(name),
                KeyPiece::Field(field) => {
                    // No field of a key is a time, which alone is left to write.
                    let _time = self.fields[*field].write_all_but_times(out, seeds, 0, &TODAYS_STAMPS);
                }
            }
        }
    }

    /// The most bytes of a key whose name has at most `name_bytes`.
    #[must_use]
    pub fn longest_bytes(&self, name_bytes: usize) -> usize {
        let of_piece = |piece: &KeyPiece| match piece {
            KeyPiece::Text(text) => text.len(),
            KeyPiece::Name => name_bytes,
            KeyPiece::Field(field) => self.fields[*field].longest_bytes(),
        };
        self.pieces.iter().map(of_piece).fold(0, usize::saturating_add)
    }

    /// Whether it has a place for the field of this number.
    #[must_use]
    pub(crate) fn uses(&self, field: usize) -> bool {
        self.used.contains(&field)
    }

    /// The hash (XXH3) of its text.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn json_fault(&self) -> Option<String> {
        let mut out = Vec::new();
        self.write(&mut out, b"k1", 1);
        serde_json::from_slice::<serde::de::IgnoredAny>(&out).err().map(|error| error.to_string())
    }
}

/// A piece that is the same for all events of a key; otherwise what it is called, and what is wrong.
fn key_piece(piece: Piece, fields: &BTreeMap<String, Field>) -> Result<KeyPiece, (String, Wrong)> {
    let own = |name: &str| Err((name.to_owned(), Wrong::NotOfKey(name.to_owned())));
    match piece {
        Piece::Text(text) => Ok(KeyPiece::Text(text)),
        Piece::Key => Ok(KeyPiece::Name),
        Piece::Field(field) => match fields.iter().nth(field) {
            Some((_, rule)) if rule.belongs_to_key() && rule.kind != FieldKind::Time => Ok(KeyPiece::Field(field)),
            Some((name, _)) => Err((name.clone(), Wrong::FieldNotOfKey(name.clone()))),
            None => own("field"),
        },
        Piece::Id => own("id"),
        Piece::Time(_) => own("time"),
        Piece::Sequence => own("sequence"),
        Piece::Filler => own("filler"),
        Piece::Repeat { .. } => own("repeat"),
        Piece::If { .. } => own("if"),
    }
}

/// Where a place of this name opens, as far as it can be told.
fn place_of(text: &str, name: &str) -> usize {
    text.match_indices("{{").map(|(at, _)| at).find(|at| text[at + 2..].trim_start().starts_with(name)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> BTreeMap<String, Field> {
        let rules = "region = { kind = \"choice\", values = [\"say \\\"hi\\\"\", \"south\"], by = \"key\" }\n\
                     tier = { kind = \"integer\", max = 9, by = \"key\" }\nprice = { kind = \"decimal\", max = 9 }\n\
                     since = { kind = \"time\", within = \"1d\", by = \"key\" }\ngift = { kind = \"boolean\", by = \"key\" }\n";
        toml::from_str(rules).unwrap()
    }

    fn key(text: &str) -> Result<KeyText, TemplateError> {
        KeyText::new(text, Escape::Json, &fields())
    }

    #[test]
    fn a_key_is_the_same_each_time_and_no_longer_than_told() {
        let key = key("{ \"id\": \"{{key}}\", \"region\": \"{{region}}\", \"tier\": {{tier}} }\n").unwrap();
        let written = |number: u64| {
            let mut out = Vec::new();
            key.write(&mut out, format!("C-{number}").as_bytes(), number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            out
        };
        let mut regions = std::collections::BTreeSet::new();
        for number in 0..50 {
            let text = written(number);
            assert_eq!(text, written(number));
            assert!(text.len() <= key.longest_bytes(4) && !text.ends_with(b"\n"));
            let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!(value["id"], format!("C-{number}"));
            regions.insert(value["region"].as_str().unwrap().to_owned());
        }
        assert_eq!(regions.len(), 2, "{regions:?}");
        assert_eq!([0, 1, 2, 3, 4].map(|field| key.uses(field)), [false, false, true, false, true], "by name");
    }

    #[test]
    fn what_differs_between_a_keys_events_is_refused_where_it_stands() {
        for (text, expected) in [
            (
                "{ \"id\": \"{{id}}\", \"k\": \"{{key}}\" }",
                "line 1, column 10: `id` is not the same for all events of a key",
            ),
            (
                "\"{{key}}\n{{price}}\"",
                "line 2, column 1: `price` is not the same for all events of a key: add by = \"key\"",
            ),
            ("\"{{key}}{{since}}\"", "`since` is not the same for all events of a key"),
            ("\"{{key}}{{if gift}}x{{end}}\"", "`if` is not"),
            ("\"{{region}}\"", "no place for {{key}}, so different keys would be the same"),
            ("{{key}}", "what the template writes is not JSON"),
            ("\"{{kee}}\"", "no field is called `kee` (did you mean `key`?)"),
        ] {
            let error = key(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
