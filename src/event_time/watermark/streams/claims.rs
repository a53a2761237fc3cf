//! What holds for a partition's events: exact for a stated store, and otherwise between
//! the store that forgets at once and the one that never does.

use super::super::claim::Claim;
use super::super::spec::{ModelSpec, WindowMs};
use super::{StreamsSessions, StreamsSliding, Taken};
use crate::event_time::windows::WindowSpan;

/// Sliding windows are followed one by one up to this many for each event, and this many
/// in all; beyond that only what follows from the times is claimed.
const VISITS_PER_EVENT: u64 = 50;
const VISITS_AT_ALL: u64 = 20_000_000;

/// What holds for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Judged {
    pub(in super::super) claim: Claim,
    /// To how many windows it is offered, at most.
    pub(in super::super) windows: u32,
    /// How many of these are lost, at least and at most.
    pub(in super::super) sure: u32,
    pub(in super::super) possible: u32,
    /// How many more the metric counts, at least and at most.
    pub(in super::super) refused_sure: u32,
    pub(in super::super) refused_possible: u32,
}

/// A closed window that an event is offered to.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Missed {
    pub(in super::super) window: WindowSpan,
    pub(in super::super) is_sure: bool,
}

/// Judges the events of a partition.
#[derive(Debug)]
pub(in super::super) enum StreamsClaims {
    Sessions { forgetting: Box<StreamsSessions>, keeping: Option<Box<StreamsSessions>>, is_stated: bool },
    Sliding(Box<SlidingClaims>),
}

#[derive(Debug)]
pub(in super::super) struct SlidingClaims {
    diff_ms: i64,
    grace_ms: i64,
    stream_time_ms: Option<i64>,
    events: u64,
    /// The stated store, or the two extremes; none once following them has become too expensive.
    tasks: Vec<StreamsSliding>,
}

impl StreamsClaims {
    /// Nothing for windows that follow from the event times alone, after a repartition topic, and for other engines.
    pub(in super::super) fn of(spec: &ModelSpec) -> Option<Self> {
        if !spec.is_in_one_task() {
            return None;
        }
        match spec.window {
            WindowMs::None | WindowMs::Aligned(_) => None,
            WindowMs::Session { gap_ms } => Some(StreamsClaims::Sessions {
                forgetting: Box::new(StreamsSessions::new(spec, gap_ms, false)),
                keeping: (spec.record_cache != Some(false)).then(|| Box::new(StreamsSessions::new(spec, gap_ms, true))),
                is_stated: spec.record_cache.is_some(),
            }),
            WindowMs::Sliding { size_ms } => {
                let caches = spec.record_cache.map_or(vec![false, true], |record_cache| vec![record_cache]);
                Some(StreamsClaims::Sliding(Box::new(SlidingClaims {
                    diff_ms: size_ms,
                    grace_ms: spec.allowed_ms,
                    stream_time_ms: None,
                    events: 0,
                    tasks: caches.into_iter().map(|cache| StreamsSliding::new(spec, size_ms, cache)).collect(),
                })))
            }
        }
    }

    /// Windows are no longer followed.
    #[cfg(test)]
    pub(super) fn give_up(&mut self) {
        if let StreamsClaims::Sliding(sliding) = self {
            sliding.tasks = Vec::new();
        }
    }

    /// The next event. `missed` is called for each window that it misses.
    pub(in super::super) fn judge(&mut self, time_ms: i64, key_hash: u64, mut missed: impl FnMut(Missed)) -> Judged {
        match self {
            StreamsClaims::Sessions { forgetting, keeping, is_stated } => {
                let judged = judge_session(forgetting, keeping.as_deref_mut(), *is_stated, time_ms, key_hash);
                if judged.possible > 0 {
                    missed(Missed { window: forgetting.own_window(time_ms), is_sure: judged.sure > 0 });
                }
                judged
            }
            StreamsClaims::Sliding(sliding) => sliding.judge(time_ms, key_hash, missed),
        }
    }
}

