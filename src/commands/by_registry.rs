//! Decodes a topic's messages by the schemas that they name.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::CommandError;
use crate::consume::Decoder;
use crate::inspect::Message;
use crate::payload::schema::{FRAME_HEADER, SchemaKind};
use crate::profile::RegistryUse;
use crate::registry::registry_of;

/// A registry, and what was learned while messages were decoded.
pub(super) struct ByRegistry {
    decoder: Arc<Decoder>,
    kind: Arc<Mutex<Option<SchemaKind>>>,
    /// Why the registry did not help, if it once did not.
    unhelpful: Arc<Mutex<Option<String>>>,
    refusal: RefCell<Option<String>>,
}

impl ByRegistry {
    /// By the registry at an address; a login comes from the environment.
    pub(super) fn at(url: &str) -> Result<Self, CommandError> {
        let registry =
            registry_of(&RegistryUse::at(url)).map_err(|why| CommandError::Usage(format!("--registry: {why}")))?;
        let kind: Arc<Mutex<Option<SchemaKind>>> = Arc::default();
        let unhelpful: Arc<Mutex<Option<String>>> = Arc::default();
        let (seen, refused) = (Arc::clone(&kind), Arc::clone(&unhelpful));
        let source = move |key| {
            let schema = registry.by_key(key).and_then(|found| registry.with_references(&found));
            let schema = schema.map_err(|error| {
                let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
                refused.get_or_insert(error.to_string());
                error.to_string()
            })?;
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(schema.kind);
            Ok(schema)
        };
        let decoder = Arc::new(Decoder::new(None, Some(Box::new(source))));
        Ok(ByRegistry { decoder, kind, unhelpful, refusal: RefCell::default() })
    }

    /// A message as JSON. The first reason why one cannot be decoded is kept.
    pub(super) fn decode(&self, message: &Message) -> Option<Value> {
        let header = message.headers.iter().rev().find(|(name, _)| name == FRAME_HEADER);
        let header = header.and_then(|(_, value)| value.as_deref());
        let decoded = self.decoder.decode(message.payload.as_deref()?, header);
        decoded.map_err(|why| self.refusal.borrow_mut().get_or_insert(why).clone()).ok()
    }

    /// What decodes, for a room that reads messages itself.
    pub(super) fn decoder(&self) -> Arc<Decoder> {
        Arc::clone(&self.decoder)
    }

    /// Why the registry did not help, if it once did not.
    pub(super) fn unhelpful(&self) -> Option<String> {
        self.unhelpful.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The codec of the schemas, as a profile names it.
    pub(super) fn codec(&self) -> Option<&'static str> {
        Some(match (*self.kind.lock().unwrap_or_else(PoisonError::into_inner))? {
            SchemaKind::Avro => "avro",
            SchemaKind::Protobuf => "protobuf",
            SchemaKind::Json => "json-schema",
        })
    }

    /// Why a message could not be decoded, if one could not.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.borrow().clone()
    }
}
