//! The line that says once a second how the run goes.

mod second;

use std::io::{self, Write};

use super::paint::{Ink, Look, paint};
use crate::report::{
    figures::{latency, latency_or_dash, rate, signed, stopwatch},
    output::write_all,
    screen::clean,
};

/// How the run goes, over all streams, in the last second.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct LiveFigures {
    /// Since the first event was due, in seconds.
    pub elapsed_s: f64,
    /// How long events are sent, in seconds; absent when there is no end.
    pub total_s: Option<f64>,
    /// What goes on: a phase's name, `warmup`, `draining`; absent when there is nothing to say.
    pub phase: Option<String>,
    /// This process sends.
    pub sends: bool,
    /// This process observes.
    pub observes: bool,
    /// The schedule is over, and nothing waits to be sent.
    pub all_sent: bool,
    /// How far the next event is behind its due time, in seconds.
    pub behind_s: f64,
    /// What was due and taken from the schedule.
    pub offered_per_s: f64,
    /// What was handed to the client.
    pub sent_per_s: f64,
    /// What the broker acknowledged.
    pub acked_per_s: f64,
    /// What was seen, copies included.
    pub seen_per_s: f64,
    /// Acked and not yet delivered.
    pub lag_events: i64,
    /// Half of the events are consumed within this, counted from due.
    pub end_to_end_p50_ms: Option<f64>,
    /// 99 % of events are consumed within this, counted from due.
    pub end_to_end_p99_ms: Option<f64>,
    /// 99 % of events were handed to the client at most so late.
    pub lateness_p99_ms: Option<f64>,
    /// Failed, dropped or lost so far: shown as soon as there is one.
    pub troubled: u64,
}

/// A generator this late, in milliseconds, is worth a second look.
const LATE_MS: f64 = 10.0;
/// Sending less than this share of what was offered is worth a second look.
const KEEPS_UP: f64 = 0.98;
/// A next event so far behind its due time, in seconds, is told.
const BEHIND_S: f64 = 0.1;
/// Between two parts of the line.
const GAP: &str = "  ";

/// A part of the line, and how readily it goes when the line is too narrow (the highest first).
struct Part {
    text: String,
    ink: Option<Ink>,
    goes: u8,
}

impl Part {
    fn new(goes: u8, text: String) -> Self {
        Part { text, ink: None, goes }
    }

    fn inked(self, ink: Ink, when: bool) -> Self {
        Part { ink: when.then_some(ink), ..self }
    }
}

/// The line. On a terminal, parts that do not fit go, the least important first; elsewhere it is whole.
#[must_use]
pub(crate) fn live_line(figures: &LiveFigures, look: Look) -> String {
    let mut parts = parts(figures);
    // The last column stays free: some terminals wrap a line that fills it.
    while look.terminal && width(&parts) >= look.width && parts.len() > 1 {
        let Some(goes) = (0..parts.len()).max_by_key(|at| parts[*at].goes) else { break };
        parts.remove(goes);
    }
    let painted: Vec<String> = parts
        .into_iter()
        .map(|Part { text, ink, .. }| ink.map_or_else(|| text.clone(), |ink| paint(&text, ink, look)))
        .collect();
    painted.join(GAP)
}

fn parts(figures: &LiveFigures) -> Vec<Part> {
    let time = match figures.total_s {
        Some(total_s) => format!("{}/{}", stopwatch(figures.elapsed_s), stopwatch(total_s)),
        None => stopwatch(figures.elapsed_s),
    };
    let mut parts = vec![Part::new(0, time).inked(Ink::Strong, true)];
    if let Some(phase) = &figures.phase {
        parts.push(Part::new(6, clean(phase)).inked(Ink::Strong, true));
    }
    if figures.sends {
        parts.extend(sending(figures));
    }
    if figures.observes {
        parts.extend(observing(figures));
    }
    if figures.sends && !figures.all_sent {
        let late = figures.lateness_p99_ms.is_some_and(|late_ms| late_ms > LATE_MS);
        let text = format!("sent late p99 {}", latency_or_dash(figures.lateness_p99_ms));
        parts.push(Part::new(8, text).inked(Ink::Doubt, late));
    }
    if figures.troubled > 0 {
        parts.push(Part::new(1, format!("{} in trouble", signed(figures.troubled as i64))).inked(Ink::Bad, true));
    }
    parts
}

