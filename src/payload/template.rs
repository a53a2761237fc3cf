//! Texts with places: `{{id}}`, `{{event_time:rfc3339}}`, `{{country}}`, `{{repeat lines ","}}…{{end}}`, `{{if gift}}…{{end}}`.
//!
//! Pure. A template is read once, and then written for each event from its pieces; what is constant in it is copied.

mod key;
mod layout;
mod parse;
mod samples;
mod writer;

use std::collections::BTreeMap;

pub use self::key::KeyText;
pub use self::parse::TemplateError;
use self::parse::Wrong;
pub(crate) use self::samples::value_at;
pub use self::samples::{Draw, Sample, SampleForm, SamplePlaces, SamplesError};
pub(super) use self::writer::TemplateWriter;
use super::field::Field;
use super::generator::Generator;
use crate::event::place::{Layout, Part};
use crate::event::time_form::TimeForm;

/// What is written for each event: the pieces of a text, or those of one of several samples.
#[derive(Debug, Clone)]
pub struct Template {
    /// The pieces of the text, or of each sample.
    variants: Vec<Vec<Piece>>,
    pick: Pick,
    generators: Vec<Generator>,
    /// The times that are written, and how; pieces name them by their place here.
    times: Vec<(Part, TimeForm)>,
    has_filler: bool,
    has_key: bool,
    layout: Layout,
    mean_bytes: f64,
    fingerprint: u64,
}

/// Which variant is written for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// Drawn for each event.
    Drawn,
    /// One after another, in the order in which the stream's logical producers take turns.
    InOrder { producers: u16 },
}

/// What a template is made of.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(Vec<u8>),
    Id,
    /// The time of this place in [`Template::times`].
    Time(usize),
    Key,
    Sequence,
    Filler,
    /// The field of this number.
    Field(usize),
    /// The body as often as the field of this number says, with the separator between.
    Repeat {
        times: usize,
        separator: Vec<u8>,
        body: Vec<Piece>,
    },
    /// The body, if the field of this number is true.
    If {
        holds: usize,
        body: Vec<Piece>,
    },
}

impl Piece {
    /// The field that it is, or that decides about it.
    fn field(&self) -> Option<usize> {
        match self {
            Piece::Field(field) | Piece::Repeat { times: field, .. } | Piece::If { holds: field, .. } => Some(*field),
            _ => None,
        }
    }
}

/// How texts of fields are written into a template: by the kind of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As in a JSON string.
    Json,
    /// As in XML text and attributes.
    Xml,
    /// As they are.
    None,
}

impl Escape {
    /// By the file's name.
    #[must_use]
    pub fn of_file(name: &str) -> Self {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        match ending.as_str() {
            "json" | "jsonl" | "ndjson" => Escape::Json,
            "xml" => Escape::Xml,
            _ => Escape::None,
        }
    }

    fn apply(self, text: &str) -> String {
        match self {
            Escape::None => text.to_owned(),
            Escape::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Escape::Xml => quick_xml::escape::escape(text).into_owned(),
        }
    }
}

/// Of the text, and of the files that its fields are drawn from.
fn fingerprint(text: &str, fields: &BTreeMap<String, Field>) -> u64 {
    let mut hash = xxhash_rust::xxh3::Xxh3Default::new();
    hash.update(text.as_bytes());
    for value in fields.values().flat_map(Field::listed) {
        // No text is the beginning of another one's hash.
        hash.update(&(value.len() as u64).to_le_bytes());
        hash.update(value.as_bytes());
    }
    hash.digest()
}

impl Template {
    /// Reads a template. `in_headers` are the parts of an event that travel in record headers and need no place.
    ///
    /// # Errors
    /// [`TemplateError`], with line and column, when a place is not closed or not known, a field has no rule, or the id has no place.
    pub fn new(
        text: &str,
        escape: Escape,
        fields: &BTreeMap<String, Field>,
        in_headers: &[Part],
    ) -> Result<Self, TemplateError> {
        let text = without_last_line_end(text);
        let mut template = Template::read(text, escape, fields)?;
        template.layout = layout::of(&template, text, in_headers)?;
        if let Some(fault) = layout::json_fault(&template, text).filter(|_| escape == Escape::Json) {
            return Err(fault);
        }
        template.mean_bytes = template.sampled_mean();
        Ok(template)
    }

