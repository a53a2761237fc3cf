//! Compares floodmark's models with the engines themselves: README.md, and `scripts/prove-models`.

#[cfg(test)]
mod beam;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod draw;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod flink;
#[cfg(test)]
mod flink_sql;
#[cfg(test)]
mod kafka_streams;
#[cfg(test)]
mod minimise;
#[cfg(test)]
mod model;
#[cfg(test)]
mod prove;
#[cfg(test)]
mod spark;
#[cfg(test)]
mod stream;
