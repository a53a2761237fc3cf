//! Turns messages into JSON by the schema that each names, or by the one that the stage has.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::payload::schema::{SchemaKey, SchemaReader, SchemaText, unframe};

/// How long a schema that could not be had is not asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// A registry that takes longer to say no is left alone for that long, whichever schema is missing: the stage waits for each answer.
const SLOW: Duration = Duration::from_millis(500);
/// Schemas that are remembered. A topic has a few; ids that are made up must not fill the memory.
const MOST_SCHEMAS: usize = 1_000;

/// Where schemas come from: a registry.
pub type SchemaSource = dyn Fn(SchemaKey) -> Result<SchemaText, String> + Send + Sync;

/// Decodes the messages of one stage.
pub struct Decoder {
    /// For messages that name no schema: the stage's own, and its message.
    own: Option<(SchemaReader, Option<String>)>,
    source: Option<Box<SchemaSource>>,
    asked: Mutex<Asked>,
}

/// What a registry said.
#[derive(Default)]
struct Asked {
    known: HashMap<SchemaKey, Known>,
    /// When it was too slow, and what it said then.
    slow: Option<Refused>,
}

/// What is known of a schema.
#[derive(Clone)]
enum Known {
    Reader(Arc<SchemaReader>),
    Refused(Refused),
}

#[derive(Clone)]
struct Refused {
    at: Instant,
    why: String,
}

impl Refused {
    fn holds(&self) -> bool {
        self.at.elapsed() < ASK_AGAIN
    }
}

impl Decoder {
    /// For messages without a frame by `own`, and for all others by what `source` says.
    #[must_use]
    pub fn new(own: Option<(SchemaReader, Option<String>)>, source: Option<Box<SchemaSource>>) -> Self {
        Decoder { own, source, asked: Mutex::default() }
    }

    /// The same, with a schema that needs not be asked for.
    #[must_use]
    pub fn knowing(self, key: SchemaKey, reader: SchemaReader) -> Self {
        let known = Known::Reader(Arc::new(reader));
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).known.insert(key, known);
        self
    }

    /// A message as JSON. `header` is that of [`crate::payload::schema::FRAME_HEADER`]. The first message of a schema that is not known yet waits
    /// for the registry.
    ///
    /// # Errors
    /// Why it cannot be decoded, in words.
    pub fn decode(&self, payload: &[u8], header: Option<&[u8]>) -> Result<Value, String> {
        let framed = unframe(payload, header);
        if let (Some(framed), Some(source)) = (&framed, &self.source) {
            let reader = self.reader(framed.key, source)?;
            let named = |why| format!("by schema {}, which it names: {why}", framed.key);
            return reader.read_framed(framed).map_err(named);
        }
        let (reader, message) = self.own.as_ref().ok_or("it names no schema, and the stage has none")?;
        let read = reader.read(payload, message.as_deref());
        // Nobody knows the schema that a frame names: it is taken as the stage's own.
        let behind_frame = framed.filter(|_| read.is_err()).and_then(|framed| reader.read_framed(&framed).ok());
        behind_frame.map_or_else(|| read.map_err(|why| why.to_string()), Ok)
    }

    fn reader(&self, key: SchemaKey, source: &SchemaSource) -> Result<Arc<SchemaReader>, String> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        match asked.known.get(&key) {
            Some(Known::Reader(reader)) => return Ok(Arc::clone(reader)),
            Some(Known::Refused(refused)) if refused.holds() => return Err(refused.why.clone()),
            _ => {}
        }
        if let Some(slow) = asked.slow.as_ref().filter(|slow| slow.holds()) {
            return Err(slow.why.clone());
        }
        asked.ask(key, source)
    }
}

impl Asked {
    fn ask(&mut self, key: SchemaKey, source: &SchemaSource) -> Result<Arc<SchemaReader>, String> {
        if self.known.len() >= MOST_SCHEMAS {
            self.known.clear();
        }
        let began = Instant::now();
        let compile = |schema: SchemaText| SchemaReader::compile(&schema).map_err(|error| error.to_string());
        let reader = source(key).and_then(compile).map(Arc::new);
        let now_known = match &reader {
            Ok(reader) => Known::Reader(Arc::clone(reader)),
            Err(why) => {
                let refused = Refused { at: Instant::now(), why: why.clone() };
                self.slow = Some(refused.clone()).filter(|_| began.elapsed() > SLOW);
                Known::Refused(refused)
            }
        };
        self.known.insert(key, now_known);
        reader
    }
}

impl PartialEq for Decoder {
    /// Two decoders may know different schemas: each is equal to itself alone.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Decoder {}

impl fmt::Debug for Decoder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Decoder(own: {}, source: {})", self.own.is_some(), self.source.is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use serde_json::json;

    use super::*;
    use crate::payload::schema::SchemaKind;

    fn long() -> SchemaText {
        SchemaText::alone(SchemaKind::Avro, "\"long\"")
    }

    #[test]
    fn each_message_is_decoded_by_the_schema_that_it_names() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let source = |key| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            match key {
                SchemaKey::Id(7) => Ok(long()),
                _ => Err("there is none".to_owned()),
            }
        };
        let decoder = Decoder::new(None, Some(Box::new(source)));
        for _ in 0..3 {
            assert_eq!(decoder.decode(&[0, 0, 0, 0, 7, 2], None), Ok(json!(1)));
            assert_eq!(decoder.decode(&[2], Some(&[0, 0, 0, 0, 7])), Ok(json!(1)), "by its header");
            let unknown = decoder.decode(&[0, 0, 0, 0, 8, 2], None).unwrap_err();
            assert_eq!(unknown, "there is none");
            let cut = decoder.decode(&[0, 0, 0, 0, 7], None).unwrap_err();
            assert_eq!(cut, "by schema 7, which it names: it ends in the middle of a field");
        }
        assert_eq!(ASKED.load(Ordering::Relaxed), 2, "each schema is asked for once");
    }

    #[test]
    fn without_a_registry_messages_are_of_the_streams_own_schema() {
        let decoder = Decoder::new(Some((SchemaReader::compile(&long()).unwrap(), None)), None);
        assert_eq!(decoder.decode(&[2], None), Ok(json!(1)));
        assert_eq!(decoder.decode(&[0, 0, 0, 0, 7, 2], None), Ok(json!(1)), "behind a frame of whatever id");
        assert!(decoder.decode(&[1, 2, 3], None).is_err());
    }
    #[test]
    fn a_registry_that_is_slow_to_refuse_is_left_alone_for_a_while() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let source = |_| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(SLOW + Duration::from_millis(50));
            Err("it did not answer".to_owned())
        };
        let decoder = Decoder::new(None, Some(Box::new(source)));
        for id in 0..50 {
            assert_eq!(decoder.decode(&[0, 0, 0, 0, id, 2], None), Err("it did not answer".to_owned()));
        }
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    }
}
