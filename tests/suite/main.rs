//! One test binary for everything that needs a broker or the built program: linking the client once keeps the suite quick.
//!
//! Each module says that it is a test, so that clippy lets its helpers unwrap too.

#[cfg(test)]
mod broker;
#[cfg(test)]
mod broker_java;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod produce_consume;
