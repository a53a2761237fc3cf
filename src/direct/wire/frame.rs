//! Frames: each answer comes after its length and the number of its request. Pure.

use bytes::{Buf, Bytes, BytesMut};

/// Read at once, at most.
const READ_BYTES: usize = 64 * 1024;
const LENGTH_BYTES: usize = 4;
/// The shortest answer is the number of its request.
const LEAST_BYTES: usize = 4;

/// An answer whose body has not been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The number of its request.
    pub(crate) correlation: i32,
    /// What follows the number.
    pub(crate) body: Bytes,
}

/// Bytes as they arrive, and the answers in them.
#[derive(Debug)]
pub(super) struct Frames {
    buffer: BytesMut,
    most_bytes: usize,
}

impl Frames {
    /// An answer of more than `most_bytes` is not believed.
    pub(super) fn up_to(most_bytes: usize) -> Self {
        Frames { buffer: BytesMut::new(), most_bytes }
    }

    /// Lets `read` fill some space, of which it says how much it filled. Memory grows with what arrives, not with what a length claims.
    pub(super) fn fill<E>(&mut self, read: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        let start = self.buffer.len();
        self.buffer.resize(start + READ_BYTES, 0);
        let filled = read(&mut self.buffer[start..]);
        self.buffer.truncate(start + filled.as_ref().map_or(0, |filled| *filled));
        filled
    }

    /// The next whole answer, if it is there.
    ///
    /// # Errors
    /// When a length is not one: what it says.
    pub(super) fn next(&mut self) -> Result<Option<Answer>, String> {
        let Some(mut length) = self.buffer.get(..LENGTH_BYTES) else { return Ok(None) };
        let claimed = length.get_i32();
        let bytes = usize::try_from(claimed).ok().filter(|bytes| (LEAST_BYTES..=self.most_bytes).contains(bytes));
        let bytes = bytes.ok_or_else(|| format!("its length is {claimed}, and the limit {}", self.most_bytes))?;
        if self.buffer.len() < LENGTH_BYTES + bytes {
            return Ok(None);
        }
        self.buffer.advance(LENGTH_BYTES);
        let mut body = self.buffer.split_to(bytes).freeze();
        let correlation = body.get_i32();
        Ok(Some(Answer { correlation, body }))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn fed(frames: &mut Frames, bytes: &[u8]) {
        let filled: Result<usize, Infallible> = frames.fill(|space| {
            space[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        });
        assert_eq!(filled, Ok(bytes.len()));
    }

    fn framed(correlation: i32, body: &[u8]) -> Vec<u8> {
        let length = 4 + body.len() as i32;
        [&length.to_be_bytes()[..], &correlation.to_be_bytes(), body].concat()
    }

    proptest! {
        #[test]
        fn answers_arrive_whole_however_they_are_cut(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..10), cut in 1_usize..30) {
            let stream: Vec<u8> = bodies.iter().zip(0..).flat_map(|(body, number)| framed(number, body)).collect();
            let (mut frames, mut seen) = (Frames::up_to(1000), Vec::new());
            for piece in stream.chunks(cut) {
                fed(&mut frames, piece);
                while let Some(answer) = frames.next().unwrap() {
                    seen.push((answer.correlation, answer.body.to_vec()));
                }
            }
            let expected: Vec<(i32, Vec<u8>)> = (0..).zip(bodies).collect();
            prop_assert_eq!(seen, expected);
        }

        #[test]
        fn any_bytes_are_answers_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = Frames::up_to(100);
            fed(&mut frames, &bytes);
            while let Ok(Some(answer)) = frames.next() {
                prop_assert!(answer.body.len() <= 100);
            }
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_it_is_waited_for() {
        for length in [-1, 0, 3, 1001, i32::MAX] {
            let mut frames = Frames::up_to(1000);
            fed(&mut frames, &length.to_be_bytes());
            let refused = frames.next().unwrap_err();
            assert!(refused.contains(&length.to_string()), "{refused}");
        }
    }
}
