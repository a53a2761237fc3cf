//! Sending: worker threads that keep the schedule, and threads that wait for the outcome of each event.

mod acks;
mod ceiling;
mod figures;
mod largest;
mod pacer;
mod plan;
mod run;
mod worker;

pub(crate) use ceiling::Ceiling;
pub use figures::FiguresTo;
pub(crate) use figures::{AckFigures, SendFigures, Unacknowledged, Waiting};
pub(crate) use largest::{largest_event, sizes_are_filler};
pub use plan::StreamPlan;
pub(crate) use run::{ProduceError, Producing, Ready};
pub use run::{ProduceReport, open};
