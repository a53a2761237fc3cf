//! Fetch: batches are served as they are stored, and a fetch that finds too little waits.
//!
//! Fetch sessions are declined (session id 0), so every fetch lists all the partitions that it wants.
//! The answer is written by hand, field by field as in Kafka's FetchResponse.json, so that batches need not be joined or copied.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BufMut;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchRequest};
use tokio::time::Instant;

use super::batch::{PREFIX_BYTES, put_prefix};
use super::cluster::Cluster;
use super::link::Link;
use super::log::StoredBatch;
use super::partition::{Asked, Found, Partition};
use super::reply::{Reply, ReplyWriter};

/// Kafka's `fetch.max.bytes`: the most that one answer carries, whatever a client requests.
const MAX_ANSWER_BYTES: usize = 55 * 1024 * 1024;
const FIRST_FLEXIBLE: i16 = 12;
const FIRST_WITH_TOPIC_IDS: i16 = 13;

type Outcome = Result<Found, ResponseError>;

/// One partition of the request, found or not.
type Target<'a> = (&'a FetchPartition, Result<Arc<Partition>, ResponseError>);

/// Answers once there are `min_bytes` or an error, or `max_wait_ms` have passed.
pub(super) async fn fetch(
    cluster: &Cluster,
    link: &Link,
    request: FetchRequest,
    version: i16,
    correlation_id: i32,
) -> Reply {
    if request.session_id != 0 {
        return encode(&request, ResponseError::FetchSessionIdNotFound.code(), &[], version, correlation_id);
    }
    link.has_fetched.store(true, Ordering::Relaxed);
    let targets = find_targets(cluster, &request);
    let wanted_bytes = usize::try_from(request.min_bytes).unwrap_or(0);
    let deadline = Instant::now() + Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0));
    let mut registered = false;
    loop {
        let outcomes = gather(cluster, link, &request, &targets);
        if is_enough(&outcomes, wanted_bytes) || Instant::now() >= deadline {
            return encode(&request, 0, &outcomes, version, correlation_id);
        }
        if registered {
            // After the timeout the loop checks once more and then answers.
            registered = !link.changes_before(deadline).await;
            continue;
        }
        for partition in targets.iter().flatten().filter_map(|(_, partition)| partition.as_ref().ok()) {
            partition.wake_on_change(&link.waiter);
        }
        registered = true;
    }
}

/// By topic and partition, in the order of the request.
fn find_targets<'a>(cluster: &Cluster, request: &'a FetchRequest) -> Vec<Vec<Target<'a>>> {
    let mut targets = Vec::with_capacity(request.topics.len());
    for wanted in &request.topics {
        let topic = cluster.topics.find(&wanted.topic, wanted.topic_id);
        let find = |wanted: &'a FetchPartition| {
            let found = topic.as_ref().map_err(|error| *error);
            let found =
                found.and_then(|topic| topic.partition(wanted.partition).ok_or(ResponseError::UnknownTopicOrPartition));
            (wanted, found)
        };
        targets.push(wanted.partitions.iter().map(find).collect());
    }
    targets
}

fn gather(cluster: &Cluster, link: &Link, request: &FetchRequest, targets: &[Vec<Target<'_>>]) -> Vec<Vec<Outcome>> {
    let mut room = usize::try_from(request.max_bytes).unwrap_or(0).min(MAX_ANSWER_BYTES);
    let now = std::time::Instant::now();
    let mut empty_so_far = true;
    let (mut moved, mut freed) = (false, 0);
    let mut read = |(wanted, partition): &Target<'_>| {
        let asked = Asked {
            from: wanted.fetch_offset,
            reader: link.id,
            now,
            committed_only: request.isolation_level == 1,
            max_bytes: room.min(usize::try_from(wanted.partition_max_bytes).unwrap_or(0)),
            at_least_one: empty_so_far,
        };
        let found = partition.as_ref().map_err(|error| *error)?.fetch(asked)?;
        empty_so_far &= found.batches.is_empty();
        moved |= found.moved;
        freed += found.freed;
        room = room.saturating_sub(size_bytes(&found.batches));
        Ok(found)
    };
    let outcomes = targets.iter().map(|topic| topic.iter().map(&mut read).collect()).collect();
    cluster.memory.give_back_quietly(freed);
    if moved {
        cluster.memory.wake();
    }
    outcomes
}

