//! Checks the due time in a message against the schedule: a pipeline may have changed it.

use crate::load::{DueTimes, Dues};

/// Nanoseconds in a microsecond, the unit of times in payloads.
const NANOS_PER_US: u64 = 1000;
/// A claim went through a pipeline's numbers: a difference of this many microseconds is rounding, not another time.
const ROUNDING_US: u64 = 1;
/// Claims that are rounded to more than this say too little of when the run began.
const VAGUE_US: u64 = 1_000;
/// Two claims establish a start only if their due times in the schedule are this far apart:
/// in a wrong unit they would be a thousandth of it apart, or less.
const APART_NS: u64 = 10_000_000;

/// How a message's claim compares with the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DueWord {
    /// It agrees with the schedule.
    #[default]
    Agrees,
    /// The message has no readable claim; the schedule's due time is used.
    Missing,
    /// It disagrees; the schedule's due time is used.
    Disagrees,
    /// The start of the run is not known yet, and without it the schedule gives no moment.
    Unsettled,
}

/// When an event was due, and what its message claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// In nanoseconds since 1970, by the schedule; nothing while the start is unknown.
    pub ns: Option<u64>,
    /// In nanoseconds from the start of the run, by the schedule.
    pub offset_ns: u64,
    /// How the message's claim compares.
    pub word: DueWord,
    /// Whether it was due in the warm-up.
    pub warmup: bool,
}

/// A claim that the schedule contradicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct DueContradiction {
    /// What the message claims, in the unit of payloads: microseconds since 1970.
    pub claimed_us: u64,
    /// What the schedule says, in the same unit.
    pub due_us: u64,
}

impl DueContradiction {
    /// The unit that the claim seems to be written in, if it is the right time in another unit.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        let DueContradiction { claimed_us, due_us } = *self;
        // A difference of some weeks is not another unit: a time since 1970 has billions of seconds.
        let near = |claimed_us: u64| claimed_us.abs_diff(due_us) <= due_us / 1000;
        [
            ("milliseconds", near(claimed_us.saturating_mul(1000))),
            ("seconds", near(claimed_us.saturating_mul(1_000_000))),
            ("nanoseconds", near(claimed_us / 1000)),
        ]
        .into_iter()
        .find_map(|(unit, is_near)| is_near.then_some(unit))
    }
}

/// Checks the claims of one stage's messages.
#[derive(Debug)]
pub(crate) struct DueCheck {
    times: DueTimes,
    warmup_ns: u64,
    /// How far claims are rounded.
    rounding_us: u64,
    start: Start,
    /// Claims that fit another start than this run's.
    other: Vote,
    first: Option<DueContradiction>,
}

/// What is known of the start of the run, in nanoseconds since 1970.
#[derive(Debug)]
enum Start {
    Known(u64),
    /// By logical producer, because each shard may have its own start: what the claims agree on.
    ByClaims(Vec<Vote>),
}

/// Finds the start that claims agree on.
#[derive(Debug, Clone, Copy, Default)]
struct Vote {
    /// The start by the last claim that did not fit, and its event's due time in the schedule.
    last: Option<(u64, u64)>,
    agreed_ns: Option<u64>,
    /// How many claims fit the agreed start.
    fit: u64,
}

impl Vote {
    /// Takes in a claim and its event's due time in the schedule; returns whether it fits the agreed start.
    fn cast(&mut self, claimed_us: u64, due_ns: u64, rounding_us: u64) -> bool {
        let Some(start_ns) = claimed_us.checked_mul(NANOS_PER_US).and_then(|ns| ns.checked_sub(due_ns)) else {
            return false;
        };
        let is_same = |one: u64, other: u64| one.abs_diff(other) <= (rounding_us + 1) * NANOS_PER_US;
        if self.agreed_ns.is_some_and(|agreed_ns| is_same(agreed_ns, start_ns)) {
            self.fit += 1;
            return true;
        }
        match self.last {
            Some((before_ns, before_due_ns)) if is_same(before_ns, start_ns) => {
                if before_due_ns.abs_diff(due_ns) >= APART_NS && self.agreed_ns.is_none() {
                    // A claim is truncated to its microsecond: the later of two starts is the nearer.
                    self.agreed_ns = Some(before_ns.max(start_ns));
                    self.fit += 2;
                    return true;
                }
            }
            _ => self.last = Some((start_ns, due_ns)),
        }
        false
    }
}

impl DueCheck {
    /// For this schedule. `start_ns` is the start of the run, in nanoseconds since 1970; without it the claims have to agree on one.
    #[must_use]
    pub(crate) fn new(times: DueTimes, start_ns: Option<u64>, producers: u16, warmup_ns: u64) -> Self {
        let by_claims = || Start::ByClaims(vec![Vote::default(); usize::from(producers)]);
        let start = start_ns.map_or_else(by_claims, Start::Known);
        DueCheck { times, warmup_ns, rounding_us: ROUNDING_US, start, other: Vote::default(), first: None }
    }

