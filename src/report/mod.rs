//! Turns data into bytes for people. Nothing here measures or reads a clock; only `output` touches a stream.

pub mod chart;
pub use crate::figures;
pub mod formats;
pub mod output;
pub mod picture;
pub mod screen;
pub mod terminal;
pub mod ticks;
