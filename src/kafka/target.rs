//! The cluster under load: its identity, whether it may be loaded, and its topics.

use std::collections::{BTreeMap, BTreeSet};
use std::net::ToSocketAddrs;
use std::sync::OnceLock;
use std::time::Duration;

use rdkafka::admin::AdminOptions;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::MetadataTopic;
use rdkafka::types::RDKafkaErrorCode;

use super::admin::waiting;
use super::client::{Client, admin, consumer, consumer_as};
use super::connecting::first_answer;
use super::describe::{Operations, TopicState, describe, operations};
use super::error::KafkaError;
use super::hearing::Listening;
use super::rights::{Denied, Operation};
use super::settings::{ClientSettings, isolation_level, native};
use super::topic_config::{TopicConfig, topic_configs};
use crate::profile::Isolation;

/// The start of a topic's name that floodmark may create and fill without asking.
pub(crate) const MARK: &str = "floodmark";
/// How long one request may take before it is retried.
pub(super) const ONE_REQUEST: Duration = Duration::from_secs(5);

/// Why a target is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The client or the broker failed.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The cluster is not on this machine, and nobody confirmed it.
    #[error("{address} is not on this machine; to load its cluster, {cluster_id}, add --allow-cluster {cluster_id}")]
    NotConfirmed {
        /// A broker that is not on loopback.
        address: String,
        /// The cluster's id.
        cluster_id: String,
    },
    /// The cluster that answered is not the one that was confirmed.
    #[error("--allow-cluster {allowed} was given, but {address} is cluster {cluster_id}; nothing was sent")]
    AnotherCluster {
        /// The id that was confirmed.
        allowed: String,
        /// The address that answered.
        address: String,
        /// The id that it gave.
        cluster_id: String,
    },
    /// A topic that is not floodmark's.
    #[error(
        "topic {topic} {state}, and its name does not begin with `{MARK}`; to let floodmark {deed} it, add --allow-topic {topic}"
    )]
    NotMarked {
        /// The topic.
        topic: String,
        /// Whether it exists.
        state: &'static str,
        /// What would be done.
        deed: &'static str,
    },
    /// The topic's number of partitions is not the profile's.
    #[error(
        "topic {topic} has {found} partitions, but the profile says {wanted}; set partitions = {found}, or name another topic"
    )]
    OtherPartitions {
        /// The topic.
        topic: String,
        /// How many it has.
        found: u32,
        /// How many the profile says.
        wanted: u32,
    },
    /// A topic to observe does not exist.
    #[error("topic {topic} of stage {stage} does not exist on this cluster; create it, or correct the stage's `topic`")]
    NoStageTopic {
        /// The topic.
        topic: String,
        /// The stage.
        stage: String,
    },
}

/// A broker, and where it says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerAddress {
    /// Its id.
    pub(crate) id: i32,
    /// A name or an address.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
}

/// A cluster that answered.
pub struct Target {
    /// Sees a partition up to its high watermark.
    pub(super) client: Client<BaseConsumer<Listening>>,
    /// Sees a partition up to the first open transaction (its last stable offset); made when it is needed.
    committed: OnceLock<Client<BaseConsumer<Listening>>>,
    pub(super) settings: BTreeMap<String, String>,
    brokers: String,
    cluster_id: String,
    addresses: Vec<String>,
    members: Vec<BrokerAddress>,
}

