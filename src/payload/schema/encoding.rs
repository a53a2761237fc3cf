//! All that a stream needs to write payloads by a schema, and to find the parts of its events in them.

use uuid::Uuid;

use super::{Fact, Filling, SchemaError, SchemaEvent, SchemaKey, SchemaReader, SchemaText, SchemaWriter};
use crate::event::payload::{TODAYS_ID, TODAYS_STAMPS};
use crate::event::place::{Layout, Part, Place, TimePlace};
use crate::event::time_form::TimeForm;
use crate::payload::encoder::EventParts;
use crate::payload::generator::FieldSeeds;

/// How many events are written to learn the sizes of payloads.
const SAMPLED: u64 = 256;
/// The length of a key where none is known.
const USUAL_KEY_BYTES: usize = 4;

/// A schema, filled.
#[derive(Debug, Clone)]
pub struct Encoding {
    schema: SchemaText,
    message: Option<String>,
    writer: SchemaWriter,
    reader: SchemaReader,
    /// What stands before each payload.
    frame: Vec<u8>,
    /// What stands in a header instead.
    header: Option<Vec<u8>>,
    key: Option<SchemaKey>,
    has_key: bool,
    layout: Layout,
    mean_bytes: f64,
}

impl Encoding {
    /// For payloads of `schema`, filled as `filling` says. `in_headers` are the parts that travel in record headers.
    ///
    /// # Errors
    /// [`SchemaError`] as of [`SchemaWriter::compile`].
    pub fn new(
        schema: &SchemaText,
        message: Option<&str>,
        filling: &Filling,
        in_headers: &[Part],
    ) -> Result<Self, SchemaError> {
        let writer = SchemaWriter::compile(schema, message, filling)?;
        let mut encoding = Encoding {
            layout: layout_of(filling, in_headers, |fact| writer.form_of(fact).cloned()),
            has_key: filling.facts.iter().any(|place| place.fact == Fact::Key),
            schema: schema.clone(),
            message: message.map(str::to_owned),
            writer,
            reader: SchemaReader::compile(schema)?,
            frame: Vec::new(),
            header: None,
            key: None,
            mean_bytes: 0.0,
        };
        encoding.mean_bytes = encoding.sampled_bytes(USUAL_KEY_BYTES).sum::<usize>() as f64 / SAMPLED as f64;
        Ok(encoding)
    }

    /// The same, with the frame that names its schema.
    #[must_use]
    pub fn framed(mut self, key: SchemaKey) -> Self {
        self.mean_bytes -= self.frame.len() as f64;
        self.frame = self.writer.frame(key).bytes().to_vec();
        self.mean_bytes += self.frame.len() as f64;
        Encoding { key: Some(key), header: None, ..self }
    }

    /// The same, with the frame that names its schema by GUID in a header: the payload stands alone.
    #[must_use]
    pub fn named_in_header(mut self, guid: Uuid) -> Self {
        let key = SchemaKey::Guid(guid);
        self.mean_bytes -= self.frame.len() as f64;
        let header = self.writer.frame(key).bytes().to_vec();
        Encoding { key: Some(key), frame: Vec::new(), header: Some(header), ..self }
    }

    /// What stands in the header [`super::FRAME_HEADER`] of each message, where the schema is named there.
    #[must_use]
    pub fn header(&self) -> Option<&[u8]> {
        self.header.as_deref()
    }

    /// The schema that it writes by.
    #[must_use]
    pub fn schema(&self) -> &SchemaText {
        &self.schema
    }

    /// The message of the schema, where it is named.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Reads what it writes, without the frame.
    #[must_use]
    pub fn reader(&self) -> &SchemaReader {
        &self.reader
    }

    /// What the frame names the schema by.
    #[must_use]
    pub fn key(&self) -> Option<SchemaKey> {
        self.key
    }

    /// Whether the event's key stands in the payload.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.has_key
    }

    /// Where a decoded message has the parts of its event.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The mean size of what it writes, in bytes; from a sample.
    #[must_use]
    pub fn mean_bytes(&self) -> f64 {
        self.mean_bytes
    }

    /// The largest of a sample of what it writes, in bytes, where keys have `key_bytes`.
    #[must_use]
    pub fn longest_bytes(&self, key_bytes: usize) -> usize {
        self.sampled_bytes(key_bytes).max().unwrap_or(0)
    }

    /// The hash (XXH3) of the schema with all that it refers to, of its message's name, and of the lists that fields are drawn from, as 16
    /// hexadecimal digits.
    #[must_use]
    pub fn fingerprint<'e>(&'e self, listed: impl Iterator<Item = &'e str>) -> String {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        let referred = self.schema.references.iter().flat_map(|referred| [&referred.name, &referred.text]);
        let texts = [&self.schema.text].into_iter().chain(referred).map(String::as_str);
        for text in texts.chain(self.message.as_deref()).chain(listed) {
            // No text is the beginning of another one's hash.
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        format!("{:016x}", hash.digest())
    }

    /// A payload that it wrote, as JSON in one line.
    #[must_use]
    pub fn shown(&self, payload: &[u8]) -> Option<String> {
        let payload = payload.get(self.frame.len()..)?;
        Some(self.reader.read(payload, self.message()).ok()?.to_string())
    }

    fn sampled_bytes(&self, key_bytes: usize) -> impl Iterator<Item = usize> + '_ {
        let mut encoder = SchemaEncoder::new(self);
        (0..SAMPLED).map(move |number| {
            // Far apart, as those of real events are.
            let seed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut out = vec![b'k'; key_bytes];
            let event = EventParts {
                id: TODAYS_ID,
                stamps: &TODAYS_STAMPS,
                key: Some(0..key_bytes),
                size_bytes: 0,
                seeds: FieldSeeds { event: seed, key: seed },
            };
            encoder.write(&mut out, &event);
            out.len() - key_bytes
        })
    }
}

