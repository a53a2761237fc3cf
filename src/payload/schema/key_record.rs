//! The key of a record by a schema: the same bytes for each event of the key. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Fact, FactPlace, Filling, SchemaError, SchemaEvent, SchemaKey, SchemaReader, SchemaText, SchemaWriter};
use crate::event::payload::{TODAYS_ID, TODAYS_STAMPS};
use crate::payload::{Field, FieldSeeds, Generator};

/// How many keys are written to learn their sizes.
const SAMPLED: u64 = 256;

/// Writes the keys of a stream by a schema. Each thread has its own.
#[derive(Debug, Clone)]
pub struct KeyRecord {
    schema: Arc<SchemaText>,
    message: Option<String>,
    writer: SchemaWriter,
    /// What stands before each key.
    frame: Vec<u8>,
}

impl PartialEq for KeyRecord {
    /// Equal schemas under equal rules write the same; the rules are compared where they stand in the profile.
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema && self.message == other.message && self.frame == other.frame
    }
}

impl KeyRecord {
    /// For keys of `schema` that have the key's name at `place`; `fields` are rules by their pointers.
    ///
    /// # Errors
    /// [`SchemaError`] as of [`SchemaWriter::compile`].
    pub fn new(
        schema: &SchemaText,
        message: Option<&str>,
        place: &str,
        fields: &BTreeMap<String, Field>,
    ) -> Result<Self, SchemaError> {
        let rules = fields.iter().map(|(path, field)| (path.clone(), Generator::new(path, field))).collect();
        let filling = Filling { facts: vec![FactPlace::new(Fact::Key, place)], rules };
        let writer = SchemaWriter::compile(schema, message, &filling)?;
        Ok(KeyRecord {
            schema: Arc::new(schema.clone()),
            message: message.map(str::to_owned),
            writer,
            frame: Vec::new(),
        })
    }

    /// The same, with the frame that names its schema.
    #[must_use]
    pub fn framed(self, key: SchemaKey) -> Self {
        KeyRecord { frame: self.writer.frame(key).bytes().to_vec(), ..self }
    }

    /// Appends the key of this name; `of_key` is what its fields are drawn from.
    pub fn write(&mut self, out: &mut Vec<u8>, name: &[u8], of_key: u64) {
        out.extend_from_slice(&self.frame);
        let event = SchemaEvent {
            id: TODAYS_ID.to_uuid(),
            // A key has no moment: what counts time in it is the same for all keys.
            stamps: &TODAYS_STAMPS,
            key: name,
            sequence: 0,
            seeds: FieldSeeds { event: of_key, key: of_key },
        };
        self.writer.write(out, &event);
    }

    /// The schema that it writes by.
    #[must_use]
    pub fn schema(&self) -> &SchemaText {
        &self.schema
    }

