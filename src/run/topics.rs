//! Watches the run's topics while it lasts: partitions are added, topics are deleted and made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::incidents::{LeaderMove, Leaders};
use crate::kafka::{Target, TopicState};
use crate::verdict::Reason;

/// How often the topics are looked at.
pub(super) const EVERY: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often in a row a topic must be missing to count as deleted: a broker that starts does not know all topics at once.
const MISSING_LOOKS: u32 = 2;

/// What became of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TopicChange {
    /// It has more partitions.
    Grown {
        /// How many it had.
        before: u32,
        /// How many it has.
        now: u32,
    },
    /// It is gone.
    Deleted,
    /// It was deleted, and another has its name.
    MadeAnew {
        /// How many partitions that has.
        partitions: u32,
    },
    /// Partitions have another leader.
    LeaderMoved {
        /// The ids of the brokers that led before and lead now.
        brokers: (i32, i32),
        /// Which partitions.
        partitions: Vec<u16>,
    },
}

/// A topic, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicNews {
    pub(super) topic: String,
    pub(super) change: TopicChange,
}

/// What is known of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    id: Option<u128>,
    partitions: u32,
    /// In how many looks in a row it was missing.
    missing: u32,
    leaders: Leaders,
}

impl Known {
    /// A topic that was not looked at yet.
    fn with(partitions: u32) -> Self {
        Known { id: None, partitions, missing: 0, leaders: Leaders::default() }
    }

    /// Compares with what is seen now, and remembers that.
    fn compare(&mut self, seen: TopicState) -> Vec<TopicChange> {
        let TopicState::There { id, partitions, leaders } = seen else {
            self.missing += 1;
            return if self.missing == MISSING_LOOKS { vec![TopicChange::Deleted] } else { Vec::new() };
        };
        let was_deleted = self.missing >= MISSING_LOOKS;
        let is_another = self.id.zip(id).is_some_and(|(before, now)| before != now);
        let before = std::mem::replace(&mut self.partitions, partitions);
        (self.id, self.missing) = (id.or(self.id), 0);
        // Partitions are never taken away from a topic.
        if is_another || was_deleted || partitions < before {
            self.leaders = Leaders::default();
            return vec![TopicChange::MadeAnew { partitions }];
        }
        let moves = self.leaders.moved(leaders).into_iter();
        let moves = moves.map(|(brokers, partitions)| TopicChange::LeaderMoved { brokers, partitions });
        let grown = (partitions > before).then_some(TopicChange::Grown { before, now: partitions });
        grown.into_iter().chain(moves).collect()
    }
}

/// The topics of a run, as they are now.
pub(super) struct Topics {
    pub(super) watch: TopicWatch,
    /// How many partitions each has.
    pub(super) partitions: BTreeMap<String, u32>,
    /// Those that were deleted, or made anew.
    pub(super) changed: BTreeSet<String>,
    /// What happened to them.
    pub(super) reasons: Vec<Reason>,
    /// Whose leaders moved.
    pub(super) leader_moves: Vec<LeaderMove>,
}

impl Topics {
    /// Watches these topics, each with its number of partitions.
    pub(super) fn watched(target: Arc<Target>, partitions: BTreeMap<String, u32>) -> Self {
        let watch = TopicWatch::start(target, partitions.clone().into_iter().collect());
        Topics { watch, partitions, changed: BTreeSet::new(), reasons: Vec::new(), leader_moves: Vec::new() }
    }
}

/// Looks at the topics in a thread of its own: a broker that does not answer holds up nobody.
pub(super) struct TopicWatch {
    news: Receiver<TopicNews>,
    /// Asks for a look at once; the thread ends when it is dropped.
    ask: Sender<Sender<()>>,
}