impl Target {
    /// Connects, and asks for the cluster's identity. Writes nothing.
    ///
    /// # Errors
    /// When the settings are refused or nobody answers within `timeout`.
    pub fn connect(settings: &ClientSettings, timeout: Duration) -> Result<Self, KafkaError> {
        let brokers = settings.brokers().unwrap_or_default().to_owned();
        let settings = settings.admin();
        let reader = as_reader(&settings, Isolation::ReadUncommitted);
        let mut config = native(&reader);
        // While it connects, the client logs what goes wrong; its error says only that no answer came.
        config.set_log_level(RDKafkaLogLevel::Info);
        config.set("log.connection.close", "true");
        let client = consumer_as(&reader, &config, Listening::default())?;
        let metadata = first_answer(&client, &settings, timeout)?;
        let addresses =
            metadata.brokers().iter().map(|broker| format!("{}:{}", broker.host(), broker.port())).collect();
        let members = metadata.brokers().iter().filter_map(|broker| {
            let port = u16::try_from(broker.port()).ok()?;
            Some(BrokerAddress { id: broker.id(), host: broker.host().to_owned(), port })
        });
        let members = members.collect();
        let cluster_id = client.client().fetch_cluster_id(timeout).unwrap_or_else(|| "unknown".to_owned());
        Ok(Target { client, committed: OnceLock::new(), settings, brokers, cluster_id, addresses, members })
    }

    /// The cluster's id.
    #[must_use]
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The brokers that the cluster had when it was connected to.
    #[must_use]
    pub(crate) fn members(&self) -> &[BrokerAddress] {
        &self.members
    }

    /// Refuses a cluster that is not on this machine, unless its id was confirmed.
    ///
    /// # Errors
    /// [`TargetError::NotConfirmed`] or [`TargetError::AnotherCluster`].
    pub fn confirm(&self, allowed: Option<&str>) -> Result<(), TargetError> {
        confirm(&self.addresses, &self.brokers, &self.cluster_id, allowed)
    }

    /// The number of partitions of a topic that a stage reads; `purpose` is what this process does there.
    ///
    /// # Errors
    /// [`TargetError::NoStageTopic`] when it does not exist.
    pub fn stage_partitions(&self, stage: &str, topic: &str, purpose: Operation) -> Result<u32, TargetError> {
        self.partitions_of(topic, purpose)?
            .ok_or_else(|| TargetError::NoStageTopic { topic: topic.to_owned(), stage: stage.to_owned() })
    }

    /// A client that sees what a reader of this isolation sees.
    pub(super) fn reader(&self, isolation: Isolation) -> Result<&BaseConsumer<Listening>, KafkaError> {
        match isolation {
            Isolation::ReadUncommitted => Ok(&self.client),
            Isolation::ReadCommitted => self.committed(),
        }
    }

    fn committed(&self) -> Result<&BaseConsumer<Listening>, KafkaError> {
        if self.committed.get().is_none() {
            let settings = as_reader(&self.settings, Isolation::ReadCommitted);
            let client = consumer(&settings, Listening::default())?;
            // Another thread may have been faster: its client is as good.
            let _made = self.committed.set(client);
        }
        self.committed
            .get()
            .map(|client| &**client)
            .ok_or_else(|| KafkaError::Settings("the client could not be created".to_owned()))
    }

    /// The current state of these topics; nothing for one about which the cluster does not answer.
    ///
    /// # Errors
    /// When nobody answers within `timeout`.
    pub fn topic_states(&self, topics: &[&str], timeout: Duration) -> Result<Vec<Option<TopicState>>, KafkaError> {
        describe(&self.client, topics, timeout)
    }

    /// Refuses topics on which a right is missing, before anything is sent or read. A cluster that does not say what is allowed (before Kafka
    /// 2.3) refuses for itself, later.
    ///
    /// # Errors
    /// [`KafkaError::Denied`] for the first that is missing.
    pub(crate) fn require(&self, wanted: &[(&str, Operation)]) -> Result<(), KafkaError> {
        // The client refuses to ask for a topic twice.
        let topics: Vec<&str> = wanted.iter().map(|(topic, _)| *topic).collect::<BTreeSet<_>>().into_iter().collect();
        let Ok(told) = operations(&self.client, &topics, ONE_REQUEST) else { return Ok(()) };
        let told: BTreeMap<&str, Operations> = topics.into_iter().zip(told).collect();
        let missing = wanted.iter().find_map(|(topic, operation)| match told.get(topic) {
            None | Some(Operations::Untold) => None,
            Some(Operations::Allowed(allowed)) if allowed.contains(operation) => None,
            Some(Operations::Hidden | Operations::Allowed(_)) => Some(Denied::on_topic(*operation, topic)),
        });
        missing.map_or(Ok(()), |denied| Err(denied.into()))
    }

