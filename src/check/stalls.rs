//! Which partitions of a stage delivered nothing while the others went on, where that is no chance.
//!
//! The sequence numbers of a producer fall to partitions by their keys, at all times with the same chances. Of the n numbers up to a
//! partition's last one, k were its own. If the others then pass m numbers more and none of these comes, either it is silent or all of its
//! k were among the first n of n + m by chance: at most (n / (n + m))^k. That holds whatever the rate does, and beyond the end of sending,
//! where there is nothing to pass. Events that come in batches of one partition are fewer draws: k is 2 n² over the sum of s² + s, s being the
//! steps from one of its numbers to the next. For single draws that is their number, as steps are geometric then; for batches it is about
//! the number of batches.
//!
//! A pipeline that fills a batch from several producers draws once for all of them. So k is counted over the places of all producers' events
//! together, where such a batch is one step; n and m are what each producer passed, added up.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::order::{Lane, PartitionSteps};

/// The shortest stall, in whole seconds.
const LEAST_S: u64 = 3;
/// A stall is at least this many times as long as the longest silence of its partition before.
const TIMES_LONGER: u64 = 3;
/// In how many seconds a partition must have delivered before anything is usual.
const LEAST_ACTIVE_S: u64 = 10;
/// How many draws of its own must have been seen before.
const LEAST_DRAWS: f64 = 100.0;
/// What the logarithm of the chance must be below: 1e-12, so that not one of the 40 million seconds of 500 partitions in a day is named by chance.
const NO_CHANCE: f64 = -27.6;
/// How many of one stage are kept.
const MOST_KEPT: usize = 500;

/// A partition that delivered nothing while others did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stall {
    /// The partition.
    pub(crate) partition: u16,
    /// The first second without a delivery.
    pub(crate) from_s: u64,
    /// The second in which it delivered again, if it did.
    pub(crate) to_s: Option<u64>,
    /// How many of its events would usually have come in that time.
    pub(crate) missed: f64,
}

impl Stall {
    /// Moves its times to those of a run that began `later_s` seconds earlier.
    pub(crate) fn move_seconds(&mut self, later_s: u64) {
        self.from_s = self.from_s.saturating_add(later_s);
        self.to_s = self.to_s.map(|to_s| to_s.saturating_add(later_s));
    }

    /// By when they began, for how long they lasted, and the partition.
    pub(crate) fn in_order(&self, other: &Self) -> Ordering {
        let key = |stall: &Stall| (stall.from_s, stall.to_s.unwrap_or(u64::MAX), stall.partition);
        key(self).cmp(&key(other)).then(self.missed.total_cmp(&other.missed))
    }
}

/// Watches the partitions of a stage, second by second. What it keeps of each does not grow.
#[derive(Debug, Default)]
pub(crate) struct StallWatch {
    partitions: BTreeMap<u16, Watched>,
    /// The last second that was looked at.
    last_s: Option<u64>,
    stalls: Vec<Stall>,
}

/// What is known of a partition.
#[derive(Debug, Default)]
struct Watched {
    /// How many deliveries had been seen by the last look.
    seen: u64,
    /// In how many seconds it delivered.
    active_s: u64,
    /// Its longest silence that was none of the stalls, in seconds.
    longest_s: u64,
    silence: Option<Silence>,
}

/// A partition has delivered nothing for a while.
#[derive(Debug)]
struct Silence {
    from_s: u64,
    /// For how many seconds in which others delivered.
    lasts_s: u64,
    /// By producer: how far the others were at the end of the first of them.
    others_were_at: Vec<u64>,
    /// Its place among the stalls, once it is one.
    stall: Option<usize>,
}

/// What speaks for a stall.
#[derive(Debug, Clone, Copy, Default)]
struct Evidence {
    /// How many draws of its own were seen before.
    draws: f64,
    /// The logarithm of the chance that none came since.
    ln_chance: f64,
    /// How many of its events would have come since.
    missed: f64,
}

impl StallWatch {
    /// Takes in what is seen of the lanes, by producer, and of the partitions, at the end of a second. `knows` says whether the observer saw all that was there: if
    /// not, it cannot tell which partitions are silent.
    pub(crate) fn look(&mut self, second: u64, knows: bool, lanes: &[&[Lane]], steps: &PartitionSteps) {
        let knows = self.last_s.replace(second) == second.checked_sub(1) && knows;
        let is_silent = |(at, seen): &(u16, u64)| self.partitions.get(at).is_some_and(|known| known.seen == *seen);
        let (silent, active): (Vec<_>, Vec<_>) = seen_by_partition(lanes).into_iter().partition(is_silent);
        for (partition, seen) in &active {
            self.partitions.entry(*partition).or_default().deliver(second, *seen, &mut self.stalls);
        }
        if active.is_empty() || silent.is_empty() {
            return;
        }
        let now = Positions { second, lanes, steps, fronts: lanes.iter().map(|lanes| Fronts::of(lanes)).collect() };
        for (partition, _) in silent {
            match self.partitions.get_mut(&partition) {
                Some(watched) if knows => watched.stay_silent(partition, &now, &mut self.stalls),
                Some(watched) => watched.forget_silence(),
                None => {}
            }
        }
    }

    /// There are other partitions now: what was usual says nothing any more, and stalls are over.
    pub(crate) fn begin_anew(&mut self) {
        for at in std::mem::take(&mut self.partitions).into_values().filter_map(|watched| watched.silence?.stall) {
            self.stalls[at].to_s = self.last_s.map(|last_s| last_s + 1);
        }
    }

