//! The embedded broker: real Kafka protocol over TCP on loopback, in process.
