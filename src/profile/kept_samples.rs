//! As many samples as are kept in memory: the first of a file, or some that are spread over all of it. Pure.

use xxhash_rust::xxh3::xxh3_64;

use crate::payload::template::{Draw, Sample};

/// As many bytes of samples are kept in memory.
pub(super) const MOST_SAMPLES_BYTES: usize = 256 << 20;
/// What a sample takes beside its own bytes, about.
const BESIDE_BYTES: usize = 64;

/// What was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CutSamples {
    /// How many were kept.
    pub(crate) kept: usize,
    /// Of how many, over which they are spread; none if the first were kept and the others not read.
    pub(crate) of: Option<usize>,
}

/// Samples, as they are read one after another.
#[derive(Debug)]
pub(super) struct KeptSamples {
    draw: Draw,
    most_bytes: usize,
    samples: Vec<Sample>,
    bytes: usize,
    /// How many have been seen.
    seen: usize,
    /// Every how many-th line is kept: a power of two.
    one_in: u64,
    is_full: bool,
}

impl KeptSamples {
    /// Of samples that are sent in order the first are kept, of others some that are spread over all.
    pub(super) fn new(draw: Draw, most_bytes: usize) -> Self {
        KeptSamples { draw, most_bytes, samples: Vec::new(), bytes: 0, seen: 0, one_in: 1, is_full: false }
    }

    /// Whether more are to be read.
    pub(super) fn wants_more(&self) -> bool {
        !self.is_full
    }

    /// Takes in the next one.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        self.seen += 1;
        let takes = bytes.len() + BESIDE_BYTES;
        if self.draw == Draw::InOrder && self.bytes + takes > self.most_bytes && !self.samples.is_empty() {
            self.is_full = true;
            return;
        }
        if !is_kept(self.seen, self.one_in) {
            return;
        }
        self.bytes += takes;
        self.samples.push(Sample { line: self.seen, bytes: bytes.to_vec() });
        while self.draw == Draw::Random && self.bytes > self.most_bytes && self.samples.len() > 2 {
            self.thin();
        }
    }

    /// Keeps one in two of those that are kept.
    fn thin(&mut self) {
        self.one_in *= 2;
        let one_in = self.one_in;
        self.samples.retain(|sample| is_kept(sample.line, one_in));
        self.bytes = self.samples.iter().map(|sample| sample.bytes.len() + BESIDE_BYTES).sum();
    }

    /// The samples, and whether they are not all.
    pub(super) fn finish(self) -> (Vec<Sample>, Option<CutSamples>) {
        let kept = self.samples.len();
        let cut = match (self.is_full, self.one_in) {
            (true, _) => Some(CutSamples { kept, of: None }),
            (false, 1) => None,
            (false, _) => Some(CutSamples { kept, of: Some(self.seen) }),
        };
        (self.samples, cut)
    }
}

/// Which are kept follows from their numbers alone: the same file gives the same samples. The first line of a CSV file names its columns.
fn is_kept(line: usize, one_in: u64) -> bool {
    line == 1 || xxh3_64(&(line as u64).to_le_bytes()).is_multiple_of(one_in)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(draw: Draw, lines: usize, most_bytes: usize) -> (Vec<usize>, Option<CutSamples>) {
        let mut kept = KeptSamples::new(draw, most_bytes);
        let mut numbers = 1..=lines;
        while let Some(line) = numbers.next().filter(|_| kept.wants_more()) {
            kept.see(format!("{line:036}").as_bytes());
        }
        let (samples, cut) = kept.finish();
        assert!(samples.iter().all(|sample| sample.bytes == format!("{:036}", sample.line).into_bytes()));
        (samples.into_iter().map(|sample| sample.line).collect(), cut)
    }

    #[test]
    fn in_order_the_first_are_kept() {
        let (lines, cut) = kept(Draw::InOrder, 50, 1000);
        assert_eq!(lines, (1..=10).collect::<Vec<_>>());
        assert_eq!(cut, Some(CutSamples { kept: 10, of: None }));
        assert_eq!(kept(Draw::InOrder, 10, 1000).1, None);
    }

    #[test]
    fn drawn_ones_come_from_all_of_the_file() {
        let (lines, cut) = kept(Draw::Random, 100_000, 100_000);
        assert_eq!(cut, Some(CutSamples { kept: lines.len(), of: Some(100_000) }));
        for tenth in 0..10 {
            let there = lines.iter().filter(|line| (tenth * 10_000..(tenth + 1) * 10_000).contains(*line)).count();
            assert!(there.abs_diff(lines.len() / 10) < 40, "{there} of {} in tenth {tenth}", lines.len());
        }
        assert_eq!(lines[0], 1, "which names the columns of a CSV file");
    }

    proptest! {
        #[test]
        fn memory_is_used_and_not_exceeded(lines in 1..5_000_usize, most in 1..300_usize) {
            let (kept, cut) = kept(Draw::Random, lines, most * 100);
            prop_assert!(kept.len() <= most.max(2), "{} of {}", kept.len(), most);
            prop_assert_eq!(cut.is_none(), kept.len() == lines);
            prop_assert!(most < 50 || lines < most || kept.len() * 4 > most, "{} of {}", kept.len(), most);
        }
    }
}
