//! Reads on until a reader has what it wanted, and no longer than a broker that has gone silent deserves.

use std::time::{Duration, Instant};

use super::prepare::SessionError;
use crate::clock::Clock;
use crate::kafka::{Source, SourceEvent};

const POLL: Duration = Duration::from_millis(100);

/// Hands what comes from `topic` to `take`, until that says that nothing more is wanted. `patience` is how long nothing may come before.
///
/// # Errors
/// [`SessionError::Unread`] when the client cannot go on, or nothing came for too long.
pub(super) fn read_until_done(
    source: &mut Source,
    clock: &Clock,
    topic: &str,
    patience: Duration,
    mut take: impl FnMut(SourceEvent<'_>) -> Wanted,
) -> Result<(), SessionError> {
    let (mut last_news, mut wanted, mut broken) = (Instant::now(), Wanted::More, None);
    while wanted == Wanted::More && broken.is_none() {
        let news = source.poll(POLL, clock, |event| match event {
            SourceEvent::Error { reason, fatal } if fatal => broken = Some(reason),
            SourceEvent::Error { .. } => {}
            event => wanted = take(event),
        });
        if news > 0 {
            last_news = Instant::now();
        } else if last_news.elapsed() > patience {
            broken = Some(format!("nothing came for {} s", patience.as_secs()));
        }
    }
    match broken {
        Some(reason) => Err(SessionError::Unread { topic: topic.to_owned(), reason }),
        None => Ok(()),
    }
}

/// Whether a reader wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    More,
    Nothing,
}

impl Wanted {
    /// More, as long as anything is open.
    pub(super) fn while_open<T>(open: &[T]) -> Self {
        if open.is_empty() { Wanted::Nothing } else { Wanted::More }
    }
}