    /// How many partitions a topic has, if it exists. `purpose` is what it is wanted for: that right includes the one to see it.
    pub(super) fn partitions_of(&self, topic: &str, purpose: Operation) -> Result<Option<u32>, KafkaError> {
        let metadata = self
            .client
            .fetch_metadata(Some(topic), ONE_REQUEST)
            .map_err(|error| KafkaError::request(format!("asking for topic {topic}"), error))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        if found.is_some_and(is_hidden) {
            return Err(Denied::on_topic(purpose, topic).into());
        }
        Ok(found.filter(|found| exists(found)).map(|found| found.partitions().len() as u32).filter(|n| *n > 0))
    }

    /// How each of these topics is set up; as by default where the broker does not answer: it may deny the request.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn topic_configs(&self, topics: &[&str]) -> Result<Vec<TopicConfig>, KafkaError> {
        let (admin, options) = (admin(&self.settings)?, AdminOptions::new().request_timeout(Some(ONE_REQUEST)));
        Ok(waiting("asking how topics are set up")?.block_on(topic_configs(&admin, topics, &options)))
    }
}

/// The settings of a client that sees what a reader of this isolation sees.
fn as_reader(settings: &BTreeMap<String, String>, isolation: Isolation) -> BTreeMap<String, String> {
    let mut settings = settings.clone();
    settings.insert("isolation.level".to_owned(), isolation_level(isolation).to_owned());
    settings
}

/// The rule of [`Target::confirm`], applied to the cluster's answer. `asked` is the address that was contacted.
fn confirm(addresses: &[String], asked: &str, cluster_id: &str, allowed: Option<&str>) -> Result<(), TargetError> {
    let cluster_id = cluster_id.to_owned();
    match allowed {
        Some(allowed) if allowed == cluster_id => Ok(()),
        Some(allowed) => {
            let address = addresses.first().cloned().unwrap_or_else(|| asked.to_owned());
            Err(TargetError::AnotherCluster { allowed: allowed.to_owned(), address, cluster_id })
        }
        None => match addresses.iter().find(|address| !is_loopback(address)) {
            Some(remote) => Err(TargetError::NotConfirmed { address: remote.clone(), cluster_id }),
            None => Ok(()),
        },
    }
}

/// Whether the cluster does not even say that the topic exists.
fn is_hidden(topic: &MetadataTopic) -> bool {
    topic.error().is_some_and(|error| RDKafkaErrorCode::from(error) == RDKafkaErrorCode::TopicAuthorizationFailed)
}

fn exists(topic: &MetadataTopic) -> bool {
    topic.error().is_none_or(|error| {
        let code = RDKafkaErrorCode::from(error);
        !matches!(code, RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic)
    })
}

/// Whether every address that a `host:port` stands for is on this machine.
fn is_loopback(address: &str) -> bool {
    address.to_socket_addrs().is_ok_and(|mut found| found.all(|found| found.ip().is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broker_that_is_not_on_this_machine_needs_the_clusters_id() {
        let (here, away) = ("127.0.0.1:9092".to_owned(), "192.0.2.1:9092".to_owned());
        let both = [here.clone(), away];
        assert!(confirm(std::slice::from_ref(&here), &here, "id", None).is_ok());
        let refused = confirm(&both, &here, "id", None).unwrap_err().to_string();
        assert!(refused.contains("192.0.2.1:9092") && refused.contains("--allow-cluster id"), "{refused}");
        assert!(confirm(&both, &here, "id", Some("id")).is_ok());
        let refused = confirm(std::slice::from_ref(&here), &here, "id", Some("other")).unwrap_err().to_string();
        assert!(refused.contains("other") && refused.contains("nothing was sent"), "{refused}");
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (address, expected) in
            [("127.0.0.1:9092", true), ("[::1]:9092", true), ("192.0.2.1:9092", false), ("no-port", false)]
        {
            assert_eq!(is_loopback(address), expected, "{address}");
        }
    }
}