impl TopicWatch {
    /// Watches these topics, each with its number of partitions.
    pub(super) fn start(target: Arc<Target>, topics: Vec<(String, u32)>) -> Self {
        let ((tell, news), (ask, asked)) = (channel(), channel());
        let mut known: Vec<(String, Known)> =
            topics.into_iter().map(|(topic, partitions)| (topic, Known::with(partitions))).collect();
        // Now, so that an id is known before the first event.
        let first = look(&target, &mut known);
        let run = move || {
            first.into_iter().for_each(|news| drop(tell.send(news)));
            loop {
                let answer: Option<Sender<()>> = match asked.recv_timeout(EVERY) {
                    Ok(answer) => Some(answer),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                look(&target, &mut known).into_iter().for_each(|news| drop(tell.send(news)));
                if let Some(answer) = answer {
                    // Whoever asked may have lost patience.
                    let _unheard = answer.send(());
                }
            }
        };
        // Without the thread topics are taken to stay as they are, as they mostly do.
        let _thread = thread::Builder::new().name("topics".to_owned()).spawn(run);
        TopicWatch { news, ask }
    }

    /// What has become of the topics since the last call.
    pub(super) fn news(&self) -> Vec<TopicNews> {
        self.news.try_iter().collect()
    }

    /// Asks for one more look; the answer comes when it is over.
    pub(super) fn look_again(&self) -> Receiver<()> {
        let (answer, answered) = channel();
        // A thread that has ended drops the question, and that is an answer, too.
        let _asked = self.ask.send(answer);
        answered
    }
}

/// What is new. A cluster that does not say changes nothing.
fn look(target: &Target, known: &mut [(String, Known)]) -> Vec<TopicNews> {
    let names: Vec<&str> = known.iter().map(|(topic, _)| topic.as_str()).collect();
    let Ok(states) = target.topic_states(&names, PATIENCE) else { return Vec::new() };
    let compare = |((topic, known), state): (&mut (String, Known), Option<TopicState>)| {
        let changes = state.map(|state| known.compare(state)).unwrap_or_default().into_iter();
        changes.map(|change| TopicNews { topic: topic.clone(), change }).collect::<Vec<_>>()
    };
    known.iter_mut().zip(states).flat_map(compare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(id: u128, partitions: u32) -> TopicState {
        TopicState::There { id: Some(id), partitions, leaders: BTreeMap::new() }
    }

    fn changes(seen: &[TopicState]) -> Vec<TopicChange> {
        let mut known = Known::with(2);
        seen.iter().flat_map(|seen| known.compare(seen.clone())).collect()
    }

    #[test]
    fn a_topic_that_stays_has_no_news_and_one_that_grows_says_so_once() {
        assert_eq!(changes(&[there(7, 2), there(7, 2)]), []);
        let grown = TopicChange::Grown { before: 2, now: 6 };
        assert_eq!(changes(&[there(7, 2), there(7, 6), there(7, 6)]), std::slice::from_ref(&grown));
        assert_eq!(changes(&[there(7, 6)]), [grown], "before the first look");
    }

    #[test]
    fn another_id_is_another_topic_and_so_is_one_with_fewer_partitions() {
        assert_eq!(changes(&[there(7, 2), there(8, 2), there(8, 2)]), [TopicChange::MadeAnew { partitions: 2 }]);
        let nameless = TopicState::There { id: None, partitions: 1, leaders: BTreeMap::new() };
        assert_eq!(changes(&[nameless.clone(), nameless]), [TopicChange::MadeAnew { partitions: 1 }]);
    }

    #[test]
    fn a_topic_is_deleted_when_it_is_missed_twice() {
        let gone = TopicState::Missing;
        assert_eq!(changes(&[there(7, 2), gone.clone(), there(7, 2), gone.clone()]), []);
        assert_eq!(changes(&[there(7, 2), gone.clone(), gone.clone(), gone.clone()]), [TopicChange::Deleted]);
        let anew = TopicChange::MadeAnew { partitions: 2 };
        assert_eq!(changes(&[there(7, 2), gone.clone(), gone, there(8, 2)]), [TopicChange::Deleted, anew]);
    }

    #[test]
    fn leaders_move_within_a_topic_and_not_from_one_topic_to_the_next() {
        let led = |id: u128, leaders: [i32; 2]| TopicState::There {
            id: Some(id),
            partitions: 2,
            leaders: (0..).zip(leaders).collect(),
        };
        let moved = TopicChange::LeaderMoved { brokers: (1, 2), partitions: vec![1] };
        assert_eq!(changes(&[led(7, [1, 1]), led(7, [1, 1]), led(7, [1, 2]), led(7, [1, 2])]), [moved]);
        assert_eq!(changes(&[led(7, [1, 1]), led(8, [1, 2])]), [TopicChange::MadeAnew { partitions: 2 }]);
    }
}
