//! What is not as it should be, in sentences: the most important first, and one for each kind, however many streams are concerned.

use super::rows::{Row, Sending};
use super::{View, figure, seconds_of_ns};
use crate::report::figures::{count, latency, latency_or_dash, seconds, stopwatch};
use crate::report::terminal::paint::Ink;

/// An acknowledgement that takes this long, in seconds, is missed; less is a slow broker's ordinary answer.
const MISSED_S: f64 = 1.0;
/// A stage that sees nothing for so many seconds, although events wait, is told.
const NOTHING_S: u64 = 2;
/// A next event so far behind its due time, in seconds, is told.
const BEHIND_S: f64 = 0.1;

/// Something that is not as it should be, at one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Trouble {
    NoAcknowledgement { for_s: f64, events: u64 },
    GivenUp { events: u64 },
    OverLimit { p99_ms: Option<f64>, limit_ms: f64, since_s: u64, for_s: u64 },
    NothingSeen { for_s: u64, lag: u64 },
    Behind { by_s: f64 },
    LongUnacknowledged { oldest_s: f64, events: u64 },
}

/// A sentence about one kind of trouble.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sentence {
    pub(super) ink: Ink,
    pub(super) text: String,
}

impl Trouble {
    /// Its kind, the most important first.
    pub(super) fn rank(self) -> u8 {
        match self {
            Trouble::NoAcknowledgement { .. } => 0,
            Trouble::GivenUp { .. } => 1,
            Trouble::OverLimit { .. } => 2,
            Trouble::NothingSeen { .. } => 3,
            Trouble::Behind { .. } => 4,
            Trouble::LongUnacknowledged { .. } => 5,
        }
    }

    pub(super) fn ink(self) -> Ink {
        if self.rank() <= 3 { Ink::Bad } else { Ink::Doubt }
    }

    /// How bad it is beside others of its kind.
    fn measure(self) -> f64 {
        match self {
            Trouble::NoAcknowledgement { for_s, .. } => for_s,
            Trouble::GivenUp { events } => figure(events),
            Trouble::OverLimit { p99_ms, limit_ms, .. } => p99_ms.unwrap_or(0.0) / limit_ms.max(1e-9),
            Trouble::NothingSeen { lag, .. } => figure(lag),
            Trouble::Behind { by_s } => by_s,
            Trouble::LongUnacknowledged { oldest_s, .. } => oldest_s,
        }
    }

    /// The events concerned, where several rows' add up.
    fn events(self) -> u64 {
        match self {
            Trouble::NoAcknowledgement { events, .. }
            | Trouble::GivenUp { events }
            | Trouble::LongUnacknowledged { events, .. }
            | Trouble::NothingSeen { lag: events, .. } => events,
            Trouble::OverLimit { .. } | Trouble::Behind { .. } => 0,
        }
    }

    /// What is wrong, with so many events concerned in all.
    fn text(self, events: u64) -> String {
        let events = if events == 1 { "1 event".to_owned() } else { format!("{} events", count(events)) };
        match self {
            Trouble::NoAcknowledgement { for_s, .. } => {
                format!("no acknowledgement for {}, {events} wait", seconds(for_s.floor()))
            }
            Trouble::GivenUp { .. } => format!("{events} failed or dropped so far"),
            Trouble::OverLimit { p99_ms, limit_ms, since_s, for_s } => {
                let (p99, limit) = (latency_or_dash(p99_ms), latency(limit_ms));
                format!(
                    "p99 {p99} (limit {limit}), over since {} ({})",
                    stopwatch(figure(since_s)),
                    seconds(figure(for_s))
                )
            }
            Trouble::NothingSeen { for_s, .. } => format!("nothing seen for {}, {events} wait", seconds(figure(for_s))),
            Trouble::Behind { by_s } => format!("{} behind schedule", latency(by_s * 1e3)),
            Trouble::LongUnacknowledged { oldest_s, .. } => {
                format!("the oldest of {events} unacknowledged waits {}", seconds(oldest_s.floor()))
            }
        }
    }
}

impl View {
    /// What is wrong at a row, the most important first.
    pub(super) fn troubles_of(&self, row: &Row) -> Vec<Trouble> {
        let mut troubles: Vec<Trouble> = row.sending.iter().flat_map(of_sending).collect();
        if let (Some(since_s), Some(limit_ms)) = (row.over_since_s, row.limit_ms) {
            let for_s = self.elapsed_s.unwrap_or(since_s).saturating_sub(since_s);
            troubles.push(Trouble::OverLimit { p99_ms: row.p99_ms, limit_ms, since_s, for_s });
        }
        let seeing = row.seeing.as_ref().filter(|seeing| seeing.nothing_for_s >= NOTHING_S);
        troubles.extend(
            seeing.map(|seeing| Trouble::NothingSeen { for_s: seeing.nothing_for_s, lag: seeing.lag.unwrap_or(0) }),
        );
        troubles.sort_by_key(|trouble| trouble.rank());
        troubles
    }

    /// How a row stands beside others: those in trouble first.
    pub(super) fn worst_of(&self, row: &Row) -> Option<Trouble> {
        self.troubles_of(row).first().copied()
    }

    /// A sentence for each kind of trouble.
    pub(super) fn sentences(&self) -> Vec<Sentence> {
        let all: Vec<(&Row, Trouble)> = self
            .rows
            .iter()
            .flat_map(|row| self.troubles_of(row).into_iter().map(move |trouble| (row, trouble)))
            .collect();
        (0..=5).filter_map(|rank| self.sentence(all.iter().filter(|(_, trouble)| trouble.rank() == rank))).collect()
    }

    /// What is wrong at all of these rows, in words about the worst of them.
    fn sentence<'a>(&self, alike: impl Iterator<Item = &'a (&'a Row, Trouble)> + Clone) -> Option<Sentence> {
        let (row, worst) = alike.clone().max_by(|(_, one), (_, other)| one.measure().total_cmp(&other.measure()))?;
        let others = alike.clone().count() - 1;
        let is_alone = self.rows.len() == 1;
        let whose = match others {
            0 if is_alone => String::new(),
            0 => format!("{}: ", row.name),
            _ => format!("{} and {} more: ", row.name, others),
        };
        let events = alike.map(|(_, trouble)| trouble.events()).sum();
        Some(Sentence { ink: worst.ink(), text: format!("{whose}{}", worst.text(events)) })
    }
}

fn of_sending(sending: &Sending) -> Vec<Trouble> {
    let missed_s = MISSED_S + sending.transaction_s;
    let waiting = sending.unacknowledged;
    let (oldest_s, silent_s) = (seconds_of_ns(waiting.oldest_ns), seconds_of_ns(waiting.silent_ns));
    let mut troubles = Vec::new();
    if silent_s >= missed_s {
        troubles.push(Trouble::NoAcknowledgement { for_s: silent_s, events: waiting.events });
    } else if oldest_s >= 2.0 * missed_s {
        troubles.push(Trouble::LongUnacknowledged { oldest_s, events: waiting.events });
    }
    if sending.given_up > 0 {
        troubles.push(Trouble::GivenUp { events: sending.given_up });
    }
    if sending.behind_s >= BEHIND_S {
        troubles.push(Trouble::Behind { by_s: sending.behind_s });
    }
    troubles
}
