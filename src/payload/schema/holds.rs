//! What a field of a schema can hold, and whether a part of the event or a rule fits into it.

use std::fmt;

use super::SchemaError;
use super::filling::{Fact, FactPlace, Path};
use super::source::{Count, Whole};
use crate::event::payload::Stamps;
use crate::event::time_form::{TimeForm, Unit};
use crate::payload::{Drawn, FieldSeeds, Generator};

/// The length of an id as text.
const ID_CHARACTERS: usize = uuid::fmt::Hyphenated::LENGTH;
/// The length of an id as bytes.
const ID_BYTES: usize = 16;
/// How many values a rule is tried with.
const TRIALS: u64 = 64;

/// What a field can hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Holds {
    /// Text, by its number of characters.
    Text { min: usize, max: Option<usize> },
    /// A text that is a UUID, or its 16 bytes.
    Uuid,
    /// A text that is a moment as RFC 3339 has it.
    Moment,
    /// A text of another form, with its name.
    TextOf(String),
    /// One of these texts.
    Symbols(Vec<String>),
    /// A whole number.
    Whole(Whole),
    /// A floating-point number, by its bits.
    Fraction { bits: u32 },
    /// A number with digits after its point.
    Decimal { precision: usize, scale: usize },
    /// Bytes: a fixed number of them, or any.
    Bytes(Option<usize>),
    /// True or false.
    Boolean,
    /// Something else, in words.
    Other(&'static str),
}

impl fmt::Display for Holds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holds::Text { max: Some(max), .. } => write!(out, "a text of at most {max} characters"),
            Holds::Text { .. } => out.write_str("a text"),
            Holds::Uuid => out.write_str("a UUID"),
            Holds::Moment => out.write_str("a moment as text (RFC 3339)"),
            Holds::TextOf(form) => write!(out, "a text of the form {form}"),
            Holds::Symbols(symbols) => write!(out, "one of the symbols {}", listed(symbols)),
            Holds::Whole(whole) => whole.fmt(out),
            Holds::Fraction { bits } => write!(out, "a floating-point number of {bits} bits"),
            Holds::Decimal { precision, scale } => {
                write!(out, "a decimal of {precision} digits, {scale} after the point")
            }
            Holds::Bytes(Some(bytes)) => write!(out, "exactly {bytes} bytes"),
            Holds::Bytes(None) => out.write_str("bytes"),
            Holds::Boolean => out.write_str("true or false"),
            Holds::Other(words) => out.write_str(words),
        }
    }
}

/// The first few.
pub(super) fn listed(symbols: &[String]) -> String {
    const SHOWN: usize = 4;
    let first = symbols.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if symbols.len() > SHOWN { format!("{first} and {} more", symbols.len() - SHOWN) } else { first }
}

/// What could hold a part.
pub(super) fn way_out(fact: Fact) -> &'static str {
    match fact {
        Fact::Id => {
            "an id needs a text of 36 characters, a UUID or 16 bytes, so give it another place, or `headers = [\"id\"]`"
        }
        Fact::Due | Fact::Sent | Fact::EventTime => {
            "a time needs a timestamp, a whole number of 64 bits, a double or a text, so give it another place, or a header (`headers`)"
        }
        Fact::Key => "a key needs a text or bytes, so give it another place",
        Fact::Sequence => "a sequence number needs a whole number of 64 bits or a text, so give it another place",
    }
}

impl Holds {
    /// How a part is written in the field, where it is a time; or why the field cannot hold it.
    pub(super) fn form_of(&self, path: &Path, place: &FactPlace) -> Result<Option<TimeForm>, SchemaError> {
        let fits = match place.fact {
            Fact::Id => self.holds_id().then_some(None),
            Fact::Key => matches!(self, Holds::Text { max: None, .. } | Holds::Bytes(None)).then_some(None),
            Fact::Sequence => self.holds_sequence().then_some(None),
            Fact::Due | Fact::Sent | Fact::EventTime => self.time_form(place).map(Some),
        };
        fits.ok_or_else(|| SchemaError::Misplaced {
            fact: place.fact,
            path: path.shown(),
            holds: self.to_string(),
            way_out: way_out(place.fact).to_owned(),
        })
    }

    fn holds_id(&self) -> bool {
        match self {
            Holds::Text { min, max } => *min <= ID_CHARACTERS && max.is_none_or(|max| max >= ID_CHARACTERS),
            Holds::Uuid | Holds::Bytes(None | Some(ID_BYTES)) => true,
            _ => false,
        }
    }

