//! The figures that a page's charts are drawn from, as JSON in the page.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::hop::{CELLS_PER_DECADE, Column, HopFigures, LEAST_NS, Percentiles};
use super::place::{END_TO_END, Place, Seconds};
use super::thin::{Bin, Bins};
use crate::incidents::{Incident, IncidentKind};
use crate::report::screen::clean;
use crate::report::terminal::incidents::words;
use crate::results::LogKey;
use crate::results::summary::{PhaseSummary, Summary};

/// Everything that the charts of a page show.
#[derive(Debug, Serialize)]
pub(super) struct Charts<'a> {
    /// The seconds that a point stands for.
    width_s: u64,
    /// Cells of a heat map for a tenfold latency.
    cells_per_decade: u32,
    /// Where the lowest of them ends, in milliseconds.
    least_ms: f64,
    /// Where events were observed.
    places: Vec<PlaceCharts<'a>>,
}

/// The charts of a stage of a stream.
#[derive(Debug, Serialize)]
struct PlaceCharts<'a> {
    name: String,
    /// The seconds at which points begin.
    x: Vec<u64>,
    counts: CountChart,
    hops: Vec<HopChart<'a>>,
    events: Vec<Event>,
    phases: Vec<PhaseMark<'a>>,
    limits: Vec<Limit<'a>>,
}

/// Where a phase that runs once begins.
#[derive(Debug, Serialize)]
struct PhaseMark<'a> {
    name: &'a str,
    from_s: Figure,
}

/// Counts of each point, and the highest levels in it.
#[derive(Debug, Serialize)]
struct CountChart {
    seconds: Vec<Figure>,
    offered: Vec<Figure>,
    sent: Vec<Figure>,
    acked: Vec<Figure>,
    delivered: Vec<Figure>,
    failed: Vec<Option<u64>>,
    dropped: Vec<Option<u64>>,
    unacked: Vec<Option<u64>>,
    unseen: Vec<Option<u64>>,
}

/// A hop's percentiles at each point, in milliseconds, its heat map and its distribution.
#[derive(Debug, Serialize)]
struct HopChart<'a> {
    name: &'a str,
    count: Vec<u64>,
    p50: Vec<Figure>,
    p90: Vec<Figure>,
    p99: Vec<Figure>,
    max: Vec<Figure>,
    /// The p99 of the worst second, where a point stands for several.
    #[serde(skip_serializing_if = "Option::is_none")]
    worst_p99: Option<Vec<Figure>>,
    column_s: u64,
    /// When each column begins, and how many events are in which row; none where no heat map is drawn.
    columns: Vec<(u64, &'a Column)>,
    /// Nines, and the latency that so many events do not exceed.
    curve: Vec<(Figure, Figure)>,
}

/// Something that happened, to be marked on the time axis.
#[derive(Debug, Serialize)]
struct Event {
    kind: IncidentKind,
    text: String,
    from_s: u64,
    to_s: Option<u64>,
}

/// A limit on an end-to-end latency.
#[derive(Debug, Serialize)]
struct Limit<'a> {
    name: &'a str,
    ms: Figure,
}

impl<'a> Charts<'a> {
    /// The charts of all places.
    pub(super) fn of(summary: &'a Summary, seconds: &'a Seconds, logs: &'a BTreeMap<LogKey, HopFigures>) -> Self {
        let places = Place::all(summary).into_iter().map(|place| {
            let events = summary.events.iter().filter(|event| place.has(event)).map(Event::of).collect();
            PlaceCharts { events, ..PlaceCharts::of(&place, seconds.at(&place), seconds.width_s > 1, logs) }
        });
        Charts {
            width_s: seconds.width_s,
            cells_per_decade: CELLS_PER_DECADE,
            least_ms: std::time::Duration::from_nanos(LEAST_NS).as_secs_f64() * 1e3,
            places: places.collect(),
        }
    }

    /// As JSON that may stand in a script of a page: nothing in it ends the script.
    ///
    /// # Errors
    /// The encoder's error; no value of this type makes it fail.
    pub(super) fn to_script(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string(self)?.replace('<', "\\u003c"))
    }
}

