//! floodmark: a load and burst generator for Kafka that checks what came out.
//!
//! The rooms follow the path of an event, and dependencies point one way:
//! `profile` → `load` → `produce` → `kafka` → (broker) → `kafka` → `consume` → `check`, `event_time` → `verdict`, `conclude` → `results` → `report`.
//! `run` wires them together, `merge` joins parts of a run, `capture` and `survey` read existing topics.
//! `notify` tells an address how a night went; `registry` has the schemas by which `payload` writes.
//! `calibrate` tells whether faults that are made on purpose are found. `capacity` and `trials` search for what a target holds; `provision` plans what to order.
//! `nightly` plans a night of runs, `history` keeps what it measured, `nights` says whether tonight is worse than the nights before.
//! `curve` (captured rates) and `units` come before `profile`; `event` (identity, payload) is used by `produce` and `consume`; `broker` is
//! the embedded broker; `clock` is the process's one clock.

mod by_the_second;
mod calibrate;
mod capacity;
mod capture;
pub mod check;
pub mod clock;
pub mod commands;
pub mod compare;
pub mod conclude;
pub mod consume;
pub mod curve;
mod direct;
pub mod event;
pub mod event_time;
pub mod faults;
mod figures;
pub mod history;
pub mod incidents;
mod inspect;
pub mod kafka;
pub mod latency;
mod ledger_files;
pub mod limits;
pub mod load;
#[cfg(test)]
mod loopback_certificate;
mod manual;
mod median;
pub mod merge;
mod mergeable;
pub mod metrics;
mod nearest;
mod nightly;
pub mod nights;
pub mod notify;
pub mod payload;
pub mod produce;
pub mod profile;
mod provision;
pub mod redact;
pub mod registry;
pub mod report;
pub mod results;
mod run;
mod shipped;
mod side_by_side;
pub mod stop;
mod surroundings;
pub mod survey;
mod sweep;
mod trials;
mod units;
pub mod verdict;

/// The embedded broker, its own crate: it imports nothing from this one, and is compiled again only when it changes.
pub use floodmark_broker as broker;
