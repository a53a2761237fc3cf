//! A network that can be broken: a proxy on loopback for each broker, between floodmark's own clients and the cluster.
//!
//! A Kafka client connects to whatever address a broker's answers name, so the proxy puts its own in their place ([`answers`]): it understands the
//! few answers that hold addresses, and moves all other bytes as they are. (librdkafka could be told where to connect instead, which would serve TLS
//! as well; but the Rust client makes its native configuration itself and lets nobody set that callback.) What is encrypted cannot be read, so there
//! is no network fault with TLS.

mod answers;
mod connection;
mod frames;
mod link;
mod proxy;

pub use proxy::NetworkError;
pub(crate) use proxy::{Network, Switch};
