//! All that a summary says, as text: the verdict first, then for each stream what was offered and sent, where every event went,
//! how long it took, and which limits were kept.

use std::path::Path;

use comfy_table::Table;

use super::event_times::event_times;
use super::incidents::incidents;
use super::watermark::watermark_table;
use super::windows::window_report;
use super::{
    paint::{Ink, Look, paint},
    tables::{line, plain_table, push_table, push_wrapped},
};
use crate::{
    check::Counts,
    latency::{Hop, Latencies},
    report::figures::{bytes, count, latency, rate, seconds, share},
    report::limit::limit_figure,
    report::separated::what_separates,
    results::summary::{GroupedLatency, HopLatencies, PhaseSummary, StreamSummary, Summary},
    verdict::{Effect, SloResult, Verdict},
};

/// The most partitions of a place that are shown.
const MOST_PARTITIONS: usize = 3;

/// What a person reads when a run is over. `folder` is where the results are, if they were written.
#[must_use]
pub(crate) fn closing(summary: &Summary, folder: Option<&Path>, look: Look) -> String {
    let mut text = String::new();
    headline(&mut text, summary, look);
    incidents(&mut text, &summary.events, look);
    for stream in &summary.streams {
        stream_part(&mut text, stream, summary.interrupted, look);
    }
    foot(&mut text, summary, folder, look);
    text
}

/// "FAIL  2 of 6 limits broken"
pub(super) fn headline_of(summary: &Summary, look: Look) -> String {
    let (word, meaning) = verdict_words(summary);
    let ink = match summary.verdict {
        Verdict::Pass => Ink::Good,
        Verdict::Fail => Ink::Bad,
        Verdict::Void => Ink::Doubt,
        Verdict::Part => Ink::Strong,
    };
    format!("{}  {meaning}", paint(word, ink, look))
}

fn headline(text: &mut String, summary: &Summary, look: Look) {
    line(text, &headline_of(summary, look));
    for reason in &summary.reasons {
        push_wrapped(text, &reason.text, look.width);
    }
    line(text, "");
    line(text, &facts_line(summary));
}

/// The verdict in a word, and what it means here: "PASS", "all 6 limits kept (...)".
pub(crate) fn verdict_words(summary: &Summary) -> (&'static str, String) {
    match summary.verdict {
        Verdict::Pass => ("PASS", kept(summary)),
        Verdict::Fail => ("FAIL", broken_limits(summary)),
        Verdict::Void if summary.reasons.iter().any(|reason| reason.code.effect() == Effect::Environment) => {
            ("VOID", "the environment failed this run".to_owned())
        }
        Verdict::Void => ("VOID", "not judged: this run cannot tell pass from fail".to_owned()),
        Verdict::Part => ("PART", "one part of a run: `floodmark merge` gives the verdict".to_owned()),
    }
}

/// "average, seed 7, 10 s on the embedded broker"
pub(crate) fn facts_line(summary: &Summary) -> String {
    let run = &summary.run;
    let target = if run.embedded { "the embedded broker".to_owned() } else { format!("cluster {}", run.cluster_id) };
    let cut = match (summary.interrupted, summary.partial) {
        (true, _) => ", interrupted",
        (false, true) => ", a part is missing",
        (false, false) => "",
    };
    format!("{}, seed {}, {} on {target}{cut}", run.profile, run.seed, seconds(run.duration_s))
}

/// "all 6 limits kept (26,922 events delivered, 20,117 of them timed)"
fn kept(summary: &Summary) -> String {
    let limits = limits_of(summary).count();
    // A damaged summary may hold any number.
    let sum = |of: fn(&StreamSummary) -> u64| summary.streams.iter().map(of).fold(0, u64::saturating_add);
    let (delivered, timed) =
        (sum(|stream| stream.counts.delivered), sum(|stream| stream.latency_ms.due_to_consumed.count));
    // What came in the warm-up, or without its due time, is in no latency.
    let of_them = if timed < delivered { format!(", {} of them timed", count(timed)) } else { String::new() };
    let events = format!("{} events delivered{of_them}", count(delivered));
    match limits {
        1 => format!("the limit was kept ({events})"),
        _ => format!("all {limits} limits kept ({events})"),
    }
}