fn sending(figures: &LiveFigures) -> Vec<Part> {
    let keeps_up = figures.sent_per_s >= figures.offered_per_s * KEEPS_UP && figures.behind_s < BEHIND_S;
    let is_over = figures.total_s.is_some_and(|total_s| figures.elapsed_s > total_s);
    let mut parts = Vec::new();
    if figures.all_sent {
        parts.push(Part::new(1, "all sent".to_owned()));
    } else {
        // A backlog is not what the schedule offers now.
        if figures.behind_s < BEHIND_S && !is_over {
            parts.push(Part::new(3, format!("offered {}", rate(figures.offered_per_s))));
        }
        parts.push(Part::new(1, format!("sent {}", rate(figures.sent_per_s))).inked(Ink::Doubt, !keeps_up));
    }
    if figures.behind_s >= BEHIND_S {
        parts.push(Part::new(1, format!("{} behind", latency(figures.behind_s * 1e3))).inked(Ink::Doubt, true));
    }
    parts.push(Part::new(5, format!("acked {}", rate(figures.acked_per_s))));
    parts
}

fn observing(figures: &LiveFigures) -> Vec<Part> {
    // Without the acknowledgements nobody knows how many events are on their way.
    let how_many = if figures.sends {
        Part::new(4, format!("lag {}", signed(figures.lag_events)))
    } else {
        Part::new(1, format!("seen {}", rate(figures.seen_per_s)))
    };
    vec![
        how_many,
        Part::new(7, format!("end-to-end p50 {}", latency_or_dash(figures.end_to_end_p50_ms))),
        Part::new(2, format!("end-to-end p99 {}", latency_or_dash(figures.end_to_end_p99_ms))),
    ]
}

fn width(parts: &[Part]) -> usize {
    parts.iter().map(|part| part.text.chars().count()).sum::<usize>() + GAP.len() * parts.len().saturating_sub(1)
}

/// Draws the live line: over itself on a terminal, as lines elsewhere.
#[derive(Debug)]
pub(crate) struct LiveLine<W> {
    out: W,
    look: Look,
    drawn: bool,
}

impl<W: Write> LiveLine<W> {
    /// Draws to `out`, which looks like `look`.
    pub(crate) fn new(out: W, look: Look) -> Self {
        LiveLine { out, look, drawn: false }
    }

    /// Shows the second that has just ended.
    ///
    /// # Errors
    /// What the system said; a reader that went away is none.
    pub(crate) fn show(&mut self, figures: &LiveFigures) -> io::Result<()> {
        let line = live_line(figures, self.look);
        let text = if self.look.terminal { format!("\r{line}\x1b[K") } else { format!("{line}\n") };
        self.drawn = self.look.terminal;
        write_all(&mut self.out, &text)
    }

