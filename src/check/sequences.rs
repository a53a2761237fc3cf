//! The moving edge of a ledger: takes in sequence numbers as they come, in a few nanoseconds each.
//!
//! Numbers are kept in chunks of 65,536. The few chunks that are being filled are plain bitmaps; a full one, or the one longest untouched
//! when there are too many, moves into roaring sets, run-length compressed: a full chunk takes a dozen bytes, a gap four more. A number far
//! ahead costs one chunk, not all chunks up to it; hostile numbers are bounded by what was planned, which the caller checks.

use roaring::{RoaringBitmap, RoaringTreemap};

use super::multiset::{MAX_COUNT, Multiset};

const CHUNK_BITS: u32 = 16;
const WORDS: usize = 1 << (CHUNK_BITS - 6);
/// The most chunks kept as bitmaps at once: 8 KiB each, 16 with repeats. Partitions may
/// be this many times 65,536 events apart before it costs speed.
const MAX_HOT: usize = 16;
/// The number of insertions into finished chunks after which they are compressed again.
const LOOSE_LIMIT: u32 = 1 << 20;

/// What an observation was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// The number was not seen before.
    First,
    /// It was seen this many times before, up to 257.
    Again(u16),
}

/// A set of sequence numbers that is almost all of 0 to some edge, with how often each was seen.
#[derive(Debug, Default)]
pub struct SequenceSet {
    hot: Vec<HotChunk>,
    /// The place in `hot` of the chunk last touched.
    last: usize,
    /// Counts changes of chunk, to find the one longest untouched.
    changes: u64,
    /// Numbers of the chunks that moved into `levels`.
    finished: RoaringTreemap,
    levels: Vec<RoaringTreemap>,
    loose: u32,
    observations: u64,
}

#[derive(Debug)]
struct HotChunk {
    number: u64,
    touched: u64,
    filled: u32,
    once: Box<[u64; WORDS]>,
    twice: Option<Box<[u64; WORDS]>>,
}

impl SequenceSet {
    /// Takes in one number.
    pub fn observe(&mut self, sequence: u64) -> Sighting {
        self.observations += 1;
        let number = sequence >> CHUNK_BITS;
        let Some(place) = self.hot_place(number) else {
            return self.observe_finished(sequence);
        };
        let chunk = &mut self.hot[place];
        let (word, bit) = word_and_bit(sequence);
        let slot = &mut chunk.once[word];
        if *slot & bit == 0 {
            *slot |= bit;
            chunk.filled += 1;
            if chunk.filled == 1 << CHUNK_BITS {
                self.retire(place);
            }
            return Sighting::First;
        }
        let twice = chunk.twice.get_or_insert_with(|| Box::new([0; WORDS]));
        if twice[word] & bit == 0 {
            twice[word] |= bit;
            return Sighting::Again(1);
        }
        self.observe_from_level(sequence, 2)
    }

    /// Whether a number was seen.
    #[must_use]
    pub fn contains(&self, sequence: u64) -> bool {
        let (word, bit) = word_and_bit(sequence);
        match self.hot.iter().find(|chunk| chunk.number == sequence >> CHUNK_BITS) {
            Some(chunk) => chunk.once[word] & bit != 0,
            None => self.levels.first().is_some_and(|level| level.contains(sequence)),
        }
    }

    /// How many sightings were there?
    #[must_use]
    pub fn observations(&self) -> u64 {
        self.observations
    }

    /// The finished form.
    #[must_use]
    pub fn finish(mut self) -> Multiset {
        while !self.hot.is_empty() {
            self.retire(self.hot.len() - 1);
        }
        for level in &mut self.levels {
            level.optimize();
        }
        Multiset::from_levels(self.levels, self.observations)
    }

    /// The place in `hot` of a chunk, which is created if the chunk is new; nothing if it is finished.
    fn hot_place(&mut self, number: u64) -> Option<usize> {
        if self.hot.get(self.last).is_some_and(|chunk| chunk.number == number) {
            return Some(self.last);
        }
        self.change_chunk(number)
    }