fn exactly(taken: Taken) -> Judged {
    let Taken { windows, lost, refused_by_store } = taken;
    let claim = if lost == windows { Claim::SureDrop } else { Claim::SureKeep };
    Judged {
        claim,
        windows,
        sure: lost,
        possible: lost,
        refused_sure: refused_by_store,
        refused_possible: refused_by_store,
    }
}

/// The more is found, the more is joined, and the longer sessions are: what the forgetting store keeps is kept by any store, and what the
/// never-forgetting one drops is dropped by any.
fn judge_session(
    forgetting: &mut StreamsSessions,
    keeping: Option<&mut StreamsSessions>,
    is_stated: bool,
    time_ms: i64,
    key_hash: u64,
) -> Judged {
    let least = forgetting.take(time_ms, key_hash);
    let Some(keeping) = keeping else { return exactly(least) };
    let most = keeping.take(time_ms, key_hash);
    if is_stated && !keeping.has_forgotten() {
        return exactly(most);
    }
    let claim = match (least.lost, most.lost) {
        (0, _) => Claim::SureKeep,
        (_, 0) => Claim::Race,
        _ => Claim::SureDrop,
    };
    // If it is certainly kept, its session may end where the store refuses it. If it is lost in one of the two, it counts once in any case.
    let refused_possible = least.refused_by_store;
    Judged { claim, windows: 1, sure: most.lost, possible: least.lost, refused_sure: 0, refused_possible }
}

impl SlidingClaims {
    fn judge(&mut self, time_ms: i64, key_hash: u64, mut missed: impl FnMut(Missed)) -> Judged {
        let stream_time_ms = self.stream_time_ms.map_or(time_ms, |before_ms| before_ms.max(time_ms));
        self.stream_time_ms = Some(stream_time_ms);
        self.events += 1;
        let by_times = self.by_times(time_ms, stream_time_ms.saturating_sub(self.grace_ms));
        let judged = match self.tasks.as_mut_slice() {
            [] => by_times,
            [stated] => exactly(stated.take(time_ms, key_hash, |window| missed(Missed { window, is_sure: true }))),
            several => {
                let taken: Vec<Taken> = several.iter_mut().map(|task| task.take(time_ms, key_hash, |_| ())).collect();
                let most = |of: fn(&Taken) -> u32| taken.iter().map(of).max().unwrap_or(0);
                // A cache that has evicted some of its windows may lose fewer than either.
                Judged {
                    claim: by_times.claim,
                    windows: most(|taken| taken.windows),
                    sure: by_times.sure,
                    possible: most(|taken| taken.lost),
                    refused_sure: 0,
                    refused_possible: most(|taken| taken.refused_by_store),
                }
            }
        };
        let visited: u64 = self.tasks.iter().map(StreamsSliding::visited).sum();
        if visited > VISITS_AT_ALL + VISITS_PER_EVENT * self.events {
            self.tasks = Vec::new();
        }
        judged
    }

    /// What follows from the times alone. An event is in time for the window that ends with it, or loses at least that one; and a window
    /// that it can lose begins at one of the milliseconds between it and what has closed. It is offered to each once, unless the window
    /// before it and the one after the event before are the same, and neither exists.
    fn by_times(&self, time_ms: i64, closes_ms: i64) -> Judged {
        let is_in_time = time_ms >= closes_ms || time_ms < self.diff_ms && self.diff_ms >= closes_ms;
        let windows_lost = u32::try_from(closes_ms.saturating_sub(time_ms).saturating_add(1)).unwrap_or(u32::MAX - 1);
        let (claim, windows, sure, possible) = if is_in_time {
            (Claim::SureKeep, 1, 0, 0)
        } else if time_ms.saturating_add(self.diff_ms) < closes_ms {
            (Claim::SureDrop, 1, 1, 1)
        } else {
            (Claim::Race, windows_lost.saturating_add(1), 1, windows_lost)
        };
        Judged { claim, windows, sure, possible, refused_sure: 0, refused_possible: 0 }
    }
}