impl PartialEq for Encoding {
    /// Equal schemas under equal rules write the same; the rules are compared where they stand in the profile.
    fn eq(&self, other: &Self) -> bool {
        (&self.schema, &self.message, &self.frame, &self.header)
            == (&other.schema, &other.message, &other.frame, &other.header)
    }
}

/// Where the parts stand in a decoded message. `form` says how a time is written.
pub(crate) fn layout_of(filling: &Filling, in_headers: &[Part], form: impl Fn(Fact) -> Option<TimeForm>) -> Layout {
    let own = Layout::of_headers();
    let place = |fact: Fact| filling.facts.iter().find(|place| place.fact == fact).map(|place| place.path.clone());
    let time = |part: Part, fact: Fact, own: Option<TimePlace>| match place(fact) {
        Some(path) => Some(TimePlace { place: Place::Pointer(path), form: form(fact).unwrap_or_default() }),
        None => own.filter(|_| in_headers.contains(&part)),
    };
    Layout {
        id: place(Fact::Id).map_or(own.id, Place::Pointer),
        due: time(Part::Due, Fact::Due, own.due),
        sent: time(Part::Sent, Fact::Sent, own.sent),
        event_time: time(Part::EventTime, Fact::EventTime, own.event_time),
    }
}

/// Writes payloads behind their frame. Each thread has its own.
#[derive(Debug, Clone)]
pub(in crate::payload) struct SchemaEncoder {
    writer: SchemaWriter,
    frame: Vec<u8>,
    key: Vec<u8>,
}

impl SchemaEncoder {
    pub(in crate::payload) fn new(encoding: &Encoding) -> Self {
        SchemaEncoder { writer: encoding.writer.clone(), frame: encoding.frame.clone(), key: Vec::new() }
    }

    /// Appends the payload of an event.
    pub(in crate::payload) fn write(&mut self, out: &mut Vec<u8>, event: &EventParts<'_>) {
        let SchemaEncoder { writer, frame, key } = self;
        key.clear();
        key.extend_from_slice(event.key.clone().and_then(|key| out.get(key)).unwrap_or_default());
        out.extend_from_slice(frame);
        let event = SchemaEvent {
            id: event.id.to_uuid(),
            stamps: event.stamps,
            key,
            sequence: event.id.sequence,
            seeds: event.seeds,
        };
        writer.write(out, &event);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FactPlace, ReferredSchema, SchemaKind};
    use super::*;
    use crate::event::time_form::Unit;

    const T: &str = r#"{"type":"record","name":"T","fields":[{"name":"id","type":"string"},{"name":"key","type":"string"},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]}"#;

    fn encoding(schema: &SchemaText) -> Encoding {
        let facts = [(Fact::Id, "/id"), (Fact::Key, "/key"), (Fact::EventTime, "/at")];
        let facts = facts.map(|(fact, path)| FactPlace::new(fact, path)).to_vec();
        Encoding::new(schema, None, &Filling { facts, rules: Vec::new() }, &[Part::Sent]).unwrap()
    }

    #[test]
    fn parts_are_found_where_they_are_written_in_the_form_of_the_type() {
        let layout = encoding(&SchemaText::alone(SchemaKind::Avro, T)).layout().clone();
        let at = Some(TimePlace { place: Place::Pointer("/at".to_owned()), form: TimeForm::Number(Unit::Us) });
        let expected =
            Layout { id: Place::Pointer("/id".to_owned()), due: None, event_time: at, ..Layout::of_headers() };
        assert_eq!(layout, expected);
    }

    #[test]
    fn sizes_include_frame_and_key() {
        let plain = encoding(&SchemaText::alone(SchemaKind::Avro, T));
        // 37 of the id, 5 of the key, 8 of the time.
        assert_eq!((plain.mean_bytes(), plain.longest_bytes(60)), (50.0, 106));
        let framed = plain.framed(SchemaKey::Id(7)).framed(SchemaKey::Id(8));
        assert_eq!((framed.mean_bytes(), framed.longest_bytes(60)), (55.0, 111));
        let named = framed.named_in_header(Uuid::from_u128(5));
        assert_eq!((named.mean_bytes(), named.longest_bytes(60)), (50.0, 106), "a header is none of the payload");
        assert_eq!(named.header().unwrap(), [&[1][..], Uuid::from_u128(5).as_bytes()].concat());
    }

    #[test]
    fn whatever_changes_what_is_sent_changes_the_fingerprint() {
        let alone = SchemaText::alone(SchemaKind::Avro, T);
        let other = SchemaText::alone(SchemaKind::Avro, &T.replace("micros", "millis"));
        let referred =
            ReferredSchema { name: "U".to_owned(), text: "{\"type\":\"fixed\",\"name\":\"U\",\"size\":2}".to_owned() };
        let refers = SchemaText { references: vec![referred], ..alone.clone() };
        let of = |schema: &SchemaText, listed: &[&'static str]| encoding(schema).fingerprint(listed.iter().copied());
        let all = [of(&alone, &[]), of(&other, &[]), of(&refers, &[]), of(&alone, &["ab"]), of(&alone, &["a", "b"])];
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other != one), "{all:?}");
        }
        assert_eq!(all[0], of(&alone, &[]));
    }
}
