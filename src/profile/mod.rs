//! Profiles: what traffic to make, as a person writes it in TOML.
//!
//! A file's text becomes a tree that knows its places (`tree`), the command line changes it (`overrides`), the schema says
//! whether every key and value is of the right kind (`shape`), and `validate` whether it can be run.

mod arrivals;
mod contents;
mod count_limit;
mod engine;
mod error;
mod fault;
mod injections;
#[cfg(test)]
mod laws;
mod load;
mod model;
mod nearest;
mod overrides;
mod replay;
#[cfg(test)]
mod replay_laws;
pub mod schema;
mod shape;
mod sources;
pub mod timeline;
mod timescale;
mod tree;
pub use crate::units;
pub mod validate;
mod watermark;
mod window;
mod window_results;

pub use arrivals::{Arrivals, Keeps, OnOff};
pub use contents::{Codec, KeyDistribution, Keys, Payload, SizeDistribution};
pub use count_limit::CountLimit;
pub use engine::Engine;
pub use error::{Problem, ProfileError};
pub use fault::{Fault, Path, Step};
pub use injections::*;
pub use load::Loaded;
pub use model::*;
pub use overrides::Overrides;
pub use replay::{Detail, DetailKind, Replay, Smooth};
pub use units::{ByteSize, PhaseRate, Rate, SignedSpan, Span};
pub use watermark::{Operator, WatermarkFault, WatermarkModel, Window};
pub use window::WindowEdge;
pub use window_results::{CopiesRule, ModelChoice, Updates, WindowResults};