/// "2 of 6 limits broken"
fn broken_limits(summary: &Summary) -> String {
    let broken = limits_of(summary).filter(|slo| !slo.ok && slo.observed.is_some()).count();
    match broken {
        0 => "a limit was broken".to_owned(),
        _ => format!("{broken} of {} limits broken", limits_of(summary).count()),
    }
}

/// The limits of all streams, and those of their phases.
fn limits_of(summary: &Summary) -> impl Iterator<Item = &SloResult> {
    summary.streams.iter().flat_map(limits_of_stream)
}

fn limits_of_stream(stream: &StreamSummary) -> impl Iterator<Item = &SloResult> {
    stream.slo.iter().chain(stream.phases.iter().flat_map(|phase| &phase.slo))
}

fn stream_part(text: &mut String, stream: &StreamSummary, interrupted: bool, look: Look) {
    line(text, "");
    line(text, &format!("{} → {}", paint(&stream.name, Ink::Strong, look), stream.topic));
    line(
        text,
        &format!(
            "  offered {}, sent {} ({})",
            rate(stream.offered_per_s),
            rate(stream.achieved_per_s),
            bytes(stream.bytes)
        ),
    );
    line(text, "");
    let mut fates = Fates::new(interrupted, look);
    fates.sending(&stream.counts);
    if stream.stages.is_empty() {
        fates.arrival(&stream.counts);
    }
    fates.finish(text);
    if stream.stages.is_empty() {
        latencies(text, &stream.latency_ms, &Hop::ALL);
        by_partition(text, stream.end_to_end_by.as_ref(), look);
    } else {
        latencies(text, &stream.latency_ms, &[Hop::DueToSent, Hop::SentToAcked]);
        for stage in &stream.stages {
            line(text, "");
            line(text, &format!("  at {} ({})", paint(&stage.name, Ink::Strong, look), stage.topic));
            if let Some(windows) = &stage.windows {
                text.push_str(&window_report(windows, look));
                continue;
            }
            let mut fates = Fates::new(interrupted, look);
            fates.arrival(&stage.counts);
            fates.finish(text);
            latencies(text, &stage.latency_ms, &[Hop::SentToConsumed, Hop::DueToConsumed]);
            by_partition(text, stage.end_to_end_by.as_ref(), look);
        }
    }
    if !stream.watermarks.is_empty() {
        line(text, "");
        text.push_str(&watermark_table(&stream.watermarks));
        text.push_str(&event_times(stream, look));
    }
    by_phase(text, &stream.phases);
    limits(text, &stream.slo, look);
    for phase in stream.phases.iter().filter(|phase| !phase.slo.is_empty()) {
        line(text, "");
        line(text, &format!("  limits of {}", phase.name));
        limits(text, &phase.slo, look);
    }
}

/// What happened to the events of each phase.
fn by_phase(text: &mut String, phases: &[PhaseSummary]) {
    if phases.is_empty() {
        return;
    }
    line(text, "");
    let mut table = plain_table(8, 1..8);
    table.add_row(vec!["phase", "seconds", "offered", "sent", "delivered", "waiting", "p50", "p99"]);
    for phase in phases {
        let rate_of = |per_s: Option<f64>| per_s.map_or_else(|| "–".to_owned(), rate);
        let end_to_end = phase.latency_ms.map(|latency_ms| latency_ms.due_to_consumed).filter(|of| of.count > 0);
        let latency_of = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), latency);
        table.add_row(vec![
            phase.name.clone(),
            format!("{:.0}–{:.0}", phase.from_s, phase.to_s),
            rate_of(phase.offered_per_s),
            rate_of(phase.achieved_per_s),
            rate_of(phase.delivered_per_s),
            phase.most_waiting.map_or_else(|| "–".to_owned(), count),
            latency_of(end_to_end.map(|of| of.p50)),
            latency_of(end_to_end.map(|of| of.p99)),
        ]);
    }
    push_table(text, &table);
}

