//! A figure's nights as places in a small picture; the page's template draws them.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use super::TO_RESULTS;
use crate::compare::words;
use crate::nightly::{Past, PastChange, PastFigure, PastMark, PastNight, PastPoint};
use crate::nights::Judged;
use crate::report::browser::line;
use crate::report::scale::Scale;
use crate::report::searched::page_of;
use crate::report::terminal::history::words::number;

/// The picture and the room around its plot, in pixels.
const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 118.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 374.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 98.0;
/// Written marks on the axis of the figures, at most about this many.
const MARKS: usize = 3;

/// Everything that is drawn, in pixels.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// How wide a night is.
    pitch: String,
    up: Vec<AxisMark>,
    first: String,
    last: String,
    band: String,
    usual: String,
    curve: String,
    marks: Vec<Upright>,
    points: Vec<Dot>,
}

#[derive(Debug, Serialize)]
struct AxisMark {
    at: f64,
    label: String,
}

/// A line upright where something begins.
#[derive(Debug, Serialize)]
struct Upright {
    kind: &'static str,
    x: String,
    title: String,
}

/// A night.
#[derive(Debug, Serialize)]
struct Dot {
    kind: &'static str,
    x: String,
    /// Absent where nothing was measured.
    y: Option<String>,
    title: String,
    page: Option<String>,
}

struct Plot<'a> {
    nights: &'a [PastNight],
    figure: &'a PastFigure,
    scale: Scale,
}

/// Draws a figure; none where it has no number in any of the nights.
pub(super) fn drawn(past: &Past, figure: &PastFigure) -> Option<Drawing> {
    let scale = Scale::over(range(figure).into_iter())?;
    let plot = Plot { nights: &past.nights, figure, scale };
    let label = |night: Option<&PastNight>| night.map(|night| line(&words::one_line(&night.night))).unwrap_or_default();
    Some(Drawing {
        width: WIDTH,
        height: HEIGHT,
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: BOTTOM,
        pitch: places(plot.pitch()),
        up: plot.up(),
        first: label(past.nights.first()),
        last: label(past.nights.last().filter(|_| past.nights.len() > 1)),
        band: plot.band(),
        usual: plot.usual(),
        curve: plot.curve(),
        marks: plot.marks(),
        points: figure.points.iter().enumerate().map(|(at, point)| plot.dot(at, point)).collect(),
    })
}

/// What must be inside: the numbers, and twice the smallest change that matters around the usual, so that noise looks small and a change does not.
fn range(figure: &PastFigure) -> Vec<f64> {
    let most = 1.0 + 2.0 * figure.least;
    let around = figure.points.iter().filter_map(|point| point.usual).flat_map(|usual| [usual / most, usual * most]);
    figure.points.iter().filter_map(|point| point.value).chain(around).collect()
}

