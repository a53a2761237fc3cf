//! What a person sees: a live line each second, and the closing table.

pub mod capture;
pub mod closing;
pub mod event_times;
pub mod lateness;
pub mod live;
pub mod paint;
mod tables;
pub mod watermark;
pub mod windows;

pub use closing::closing;
pub use live::{LiveFigures, LiveLine};
pub use paint::Look;
