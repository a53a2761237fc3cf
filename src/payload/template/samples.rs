//! Samples of real messages, with the parts of an event written into stated places. Pure.
//!
//! Each sample becomes pieces, as a template does: what stands at a place is replaced, everything else stays as it is, byte by byte.

use std::collections::BTreeMap;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Pick, Piece, Template};
use crate::event::place::{Layout, Part, Place, TimePlace};
use crate::event::time_form::TimeForm;

/// Which sample is sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Draw {
    /// Any of them, each as often.
    #[default]
    Random,
    /// One after another, from the first again after the last.
    InOrder,
}

/// What a file of samples holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleForm {
    /// A JSON text on each line.
    JsonLines,
    /// A JSON text each, or nothing: a tombstone.
    Recorded,
    /// CSV: a row is a message, without the line of names.
    Csv,
    /// A message is a whole file.
    Files,
}

/// A message that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its line in the file, from 1.
    pub line: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Where the parts of an event are written: JSON pointers, or names of CSV columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SamplePlaces {
    /// The place of each part that is written into the message.
    pub at: Vec<(Part, String)>,
    /// The parts that travel in record headers.
    pub in_headers: Vec<Part>,
}

/// Samples that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SamplesError {
    /// One of them.
    #[error("line {line}: {what}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// None at all.
    #[error("it holds no samples")]
    None,
    /// The parts have no place.
    #[error("the id has no place: set `id` to where a message keeps it (`/meta/id`), or headers = [\"id\"]")]
    NoId,
    /// A place in a message that is opaque.
    #[error(
        "nothing can be written into a file of bytes: `{0}` must travel in a header; write headers = [\"id\", \"sent\"]"
    )]
    Opaque(&'static str),
}

impl Template {
    /// Of samples. `producers` is how many logical producers share the stream.
    ///
    /// # Errors
    /// [`SamplesError`]: a line that is not of its form or lacks a place, no samples, or an id without a place.
    pub fn of_samples(
        samples: Vec<Sample>,
        form: SampleForm,
        places: &SamplePlaces,
        draw: Draw,
        producers: u16,
    ) -> Result<Self, SamplesError> {
        let pick = match draw {
            Draw::Random => Pick::Drawn,
            Draw::InOrder => Pick::InOrder { producers: producers.max(1) },
        };
        let mut reader = SampleReader { form, places, times: Vec::new(), columns: Vec::new() };
        let mut hash = xxhash_rust::xxh3::Xxh3Default::new();
        samples.iter().for_each(|sample| hash.update(&sample.bytes));
        let variants = reader.all(samples)?;
        let layout = reader.layout()?;
        let mut template = Template::of_variants(variants, pick, reader.times, hash.digest());
        template.layout = layout;
        template.mean_bytes = template.sampled_mean();
        Ok(template)
    }
}

struct SampleReader<'p> {
    form: SampleForm,
    places: &'p SamplePlaces,
    times: Vec<(Part, TimeForm)>,
    /// The names of CSV's columns.
    columns: Vec<String>,
}

/// What replaces a part of a message.
struct Replaced {
    at: Range<usize>,
    piece: Piece,
    quoted: bool,
}

