//! Capturing a curve from a live topic: the rules. Pure: offsets and sampled records in, counts, laws, an error bar and a profile out.
//!
//! Offsets are asked for, not messages: how many records lie between two edges is the difference of the offsets there, partition by partition.

mod counts;
mod doubts;
mod profile_text;
mod range;
pub mod sample;

pub use counts::{Counted, EdgeOffsets, NoCounts, count};
pub use doubts::{ErrorBar, Evidence, TopicRules, error_bar};
pub use profile_text::{ProfileParts, profile_text};
pub use range::{Edges, MAX_BUCKETS, Moment, MomentError, RangeError};
