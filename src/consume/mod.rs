//! Observing: a thread for each stage reads from recorded offsets, extracts ids and times, and applies the rules to them.

mod client;
mod decode;
mod event_time;
pub mod extract;
mod intake;
pub(crate) mod masked;
pub(crate) mod partitions_read;
mod plan;
mod progress;
pub(crate) mod reading;
pub mod recorded;
mod stage;
mod unreadable;
pub(crate) mod window_results;
pub(crate) mod windows;

pub use decode::{Decoder, SchemaSource};
pub(crate) use event_time::EventTimeFigures;
pub use intake::Unread;
pub(crate) use partitions_read::PartitionsRead;
pub use plan::StagePlan;
pub use progress::End;
pub(crate) use stage::{ConsumeError, Observing, StageFigures};
pub use stage::{StageReport, Told, start};
