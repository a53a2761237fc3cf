//! Event time: what an engine's watermarks drop, how late events are and why, and what happens to windows. Pure rules; no Kafka here.

mod count_range;
pub(crate) mod engines;
mod in_pairs;
pub mod lateness;
pub mod watermark;
pub(crate) mod windows;

pub use count_range::CountRange;
