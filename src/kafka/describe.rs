//! The topic that a name refers to now: its id, its partitions and their leaders, and what this user may do to it, from the client's
//! DescribeTopics call, which its Rust wrapper lacks.
//!
//! The `unsafe` of this file relies on:
//! 1. The client handle lives as long as the `BaseConsumer` that it is taken from, which the caller keeps borrowed.
//! 2. What is made here (names, options, queue, event) is destroyed here, once, after its last use; the call copies names and options.
//! 3. A result and its descriptions live as long as their event.
#![expect(unsafe_code, reason = "topic ids are reached through a call that has no safe wrapper")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::slice;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::types::RDKafkaErrorCode;

use super::error::KafkaError;
use super::rights::Operation;

/// The topic that a name refers to now, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicState {
    /// No topic has the name.
    Missing,
    /// The topic exists.
    There {
        /// Distinguishes it from earlier and later topics of the same name; absent where brokers give none (before Kafka 2.8).
        id: Option<u128>,
        /// How many partitions it has.
        partitions: u32,
        /// By partition: the id of the broker that leads it; absent where none does.
        leaders: BTreeMap<i32, i32>,
    },
}

/// What this user may do to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operations {
    /// The cluster does not say.
    Untold,
    /// The user may not even know whether the topic exists.
    Hidden,
    /// These.
    Allowed(BTreeSet<Operation>),
}

/// The state of each of these topics; nothing where the cluster does not answer.
pub(super) fn describe<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topics: &[&str],
    timeout: Duration,
) -> Result<Vec<Option<TopicState>>, KafkaError> {
    // SAFETY: `each_of` hands out descriptions that are live (3).
    each_of(client, topics, timeout, false, |topic| topic.and_then(|topic| unsafe { state_of(topic) }))
}

/// What this user may do to each of these topics.
pub(super) fn operations<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topics: &[&str],
    timeout: Duration,
) -> Result<Vec<Operations>, KafkaError> {
    let of_topic = |topic: Option<_>| {
        // SAFETY: `each_of` hands out descriptions that are live (3).
        topic.map_or(Operations::Untold, |topic| unsafe { operations_on(topic) })
    };
    each_of(client, topics, timeout, true, of_topic)
}

/// What `read` makes of the description of each of these topics, if the cluster gave one; `with_operations` if it is to say what is allowed.
fn each_of<C: ConsumerContext, T>(
    client: &BaseConsumer<C>,
    topics: &[&str],
    timeout: Duration,
    with_operations: bool,
    read: impl Fn(Option<*const rd::rd_kafka_TopicDescription_t>) -> T,
) -> Result<Vec<T>, KafkaError> {
    let what = || "asking which topics exist".to_owned();
    let names: Vec<CString> = topics
        .iter()
        .map(|topic| CString::new(*topic).map_err(|error| KafkaError::request(what(), error)))
        .collect::<Result<_, _>>()?;
    let event = ask(client, &names, timeout, with_operations);
    if event.0.is_null() {
        return Err(KafkaError::request(what(), "no answer in time"));
    }
    // SAFETY: the event is live (2), and the results are read before it is destroyed (3).
    unsafe {
        let code = RDKafkaErrorCode::from(rd::rd_kafka_event_error(event.0));
        let result = rd::rd_kafka_event_DescribeTopics_result(event.0);
        if code != RDKafkaErrorCode::NoError || result.is_null() {
            return Err(KafkaError::request(what(), code));
        }
        let mut count = 0;
        let first = rd::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        let found = if first.is_null() { &[] } else { slice::from_raw_parts(first, count) };
        let described = |name: &CString| found.iter().find(|topic| is_named(**topic, name)).copied();
        Ok(names.iter().map(|name| read(described(name))).collect())
    }
}

/// An event, destroyed at the end.
struct Event(*mut rd::rd_kafka_event_t);

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once (2); a null pointer is allowed.
        unsafe { rd::rd_kafka_event_destroy(self.0) };
    }
}