    /// Reads a text that travels beside the payload, as a header does: it needs no place for the id, and is as long as it is.
    ///
    /// # Errors
    /// [`TemplateError`] as for a template, and for a place for filler.
    pub fn beside_payload(text: &str, fields: &BTreeMap<String, Field>) -> Result<Self, TemplateError> {
        let template = Template::read(text, Escape::None, fields)?;
        if template.has_filler {
            return Err(parse::error_at(text, 0, Wrong::FillerBeside));
        }
        Ok(template)
    }

    /// The pieces of a text, and what its fields are drawn by; its layout and its mean size are still to be found.
    fn read(text: &str, escape: Escape, fields: &BTreeMap<String, Field>) -> Result<Self, TemplateError> {
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let generators: Vec<Generator> = fields.iter().map(|(name, field)| Generator::new(name, field)).collect();
        let mut times = Vec::new();
        let pieces = parse::pieces(text, &names, &generators, &mut times)?;
        let fingerprint = fingerprint(text, fields);
        let mut template = Template::of_variants(vec![pieces], Pick::Drawn, times, fingerprint);
        template.generators =
            generators.into_iter().map(|generator| generator.escaped(|text| escape.apply(text))).collect();
        Ok(template)
    }

    /// Of pieces that need no fields; its layout and its mean size are still to be found.
    fn of_variants(variants: Vec<Vec<Piece>>, pick: Pick, times: Vec<(Part, TimeForm)>, fingerprint: u64) -> Self {
        let has = |wanted: &Piece| variants.iter().any(|pieces| any(pieces, &|piece| piece == wanted));
        Template {
            has_filler: has(&Piece::Filler),
            has_key: has(&Piece::Key),
            variants,
            pick,
            generators: Vec::new(),
            times,
            layout: Layout::of_headers(),
            mean_bytes: 0.0,
            fingerprint,
        }
    }

    /// Where a message that it writes has the parts of its event.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Which of the fields have no place in it.
    #[must_use]
    pub fn unused<'f>(&self, fields: &'f BTreeMap<String, Field>) -> Vec<&'f str> {
        let has = |field: usize| self.variants.iter().any(|pieces| any(pieces, &|piece| piece.field() == Some(field)));
        fields.keys().enumerate().filter(|(field, _)| !has(*field)).map(|(_, name)| name.as_str()).collect()
    }

    /// Whether it has a place for the key.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.has_key
    }

    /// Whether it has a place that fills the payload up to a size.
    #[must_use]
    pub fn has_filler(&self) -> bool {
        self.has_filler
    }

    /// The hash (XXH3) of its text, or of its samples, as 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }

    /// The mean size of what it writes, without filler, in bytes; from a sample.
    #[must_use]
    pub fn mean_bytes(&self) -> f64 {
        self.mean_bytes
    }

    /// The most bytes that it writes, without filler, when a key has at most `key_bytes`.
    #[must_use]
    pub fn longest_bytes(&self, key_bytes: usize) -> usize {
        self.variants.iter().map(|pieces| self.longest(pieces, key_bytes)).max().unwrap_or(0)
    }

    fn longest(&self, pieces: &[Piece], key_bytes: usize) -> usize {
        let of_piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Id => uuid::fmt::Hyphenated::LENGTH,
            Piece::Time(_) => LONGEST_TIME,
            Piece::Key => key_bytes,
            Piece::Sequence => LONGEST_SEQUENCE,
            Piece::Filler => 0,
            Piece::Field(field) => self.generators[*field].longest_bytes(),
            Piece::If { body, .. } => self.longest(body, key_bytes),
            Piece::Repeat { times, separator, body } => {
                let turns = usize::try_from(self.generators[*times].largest()).unwrap_or(usize::MAX);
                turns.saturating_mul(separator.len() + self.longest(body, key_bytes))
            }
        };
        pieces.iter().map(of_piece).fold(0, usize::saturating_add)
    }
}

/// Editors end a file with a line's end; messages seldom have one.
fn without_last_line_end(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
}

/// RFC 3339 with microseconds has 27 characters; a pattern may be longer.
const LONGEST_TIME: usize = 64;
/// The digits of the largest sequence number, 2^42.
const LONGEST_SEQUENCE: usize = 13;

impl PartialEq for Template {
    /// Equal texts under equal rules write the same; the rules are compared where they stand in the profile.
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.layout == other.layout
    }
}

fn any(pieces: &[Piece], holds: &dyn Fn(&Piece) -> bool) -> bool {
    pieces.iter().any(|piece| {
        holds(piece)
            || match piece {
                Piece::Repeat { body, .. } | Piece::If { body, .. } => any(body, holds),
                _ => false,
            }
    })
}

#[cfg(test)]
mod tests;
