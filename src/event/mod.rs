//! What an event is: its identity, and how identity and times are written into a payload and read back.

pub mod identity;
pub mod payload;
pub mod time_form;

pub use identity::{EventId, NotOurs, RunTag};