impl SampleReader<'_> {
    /// The pieces of each. A sample is let go as soon as its pieces are made: there may be many.
    fn all(&mut self, samples: Vec<Sample>) -> Result<Vec<Vec<Piece>>, SamplesError> {
        if let (SampleForm::Files, Some((part, _))) = (self.form, self.places.at.first()) {
            return Err(SamplesError::Opaque(key_of(*part)));
        }
        let mut variants = Vec::new();
        for Sample { line, bytes: message } in samples {
            let fail = |what| SamplesError::Line { line, what };
            match self.form {
                SampleForm::Files => variants.push(vec![Piece::Text(message)]),
                SampleForm::Recorded if message.is_empty() => variants.push(Vec::new()),
                SampleForm::Recorded => variants.push(self.json(&message).map_err(fail)?),
                _ if message.iter().all(u8::is_ascii_whitespace) => {}
                SampleForm::JsonLines => variants.push(self.json(&message).map_err(fail)?),
                SampleForm::Csv if self.columns.is_empty() => {
                    self.columns = row_of(&message).map_err(fail)?.iter().map(str::to_owned).collect();
                }
                SampleForm::Csv => variants.push(self.row(&message).map_err(fail)?),
            }
        }
        if variants.is_empty() { Err(SamplesError::None) } else { Ok(variants) }
    }

    fn json(&mut self, message: &[u8]) -> Result<Vec<Piece>, String> {
        let text = std::str::from_utf8(message).map_err(|_| "it is not UTF-8 text".to_owned())?;
        let whole: &RawValue = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        let mut replaced = Vec::new();
        for (part, pointer) in &self.places.at {
            let value = at_pointer(whole, pointer).ok_or_else(|| format!("no value stands at {pointer}"))?;
            let at = range_in(text, value);
            let (piece, quoted) = match part {
                Part::Id => (Piece::Id, true),
                part => {
                    let quoted = value.starts_with('"');
                    let form = TimeForm::recognise_text(value.trim_matches('"'))
                        .ok_or_else(|| format!("{value} at {pointer} is not a time"))?;
                    (Piece::Time(self.slot(*part, form)), quoted)
                }
            };
            replaced.push(Replaced { at, piece, quoted });
        }
        pieces_of(message, replaced)
    }

    fn row(&mut self, message: &[u8]) -> Result<Vec<Piece>, String> {
        let row = row_of(message)?;
        let mut fields: Vec<Vec<Piece>> = Vec::new();
        for (column, value) in row.iter().enumerate() {
            let name = self.columns.get(column).map_or("", String::as_str);
            let part = self.places.at.iter().find(|(_, place)| place == name).map(|(part, _)| *part);
            fields.push(vec![match part {
                Some(Part::Id) => Piece::Id,
                Some(part) => {
                    let form = TimeForm::recognise_text(value)
                        .ok_or_else(|| format!("`{value}` in column {name} is not a time"))?;
                    Piece::Time(self.slot(part, form))
                }
                None => Piece::Text(csv_field(value)),
            }]);
        }
        if let Some((_, place)) = self.places.at.iter().find(|(_, place)| !self.columns.contains(place)) {
            return Err(format!("there is no column `{place}`; the columns are: {}", self.columns.join(", ")));
        }
        if fields.len() < self.columns.len() {
            return Err(format!("it has {} fields, and the first line names {}", fields.len(), self.columns.len()));
        }
        Ok(joined(fields))
    }

    /// The place of a time in this form among all that are written.
    fn slot(&mut self, part: Part, form: TimeForm) -> usize {
        let wanted = (part, form);
        self.times.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            self.times.push(wanted);
            self.times.len() - 1
        })
    }

    fn layout(&self) -> Result<Layout, SamplesError> {
        let own = Layout::of_headers();
        let in_header = |part| self.places.in_headers.contains(&part);
        let written = |wanted| self.places.at.iter().find(|(part, _)| *part == wanted).map(|(_, place)| place.clone());
        let is_json = matches!(self.form, SampleForm::JsonLines | SampleForm::Recorded);
        let id = match (in_header(Part::Id), written(Part::Id), is_json) {
            (true, ..) => Place::Header(Part::Id.header().to_owned()),
            (_, Some(pointer), true) => Place::Pointer(pointer),
            (_, Some(_), _) => Place::Text,
            (_, None, _) => return Err(SamplesError::NoId),
        };
        let time = |part, own: Option<TimePlace>| {
            if in_header(part) {
                return own;
            }
            let place = Place::Pointer(written(part).filter(|_| is_json)?);
            // Samples may write a time in several forms.
            Some(TimePlace { place, form: TimeForm::Recognised })
        };
        Ok(Layout {
            id,
            due: time(Part::Due, own.due),
            sent: time(Part::Sent, own.sent),
            event_time: time(Part::EventTime, own.event_time),
        })
    }
}

/// The key of a profile that names a part's place.
fn key_of(part: Part) -> &'static str {
    match part {
        Part::Id => "id",
        Part::Due => "due",
        Part::Sent => "sent",
        Part::EventTime => "event_time",
    }
}

fn row_of(line: &[u8]) -> Result<csv::StringRecord, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
    let mut row = csv::StringRecord::new();
    reader.read_record(&mut row).map_err(|error| error.to_string())?;
    Ok(row)
}

/// A field as CSV writes it.
fn csv_field(value: &str) -> Vec<u8> {
    if value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\"")).into_bytes()
    } else {
        value.as_bytes().to_vec()
    }
}

fn joined(fields: Vec<Vec<Piece>>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            push(&mut pieces, Piece::Text(b",".to_vec()));
        }
        field.into_iter().for_each(|piece| push(&mut pieces, piece));
    }
    pieces
}

