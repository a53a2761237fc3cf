//! Sessions that are still open, key by key.

use std::collections::HashMap;

use super::rule::Rule;
use crate::event_time::windows::WindowSpan;

/// How many keys are held before those without open sessions are removed.
const SWEEP_FROM: usize = 1 << 12;

/// A session: the window, and how many events are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) span: WindowSpan,
    pub(super) events: u64,
}

/// The open sessions of all keys. Memory grows with the open sessions; closed ones are forgotten.
///
/// Events that are no further apart than the gap are in one session (Flink's `TimeWindow.intersects`).
#[derive(Debug, Default)]
pub(super) struct OpenSessions {
    by_key: HashMap<u64, Vec<Session>>,
    sweep_at: usize,
}

impl OpenSessions {
    /// Takes in an event's own window: returns the session that it joins, or nothing when that is closed at this horizon. Sessions that
    /// closed meanwhile are handed to `closed`.
    pub(super) fn join(
        &mut self,
        rule: &Rule,
        key_hash: u64,
        own: WindowSpan,
        horizon: i64,
        mut closed: impl FnMut(Session),
    ) -> Option<WindowSpan> {
        self.sweep(rule, horizon, &mut closed);
        let open = self.by_key.entry(key_hash).or_default();
        close(rule, open, horizon, &mut closed);
        let mut joined = Session { span: own, events: 1 };
        // Within the gap, or strictly within it.
        let apart_ms = i64::from(!rule.spec().joins_at_gap());
        let reaches = |one: &WindowSpan, other: &WindowSpan| other.start_ms.saturating_add(apart_ms) <= one.end_ms;
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
        self.by_key.retain(|_, open| {
            close(rule, open, horizon, closed);
            !open.is_empty()
        });
        self.sweep_at = self.by_key.len() * 2;
    }
}

fn close(rule: &Rule, open: &mut Vec<Session>, horizon: i64, closed: &mut impl FnMut(Session)) {
    open.retain(|session| {
        let is_closed = rule.is_closed(session.span.end_ms, horizon);
        if is_closed {
            closed(*session);
        }
        !is_closed
    });
}
