//! Faults in a run: what a profile breaks on purpose while its traffic goes on, and puts right again.
//!
//! A command and its undoing are run by a [`mod@guard`]: a process of its own, so that a fault is undone even when floodmark is killed.
//! What happens on the network happens in proxies inside floodmark ([`network`]), and ends with it. [`play`] says when; a run only listens.

mod command;
mod guard;
mod guarded;
mod network;
mod play;
mod played;

pub use guard::{guard, is_guard};
pub(crate) use network::Network;
pub use network::NetworkError;
pub(crate) use play::Faults;
pub use play::FaultsError;
pub(crate) use played::Played;