/// The rows that say where every event went. Rare ends that nothing came to share one line.
struct Fates {
    table: Table,
    nothing: Vec<&'static str>,
    interrupted: bool,
    look: Look,
}

impl Fates {
    fn new(interrupted: bool, look: Look) -> Self {
        Fates { table: plain_table(4, 1..3), nothing: Vec::new(), interrupted, look }
    }

    fn row(&mut self, name: &str, number: u64, of: u64, meaning: &str) {
        self.table.add_row(vec![name.to_owned(), count(number), share(number, of), meaning.to_owned()]);
    }

    /// A row that should stay at nothing, and is only then shown by itself when it does not.
    fn rare(&mut self, name: &'static str, number: u64, of: u64, meaning: &str) {
        if number == 0 { self.nothing.push(name) } else { self.row(name, number, of, meaning) }
    }

    /// A row that is of interest only when there is something.
    fn if_any(&mut self, name: &str, number: u64, of: u64, meaning: &str) {
        if number > 0 {
            self.row(name, number, of, meaning);
        }
    }

    fn sending(&mut self, counts: &Counts) {
        let planned = counts.planned;
        self.row("planned", planned, 0, "what the schedule asked for");
        self.row("sent", counts.sent, planned, "of planned, handed to the client");
        self.row("acked", counts.acked, planned, "of planned, the broker confirmed");
        self.rare("failed", counts.failed, planned, "given up on, certainly not written");
        let not_sent =
            if self.interrupted { "not sent: stopped, or queue full" } else { "not sent: the queue was full" };
        self.rare("dropped", counts.dropped, planned, not_sent);
        self.rare("unresolved", counts.unresolved, planned, "may or may not have been written");
        self.if_any("copies acked", counts.copies_acked, counts.copies_planned, "of the copies asked for");
        self.if_any("copies not acked", counts.copies_not_acked, counts.copies_planned, "of the copies asked for");
    }

    fn arrival(&mut self, counts: &Counts) {
        let acked = counts.acked + counts.unresolved_delivered;
        let delivered = counts.delivered;
        self.row("delivered", delivered, acked, "of acked, seen by the consumer");
        self.row("lost", counts.lost, acked, "of acked, never seen");
        self.rare("in flight", counts.in_flight, acked, "not seen before the reading ended");
        self.rare("duplicates", counts.duplicates_accidental, delivered, "seen again, not by the profile");
        self.rare("reordered", counts.reordered_accidental, delivered, "overtaken, not by the profile");
        let foreign = counts.foreign.saturating_sub(counts.unreadable);
        self.rare("foreign", foreign, 0, "messages that are not from this run");
        self.if_any("unreadable", counts.unreadable, 0, "messages in which no event was found");
        self.rare("phantom", counts.phantom, 0, "ids of this run that were never sent");
        self.if_any("duplicates asked", counts.duplicates_injected, delivered, "seen again, as the profile asked");
        self.if_any("reordered asked", counts.reordered_injected, delivered, "moved by the profile");
        self.if_any("late, asked for", counts.late_injected, delivered, "made late by the profile");
    }

    fn finish(self, text: &mut String) {
        push_table(text, &self.table);
        if !self.nothing.is_empty() {
            line(text, &paint(&format!("  none {}", self.nothing.join(", ")), Ink::Faint, self.look));
        }
    }
}

/// What a hop is called.
pub(crate) fn hop_name(hop: Hop) -> &'static str {
    match hop {
        Hop::DueToSent => "due → sent",
        Hop::SentToAcked => "sent → acked",
        Hop::SentToConsumed => "sent → consumed",
        Hop::DueToConsumed => "due → consumed",
    }
}