fn size_bytes(batches: &[StoredBatch]) -> usize {
    batches.iter().map(|batch| batch.bytes.len()).sum()
}

fn is_enough(outcomes: &[Vec<Outcome>], wanted_bytes: usize) -> bool {
    let mut found_bytes = 0;
    for outcome in outcomes.iter().flatten() {
        match outcome {
            Ok(found) => found_bytes += size_bytes(&found.batches),
            Err(_) => return true,
        }
    }
    found_bytes >= wanted_bytes
}

/// FetchResponse, versions 4 to 16, with its header.
fn encode(
    request: &FetchRequest,
    error_code: i16,
    outcomes: &[Vec<Outcome>],
    version: i16,
    correlation_id: i32,
) -> Reply {
    let flexible = version >= FIRST_FLEXIBLE;
    let mut writer = ReplyWriter::default();
    writer.buffer.reserve(256);
    writer.buffer.put_i32(correlation_id);
    writer.put_no_tags(flexible);
    writer.buffer.put_i32(0);
    if version >= 7 {
        writer.buffer.put_i16(error_code);
        writer.buffer.put_i32(0);
    }
    writer.put_length(flexible, outcomes.len());
    for (topic, outcomes) in request.topics.iter().zip(outcomes) {
        if version >= FIRST_WITH_TOPIC_IDS {
            writer.buffer.put_slice(topic.topic_id.as_bytes());
        } else {
            put_name(&mut writer, flexible, &topic.topic);
        }
        writer.put_length(flexible, outcomes.len());
        for (wanted, outcome) in topic.partitions.iter().zip(outcomes) {
            put_partition(&mut writer, wanted.partition, outcome, version);
        }
        writer.put_no_tags(flexible);
    }
    writer.put_no_tags(flexible);
    writer.finish()
}

fn put_name(writer: &mut ReplyWriter, flexible: bool, name: &str) {
    if flexible {
        writer.put_length(true, name.len());
    } else {
        writer.buffer.put_i16(i16::try_from(name.len()).unwrap_or(i16::MAX));
    }
    writer.buffer.put_slice(name.as_bytes());
}

fn put_partition(writer: &mut ReplyWriter, index: i32, outcome: &Outcome, version: i16) {
    let flexible = version >= FIRST_FLEXIBLE;
    writer.buffer.put_i32(index);
    writer.buffer.put_i16(outcome.as_ref().err().map_or(0, ResponseError::code));
    let bounds = outcome.as_ref().ok().map(|found| found.bounds);
    writer.buffer.put_i64(bounds.map_or(-1, |bounds| bounds.high_watermark));
    writer.buffer.put_i64(bounds.map_or(-1, |bounds| bounds.last_stable));
    if version >= 5 {
        writer.buffer.put_i64(bounds.map_or(-1, |bounds| bounds.log_start));
    }
    put_aborted(writer, outcome, flexible);
    if version >= 11 {
        writer.buffer.put_i32(-1);
    }
    let batches = outcome.as_ref().map_or(&[][..], |found| &found.batches);
    writer.put_length(flexible, size_bytes(batches));
    for batch in batches {
        put_prefix(&mut writer.buffer, batch.base_offset, batch.bytes.len());
        writer.put_shared(batch.bytes.slice(PREFIX_BYTES..));
    }
    writer.put_no_tags(flexible);
}

fn put_aborted(writer: &mut ReplyWriter, outcome: &Outcome, flexible: bool) {
    let Some(aborted) = outcome.as_ref().ok().and_then(|found| found.aborted.as_ref()) else {
        // Null: this reader did not request them.
        if flexible {
            writer.put_varint(0)
        } else {
            writer.buffer.put_i32(-1)
        }
        return;
    };
    writer.put_length(flexible, aborted.len());
    for transaction in aborted {
        writer.buffer.put_i64(transaction.producer_id);
        writer.buffer.put_i64(transaction.first_offset);
        writer.put_no_tags(flexible);
    }
}
