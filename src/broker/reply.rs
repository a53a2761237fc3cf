//! An answer to be sent: pieces of bytes that go to the socket in one vectored write, without being joined first.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Below this, copying is cheaper than another piece.
const COPY_BELOW_BYTES: usize = 4096;

/// The body of an answer while it is being written.
#[derive(Debug, Default)]
pub(super) struct ReplyWriter {
    /// What was written since the last uncopied piece.
    pub(super) buffer: BytesMut,
    pieces: VecDeque<Bytes>,
}

impl ReplyWriter {
    /// Adds bytes, without copying large ones.
    pub(super) fn put_shared(&mut self, bytes: Bytes) {
        if bytes.len() < COPY_BELOW_BYTES {
            self.buffer.put_slice(&bytes);
            return;
        }
        self.close_buffer();
        self.pieces.push_back(bytes);
    }

    fn close_buffer(&mut self) {
        if !self.buffer.is_empty() {
            self.pieces.push_back(self.buffer.split().freeze());
        }
    }

    /// The finished frame: everything that was written, after its length.
    pub(super) fn finish(mut self) -> Reply {
        self.close_buffer();
        let body_bytes: usize = self.pieces.iter().map(Bytes::len).sum();
        let length = i32::try_from(body_bytes).unwrap_or(i32::MAX);
        self.pieces.push_front(Bytes::copy_from_slice(&length.to_be_bytes()));
        Reply { pieces: self.pieces, remaining: body_bytes + 4 }
    }

    /// An unsigned variable-length integer.
    pub(super) fn put_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.buffer.put_u8((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.put_u8(value as u8);
    }

    /// The length of an array, of bytes or of a string: in a flexible version a variable-length integer, plus one.
    pub(super) fn put_length(&mut self, flexible: bool, length: usize) {
        if flexible {
            self.put_varint(u32::try_from(length + 1).unwrap_or(u32::MAX));
        } else {
            self.buffer.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
        }
    }

    /// The end of a structure: no tagged fields, if the version has them.
    pub(super) fn put_no_tags(&mut self, flexible: bool) {
        if flexible {
            self.buffer.put_u8(0);
        }
    }
}

/// A finished frame.
#[derive(Debug)]
pub(super) struct Reply {
    pieces: VecDeque<Bytes>,
    remaining: usize,
}

impl Buf for Reply {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&[], Bytes::as_ref)
    }

    fn advance(&mut self, mut count: usize) {
        self.remaining -= count;
        while let Some(piece) = self.pieces.front_mut() {
            if count < piece.len() {
                piece.advance(count);
                return;
            }
            count -= piece.len();
            self.pieces.pop_front();
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let pairs = slices.iter_mut().zip(&self.pieces);
        pairs.map(|(slice, piece)| *slice = IoSlice::new(piece)).count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_put_comes_out_in_order_behind_its_length(sizes in prop::collection::vec(0_usize..9_000, 0..12), step in 1_usize..10_000) {
            let mut writer = ReplyWriter::default();
            let mut expected = Vec::new();
            for (index, size) in sizes.into_iter().enumerate() {
                let bytes = vec![index as u8; size];
                expected.extend_from_slice(&bytes);
                writer.put_shared(Bytes::from(bytes));
            }
            let mut reply = writer.finish();
            prop_assert_eq!(usize::try_from(reply.get_i32()).unwrap(), expected.len());
            let mut out = Vec::new();
            while reply.has_remaining() {
                let mut slices = [IoSlice::new(&[]); 3];
                let filled = reply.chunks_vectored(&mut slices);
                let joined: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
                let taken = joined.len().min(step);
                out.extend_from_slice(&joined[..taken]);
                reply.advance(taken);
            }
            prop_assert_eq!(out, expected);
        }
    }
}
