//! Observing: a thread for each stage reads from recorded offsets, extracts ids and times, and asks the rules what they mean.

mod event_time;
pub mod extract;
mod intake;
pub mod masked;
pub mod partitions_read;
mod plan;
mod progress;
pub mod reading;
pub mod recorded;
mod stage;
mod unreadable;
pub mod window_results;
pub mod windows;

pub use event_time::{EventTimeFigures, appended_by_ms as latest_append_ms, appended_ms as recorded_append_ms};
pub use partitions_read::PartitionsRead;
pub use plan::StagePlan;
pub use progress::{End, Progress};
pub use stage::{ConsumeError, Observing, StageFigures, StageReport, Told, start};
