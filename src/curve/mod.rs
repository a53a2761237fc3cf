//! Captured rate curves: how many events fell into each bucket of time. Pure: bytes in, figures out.

mod counts;
pub mod figures;
mod file;
pub mod fit;
pub mod import;
mod moment;
pub mod scales;
pub mod shape;

pub use counts::{Curve, CurveError};
pub use file::{CurveFileError, FIRST_LINE, Origin};
pub use moment::moment_text;
