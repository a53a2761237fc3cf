//! One test binary for everything that needs a broker or the built program: linking the client once keeps the suite quick.

#[cfg(test)]
mod broker;
#[cfg(test)]
mod broker_java;