impl Plot<'_> {
    fn pitch(&self) -> f64 {
        (RIGHT - LEFT) / self.nights.len().max(1) as f64
    }

    /// The middle of a night.
    fn x(&self, at: usize) -> f64 {
        self.begin(at) + self.pitch() / 2.0
    }

    /// Between a night and the one before.
    fn begin(&self, at: usize) -> f64 {
        LEFT + at as f64 * self.pitch()
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - self.scale.share(value) * (BOTTOM - TOP)
    }

    fn up(&self) -> Vec<AxisMark> {
        let label = |at| words::figure(at, self.figure.unit);
        let marks = self.scale.marks(MARKS).into_iter().filter(|mark| mark.is_written);
        marks.map(|mark| AxisMark { at: (self.y(mark.at) * 10.0).round() / 10.0, label: label(mark.at) }).collect()
    }

    /// The stretches of nights in which a usual is known, and that.
    fn usuals(&self) -> Vec<Vec<(usize, f64)>> {
        let known: Vec<Option<(usize, f64)>> =
            self.figure.points.iter().enumerate().map(|(at, point)| point.usual.map(|usual| (at, usual))).collect();
        let stretches = known.chunk_by(|one, other| one.is_some() == other.is_some());
        stretches
            .map(|stretch| stretch.iter().flatten().copied().collect())
            .filter(|of: &Vec<_>| !of.is_empty())
            .collect()
    }

    /// From the usual less the smallest change that matters to the usual and as much more.
    fn band(&self) -> String {
        let most = 1.0 + self.figure.least;
        let mut path = String::new();
        for stretch in self.usuals() {
            let mut edge = self.steps(&stretch, most);
            edge.extend(self.steps(&stretch, 1.0 / most).into_iter().rev());
            push_line(&mut path, &edge);
            path.push('Z');
        }
        path
    }

    fn usual(&self) -> String {
        let mut path = String::new();
        self.usuals().iter().for_each(|stretch| push_line(&mut path, &self.steps(stretch, 1.0)));
        path
    }

    /// The corners of a stretch, each night as wide as it is.
    fn steps(&self, stretch: &[(usize, f64)], times: f64) -> Vec<(f64, f64)> {
        let corners = |(at, usual): &(usize, f64)| {
            [(self.begin(*at), self.y(usual * times)), (self.begin(at + 1), self.y(usual * times))]
        };
        stretch.iter().flat_map(corners).collect()
    }

    /// The numbers, joined where no night lies between them without one.
    fn curve(&self) -> String {
        let mut path = String::new();
        let points = &self.figure.points;
        for stretch in (0..points.len())
            .collect::<Vec<_>>()
            .chunk_by(|one, other| points[*one].value.is_some() == points[*other].value.is_some())
        {
            let line: Vec<(f64, f64)> =
                stretch.iter().filter_map(|at| Some((self.x(*at), self.y(points[*at].value?)))).collect();
            push_line(&mut path, &line);
        }
        path
    }

    fn marks(&self) -> Vec<Upright> {
        let begins = self.figure.begins.iter().map(|mark| self.mark("begins", mark));
        let accepted = self.figure.accepted.iter().map(|mark| self.mark("accepted", mark));
        let changes = self.figure.changes.iter().filter_map(|change| self.change(change));
        begins.chain(accepted).chain(changes).collect()
    }

    fn mark(&self, kind: &'static str, mark: &PastMark) -> Upright {
        let night = self.nights.get(mark.at).map(|night| words::one_line(&night.night)).unwrap_or_default();
        let why = line(&words::in_one_line(&mark.why));
        let title = if kind == "accepted" { format!("accepted from night {night} on: {why}") } else { why };
        Upright { kind, x: places(self.begin(mark.at)), title }
    }

    fn change(&self, change: &PastChange) -> Option<Upright> {
        let (kind, word) = if change.is_worse { ("worse", "worse") } else { ("better", "better") };
        let by = change.by.map(|by| format!(": {}", words::change(1.0 + by))).unwrap_or_default();
        let title = line(&format!("{word} since night {}{by}", words::one_line(&change.since)));
        Some(Upright { kind, x: places(self.begin(change.from?)), title })
    }

    fn dot(&self, at: usize, point: &PastPoint) -> Dot {
        let night = &self.nights[at];
        Dot {
            kind: self.kind(at, point),
            x: places(self.x(at)),
            y: point.value.map(|value| places(self.y(value))),
            title: line(&format!("{}: {}", words::one_line(&night.night), self.told(night, point))),
            page: point.run.as_ref().and_then(|folder| page_of(Path::new(TO_RESULTS), folder)),
        }
    }

    /// A night that belongs to a change has its colour, even if the change was found later.
    fn kind(&self, at: usize, point: &PastPoint) -> &'static str {
        let is_within = |change: &&PastChange| change.from.unwrap_or(0) <= at && at <= change.to;
        match (point.judged, self.figure.changes.iter().rfind(is_within)) {
            (_, _) if point.value.is_none() => "void",
            (Judged::Suspect, _) => "suspect",
            (Judged::Back, _) => "",
            (_, Some(change)) if change.is_worse => "worse",
            (_, Some(_)) => "better",
            (Judged::TooFewNights, _) => "few",
            _ => "",
        }
    }

    /// "12.3 ms, usual 12.1 ms, +1.5 %"
    fn told(&self, night: &PastNight, point: &PastPoint) -> String {
        let Some(value) = point.value else {
            let counted = night.runs.iter().any(|run| run.profile == self.figure.profile && run.counts);
            return if counted { "not measured" } else { "no run counts" }.to_owned();
        };
        let usual = point
            .usual
            .map(|usual| format!(", usual {}, {}", number(Some(usual), self.figure), words::change(value / usual)));
        let suspect = if point.judged == Judged::Suspect { ", suspect" } else { "" };
        format!("{}{}{suspect}", number(Some(value), self.figure), usual.unwrap_or_default())
    }
}

/// Adds a line through these places to a path.
fn push_line(path: &mut String, line: &[(f64, f64)]) {
    for (at, (x, y)) in line.iter().enumerate() {
        // A String takes everything.
        let _ = write!(path, "{}{} {}", if at == 0 { 'M' } else { 'L' }, places(*x), places(*y));
    }
}

/// A place to a tenth of a pixel, in as few letters as it takes.
fn places(place: f64) -> String {
    let text = format!("{place:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}
