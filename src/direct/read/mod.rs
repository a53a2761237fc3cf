//! Reads record batches itself: a fetch session with each leader, batches checked against their CRC and walked in place.
//!
//! `batch`, `record`, `aborted`, `place`, `session`, `trouble` and `answer` are rules and know nothing of connections; `reader` drives them.

mod aborted;
mod answer;
mod batch;
mod compression;
mod hand_over;
mod lane;
mod link;
mod open;
mod options;
mod place;
mod reader;
mod record;
mod session;
mod trouble;

#[cfg(test)]
mod laws;

pub(crate) use open::read;
pub(crate) use reader::Reader;
