//! The ledger of injections: what happened to the events that the profile disturbed on purpose.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event_time::watermark::Claim;
use crate::load::StreamSchedule;
use crate::mergeable::Merge;

/// A way in which the profile disturbs events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InjectionKind {
    /// The producer's clock is wrong by at least a millisecond, the resolution of event time.
    Skew,
    /// This one event's time is absurd.
    Absurd,
    /// The event happened before it is sent.
    Lateness,
    /// The event is sent again, or its first try was lost and it comes out of order.
    Retry,
    /// A further copy of an event; it counts copies, not events.
    Duplicate,
}

impl InjectionKind {
    /// All kinds, in the order of the table.
    pub const ALL: [InjectionKind; 5] = [
        InjectionKind::Skew,
        InjectionKind::Absurd,
        InjectionKind::Lateness,
        InjectionKind::Retry,
        InjectionKind::Duplicate,
    ];

    /// Its name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            InjectionKind::Skew => "skewed clock",
            InjectionKind::Absurd => "absurd time",
            InjectionKind::Lateness => "late",
            InjectionKind::Retry => "retried",
            InjectionKind::Duplicate => "duplicate",
        }
    }
}

/// What the profile did to one event: regenerated from the seed, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disturbed {
    /// See [`InjectionKind::Skew`].
    pub skew: bool,
    /// See [`InjectionKind::Absurd`].
    pub absurd: bool,
    /// See [`InjectionKind::Lateness`].
    pub late: bool,
    /// See [`InjectionKind::Retry`].
    pub retried: bool,
    /// Copies sent after the first send.
    pub copies: u8,
}

impl Disturbed {
    /// Whether a schedule disturbs any event in any of these ways.
    #[must_use]
    pub fn any_of(schedule: &StreamSchedule) -> bool {
        schedule.injections().is_active() || schedule.has_wrong_clocks()
    }

    /// What the schedule does to an event that is due `due_ns` nanoseconds after the start of the run. The due time of the event's place
    /// counts; for a moved event its first send is accurate enough, as long as the clock does not step in between.
    #[must_use]
    pub fn of(schedule: &StreamSchedule, producer: u16, sequence: u64, due_ns: u64) -> Self {
        const EVENT_TIME_NS: u64 = 1_000_000;
        let injected = schedule.injections().of(producer, sequence);
        let error_ns = schedule.clock_error_ns(producer, due_ns).unwrap_or(0);
        Disturbed {
            skew: error_ns.unsigned_abs() >= EVENT_TIME_NS,
            absurd: schedule.is_absurd(producer, sequence),
            late: injected.late,
            retried: injected.copies > 0 || injected.moved,
            copies: injected.copies,
        }
    }

    /// The kinds that apply to the event itself, not to its copies.
    fn kinds(self) -> impl Iterator<Item = InjectionKind> {
        let Disturbed { skew, absurd, late, retried, copies: _copies } = self;
        let holds = [
            (skew, InjectionKind::Skew),
            (absurd, InjectionKind::Absurd),
            (late, InjectionKind::Lateness),
            (retried, InjectionKind::Retry),
        ];
        holds.into_iter().filter(|(holds, _)| *holds).map(|(_, kind)| kind)
    }
}

/// What happened to the events of one kind.
/// `seen = kept + race + dropped`, and `counted_twice` are among the kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct InjectionCounts {
    /// How many did the profile inject into what was handed to the broker?
    pub injected: u64,
    /// How many were seen? (Of retried events the first delivery; further ones are duplicates.)
    pub seen: u64,
    /// How many of the seen are certainly dropped?
    pub dropped: u64,
    /// How many of the seen depend on the engine's timing?
    pub race: u64,
    /// How many of the seen are certainly kept?
    pub kept: u64,
    /// How many of the kept are counted a second time: copies of events, for a pipeline that does not remove duplicates?
    pub counted_twice: u64,
}

impl Merge for InjectionCounts {
    fn merge(&mut self, other: Self) {
        let InjectionCounts { injected, seen, dropped, race, kept, counted_twice } = other;
        self.injected += injected;
        self.seen += seen;
        self.dropped += dropped;
        self.race += race;
        self.kept += kept;
        self.counted_twice += counted_twice;
    }
}

/// What happened to the injected events, by kind. An event that is disturbed in two ways counts in both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct InjectionLedger {
    /// By kind; kinds without an event are absent.
    pub kinds: BTreeMap<InjectionKind, InjectionCounts>,
}

impl InjectionLedger {
    /// An event was handed to the broker, or is planned to be: `sends` of it, counting the first.
    pub fn inject(&mut self, disturbed: Disturbed, sends: u64) {
        if sends == 0 {
            return;
        }
        for kind in disturbed.kinds() {
            self.kinds.entry(kind).or_default().injected += 1;
        }
        let copies = u64::from(disturbed.copies).min(sends - 1);
        if copies > 0 {
            self.kinds.entry(InjectionKind::Duplicate).or_default().injected += copies;
        }
    }

    /// A further copy of an event was handed to the broker.
    pub fn inject_copy(&mut self) {
        self.kinds.entry(InjectionKind::Duplicate).or_default().injected += 1;
    }

    /// An event was delivered for the first time, and this is a model's claim about it.
    pub fn see(&mut self, disturbed: Disturbed, claim: Claim) {
        for kind in disturbed.kinds() {
            self.kinds.entry(kind).or_default().see(claim);
        }
    }