/// Adds a piece; texts that follow each other become one.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (_, Piece::Text(text)) if text.is_empty() => {}
        (Some(Piece::Text(before)), Piece::Text(text)) => before.extend(text),
        (_, piece) => pieces.push(piece),
    }
}

/// Where the value at a JSON pointer stands in a JSON text; nothing if there is none, or the text is not JSON.
pub(crate) fn value_at(text: &str, pointer: &str) -> Option<Range<usize>> {
    Some(range_in(text, at_pointer(serde_json::from_str(text).ok()?, pointer)?))
}

/// Where a part of a text, borrowed from it, stands in it.
fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// The text of the value at a JSON pointer, as it stands in the message.
fn at_pointer<'m>(whole: &'m RawValue, pointer: &str) -> Option<&'m str> {
    let mut value = whole;
    for step in pointer.strip_prefix('/')?.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = match value.get().as_bytes().first() {
            Some(b'[') => {
                let items: Vec<&'m RawValue> = serde_json::from_str(value.get()).ok()?;
                items.get(step.parse::<usize>().ok()?).copied()?
            }
            _ => {
                let entries: BTreeMap<std::borrow::Cow<'m, str>, &'m RawValue> =
                    serde_json::from_str(value.get()).ok()?;
                entries.get(step.as_str()).copied()?
            }
        };
    }
    Some(value.get())
}

