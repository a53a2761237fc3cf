//! Captured rate curves: how many events fell into each bucket of time, and how they are played again. Pure: bytes in, figures out.

mod counts;
pub mod figures;
mod file;
mod fingerprint;
pub mod fit;
pub mod import;
mod moment;
mod play;
pub mod scales;
pub mod shape;

pub use counts::{Curve, CurveError};
pub use file::{CurveFileError, FIRST_LINE, Origin};
pub use moment::moment_text;
pub use play::{Height, Played, Playing};
