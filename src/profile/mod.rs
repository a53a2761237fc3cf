//! Profiles: the traffic to make, as a person writes it in TOML.
//!
//! A file's text becomes a tree that knows its positions (`tree`), the command line changes it (`overrides`), the schema decides whether
//! every key and value is of the right kind (`shape`), and `validate` whether it can be run.

mod arrivals;
pub(crate) mod bounds;
mod client;
mod contents;
mod count_limit;
mod curves;
mod engine;
mod error;
mod fault;
mod injections;
mod kept_samples;
mod key_record;
#[cfg(test)]
mod laws;
mod load;
mod model;
mod overrides;
mod phase;
pub(crate) mod phase_plan;
mod record;
mod recorded;
mod replay;
#[cfg(test)]
mod replay_laws;
mod run_fault;
pub(crate) mod schema;
mod schemas;
mod shape;
pub(crate) mod sla;
mod slo;
mod sources;
mod templates;
pub(crate) mod timeline;
mod timescale;
mod tree;
pub(crate) use crate::{nearest, units};
pub(crate) mod validate;
mod watermark;
mod window;
mod window_results;

pub(crate) use arrivals::{Arrivals, Keeps, OnOff};
pub use client::Client;
pub use contents::Codec;
pub(crate) use contents::{KeyDistribution, Keys, Payload, SizeDistribution};
pub(crate) use count_limit::CountLimit;
pub use engine::Engine;
pub(crate) use error::ProfileError;
pub use injections::*;
pub(crate) use key_record::KeyRecordUse;
pub(crate) use load::Loaded;
pub use model::*;
pub(crate) use overrides::Overrides;
pub use phase::Phase;
pub(crate) use record::Compression;
pub use record::RecordTimestamp;
pub(crate) use recorded::MOST_RECORDS_BYTES;
pub use recorded::{Recorded, Records};
pub(crate) use replay::{Detail, DetailKind, Replay, Smooth};
pub(crate) use run_fault::typed;
pub use run_fault::{NetworkFault, RunFault};
pub(crate) use schema::{is_profile_key, profile_keys};
pub(crate) use schemas::{IdIn, RegistryUse};
pub use sla::{AbortWhen, Sla};
pub use slo::Slo;
pub use units::Span;
pub(crate) use units::{ByteSize, PhaseRate, Rate};
pub(crate) use watermark::WatermarkFault;
pub use watermark::{Operator, WatermarkModel, Window};
pub(crate) use window::WindowEdge;
pub(crate) use window_results::{CopiesRule, ModelChoice, Updates, WindowResults};