fn pieces_of(message: &[u8], mut replaced: Vec<Replaced>) -> Result<Vec<Piece>, String> {
    replaced.sort_by_key(|part| part.at.start);
    let (mut pieces, mut done) = (Vec::new(), 0);
    for Replaced { at, piece, quoted } in replaced {
        if at.start < done {
            return Err("two parts have the same place".to_owned());
        }
        let quote = if quoted { "\"" } else { "" };
        push(&mut pieces, Piece::Text([&message[done..at.start], quote.as_bytes()].concat()));
        push(&mut pieces, piece);
        push(&mut pieces, Piece::Text(quote.as_bytes().to_vec()));
        done = at.end;
    }
    push(&mut pieces, Piece::Text(message[done..].to_vec()));
    // There may be many samples.
    pieces.shrink_to_fit();
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::event::payload::{Size, Stamps};
    use crate::event::{EventId, Partition, RunTag};
    use crate::payload::encoder::EventParts;
    use crate::payload::generator::FieldSeeds;
    use crate::payload::template::TemplateWriter;

    const STAMPS: Stamps =
        Stamps { event_time_ms: 1_760_000_000_123, due_us: 1_760_000_000_123_456, sent_us: 1_760_000_000_123_999 };

    fn id(sequence: u64) -> EventId {
        EventId {
            run: RunTag(7),
            stream: 0,
            producer: (sequence % 2) as u16,
            partition: Partition::new(2),
            sequence: sequence / 2,
        }
    }

    fn places(at: &[(Part, &str)], in_headers: &[Part]) -> SamplePlaces {
        SamplePlaces {
            at: at.iter().map(|(part, place)| (*part, (*place).to_owned())).collect(),
            in_headers: in_headers.to_vec(),
        }
    }

    fn numbered(messages: impl IntoIterator<Item = Vec<u8>>) -> Vec<Sample> {
        (1..).zip(messages).map(|(line, bytes)| Sample { line, bytes }).collect()
    }

    fn samples(text: &str, form: SampleForm, places: &SamplePlaces, draw: Draw) -> Result<Template, SamplesError> {
        let lines = text.lines().map(|line| line.as_bytes().to_vec());
        Template::of_samples(numbered(lines), form, places, draw, 2)
    }

    fn written(template: &Template, number: u64) -> String {
        let seeds = FieldSeeds { event: number.wrapping_mul(0x9E37_79B9_7F4A_7C15), key: 0 };
        let event = EventParts { id: id(number), stamps: &STAMPS, key: None, size_bytes: 0, seeds };
        let mut out = Vec::new();
        TemplateWriter::new(Arc::new(template.clone())).write(&mut out, &event, Size::Whole(0));
        String::from_utf8(out).unwrap()
    }

    const LINES: &str = r#"{"a~b":{"id":17,"n":1.50}, "t":[0,"2024-05-01T10:00:00Z"],"s":1714557600}
{"a~b":{"id":"x","n":2},"t":[0, "2024-05-01 10:00:01.5"] ,"s":1714557601000}

{"s":1714557602,"t":["x","2024-05-01T10:00:02Z"],"a~b":{"n":3,"id":null}}"#;

    #[test]
    fn only_what_stands_at_the_places_changes() {
        let places = places(&[(Part::Id, "/a~0b/id"), (Part::EventTime, "/t/1"), (Part::Sent, "/s")], &[]);
        let template = samples(LINES, SampleForm::JsonLines, &places, Draw::InOrder).unwrap();
        for (number, [n, sent]) in
            [["1.50", "1760000000"], ["2", "1760000000123"], ["3", "1760000000"], ["1.50", "1760000000"]]
                .iter()
                .enumerate()
        {
            let text = written(&template, number as u64);
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["a~b"]["id"], id(number as u64).to_uuid().to_string());
            assert_eq!(value["t"][1], "2025-10-09T08:53:20.123Z");
            assert!(text.contains(&format!("\"s\":{sent}")) && text.contains(&format!("\"n\":{n}")), "{text}");
        }
        assert!(written(&template, 1).ends_with("] ,\"s\":1760000000123}"), "blanks stay as they are");
        assert_eq!(template.layout().id, Place::Pointer("/a~0b/id".to_owned()));
        assert_eq!(template.layout().due, None);
    }

    #[test]
    fn drawn_samples_come_equally_often() {
        let template =
            samples(LINES, SampleForm::JsonLines, &places(&[(Part::Id, "/a~0b/id")], &[]), Draw::Random).unwrap();
        let mut seen = [0; 4];
        for number in 0..3000 {
            let value: Value = serde_json::from_str(&written(&template, number)).unwrap();
            seen[value["a~b"]["n"].as_f64().unwrap() as usize] += 1;
        }
        assert!(seen[1..].iter().all(|count| (900..1100).contains(count)), "{seen:?}");
    }

    #[test]
    fn a_row_of_csv_is_a_message() {
        let text = "id,name,at\n1,\"Baker, Tom\",2024-05-01T10:00:00Z\n2,\"say \"\"hi\"\"\",1714557600\n";
        let template =
            samples(text, SampleForm::Csv, &places(&[(Part::Id, "id"), (Part::EventTime, "at")], &[]), Draw::InOrder)
                .unwrap();
        assert_eq!(written(&template, 0), format!("{},\"Baker, Tom\",2025-10-09T08:53:20.123Z", id(0).to_uuid()));
        assert_eq!(written(&template, 1), format!("{},\"say \"\"hi\"\"\",1760000000", id(1).to_uuid()));
        assert_eq!((&template.layout().id, &template.layout().event_time), (&Place::Text, &None));
    }

    #[test]
    fn opaque_files_stay_as_they_are() {
        let files = vec![vec![0, 1, 255], Vec::new()];
        let in_headers = places(&[], &[Part::Id, Part::Sent]);
        let template =
            Template::of_samples(numbered(files.clone()), SampleForm::Files, &in_headers, Draw::InOrder, 1).unwrap();
        assert_eq!(template.layout().id, Layout::of_headers().id);
        let inside = places(&[(Part::Id, "/id")], &[]);
        assert_eq!(
            Template::of_samples(numbered(files), SampleForm::Files, &inside, Draw::InOrder, 1).unwrap_err(),
            SamplesError::Opaque("id")
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let by_id = places(&[(Part::Id, "/id")], &[]);
        let good = json!({ "id": 1 }).to_string();
        for (text, form, places, expected) in [
            (format!("{good}\n{good}\n{{\"id\""), SampleForm::JsonLines, &by_id, "line 3: it is not JSON"),
            (format!("{good}\n{{\"d\":1}}"), SampleForm::JsonLines, &by_id, "line 2: no value stands at /id"),
            (
                good.clone(),
                SampleForm::JsonLines,
                &places(&[(Part::Id, "/id"), (Part::Sent, "/id")], &[]),
                "is not a time",
            ),
            (String::new(), SampleForm::JsonLines, &by_id, "no samples"),
            (good, SampleForm::JsonLines, &places(&[], &[Part::Sent]), "the id has no place"),
            ("id,b\n1,2\n3".to_owned(), SampleForm::Csv, &places(&[(Part::Id, "id")], &[]), "line 3: it has 1 fields"),
            (
                "id,b\n1,2".to_owned(),
                SampleForm::Csv,
                &places(&[(Part::Id, "ib")], &[]),
                "there is no column `ib`; the columns are: id, b",
            ),
        ] {
            let error = samples(&text, form, places, Draw::Random).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
