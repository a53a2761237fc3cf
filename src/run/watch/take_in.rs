//! What the threads of a run measured, taken in when they have ended.

use std::collections::BTreeMap;

use super::Watch;
use crate::check::SentByPhase;
use crate::conclude::{Measured, StageMeasured, StreamMeasured};
use crate::consume::{StageReport, Unread};
use crate::figures::count;
use crate::mergeable::Merge;
use crate::produce::{ProduceReport, Producing};
use crate::run::plans::queue_of;
use crate::run::streams::PreparedStage;
use crate::verdict::{Reason, ReasonCode};

impl Watch<'_> {
    /// Takes in what was sent, and what did not go well.
    pub(super) fn take_in_sent(&self, measured: &mut Measured, producing: Producing) {
        let streams = &self.prepared.streams;
        for report in producing.join() {
            let stream = report.stream;
            measured.troubles.extend(trouble_of(&streams[stream].stream.name, &report));
            measured.streams[stream].merge(sent_by(report));
        }
        for (stream, of) in measured.streams.iter_mut().zip(streams) {
            (stream.queue_events, stream.linger_ms) = queue_of(self.prepared, of, stream);
        }
    }

    /// Takes in what was seen at a stage, and asks where its topic ends if that matters.
    pub(super) fn take_in_seen(&mut self, measured: &mut Measured, report: StageReport) {
        let StageReport { stream, stage, mut ledger, event_times, windows, complete, last_error, unread } = report;
        let of_stream = &self.prepared.streams[stream];
        let of_stage = &of_stream.stages[stage];
        let here = |reason: Reason| reason.of_stream(&of_stream.stream.name).at_stage(Some(&of_stage.name));
        if !complete {
            measured.troubles.push(here(self.not_read_to_end(&of_stage.name, last_error)));
        }
        measured.troubles.extend(unread_at(&of_stage.name, unread).map(here));
        if !(complete && of_stage.is_input) {
            self.look_for_the_end(&of_stage.topic, &mut ledger);
        }
        let beyond = event_times.as_ref().map_or(0, |times| times.beyond);
        measured.troubles.extend(beyond_the_models(of_stage, beyond).map(here));
        let stages = &mut measured.streams[stream].stages;
        stages.resize_with(of_stream.stages.len(), StageMeasured::default);
        stages[stage] = StageMeasured { delivered: Some(ledger), event_times, windows };
    }

    fn not_read_to_end(&self, stage: &str, last_error: Option<String>) -> Reason {
        let error = last_error.map(|error| format!("; the client reported: {error}")).unwrap_or_default();
        let cut_short = if self.stop.is_set_twice() {
            "the wait was cut short".to_owned()
        } else {
            format!("the drain of {} ended first", self.prepared.request.loaded.profile.drain)
        };
        Reason::new(ReasonCode::NotReadToEnd, format!("{stage}: not read to its end, {cut_short}{error}"))
    }
}

/// What could not be read at a stage, if there was any: what was in it is not known.
fn unread_at(stage: &str, unread: Unread) -> Option<Reason> {
    let Unread { batches, first, events: _ } = unread;
    let text = format!("{stage}: {batches} batches of records could not be read; the first: {}", first?);
    Some(Reason::new(ReasonCode::NotReadToEnd, text).observed(batches as f64))
}

/// Why a worker of this stream sent less than it should have, if it did.
fn trouble_of(stream: &str, report: &ProduceReport) -> Option<Reason> {
    let ProduceReport { worker, acks, .. } = report;
    let (code, text) = if let Some(reason) = worker.gave_up.as_ref().or(acks.fatal.as_ref()) {
        (ReasonCode::SendingEnded, format!("{stream}: sending ended before the schedule did: {reason}"))
    } else {
        let error = acks.last_error.as_ref().filter(|_| !acks.errors.is_empty())?;
        (ReasonCode::ClientError, format!("{stream}: the client's last error while events failed: {error}"))
    };
    Some(Reason::new(code, text).of_stream(stream))
}

/// A worker's part of what its stream sent.
fn sent_by(report: ProduceReport) -> StreamMeasured {
    let ProduceReport { worker, acks, .. } = report;
    let mut produced = acks.ledger.finish();
    produced.phases =
        SentByPhase { due_to_sent: worker.due_to_sent_by_phase, sent_to_acked: acks.sent_to_acked_by_phase };
    StreamMeasured {
        produced: Some(produced),
        due_to_sent: worker.due_to_sent,
        own_lateness: worker.own_lateness,
        sent_to_acked: acks.sent_to_acked,
        sent_events: worker.sent_events,
        sent: worker.sent,
        sent_bytes: worker.sent_bytes,
        queue_full: worker.queue_full,
        held_back_ns: worker.held_back_ns,
        capped_ns: worker.capped_ns,
        behind_at_end_ns: worker.behind_at_end_ns,
        worst_second_late_ns: 0,
        workers: 1,
        queue_events: 0,
        linger_ms: 0.0,
        errors: acks.errors.into_iter().collect::<BTreeMap<_, _>>(),
        throttled_ms: acks.throttled_ms,
        injected: worker.injected,
        stages: Vec::new(),
    }
}

/// That records came in partitions which the watermark models do not cover.
fn beyond_the_models(stage: &PreparedStage, beyond: u64) -> Option<Reason> {
    let PreparedStage { name, topic, .. } = stage;
    let text = format!(
        "{name}: {} records came in partitions that were added to topic {topic} meanwhile; the watermark models cover only the others",
        count(beyond),
    );
    (beyond > 0).then(|| Reason::new(ReasonCode::WatermarkUnknown, text).observed(beyond as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_is_a_reason_and_else_there_is_none() {
        assert_eq!(unread_at("out", Unread::default()), None);
        let first = Some("partition 3, the batch at offset 12: its CRC is wrong".to_owned());
        let reason = unread_at("out", Unread { batches: 2, events: 9, first }).unwrap();
        assert_eq!((reason.code, reason.observed), (ReasonCode::NotReadToEnd, Some(2.0)));
        let told = "out: 2 batches of records could not be read; the first: partition 3, the batch at offset 12: its CRC is wrong";
        assert_eq!(reason.text, told);
    }
}
