//! Where topics end: asked when all is sent, so that stages know up to where to read, and when they have read, so that what they were not shown is not lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::{TICK, Watch};
use crate::check::{Delivered, Produced};
use crate::conclude::{Measured, Role};
use crate::consume::{End, Observing, Told};
use crate::kafka::PartitionRange;
use crate::profile::Isolation;
use crate::run::record::LAST_PATIENCE;
use crate::run::streams::OFFSETS_TIMEOUT;
use crate::verdict::{Reason, ReasonCode};

impl Watch<'_> {
    /// Tells every stage what ends its reading: its own topic's end after the last acknowledgement, or its quiet time.
    pub(super) fn tell_the_end(&mut self, measured: &mut Measured, observing: &[Observing]) {
        if self.prepared.request.role != Role::Run {
            return;
        }
        // Partitions that have just come are to be read, too.
        self.wait_now_for("the broker to list its topics".to_owned());
        let answer = self.topics.watch.look_again();
        let _late = self.wait_for(&answer, LAST_PATIENCE);
        self.hear_of_topics(observing);
        for stage in observing {
            let produced = measured.streams[stage.stream].produced.as_ref();
            let (end, unknown) = self.end_of(stage, produced);
            measured.troubles.extend(unknown);
            stage.tell(Told::End(end));
        }
    }

    /// What ends a stage's reading, and why the topic's end is not known, if so.
    fn end_of(&mut self, stage: &Observing, produced: Option<&Produced>) -> (End, Option<Reason>) {
        let partitions = self.topics.partitions.get(&stage.topic).copied().unwrap_or_default();
        if !stage.is_input || partitions == 0 {
            return (End::Quiet, None);
        }
        let stream = &self.prepared.streams[stage.stream];
        // A broker that has died is not waited for longer than the profile allows.
        let drain = Duration::from_nanos(self.prepared.request.loaded.profile.drain.as_nanos());
        let isolation = stream.stages[stage.stage].isolation;
        self.wait_now_for(format!("the broker to tell where topic {} ends", stage.topic));
        match self.ranges_of(&stage.topic, isolation, OFFSETS_TIMEOUT.min(drain)) {
            Ok(ranges) => {
                // A topic that was made anew has offsets of its own.
                let acked =
                    produced.filter(|_| !self.topics.changed.contains(&stage.topic)).map(Produced::highest_acked);
                (End::Offsets(ends_of(&ranges, &acked.unwrap_or_default())), None)
            }
            Err(error) => {
                let text = format!("{}: the end of topic {} is unknown: {error}", stream.stream.name, stage.topic);
                let reason = Reason::new(ReasonCode::EndUnknown, text).of_stream(&stream.stream.name);
                (End::Quiet, Some(reason))
            }
        }
    }

    /// Asks where a topic ends, in a thread of its own: the client's call blocks, and a second signal must be heard meanwhile.
    fn ranges_of(
        &mut self,
        topic: &str,
        isolation: Isolation,
        patience: Duration,
    ) -> Result<Vec<PartitionRange>, String> {
        let partitions = self.topics.partitions.get(topic).copied().unwrap_or_default();
        let (target, topic) = (Arc::clone(&self.prepared.target), topic.to_owned());
        let (answer, answered) = channel();
        let ask = move || {
            let ranges = target.ranges(&topic, partitions, isolation, patience).map_err(|error| error.to_string());
            // Nobody waits for the answer any more when the wait was cut short.
            let _unheard = answer.send(ranges);
        };
        thread::Builder::new().name("ends".to_owned()).spawn(ask).map_err(|error| error.to_string())?;
        self.wait_for(&answered, Duration::MAX)?
    }

    /// Waits for an answer as long as nobody cuts the wait short.
    fn wait_for<T>(&mut self, answered: &Receiver<T>, patience: Duration) -> Result<T, String> {
        let begun = Instant::now();
        loop {
            match answered.recv_timeout(TICK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => return Err("the client gave no answer".to_owned()),
                Err(RecvTimeoutError::Timeout) => self.look_at_once(),
            }
            if self.stop.is_set_twice() {
                return Err("a second signal ended the wait".to_owned());
            }
            if begun.elapsed() > patience {
                return Err("no answer in time".to_owned());
            }
        }
    }

    /// Where a topic ends now: what lies there and was not shown to the reader is not lost. A broker that does not say is not asked again.
    pub(super) fn look_for_the_end(&mut self, topic: &str, ledger: &mut Delivered) {
        if self.stop.is_set_twice() {
            return;
        }
        self.wait_now_for(format!("the broker to tell where topic {topic} ends"));
        let mut ends = |isolation| {
            let mut ranges = self.ranges_of(topic, isolation, LAST_PATIENCE).ok()?;
            ranges.retain(|range| self.prepared.request.observes(range.partition));
            let ends = ranges.iter().map(|range| (range.partition as u16, range.end.max(0) as u64));
            Some(ends.collect::<BTreeMap<_, _>>())
        };
        match ends(Isolation::ReadUncommitted) {
            Some(all) => {
                ledger.ends = all;
                ledger.stable_ends = ends(Isolation::ReadCommitted).unwrap_or_default();
            }
            None => ledger.ends_unknown += 1,
        }
    }
}

/// Up to where a topic is read: its end, and whatever was acknowledged, which may lie beyond what readers are shown yet.
fn ends_of(ranges: &[PartitionRange], acked: &BTreeMap<u16, u64>) -> BTreeMap<i32, i64> {
    let mut ends: BTreeMap<i32, i64> = ranges.iter().map(|range| (range.partition, range.end)).collect();
    for (partition, offset) in acked {
        let end = ends.entry(i32::from(*partition)).or_default();
        *end = (*end).max(*offset as i64 + 1);
    }
    ends
}
