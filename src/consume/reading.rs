//! Reads until a reader has what it wants, or a silent broker has used up its patience.

use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::kafka::{KafkaError, Source, SourceEvent};

/// Why a topic was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The client failed.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A topic could not be read to its end.
    #[error("topic {topic} could not be read to its end: {reason}")]
    Unread {
        /// The topic.
        topic: String,
        /// Why.
        reason: String,
    },
}

impl ReadError {
    /// Whether the user can fix it on the command line, rather than in the environment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, ReadError::Kafka(KafkaError::Settings(_)))
    }
}

const POLL: Duration = Duration::from_millis(100);

/// Hands what comes from `topic` to `take`, until that wants nothing more. `patience` is the longest silence before it gives up.
///
/// # Errors
/// [`ReadError::Unread`] when the client fails for good, or nothing came for too long.
pub(crate) fn read_until_done(
    source: &mut Source,
    clock: &Clock,
    topic: &str,
    patience: Duration,
    mut take: impl FnMut(SourceEvent<'_>) -> Wanted,
) -> Result<(), ReadError> {
    let (mut last_news, mut wanted, mut broken) = (Instant::now(), Wanted::More, None);
    while wanted == Wanted::More && broken.is_none() {
        let news = source.poll(POLL, clock, |event| match event {
            SourceEvent::Error { reason, fatal } if fatal => broken = Some(reason),
            SourceEvent::Error { .. } | SourceEvent::Unread { .. } => {}
            event => wanted = take(event),
        });
        if news > 0 {
            last_news = Instant::now();
        } else if last_news.elapsed() > patience {
            broken = Some(format!("nothing arrived for {} s", patience.as_secs()));
        }
    }
    match broken {
        Some(reason) => Err(ReadError::Unread { topic: topic.to_owned(), reason }),
        None => Ok(()),
    }
}

/// Whether a reader wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Read on.
    More,
    /// It has all that it wanted.
    Nothing,
}

impl Wanted {
    /// More, as long as anything is open.
    pub(crate) fn while_open<T>(open: &[T]) -> Self {
        if open.is_empty() { Wanted::Nothing } else { Wanted::More }
    }
}
