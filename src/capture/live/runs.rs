//! Reads runs of adjacent offsets, here and there in a topic.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::capture::Run;
use crate::clock::Clock;
use crate::consume::reading::ReadError;
use crate::consume::reading::{Wanted, read_until_done};
use crate::kafka::{ClientSettings, Record, Source, SourceEvent};
use crate::profile::Isolation;

/// The longest silence before the end of a run.
const PATIENCE: Duration = Duration::from_secs(20);
/// Little read-ahead: a run is short, and the next one is elsewhere. The user's settings take precedence.
const READ_LITTLE: [(&str, &str); 3] =
    [("queued.min.messages", "1"), ("fetch.message.max.bytes", "65536"), ("queued.max.messages.kbytes", "1024")];

/// A client that seeks from run to run.
pub(crate) struct RunReader<'a> {
    topic: &'a str,
    settings: BTreeMap<String, String>,
    source: Option<Source>,
    clock: Clock,
}

/// A run that is being read.
struct Open {
    place: usize,
    run: Run,
    most: u64,
}

impl<'a> RunReader<'a> {
    /// Reads only what is committed, or everything.
    pub(crate) fn new(settings: &ClientSettings, topic: &'a str, committed_only: bool) -> Self {
        let isolation = if committed_only { Isolation::ReadCommitted } else { Isolation::ReadUncommitted };
        let settings = settings.sampler(isolation, &READ_LITTLE);
        RunReader { topic, settings, source: None, clock: Clock::anchored_now() }
    }

    /// Reads runs, at most one of each partition, and limits the records of each. Returns for each the offset up to which it was read: its
    /// end, unless there were too many records, or the partition ends (for a committed reader: its committed part ends) before.
    ///
    /// # Errors
    /// When reading fails, or nothing comes for too long.
    pub(crate) fn read(
        &mut self,
        runs: &[(Run, u64)],
        mut seen: impl FnMut(usize, &Record<'_>),
    ) -> Result<Vec<i64>, ReadError> {
        let mut reached: Vec<i64> = runs.iter().map(|(run, _)| run.from).collect();
        let not_empty = runs.iter().enumerate().filter(|(_, (run, _))| run.until > run.from);
        let mut open: Vec<Open> =
            not_empty.map(|(place, (run, most))| Open { place, run: *run, most: *most }).collect();
        if open.is_empty() {
            return Ok(reached);
        }
        let from: Vec<(i32, i64)> = open.iter().map(|open| (open.run.partition as i32, open.run.from)).collect();
        let mut close = |open: &mut Vec<Open>, at: usize, offset: i64| {
            let Open { place, run, .. } = open.swap_remove(at);
            reached[place] = offset.clamp(run.from, run.until);
        };
        let clock = &self.clock;
        let source = match &mut self.source {
            Some(source) => {
                source.jump(self.topic, &from)?;
                source
            }
            none => none.insert(Source::open(&self.settings, self.topic, &from)?),
        };
        read_until_done(source, clock, self.topic, PATIENCE, |event| {
            match event {
                SourceEvent::Record { record, .. } => {
                    let (partition, offset) = (record.partition() as usize, record.offset());
                    if let Some(at) = open.iter().position(|open| open.run.partition == partition) {
                        let found = &mut open[at];
                        if (found.run.from..found.run.until).contains(&offset) && found.most > 0 {
                            found.most -= 1;
                            seen(found.place, &record);
                        }
                        // A record beyond the run's end shows that there is none before it.
                        if offset + 1 >= found.run.until || found.most == 0 {
                            close(&mut open, at, offset + 1);
                        }
                    }
                }
                SourceEvent::End { partition, offset } => {
                    let is_open = |open: &Open| open.run.partition == partition as usize && offset >= open.run.from;
                    if let Some(at) = open.iter().position(is_open) {
                        close(&mut open, at, offset);
                    }
                }
                SourceEvent::Error { .. } | SourceEvent::Unread { .. } => {}
            }
            Wanted::while_open(&open)
        })?;
        Ok(reached)
    }
}
