//! Reads an existing topic once, from its beginning to its present end, and asks what engines would drop. Nothing is written.

use std::time::Duration;

use super::prepare::{OFFSETS_TIMEOUT, SessionError};
use super::reading::{Wanted, read_until_done};
use crate::check::watermark::{ModelSpec, TimedRecord, Watermarks};
use crate::clock::Clock;
use crate::consume::extract::{Extracted, Extractor, Place};
use crate::consume::{latest_append_ms, recorded_append_ms};
use crate::kafka::{ClientSettings, Record, Source, SourceEvent, Target, TargetError};
use crate::profile::{Codec, Isolation};
use crate::results::verdicts::TopicWatermarks;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long nothing may come before the end of the topic.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the event time of a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventTimeAt {
    /// Where floodmark puts it: in its JSON, or in its headers.
    Floodmark,
    /// At a place in the message.
    Place(Place),
    /// It is the record's timestamp.
    Record,
}

/// Which topic, and for which models.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The client's settings.
    pub settings: ClientSettings,
    /// The topic.
    pub topic: String,
    /// Where the event time is.
    pub event_time: EventTimeAt,
    /// The models.
    pub models: Vec<ModelSpec>,
}

/// Reads the topic.
///
/// # Errors
/// When the cluster cannot be reached, the topic does not exist, or reading stops before its end.
pub fn survey(survey: &Survey) -> Result<TopicWatermarks, SessionError> {
    let Survey { settings, topic, event_time, models } = survey;
    let target = Target::connect(settings, CONNECT_TIMEOUT)?;
    let partitions = target.stage_partitions("", topic).map_err(|error| match error {
        TargetError::NoStageTopic { topic, .. } => {
            SessionError::Usage(format!("topic {topic} does not exist on this cluster; correct -t, or -b"))
        }
        other => other.into(),
    })?;
    let ranges = target.ranges(topic, partitions, Isolation::ReadCommitted, OFFSETS_TIMEOUT)?;
    let from: Vec<(i32, i64)> = ranges.iter().map(|range| (range.partition, range.start)).collect();
    // Each partition is read until its position is at the end that was found.
    let mut open: Vec<(i32, i64)> =
        ranges.iter().filter(|range| range.end > range.start).map(|range| (range.partition, range.end)).collect();
    let group = format!("floodmark-watermark-{}", std::process::id());
    let mut source = Source::open(&settings.consumer(&group, Isolation::ReadCommitted), topic, &from)?;
    let (clock, reader) = (Clock::anchored_now(), Reader::new(event_time));
    let mut watermarks = Watermarks::new(models, partitions as usize);
    let mut messages = 0;
    let take = |event: SourceEvent<'_>| {
        match event {
            SourceEvent::Record { record, consumed_ns, .. } => {
                if open.iter().any(|(partition, end)| *partition == record.partition() && record.offset() < *end) {
                    messages += 1;
                    reader.see(&record, consumed_ns, &mut watermarks);
                    open.retain(|(partition, end)| *partition != record.partition() || record.offset() + 1 < *end);
                }
            }
            SourceEvent::End { partition, offset } => {
                open.retain(|(open, end)| *open != partition || offset < *end);
            }
            SourceEvent::Error { .. } => {}
        }
        Wanted::while_open(&open)
    };
    // A topic without messages has nothing to wait for.
    if ranges.iter().any(|range| range.end > range.start) {
        read_until_done(&mut source, &clock, topic, PATIENCE, take)?;
    }
    let tallies = watermarks.finish();
    let watermarks = tallies.iter().map(|tally| super::watermark_of(tally, "")).collect();
    Ok(TopicWatermarks { topic: topic.clone(), partitions, messages, watermarks })
}

/// Finds the times of a message.
struct Reader {
    extractors: Vec<Extractor>,
    uses_record_time: bool,
}

impl Reader {
    fn new(event_time: &EventTimeAt) -> Self {
        let extractors = match event_time {
            EventTimeAt::Floodmark | EventTimeAt::Record => {
                vec![Extractor::of_codec(Codec::Json), Extractor::of_codec(Codec::Binary)]
            }
            EventTimeAt::Place(place) => vec![Extractor::of_event_time(place.clone())],
        };
        Reader { extractors, uses_record_time: *event_time == EventTimeAt::Record }
    }

    fn see(&self, record: &Record<'_>, consumed_ns: u64, watermarks: &mut Watermarks) {
        let extract = |extractor: &Extractor| extractor.extract(record.payload(), |name| record.header(name));
        let mut found: Option<Extracted> = None;
        for extractor in &self.extractors {
            found = Some(extract(extractor));
            if found.is_some_and(|found| found.event_time_ms.is_some()) {
                break;
            }
        }
        let Some(found) = found else { return };
        let record_time_ms = || record.timestamp().map(|timestamp| timestamp.ms);
        let event_time_ms = if self.uses_record_time { record_time_ms() } else { found.event_time_ms };
        let Some(event_time_ms) = event_time_ms else { return watermarks.observe_without_event_time() };
        watermarks.observe(&TimedRecord {
            partition: record.partition() as u16,
            event_time_ms,
            appended_ms: Some(recorded_append_ms(record, &found, consumed_ns)),
            appended_by_ms: Some(latest_append_ms(record, consumed_ns)),
            key_hash: record.key().map(xxhash_rust::xxh3::xxh3_64),
        });
    }
}