    fn holds_sequence(&self) -> bool {
        match self {
            Holds::Text { min: 0 | 1, max } => max.is_none_or(|max| max >= 20),
            Holds::Whole(whole) => whole.count == Count::Plain && whole.is_long(),
            _ => false,
        }
    }

    /// The form in which a time is written: what the type says, else what the user says, else floodmark's own unit or RFC 3339.
    fn time_form(&self, place: &FactPlace) -> Option<TimeForm> {
        let own = if place.fact == Fact::EventTime { Unit::Ms } else { Unit::Us };
        let or = |form: TimeForm| if place.form == TimeForm::Recognised { form } else { place.form.clone() };
        match self {
            Holds::Whole(Whole { count: Count::Epoch(unit), .. }) => Some(TimeForm::Number(*unit)),
            Holds::Whole(whole) if whole.count == Count::Plain => {
                let is_wide = |form: &TimeForm| match form {
                    TimeForm::Number(unit) => whole.is_long() || (*unit == Unit::S && whole.is_int()),
                    _ => false,
                };
                Some(or(TimeForm::Number(own))).filter(is_wide)
            }
            Holds::Fraction { bits: 64 } => {
                Some(or(TimeForm::Number(own))).filter(|form| matches!(form, TimeForm::Number(_)))
            }
            Holds::Moment => Some(TimeForm::Rfc3339),
            Holds::Text { max, .. } if max.is_none_or(|max| max >= 27) => Some(or(TimeForm::Rfc3339)),
            _ => None,
        }
    }

    /// Whether a rule's values fit, as far as some tell.
    pub(super) fn check_rule(&self, path: &Path, rule: &Generator) -> Result<(), SchemaError> {
        const STAMPS: Stamps =
            Stamps { event_time_ms: 1_760_000_000_000, due_us: 1_760_000_000_000_000, sent_us: 1_760_000_000_000_000 };
        for seed in 0..TRIALS {
            let drawn = rule.draw(FieldSeeds { event: seed, key: seed }, 0, &STAMPS);
            if !self.takes(&drawn) {
                let (path, holds) = (path.shown(), self.to_string());
                return Err(SchemaError::Misfit { path, holds, drawn: in_words(&drawn) });
            }
        }
        Ok(())
    }

    fn takes(&self, drawn: &Drawn<'_>) -> bool {
        match (self, drawn) {
            (Holds::Text { min, max }, Drawn::Text(text)) => {
                let characters = text.chars().count();
                characters >= *min && max.is_none_or(|max| characters <= max)
            }
            (Holds::Text { max: None, .. }, _)
            | (Holds::TextOf(_), Drawn::Text(_))
            | (Holds::Boolean, Drawn::Boolean(_)) => true,
            (Holds::Symbols(symbols), Drawn::Text(text)) => symbols.iter().any(|symbol| symbol == text),
            (Holds::Uuid | Holds::Bytes(None | Some(16)), Drawn::Uuid(_)) => true,
            (Holds::Uuid, Drawn::Text(text)) => uuid::Uuid::try_parse(text).is_ok(),
            (Holds::Moment, Drawn::Time(_)) => true,
            (Holds::Whole(whole), Drawn::Integer(number)) => whole.takes(*number),
            (Holds::Whole(whole), Drawn::Text(text)) => text.parse().is_ok_and(|number| whole.takes(number)),
            (Holds::Whole(whole), Drawn::Time(us)) => whole.takes(whole.of_us(*us)),
            (Holds::Fraction { .. } | Holds::Decimal { .. }, Drawn::Integer(_) | Drawn::Decimal { .. }) => true,
            (Holds::Fraction { .. }, Drawn::Text(text)) => text.parse::<f64>().is_ok(),
            (Holds::Bytes(bytes), Drawn::Text(text)) => bytes.is_none_or(|bytes| text.len() == bytes),
            _ => false,
        }
    }
}

fn in_words(drawn: &Drawn<'_>) -> String {
    match drawn {
        Drawn::Integer(number) => format!("the whole number {number}"),
        Drawn::Decimal { .. } => "decimals".to_owned(),
        Drawn::Text(text) => format!("the text `{}`", text.chars().take(40).collect::<String>()),
        Drawn::Boolean(_) => "true or false".to_owned(),
        Drawn::Uuid(_) => "UUIDs".to_owned(),
        Drawn::Time(_) => "times".to_owned(),
    }
}