    /// The largest of a sample of keys whose names have `name_bytes`.
    #[must_use]
    pub fn longest_bytes(&self, name_bytes: usize) -> usize {
        let (mut key, name) = (self.clone(), vec![b'k'; name_bytes]);
        let bytes = |number: u64| {
            let mut out = Vec::new();
            // Far apart, as those of real keys are.
            key.write(&mut out, &name, number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            out.len()
        };
        (0..SAMPLED).map(bytes).max().unwrap_or(0)
    }

    /// A key that it wrote, as JSON in one line.
    #[must_use]
    pub fn shown(&self, key: &[u8]) -> Option<String> {
        let reader = SchemaReader::compile(&self.schema).ok()?;
        let record = reader.read(key.get(self.frame.len()..)?, self.message.as_deref());
        Some(record.ok()?.to_string())
    }

    /// The hash (XXH3) of its schema, with all that it refers to, and of its frame.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        let referred = self.schema.references.iter().flat_map(|referred| [&referred.name, &referred.text]);
        let texts = [&self.schema.text].into_iter().chain(referred).map(String::as_str);
        for text in texts.chain(self.message.as_deref()) {
            // No text is the beginning of another one's hash.
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.update(&self.frame);
        hash.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::super::SchemaKind;
    use super::*;

    const AVRO: &str = r#"{"type":"record","name":"K","fields":[{"name":"customer","type":"string"},
        {"name":"region","type":"string"},{"name":"tier","type":"int"},{"name":"level","type":{"type":"enum","name":"L","symbols":["A","B"]}},
        {"name":"since","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;
    const PROTOBUF: &str = "syntax = \"proto3\"; enum L { A = 0; B = 1; }\n\
        message K { string customer = 1; string region = 2; int32 tier = 3; L level = 4; int64 since = 5; }";
    const JSON: &str = r#"{"type":"object","properties":{"customer":{"type":"string"},"region":{"type":"string"},
        "tier":{"type":"integer"},"level":{"enum":["A","B"]},"since":{"type":"string","format":"date-time"}}}"#;

    fn fields() -> BTreeMap<String, Field> {
        toml::from_str("\"/region\" = { kind = \"choice\", values = [\"north\", \"south\"], by = \"key\" }").unwrap()
    }

    fn keys() -> [KeyRecord; 3] {
        let schemas = [(SchemaKind::Avro, AVRO), (SchemaKind::Protobuf, PROTOBUF), (SchemaKind::Json, JSON)];
        schemas.map(|(kind, text)| {
            KeyRecord::new(
                &SchemaText::alone(kind, text),
                Some("K").filter(|_| kind == SchemaKind::Protobuf),
                "/customer",
                &fields(),
            )
            .unwrap()
        })
    }

    fn written(key: &KeyRecord, number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        key.clone().write(&mut out, format!("C-{number:02}").as_bytes(), number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        out
    }

    #[test]
    fn a_key_is_the_same_each_time_whatever_was_written_before() {
        for key in keys() {
            let mut one = key.clone();
            let mut regions = std::collections::BTreeSet::new();
            for number in 0..50_u64 {
                let mut out = Vec::new();
                one.write(&mut out, format!("C-{number:02}").as_bytes(), number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
                assert_eq!(out, written(&key, number));
                assert!(out.len() <= key.longest_bytes(4) + 8, "{} of {}", out.len(), key.longest_bytes(4));
                let record: serde_json::Value = serde_json::from_str(&key.shown(&out).unwrap()).unwrap();
                assert_eq!(record["customer"], format!("C-{number:02}"));
                regions.insert(record["region"].as_str().unwrap().to_owned());
            }
            assert_eq!(regions.len(), 2, "{regions:?}");
        }
    }

    #[test]
    fn a_frame_stands_before_the_key_and_in_the_fingerprint() {
        for key in keys() {
            let framed = key.clone().framed(SchemaKey::Id(258));
            let bytes = written(&framed, 7);
            assert_eq!(bytes[..5], [0, 0, 0, 1, 2]);
            assert!(bytes.ends_with(&written(&key, 7)));
            assert_eq!(framed.shown(&bytes), key.shown(&written(&key, 7)));
            let other = key.clone().framed(SchemaKey::Id(259));
            assert!(key.fingerprint() != framed.fingerprint() && framed.fingerprint() != other.fingerprint());
        }
    }

    #[test]
    fn a_key_may_be_its_name_alone_and_needs_a_place_that_holds_it() {
        let avro = |text: &str, place: &str| {
            KeyRecord::new(&SchemaText::alone(SchemaKind::Avro, text), None, place, &BTreeMap::new())
        };
        assert_eq!(written(&avro("\"string\"", "").unwrap(), 7), b"\x08C-07");
        let said = |text: &str, place: &str| avro(text, place).unwrap_err().to_string();
        assert_eq!(said(AVRO, "/custommer"), "the schema has no field `/custommer`: did you mean `/customer`?");
        assert_eq!(
            said(AVRO, "/tier"),
            "`/tier` holds a whole number of 32 bits, which cannot carry the key: a key needs a text or bytes, so give it another place"
        );
    }
}
