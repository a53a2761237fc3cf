//! Where each partition stood at the edges of the buckets.

/// Where each partition stood at each edge: `at[edge][partition]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct EdgeOffsets {
    at: Vec<Vec<i64>>,
    backward: u64,
}

impl EdgeOffsets {
    /// From the offsets as the broker gave them, edge by edge. An offset below an earlier edge's (the log was truncated meanwhile, or the
    /// broker answered with the beginning of a compressed batch) is raised to it, and counted.
    #[must_use]
    pub(crate) fn of(mut at: Vec<Vec<i64>>) -> Self {
        let mut backward = 0;
        for edge in 1..at.len() {
            let (before, rest) = at.split_at_mut(edge);
            let (Some(before), Some(here)) = (before.last(), rest.first_mut()) else { continue };
            for (earlier, offset) in before.iter().zip(here) {
                if *offset < *earlier {
                    backward += 1;
                    *offset = *earlier;
                }
            }
        }
        EdgeOffsets { at, backward }
    }

    /// How many offsets were below an earlier edge's?
    #[must_use]
    pub(crate) fn backward(&self) -> u64 {
        self.backward
    }

    /// The partitions' offsets at an edge.
    #[must_use]
    pub(crate) fn row(&self, edge: usize) -> &[i64] {
        self.at.get(edge).map_or(&[], Vec::as_slice)
    }

    /// How many edges.
    #[must_use]
    pub(crate) fn edges(&self) -> usize {
        self.at.len()
    }

    /// The bucket whose range of offsets contains a partition's offset.
    #[must_use]
    pub(crate) fn bucket_of(&self, partition: usize, offset: i64) -> Option<usize> {
        let behind = |row: &Vec<i64>| row.get(partition).is_some_and(|edge| *edge <= offset);
        let bucket = self.at.partition_point(behind).checked_sub(1)?;
        (bucket + 1 < self.at.len()).then_some(bucket)
    }

    /// Without the first `edges` edges.
    #[must_use]
    pub(super) fn without_first(&self, edges: usize) -> Self {
        EdgeOffsets { at: self.at.iter().skip(edges).cloned().collect(), backward: self.backward }
    }

    /// The first edge at which every partition that lost records before it has passed its oldest one; nothing where none lost any. Buckets
    /// before that edge are incomplete. A partition that is empty now is ignored.
    pub(super) fn complete_from(&self, oldest: &[i64]) -> Option<usize> {
        let first = self.row(0);
        let cut_off = |partition: &usize| {
            let (Some(oldest), Some(first)) = (oldest.get(*partition), first.get(*partition)) else { return false };
            *oldest > 0 && first <= oldest
        };
        let passed = |partition: usize| {
            let not_yet = |row: &Vec<i64>| row.get(partition) <= oldest.get(partition);
            let edge = self.at.partition_point(not_yet);
            (edge < self.at.len()).then_some(edge)
        };
        (0..first.len()).filter(cut_off).filter_map(passed).max()
    }
}
