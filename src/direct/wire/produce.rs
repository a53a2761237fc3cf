//! Produce requests, written around batches that stay where they are, and what their answers say.

use kafka_protocol::messages::{ApiKey, ProduceResponse};

/// What stands before the first batch of a Produce request (versions 3 to 8), the frame's length included, and before each further batch.
/// `batches` are the partitions and how many bytes each batch has.
pub(crate) fn produce_head(head: &Head<'_>, batches: &[(i32, usize)]) -> (Vec<u8>, Vec<[u8; BEFORE_BATCH]>) {
    let before: Vec<[u8; BEFORE_BATCH]> =
        batches.iter().map(|(partition, bytes)| before_batch(*partition, *bytes)).collect();
    let mut out = Vec::with_capacity(64 + head.client_id.len() + head.topic.len());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&(ApiKey::Produce as i16).to_be_bytes());
    out.extend_from_slice(&head.version.to_be_bytes());
    out.extend_from_slice(&head.correlation.to_be_bytes());
    put_text(&mut out, head.client_id);
    // No transaction.
    out.extend_from_slice(&(-1_i16).to_be_bytes());
    out.extend_from_slice(&head.acks.to_be_bytes());
    out.extend_from_slice(&head.timeout_ms.to_be_bytes());
    out.extend_from_slice(&1_i32.to_be_bytes());
    put_text(&mut out, head.topic);
    out.extend_from_slice(&length(batches.len()));
    let batch_bytes: usize = batches.iter().map(|(_, bytes)| BEFORE_BATCH + bytes).sum();
    let frame_bytes = length(out.len() - 4 + batch_bytes);
    out[..4].copy_from_slice(&frame_bytes);
    (out, before)
}

/// What a Produce request says beside its batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) version: i16,
    pub(crate) correlation: i32,
    pub(crate) client_id: &'a str,
    pub(crate) topic: &'a str,
    /// -1: every replica in sync.
    pub(crate) acks: i16,
    pub(crate) timeout_ms: i32,
}

/// Partition and length.
const BEFORE_BATCH: usize = 8;

fn before_batch(partition: i32, bytes: usize) -> [u8; BEFORE_BATCH] {
    let [[a, b, c, d], [e, f, g, h]] = [partition.to_be_bytes(), length(bytes)];
    [a, b, c, d, e, f, g, h]
}

fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&i16::try_from(text.len()).unwrap_or(i16::MAX).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// What a broker says of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Produced {
    pub(crate) partition: i32,
    /// Kafka's error code; 0 for none.
    pub(crate) code: i16,
    /// The offset of its first record.
    pub(crate) base_offset: i64,
}

impl Produced {
    /// What an answer says of each batch.
    pub(crate) fn all_of(answer: &ProduceResponse) -> impl Iterator<Item = Produced> {
        answer.responses.iter().flat_map(|topic| &topic.partition_responses).map(|of| Produced {
            partition: of.index,
            code: of.error_code,
            base_offset: of.base_offset,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::{Buf, Bytes};
    use kafka_protocol::messages::{ProduceRequest, RequestHeader};
    use kafka_protocol::protocol::{Decodable, HeaderVersion};

    use super::*;

    #[test]
    fn a_request_reads_as_another_implementation_reads_it() {
        for version in 3..=8 {
            let head = Head { version, correlation: 7, client_id: "me", topic: "orders", acks: -1, timeout_ms: 30_000 };
            let batches: [&[u8]; 2] = [b"first", b"second one"];
            let (mut frame, before) = produce_head(&head, &[(3, batches[0].len()), (5, batches[1].len())]);
            for (before, batch) in before.iter().zip(batches) {
                frame.extend_from_slice(before);
                frame.extend_from_slice(batch);
            }
            let mut frame = Bytes::from(frame);
            assert_eq!(frame.get_i32() as usize, frame.len());
            let header = RequestHeader::decode(&mut frame, ProduceRequest::header_version(version)).unwrap();
            assert_eq!((header.correlation_id, header.client_id.as_deref()), (7, Some("me")));
            let request = ProduceRequest::decode(&mut frame, version).unwrap();
            assert!(frame.is_empty());
            assert_eq!((request.acks, request.timeout_ms, request.transactional_id), (-1, 30_000, None));
            let topic = &request.topic_data[0];
            let read: Vec<(i32, &[u8])> =
                topic.partition_data.iter().map(|of| (of.index, of.records.as_deref().unwrap())).collect();
            assert_eq!((topic.name.as_str(), read), ("orders", vec![(3, batches[0]), (5, batches[1])]));
        }
    }
}