    /// An injected copy was delivered. With `removes_duplicates` the pipeline removes duplicates: then what is kept is not counted twice.
    pub fn see_copy(&mut self, claim: Claim, removes_duplicates: bool) {
        let counts = self.kinds.entry(InjectionKind::Duplicate).or_default();
        counts.see(claim);
        counts.counted_twice += u64::from(claim == Claim::SureKeep && !removes_duplicates);
    }
}

impl InjectionCounts {
    fn see(&mut self, claim: Claim) {
        self.seen += 1;
        match claim {
            Claim::SureKeep => self.kept += 1,
            Claim::Race => self.race += 1,
            // An event that the engine rejects is in no window, either.
            Claim::SureDrop | Claim::Refused => self.dropped += 1,
        }
    }
}

impl Merge for InjectionLedger {
    fn merge(&mut self, other: Self) {
        let InjectionLedger { kinds } = other;
        for (kind, counts) in kinds {
            self.kinds.entry(kind).or_default().merge(counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::profile::Profile;

    const PROFILE: &str = r#"
seed = 5
duration = "20s"
[[stream]]
name = "s"
rate = "1k/s"
producers = 4
[stream.skew]
offsets = ["0s", "-2s", "0s", "300ms"]
absurd = { share = 0.01, offset = "365d" }
[stream.lateness]
share = 0.1
median = "1s"
[stream.retries]
share = 0.2
again = 0.3
base = "10ms"
lost_first = 0.2
"#;

    fn schedule() -> Arc<StreamSchedule> {
        let profile: Profile = toml::from_str(PROFILE).unwrap();
        Arc::new(StreamSchedule::new(&profile.streams[0], 0, profile.seed, profile.duration.unwrap(), 4))
    }

    #[test]
    fn everything_that_is_injected_is_seen_when_nothing_is_lost() {
        let schedule = schedule();
        let (mut ledger, mut first, mut sends) = (InjectionLedger::default(), HashSet::new(), 0);
        for producer in 0..4 {
            for send in schedule.sends(producer, 0) {
                sends += 1;
                let disturbed = Disturbed::of(&schedule, producer, send.sequence, send.due_ns);
                if first.insert((producer, send.sequence)) {
                    ledger.inject(disturbed, 1 + u64::from(disturbed.copies));
                    ledger.see(disturbed, if disturbed.late { Claim::SureDrop } else { Claim::SureKeep });
                } else {
                    ledger.see_copy(Claim::SureKeep, false);
                }
            }
        }
        assert_eq!(ledger.kinds.len(), InjectionKind::ALL.len());
        for (kind, counts) in &ledger.kinds {
            assert_eq!(counts.injected, counts.seen, "{kind:?}");
            assert_eq!(counts.seen, counts.kept + counts.race + counts.dropped, "{kind:?}");
        }
        let of = |kind| ledger.kinds[&kind];
        assert_eq!(of(InjectionKind::Skew).injected, 10_000, "two of four clocks are wrong, for 20,000 events");
        assert_eq!(of(InjectionKind::Duplicate).counted_twice, sends - 20_000);
        assert_eq!(of(InjectionKind::Lateness).kept, 0);
        let near = |kind, expected: f64| (of(kind).injected as f64 / expected - 1.0).abs() < 0.2;
        assert!(near(InjectionKind::Absurd, 200.0) && near(InjectionKind::Lateness, 2000.0), "{ledger:?}");
        assert!(near(InjectionKind::Retry, 4000.0), "{ledger:?}");
    }

    fn ledger_of(events: &[(u8, u8)]) -> InjectionLedger {
        let mut ledger = InjectionLedger::default();
        for &(bits, fate) in events {
            let bit = |at: u8| bits >> at & 1 == 1;
            let disturbed =
                Disturbed { skew: bit(0), absurd: bit(1), late: bit(2), retried: bit(3), copies: u8::from(bit(3)) };
            let fate = [Claim::SureKeep, Claim::Race, Claim::SureDrop][usize::from(fate % 3)];
            ledger.inject(disturbed, 1 + u64::from(bit(4)));
            ledger.see(disturbed, fate);
            if bit(3) {
                ledger.see_copy(fate, bit(5));
            }
        }
        ledger
    }

    proptest! {
        #[test]
        fn parts_merge_to_the_whole(events in prop::collection::vec(any::<(u8, u8)>(), 0..80), cut in 0..80_usize) {
            let (one, two) = events.split_at(cut.min(events.len()));
            let (mut merged, mut other_way) = (ledger_of(one), ledger_of(two));
            merged.merge(ledger_of(two));
            other_way.merge(ledger_of(one));
            prop_assert_eq!(&merged, &ledger_of(&events));
            prop_assert_eq!(merged, other_way);
        }
    }

    #[test]
    fn a_pipeline_that_removes_duplicates_counts_none_twice() {
        let mut ledger = InjectionLedger::default();
        ledger.see_copy(Claim::SureKeep, true);
        ledger.see_copy(Claim::SureDrop, false);
        let counts = ledger.kinds[&InjectionKind::Duplicate];
        assert_eq!((counts.seen, counts.kept, counts.dropped, counts.counted_twice), (2, 1, 1, 0));
    }
}
