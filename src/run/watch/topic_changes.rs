//! What becomes of topics while a run lasts: said, told to the stages that read them, and kept for the verdict.

use super::Watch;
use crate::conclude::Role;
use crate::consume::{Observing, Told};
use crate::incidents::LeaderMove;
use crate::run::topics::{EVERY, TopicChange, TopicNews};
use crate::verdict::{Reason, ReasonCode};

impl Watch<'_> {
    /// Says what became of topics, and tells the stages that read them.
    pub(super) fn hear_of_topics(&mut self, observing: &[Observing]) {
        for TopicNews { topic, change } in self.topics.watch.news() {
            let Some((code, text, told, partitions)) = what_became_of(&topic, &change) else {
                self.hear_of_leaders(topic, change);
                continue;
            };
            if let Some(told) = self.own(told) {
                observing.iter().filter(|stage| stage.topic == topic).for_each(|stage| stage.tell(told.clone()));
            }
            if code == ReasonCode::TopicChanged {
                self.topics.changed.insert(topic.clone());
            }
            self.topics.partitions.insert(topic, partitions);
            let seconds = self.prepared.clock.now_ns().saturating_sub(self.start_ns) as f64 / 1e9;
            let text = format!("{seconds:.1} s after the start {text}");
            self.say(&text);
            self.topics.reasons.push(Reason::new(code, text));
        }
    }

    /// A moved leader is no fault: it is kept with the second of the look before this one, which showed it first. A part of a run does not know
    /// the run's seconds.
    fn hear_of_leaders(&mut self, topic: String, change: TopicChange) {
        let begun_ns = self.start_ns.saturating_add(u64::try_from(EVERY.as_nanos()).unwrap_or(u64::MAX));
        let since_ns = self.prepared.clock.now_ns().checked_sub(begun_ns);
        if let (TopicChange::LeaderMoved { brokers, partitions }, Some(since_ns), Role::Run) =
            (change, since_ns, self.prepared.request.role)
        {
            let second = since_ns / 1_000_000_000;
            self.topics.leader_moves.push(LeaderMove { topic, second, brokers, partitions });
        }
    }

    /// What of it concerns the partitions that this process reads.
    fn own(&self, told: Told) -> Option<Told> {
        let own = |mut partitions: Vec<i32>| {
            partitions.retain(|partition| self.prepared.request.observes(*partition));
            partitions
        };
        match told {
            Told::Partitions(partitions) => {
                Some(Told::Partitions(own(partitions))).filter(|told| *told != Told::Partitions(Vec::new()))
            }
            Told::TopicChanged(partitions) => Some(Told::TopicChanged(own(partitions))),
            end @ Told::End(_) => Some(end),
        }
    }
}

/// What a topic's change means: its code and words, what the stages are told, and how many partitions the topic has now. Nothing when the
/// topic is the same.
fn what_became_of(topic: &str, change: &TopicChange) -> Option<(ReasonCode, String, Told, u32)> {
    let all = |partitions: u32| (0..partitions as i32).collect();
    Some(match *change {
        TopicChange::LeaderMoved { .. } => return None,
        TopicChange::Grown { before, now } => (
            ReasonCode::PartitionsAdded,
            format!("topic {topic} grew from {before} to {now} partitions; the new ones are read, too"),
            Told::Partitions((before as i32..now as i32).collect()),
            now,
        ),
        TopicChange::Deleted => (
            ReasonCode::TopicChanged,
            format!("topic {topic} was deleted: what becomes of its events is unknown"),
            Told::TopicChanged(Vec::new()),
            0,
        ),
        TopicChange::MadeAnew { partitions } => (
            ReasonCode::TopicChanged,
            format!("topic {topic} was deleted and recreated: what became of the earlier events is unknown"),
            Told::TopicChanged(all(partitions)),
            partitions,
        ),
    })
}
