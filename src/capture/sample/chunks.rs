//! Where to sample: short runs of adjacent records, spread over partitions by their size and evenly over time.

use crate::capture::drawn;

/// About how many records a chunk has, if the sample is large enough.
const CHUNK_RECORDS: u64 = 50;
/// The most chunks of a partition: each is a seek of the reader.
const MOST_CHUNKS: u64 = 40;

/// A run of adjacent records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The partition.
    pub partition: usize,
    /// The first offset.
    pub from: i64,
    /// Where the next chunk may begin.
    pub below: i64,
    /// How many records to read.
    pub records: u64,
}

/// The chunks of a sample of about `wanted` records, in rounds: each round has at most one chunk of a partition. `ranges` are the
/// partitions' first offsets and the offsets after their last ones.
///
/// Every partition is divided into equal stretches, and one chunk is taken at a pseudo-random place in each, the same at every call.
#[must_use]
pub(crate) fn chunks(ranges: &[(i64, i64)], wanted: u64) -> Vec<Vec<Chunk>> {
    let length = |(from, to): &(i64, i64)| (to - from).max(0) as u64;
    let total: u64 = ranges.iter().map(length).sum();
    let mut rounds: Vec<Vec<Chunk>> = Vec::new();
    for (partition, range) in ranges.iter().enumerate().filter(|(_, range)| length(range) > 0) {
        let share = (u128::from(wanted) * u128::from(length(range))).div_ceil(u128::from(total)) as u64;
        for (round, chunk) in chunks_of(partition, *range, share).into_iter().enumerate() {
            if rounds.len() <= round {
                rounds.push(Vec::new());
            }
            rounds[round].push(chunk);
        }
    }
    rounds
}

fn chunks_of(partition: usize, (from, to): (i64, i64), share: u64) -> Vec<Chunk> {
    let length = (to - from) as u64;
    let count = share.min(length).div_ceil(CHUNK_RECORDS).clamp(1, MOST_CHUNKS);
    let edge = |number: u64| (u128::from(length) * u128::from(number) / u128::from(count)) as u64;
    let chunk = |number: u64| {
        let (begin, end) = (edge(number), edge(number + 1));
        let records = share.div_ceil(count).clamp(1, end - begin);
        let slack = end - begin - records + 1;
        let drawn = drawn(number, partition as u64, slack);
        Chunk { partition, from: from + (begin + drawn) as i64, below: from + end as i64, records }
    };
    (0..count).map(chunk).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_lie_within_their_partitions_apart_from_each_other_and_by_mass(
            ranges in prop::collection::vec((0_i64..1000, 0_i64..1_000_000).prop_map(|(from, length)| (from, from + length)), 1..8),
            wanted in 1_u64..20_000,
        ) {
            let rounds = chunks(&ranges, wanted);
            let mut read = vec![0; ranges.len()];
            let mut behind: Vec<i64> = ranges.iter().map(|range| range.0).collect();
            for round in &rounds {
                let mut seen = vec![];
                for chunk in round {
                    prop_assert!(!seen.contains(&chunk.partition));
                    seen.push(chunk.partition);
                    prop_assert!(chunk.from >= behind[chunk.partition]);
                    prop_assert!(chunk.from + chunk.records as i64 <= chunk.below && chunk.below <= ranges[chunk.partition].1);
                    behind[chunk.partition] = chunk.below;
                    read[chunk.partition] += chunk.records;
                }
            }
            let total: i64 = ranges.iter().map(|(from, to)| to - from).sum();
            for (read, (from, to)) in read.iter().zip(&ranges) {
                let length = (to - from) as u64;
                let fair = (wanted as f64 * length as f64 / total.max(1) as f64).min(length as f64);
                prop_assert!(*read as f64 >= fair.floor() && *read as f64 <= fair + 1.0 + MOST_CHUNKS as f64, "{read} of {fair}");
            }
        }
    }

    #[test]
    fn a_sample_larger_than_the_topic_is_the_topic() {
        let all = chunks(&[(10, 40)], 1000);
        assert_eq!(all, [[Chunk { partition: 0, from: 10, below: 40, records: 30 }]]);
        assert!(chunks(&[(5, 5)], 10).is_empty());
    }
}
