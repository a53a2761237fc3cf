//! A partition that is read.

use std::collections::BTreeMap;

use super::place::Place;

#[derive(Debug)]
pub(super) struct Lane {
    pub(super) place: Place,
    /// After a failure it is not asked for before that.
    pub(super) rests_until_ns: u64,
    /// The last answer did not reach the end: records wait for the reader.
    pub(super) is_behind: bool,
}

/// Each of these partitions from an offset on.
pub(super) fn lanes_of(from: &[(i32, i64)]) -> BTreeMap<i32, Lane> {
    let lane = |(partition, offset): &(i32, i64)| {
        (*partition, Lane { place: Place::at(*offset), rests_until_ns: 0, is_behind: false })
    };
    from.iter().map(lane).collect()
}
