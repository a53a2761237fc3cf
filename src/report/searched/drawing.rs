//! A chart of a search as places in a picture; the page's template draws them.

use std::path::Path;

use serde::Serialize;

use super::link::page_of;
use crate::capacity::{Outcome, Worst};
use crate::report::knee::{Knee, Point, medians};
use crate::report::scale::Scale;
use crate::report::terminal::capacity::words::times;

/// The room around the plot, in pixels.
const LEFT: f64 = 66.0;
const RIGHT: f64 = 48.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 52.0;
/// Two names of lines are at least so far apart.
const LINE: f64 = 16.0;
/// The room that a label of an axis takes.
const LABEL_WIDTH: f64 = 74.0;
const LABEL_HEIGHT: f64 = 34.0;

/// How large a picture is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// The class that shows it.
    pub(super) name: &'static str,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A chart: what it shows of each trial.
pub(super) struct Chart {
    pub(super) lines: Vec<Line>,
    /// A limit that is drawn across.
    pub(super) limit: Option<f64>,
    pub(super) label: fn(f64) -> String,
}

/// A figure of the trials, and how it is called.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) figure: fn(&Worst) -> Option<f64>,
    /// Whether its points stand out.
    pub(super) is_main: bool,
}

/// Everything that is drawn, in pixels.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    name: &'static str,
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    across: Vec<AxisMark>,
    up: Vec<AxisMark>,
    zone: Option<Zone>,
    need: Option<Named>,
    limit: Option<Named>,
    curves: Vec<Curve>,
    dots: Vec<Dot>,
}

#[derive(Debug, Serialize)]
struct AxisMark {
    at: f64,
    label: Option<String>,
}

/// Where the capacity is.
#[derive(Debug, Serialize)]
struct Zone {
    from: f64,
    width: f64,
    label: Named,
}

/// A place and its name.
#[derive(Debug, Serialize)]
struct Named {
    at: f64,
    text: String,
    anchor: &'static str,
}

#[derive(Debug, Serialize)]
struct Curve {
    points: String,
    is_main: bool,
    name: &'static str,
    name_x: f64,
    name_y: f64,
}

#[derive(Debug, Serialize)]
struct Dot {
    x: f64,
    y: f64,
    outcome: &'static str,
    is_main: bool,
    is_long: bool,
    title: String,
    page: Option<String>,
}

/// The plot's scales and edges.
struct Plot<'a> {
    knee: &'a Knee,
    /// The way from the page to the search's folder.
    folder: &'a Path,
    loads: Scale,
    figures: Scale,
    size: Size,
}

/// Draws a chart; none where no trial has its figures.
pub(super) fn drawn(knee: &Knee, folder: &Path, chart: &Chart, size: Size) -> Option<Drawing> {
    let loads = knee.points.iter().map(|point| point.factor).chain(knee.lower).chain(knee.upper).chain(knee.need);
    let figures =
        knee.points.iter().flat_map(|point| chart.lines.iter().filter_map(|line| (line.figure)(&point.worst)));
    let figures = Scale::over(figures.chain(chart.limit).collect::<Vec<_>>().into_iter())?;
    let loads = Scale::over(loads.map(|factor| knee.loads.at(factor)).collect::<Vec<_>>().into_iter())?;
    let plot = Plot { knee, folder, loads, figures, size };
    Some(Drawing {
        name: size.name,
        width: size.width,
        height: size.height,
        left: LEFT,
        right: plot.right(),
        top: TOP,
        bottom: plot.bottom(),
        across: plot.across(),
        up: plot.up(chart.label),
        zone: plot.zone(),
        need: knee.need.map(|need| plot.upright(need, format!("needed: {}", times(need)))),
        limit: chart.limit.map(|limit| plot.level(limit, format!("limit {}", (chart.label)(limit)))),
        curves: apart(chart.lines.iter().filter_map(|line| plot.curve(line)).collect()),
        dots: chart.lines.iter().flat_map(|line| plot.dots(line)).collect(),
    })
}

