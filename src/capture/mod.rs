//! Capturing a curve from a live topic. The rules are pure: offsets and sampled records in, counts, laws, an error bar and a profile out;
//! `live` asks the cluster.
//!
//! It requests offsets, not messages: the number of records between two edges is the
//! difference of the offsets there, partition by partition.

mod around;
mod captured;
mod counts;
mod doubts;
pub(crate) mod live;
mod offsets;
mod profile_text;
mod range;
mod rows;
pub(crate) mod sample;

pub(crate) use around::{Run, Stretch, Suspect, hides, is_past, runs, suspects};
pub(crate) use captured::{CaptureProgress, CaptureStep, Captured};
pub(crate) use counts::{Counted, NoCounts, count};
pub(crate) use doubts::{ErrorBar, Evidence, Held, ReadAround, TopicRules, error_bar};
pub(crate) use offsets::EdgeOffsets;
pub(crate) use profile_text::{ProfileParts, Traffic, own_topic, profile_text, quoted, records_text, stream_name};
pub(crate) use range::{Edges, Moment, RangeError, last_moment, moments};
pub(crate) use rows::{RecordRows, RowCounts};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A pseudo-random number below `below`, the same for the same place in the same partition.
fn drawn(number: u64, partition: u64, below: u64) -> u64 {
    xxh3_64_with_seed(&number.to_le_bytes(), partition) % below.max(1)
}
