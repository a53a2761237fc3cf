//! The topics that streams are sent to: checked against the profile, and created where they are missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication};
use rdkafka::types::RDKafkaErrorCode;

use super::admin::waiting;
use super::client::admin;
use super::describe::{TopicState, describe};
use super::error::KafkaError;
use super::rights::{Denied, Operation};
use super::target::{MARK, ONE_REQUEST, Target, TargetError};
use crate::profile::DEFAULT_PARTITIONS;
use crate::side_by_side::all_side_by_side;

/// How long the cluster may take to create topics, and then to give them leaders.
const CREATING: Duration = Duration::from_secs(30);
/// How long to wait before it is asked again whether all have leaders.
const LEADERS_RETRY: Duration = Duration::from_millis(20);

/// A topic that a stream is sent to, as the profile and the user want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPlan<'a> {
    /// Its name.
    pub topic: &'a str,
    /// Partitions, if the profile says how many.
    pub partitions: Option<u32>,
    /// The user named it with `--allow-topic`, or the broker is the embedded one.
    pub allowed: bool,
}

impl TopicPlan<'_> {
    /// Checks the plan against the topic's number of partitions, if the topic exists.
    fn check(&self, found: Option<u32>) -> Result<Option<u32>, TargetError> {
        let topic = self.topic;
        if !self.allowed && !topic.starts_with(MARK) {
            let (state, deed) = if found.is_some() { ("exists", "write to") } else { ("does not exist", "create") };
            return Err(TargetError::NotMarked { topic: topic.to_owned(), state, deed });
        }
        match (found, self.partitions) {
            (Some(found), Some(wanted)) if found != wanted => {
                Err(TargetError::OtherPartitions { topic: topic.to_owned(), found, wanted })
            }
            _ => Ok(found),
        }
    }
}

impl Target {
    /// Makes sure that the streams' topics exist and may be written to; missing ones are created in one request. Returns their numbers of
    /// partitions, in the order of the plans. `purpose` is what they are wanted for.
    ///
    /// # Errors
    /// [`TargetError`] when one may not be written to, has another number of partitions, or cannot be created.
    pub fn prepare_topics(&self, plans: &[TopicPlan<'_>], purpose: Operation) -> Result<Vec<u32>, TargetError> {
        let found = all_side_by_side(plans, |plan| plan.check(self.partitions_of(plan.topic, purpose)?))?;
        let wanted = |plan: &TopicPlan<'_>| plan.partitions.unwrap_or(DEFAULT_PARTITIONS);
        let planned = plans.iter().zip(&found);
        let missing: BTreeMap<&str, u32> =
            planned.filter(|(_, found)| found.is_none()).map(|(plan, _)| (plan.topic, wanted(plan))).collect();
        if !missing.is_empty() {
            self.create(&missing)?;
        }
        Ok(plans.iter().zip(found).map(|(plan, found)| found.unwrap_or_else(|| wanted(plan))).collect())
    }

    fn create(&self, topics: &BTreeMap<&str, u32>) -> Result<(), KafkaError> {
        let (all, admin) = ("creating topics", admin(&self.settings)?);
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|(topic, partitions)| NewTopic::new(topic, *partitions as i32, TopicReplication::Fixed(-1)))
            .collect();
        let options = AdminOptions::new().request_timeout(Some(CREATING));
        let created = waiting(all)?.block_on(admin.create_topics(&new, &options));
        let results = created.map_err(|error| KafkaError::request(all, error))?;
        for result in results {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, RDKafkaErrorCode::TopicAuthorizationFailed)) => {
                    return Err(Denied::on_topic(Operation::Create, &topic).into());
                }
                Err((topic, code)) => {
                    let partitions = topics.get(topic.as_str()).copied().unwrap_or_default();
                    return Err(KafkaError::request(creating(&topic, partitions), code));
                }
            }
        }
        self.wait_until_led(topics)
    }

    /// Waits until every partition has a leader: a topic just created may not have one yet.
    fn wait_until_led(&self, topics: &BTreeMap<&str, u32>) -> Result<(), KafkaError> {
        let names: Vec<&str> = topics.keys().copied().collect();
        let deadline = Instant::now() + CREATING;
        loop {
            let states = describe(&self.client, &names, ONE_REQUEST).unwrap_or_else(|_| vec![None; names.len()]);
            let without =
                topics.iter().zip(states).find(|((_, partitions), state)| !is_led(state.as_ref(), **partitions));
            let Some(((topic, partitions), _)) = without else { return Ok(()) };
            if Instant::now() >= deadline {
                return Err(KafkaError::request(creating(topic, *partitions), RDKafkaErrorCode::LeaderNotAvailable));
            }
            std::thread::sleep(LEADERS_RETRY);
        }
    }
}

fn creating(topic: &str, partitions: u32) -> String {
    format!("creating topic {topic} with {partitions} partitions")
}

/// Whether each of these partitions has a leader.
fn is_led(state: Option<&TopicState>, partitions: u32) -> bool {
    matches!(state, Some(TopicState::There { leaders, .. }) if leaders.len() == partitions as usize)
}
