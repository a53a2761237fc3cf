//! One test binary for everything that needs a broker or the built program: linking the client once keeps the suite quick.

mod broker;
mod broker_java;
mod cluster;
#[cfg(test)]
mod command_line;
mod produce_consume;
#[cfg(test)]
mod relay;
#[cfg(test)]
#[path = "../../examples/relay/relaying.rs"]
mod relaying;
