//! Profiles: what traffic to make, as a person writes it in TOML.

mod model;
pub mod units;

pub use model::*;
pub use units::{ByteSize, PhaseRate, Rate, SignedSpan, Span};
