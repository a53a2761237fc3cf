//! The live view: what a screen shows while a run goes on. This is the state, kept from the run's seconds; [`draw`](mod@draw) makes a page
//! of it, and [`screen`] brings pages to a terminal. Nothing here reads a clock.

mod draw;
mod quit;
mod rows;
mod screen;
mod second;
mod table;
#[cfg(test)]
mod tests;
mod trails;
mod trouble;

use std::collections::VecDeque;
use std::time::Duration;

use self::rows::Row;
pub(crate) use self::screen::{LiveView, is_possible};
use crate::conclude::Role;
use crate::produce::Unacknowledged;
use crate::profile::Profile;
use crate::report::screen::clean;

/// How many sentences are kept for the screen.
const MESSAGES_KEPT: usize = 8;

/// How a run goes, as of its last complete second.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// The profile's name.
    name: String,
    role: Role,
    /// Since the first event was due, in seconds; none before the first second is over.
    elapsed_s: Option<u64>,
    /// How long events are sent, in seconds.
    total_s: f64,
    phase: Option<PhaseNow>,
    /// The schedule is over, and nothing waits to be sent.
    all_sent: bool,
    /// 99 % of events were handed to the client at most so late, because of this machine.
    own_lateness_p99_ms: Option<f64>,
    /// The rows of the table, in the profile's order.
    rows: Vec<Row>,
    /// What was said, the last at the end.
    messages: VecDeque<String>,
    /// What the run waits for, in words.
    waits_for: Option<String>,
    /// How often somebody asked for an end.
    stops_asked: u32,
    /// The run is over: what is drawn stays on the screen.
    is_over: bool,
}

/// What goes on, and what comes next.
#[derive(Debug, Clone, PartialEq)]
struct PhaseNow {
    name: String,
    next: Option<Next>,
}

#[derive(Debug, Clone, PartialEq)]
struct Next {
    name: String,
    in_s: u64,
}

impl View {
    /// Before the first second.
    #[must_use]
    pub(crate) fn new(name: &str, role: Role, profile: &Profile) -> Self {
        View {
            name: clean(name),
            role,
            elapsed_s: None,
            total_s: profile.duration().as_secs_f64(),
            phase: None,
            all_sent: false,
            own_lateness_p99_ms: None,
            rows: rows::of_profile(profile, role),
            messages: VecDeque::new(),
            waits_for: None,
            stops_asked: 0,
            is_over: false,
        }
    }

    /// Something was said.
    pub(crate) fn say(&mut self, text: &str) {
        self.messages.push_back(clean(text));
        if self.messages.len() > MESSAGES_KEPT {
            self.messages.pop_front();
        }
    }

    /// What the run waits for from now on.
    pub(crate) fn waits_for(&mut self, what: &str) {
        self.waits_for = Some(clean(what));
    }

    /// Somebody asked for an end.
    pub(crate) fn stopping(&mut self) {
        self.stops_asked += 1;
    }

    /// What waits for an acknowledgement now, stream by stream.
    pub(crate) fn unacknowledged(&mut self, streams: &[Unacknowledged]) {
        for row in &mut self.rows {
            if let (Some(sending), Some(now)) = (&mut row.sending, streams.get(row.stream)) {
                sending.unacknowledged = *now;
            }
        }
    }

    /// The run is over.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
    }

    /// What waits in all streams: how many events, and how long the oldest, in seconds.
    fn all_unacknowledged(&self) -> (u64, f64) {
        let streams = self.rows.iter().filter_map(|row| row.sending.as_ref()).map(|sending| sending.unacknowledged);
        streams.fold((0, 0.0), |(events, oldest_s): (u64, f64), one| {
            (events + one.events, oldest_s.max(seconds_of_ns(one.oldest_ns)))
        })
    }
}

fn seconds_of_ns(ns: u64) -> f64 {
    Duration::from_nanos(ns).as_secs_f64()
}

/// A count as the screen compares it: beyond four thousand millions all are alike.
fn figure(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// A figure without its fraction.
fn whole(figure: f64) -> u64 {
    Duration::try_from_secs_f64(figure.max(0.0)).map_or(u64::MAX, |figure| figure.as_secs())
}
