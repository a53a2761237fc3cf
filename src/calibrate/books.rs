//! A relay's own books: what a reader behind it must find.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::EventId;

/// What a relay did, as a reader behind it must count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Did {
    /// Events that it took.
    pub(crate) taken: u64,
    /// Events that it forwarded at least once, undamaged.
    pub(crate) delivered: u64,
    /// Events that it did not.
    pub(crate) missing: u64,
    /// Further copies.
    pub(crate) duplicates: u64,
    /// Events that followed a later one of their lane.
    pub(crate) reordered: u64,
    /// Records with an id of this run that nobody sent.
    pub(crate) phantom: u64,
    /// Records without a readable id.
    pub(crate) unreadable: u64,
}

/// The books while it goes on.
#[derive(Debug, Default)]
pub(crate) struct Books {
    taken: BTreeSet<EventId>,
    given: BTreeSet<EventId>,
    highest: BTreeMap<(u16, i32), u64>,
    duplicates: u64,
    reordered: u64,
    phantom: u64,
    unreadable: u64,
    /// From due to when it was forwarded, of first deliveries, in nanoseconds: each by itself, not in what the detector counts with.
    due_to_forwarded_ns: Vec<i64>,
    /// When it held records up, in nanoseconds since 1970, where it did.
    pub(crate) held_up_ns: Option<(u64, u64)>,
}

/// What a record is to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An event.
    Event {
        id: EventId,
        due_ns: u64,
    },
    Phantom,
    Unreadable,
}

impl Books {
    pub(super) fn take(&mut self, id: EventId) {
        self.taken.insert(id);
    }

    /// How many events were taken before.
    pub(super) fn taken(&self) -> u64 {
        self.taken.len() as u64
    }

    /// A record leaves for a partition. The order of these calls is the order in which it lies there.
    pub(super) fn forward(&mut self, kind: Kind, partition: i32, now_ns: u64) {
        match kind {
            Kind::Phantom => self.phantom += 1,
            Kind::Unreadable => self.unreadable += 1,
            Kind::Event { id, .. } if !self.given.insert(id) => self.duplicates += 1,
            Kind::Event { id, due_ns } => {
                let highest = self.highest.entry((id.producer, partition)).or_default();
                self.reordered += u64::from(id.sequence < *highest);
                *highest = id.sequence.max(*highest);
                self.due_to_forwarded_ns.push(now_ns as i64 - due_ns as i64);
            }
        }
    }

    /// From due to forwarded: what a share of `quantile` (0 to 1) of the events does not exceed, in milliseconds; none without events.
    #[must_use]
    pub(crate) fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let mut sorted = self.due_to_forwarded_ns.clone();
        sorted.sort_unstable();
        let place = (quantile * sorted.len() as f64).ceil().max(1.0) as usize - 1;
        sorted.get(place).map(|ns| *ns as f64 / 1e6)
    }

    /// The sums.
    #[must_use]
    pub(crate) fn did(&self) -> Did {
        let delivered = self.given.len() as u64;
        Did {
            taken: self.taken(),
            delivered,
            missing: self.taken() - delivered,
            duplicates: self.duplicates,
            reordered: self.reordered,
            phantom: self.phantom,
            unreadable: self.unreadable,
        }
    }
}
