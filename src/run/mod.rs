//! A run from its beginning to its end: wires the rooms together for `run`, `produce` and `consume`.

mod abort;
mod decoders;
mod error;
mod event_sizes;
mod groups;
mod patience;
mod planned;
mod plans;
mod prepare;
mod record;
mod request;
mod seconds;
mod streams;
mod topics;
mod watch;

pub(crate) use error::RunError;
pub(crate) use planned::{CapturedCurve, Plan, PlannedFault, PlannedStream, samples};
pub(crate) use prepare::{Prepared, prepare};
pub(crate) use request::Request;
pub(crate) use seconds::{SecondSeen, StreamSecond, StreamTotals};
pub(crate) use watch::{News, carry_out};