    /// The same, for messages whose due times are rounded to this many microseconds.
    #[must_use]
    pub(crate) fn rounded_to(self, rounding_us: u64) -> Self {
        DueCheck { rounding_us: rounding_us.max(ROUNDING_US), ..self }
    }

    /// Sets the start of the run.
    pub(crate) fn start_at(&mut self, start_ns: u64) {
        self.start = Start::Known(start_ns);
    }

    /// When an event of this stream was due, given what its message claims; nothing for an event that the schedule does not have.
    pub(crate) fn judge(&mut self, producer: u16, sequence: u64, claimed_us: Option<u64>) -> Option<Due> {
        let dues = self.times.when(producer, sequence)?;
        let rounding_us = self.rounding_us;
        let start_ns = match &mut self.start {
            Start::Known(start_ns) => Some(*start_ns),
            Start::ByClaims(votes) => {
                let vote = votes.get_mut(usize::from(producer))?;
                // The claim of a copy belongs to one of several sends, and it is unknown which.
                let is_vague = rounding_us > VAGUE_US || !dues.is_single();
                if let (Some(claimed_us), None, false) = (claimed_us, vote.agreed_ns, is_vague) {
                    vote.cast(claimed_us, dues.first_ns(), rounding_us);
                }
                vote.agreed_ns
            }
        };
        let Some(start_ns) = start_ns else {
            let word = if claimed_us.is_some() { DueWord::Unsettled } else { DueWord::Missing };
            let warmup = dues.first_ns() < self.warmup_ns;
            return Some(Due { ns: None, offset_ns: dues.first_ns(), word, warmup });
        };
        Some(self.against(start_ns, &dues, claimed_us))
    }

    fn against(&mut self, start_ns: u64, dues: &Dues, claimed_us: Option<u64>) -> Due {
        let at = |due_ns: u64| start_ns.saturating_add(due_ns);
        let warmup = dues.first_ns() < self.warmup_ns;
        let due = |offset_ns, word| Due { ns: Some(at(offset_ns)), offset_ns, word, warmup };
        let Some(claimed_us) = claimed_us else { return due(dues.first_ns(), DueWord::Missing) };
        let apart_us = |offset_ns: &u64| (at(*offset_ns) / NANOS_PER_US).abs_diff(claimed_us);
        if let Some(offset_ns) = dues.all().min_by_key(apart_us).filter(|nearest| apart_us(nearest) <= self.rounding_us)
        {
            return due(offset_ns, DueWord::Agrees);
        }
        self.first.get_or_insert(DueContradiction { claimed_us, due_us: at(dues.first_ns()) / NANOS_PER_US });
        if dues.is_single() {
            self.other.cast(claimed_us, dues.first_ns(), self.rounding_us);
        }
        due(dues.first_ns(), DueWord::Disagrees)
    }

    /// The start of the run, if known: as announced, or by the claims of the producer whose events began first.
    #[must_use]
    pub(crate) fn start_ns(&self) -> Option<u64> {
        match &self.start {
            Start::Known(start_ns) => Some(*start_ns),
            Start::ByClaims(votes) => votes.iter().filter_map(|vote| vote.agreed_ns).min(),
        }
    }

    /// The first claim that the schedule contradicts.
    #[must_use]
    pub(crate) fn contradiction(&self) -> Option<DueContradiction> {
        self.first
    }

