//! A run's figures for Prometheus while it goes on: taken from each second as it is over, and served over HTTP. Nothing here is on the
//! events' way.

mod address;
mod latencies;
mod registered;
mod server;

pub use address::MetricsAddress;
pub(crate) use registered::{RunMetrics, Subject};
pub(crate) use server::Endpoint;
