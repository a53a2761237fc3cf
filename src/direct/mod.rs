//! A producing client of floodmark's own, beside librdkafka: it writes each event once, straight into a record batch.
//!
//! `wire` speaks to brokers; `records` writes batches; `order` keeps a partition's batches in order through every failure; these know nothing
//! of threads. [`Sink`] and [`Deliveries`] are the two ends of a client, as those of [`crate::kafka`] are: the worker writes batches, and the
//! thread that waits for reports sends them. There is no third one.

mod answers;
mod batch;
mod cluster;
mod codec;
mod deliveries;
mod link;
mod open;
mod options;
mod order;
mod records;
mod refuse;
mod shelf;
mod sink;
pub(crate) mod wire;

#[cfg(test)]
mod hostile;

pub(crate) use deliveries::Deliveries;
pub(crate) use open::{DirectError, open};
pub(crate) use refuse::{refuse, resolved};
pub(crate) use sink::Sink;
