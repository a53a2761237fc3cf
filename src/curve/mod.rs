//! Captured rate curves: how many events fell into each bucket of time, and how they are played again. Pure: bytes in, figures out.

mod counts;
mod file;
mod fingerprint;
mod play;

pub use counts::{Curve, CurveError};
pub use file::CurveFileError;
pub use play::{Height, Played, Playing};
