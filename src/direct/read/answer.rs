//! What an answer to a fetch means: where its partitions are read next, and what is left to be looked through. Pure.

use std::collections::BTreeMap;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::FetchResponse;
use kafka_protocol::messages::fetch_response::PartitionData;

use super::aborted::AbortedTransaction;
use super::lane::Lane;
use super::options::ReadOptions;
use super::trouble::{Trouble, trouble_of};

/// One partition's part.
#[derive(Debug)]
pub(super) enum Part {
    /// Records from an offset on.
    Records {
        partition: i32,
        from: i64,
        bytes: Bytes,
        /// Those whose records are left out; none where all are read.
        aborted: Option<Vec<AbortedTransaction>>,
        /// The end of the partition, if it was reached.
        end: Option<i64>,
    },
    /// It could not be read.
    Error { reason: String, is_stuck: bool },
}

/// What an answer means.
#[derive(Debug)]
pub(super) struct Answered {
    /// The session's number; none if the broker has forgotten it.
    pub(super) session: Option<i32>,
    pub(super) parts: Vec<Part>,
    /// Somebody else leads some of the partitions.
    pub(super) doubts_leaders: bool,
    /// How long the broker wants not to be asked.
    pub(super) throttled_ms: u64,
}

/// Moves the partitions on. `asked` is the offset that the broker was asked for in a partition.
///
/// # Errors
/// When the broker refuses the request as a whole; then nothing has moved.
pub(super) fn parts(
    response: FetchResponse,
    asked: impl Fn(i32) -> Option<i64>,
    lanes: &mut BTreeMap<i32, Lane>,
    options: &ReadOptions,
    now_ns: u64,
) -> Result<Answered, String> {
    let throttled_ms = u64::try_from(response.throttle_time_ms).unwrap_or(0);
    let session = Some(response.session_id);
    let mut answered = Answered { session, parts: Vec::new(), doubts_leaders: false, throttled_ms };
    match ResponseError::try_from_code(response.error_code) {
        None => {}
        Some(ResponseError::FetchSessionIdNotFound | ResponseError::InvalidFetchSessionEpoch) => {
            answered.session = None;
            return Ok(answered);
        }
        Some(error) => return Err(format!("it refuses a fetch: {error}")),
    }
    for data in response.responses.into_iter().flat_map(|topic| topic.partitions) {
        // A partition that is not read any more may still have been under way, and so may one that another broker has read further by now.
        let partition = data.partition_index;
        let Some(lane) = lanes.get_mut(&partition).filter(|lane| asked(partition) == Some(lane.place.offset)) else {
            continue;
        };
        let trouble = match trouble_of(&data, lane.place.offset) {
            None => records(data, lane, options.committed_only),
            Some(trouble) => Err(trouble),
        };
        // What the answer says of other partitions is taken in all the same.
        answered.parts.push(trouble.unwrap_or_else(|trouble| {
            (lane.rests_until_ns, lane.is_behind) = (now_ns.saturating_add(options.rest_ns), false);
            answered.doubts_leaders |= matches!(trouble, Trouble::Elsewhere(_));
            error(trouble)
        }));
    }
    Ok(answered)
}

fn error(trouble: Trouble) -> Part {
    let is_stuck = matches!(trouble, Trouble::Stuck(_));
    let (Trouble::Elsewhere(reason) | Trouble::Stuck(reason) | Trouble::Later(reason)) = trouble;
    Part::Error { reason, is_stuck }
}

/// Where a partition is read next, and what is read of it now. Where the answer contradicts itself, the partition stays where it is.
fn records(data: PartitionData, lane: &mut Lane, committed_only: bool) -> Result<Part, Trouble> {
    let (partition, from, bytes) = (data.partition_index, lane.place.offset, data.records.unwrap_or_default());
    let readable_end = if committed_only { data.last_stable_offset } else { data.high_watermark };
    let passed = lane.place.pass(&bytes, data.high_watermark);
    passed.map_err(|disorder| Trouble::Stuck(format!("partition {partition}: {disorder}")))?;
    lane.is_behind = lane.place.offset < readable_end;
    let transactions = data.aborted_transactions.unwrap_or_default().into_iter();
    let aborted =
        transactions.map(|of| AbortedTransaction { producer_id: of.producer_id.0, first_offset: of.first_offset });
    let aborted = committed_only.then(|| aborted.collect());
    Ok(Part::Records { partition, from, bytes, aborted, end: lane.place.reached_end(readable_end) })
}

#[cfg(test)]
mod tests {
    use super::super::lane::lanes_of;
    use super::super::laws::{batch_of, options};
    use super::*;
    use kafka_protocol::messages::TopicName;
    use kafka_protocol::messages::fetch_response::FetchableTopicResponse;

    const AT_5: fn(i32) -> Option<i64> = |_| Some(5);

    fn response(partitions: Vec<PartitionData>) -> FetchResponse {
        let topic = FetchableTopicResponse::default().with_topic(TopicName::default()).with_partitions(partitions);
        FetchResponse::default().with_session_id(9).with_responses(vec![topic])
    }

