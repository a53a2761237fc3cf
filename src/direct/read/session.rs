//! A fetch session: after the first request only what has changed is listed, and only what has news is answered (KIP-227). Pure.

use std::collections::BTreeMap;

/// Asks for a session, and names none.
const NEW: Number = Number { id: 0, epoch: 0 };

/// A session's number, and which of its requests this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) id: i32,
    pub(super) epoch: i32,
}

/// What is wanted of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) offset: i64,
    /// The leader's epoch of the record before it, so that the broker can tell whether it still has that.
    pub(super) epoch: i32,
}

/// The next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) number: Number,
    /// New to the session, or wanted from elsewhere than before.
    pub(super) listed: Vec<(i32, Wanted)>,
    /// No longer wanted.
    pub(super) forgotten: Vec<i32>,
}

/// A session with one broker.
#[derive(Debug)]
pub(super) struct Session {
    number: Number,
    /// How often a session was begun.
    begun: usize,
    /// What the broker has been told.
    told: BTreeMap<i32, Wanted>,
}

impl Session {
    pub(super) fn new() -> Self {
        Session { number: NEW, begun: 0, told: BTreeMap::new() }
    }

    /// The request for these partitions.
    pub(super) fn ask(&mut self, wanted: &BTreeMap<i32, Wanted>) -> Ask {
        if self.number == NEW {
            self.told.clear();
        }
        let is_new = |(partition, wanted): &(&i32, &Wanted)| self.told.get(partition) != Some(wanted);
        let listed = wanted.iter().filter(is_new).map(|(partition, wanted)| (*partition, *wanted));
        let mut listed: Vec<(i32, Wanted)> = listed.collect();
        if self.number == NEW && !listed.is_empty() {
            // Brokers fill an answer in this order. One that keeps no sessions is told of all of them each time: none may always be last.
            let first = self.begun % listed.len();
            listed.rotate_left(first);
            self.begun = self.begun.wrapping_add(1);
        }
        let forgotten = self.told.keys().filter(|told| !wanted.contains_key(told)).copied().collect();
        self.told.clone_from(wanted);
        Ask { number: self.number, listed, forgotten }
    }

    /// The offset that the broker was asked for in a partition.
    pub(super) fn asked(&self, partition: i32) -> Option<i64> {
        self.told.get(&partition).map(|wanted| wanted.offset)
    }

    /// The partitions that the broker was asked for.
    pub(super) fn partitions(&self) -> impl Iterator<Item = i32> {
        self.told.keys().copied()
    }

    /// The broker has answered, and named this session; 0 if it keeps none.
    pub(super) fn answered(&mut self, id: i32) {
        self.number = match (id, self.number.epoch) {
            (0, _) => NEW,
            // From the largest number they go on at 1.
            (id, i32::MAX) => Number { id, epoch: 1 },
            (id, epoch) => Number { id, epoch: epoch + 1 },
        };
    }

    /// The broker knows no such session any more: the next request begins one.
    pub(super) fn lost(&mut self) {
        self.number = NEW;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A broker's side of it, as KIP-227 has it.
    #[derive(Default)]
    struct Cached {
        number: Option<Number>,
        partitions: BTreeMap<i32, Wanted>,
    }

    impl Cached {
        /// What the broker reads after the request; none if it does not know the session.
        fn take(&mut self, ask: &Ask, id_of_new: i32) -> Option<BTreeMap<i32, Wanted>> {
            if ask.number == NEW {
                assert!(ask.forgotten.is_empty(), "a new session has nothing to forget");
                self.partitions.clear();
                self.number = Some(Number { id: id_of_new, epoch: 1 }).filter(|number| number.id != 0);
            } else {
                self.number.filter(|number| *number == ask.number)?;
                self.number = Some(Number { epoch: ask.number.epoch + 1, ..ask.number });
            }
            self.partitions.extend(ask.listed.iter().copied());
            self.partitions.retain(|partition, _| !ask.forgotten.contains(partition));
            Some(self.partitions.clone())
        }
    }

    fn wanted() -> impl Strategy<Value = BTreeMap<i32, Wanted>> {
        prop::collection::btree_map(0..5, (0..3_i64, 0..2).prop_map(|(offset, epoch)| Wanted { offset, epoch }), 0..5)
    }

    proptest! {
        /// Whatever the broker forgets, after at most one refusal it reads exactly what is wanted.
        #[test]
        fn the_broker_reads_what_is_wanted(steps in prop::collection::vec((wanted(), 0..4_i32, any::<bool>()), 1..20)) {
            let (mut session, mut broker) = (Session::new(), Cached::default());
            for (wanted, id, forgets) in steps {
                if forgets {
                    broker.number = None;
                }
                let mut ask = session.ask(&wanted);
                let mut read = broker.take(&ask, id);
                if read.is_none() {
                    session.lost();
                    ask = session.ask(&wanted);
                    read = broker.take(&ask, id);
                }
                prop_assert_eq!(read, Some(wanted));
                let told_id = if ask.number == NEW { id } else { ask.number.id };
                session.answered(told_id);
            }
        }
    }

    #[test]
    fn only_what_has_changed_is_listed() {
        let mut session = Session::new();
        let at = |offset| Wanted { offset, epoch: 1 };
        let both = BTreeMap::from([(0, at(5)), (1, at(9))]);
        assert_eq!(session.ask(&both).listed.len(), 2);
        session.answered(77);
        let moved = BTreeMap::from([(0, at(5)), (1, at(10))]);
        let ask = session.ask(&moved);
        assert_eq!((ask.number, ask.listed), (Number { id: 77, epoch: 1 }, vec![(1, at(10))]));
        session.answered(77);
        assert_eq!(session.ask(&BTreeMap::from([(0, at(5))])).forgotten, [1]);
    }

    #[test]
    fn without_a_session_no_partition_is_always_last() {
        let mut session = Session::new();
        let all: BTreeMap<i32, Wanted> = (0..3).map(|partition| (partition, Wanted { offset: 1, epoch: 1 })).collect();
        let firsts = (0..3).map(|_| {
            session.answered(0);
            session.ask(&all).listed[0].0
        });
        assert_eq!(firsts.collect::<Vec<_>>(), [0, 1, 2]);
    }
}
