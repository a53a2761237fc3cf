//! What a broker's answer to a batch means. Pure.

use crate::kafka::{ErrorCode, code_of};

/// What is to be done about a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is in the log; at an offset that is told, unless the broker remembers only that it has it.
    Written {
        /// Of its first record.
        offset: Option<i64>,
    },
    /// It is to be sent again; perhaps it was written all the same.
    Again {
        /// Whether it may have been written.
        perhaps_written: bool,
    },
    /// The broker misses something before it, or knows nothing of this producer: it was not written.
    Gap,
    /// It is larger than the topic takes.
    TooLarge,
    /// It will never be taken.
    Never {
        /// Why.
        code: ErrorCode,
        /// Whether it may have been written.
        perhaps_written: bool,
    },
}

/// What an answer with this error code means.
pub(super) fn verdict_of(code: i16, base_offset: i64) -> Verdict {
    use ErrorCode as Code;
    let code = code_of(code);
    match code {
        Code::NoError => Verdict::Written { offset: Some(base_offset).filter(|offset| *offset >= 0) },
        Code::DuplicateSequenceNumber => Verdict::Written { offset: None },
        Code::OutOfOrderSequenceNumber | Code::UnknownProducerId | Code::InvalidProducerEpoch => Verdict::Gap,
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => Verdict::TooLarge,
        _ if is_transient(code) => Verdict::Again { perhaps_written: !is_refused_before_writing(code) },
        _ => Verdict::Never { code, perhaps_written: !is_refused_before_writing(code) },
    }
}

/// Whether the next attempt may go better. A leader that changes answers so even for what it has written: others may have it by then.
fn is_transient(code: ErrorCode) -> bool {
    use ErrorCode as Code;
    matches!(
        code,
        Code::NotLeaderForPartition
            | Code::LeaderNotAvailable
            | Code::UnknownTopicOrPartition
            | Code::ReplicaNotAvailable
            | Code::BrokerNotAvailable
            | Code::RequestTimedOut
            | Code::NetworkException
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::KafkaStorageError
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::InvalidMessage
            | Code::ThrottlingQuotaExceeded
    )
}

/// Whether the broker says so before it writes anything.
fn is_refused_before_writing(code: ErrorCode) -> bool {
    use ErrorCode as Code;
    matches!(
        code,
        Code::NotEnoughReplicas
            | Code::InvalidMessage
            | Code::ThrottlingQuotaExceeded
            | Code::InvalidRequiredAcks
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::InvalidTimestamp
            | Code::InvalidRecord
            | Code::UnsupportedForMessageFormat
            | Code::UnsupportedCompressionType
            | Code::PolicyViolation
            | Code::InvalidTopic
    )
}

/// Whether the answer says that the partition is led by another broker.
pub(super) fn asks_for_new_leader(code: i16) -> bool {
    use ErrorCode as Code;
    matches!(
        code_of(code),
        Code::NotLeaderForPartition
            | Code::LeaderNotAvailable
            | Code::UnknownTopicOrPartition
            | Code::ReplicaNotAvailable
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::KafkaStorageError
    )
}

#[cfg(test)]
mod tests {
    use kafka_protocol::ResponseError;
    use proptest::prelude::*;

    use super::*;

    fn meaning(error: ResponseError) -> Verdict {
        verdict_of(error.code(), -1)
    }

    #[test]
    fn what_may_have_been_written_is_not_called_refused() {
        use ResponseError as E;
        assert_eq!(verdict_of(0, 12), Verdict::Written { offset: Some(12) });
        assert_eq!(meaning(E::DuplicateSequenceNumber), Verdict::Written { offset: None });
        for perhaps in
            [E::NotLeaderOrFollower, E::RequestTimedOut, E::NotEnoughReplicasAfterAppend, E::KafkaStorageError]
        {
            assert_eq!(meaning(perhaps), Verdict::Again { perhaps_written: true }, "{perhaps:?}");
        }
        assert_eq!(meaning(E::NotEnoughReplicas), Verdict::Again { perhaps_written: false });
        for gap in [E::OutOfOrderSequenceNumber, E::UnknownProducerId, E::InvalidProducerEpoch] {
            assert_eq!(meaning(gap), Verdict::Gap, "{gap:?}");
        }
        assert_eq!(meaning(E::MessageTooLarge), Verdict::TooLarge);
        let never = Verdict::Never { code: ErrorCode::InvalidRecord, perhaps_written: false };
        assert_eq!(meaning(E::InvalidRecord), never);
    }

    proptest! {
        #[test]
        fn a_code_that_nobody_knows_leaves_it_open(code in prop_oneof![Just(-1_i16), 200..i16::MAX]) {
            let open = matches!(verdict_of(code, 0), Verdict::Never { perhaps_written: true, .. });
            prop_assert!(open);
        }
    }
}
