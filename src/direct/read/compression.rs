//! The records of a compressed batch as they were before.

use std::io::{self, Read};

use super::batch::Batch;

/// A batch that claims to hold more than this is not believed.
const MOST_BYTES: usize = 256 << 20;

/// Kafka's numbers of codecs.
const GZIP: i16 = 1;
const SNAPPY: i16 = 2;
const LZ4: i16 = 3;
const ZSTD: i16 = 4;

/// How snappy-java begins, before two version numbers and pieces of their own length each.
const IN_PIECES: &[u8] = b"\x82SNAPPY\0";
const BEFORE_PIECES: usize = 16;

/// Appends the batch's records to `space`.
///
/// # Errors
/// Why they cannot be read.
pub(super) fn plain(batch: &Batch<'_>, space: &mut Vec<u8>) -> Result<(), String> {
    let body = batch.body();
    let (codec, read) = match batch.compression() {
        GZIP => ("gzip", read(flate2::read::MultiGzDecoder::new(body), space)),
        SNAPPY => ("snappy", snappy(body, space)),
        LZ4 => ("lz4", read(lz4_flex::frame::FrameDecoder::new(body), space)),
        ZSTD => ("zstd", zstd::stream::read::Decoder::new(body).and_then(|decoder| read(decoder, space))),
        other => return Err(format!("nobody knows compression {other}")),
    };
    read.map_err(|error| format!("its {codec} cannot be read: {error}"))
}

fn read(decoder: impl Read, space: &mut Vec<u8>) -> io::Result<()> {
    let most = MOST_BYTES as u64;
    decoder.take(most + 1).read_to_end(space)?;
    if space.len() as u64 > most { Err(too_much()) } else { Ok(()) }
}

/// As one block, or in the pieces of snappy-java.
fn snappy(body: &[u8], space: &mut Vec<u8>) -> io::Result<()> {
    let Some(mut rest) = body.strip_prefix(IN_PIECES).and_then(|_| body.get(BEFORE_PIECES..)) else {
        return snappy_block(body, space);
    };
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = usize::try_from(i32::from_be_bytes(*length)).map_err(io::Error::other)?;
        let (block, after) = after.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        snappy_block(block, space)?;
        rest = after;
    }
    Ok(())
}

fn snappy_block(block: &[u8], space: &mut Vec<u8>) -> io::Result<()> {
    let start = space.len();
    let end = start.saturating_add(snap::raw::decompress_len(block)?);
    if end > MOST_BYTES {
        return Err(too_much());
    }
    space.resize(end, 0);
    let written = snap::raw::Decoder::new().decompress(block, &mut space[start..])?;
    space.truncate(start + written);
    Ok(())
}

fn too_much() -> io::Error {
    io::Error::other(format!("it holds more than {} MiB", MOST_BYTES >> 20))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::super::batch::Batch;
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn lz4(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn block(bytes: &[u8]) -> Vec<u8> {
        snap::raw::Encoder::new().compress_vec(bytes).unwrap()
    }

    /// As snappy-java writes it: after its magic two version numbers, then each piece after its length.
    fn pieces(bytes: &[u8]) -> Vec<u8> {
        let mut written = [IN_PIECES, &1_i32.to_be_bytes(), &1_i32.to_be_bytes()].concat();
        for piece in bytes.chunks(100) {
            let piece = block(piece);
            written.extend((piece.len() as i32).to_be_bytes());
            written.extend(piece);
        }
        written
    }

    fn read_back(codec: i16, body: &[u8]) -> Result<Vec<u8>, String> {
        let mut space = Vec::new();
        plain(&Batch::compressed(codec, body), &mut space).map(|()| space)
    }

    proptest! {
        #[test]
        fn what_was_compressed_is_read(bytes in prop::collection::vec(0..9_u8, 0..1000)) {
            prop_assert_eq!(read_back(GZIP, &gzip(&bytes)), Ok(bytes.clone()));
            prop_assert_eq!(read_back(SNAPPY, &block(&bytes)), Ok(bytes.clone()));
            prop_assert_eq!(read_back(SNAPPY, &pieces(&bytes)), Ok(bytes.clone()));
            prop_assert_eq!(read_back(LZ4, &lz4(&bytes)), Ok(bytes.clone()));
            prop_assert_eq!(read_back(ZSTD, &zstd::encode_all(&bytes[..], 1).unwrap()), Ok(bytes));
        }

        #[test]
        fn no_bytes_are_too_strange(codec in 0..8_i16, bytes in prop::collection::vec(any::<u8>(), 0..200), in_pieces: bool) {
            let _any = read_back(codec, &bytes);
            if in_pieces {
                let _any = read_back(SNAPPY, &[IN_PIECES, &bytes].concat());
            }
        }
    }

    #[test]
    fn a_batch_that_grows_without_end_is_not_believed() {
        let bomb = zstd::encode_all(io::repeat(0).take(MOST_BYTES as u64 + 1), 1).unwrap();
        assert_eq!(read_back(ZSTD, &bomb), Err("its zstd cannot be read: it holds more than 256 MiB".to_owned()));
        // A snappy block says its length first: as a varint, 2^32 - 1.
        let claim = [0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(read_back(SNAPPY, &claim), Err("its snappy cannot be read: it holds more than 256 MiB".to_owned()));
    }
}
