//! A count whose minimum and maximum are known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mergeable::Merge;

/// The minimum and maximum of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct CountRange {
    /// The minimum.
    pub min: u64,
    /// The maximum.
    pub max: u64,
}

impl CountRange {
    /// A count that is known.
    #[must_use]
    pub const fn exactly(count: u64) -> Self {
        CountRange { min: count, max: count }
    }

    /// Whether a count is within the range.
    #[must_use]
    pub fn contains(self, count: u64) -> bool {
        (self.min..=self.max).contains(&count)
    }
}

impl Merge for CountRange {
    fn merge(&mut self, other: Self) {
        let CountRange { min, max } = other;
        self.min += min;
        self.max += max;
    }
}
