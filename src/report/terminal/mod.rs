//! What a person sees: a live view or a line each second, and the closing table.

pub(crate) mod calibrate;
pub(crate) mod capacity;
pub(crate) mod capture;
pub(crate) mod closing;
pub(crate) mod compare;
pub(crate) mod curve;
pub(crate) mod event_times;
pub(crate) mod history;
pub(crate) mod incidents;
pub(crate) mod inspect;
mod lateness;
pub(crate) mod live;
pub(crate) mod nightly;
pub(crate) mod paint;
pub(crate) mod plan;
pub(crate) mod provision;
mod short;
mod shown;
pub(crate) mod sweep;
mod tables;
pub(crate) mod view;
pub(crate) mod watermark;
pub(crate) mod windows;

pub(crate) use closing::closing;
pub(crate) use live::{LiveFigures, LiveLine};
pub use paint::Look;
pub(crate) use short::short;
pub(crate) use shown::Shown;
