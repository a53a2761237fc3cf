//! The size of a message: as the client counts it, and as a batch of one at the broker.

/// What librdkafka counts for a message besides key, payload and headers (`RD_KAFKAP_MESSAGE_V2_MAX_OVERHEAD`).
const CLIENT_OVERHEAD_BYTES: u64 = 36;
/// A record batch without its records (Kafka's message format, v2).
const BATCH_HEADER_BYTES: u64 = 61;
/// Attributes, and the differences of time and offset, of a batch's first record.
const FIRST_RECORD_BYTES: u64 = 3;

/// The parts of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageSize {
    /// The key's length, if it has one.
    pub key_bytes: Option<u64>,
    /// The payload's length.
    pub payload_bytes: u64,
    /// The lengths of the names and values of its headers.
    pub headers: Vec<(u64, u64)>,
}

impl MessageSize {
    /// What the client compares with its `message.max.bytes`, before compression.
    #[must_use]
    pub(crate) fn as_client_counts(&self) -> u64 {
        CLIENT_OVERHEAD_BYTES + self.key_bytes.unwrap_or(0) + self.payload_bytes + self.header_bytes()
    }

    /// The smallest batch that holds it, uncompressed: what a topic compares with its `max.message.bytes`.
    #[must_use]
    pub(crate) fn as_batch(&self) -> u64 {
        let key = self.key_bytes.map_or(varint_bytes(0), |bytes| varint_bytes(bytes) + bytes);
        let payload = varint_bytes(self.payload_bytes) + self.payload_bytes;
        let headers = varint_bytes(self.headers.len() as u64) + self.header_bytes();
        let record = FIRST_RECORD_BYTES + key + payload + headers;
        BATCH_HEADER_BYTES + varint_bytes(record) + record
    }

    fn header_bytes(&self) -> u64 {
        let part = |bytes: u64| varint_bytes(bytes) + bytes;
        self.headers.iter().map(|(name, value)| part(*name) + part(*value)).sum()
    }
}

/// How many bytes a length takes: seven bits in each, zigzag-encoded.
fn varint_bytes(length: u64) -> u64 {
    let bits = u64::from(u64::BITS - length.saturating_mul(2).leading_zeros());
    bits.div_ceil(7).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_takes_seven_bits_a_byte() {
        for (length, bytes) in [(0, 1), (63, 1), (64, 2), (8191, 2), (8192, 3), (1 << 20, 4), (1 << 27, 5)] {
            assert_eq!(varint_bytes(length), bytes, "{length}");
        }
    }
}
