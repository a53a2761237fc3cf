//! Produce: each partition's batch is checked, reserves room under the memory cap, and is appended.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, ProduceRequest};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, ProduceResponse, TopicProduceResponse};

use super::batch::{BatchFault, BatchHeader};
use super::ceiling::Batch;
use super::cluster::{Cluster, now_ms};
use super::log::cost_bytes;
use super::partition::Appended;
use super::topics::Topic;

/// Stores the batches of a request, waiting for room under the memory cap for as long as the request's timeout allows. `frame_bytes` is the
/// size of the frame that the batches are slices of. The answer, and how many events were stored.
pub(super) async fn produce(cluster: &Cluster, request: ProduceRequest, frame_bytes: usize) -> (ProduceResponse, u64) {
    let acks_known = (-1..=1).contains(&request.acks);
    let patience = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let mut responses = Vec::with_capacity(request.topic_data.len());
    let mut events = 0;
    for data in request.topic_data {
        let topic = cluster.topics.find(&data.name, data.topic_id);
        let mut partition_responses = Vec::with_capacity(data.partition_data.len());
        for partition in data.partition_data {
            let index = partition.index;
            let stored = match &topic {
                _ if !acks_known => Err(ResponseError::InvalidRequiredAcks),
                Err(error) => Err(*error),
                Ok(topic) => store(cluster, topic, partition, frame_bytes, patience).await,
            };
            events += stored.as_ref().map_or(0, |stored| stored.events);
            partition_responses.push(answer(index, stored.map(|stored| stored.appended)));
        }
        let response = TopicProduceResponse::default().with_name(data.name).with_topic_id(data.topic_id);
        responses.push(response.with_partition_responses(partition_responses));
    }
    (ProduceResponse::default().with_responses(responses), events)
}

/// What became of a batch.
struct Stored {
    appended: Appended,
    /// Events that it added to the log.
    events: u64,
}

async fn store(
    cluster: &Cluster,
    topic: &Topic,
    data: PartitionProduceData,
    frame_bytes: usize,
    patience: Duration,
) -> Result<Stored, ResponseError> {
    let partition = topic.partition(data.index).ok_or(ResponseError::UnknownTopicOrPartition)?;
    let bytes = data.records.ok_or(ResponseError::InvalidRecord)?;
    if bytes.len() > topic.settings.max_message_bytes {
        return Err(ResponseError::MessageTooLarge);
    }
    let header = BatchHeader::check(&bytes).map_err(refusal)?;
    if header.max_timestamp_ms > now_ms().saturating_add(topic.settings.max_ahead_ms) {
        return Err(ResponseError::InvalidTimestamp);
    }
    let events = u64::try_from(header.record_count).unwrap_or_default();
    // Before room is taken: a client that goes while it waits would leave it taken.
    cluster.serve(&partition, Batch { events, bytes: bytes.len() as u64 }).await;
    if cluster.books.forgets(&cluster.config.misdeeds) {
        let appended = partition.forget(&header)?;
        cluster.books.forgot(if appended.duplicate { 0 } else { events });
        return Ok(Stored { appended, events: 0 });
    }
    let cost = cost_bytes(bytes.len());
    cluster.take_room(cost, patience).await?;
    let shows_after = cluster.config.misdeeds.shows_after;
    let appended = partition.append(&header, unpinned(bytes, frame_bytes), cluster.next_arrival(), shows_after);
    if appended.as_ref().map_or(true, |appended| appended.duplicate) {
        cluster.memory.give_back(cost);
    }
    let appended = appended?;
    if !shows_after.is_zero() {
        let end = appended.base_offset + i64::from(header.record_count);
        tokio::spawn(async move {
            tokio::time::sleep(shows_after).await;
            partition.show(end);
        });
    }
    Ok(Stored { appended, events: if appended.duplicate { 0 } else { events } })
}

/// A batch that is a small part of its frame is copied, so that it does not keep the whole frame in memory.
fn unpinned(bytes: Bytes, frame_bytes: usize) -> Bytes {
    if bytes.len() < frame_bytes / 2 { Bytes::copy_from_slice(&bytes) } else { bytes }
}

fn refusal(fault: BatchFault) -> ResponseError {
    match fault {
        BatchFault::Length | BatchFault::Checksum => ResponseError::CorruptMessage,
        BatchFault::Format => ResponseError::UnsupportedForMessageFormat,
        BatchFault::Records => ResponseError::InvalidRecord,
    }
}

