//! Follows the frames of a connection: which requests ask for addresses, and which answers are theirs. Pure.

use std::collections::BTreeMap;

use super::answers::{Asked, Instead, rewritten};

/// A frame's length, and of a request the API's key and version and the correlation id.
const REQUEST_HEAD: usize = 4 + 2 + 2 + 4;
/// A frame's length and the correlation id.
const ANSWER_HEAD: usize = 4 + 4;
/// An answer with addresses is not longer: Kafka's own limit of a request.
const LONGEST: usize = 100 * 1024 * 1024;

/// Requests that wait for an answer with addresses: by correlation id, what was asked and in which version.
pub(super) type Awaited = BTreeMap<i32, (Asked, i16)>;

/// Reads the heads of requests out of bytes that pass by.
#[derive(Debug, Default)]
pub(super) struct Requests {
    head: Vec<u8>,
    /// Bytes of the frame that are not past yet.
    left: usize,
}

impl Requests {
    /// Takes in the next bytes, and notes what is asked in them.
    pub(super) fn pass(&mut self, mut bytes: &[u8], awaited: &mut Awaited) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let passing = self.left.min(bytes.len());
                self.left -= passing;
                bytes = &bytes[passing..];
                continue;
            }
            let missing = (REQUEST_HEAD - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.head.len() == REQUEST_HEAD {
                self.note(awaited);
            }
        }
    }

    fn note(&mut self, awaited: &mut Awaited) {
        let [l0, l1, l2, l3, k0, k1, v0, v1, c0, c1, c2, c3] = self.head[..] else { return };
        self.head.clear();
        let length = usize::try_from(i32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(0);
        self.left = length.saturating_sub(REQUEST_HEAD - 4);
        if let Some(asked) = Asked::of_key(i16::from_be_bytes([k0, k1])) {
            awaited.insert(i32::from_be_bytes([c0, c1, c2, c3]), (asked, i16::from_be_bytes([v0, v1])));
        }
    }
}

/// Changes the addresses in answers that pass by.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The head of the next answer, or all of one whose addresses are to be changed.
    held: Vec<u8>,
    /// The one that is held as a whole: its length with its head, and what was asked.
    whole: Option<(usize, Asked, i16)>,
    /// Bytes of another answer that are not past yet.
    left: usize,
}

/// An answer that should hold addresses cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable;

impl Answers {
    /// Takes in the next bytes and returns those that may pass on.
    pub(super) fn pass(
        &mut self,
        mut bytes: &[u8],
        awaited: &mut Awaited,
        instead: &mut Instead<'_>,
    ) -> Result<Vec<u8>, Unreadable> {
        let mut on = Vec::with_capacity(bytes.len());
        while !bytes.is_empty() {
            if self.left > 0 {
                let passing = self.left.min(bytes.len());
                on.extend_from_slice(&bytes[..passing]);
                self.left -= passing;
                bytes = &bytes[passing..];
                continue;
            }
            let wanted = self.whole.map_or(ANSWER_HEAD, |(length, ..)| length);
            let missing = (wanted - self.held.len()).min(bytes.len());
            self.held.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.held.len() == wanted {
                self.complete(&mut on, awaited, instead)?;
            }
        }
        Ok(on)
    }

    /// What is held is a head, or an answer as a whole.
    fn complete(
        &mut self,
        on: &mut Vec<u8>,
        awaited: &mut Awaited,
        instead: &mut Instead<'_>,
    ) -> Result<(), Unreadable> {
        if let Some((_, asked, version)) = self.whole.take() {
            let held = std::mem::take(&mut self.held);
            let body = rewritten(asked, version, &held[ANSWER_HEAD..], instead).ok_or(Unreadable)?;
            let length = i32::try_from(body.len() + ANSWER_HEAD - 4).map_err(|_| Unreadable)?;
            on.extend_from_slice(&length.to_be_bytes());
            on.extend_from_slice(&held[4..ANSWER_HEAD]);
            on.extend_from_slice(&body);
            return Ok(());
        }
        let [l0, l1, l2, l3, c0, c1, c2, c3] = self.held[..] else { return Err(Unreadable) };
        let length = usize::try_from(i32::from_be_bytes([l0, l1, l2, l3])).map_err(|_| Unreadable)?;
        match awaited.remove(&i32::from_be_bytes([c0, c1, c2, c3])) {
            // Without a body there is nothing to wait for.
            Some((asked, version)) if length > 4 => {
                if length > LONGEST {
                    return Err(Unreadable);
                }
                self.whole = Some((length + 4, asked, version));
            }
            _ => {
                on.append(&mut self.held);
                self.left = length.saturating_sub(4);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        [&(body.len() as i32).to_be_bytes()[..], &body].concat()
    }

    fn request(key: i16, correlation: i32, rest: &[u8]) -> Vec<u8> {
        frame(&[&key.to_be_bytes(), &1_i16.to_be_bytes(), &correlation.to_be_bytes(), rest])
    }

    /// A coordinator, in version 1.
    fn coordinator(host: &str, port: i32) -> Vec<u8> {
        let head = [&[0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 5, 0][..], &[host.len() as u8], host.as_bytes()].concat();
        [head, port.to_be_bytes().to_vec()].concat()
    }

    proptest! {
        #[test]
        fn only_the_answers_with_addresses_change_however_the_bytes_are_cut(
            kinds in prop::collection::vec((any::<bool>(), 0..40_usize), 1..12), cuts in prop::collection::vec(1..30_usize, 1..40),
        ) {
            let (mut asks, mut answers, mut expected) = (Vec::new(), Vec::new(), Vec::new());
            for (number, (with_address, size)) in (7..).zip(&kinds) {
                let id = i32::to_be_bytes(number);
                let rest = vec![0xab; *size];
                asks.extend(request(if *with_address { 10 } else { 0 }, number, &rest));
                let (said, wanted) = if *with_address { (coordinator("kafka", 9092), coordinator("127.0.0.1", 5)) } else { (rest.clone(), rest) };
                answers.extend(frame(&[&id, &said]));
                expected.extend(frame(&[&id, &wanted]));
            }
            let (mut requests, mut passing, mut awaited) = (Requests::default(), Answers::default(), Awaited::new());
            let mut pieces = cuts.iter().cycle();
            let mut rest = &asks[..];
            while !rest.is_empty() {
                let (piece, left) = rest.split_at((*pieces.next().unwrap()).min(rest.len()));
                requests.pass(piece, &mut awaited);
                rest = left;
            }
            prop_assert_eq!(awaited.len(), kinds.iter().filter(|(with_address, _)| *with_address).count());
            let (mut rest, mut on) = (&answers[..], Vec::new());
            while !rest.is_empty() {
                let (piece, left) = rest.split_at((*pieces.next().unwrap()).min(rest.len()));
                on.extend(passing.pass(piece, &mut awaited, &mut |_, _, _| Some(5)).unwrap());
                rest = left;
            }
            prop_assert_eq!(on, expected);
            prop_assert!(awaited.is_empty());
        }

        #[test]
        fn bytes_that_are_no_frames_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut awaited = Awaited::new();
            Requests::default().pass(&bytes, &mut awaited);
            let _read = Answers::default().pass(&bytes, &mut awaited, &mut |_, _, _| None);
        }
    }
}
