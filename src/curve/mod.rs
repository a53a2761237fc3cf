//! Captured rate curves: how many events fell into each bucket of time. Pure: bytes in, figures out.

mod counts;

pub use counts::{Curve, CurveError};
