//! What a person sees: a live line each second, and the closing table.

pub mod closing;
pub mod live;
pub mod paint;
pub mod watermark;

pub use closing::closing;
pub use live::{LiveFigures, LiveLine};
pub use paint::Look;
