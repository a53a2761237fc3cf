//! What the trials at one load say, together.

use super::trial::Outcome;

/// What the trials at one factor say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Load {
    pub(super) factor: f64,
    pub(super) short: Votes,
    pub(super) long: Votes,
    /// Trials that said nothing because this machine was late.
    pub(super) sender_late: usize,
    /// The lowest p99 of those that failed while nothing piled up, in milliseconds; none where something did, or no latency was measured.
    pub(super) calm_p99_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Votes {
    pub(super) passes: usize,
    pub(super) fails: usize,
}

impl Votes {
    pub(super) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Pass => self.passes += 1,
            Outcome::Fail => self.fails += 1,
            Outcome::Invalid => {}
        }
    }

    pub(super) fn all(self) -> usize {
        self.passes + self.fails
    }

    pub(super) fn is_tie(self) -> bool {
        self.all() > 0 && self.passes == self.fails
    }
}

impl Load {
    /// What counts: long trials overrule short ones.
    pub(super) fn votes(&self) -> Votes {
        if self.long.all() > 0 { self.long } else { self.short }
    }

    pub(super) fn passes(&self) -> bool {
        self.votes().passes > self.votes().fails
    }

    pub(super) fn fails(&self) -> bool {
        self.votes().fails > self.votes().passes
    }

    /// Whether two more trials fail than pass.
    pub(super) fn surely_fails(&self) -> bool {
        self.votes().fails >= self.votes().passes + 2
    }

    /// Whether short trials pass and long ones do not.
    pub(super) fn flatters(&self) -> bool {
        self.short.passes > self.short.fails && self.long.fails > self.long.passes
    }
}
