//! Events: their identity, and how identity and times are written into a payload and read back.

pub(crate) mod identity;
mod json_writer;
mod partition;
pub mod payload;
pub(crate) mod place;
pub(crate) mod time_form;
pub(crate) mod time_writer;

pub(crate) use identity::NotOurs;
pub use identity::{EventId, RunTag};
pub use partition::Partition;
