//! A client of floodmark's own, beside librdkafka: it writes each event once, straight into a record batch, and reads batches where they lie.
//!
//! `wire` speaks to brokers, and `cluster` knows who leads what. `records` writes batches; `order` keeps a partition's batches in order through
//! every failure; these know nothing of threads. [`Sink`] and [`Deliveries`] are the two ends of a producing client, as those of
//! [`crate::kafka`] are: the worker writes batches, and the thread that waits for reports sends them. There is no third one. [`Reader`] reads in
//! the thread that wants the records.

mod answers;
mod batch;
mod cluster;
mod codec;
mod deliveries;
mod link;
mod open;
mod options;
mod order;
mod read;
mod records;
mod refuse;
mod shelf;
mod sink;
mod wake;
pub(crate) mod wire;

#[cfg(test)]
mod hostile;

pub(crate) use deliveries::Deliveries;
pub(crate) use open::{DirectError, open};
pub(crate) use read::{Reader, read};
pub(crate) use refuse::{refuse, resolved};
pub(crate) use sink::Sink;
