//! Sending: worker threads that keep the schedule, and threads that wait for what became of each event.

mod acks;
mod ceiling;
mod figures;
mod largest;
mod pacer;
mod run;
mod worker;

pub use acks::AckReport;
pub use ceiling::Ceiling;
pub use figures::{AckFigures, SendFigures};
pub use largest::{largest_event, sizes_are_filler};
pub use run::{FiguresTo, ProduceError, ProduceReport, Producing, Ready, StreamPlan, open};
pub use worker::WorkerReport;
