//! Puts the threads' figures together, second by second.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};

use crate::by_the_second::Figures;
use crate::consume::StageFigures;
use crate::mergeable::Merge;
use crate::produce::{AckFigures, FiguresTo, SendFigures, Unacknowledged, Waiting};

/// How long after its end a second is put together: by then every thread has handed in its part.
const PATIENCE_NS: u64 = 300_000_000;

/// What happened to one stream within one second.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamSecond {
    /// The workers' part.
    pub sends: SendFigures,
    /// The acknowledgements' part.
    pub acks: AckFigures,
    /// Each stage's part.
    pub stages: Vec<StageFigures>,
}

/// One second of a run, and where the run stands at its end.
#[derive(Debug, Clone)]
pub(crate) struct SecondSeen {
    /// The second, counted from the start of the run.
    pub second: u64,
    /// The streams, in the profile's order.
    pub streams: Vec<StreamSecond>,
    /// Totals up to its end, stream by stream.
    pub totals: Vec<StreamTotals>,
}

/// Where a stream stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamTotals {
    /// Sends handed over so far.
    pub sent: u64,
    /// Acknowledged so far.
    pub acked: u64,
    /// Failed so far.
    pub failed: u64,
    /// Seen so far, further copies included, stage by stage.
    pub seen: Vec<u64>,
}

/// Collects the figures of all threads.
pub(super) struct Seconds {
    sends: Receiver<Figures<SendFigures>>,
    acks: Receiver<Figures<AckFigures>>,
    stages: Receiver<Figures<StageFigures>>,
    waits: Receiver<Waiting>,
    /// What waits for an acknowledgement, as each client said last.
    waiting: BTreeMap<(usize, u16), Unacknowledged>,
    /// Figures of seconds that have not been put together.
    open: BTreeMap<u64, Vec<StreamSecond>>,
    totals: Vec<StreamTotals>,
    next: u64,
}

/// Where the threads hand in their figures.
pub(super) struct HandIn {
    pub(super) produce: FiguresTo,
    pub(super) stages: std::sync::mpsc::Sender<Figures<StageFigures>>,
}

impl Seconds {
    /// For streams with so many stages each.
    pub(super) fn new(stages_of_streams: &[usize]) -> (Self, HandIn) {
        let ((to_sends, sends), (to_acks, acks), (to_stages, stages)) = (channel(), channel(), channel());
        let (to_waits, waits) = channel();
        let totals =
            stages_of_streams.iter().map(|stages| StreamTotals { seen: vec![0; *stages], ..StreamTotals::default() });
        let seconds = Seconds {
            sends,
            acks,
            stages,
            waits,
            waiting: BTreeMap::new(),
            open: BTreeMap::new(),
            totals: totals.collect(),
            next: 0,
        };
        let produce = FiguresTo { sends: to_sends, acks: to_acks, waits: to_waits };
        (seconds, HandIn { produce, stages: to_stages })
    }

    /// The seconds that are complete when it is `now_ns` from the start of the run. Figures that came too late for their second count in the next.
    pub(super) fn complete(&mut self, now_ns: u64) -> Vec<SecondSeen> {
        self.collect();
        let ended = now_ns.saturating_sub(PATIENCE_NS) / 1_000_000_000;
        (self.next..ended).map(|second| self.put_together(second)).collect()
    }

    /// What waits for an acknowledgement, stream by stream, if a client has said so since the last call.
    pub(super) fn unacknowledged(&mut self) -> Option<Vec<Unacknowledged>> {
        let before = self.waiting.clone();
        while let Ok(Waiting { stream, client, unacknowledged }) = self.waits.try_recv() {
            self.waiting.insert((stream, client), unacknowledged);
        }
        let mut streams = vec![Unacknowledged::default(); self.totals.len()];
        for ((stream, _), unacknowledged) in &self.waiting {
            streams[*stream].merge(*unacknowledged);
        }
        (self.waiting != before).then_some(streams)
    }

    /// What is left when all threads have ended: the last seconds, the very last of them incomplete.
    pub(super) fn rest(&mut self) -> Vec<SecondSeen> {
        self.collect();
        let Some(last) = self.open.keys().next_back().copied() else { return Vec::new() };
        (self.next..=last.max(self.next)).map(|second| self.put_together(second)).collect()
    }

