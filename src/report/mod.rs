//! Turns data into bytes for people. Nothing here measures or reads a clock; only `output` touches a stream.

mod browser;
pub(crate) mod chart;
pub(crate) mod compared;
pub(crate) use crate::figures;
pub(crate) mod formats;
mod knee;
pub(crate) mod limit;
pub(crate) mod nightly;
pub mod output;
pub(crate) mod page;
pub(crate) mod picture;
mod scale;
pub mod screen;
pub(crate) mod searched;
pub(crate) mod separated;
pub(crate) mod swept;
pub mod terminal;
pub(crate) mod ticks;