    fn data(partition: i32, end: i64, records: Vec<u8>) -> PartitionData {
        PartitionData::default()
            .with_partition_index(partition)
            .with_high_watermark(end)
            .with_last_stable_offset(end)
            .with_records(Some(records.into()))
    }

    #[test]
    fn partitions_move_on_and_those_in_trouble_rest() {
        let mut lanes = lanes_of(&[(0, 5), (1, 5)]);
        let moved = data(1, 9, Vec::new()).with_error_code(ResponseError::NotLeaderOrFollower.code());
        let answered =
            parts(response(vec![data(0, 8, batch_of(3, 5)), moved]), AT_5, &mut lanes, &options(), 100).unwrap();
        assert_eq!((answered.session, answered.doubts_leaders), (Some(9), true));
        assert_eq!((lanes[&0].place.offset, lanes[&0].rests_until_ns), (8, 0));
        assert_eq!((lanes[&1].place.offset, lanes[&1].rests_until_ns), (5, 100 + options().rest_ns));
        assert!(matches!(answered.parts[0], Part::Records { partition: 0, from: 5, end: Some(8), .. }));
        assert!(matches!(answered.parts[1], Part::Error { is_stuck: false, .. }));
    }

    #[test]
    fn a_broker_that_lies_about_offsets_is_not_believed_and_nothing_else_is_lost() {
        let mut lanes = lanes_of(&[(0, 5), (1, 5)]);
        let lie = response(vec![data(1, 8, batch_of(3, 5)), data(0, 6, batch_of(3, 1 << 40))]);
        let answered = parts(lie, AT_5, &mut lanes, &options(), 0).unwrap();
        assert!(matches!(answered.parts[0], Part::Records { partition: 1, from: 5, .. }));
        let Part::Error { reason, is_stuck: true } = &answered.parts[1] else { panic!("{answered:?}") };
        assert_eq!(reason, "partition 0: offset 1099511627776 follows 4, and the partition ends at 6");
        assert_eq!((lanes[&0].place.offset, lanes[&1].place.offset), (5, 8));
    }

    #[test]
    fn what_was_appended_while_the_broker_read_is_taken() {
        let mut lanes = lanes_of(&[(0, 5)]);
        let answered = parts(response(vec![data(0, 6, batch_of(3, 5))]), AT_5, &mut lanes, &options(), 0).unwrap();
        assert!(matches!(answered.parts[0], Part::Records { from: 5, end: Some(8), .. }));
    }

    #[test]
    fn a_forgotten_session_is_begun_again_and_loses_no_place() {
        let mut lanes = lanes_of(&[(0, 5)]);
        let forgotten = FetchResponse::default().with_error_code(ResponseError::FetchSessionIdNotFound.code());
        assert_eq!(parts(forgotten, AT_5, &mut lanes, &options(), 0).unwrap().session, None);
        assert_eq!(lanes[&0].place.offset, 5);
    }

    #[test]
    fn what_another_broker_has_read_further_is_not_read_again() {
        let mut lanes = lanes_of(&[(0, 5)]);
        let late = || response(vec![data(0, 8, batch_of(3, 5))]);
        parts(late(), AT_5, &mut lanes, &options(), 0).unwrap();
        let answered = parts(late(), AT_5, &mut lanes, &options(), 0).unwrap();
        assert!(answered.parts.is_empty(), "{answered:?}");
        assert_eq!((lanes[&0].place.offset, lanes[&0].rests_until_ns), (8, 0));
    }

    #[test]
    fn a_partition_is_behind_while_records_wait_in_the_broker() {
        let mut lanes = lanes_of(&[(0, 5), (1, 5)]);
        parts(response(vec![data(0, 9, batch_of(3, 5)), data(1, 8, batch_of(3, 5))]), AT_5, &mut lanes, &options(), 0)
            .unwrap();
        assert_eq!((lanes[&0].is_behind, lanes[&1].is_behind), (true, false));
        // A leader that is gone keeps them back, not the reader.
        let gone = data(0, 9, Vec::new()).with_error_code(ResponseError::NotLeaderOrFollower.code());
        parts(response(vec![gone]), |_| Some(8), &mut lanes, &options(), 0).unwrap();
        assert!(!lanes[&0].is_behind);
    }

    #[test]
    fn an_answer_without_a_batch_to_move_on_behind_lets_the_partition_rest() {
        let mut negative = batch_of(1, 5);
        negative[8] = 0xff;
        let mut last = batch_of(1, 5);
        last[..8].copy_from_slice(&i64::MAX.to_be_bytes());
        for (bytes, expected) in
            [(vec![1; 5], "not one whole batch"), (negative, "its length of"), (last, "its offsets begin at")]
        {
            let mut lanes = lanes_of(&[(0, 5)]);
            let answered = parts(response(vec![data(0, 6, bytes)]), AT_5, &mut lanes, &options(), 7).unwrap();
            let [Part::Error { reason, is_stuck: true }] = &answered.parts[..] else { panic!("{answered:?}") };
            assert!(reason.contains(expected), "{reason}");
            assert_eq!((lanes[&0].place.offset, lanes[&0].rests_until_ns), (5, 7 + options().rest_ns));
        }
    }
}