fn answer(index: i32, stored: Result<Appended, ResponseError>) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default().with_index(index).with_log_append_time_ms(-1);
    match stored {
        Ok(appended) => {
            response.with_base_offset(appended.base_offset).with_log_start_offset(appended.log_start_offset)
        }
        Err(error) => response.with_error_code(error.code()).with_base_offset(-1).with_log_start_offset(-1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kafka_protocol::messages::produce_request::TopicProduceData;
    use kafka_protocol::protocol::StrBytes;

    use super::super::batch::tests::batch_of;
    use super::super::cluster::tests::cluster_with_cap;
    use super::super::topics::Settings;
    use super::*;

    /// Produces `bytes` to partition 0 of a topic with a limit of 1,000 bytes a batch, and returns the error code.
    async fn code_of(cluster: &Cluster, topic: &'static str, acks: i16, bytes: Bytes) -> i16 {
        let data = PartitionProduceData::default().with_records(Some(bytes));
        let topic = TopicProduceData::default().with_name(StrBytes::from_static_str(topic).into());
        let topics = vec![topic.with_partition_data(vec![data])];
        let request = ProduceRequest::default().with_acks(acks).with_timeout_ms(1).with_topic_data(topics);
        produce(cluster, request, 0).await.0.responses[0].partition_responses[0].error_code
    }

    fn cluster(cap_bytes: u64) -> Cluster {
        let cluster = cluster_with_cap(cap_bytes);
        let given = BTreeMap::from([("max.message.bytes".to_owned(), "1000".to_owned())]);
        cluster.topics.create("orders", 1, Settings::from_given(given).unwrap(), false).unwrap();
        cluster
    }

    fn plain(count: i32) -> Bytes {
        batch_of(count, (-1, -1, -1), false, 0)
    }

    fn with_byte(at: usize, value: u8) -> Bytes {
        let mut bytes = plain(3).to_vec();
        bytes[at] = value;
        bytes.into()
    }

    #[tokio::test]
    async fn refusals_carry_kafkas_codes_and_take_no_room() {
        let cluster = cluster(1 << 20);
        let tomorrow_ms = now_ms() + 86_400_000;
        let cases = [
            ("a flipped bit", "orders", -1, with_byte(80, 0xff), 2),
            ("cut short", "orders", -1, plain(3).slice(..70), 2),
            ("an old format", "orders", -1, with_byte(16, 1), 43),
            ("a marker", "orders", -1, super::super::batch::marker(1, 0, true, 0), 87),
            ("too large", "orders", -1, plain(200), 10),
            ("from tomorrow", "orders", -1, batch_of(1, (-1, -1, -1), false, tomorrow_ms), 32),
            ("unknown topic", "else", -1, plain(1), 3),
            ("unknown acks", "orders", 2, plain(1), 21),
            ("a gap in the sequence", "orders", -1, batch_of(1, (5, 0, 9), false, 0), 45),
        ];
        assert_eq!(code_of(&cluster, "orders", -1, batch_of(1, (5, 0, 0), false, 0)).await, 0);
        let before = cluster.memory.used_bytes();
        for (what, topic, acks, bytes, code) in cases {
            assert_eq!(code_of(&cluster, topic, acks, bytes).await, code, "{what}");
            assert_eq!(cluster.memory.used_bytes(), before, "{what}");
        }
    }

    #[tokio::test]
    async fn a_retry_is_acknowledged_and_takes_no_room() {
        let cluster = cluster(1 << 20);
        let batch = batch_of(4, (5, 0, 0), false, 0);
        assert_eq!(code_of(&cluster, "orders", -1, batch.clone()).await, 0);
        let before = cluster.memory.used_bytes();
        assert_eq!(code_of(&cluster, "orders", -1, batch).await, 0);
        assert_eq!(cluster.memory.used_bytes(), before);
    }

    #[tokio::test]
    async fn without_room_in_time_nothing_is_stored() {
        let cluster = cluster(300);
        assert_eq!(code_of(&cluster, "orders", -1, plain(1)).await, 0);
        let partition = cluster.topics.partition("orders", 0).unwrap();
        let before = (cluster.memory.used_bytes(), partition.bounds().unwrap().high_watermark);
        assert_eq!(code_of(&cluster, "orders", -1, plain(1)).await, 7);
        assert_eq!((cluster.memory.used_bytes(), partition.bounds().unwrap().high_watermark), before);
    }

    #[test]
    fn a_small_part_of_a_large_frame_is_copied() {
        let frame = Bytes::from(vec![0; 1_000]);
        let small = frame.slice(10..100);
        assert_ne!(unpinned(small.clone(), frame.len()).as_ptr(), small.as_ptr());
        let large = frame.slice(10..);
        assert_eq!(unpinned(large.clone(), frame.len()).as_ptr(), large.as_ptr());
    }
}