    fn change_chunk(&mut self, number: u64) -> Option<usize> {
        self.changes += 1;
        if let Some(place) = self.hot.iter().position(|chunk| chunk.number == number) {
            self.hot[place].touched = self.changes;
            self.last = place;
            return Some(place);
        }
        if self.finished.contains(number) {
            return None;
        }
        if self.hot.len() >= MAX_HOT {
            let oldest = self.hot.iter().enumerate().min_by_key(|(_, chunk)| chunk.touched).map(|(place, _)| place);
            self.retire(oldest.unwrap_or(0));
        }
        self.hot.push(HotChunk { number, touched: self.changes, filled: 0, once: Box::new([0; WORDS]), twice: None });
        self.last = self.hot.len() - 1;
        Some(self.last)
    }

    /// Moves a chunk into the compressed sets.
    fn retire(&mut self, place: usize) {
        let chunk = self.hot.swap_remove(place);
        self.finished.insert(chunk.number);
        absorb(self.level(0), chunk.number, &chunk.once);
        if let Some(twice) = &chunk.twice {
            absorb(self.level(1), chunk.number, twice);
        }
    }

    fn level(&mut self, level: usize) -> &mut RoaringTreemap {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, RoaringTreemap::new);
        }
        &mut self.levels[level]
    }

    #[cold]
    fn observe_finished(&mut self, sequence: u64) -> Sighting {
        self.loose += 1;
        if self.loose >= LOOSE_LIMIT {
            self.loose = 0;
            for level in &mut self.levels {
                level.optimize();
            }
        }
        self.observe_from_level(sequence, 0)
    }

    /// Puts the number into the first level, from the given one on, that does not have it.
    fn observe_from_level(&mut self, sequence: u64, from: usize) -> Sighting {
        let place = (from..MAX_COUNT).find(|&level| self.level(level).insert(sequence)).unwrap_or(MAX_COUNT);
        match place {
            0 => Sighting::First,
            again => Sighting::Again(again as u16),
        }
    }
}

fn word_and_bit(sequence: u64) -> (usize, u64) {
    ((sequence >> 6) as usize & (WORDS - 1), 1 << (sequence & 63))
}

fn absorb(into: &mut RoaringTreemap, number: u64, bits: &[u64; WORDS]) {
    let mut bytes = [0; WORDS * 8];
    for (to, word) in bytes.chunks_exact_mut(8).zip(bits) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    // A treemap is a map of 32-bit sets by the upper half of the number.
    let upper = (number >> (32 - CHUNK_BITS)) as u32;
    let offset = (number as u32) << CHUNK_BITS;
    let mut chunk = RoaringBitmap::from_lsb0_bytes(offset, &bytes);
    chunk.optimize();
    *into |= &RoaringTreemap::from_bitmaps([(upper, chunk)]);
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Sightings that cross chunk borders, go back and far ahead.
    fn sightings() -> impl Strategy<Value = Vec<u64>> {
        let chunk = prop_oneof![0..40_u64, Just(1 << 26), Just((1 << 26) - 1)];
        prop::collection::vec((chunk, prop_oneof![0..3_u64, 65_533..65_536_u64]), 0..400)
            .prop_map(|places| places.into_iter().map(|(chunk, offset)| chunk << 16 | offset).collect())
    }

    proptest! {
        #[test]
        fn every_sighting_is_what_a_plain_map_says(sightings in sightings()) {
            let mut set = SequenceSet::default();
            let mut plain = HashMap::<u64, u16>::new();
            for &sequence in &sightings {
                let before = plain.entry(sequence).or_default();
                let expected = if *before == 0 { Sighting::First } else { Sighting::Again(*before) };
                prop_assert_eq!(set.contains(sequence), *before > 0);
                prop_assert_eq!(set.observe(sequence), expected);
                *before += 1;
            }
            let finished = set.finish();
            for (sequence, count) in plain {
                prop_assert_eq!(finished.count_of(sequence), u64::from(count));
            }
        }
    }

    #[test]
    fn full_chunks_are_kept_as_runs() {
        let mut set = SequenceSet::default();
        for sequence in 0..3_000_000_u64 {
            assert_eq!(set.observe(sequence), Sighting::First);
        }
        let finished = set.finish();
        assert_eq!(finished.distinct(), 3_000_000);
        assert!(finished.levels()[0].serialized_size() < 1_500, "{}", finished.levels()[0].serialized_size());
    }

    #[test]
    fn a_number_far_ahead_costs_one_chunk() {
        let mut set = SequenceSet::default();
        set.observe(1);
        set.observe(1 << 41);
        assert_eq!(set.finish().levels()[0].iter().collect::<Vec<_>>(), [1, 1 << 41]);
    }
}
