//! What an error in an answer to a fetch means for its partition. Pure.

use kafka_protocol::messages::fetch_response::{EpochEndOffset, PartitionData};

use crate::kafka::{ErrorCode, code_of};

/// What is to be done about a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Another broker leads it, or will soon.
    Elsewhere(String),
    /// Nothing that passes by itself: why.
    Stuck(String),
    /// It may go better next time: why.
    Later(String),
}

/// What an answer says of a partition that is read from this offset, beside its records; none if there is no trouble.
pub(super) fn trouble_of(data: &PartitionData, offset: i64) -> Option<Trouble> {
    use ErrorCode as Code;
    let code = code_of(data.error_code);
    let said = format!("partition {}: {code}", data.partition_index);
    Some(match code {
        Code::NoError => return cut_back(data, offset),
        Code::NotLeaderForPartition
        | Code::LeaderNotAvailable
        | Code::ReplicaNotAvailable
        | Code::FencedLeaderEpoch
        | Code::UnknownLeaderEpoch
        | Code::KafkaStorageError => Trouble::Elsewhere(said),
        Code::UnknownTopicOrPartition => Trouble::Stuck(said),
        Code::OffsetOutOfRange => Trouble::Stuck(format!(
            "{said}: offset {offset} is not there; the topic was deleted, cut, or kept for less long than it took to read"
        )),
        Code::TopicAuthorizationFailed => {
            Trouble::Stuck(format!("{said}: this user lacks the right Read on the topic"))
        }
        _ => Trouble::Later(said),
    })
}

/// The broker has other records, or none, where some were read: an unclean change of leaders (KIP-595: a diverging epoch).
fn cut_back(data: &PartitionData, offset: i64) -> Option<Trouble> {
    let EpochEndOffset { epoch, end_offset, .. } = &data.diverging_epoch;
    let partition = data.partition_index;
    (*epoch >= 0 || *end_offset >= 0).then(|| {
        Trouble::Stuck(format!(
            "partition {partition} was read up to offset {}, and was cut back to {end_offset} since: another leader had less of it",
            offset - 1
        ))
    })
}

#[cfg(test)]
mod tests {
    use kafka_protocol::ResponseError;

    use super::*;

    #[test]
    fn what_another_broker_can_answer_is_asked_there_and_what_is_gone_is_said() {
        let data = PartitionData::default().with_partition_index(3);
        let of = |error: ResponseError| trouble_of(&data.clone().with_error_code(error.code()), 40);
        assert_eq!(trouble_of(&data, 40), None);
        assert!(matches!(of(ResponseError::NotLeaderOrFollower), Some(Trouble::Elsewhere(_))));
        assert!(matches!(of(ResponseError::RequestTimedOut), Some(Trouble::Later(_))));
        let Some(Trouble::Stuck(why)) = of(ResponseError::OffsetOutOfRange) else { panic!("it is gone") };
        assert!(why.contains("partition 3") && why.contains("offset 40"), "{why}");
    }

    #[test]
    fn a_partition_that_was_cut_back_behind_what_was_read_is_stuck() {
        let diverging = EpochEndOffset::default().with_epoch(2).with_end_offset(30);
        let data = PartitionData::default().with_partition_index(3).with_diverging_epoch(diverging);
        let Some(Trouble::Stuck(why)) = trouble_of(&data, 40) else { panic!("what was read is gone") };
        assert_eq!(
            why,
            "partition 3 was read up to offset 39, and was cut back to 30 since: another leader had less of it"
        );
    }
}