    /// All that were found.
    pub(crate) fn found(mut self) -> Vec<Stall> {
        self.stalls.sort_unstable_by(Stall::in_order);
        self.stalls
    }
}

/// How far the partitions are at the end of a second.
struct Positions<'a> {
    second: u64,
    /// By producer.
    lanes: &'a [&'a [Lane]],
    steps: &'a PartitionSteps,
    fronts: Vec<Fronts>,
}

impl Positions<'_> {
    /// How far the others are, by producer.
    fn of_others(&self, partition: u16) -> Vec<u64> {
        self.fronts.iter().map(|fronts| fronts.of_others(partition)).collect()
    }
}

fn seen_by_partition(lanes: &[&[Lane]]) -> BTreeMap<u16, u64> {
    let mut seen = BTreeMap::new();
    for lane in lanes.iter().copied().flatten() {
        *seen.entry(lane.seen_in.number()).or_default() += lane.seen;
    }
    seen
}

impl Watched {
    fn deliver(&mut self, second: u64, seen: u64, stalls: &mut [Stall]) {
        self.seen = seen;
        self.active_s += 1;
        match self.silence.take() {
            Some(Silence { stall: Some(at), .. }) => stalls[at].to_s = Some(second),
            Some(Silence { lasts_s, .. }) => self.longest_s = self.longest_s.max(lasts_s),
            None => {}
        }
    }

    /// A silence that nobody could watch is none; a stall ends with a delivery only.
    fn forget_silence(&mut self) {
        self.silence.take_if(|silence| silence.stall.is_none());
    }

    fn stay_silent(&mut self, partition: u16, now: &Positions<'_>, stalls: &mut Vec<Stall>) {
        let Some(silence) = &mut self.silence else {
            let others_were_at = now.of_others(partition);
            self.silence = Some(Silence { from_s: now.second, lasts_s: 1, others_were_at, stall: None });
            return;
        };
        silence.lasts_s += 1;
        let is_usual = silence.lasts_s < LEAST_S || silence.lasts_s <= TIMES_LONGER * self.longest_s;
        if self.active_s < LEAST_ACTIVE_S || is_usual {
            return;
        }
        let evidence = silence.evidence(partition, now);
        if let Some(stall) = silence.stall.and_then(|at| stalls.get_mut(at)) {
            stall.missed = evidence.missed;
        } else if evidence.rules_chance_out() && stalls.len() < MOST_KEPT {
            silence.stall = Some(stalls.len());
            stalls.push(Stall { partition, from_s: silence.from_s, to_s: None, missed: evidence.missed });
        }
    }
}

impl Silence {
    /// What speaks for it: how far the producers of the silent partition's events got without it.
    fn evidence(&self, partition: u16, now: &Positions<'_>) -> Evidence {
        let (mut numbers, mut passed, mut seen) = (0, 0, 0);
        let by_producer = now.lanes.iter().zip(now.of_others(partition)).zip(&self.others_were_at);
        for ((lanes, others_are_at), others_were_at) in by_producer {
            let own = || lanes.iter().filter(|lane| lane.seen_in.number() == partition);
            let (Some(first), Some(highest)) =
                (own().map(|lane| lane.first).min(), own().map(|lane| lane.highest).max())
            else {
                continue;
            };
            numbers += highest - first;
            passed += others_are_at.saturating_sub(highest.max(*others_were_at));
            seen += own().map(|lane| lane.seen).sum::<u64>();
        }
        let draws = now.steps.of(partition).map_or(0.0, draws);
        // Without a step nothing is known.
        let share = if numbers > 0 { passed as f64 / numbers as f64 } else { 0.0 };
        Evidence { draws, ln_chance: -draws * libm::log1p(share), missed: share * seen as f64 }
    }
}

/// How many draws a partition's steps stand for.
fn draws(partition: &Lane) -> f64 {
    let places = (partition.highest - partition.first) as f64;
    // A sum that is full is none.
    if places < 1.0 || partition.steps_squared == u64::MAX {
        return 0.0;
    }
    2.0 * places * places / (partition.steps_squared as f64 + places)
}

impl Evidence {
    fn rules_chance_out(&self) -> bool {
        self.draws >= LEAST_DRAWS && self.ln_chance < NO_CHANCE
    }
}

/// How far the partitions are in one producer's numbers: each one's highest, in their order.
struct Fronts(Vec<(u64, u16)>);

impl Fronts {
    fn of(lanes: &[Lane]) -> Self {
        let mut highest: BTreeMap<u16, u64> = BTreeMap::new();
        for lane in lanes {
            let front = highest.entry(lane.seen_in.number()).or_default();
            *front = lane.highest.max(*front);
        }
        let mut fronts: Vec<(u64, u16)> = highest.into_iter().map(|(partition, front)| (front, partition)).collect();
        fronts.sort_unstable();
        Fronts(fronts)
    }

    /// How far more than half of the other partitions are at least, or all of two; 0 if there are no others.
    fn of_others(&self, partition: u16) -> u64 {
        let others = self.0.iter().filter(|(_, of)| *of != partition);
        let place = others.clone().count().saturating_sub(1) / 2;
        others.clone().nth(place).map_or(0, |(front, _)| *front)
    }
}

#[cfg(test)]
mod laws;