fn ask<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    names: &[CString],
    timeout: Duration,
    with_operations: bool,
) -> Event {
    let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let mut error = [0; 256];
    // SAFETY: the client is live (1); everything made here is destroyed below, after the answer or the timeout (2).
    unsafe {
        let handle = client.client().native_ptr();
        let topics = rd::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        let options = rd::rd_kafka_AdminOptions_new(handle, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
        // A timeout outside the client's range leaves the client's default, which is longer: the wait below decides.
        rd::rd_kafka_AdminOptions_set_request_timeout(options, millis, error.as_mut_ptr(), error.len());
        // One that is refused leaves the operations untold. Its error is ours; a null pointer is allowed.
        let set = rd::rd_kafka_AdminOptions_set_include_authorized_operations(options, c_int::from(with_operations));
        rd::rd_kafka_error_destroy(set);
        let queue = rd::rd_kafka_queue_new(handle);
        rd::rd_kafka_DescribeTopics(handle, topics, options, queue);
        let event = rd::rd_kafka_queue_poll(queue, millis);
        rd::rd_kafka_queue_destroy(queue);
        rd::rd_kafka_AdminOptions_destroy(options);
        rd::rd_kafka_TopicCollection_destroy(topics);
        Event(event)
    }
}

/// Whether a description is that of the topic of this name. The description is live (3).
unsafe fn is_named(topic: *const rd::rd_kafka_TopicDescription_t, name: &CStr) -> bool {
    // SAFETY: the description is live, and its name a C string that lives as long.
    unsafe {
        let found = rd::rd_kafka_TopicDescription_name(topic);
        !found.is_null() && CStr::from_ptr(found) == name
    }
}

/// The error that a description holds. It is live (3).
unsafe fn code_of(topic: *const rd::rd_kafka_TopicDescription_t) -> RDKafkaErrorCode {
    // SAFETY: the description is live, and its error a part of it.
    unsafe {
        let error = rd::rd_kafka_TopicDescription_error(topic);
        if error.is_null() { RDKafkaErrorCode::NoError } else { RDKafkaErrorCode::from(rd::rd_kafka_error_code(error)) }
    }
}

/// The operations that a description lists. It is live (3).
unsafe fn operations_on(topic: *const rd::rd_kafka_TopicDescription_t) -> Operations {
    use rd::rd_kafka_AclOperation_t as Native;

    // SAFETY: the description is live, and the list a part of it.
    let listed = unsafe {
        match code_of(topic) {
            RDKafkaErrorCode::TopicAuthorizationFailed => return Operations::Hidden,
            RDKafkaErrorCode::NoError => {}
            _ => return Operations::Untold,
        }
        let mut count = 0;
        let first = rd::rd_kafka_TopicDescription_authorized_operations(topic, &raw mut count);
        if first.is_null() { &[] } else { slice::from_raw_parts(first, count) }
    };
    // Whoever may describe a topic may do at least that: none at all means that the cluster does not say.
    if listed.is_empty() {
        return Operations::Untold;
    }
    let known = listed.iter().filter_map(|operation| match operation {
        Native::RD_KAFKA_ACL_OPERATION_READ => Some(Operation::Read),
        Native::RD_KAFKA_ACL_OPERATION_WRITE => Some(Operation::Write),
        Native::RD_KAFKA_ACL_OPERATION_CREATE => Some(Operation::Create),
        Native::RD_KAFKA_ACL_OPERATION_DESCRIBE => Some(Operation::Describe),
        Native::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS => Some(Operation::DescribeConfigs),
        _ => None,
    });
    Operations::Allowed(known.collect())
}

/// The state that a description gives; nothing when the cluster cannot tell now. The description is live (3).
unsafe fn state_of(topic: *const rd::rd_kafka_TopicDescription_t) -> Option<TopicState> {
    // SAFETY: the description is live, and so are its error, its id and its partitions.
    unsafe {
        match code_of(topic) {
            RDKafkaErrorCode::NoError => {}
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => {
                return Some(TopicState::Missing);
            }
            _ => return None,
        }
        let mut count = 0;
        let first = rd::rd_kafka_TopicDescription_partitions(topic, &raw mut count);
        let partitions = if first.is_null() { &[] } else { slice::from_raw_parts(first, count) };
        let leaders = partitions.iter().filter_map(|partition| leader_of(*partition)).collect();
        Some(TopicState::There { id: id_of(topic), partitions: u32::try_from(count).ok()?, leaders })
    }
}

/// A partition's number and the id of its leader, if it has one. Its description is live (3).
unsafe fn leader_of(partition: *const rd::rd_kafka_TopicPartitionInfo_t) -> Option<(i32, i32)> {
    // SAFETY: the description is live, and its leader a part of it.
    unsafe {
        let leader = rd::rd_kafka_TopicPartitionInfo_leader(partition);
        if leader.is_null() {
            return None;
        }
        let id = Some(rd::rd_kafka_Node_id(leader)).filter(|id| *id >= 0)?;
        Some((rd::rd_kafka_TopicPartitionInfo_partition(partition), id))
    }
}

/// The description is live (3).
unsafe fn id_of(topic: *const rd::rd_kafka_TopicDescription_t) -> Option<u128> {
    // SAFETY: the id is a part of the description.
    unsafe {
        let uuid = rd::rd_kafka_TopicDescription_topic_id(topic);
        if ptr::eq(uuid, ptr::null()) {
            return None;
        }
        let high = rd::rd_kafka_Uuid_most_significant_bits(uuid).cast_unsigned();
        let low = rd::rd_kafka_Uuid_least_significant_bits(uuid).cast_unsigned();
        Some(u128::from(high) << 64 | u128::from(low)).filter(|id| *id != 0)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;
    use crate::broker::{Broker, BrokerConfig};

    #[test]
    fn a_topic_has_an_id_and_each_partition_its_leader() {
        let config = BrokerConfig { auto_create_topics: true, default_partitions: 3, ..BrokerConfig::default() };
        let broker = Broker::start(config).unwrap();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", broker.address().to_string()).set("allow.auto.create.topics", "true");
        let client: BaseConsumer = config.create().unwrap();
        client.fetch_metadata(Some("orders"), Duration::from_secs(30)).unwrap();
        let states = describe(&client, &["orders", "elsewhere"], Duration::from_secs(30)).unwrap();
        let leaders: BTreeMap<i32, i32> = [(0, 1), (1, 1), (2, 1)].into();
        assert!(
            matches!(&states[0], Some(TopicState::There { id: Some(_), partitions: 3, leaders: found }) if *found == leaders),
            "{states:?}"
        );
        assert_eq!(states[1], Some(TopicState::Missing));
    }
}
