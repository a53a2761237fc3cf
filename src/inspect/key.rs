//! The keys of records: their form, and how many there are. Pure.

use std::collections::HashSet;

use serde::Serialize;
use uuid::Uuid;

use super::format::Format;
use super::mask::Shown;

/// The form of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyForm {
    /// No record has one.
    None,
    /// Digits.
    Digits,
    /// A UUID as text.
    Uuid,
    /// Another text.
    Text,
    /// JSON.
    Json,
    /// A schema registry's frame.
    Framed,
    /// 4 or 8 bytes, as Kafka's serialisers write integers and longs.
    Number,
    /// Other bytes.
    Bytes,
}

impl KeyForm {
    fn of(key: &[u8]) -> Self {
        let text = std::str::from_utf8(key).ok().filter(|text| text.chars().all(|next| !next.is_control()));
        match (Format::of(Some(key)), text) {
            (Format::Json, _) => KeyForm::Json,
            (Format::Framed { .. }, _) => KeyForm::Framed,
            (_, Some(text)) if Uuid::try_parse(text).is_ok() => KeyForm::Uuid,
            (_, Some(text)) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => KeyForm::Digits,
            (_, Some(_)) => KeyForm::Text,
            _ if matches!(key.len(), 4 | 8) => KeyForm::Number,
            _ => KeyForm::Bytes,
        }
    }

    /// In words.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            KeyForm::None => "none",
            KeyForm::Digits => "digits",
            KeyForm::Uuid => "UUIDs as text",
            KeyForm::Text => "text",
            KeyForm::Json => "JSON",
            KeyForm::Framed => "a record with a registry's schema",
            KeyForm::Number => "binary numbers",
            KeyForm::Bytes => "bytes",
        }
    }
}

/// What was seen of keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct KeyLook {
    /// The form that most of them have.
    pub(crate) form: KeyForm,
    /// Records with a key.
    pub(crate) keyed: usize,
    /// How many different keys.
    pub(crate) distinct: usize,
    /// One of them, as it may be shown.
    pub(crate) example: Option<String>,
}

impl KeyLook {
    /// Of the keys of all records.
    pub(super) fn of<'k>(keys: impl Iterator<Item = Option<&'k [u8]>>, shown: Shown) -> Self {
        let keys: Vec<&[u8]> = keys.flatten().collect();
        let forms: Vec<KeyForm> = keys.iter().map(|key| KeyForm::of(key)).collect();
        let count = |form: &KeyForm| forms.iter().filter(|other| *other == form).count();
        let example = keys.first().and_then(|key| std::str::from_utf8(key).ok()).map(|key| shown.text(key));
        KeyLook {
            form: forms.iter().copied().max_by_key(|form| (count(form), *form)).unwrap_or(KeyForm::None),
            keyed: keys.len(),
            distinct: keys.iter().collect::<HashSet<_>>().len(),
            example,
        }
    }
}