    /// Says something in between; it stays above the live line.
    ///
    /// # Errors
    /// What the system said; a reader that went away is none.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        let clear = if std::mem::take(&mut self.drawn) { "\r\x1b[K" } else { "" };
        write_all(&mut self.out, &format!("{clear}{}\n", clean(text)))
    }

    /// Takes the line away: the closing table says it better.
    ///
    /// # Errors
    /// What the system said; a reader that went away is none.
    pub(crate) fn close(mut self) -> io::Result<()> {
        if self.drawn { write_all(&mut self.out, "\r\x1b[K") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> LiveFigures {
        LiveFigures {
            elapsed_s: 72.4,
            total_s: Some(720.0),
            phase: Some("flood".to_owned()),
            sends: true,
            observes: true,
            all_sent: false,
            behind_s: 0.0,
            seen_per_s: 199_900.0,
            offered_per_s: 200_000.0,
            sent_per_s: 199_998.0,
            acked_per_s: 199_950.0,
            lag_events: 1204,
            end_to_end_p50_ms: Some(3.12),
            end_to_end_p99_ms: Some(41.9),
            lateness_p99_ms: Some(0.412),
            troubled: 0,
        }
    }

    fn terminal(width: usize) -> Look {
        Look { width, colour: false, terminal: true }
    }

    #[test]
    fn the_line_drops_what_matters_least_when_it_is_narrow() {
        insta::assert_snapshot!(live_line(&figures(), terminal(160)), @"1:12/12:00  flood  offered 200,000/s  sent 199,998/s  acked 199,950/s  lag 1,204  end-to-end p50 3.12 ms  end-to-end p99 41.9 ms  sent late p99 412 µs");
        insta::assert_snapshot!(live_line(&figures(), terminal(132)), @"1:12/12:00  flood  offered 200,000/s  sent 199,998/s  acked 199,950/s  lag 1,204  end-to-end p50 3.12 ms  end-to-end p99 41.9 ms");
        insta::assert_snapshot!(live_line(&figures(), terminal(100)), @"1:12/12:00  offered 200,000/s  sent 199,998/s  acked 199,950/s  lag 1,204  end-to-end p99 41.9 ms");
        insta::assert_snapshot!(live_line(&figures(), terminal(80)), @"1:12/12:00  offered 200,000/s  sent 199,998/s  end-to-end p99 41.9 ms");
        insta::assert_snapshot!(live_line(&figures(), terminal(40)), @"1:12/12:00  sent 199,998/s");
        for width in 40..160 {
            assert!(live_line(&figures(), terminal(width)).chars().count() < width);
        }
    }

    #[test]
    fn before_the_first_event_there_is_a_line_too() {
        let nothing = LiveFigures { troubled: 3, sends: true, observes: true, ..LiveFigures::default() };
        insta::assert_snapshot!(live_line(&nothing, Look::PLAIN), @"0:00  offered 0/s  sent 0/s  acked 0/s  lag 0  end-to-end p50 –  end-to-end p99 –  sent late p99 –  3 in trouble");
    }

    #[test]
    fn the_line_says_no_more_than_its_process_knows() {
        let quiet =
            LiveFigures { offered_per_s: 0.0, sent_per_s: 0.0, phase: Some("draining".to_owned()), ..figures() };
        let all_sent = LiveFigures { all_sent: true, ..quiet.clone() };
        insta::assert_snapshot!(live_line(&all_sent, Look::PLAIN), @"1:12/12:00  draining  all sent  acked 199,950/s  lag 1,204  end-to-end p50 3.12 ms  end-to-end p99 41.9 ms");
        let held_back = LiveFigures { behind_s: 2.14, ..quiet };
        insta::assert_snapshot!(live_line(&held_back, Look::PLAIN), @"1:12/12:00  draining  sent 0/s  2.14 s behind  acked 199,950/s  lag 1,204  end-to-end p50 3.12 ms  end-to-end p99 41.9 ms  sent late p99 412 µs");
        let only_sends = LiveFigures { observes: false, ..figures() };
        insta::assert_snapshot!(live_line(&only_sends, Look::PLAIN), @"1:12/12:00  flood  offered 200,000/s  sent 199,998/s  acked 199,950/s  sent late p99 412 µs");
        let only_observes = LiveFigures { sends: false, ..figures() };
        insta::assert_snapshot!(live_line(&only_observes, Look::PLAIN), @"1:12/12:00  flood  seen 199,900/s  end-to-end p50 3.12 ms  end-to-end p99 41.9 ms");
    }

    #[test]
    fn on_a_terminal_it_draws_over_itself_and_elsewhere_it_adds_lines() {
        let mut drawn = Vec::new();
        let mut live = LiveLine::new(&mut drawn, terminal(80));
        live.show(&figures()).unwrap();
        live.say("a broker went away").unwrap();
        live.show(&figures()).unwrap();
        live.close().unwrap();
        let drawn = String::from_utf8(drawn).unwrap();
        assert_eq!((drawn.matches('\n').count(), drawn.matches('\r').count()), (1, 4));

        let mut piped = Vec::new();
        let mut live = LiveLine::new(&mut piped, Look::PLAIN);
        live.show(&figures()).unwrap();
        live.show(&figures()).unwrap();
        live.close().unwrap();
        let piped = String::from_utf8(piped).unwrap();
        assert_eq!(piped.lines().count(), 2);
        assert!(!piped.contains(['\r', '\x1b']), "{piped}");
    }

    #[test]
    fn colour_marks_a_generator_that_does_not_keep_up() {
        let look = Look { colour: true, ..terminal(132) };
        let slow = LiveFigures { sent_per_s: 150_000.0, ..figures() };
        assert!(live_line(&slow, look).contains("\x1b[1;33msent 150,000/s\x1b[0m"));
        assert!(!live_line(&figures(), look).contains("\x1b[1;33m"));
    }
}
