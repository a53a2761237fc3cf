//! The nights of a suite for people, and for other programs: the page of its history, what a webhook is told, and a file for Prometheus.

pub(crate) mod message;
pub(crate) mod metrics;
pub(crate) mod page;
