//! Looks at some messages first: where their event times are, how they are written, and whether there are any.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::range::TopicRange;
use super::{EventTimeAt, Survey, SurveyError};
use crate::capture::Run;
use crate::capture::live::RunReader;
use crate::capture::sample::chunks;
use crate::consume::Decoder;
use crate::consume::extract::{Extractor, Layout};
use crate::consume::masked::{places_of_times, shape_of};
use crate::event::time_form::TimeForm;
use crate::event_time::watermark::AppendTimes;
use crate::kafka::Record;
use crate::payload::schema::{FRAME_HEADER, unframe};

/// So many messages are looked at first.
const LOOK_AT: u64 = 200;
/// Most bytes of a message's shape that are shown.
const LONGEST_SHAPE: usize = 300;

/// Finds the event time of a message.
pub(super) struct Reader {
    extractors: Vec<Extractor>,
    uses_record_time: bool,
    decoder: Option<Arc<Decoder>>,
}

/// What was found in a message.
pub(super) struct Found<'r> {
    /// In milliseconds since 1970.
    pub(super) event_time_ms: Option<i64>,
    /// The payload; as JSON where it names a schema.
    pub(super) payload: Option<Cow<'r, [u8]>>,
}

impl Reader {
    pub(super) fn new(survey: &Survey) -> Self {
        let Survey { event_time, form, decoder, .. } = survey;
        let extractors = match event_time {
            EventTimeAt::Record => Vec::new(),
            EventTimeAt::Floodmark => [Layout::of_json(), Layout::of_headers()].map(Extractor::of_layout).into(),
            EventTimeAt::Place(place) => vec![Extractor::of_event_time(place.clone())],
        };
        let extractors = extractors.into_iter().map(|extractor| extractor.with_form(form)).collect();
        Reader { extractors, uses_record_time: *event_time == EventTimeAt::Record, decoder: decoder.clone() }
    }

    pub(super) fn read<'r>(&self, record: &'r Record<'_>) -> Found<'r> {
        if self.uses_record_time {
            let event_time_ms = record.timestamp().map(|timestamp| timestamp.ms);
            return Found { event_time_ms, payload: record.payload().map(Cow::Borrowed) };
        }
        let payload = record.payload().map(|payload| self.decoded(payload, record));
        let event_time =
            |extractor: &Extractor| extractor.extract(payload.as_deref(), |name| record.header(name)).event_time_ms;
        Found { event_time_ms: self.extractors.iter().find_map(event_time), payload }
    }

    /// A payload that names a schema as JSON; another, or one that cannot be decoded, as it is.
    fn decoded<'r>(&self, payload: &'r [u8], record: &Record<'_>) -> Cow<'r, [u8]> {
        let header = record.header(FRAME_HEADER);
        let named = self.decoder.as_ref().filter(|_| unframe(payload, header).is_some());
        let json = named.and_then(|decoder| decoder.decode(payload, header).ok());
        json.map_or(Cow::Borrowed(payload), |json| Cow::Owned(json.to_string().into_bytes()))
    }

    fn form_of(&self, found: &Found<'_>, record: &Record<'_>) -> Option<TimeForm> {
        let form = |extractor: &Extractor| extractor.recognise(found.payload.as_deref(), |name| record.header(name));
        self.extractors.iter().find_map(form)
    }
}

/// What a look at some messages showed.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// How many were looked at.
    pub(super) messages: u64,
    /// How many of them have an event time.
    pub(super) timed: u64,
    /// How those are written, and how many each.
    pub(super) forms: BTreeMap<String, u64>,
    /// The shape of a message without an event time, and where it may be.
    pub(super) example: Option<String>,
    /// What their timestamps say about when they were appended.
    pub(super) append: AppendTimes,
}

/// Looks at messages spread over the range.
///
/// # Errors
/// When none of them has an event time that can be read.
pub(super) fn look(survey: &Survey, range: &TopicRange, reader: &Reader) -> Result<Looked, SurveyError> {
    let mut runs = RunReader::new(&survey.settings, &survey.topic, true);
    let mut looked = Looked::default();
    let ranges: Vec<(i64, i64)> = range.runs.iter().map(|run| (run.from, run.until)).collect();
    for round in chunks(&ranges, LOOK_AT) {
        let wanted: Vec<(Run, u64)> = round
            .iter()
            .map(|chunk| (Run { partition: chunk.partition, from: chunk.from, until: chunk.below }, chunk.records))
            .collect();
        runs.read(&wanted, |_, record| {
            if range.holds(record.timestamp().map(|timestamp| timestamp.ms)) {
                looked.see(record, reader);
            }
        })?;
    }
    if looked.messages > 0 && looked.timed == 0 {
        return Err(SurveyError::Usage(nothing_readable(survey, &looked)));
    }
    Ok(looked)
}

impl Looked {
    fn see(&mut self, record: &Record<'_>, reader: &Reader) {
        self.messages += 1;
        let found = reader.read(record);
        let stamp = record.timestamp().map(|timestamp| (timestamp.ms, timestamp.by_broker));
        self.append.see(record.partition() as usize, stamp, found.event_time_ms);
        if found.event_time_ms.is_none() {
            self.example.get_or_insert_with(|| example(found.payload.as_deref()));
            return;
        }
        self.timed += 1;
        if let Some(form) = reader.form_of(&found, record) {
            *self.forms.entry(form.to_string()).or_default() += 1;
        }
    }
}

/// A message without what it says, and where in it times may be.
pub(super) fn example(payload: Option<&[u8]>) -> String {
    let mut shape = shape_of(payload);
    if let Some((cut, _)) = shape.char_indices().nth(LONGEST_SHAPE) {
        shape.truncate(cut);
        shape.push('…');
    }
    let places: Vec<String> =
        places_of_times(payload).into_iter().map(|(place, form)| format!("{place} ({form})")).collect();
    if places.is_empty() { shape } else { format!("{shape}; times may be at {}", places.join(", ")) }
}

fn nothing_readable(survey: &Survey, looked: &Looked) -> String {
    let Survey { topic, event_time, form, .. } = survey;
    let written = if *form == TimeForm::Recognised { String::new() } else { format!(", written as {form}") };
    let place = match event_time {
        EventTimeAt::Floodmark => "where floodmark puts it".to_owned(),
        EventTimeAt::Place(place) => format!("at {place}"),
        EventTimeAt::Record => {
            return format!("topic {topic}: its records have no timestamp; choose another --event-time");
        }
    };
    let example = looked.example.as_deref().unwrap_or("nothing");
    format!(
        "topic {topic}: none of {} sampled messages has an event time {place}{written}, so nothing was judged; one looks like {example}; set the place with --event-time (/pointer, header:NAME, record), and the form with --event-time-format",
        looked.messages
    )
}
