//! The tables of a page, as text in cells.

use serde::Serialize;

use super::place::{Place, shown};
use crate::check::Counts;
use crate::event_time::watermark::tolerance_text;
use crate::figures;
use crate::latency::{Hop, Latencies};
use crate::report::figures::{bytes, count, latency, rate, share};
use crate::report::limit::limit_figure;
use crate::report::terminal::closing::hop_name;
use crate::report::terminal::watermark::called;
use crate::results::Summary;
use crate::verdict::SloResult;

/// The most partitions of a place that are shown.
const MOST_PARTITIONS: usize = 10;

/// A table.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Table {
    columns: Vec<TableColumn>,
    /// Whether a column has a heading.
    has_heads: bool,
    pub(super) rows: Vec<Row>,
}

/// A column's heading, and how its cells are set.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct TableColumn {
    name: String,
    kind: ColumnKind,
}

/// How a column's cells are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum ColumnKind {
    Text,
    /// To the right.
    Figure,
    /// In the colour of the row's mark.
    Marked,
}

/// A row, and how it is marked: `good`, `bad`, `doubt`, `part` or not at all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    mark: &'static str,
    cells: Vec<String>,
}

impl Table {
    /// Columns of text.
    pub(super) fn texts(self, names: &[&str]) -> Self {
        self.columns(names, ColumnKind::Text)
    }

    /// Columns of figures.
    pub(super) fn figures(self, names: &[&str]) -> Self {
        self.columns(names, ColumnKind::Figure)
    }

    /// A column in the colour of each row's mark.
    pub(super) fn marked(self, name: &str) -> Self {
        self.columns(&[name], ColumnKind::Marked)
    }

    fn columns(mut self, names: &[&str], kind: ColumnKind) -> Self {
        self.has_heads |= names.iter().any(|name| !name.is_empty());
        self.columns.extend(names.iter().map(|name| TableColumn { name: (*name).to_owned(), kind }));
        self
    }

    pub(super) fn row(&mut self, mark: &'static str, cells: Vec<String>) {
        self.rows.push(Row { mark, cells });
    }
}

/// Every limit, and whether it was kept.
pub(super) fn limits(summary: &Summary) -> Table {
    let mut table = Table::default().marked("").texts(&["stream", "limit"]).figures(&["at most", "observed"]);
    for (name, slo) in limits_by_place(summary) {
        let figure = |value: f64| limit_figure(&slo.name, value);
        let (mark, outcome) = match (slo.observed, slo.ok) {
            (None, _) => ("doubt", "not measured"),
            (Some(_), true) => ("good", "kept"),
            (Some(_), false) => ("bad", "BROKEN"),
        };
        let observed = slo.observed.map_or_else(|| "–".to_owned(), figure);
        let least = if slo.name == "throughput" { "at least " } else { "" };
        let limit = format!("{least}{}", figure(slo.limit));
        table.row(mark, vec![outcome.to_owned(), name, shown(&slo.name), limit, observed]);
    }
    table
}

/// The limits of each stream, then those that hold at its stages and do not stand there.
fn limits_by_place(summary: &Summary) -> Vec<(String, &SloResult)> {
    let mut all = Vec::new();
    for stream in &summary.streams {
        all.extend(stream.slo.iter().map(|slo| (shown(&stream.name), slo)));
        for phase in &stream.phases {
            let name = format!("{} in {}", shown(&stream.name), shown(&phase.name));
            all.extend(phase.slo.iter().map(|slo| (name.clone(), slo)));
        }
        for stage in &stream.stages {
            let name = format!("{} at {}", shown(&stream.name), shown(&stage.name));
            all.extend(stage.slo.iter().filter(|slo| !stream.slo.contains(slo)).map(|slo| (name.clone(), slo)));
        }
    }
    all
}

