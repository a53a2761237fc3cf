//! One test binary for everything that needs a broker or the built program: linking the client once keeps the suite quick.

#[cfg(test)]
mod broker;
#[cfg(test)]
mod broker_java;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod command_line;
#[cfg(test)]
#[expect(clippy::too_many_lines, reason = "one way of an event, told from its beginning to its end")]
mod produce_consume;
