//! The rows of the live view's table: one for each stream, and one for each stage where a stream names several.

use std::collections::VecDeque;

use crate::conclude::Role;
use crate::produce::Unacknowledged;
use crate::profile::{Delivery, Profile, Stage, Stream};
use crate::report::screen::clean;

/// How many seconds a row remembers.
pub(super) const REMEMBERED: u16 = 60;

/// A row: a stream, one of its stages, or both where it has one only.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Its stream's position in the profile.
    pub(super) stream: usize,
    /// The full name, for sentences.
    pub(super) name: String,
    /// The name in the table, below that of its stream where it has its own row.
    pub(super) label: String,
    pub(super) sending: Option<Sending>,
    pub(super) seeing: Option<Seeing>,
    pub(super) times: Times,
    /// The p99 of the last second.
    pub(super) p99_ms: Option<f64>,
    pub(super) limit_ms: Option<f64>,
    /// Since when the p99 is over its limit, in seconds from the start.
    pub(super) over_since_s: Option<u64>,
    /// The rate of the last minute: seen, or sent where nothing is observed.
    pub(super) rates: Trail,
    pub(super) p99s: Trail,
}

/// Which latencies a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Times {
    /// None: the rows of its stages do.
    #[default]
    Nothing,
    /// From sent to acknowledged, where nothing is observed.
    Acks,
    /// From due to consumed.
    EndToEnd,
}

/// What a stream sends.
#[derive(Debug, Clone, Default)]
pub(super) struct Sending {
    pub(super) due_per_s: u64,
    pub(super) sent_per_s: u64,
    pub(super) acked_per_s: u64,
    /// How far the next event is behind its due time, in seconds.
    pub(super) behind_s: f64,
    /// Failed or dropped so far.
    pub(super) given_up: u64,
    pub(super) unacknowledged: Unacknowledged,
    /// How long a transaction stays open on purpose, in seconds: its events are unacknowledged meanwhile.
    pub(super) transaction_s: f64,
}

/// What is seen at a stage.
#[derive(Debug, Clone, Default)]
pub(super) struct Seeing {
    /// The stage's position in its stream.
    pub(super) stage: usize,
    pub(super) seen_per_s: u64,
    /// Whether what was acknowledged and not seen means something: this process knows the acknowledgements, and the stage shows events.
    pub(super) has_lag: bool,
    /// Acknowledged and not seen.
    pub(super) lag: Option<u64>,
    /// For how many seconds nothing came although events waited.
    pub(super) nothing_for_s: u64,
}

/// The figures of the last minute, the newest at the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail(VecDeque<f64>);

impl Trail {
    pub(super) fn push(&mut self, figure: f64) {
        self.0.push_back(figure);
        if self.0.len() > usize::from(REMEMBERED) {
            self.0.pop_front();
        }
    }

    pub(super) fn most(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// The newest first.
    pub(super) fn back_in_time(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().rev().copied()
    }
}

/// The rows of a profile, without figures yet.
pub(super) fn of_profile(profile: &Profile, role: Role) -> Vec<Row> {
    profile.streams.iter().enumerate().flat_map(|(index, stream)| of_stream(index, stream, role)).collect()
}

fn of_stream(index: usize, stream: &Stream, role: Role) -> Vec<Row> {
    let name = clean(&stream.name);
    let sending = role.sends().then(|| Sending { transaction_s: transaction_s(stream), ..Sending::default() });
    let own = Row { stream: index, name: name.clone(), label: name.clone(), sending, ..Row::default() };
    if !role.observes() {
        let limit_ms = stream.slo.ack_p99.map(|span| span.as_millis_f64());
        return vec![Row { times: Times::Acks, limit_ms, ..own }];
    }
    let seen_at = |(place, stage): (usize, &Stage)| Row {
        stream: index,
        name: format!("{name}/{}", clean(&stage.name)),
        label: format!("  {}", clean(&stage.name)),
        seeing: Some(Seeing { stage: place, has_lag: role.sends() && stage.results.is_none(), ..Seeing::default() }),
        times: Times::EndToEnd,
        limit_ms: limit_at(stream, place),
        ..Row::default()
    };
    let mut stages: Vec<Row> = stream.stages.iter().enumerate().map(seen_at).collect();
    match stages.pop_if(|_| stream.stages.len() == 1) {
        Some(Row { seeing, times, limit_ms, .. }) => vec![Row { seeing, times, limit_ms, ..own }],
        None => std::iter::once(own).chain(stages).collect(),
    }
}

fn transaction_s(stream: &Stream) -> f64 {
    if stream.delivery == Delivery::ExactlyOnce { stream.transaction.as_secs_f64() } else { 0.0 }
}

/// The limit on the end-to-end p99 holds at the stage whose figures are the stream's.
fn limit_at(stream: &Stream, place: usize) -> Option<f64> {
    let limit = stream.slo.end_to_end_p99.filter(|_| place == stream.last_of_events());
    limit.map(|span| span.as_millis_f64())
}
