//! Where the partitions of a topic are led, as the cluster says.

use std::collections::BTreeMap;
use std::fmt;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{ApiKey, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::connection::{ConnectOptions, Connection};
use super::error::WireError;

/// Where a broker listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Host {
    /// A name or an address.
    pub(crate) name: String,
    /// Its port.
    pub(crate) port: u16,
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_bare_v6 = self.name.contains(':');
        if is_bare_v6 {
            write!(out, "[{}]:{}", self.name, self.port)
        } else {
            write!(out, "{}:{}", self.name, self.port)
        }
    }
}

impl Host {
    /// The hosts of `bootstrap.servers`, as librdkafka reads it: with a port or Kafka's own, perhaps after `PROTOCOL://`.
    #[must_use]
    pub(crate) fn list(servers: &str) -> Vec<Host> {
        servers.split(',').map(str::trim).filter(|server| !server.is_empty()).filter_map(Host::read).collect()
    }

    fn read(server: &str) -> Option<Host> {
        let address = server.split_once("://").map_or(server, |(_, address)| address).trim_end_matches('/');
        let (name, port) = match address.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, port.parse().ok()?),
            _ => (address, 9092),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Host { name, port })
    }
}

/// A topic's partitions and who leads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The cluster's brokers.
    pub(crate) brokers: BTreeMap<i32, Host>,
    /// Who leads each partition; none while nobody does.
    pub(crate) leaders: Vec<Option<i32>>,
}

/// Asks the first of these hosts that answers.
///
/// # Errors
/// What the last of them said.
pub(crate) fn look_up(hosts: &[Host], topic: &str, options: &ConnectOptions) -> Result<Layout, WireError> {
    let mut last = WireError::no_broker();
    for host in hosts {
        match Connection::open(host, options).and_then(|mut connection| Layout::ask(&mut connection, topic)) {
            Ok(layout) => return Ok(layout),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Layout {
    /// Asks a broker.
    ///
    /// # Errors
    /// [`WireError`].
    pub(crate) fn ask(connection: &mut Connection, topic: &str) -> Result<Self, WireError> {
        let name = TopicName(StrBytes::from_string(topic.to_owned()));
        let wanted = MetadataRequestTopic::default().with_name(Some(name));
        let request = MetadataRequest::default().with_topics(Some(vec![wanted])).with_allow_auto_topic_creation(false);
        let answer = connection.call(ApiKey::Metadata, &request)?;
        Layout::read(&answer, topic).map_err(|problem| match problem {
            Problem::Nonsense(what) => connection.malformed(what),
            Problem::Refused(code) => connection.refused(&format!("to describe topic {topic}"), &code),
        })
    }

    fn read(answer: &MetadataResponse, topic: &str) -> Result<Self, Problem> {
        let found = answer.topics.iter().find(|found| found.name.as_ref().is_some_and(|name| name.as_str() == topic));
        let found = found.ok_or_else(|| Problem::Nonsense(format!("it does not speak of topic {topic}")))?;
        if let Some(error) = ResponseError::try_from_code(found.error_code) {
            return Err(Problem::Refused(error));
        }
        let brokers = answer.brokers.iter().filter_map(|broker| {
            Some((broker.node_id.0, Host { name: broker.host.to_string(), port: u16::try_from(broker.port).ok()? }))
        });
        let brokers: BTreeMap<i32, Host> = brokers.collect();
        let mut leaders = vec![None; found.partitions.len()];
        for partition in &found.partitions {
            let place = usize::try_from(partition.partition_index).ok().and_then(|place| leaders.get_mut(place));
            let place =
                place.ok_or_else(|| Problem::Nonsense(format!("it has a partition {}", partition.partition_index)))?;
            *place = Some(partition.leader_id.0).filter(|leader| brokers.contains_key(leader));
        }
        Ok(Layout { brokers, leaders })
    }
}

/// Why an answer says nothing of the topic.
enum Problem {
    Nonsense(String),
    Refused(ResponseError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bootstrap_servers_are_read_as_librdkafka_reads_them() {
        let told: Vec<String> =
            Host::list("a:1, b ,[::1]:3,SASL_SSL://c:4/,d:x,").iter().map(ToString::to_string).collect();
        assert_eq!(told, ["a:1", "b:9092", "[::1]:3", "c:4"]);
    }
}
