//! What an error in an answer to a fetch means for its partition. Pure.

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

/// What an error code says of a partition that is read from this offset; none if there is no error.
pub(super) fn trouble_of(code: i16, partition: i32, offset: i64) -> Option<Trouble> {
    use ErrorCode as Code;
    let code = code_of(code);
    let said = format!("partition {partition}: {code}");
    Some(match code {
        Code::NoError => return None,
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

#[cfg(test)]
mod tests {
    use kafka_protocol::ResponseError;

    use super::*;

    #[test]
    fn what_another_broker_can_answer_is_asked_there_and_what_is_gone_is_said() {
        let of = |error: ResponseError| trouble_of(error.code(), 3, 40);
        assert_eq!(trouble_of(0, 3, 40), None);
        assert!(matches!(of(ResponseError::NotLeaderOrFollower), Some(Trouble::Elsewhere(_))));
        assert!(matches!(of(ResponseError::RequestTimedOut), Some(Trouble::Later(_))));
        let Some(Trouble::Stuck(why)) = of(ResponseError::OffsetOutOfRange) else { panic!("it is gone") };
        assert!(why.contains("partition 3") && why.contains("offset 40"), "{why}");
    }
}
