//! Sessions that are still open, key by key.

use std::collections::HashMap;

use super::rule::Rule;
use crate::check::windows::WindowSpan;

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
/// Sessions that touch are one (Flink's `TimeWindow.intersects`, Kafka Streams' search from `ts - gap` to `ts + gap`).
#[derive(Debug, Default)]
pub(super) struct OpenSessions {
    by_key: HashMap<u64, Vec<Session>>,
    sweep_at: usize,
}

impl OpenSessions {
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
        let open = self.by_key.entry(key_hash).or_default();
        close(rule, open, horizon, &mut closed);
        let mut joined = Session { span: own, events: 1 };
        let touches = |span: &WindowSpan| span.start_ms <= own.end_ms && own.start_ms <= span.end_ms;
        let mut rest = Vec::with_capacity(open.len() + 1);
        for session in open.drain(..) {
            if touches(&session.span) {
                joined.span.start_ms = joined.span.start_ms.min(session.span.start_ms);
                joined.span.end_ms = joined.span.end_ms.max(session.span.end_ms);
                joined.events += session.events;
            } else {
                rest.push(session);
            }
        }
        let is_closed = rule.is_closed(joined.span.end_ms, horizon);
        if !is_closed {
            rest.push(joined);
        }
        *open = rest;
        (!is_closed).then_some(joined.span)
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