/// What became of the events at each place. Kinds that nowhere happened are named below.
pub(super) fn counts(places: &[Place<'_>]) -> (Table, Vec<&'static str>) {
    let of = |place: &Place<'_>| place.stage.map_or(place.stream.counts, |stage| stage.counts);
    let (kept, nothing): (Vec<_>, Vec<_>) =
        COUNTS.iter().partition(|kind| kind.is_always_shown || places.iter().any(|place| (kind.of)(&of(place)) > 0));
    let names: Vec<&str> = kept.iter().map(|kind| kind.name).collect();
    let mut table = Table::default().marked("stream").figures(&names);
    for place in places {
        let counts = of(place);
        let bad = counts.lost + counts.phantom > 0;
        let cells = std::iter::once(place.name()).chain(kept.iter().map(|kind| count((kind.of)(&counts))));
        table.row(if bad { "bad" } else { "" }, cells.collect());
    }
    (table, nothing.iter().map(|kind| kind.name).collect())
}

/// A kind of count.
struct CountKind {
    name: &'static str,
    is_always_shown: bool,
    of: fn(&Counts) -> u64,
}

const fn core(name: &'static str, of: fn(&Counts) -> u64) -> CountKind {
    CountKind { name, is_always_shown: true, of }
}

const fn rare(name: &'static str, of: fn(&Counts) -> u64) -> CountKind {
    CountKind { name, is_always_shown: false, of }
}

/// Every kind, in the order of the path.
const COUNTS: [CountKind; 21] = [
    core("planned", |counts| counts.planned),
    core("sent", |counts| counts.sent),
    core("acked", |counts| counts.acked),
    rare("failed", |counts| counts.failed),
    rare("dropped", |counts| counts.dropped),
    rare("unresolved", |counts| counts.unresolved),
    rare("unresolved but seen", |counts| counts.unresolved_delivered),
    core("delivered", |counts| counts.delivered),
    core("lost", |counts| counts.lost),
    rare("in flight", |counts| counts.in_flight),
    rare("duplicates", |counts| counts.duplicates_accidental),
    rare("duplicates as asked", |counts| counts.duplicates_injected),
    rare("reordered", |counts| counts.reordered_accidental),
    rare("reordered by key", |counts| counts.reordered_by_key),
    rare("reordered as asked", |counts| counts.reordered_injected),
    rare("late as asked", |counts| counts.late_injected),
    rare("copies not acked", |counts| counts.copies_not_acked),
    rare("due time changed", |counts| counts.due_wrong),
    rare("foreign", |counts| counts.foreign.saturating_sub(counts.unreadable)),
    rare("unreadable", |counts| counts.unreadable),
    rare("phantom", |counts| counts.phantom),
];

/// What was offered and sent of each stream.
pub(super) fn rates(summary: &Summary) -> Table {
    let mut table = Table::default().texts(&["stream", "topic"]).figures(&["offered", "sent", "bytes"]);
    for stream in &summary.streams {
        let figures = [rate(stream.offered_per_s), rate(stream.achieved_per_s), bytes(stream.bytes)];
        let mut cells = vec![shown(&stream.name), shown(&stream.topic)];
        cells.extend(figures);
        table.row("", cells);
    }
    table
}

/// How long each hop took; hops of which nothing was measured are left out.
pub(super) fn latencies(places: &[Place<'_>]) -> Table {
    let figures = ["timed", "min", "p50", "p90", "p99", "p99.9", "max", "negative"];
    let mut table = Table::default().texts(&["stream", "hop"]).figures(&figures);
    for place in places {
        for (hop, of) in
            Hop::ALL.into_iter().map(|hop| (hop, place.latency_ms().get(hop))).filter(|(_, of)| of.count > 0)
        {
            let mut cells = vec![place.name(), hop_name(hop).to_owned(), count(of.count)];
            cells.extend(percentiles(of));
            cells.push(count(of.negative));
            table.row("", cells);
        }
    }
    table
}

/// The slowest partitions of each place that has several, the worst first.
pub(super) fn partitions(places: &[Place<'_>]) -> Table {
    let mut table = Table::default().texts(&["stream"]).figures(&["partition", "timed", "p50", "p99"]);
    for place in places {
        let (slowest, more) =
            place.end_to_end_by().map(|by| by.slowest_partitions(MOST_PARTITIONS)).unwrap_or_default();
        for of in slowest {
            let figures = [of.of.to_string(), count(of.count), latency(of.p50_ms), latency(of.p99_ms)];
            table.row("", std::iter::once(place.name()).chain(figures).collect());
        }
        if more > 0 {
            let and_more = format!("and {more} more");
            table.row("", vec![place.name(), and_more, String::new(), String::new(), String::new()]);
        }
    }
    table
}

fn percentiles(of: &Latencies) -> [String; 6] {
    [of.min, of.p50, of.p90, of.p99, of.p999, of.max].map(latency)
}

/// What engines would drop behind their watermarks.
pub(super) fn watermarks(places: &[Place<'_>]) -> Table {
    let figures = ["at least", "at most", "expected", "of events", "windows"];
    let mut table = Table::default().texts(&["stream", "would drop", "allows for"]).figures(&figures);
    for place in places {
        let models = place.stage.map_or(&place.stream.watermarks, |stage| &stage.watermarks);
        for model in models {
            let expected = model.expected.map(|of| figures::range(of.records.min, of.records.max));
            let cells = vec![
                place.name(),
                shown(&called(model)),
                shown(&tolerance_text(&model.tolerance)),
                count(model.dropped_sure),
                count(model.dropped_possible),
                expected.unwrap_or_else(|| "–".to_owned()),
                share(model.dropped_possible, model.records),
                count(model.windows_affected),
            ];
            table.row(if model.dropped_sure > 0 { "doubt" } else { "" }, cells);
        }
    }
    table
}
