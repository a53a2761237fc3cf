//! Merging: results of parts become the result of the whole.

/// Adds what another part measured. Associative and commutative, with `Default` as the neutral element: the merge of shards equals the run
/// in one piece. Implementations destructure without `..`, so that a new field cannot be forgotten.
pub(crate) trait Merge {
    /// Adds what `other` holds to `self`.
    fn merge(&mut self, other: Self);
}
