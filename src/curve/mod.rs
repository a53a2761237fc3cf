//! Captured rate curves: how many events fell into each bucket of time. Pure: bytes in, figures out.

mod counts;
mod file;
mod moment;

pub use counts::{Curve, CurveError};
pub use file::{CurveFileError, FIRST_LINE, Origin};
pub use moment::moment_text;
