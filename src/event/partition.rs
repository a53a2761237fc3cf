//! A partition's number. Kafka writes it as 32 bits with a sign, an event's id as 14 without: the one place that turns one into the other.

use std::fmt;

/// A partition of a topic, by its number from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Partition(u16);

impl Partition {
    /// By its number.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Partition(number)
    }

    /// As the client names it. Beyond what floodmark can number stands the last number, which no event is sent to.
    #[must_use]
    pub fn of_client(number: i32) -> Self {
        Partition(u16::try_from(number).unwrap_or(u16::MAX))
    }

    /// The one of `count` partitions that a number falls to.
    #[must_use]
    pub fn of_number(number: u64, count: u16) -> Self {
        // A remainder of a division by 16 bits has no more of them.
        Partition(u16::try_from(number % u64::from(count.max(1))).unwrap_or_default())
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl From<Partition> for u64 {
    fn from(partition: Partition) -> Self {
        u64::from(partition.0)
    }
}

impl From<Partition> for i32 {
    fn from(partition: Partition) -> Self {
        i32::from(partition.0)
    }
}

impl From<Partition> for usize {
    fn from(partition: Partition) -> Self {
        usize::from(partition.0)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
