//! From a template's text to its pieces, or to the line and column of what is wrong.

use super::Piece;
use crate::event::place::Part;
use crate::event::time_form::{TimeForm, TimeFormError};
use crate::nearest::nearest;
use crate::payload::generator::Generator;

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// The places that need no rule.
const OWN_PLACES: [&str; 8] = ["id", "event_time", "due", "sent", "key", "sequence", "filler", "end"];
/// How deep repeats and conditions may be nested.
const DEEPEST: usize = 16;
/// The most turns of a repeated part.
const MOST_TURNS: u64 = 100_000;

/// A template that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct TemplateError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: Wrong,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// `{{` without its end.
    #[error("`{{{{` is not closed; write `}}}}` on the same line, or `{{{{\"{{{{\"}}}}` for the two braces themselves")]
    Unclosed,
    /// Nothing between the braces.
    #[error("the place is empty; write what stands there, as in `{{{{id}}}}`")]
    Empty,
    /// A name without a rule.
    #[error("no field is called `{name}`{}; add [stream.payload.fields.{name}], or use id, event_time, due, sent, key, sequence or filler", near.as_ref().map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default())]
    Unknown {
        /// As written.
        name: String,
        /// The most similar name.
        near: Option<String>,
    },
    /// A form after something that is no time.
    #[error(
        "`{0}` cannot have a format here: only event_time, due and sent can, as in `{{{{sent:rfc3339}}}}`; a field's format is a key of its rule"
    )]
    NoForm(String),
    /// A form that is not valid.
    #[error(transparent)]
    Form(#[from] TimeFormError),
    /// `{{end}}` without a beginning.
    #[error(
        "`{{{{end}}}}` closes nothing; remove it, or open a part with `{{{{repeat FIELD}}}}` or `{{{{if FIELD}}}}`"
    )]
    NothingOpen,
    /// A beginning without `{{end}}`.
    #[error("this part has no `{{{{end}}}}`")]
    NeverEnds,
    /// A repeat by a field that is no number, or too large a number.
    #[error(
        "`{0}` must be a field of kind = \"integer\" with a `max` of at most {MOST_TURNS} to say how often a part is repeated"
    )]
    NotTurns(String),
    /// A condition that is not true or false.
    #[error("`{0}` must be a field of kind = \"boolean\" to say whether a part is written")]
    NotBoolean(String),
    /// The separator is not a text in quotes.
    #[error("what stands between the turns is written in quotes: `{{{{repeat {0} \",\"}}}}`")]
    Separator(String),
    /// Two fillers.
    #[error("a template has one `{{{{filler}}}}` at most, outside of repeated parts")]
    Fillers,
    /// A filler in a text that is no payload.
    #[error("`{{{{filler}}}}` brings a payload to its size, and has no place here")]
    FillerBeside,
    /// A place in a key that is not the key's.
    #[error("`{0}` is not the same for all events of a key, and has no place in it")]
    NotOfKey(String),
    /// A field in a key that is not the key's.
    #[error(
        "`{0}` is not the same for all events of a key: add by = \"key\" to its rule, and choose another kind than time"
    )]
    FieldNotOfKey(String),
    /// A key without its name.
    #[error("the text of the key has no place for {{{{key}}}}, so different keys would be the same")]
    NoKey,
    /// Too deep.
    #[error("parts are nested more than {DEEPEST} deep")]
    TooDeep,
    /// No id.
    #[error(
        "the template has no place for the id, so nothing could be checked: write {{{{id}}}} where the pipeline keeps it, or headers = [\"id\"] in `payload`"
    )]
    NoId,
    /// The id stands in a part that is not always there.
    #[error(
        "the id stands only in a part that is repeated or left out: write {{{{id}}}} outside of it, or headers = [\"id\"] in `payload`"
    )]
    IdNotAlways,
    /// The template of a JSON file does not make JSON.
    #[error("what the template writes is not JSON: {0}; name the file without .json if it is something else")]
    NotJson(String),
}

/// Reads the pieces of a text; `names` and `generators` are the fields, in the same order. Adds the times that it holds to `times`.
pub(super) fn pieces(
    text: &str,
    names: &[&str],
    generators: &[Generator],
    times: &mut Vec<(Part, TimeForm)>,
) -> Result<Vec<Piece>, TemplateError> {
    let mut reader = Reader { text, at: 0, names, generators, fillers: 0, times: Vec::new() };
    let (pieces, ended) = reader.body(0)?;
    *times = reader.times;
    match ended {
        Some(at) => Err(error_at(text, at, Wrong::NothingOpen)),
        None => Ok(pieces),
    }
}

/// An error at a byte of the text.
pub(super) fn error_at(text: &str, at: usize, what: Wrong) -> TemplateError {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    TemplateError { line, column, what }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    names: &'t [&'t str],
    generators: &'t [Generator],
    fillers: usize,
    times: Vec<(Part, TimeForm)>,
}