fn latencies(text: &mut String, latency_ms: &HopLatencies, hops: &[Hop]) {
    let measured: Vec<(Hop, &Latencies)> =
        hops.iter().map(|hop| (*hop, latency_ms.get(*hop))).filter(|(_, hop)| hop.count > 0).collect();
    line(text, "");
    if measured.is_empty() {
        line(text, "  latency: nothing was measured");
        return;
    }
    let mut table = plain_table(7, 1..7);
    table.add_row(vec!["latency", "min", "p50", "p90", "p99", "p99.9", "max"]);
    for (hop, of) in &measured {
        let mut row = vec![hop_name(*hop).to_owned()];
        row.extend([of.min, of.p50, of.p90, of.p99, of.p999, of.max].map(latency));
        table.add_row(row);
    }
    push_table(text, &table);
    for (hop, of) in measured.iter().filter(|(_, hop)| hop.negative > 0) {
        let note = format!("  {} of {} were negative: the clocks disagree", count(of.negative), hop_name(*hop));
        line(text, &note);
    }
}

/// The slowest partitions, and what separates two humps.
fn by_partition(text: &mut String, grouped: Option<&GroupedLatency>, look: Look) {
    let Some(grouped) = grouped else { return };
    let (slowest, more) = grouped.slowest_partitions(MOST_PARTITIONS);
    if !slowest.is_empty() {
        line(text, "");
        let mut table = plain_table(4, 1..4);
        table.add_row(vec!["slowest partition", "timed", "p50", "p99"]);
        for of in slowest {
            table.add_row(vec![of.of.to_string(), count(of.count), latency(of.p50_ms), latency(of.p99_ms)]);
        }
        push_table(text, &table);
        if more > 0 {
            line(text, &paint(&format!("  and {more} more"), Ink::Faint, look));
        }
    }
    if let Some(said) = what_separates(grouped) {
        push_wrapped(text, &format!("end to end has two humps. {said}."), look.width);
    }
}

fn limits(text: &mut String, slo: &[SloResult], look: Look) {
    if slo.is_empty() {
        return;
    }
    line(text, "");
    let mut table = plain_table(4, 1..3);
    table.add_row(vec!["limit", "at most", "observed", ""]);
    for one in slo {
        let figure = |value: f64| limit_figure(&one.name, value);
        let (observed, outcome) = match (one.observed, one.ok) {
            (None, _) => ("–".to_owned(), "not measured"),
            (Some(value), true) => (figure(value), "kept"),
            (Some(value), false) => (figure(value), "BROKEN"),
        };
        let least = if one.name == "throughput" { "≥ " } else { "" };
        table.add_row(vec![one.name.clone(), format!("{least}{}", figure(one.limit)), observed, outcome.to_owned()]);
    }
    let mut plain = String::new();
    push_table(&mut plain, &table);
    // Painted after the columns are set: escape sequences have no width.
    for row in plain.lines() {
        let painted = match row.strip_suffix("BROKEN") {
            Some(start) => format!("{start}{}", paint("BROKEN", Ink::Bad, look)),
            None => row.to_owned(),
        };
        line(text, &painted);
    }
}

fn foot(text: &mut String, summary: &Summary, folder: Option<&Path>, look: Look) {
    let late = &summary.generator.lateness_ms;
    line(text, "");
    if late.count > 0 {
        line(text, &format!("generator  {} late at p99, at most {}", latency(late.p99), latency(late.max)));
    }
    // Of several streams the one that says most against the observer.
    let worst =
        |of: fn(&Latencies) -> f64| summary.streams.iter().map(|s| of(&s.observer_behind_ms)).fold(0.0, f64::max);
    if summary.streams.iter().any(|stream| stream.observer_behind_ms.count > 0) {
        let (p99, most) = (worst(|behind| behind.p99), worst(|behind| behind.max));
        line(text, &format!("observer   {} behind at p99, at most {}", latency(p99), latency(most)));
    }
    if let Some(cpu_s) = summary.generator.cpu_s {
        let also = if summary.run.embedded { ", the embedded broker included" } else { "" };
        line(text, &format!("process    {} of CPU time{also}", seconds(cpu_s)));
    }
    if let Some(folder) = folder {
        line(text, &format!("results    {}", paint(&folder.display().to_string(), Ink::Strong, look)));
    }
}

#[cfg(test)]
pub(super) mod tests;
