//! Sending: worker threads that keep the schedule, and threads that wait for the outcome of each event.

mod acks;
mod ceiling;
mod client;
mod figures;
mod headers;
mod largest;
mod pacer;
mod plan;
mod record;
mod run;
mod sample;
mod unsent;
mod worker;

pub(crate) use ceiling::Ceiling;
pub use client::OpenError;
pub use figures::FiguresTo;
pub(crate) use figures::{AckFigures, SendFigures, Unacknowledged, Waiting};
pub(crate) use largest::largest_event;
pub use plan::StreamPlan;
pub use record::RecordWriter;
pub(crate) use run::{ProduceError, Producing, Ready};
pub use run::{ProduceReport, open};
pub(crate) use sample::{Sampled, sample};
pub(crate) use unsent::made_per_s;
