//! What is right: the ledger, order, latency and the verdict. Pure rules over what was sent and seen; no Kafka here.

pub mod counts;
pub mod latency;
pub mod merge;
pub mod verdict;

pub use counts::Counts;
pub use latency::{Hop, Latencies, LatencyHistogram};
pub use merge::Merge;
pub use verdict::{SloResult, Verdict};