impl<'a> PlaceCharts<'a> {
    fn of(place: &Place<'a>, bins: Option<&Bins>, is_thinned: bool, logs: &'a BTreeMap<LogKey, HopFigures>) -> Self {
        let hops: Vec<_> =
            place.logs().into_iter().filter_map(|(name, key)| logs.get(&key).map(|hop| (name, hop))).collect();
        let mut x: BTreeSet<u64> = bins.into_iter().flat_map(|bins| bins.keys().copied()).collect();
        x.extend(hops.iter().flat_map(|(_, hop)| hop.points.keys().copied()));
        let limits = place.slo().iter().filter(|slo| slo.name.starts_with("end_to_end_"));
        PlaceCharts {
            name: place.name(),
            counts: CountChart::of(&x, bins),
            hops: hops.into_iter().map(|(name, hop)| HopChart::of(name, hop, &x, is_thinned)).collect(),
            events: Vec::new(),
            phases: place.stream.phases.iter().filter(|phase| phase.times == 1).map(PhaseMark::of).collect(),
            limits: limits.map(|slo| Limit { name: &slo.name, ms: Figure::some(slo.limit) }).collect(),
            x: x.into_iter().collect(),
        }
    }
}

impl<'a> PhaseMark<'a> {
    fn of(phase: &'a PhaseSummary) -> Self {
        PhaseMark { name: &phase.name, from_s: Figure::some(phase.from_s) }
    }
}

impl CountChart {
    fn of(x: &BTreeSet<u64>, bins: Option<&Bins>) -> Self {
        let at = || x.iter().map(|second| bins.and_then(|bins| bins.get(second)));
        let sums = |of: fn(&Bin) -> f64| at().map(|bin| Figure(bin.map(of))).collect();
        let counts = |of: fn(&Bin) -> u64| at().map(|bin| bin.map(of)).collect();
        CountChart {
            seconds: sums(|bin| bin.seconds),
            offered: sums(|bin| bin.offered),
            sent: sums(|bin| bin.sent),
            acked: sums(|bin| bin.acked),
            delivered: sums(|bin| bin.delivered),
            failed: counts(|bin| bin.failed),
            dropped: counts(|bin| bin.dropped),
            unacked: counts(|bin| bin.unacked),
            unseen: counts(|bin| bin.unseen),
        }
    }
}

impl<'a> HopChart<'a> {
    fn of(name: &'a str, hop: &'a HopFigures, x: &BTreeSet<u64>, is_thinned: bool) -> Self {
        let at = || x.iter().map(|second| hop.points.get(second));
        let ms = |of: fn(&Percentiles) -> f64| at().map(|point| Figure(point.map(of))).collect();
        HopChart {
            name,
            count: at().map(|point| point.map_or(0, |point| point.count)).collect(),
            p50: ms(|point| point.p50_ms),
            p90: ms(|point| point.p90_ms),
            p99: ms(|point| point.p99_ms),
            max: ms(|point| point.max_ms),
            worst_p99: is_thinned.then(|| ms(|point| point.worst_p99_ms)),
            column_s: hop.column_s,
            columns: hop
                .columns
                .iter()
                .filter(|_| name == END_TO_END)
                .map(|(start, column)| (*start, column))
                .collect(),
            curve: hop.curve.iter().map(|(nines, ms)| (Figure::some(*nines), Figure::some(*ms))).collect(),
        }
    }
}

impl Event {
    fn of(incident: &Incident) -> Self {
        Event { kind: incident.kind, text: clean(&words(incident)), from_s: incident.from_s, to_s: incident.to_s }
    }
}

/// A number of a chart, to a ten-thousandth of its size where it has fractions, or nothing where nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Figure(Option<f64>);

impl Figure {
    fn some(value: f64) -> Self {
        Figure(Some(value))
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(value) = self.0.filter(|value| value.is_finite()) else { return serializer.serialize_none() };
        if let Ok(whole) = format!("{value}").parse::<i64>() {
            return serializer.serialize_i64(whole);
        }
        let magnitude = value.abs().log10().floor();
        let step = 10_f64.powf(3.0 - magnitude);
        serializer.serialize_f64((value * step).round() / step)
    }
}
