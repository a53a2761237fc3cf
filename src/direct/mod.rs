//! Clients of floodmark's own, beside librdkafka.

pub(crate) mod wire;
