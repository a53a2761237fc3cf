//! A run from its beginning to its end: wires the rooms together for `run`, `produce` and `consume`.

mod event_sizes;
mod patience;
mod plans;
mod prepare;
mod record;
mod seconds;
mod topics;
mod watch;

pub(crate) use event_sizes::{Fit, Way, fit};
pub(crate) use prepare::{Prepared, Request, RunError, prepare};
pub(crate) use seconds::SecondSeen;
pub(crate) use watch::{News, carry_out};
