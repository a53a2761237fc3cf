//! Captured rate curves: how many events fell into each bucket of time, and how they are replayed. Pure: bytes in, figures out.

mod counts;
pub(crate) mod figures;
mod file;
mod fingerprint;
pub(crate) mod fit;
pub mod import;
mod moment;
mod play;
pub(crate) mod scales;
pub(crate) mod shape;

pub use counts::Curve;
pub(crate) use counts::CurveError;
pub use file::Origin;
pub(crate) use file::{CurveFileError, FIRST_LINE};
pub use moment::moment_text;
pub(crate) use play::{Height, Played, Playing};
