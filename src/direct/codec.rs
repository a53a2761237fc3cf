//! How the records of a batch are compressed.

use std::io::Write as _;

use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use super::records::HEADER_BYTES;

/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// A codec that batches can be compressed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Codec {
    #[default]
    None,
    Lz4,
    /// At this level.
    Zstd(i32),
}

impl Codec {
    /// By Kafka's name; none for one that is not written here.
    pub(super) fn named(name: &str, level: Option<i32>) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "none" => Some(Codec::None),
            "lz4" => Some(Codec::Lz4),
            // librdkafka's -1 is the codec's own default.
            "zstd" => Some(Codec::Zstd(level.filter(|level| *level > 0).unwrap_or(ZSTD_LEVEL))),
            _ => None,
        }
    }

    /// Its number in a batch's attributes.
    pub(super) fn number(self) -> i16 {
        match self {
            Codec::None => 0,
            Codec::Lz4 => 3,
            Codec::Zstd(_) => 4,
        }
    }

    /// The batch with its records compressed, after room for its header; none where that is no smaller.
    pub(super) fn packed(self, batch: &[u8]) -> Option<Vec<u8>> {
        let records = batch.get(HEADER_BYTES..)?;
        let packed = match self {
            Codec::None => None,
            Codec::Lz4 => lz4(records),
            Codec::Zstd(level) => zstd(records, level),
        };
        packed.filter(|packed| packed.len() < batch.len())
    }
}

/// Java reads blocks only if each can be read by itself.
fn lz4(records: &[u8]) -> Option<Vec<u8>> {
    let info = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(info, vec![0; HEADER_BYTES]);
    encoder.write_all(records).ok()?;
    encoder.finish().ok()
}

fn zstd(records: &[u8], level: i32) -> Option<Vec<u8>> {
    let mut out = vec![0; HEADER_BYTES];
    out.extend(zstd::bulk::compress(records, level).ok()?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    fn unpacked(codec: Codec, packed: &[u8]) -> Vec<u8> {
        let body = &packed[HEADER_BYTES..];
        match codec {
            Codec::None => body.to_vec(),
            Codec::Lz4 => {
                let mut out = Vec::new();
                lz4_flex::frame::FrameDecoder::new(body).read_to_end(&mut out).unwrap();
                out
            }
            Codec::Zstd(_) => zstd::bulk::decompress(body, 1 << 20).unwrap(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn what_is_packed_is_the_same_when_it_is_unpacked(records in prop::collection::vec(0_u8..4, 0..3000), zstd in any::<bool>()) {
            let codec = if zstd { Codec::Zstd(ZSTD_LEVEL) } else { Codec::Lz4 };
            let batch = [&[0; HEADER_BYTES][..], &records].concat();
            if let Some(packed) = codec.packed(&batch) {
                prop_assert!(packed.len() < batch.len());
                prop_assert_eq!(unpacked(codec, &packed), records);
            }
        }
    }

    #[test]
    fn what_repeats_gets_smaller() {
        let batch = [&[0; HEADER_BYTES][..], &b"the same words ".repeat(20)].concat();
        for codec in [Codec::Lz4, Codec::Zstd(ZSTD_LEVEL)] {
            assert!(codec.packed(&batch).unwrap().len() < batch.len() / 2, "{codec:?}");
        }
    }

    #[test]
    fn what_does_not_get_smaller_stays_as_it_is() {
        let batch = [&[0; HEADER_BYTES][..], b"abc"].concat();
        assert_eq!(Codec::Lz4.packed(&batch), None);
        assert_eq!(Codec::Zstd(1).packed(&batch), None);
    }
}
