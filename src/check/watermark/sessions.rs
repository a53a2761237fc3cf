//! Sessions that are still open, key by key.

use std::collections::HashMap;

use super::rule::Rule;
use super::spec::WindowMs;
use crate::check::windows::WindowSpan;
use crate::profile::Engine;

/// How many keys are held before those without open sessions are looked for.
const SWEEP_FROM: usize = 1 << 12;

/// A session: the window, and how many events are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) span: WindowSpan,
    pub(super) events: u64,
}

/// The open sessions of all keys. Memory follows the open sessions; those that have closed are forgotten.
///
/// Events that are no further apart than the gap are in one (Flink's `TimeWindow.intersects`, Kafka Streams' search from `ts - gap` to `ts + gap`).
#[derive(Debug, Default)]
pub(super) struct OpenSessions {
    by_key: HashMap<u64, Vec<Session>>,
    sweep_at: usize,
    /// How long a session that has closed can still be joined, in milliseconds.
    lingers_ms: i64,
}

impl OpenSessions {
    /// Sessions that can still be joined for a while when they have closed. Kafka Streams looks for sessions in its cache, which is not cleared of them:
    /// an event that is in time by itself takes such a one in, and is then so much longer for others to join. Nothing joins behind the gap.
    pub(super) fn lingering(rule: &Rule) -> Self {
        let lingers_ms = match rule.spec().window {
            WindowMs::Session { gap_ms } => gap_ms,
            WindowMs::None | WindowMs::Aligned(_) | WindowMs::Sliding { .. } => 0,
        };
        OpenSessions { lingers_ms, ..OpenSessions::default() }
    }

    /// Takes in an event's own window: the session that it becomes part of, or nothing when that is closed at this horizon.
    /// What has closed on the way is handed to `closed`.
    pub(super) fn join(
        &mut self,
        rule: &Rule,
        key_hash: u64,
        own: WindowSpan,
        horizon: i64,
        mut closed: impl FnMut(Session),
    ) -> Option<WindowSpan> {
        self.sweep(rule, horizon, &mut closed);
        // A Kafka Streams session ends a millisecond behind the gap, and is joined within it.
        let beyond_ms = i64::from(rule.spec().engine == Engine::KafkaStreams);
        let gap_end_ms = |span: &WindowSpan| span.end_ms.saturating_sub(beyond_ms);
        let lingers_ms = self.lingers_ms;
        let open = self.by_key.entry(key_hash).or_default();
        close(rule, open, horizon, lingers_ms, &mut closed);
        let mut joined = Session { span: own, events: 1 };
        // Within the gap, or strictly within it.
        let apart_ms = i64::from(!rule.spec().joins_at_gap());
        let reaches = |one: &WindowSpan, other: &WindowSpan| other.start_ms.saturating_add(apart_ms) <= gap_end_ms(one);
        let touches = |session: &Session| reaches(&own, &session.span) && reaches(&session.span, &own);
        for session in open.iter().filter(|session| touches(session)) {
            joined.span.start_ms = joined.span.start_ms.min(session.span.start_ms);
            joined.span.end_ms = joined.span.end_ms.max(session.span.end_ms);
            joined.events += session.events;
        }
        if rule.is_closed(joined.span.end_ms, horizon) {
            return None;
        }
        open.retain(|session| !touches(session));
        open.push(joined);
        Some(joined.span)
    }

    /// All sessions that are open now.
    pub(super) fn open(&self) -> impl Iterator<Item = &Session> {
        self.by_key.values().flatten()
    }

    /// Forgets keys without open sessions, whenever their number has doubled.
    fn sweep(&mut self, rule: &Rule, horizon: i64, closed: &mut impl FnMut(Session)) {
        if self.by_key.len() < self.sweep_at.max(SWEEP_FROM) {
            return;
        }
        let lingers_ms = self.lingers_ms;
        self.by_key.retain(|_, open| {
            close(rule, open, horizon, lingers_ms, closed);
            !open.is_empty()
        });
        self.sweep_at = self.by_key.len() * 2;
    }
}

fn close(rule: &Rule, open: &mut Vec<Session>, horizon: i64, lingers_ms: i64, closed: &mut impl FnMut(Session)) {
    open.retain(|session| {
        let is_closed = rule.is_closed(session.span.end_ms.saturating_add(lingers_ms), horizon);
        if is_closed {
            closed(*session);
        }
        !is_closed
    });
}
