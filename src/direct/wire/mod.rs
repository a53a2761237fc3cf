//! Connections to brokers, for clients that read or write record batches themselves: frames, versions, login.
//!
//! The messages are those of the crate `kafka-protocol`. All of them are used in versions without tagged fields: every broker since Kafka 2.4
//! knows them, and what an answer claims about itself can be checked before any of it is believed.

mod connection;
mod error;
mod frame;
mod layout;
mod login;
mod produce;
mod scram;
mod security;
mod shapes;
mod stream;
mod versions;

pub(crate) use connection::{ConnectOptions, Connection};
pub(crate) use error::WireError;
pub(crate) use layout::{Host, Layout, look_up};
pub(crate) use produce::{Head, Produced, produce_head};
pub(crate) use security::Security;
pub(crate) use security::SecurityError;