    /// If claims reveal another run of this schedule with the same id: how much later it began than this one (earlier, if negative), in
    /// nanoseconds, and how many messages it has at least.
    #[must_use]
    pub(crate) fn other_run(&self) -> Option<(i64, u64)> {
        let (other_ns, own_ns) = (self.other.agreed_ns?, self.start_ns()?);
        Some((other_ns.cast_signed().saturating_sub(own_ns.cast_signed()), self.other.fit))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::load::StreamSchedule;
    use crate::profile::Span;

    const START_NS: u64 = 1_760_000_000_123_456_789;

    fn schedule(more: &str) -> Arc<StreamSchedule> {
        let text = format!("[[stream]]\nname = \"s\"\nrate = \"500/s\"\nproducers = 2\narrivals = \"poisson\"\n{more}");
        let profile: crate::profile::Profile = toml::from_str(&text).unwrap();
        Arc::new(StreamSchedule::new(&profile.streams[0], 0, 7, Span::from_secs(4), 4))
    }

    fn check(schedule: &Arc<StreamSchedule>, start_ns: Option<u64>) -> DueCheck {
        DueCheck::new(DueTimes::of(Arc::clone(schedule)), start_ns, 2, 1_000_000_000)
    }

    /// Every send as its message claims it: producer, sequence, due time from the start, claim.
    fn sends(schedule: &Arc<StreamSchedule>) -> Vec<(u16, u64, u64, u64)> {
        let of = |producer| {
            schedule
                .sends(producer, 0)
                .map(move |send| (producer, send.sequence, send.due_ns, (START_NS + send.due_ns) / 1000))
        };
        (0..2).flat_map(of).collect()
    }

    #[test]
    fn what_the_generator_wrote_agrees_and_copies_do_too() {
        for more in ["", "retries = { share = 0.5, again = 0.5, base = \"20ms\", lost_first = 0.3 }"] {
            let schedule = schedule(more);
            let mut check = check(&schedule, Some(START_NS));
            for (producer, sequence, due_ns, claimed_us) in sends(&schedule) {
                let due = check.judge(producer, sequence, Some(claimed_us)).unwrap();
                // Two copies may be due in the same microsecond.
                let apart_ns = due.ns.unwrap().abs_diff(START_NS + due_ns);
                assert!(due.word == DueWord::Agrees && apart_ns < 1000, "{due:?} for {due_ns}");
            }
            assert_eq!((check.contradiction(), check.other_run()), (None, None));
        }
    }

    #[test]
    fn a_claim_in_another_unit_changes_no_due_time_and_its_unit_is_guessed() {
        type Change = fn(u64) -> u64;
        let changes: [(Change, Option<&str>); 4] = [
            (|us| us / 1000, Some("milliseconds")),
            (|us| us / 1_000_000, Some("seconds")),
            (|us| us * 1000, Some("nanoseconds")),
            (|us| us + 250, None),
        ];
        for (change, unit) in changes {
            let schedule = schedule("");
            let mut check = check(&schedule, Some(START_NS));
            for (producer, sequence, due_ns, claimed_us) in sends(&schedule) {
                let due = check.judge(producer, sequence, Some(change(claimed_us))).unwrap();
                assert_eq!((due.word, due.ns), (DueWord::Disagrees, Some(START_NS + due_ns)));
                assert_eq!(due.warmup, due_ns < 1_000_000_000, "whatever the message claims");
            }
            assert_eq!(check.contradiction().unwrap().unit(), unit);
        }
    }

    #[test]
    fn a_message_without_a_claim_has_the_schedules_due_time() {
        let schedule = schedule("");
        let mut check = check(&schedule, Some(START_NS));
        let (producer, sequence, due_ns, _) = sends(&schedule)[40];
        let due = check.judge(producer, sequence, None).unwrap();
        assert_eq!((due.word, due.ns), (DueWord::Missing, Some(START_NS + due_ns)));
        assert_eq!(check.judge(0, schedule.planned_by(0), None), None, "an event that the schedule does not have");
    }

    #[test]
    fn without_a_start_the_claims_of_each_producer_agree_on_one() {
        let schedule = schedule("");
        let mut check = check(&schedule, None);
        let mut unsettled = 0;
        for (producer, sequence, due_ns, claimed_us) in sends(&schedule) {
            // Every seventh claim is in milliseconds, the first among them.
            let claimed_us = if sequence % 7 == 0 { claimed_us / 1000 } else { claimed_us };
            let due = check.judge(producer, sequence, Some(claimed_us)).unwrap();
            match due.word {
                DueWord::Unsettled => unsettled += 1,
                word => {
                    assert_eq!(word == DueWord::Disagrees, sequence % 7 == 0);
                    assert!(due.ns.unwrap().abs_diff(START_NS + due_ns) <= 1000, "within a claim's microsecond");
                }
            }
        }
        assert!(unsettled < 60, "{unsettled}");
        assert!(check.start_ns().unwrap().abs_diff(START_NS) <= 1000);
    }

    #[test]
    fn claims_in_another_unit_agree_on_no_start() {
        let schedule = schedule("");
        let mut check = check(&schedule, None);
        for (producer, sequence, _, claimed_us) in sends(&schedule) {
            assert_eq!(check.judge(producer, sequence, Some(claimed_us / 1000)).unwrap().ns, None);
        }
        assert_eq!(check.start_ns(), None);
    }

    #[test]
    fn a_second_run_with_the_same_id_is_known_by_its_start() {
        let schedule = schedule("");
        let mut check = check(&schedule, Some(START_NS));
        let sends = sends(&schedule);
        for &(producer, sequence, _, claimed_us) in &sends {
            check.judge(producer, sequence, Some(claimed_us)).unwrap();
            check.judge(producer, sequence, Some(claimed_us + 2_300_000)).unwrap();
        }
        let (after_ns, messages) = check.other_run().unwrap();
        assert!(after_ns.abs_diff(2_300_000_000) <= 1000);
        assert!(messages as usize > sends.len() * 9 / 10, "{messages} of {}", sends.len());
    }

    proptest! {
        /// No claim takes an event out of the latency, or moves it in time.
        #[test]
        fn the_due_time_is_the_schedules_whatever_is_claimed(claims in prop::collection::vec(any::<u64>(), 1..50)) {
            let schedule = schedule("");
            let mut check = check(&schedule, Some(START_NS));
            for ((producer, sequence, due_ns, _), claimed_us) in sends(&schedule).into_iter().zip(claims) {
                let due = check.judge(producer, sequence, Some(claimed_us)).unwrap();
                prop_assert_eq!(due.ns, Some(START_NS + due_ns));
            }
        }
    }
}
