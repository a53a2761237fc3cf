//! Reads the messages of a topic, all of them or a sample, and has them judged.

use std::time::Duration;

use super::Survey;
use super::judged::Judged;
use super::look::Reader;
use super::range::TopicRange;
use crate::capture::live::{OpenRuns, RunReader};
use crate::capture::sample::chunks;
use crate::capture::{CaptureProgress, CaptureStep, Run};
use crate::clock::Clock;
use crate::consume::reading::{ReadError, Wanted, read_until_done};
use crate::kafka::{Record, Source, SourceEvent};
use crate::profile::Isolation;

/// How long nothing may come before the end of the topic.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many messages pass between two reports of the progress.
const SHOW_EVERY: u64 = 2000;

/// What is read, and what takes it in.
pub(super) struct Judging<'a> {
    pub(super) survey: &'a Survey,
    pub(super) range: &'a TopicRange,
    pub(super) reader: &'a Reader,
    pub(super) judged: &'a mut Judged,
    pub(super) progress: &'a mut dyn FnMut(CaptureProgress),
}

impl Judging<'_> {
    /// Every message of the range.
    pub(super) fn all(&mut self) -> Result<(), ReadError> {
        let Survey { settings, topic, .. } = self.survey;
        let mut open = OpenRuns::of(&self.range.runs);
        open.empty().iter().for_each(|partition| self.judged.partition_ended(*partition));
        let group = format!("floodmark-watermark-{}", std::process::id());
        let consumer = settings.consumer(&group, Isolation::ReadCommitted);
        let mut source = Source::open(&consumer, topic, &open.beginnings())?;
        let clock = Clock::anchored_now();
        let mut seen = 0_u64;
        let take = |event: SourceEvent<'_>| {
            if let SourceEvent::Record { record, .. } = &event
                && open.wants(record)
            {
                self.judge(record);
                seen += 1;
                self.show(seen);
            }
            if let Some(partition) = open.ended_by(&event) {
                self.judged.partition_ended(partition);
            }
            Wanted::while_open(open.runs())
        };
        read_until_done(&mut source, &clock, topic, PATIENCE, take)
    }

    /// Messages spread over the range.
    pub(super) fn sample(&mut self) -> Result<(), ReadError> {
        let Survey { settings, topic, sample, .. } = self.survey;
        let mut runs = RunReader::new(settings, topic, true);
        let ranges: Vec<(i64, i64)> = self.range.runs.iter().map(|run| (run.from, run.until)).collect();
        for round in chunks(&ranges, *sample) {
            let wanted: Vec<(Run, u64)> = round
                .iter()
                .map(|chunk| (Run { partition: chunk.partition, from: chunk.from, until: chunk.below }, chunk.records))
                .collect();
            runs.read(&wanted, |_, record| self.judge(record))?;
            let done = self.judged.messages().min(*sample);
            (self.progress)(CaptureProgress { doing: CaptureStep::Judging, done, of: *sample });
        }
        Ok(())
    }

    fn judge(&mut self, record: &Record<'_>) {
        if self.range.holds(record.timestamp().map(|timestamp| timestamp.ms)) {
            self.judged.see(record, &self.reader.read(record));
        }
    }

    /// Shows now and then how many messages of the range were seen.
    fn show(&mut self, seen: u64) {
        if seen.is_multiple_of(SHOW_EVERY) {
            let of = self.range.offsets();
            (self.progress)(CaptureProgress { doing: CaptureStep::Judging, done: seen.min(of), of });
        }
    }
}
