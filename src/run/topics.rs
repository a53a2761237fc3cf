//! Watches the run's topics while it lasts: partitions are added, topics are deleted and made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::kafka::{Target, TopicState};
use crate::verdict::Reason;

/// How often the topics are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often in a row a topic must be missing to count as deleted: a broker that starts does not know all topics at once.
const MISSING_LOOKS: u32 = 2;

/// What became of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

/// A topic, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicNews {
    pub(super) topic: String,
    pub(super) change: TopicChange,
}

/// What is known of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    id: Option<u128>,
    partitions: u32,
    /// In how many looks in a row it was missing.
    missing: u32,
}

impl Known {
    /// Compares with what is seen now, and remembers that.
    fn compare(&mut self, seen: TopicState) -> Option<TopicChange> {
        let TopicState::There { id, partitions } = seen else {
            self.missing += 1;
            return (self.missing == MISSING_LOOKS).then_some(TopicChange::Deleted);
        };
        let was_deleted = self.missing >= MISSING_LOOKS;
        let before = std::mem::replace(self, Known { id: id.or(self.id), partitions, missing: 0 });
        let is_another = before.id.zip(id).is_some_and(|(before, now)| before != now);
        // Partitions are never taken away from a topic.
        if is_another || was_deleted || partitions < before.partitions {
            return Some(TopicChange::MadeAnew { partitions });
        }
        (partitions > before.partitions).then_some(TopicChange::Grown { before: before.partitions, now: partitions })
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
}

impl Topics {
    /// Watches these topics, each with its number of partitions.
    pub(super) fn watched(target: Arc<Target>, partitions: BTreeMap<String, u32>) -> Self {
        let watch = TopicWatch::start(target, partitions.clone().into_iter().collect());
        Topics { watch, partitions, changed: BTreeSet::new(), reasons: Vec::new() }
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
            topics.into_iter().map(|(topic, partitions)| (topic, Known { id: None, partitions, missing: 0 })).collect();
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
        let change = known.compare(state?)?;
        Some(TopicNews { topic: topic.clone(), change })
    };
    known.iter_mut().zip(states).filter_map(compare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(id: u128, partitions: u32) -> TopicState {
        TopicState::There { id: Some(id), partitions }
    }

    fn changes(seen: &[TopicState]) -> Vec<TopicChange> {
        let mut known = Known { id: None, partitions: 2, missing: 0 };
        seen.iter().filter_map(|seen| known.compare(*seen)).collect()
    }

    #[test]
    fn a_topic_that_stays_has_no_news_and_one_that_grows_says_so_once() {
        assert_eq!(changes(&[there(7, 2), there(7, 2)]), []);
        let grown = TopicChange::Grown { before: 2, now: 6 };
        assert_eq!(changes(&[there(7, 2), there(7, 6), there(7, 6)]), [grown]);
        assert_eq!(changes(&[there(7, 6)]), [grown], "before the first look");
    }

    #[test]
    fn another_id_is_another_topic_and_so_is_one_with_fewer_partitions() {
        assert_eq!(changes(&[there(7, 2), there(8, 2), there(8, 2)]), [TopicChange::MadeAnew { partitions: 2 }]);
        let nameless = TopicState::There { id: None, partitions: 1 };
        assert_eq!(changes(&[nameless, nameless]), [TopicChange::MadeAnew { partitions: 1 }]);
    }

    #[test]
    fn a_topic_is_deleted_when_it_is_missed_twice() {
        let gone = TopicState::Missing;
        assert_eq!(changes(&[there(7, 2), gone, there(7, 2), gone]), []);
        assert_eq!(changes(&[there(7, 2), gone, gone, gone]), [TopicChange::Deleted]);
        let anew = TopicChange::MadeAnew { partitions: 2 };
        assert_eq!(changes(&[there(7, 2), gone, gone, there(8, 2)]), [TopicChange::Deleted, anew]);
    }
}
