//! A run from its beginning to its end: wires the rooms together for `run`, `produce` and `consume`.

mod event_sizes;
mod patience;
mod plans;
mod prepare;
mod record;
mod seconds;
mod topics;
mod watch;

pub use event_sizes::{Fit, Way, fit};
pub use prepare::{Prepared, Request, RunError, prepare};
pub use seconds::{SecondSeen, StreamSecond, StreamTotals};
pub use watch::{News, carry_out};