impl Plot<'_> {
    fn right(&self) -> f64 {
        self.size.width - RIGHT
    }

    fn bottom(&self) -> f64 {
        self.size.height - BOTTOM
    }

    fn x(&self, factor: f64) -> f64 {
        self.x_at(self.knee.loads.at(factor))
    }

    fn x_at(&self, load: f64) -> f64 {
        tenths(LEFT + self.loads.share(load) * (self.right() - LEFT))
    }

    fn y(&self, figure: f64) -> f64 {
        tenths(self.bottom() - self.figures.share(figure) * (self.bottom() - TOP))
    }

    fn across(&self) -> Vec<AxisMark> {
        let most = ((self.right() - LEFT) / LABEL_WIDTH) as usize;
        let label = |at| self.knee.loads.label(at);
        let marks = self.loads.marks(most).into_iter();
        marks.map(|mark| AxisMark { at: self.x_at(mark.at), label: mark.is_written.then(|| label(mark.at)) }).collect()
    }

    fn up(&self, label: fn(f64) -> String) -> Vec<AxisMark> {
        let most = ((self.bottom() - TOP) / LABEL_HEIGHT) as usize;
        let marks = self.figures.marks(most).into_iter();
        marks.map(|mark| AxisMark { at: self.y(mark.at), label: mark.is_written.then(|| label(mark.at)) }).collect()
    }

    /// Where the capacity is: between its bounds, or on the open side of one.
    fn zone(&self) -> Option<Zone> {
        let (from, to, text) = match (self.knee.lower, self.knee.upper) {
            (Some(lower), Some(upper)) => {
                (self.x(lower), self.x(upper), format!("capacity: {} to {}", times(lower), times(upper)))
            }
            (Some(lower), None) => (self.x(lower), self.right(), format!("capacity: at least {}", times(lower))),
            (None, Some(upper)) => (LEFT, self.x(upper), format!("capacity: below {}", times(upper))),
            (None, None) => return None,
        };
        let label = self.named(tenths(f64::midpoint(from, to)), text);
        Some(Zone { from, width: tenths(to - from), label })
    }

    fn upright(&self, factor: f64, text: String) -> Named {
        self.named(self.x(factor), text)
    }

    fn level(&self, figure: f64, text: String) -> Named {
        Named { at: self.y(figure), text, anchor: "start" }
    }

    /// A name above the plot: it never leaves the picture.
    fn named(&self, at: f64, text: String) -> Named {
        let half = text.chars().count() as f64 * 3.6;
        let anchor = match at {
            at if at - half < 4.0 => "start",
            at if at + half > self.size.width - 4.0 => "end",
            _ => "middle",
        };
        Named { at, text, anchor }
    }

    fn curve(&self, line: &Line) -> Option<Curve> {
        let points: Vec<(f64, f64)> = medians(&self.knee.points, line.figure)
            .into_iter()
            .map(|(factor, figure)| (self.x(factor), self.y(figure)))
            .collect();
        let (x, y) = *points.last()?;
        let points = points.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ");
        Some(Curve { points, is_main: line.is_main, name: line.name, name_x: x + 14.0, name_y: y })
    }

    fn dots(&self, line: &Line) -> Vec<Dot> {
        let dot = |point: &Point| {
            let figure = (line.figure)(&point.worst)?;
            Some(Dot {
                x: self.x(point.factor),
                y: self.y(figure),
                outcome: class(point.outcome),
                is_main: line.is_main,
                is_long: point.is_long,
                title: point.title.clone(),
                page: page_of(self.folder, &point.folder),
            })
        };
        // What says nothing is a frame: it goes around a point at the same place, and not below it.
        let (valid, invalid): (Vec<&Point>, Vec<&Point>) =
            self.knee.points.iter().partition(|point| point.outcome != Outcome::Invalid);
        valid.into_iter().chain(invalid).filter_map(dot).collect()
    }
}

/// The class of a dot; its shape follows from it.
pub(super) fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "passes",
        Outcome::Fail => "fails",
        Outcome::Invalid => "says-nothing",
    }
}

/// The names of curves that end close to one another are moved apart; the first curve's is above.
fn apart(mut curves: Vec<Curve>) -> Vec<Curve> {
    if let [first, second] = curves.as_mut_slice() {
        let missing = LINE - (second.name_y - first.name_y);
        if missing > 0.0 {
            first.name_y = tenths(first.name_y - missing / 2.0);
            second.name_y = tenths(second.name_y + missing / 2.0);
        }
    }
    curves
}

fn tenths(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}
