//! Striping: which logical producers belong to which process, and to which worker in it.

use std::{fmt, str::FromStr};

/// One process of several that run one profile together: number `index` of `count`, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u16,
    count: u16,
}

/// A shard that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shard: write its number, from 0, and how many there are, like `0/2` or `1/2`")]
pub struct ShardError(String);

impl Shard {
    /// The whole profile in one process.
    pub const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// The logical producers of a stream that belong to this shard.
    pub fn producers_of(self, producers: u16) -> impl Iterator<Item = u16> + Clone {
        (self.index..producers).step_by(usize::from(self.count))
    }

    /// Whether this shard observes a partition: those whose number, modulo the number of shards, is its own.
    #[must_use]
    pub fn reads(self, partition: u32) -> bool {
        partition % u32::from(self.count) == u32::from(self.index)
    }

    /// The shards that are missing, of the number that the first one states.
    #[must_use]
    pub fn missing_of(present: &[Shard]) -> Vec<Shard> {
        let count = present.first().map_or(0, |shard| shard.count);
        (0..count).map(|index| Shard { index, count }).filter(|shard| !present.contains(shard)).collect()
    }

    /// Whether it is number 0.
    #[must_use]
    pub fn is_first(self) -> bool {
        self.index == 0
    }

    /// How many shards there are.
    #[must_use]
    pub fn count(self) -> u16 {
        self.count
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let wrong = || ShardError(text.to_owned());
        let (index, count) = text.split_once('/').ok_or_else(wrong)?;
        let shard = Shard {
            index: index.trim().parse().map_err(|_| wrong())?,
            count: count.trim().parse().map_err(|_| wrong())?,
        };
        if shard.index < shard.count { Ok(shard) } else { Err(wrong()) }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}
