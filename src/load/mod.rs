//! What is due when: pure functions of a profile and a seed. No clock, no I/O, no threads.

pub mod injections;

pub use injections::{Injected, Injections};