    fn collect(&mut self) {
        while let Ok(Figures { stream, second, figures }) = self.sends.try_recv() {
            self.part(stream, second).sends.merge(figures);
        }
        while let Ok(Figures { stream, second, figures }) = self.acks.try_recv() {
            self.part(stream, second).acks.merge(figures);
        }
        while let Ok(Figures { stream, second, figures }) = self.stages.try_recv() {
            self.part(stream, second).stages[figures.stage].merge(figures);
        }
    }

    fn part(&mut self, stream: usize, second: u64) -> &mut StreamSecond {
        let totals = &self.totals;
        let streams = self.open.entry(second).or_insert_with(|| totals.iter().map(empty_second).collect());
        &mut streams[stream]
    }

    fn put_together(&mut self, second: u64) -> SecondSeen {
        let mut streams: Vec<StreamSecond> = self.totals.iter().map(empty_second).collect();
        let later = self.open.split_off(&(second + 1));
        for parts in std::mem::replace(&mut self.open, later).into_values() {
            for (stream, part) in streams.iter_mut().zip(parts) {
                stream.merge(part);
            }
        }
        for (totals, stream) in self.totals.iter_mut().zip(&streams) {
            totals.add(stream);
        }
        self.next = second + 1;
        SecondSeen { second, streams, totals: self.totals.clone() }
    }
}

fn empty_second(totals: &StreamTotals) -> StreamSecond {
    let stages = (0..totals.seen.len()).map(|stage| StageFigures { stage, ..StageFigures::default() }).collect();
    StreamSecond { stages, ..StreamSecond::default() }
}

impl Merge for StreamSecond {
    fn merge(&mut self, other: Self) {
        let StreamSecond { sends, acks, stages } = other;
        self.sends.merge(sends);
        self.acks.merge(acks);
        for (own, other) in self.stages.iter_mut().zip(stages) {
            own.merge(other);
        }
    }
}

impl StreamTotals {
    fn add(&mut self, second: &StreamSecond) {
        self.sent += second.sends.sent;
        self.acked += second.acks.acked;
        self.failed += second.acks.failed;
        for (seen, stage) in self.seen.iter_mut().zip(&second.stages) {
            *seen += stage.interval.counts.seen();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(second: u64, sent: u64) -> Figures<SendFigures> {
        Figures { stream: 0, second, figures: SendFigures { sent, ..SendFigures::default() } }
    }

    #[test]
    fn no_figure_is_lost_however_late_it_comes() {
        let (mut seconds, hand_in) = Seconds::new(&[1]);
        hand_in.produce.sends.send(sent(0, 5)).unwrap();
        assert_eq!(seconds.complete(1_299_999_999).len(), 0, "a second is given time to come together");
        let complete = seconds.complete(1_300_000_000);
        assert_eq!(complete.len(), 1);
        assert_eq!(complete[0].streams[0].sends.sent, 5);
        hand_in.produce.sends.send(sent(0, 2)).unwrap();
        hand_in.produce.sends.send(sent(1, 3)).unwrap();
        hand_in.produce.sends.send(sent(2, 4)).unwrap();
        let rest: Vec<_> =
            seconds.rest().iter().map(|rest| (rest.second, rest.streams[0].sends.sent, rest.totals[0].sent)).collect();
        assert_eq!(rest, [(1, 5, 10), (2, 4, 14)], "each second by itself, the late figures in the next");
        assert!(seconds.rest().is_empty());
    }

    #[test]
    fn what_waits_is_told_when_it_changes_over_all_clients_of_a_stream() {
        let (mut seconds, hand_in) = Seconds::new(&[1, 1]);
        assert_eq!(seconds.unacknowledged(), None);
        let say = |client: u16, events: u64| {
            let unacknowledged = Unacknowledged { events, oldest_ns: events, silent_ns: 1 };
            hand_in.produce.waits.send(Waiting { stream: 1, client, unacknowledged }).unwrap();
        };
        say(0, 5);
        say(1, 7);
        let told = seconds.unacknowledged().unwrap();
        assert_eq!(told.iter().map(|one| (one.events, one.oldest_ns)).collect::<Vec<_>>(), [(0, 0), (12, 7)]);
        say(1, 7);
        assert_eq!(seconds.unacknowledged(), None, "nothing has changed");
        say(1, 0);
        assert_eq!(seconds.unacknowledged().unwrap()[1].events, 5);
    }
}
