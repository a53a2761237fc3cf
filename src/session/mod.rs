//! A run from its beginning to its end: wires the rooms together for `run`, `produce` and `consume`.

mod conclude;
mod measured;
mod plans;
mod prepare;
mod record;
mod seconds;
mod signals;
mod watch;

pub use conclude::conclude;
pub use measured::{Measured, StageMeasured, StreamMeasured};
pub use prepare::{Prepared, Request, Role, SessionError, prepare};
pub use record::{LedgerFolder, read_parts};
pub use seconds::SecondSeen;
pub use watch::{Ended, carry_out};