impl Reader<'_> {
    /// The pieces up to the end of the text, or up to an `{{end}}`: then with its position.
    fn body(&mut self, depth: usize) -> Result<(Vec<Piece>, Option<usize>), TemplateError> {
        let mut pieces = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(offset) = rest.find(OPEN) else {
                add_text(&mut pieces, rest);
                self.at = self.text.len();
                return Ok((pieces, None));
            };
            add_text(&mut pieces, &rest[..offset]);
            let opened = self.at + offset;
            let place = self.place(opened)?;
            if place == "end" {
                return Ok((pieces, Some(opened)));
            }
            let piece = self.piece(&place, opened, depth)?;
            match piece {
                Piece::Text(text) => add_text(&mut pieces, &String::from_utf8_lossy(&text)),
                piece => pieces.push(piece),
            }
        }
    }

    /// What stands between the braces that open at `opened`; reading goes on behind them.
    fn place(&mut self, opened: usize) -> Result<String, TemplateError> {
        let inside = &self.text[opened + OPEN.len()..];
        let line = inside.split('\n').next().unwrap_or_default();
        let end = close_of(line).ok_or_else(|| error_at(self.text, opened, Wrong::Unclosed))?;
        self.at = opened + OPEN.len() + end + CLOSE.len();
        Ok(inside[..end].trim().to_owned())
    }

    fn piece(&mut self, place: &str, opened: usize, depth: usize) -> Result<Piece, TemplateError> {
        let fail = |what| Err(error_at(self.text, opened, what));
        if place.is_empty() {
            return fail(Wrong::Empty);
        }
        if let Some(quoted) = quoted(place) {
            return Ok(Piece::Text(quoted.as_bytes().to_vec()));
        }
        match place.split_once(char::is_whitespace) {
            Some(("repeat", rest)) => self.repeat(rest.trim(), opened, depth),
            Some(("if", name)) => self.condition(name.trim(), opened, depth),
            _ => self.value(place, opened, depth),
        }
    }

    fn value(&mut self, place: &str, opened: usize, depth: usize) -> Result<Piece, TemplateError> {
        let (name, form) = place.split_once(':').map_or((place, None), |(name, form)| (name.trim(), Some(form.trim())));
        let part = match name {
            "event_time" => Some(Part::EventTime),
            "due" => Some(Part::Due),
            "sent" => Some(Part::Sent),
            _ => None,
        };
        if let Some(part) = part {
            let form = form.map_or(Ok(TimeForm::Number(part.own_unit())), str::parse);
            let form = form.map_err(|error| error_at(self.text, opened, Wrong::Form(error)))?;
            self.times.push((part, form));
            return Ok(Piece::Time(self.times.len() - 1));
        }
        if form.is_some() {
            return Err(error_at(self.text, opened, Wrong::NoForm(name.to_owned())));
        }
        match name {
            "id" => Ok(Piece::Id),
            "key" => Ok(Piece::Key),
            "sequence" => Ok(Piece::Sequence),
            "filler" => {
                self.fillers += 1;
                if self.fillers > 1 || depth > 0 {
                    return Err(error_at(self.text, opened, Wrong::Fillers));
                }
                Ok(Piece::Filler)
            }
            name => self.field(name, opened).map(Piece::Field),
        }
    }

    fn field(&self, name: &str, opened: usize) -> Result<usize, TemplateError> {
        self.names.iter().position(|known| *known == name).ok_or_else(|| {
            let near = nearest(name, self.names.iter().chain(&OWN_PLACES).copied()).map(str::to_owned);
            error_at(self.text, opened, Wrong::Unknown { name: name.to_owned(), near })
        })
    }

    fn repeat(&mut self, rest: &str, opened: usize, depth: usize) -> Result<Piece, TemplateError> {
        let (name, separator) =
            rest.split_once(char::is_whitespace).map_or((rest, ""), |(name, rest)| (name, rest.trim()));
        let times = self.field(name, opened)?;
        let generator = &self.generators[times];
        if !generator.is_integer() || generator.largest() > MOST_TURNS {
            return Err(error_at(self.text, opened, Wrong::NotTurns(name.to_owned())));
        }
        let separator = match (separator, quoted(separator)) {
            ("", _) => "",
            (_, Some(text)) => text,
            _ => return Err(error_at(self.text, opened, Wrong::Separator(name.to_owned()))),
        };
        let separator = separator.as_bytes().to_vec();
        Ok(Piece::Repeat { times, separator, body: self.inner(opened, depth)? })
    }

    fn condition(&mut self, name: &str, opened: usize, depth: usize) -> Result<Piece, TemplateError> {
        let holds = self.field(name, opened)?;
        if !self.generators[holds].is_boolean() {
            return Err(error_at(self.text, opened, Wrong::NotBoolean(name.to_owned())));
        }
        Ok(Piece::If { holds, body: self.inner(opened, depth)? })
    }

    fn inner(&mut self, opened: usize, depth: usize) -> Result<Vec<Piece>, TemplateError> {
        if depth == DEEPEST {
            return Err(error_at(self.text, opened, Wrong::TooDeep));
        }
        match self.body(depth + 1)? {
            (body, Some(_)) => Ok(body),
            (_, None) => Err(error_at(self.text, opened, Wrong::NeverEnds)),
        }
    }
}

/// Where the braces close: not inside of quotes.
fn close_of(line: &str) -> Option<usize> {
    let mut in_quotes = false;
    line.char_indices().find_map(|(at, next)| {
        in_quotes ^= next == '"';
        (!in_quotes && line[at..].starts_with(CLOSE)).then_some(at)
    })
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

fn add_text(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.extend_from_slice(text.as_bytes()),
        _ => pieces.push(Piece::Text(text.as_bytes().to_vec())),
    }
}
