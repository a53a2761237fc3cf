//! Latencies: each hop's, by phase and by what events have in common, and whether they have two humps. Pure, and all of it merges.

mod by_dimension;
mod by_group;
mod by_phase;
mod by_time;
mod coarse;
mod hops;
pub(crate) mod humps;
mod separation;

pub use by_dimension::Dimension;
pub(crate) use by_dimension::{ByDimension, Traits, least_of_class};
pub(crate) use by_phase::ByPhase;
pub(crate) use coarse::CoarseHistogram;
pub(crate) use hops::Latencies;
pub use hops::{Hop, LatencyHistogram};
pub(crate) use separation::{Part, explained};
