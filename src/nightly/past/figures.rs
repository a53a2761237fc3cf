//! The figures, night by night.

use super::changes::changes;
use super::runs::run_of;
use super::{PastFigure, PastMark, PastNight, PastPoint};
use crate::compare::Place;
use crate::history::{Accepted, FigureLine, NightLine};
use crate::nightly::decision::{FigureDecision, NightDecision};
use crate::nightly::series::{begins, first_of};
use crate::nights::Judged;

/// Every figure of the nights that are shown. What is worse comes first, and takes along what else is measured at its place.
pub(super) fn figures(
    decisions: &[NightDecision],
    nights: &[PastNight],
    lines: &[NightLine],
    accepted: &[Accepted],
) -> Vec<PastFigure> {
    let names: Vec<&str> = nights.iter().map(|night| night.night.as_str()).collect();
    let shown = Shown { decisions, nights, names, lines, accepted };
    let figures: Vec<PastFigure> = shown.all().into_iter().map(|newest| shown.figure(newest)).collect();
    sorted(figures)
}

struct Shown<'a> {
    decisions: &'a [NightDecision],
    nights: &'a [PastNight],
    names: Vec<&'a str>,
    lines: &'a [NightLine],
    accepted: &'a [Accepted],
}

impl Shown<'_> {
    /// Each figure once, as the newest night that has it says it.
    fn all(&self) -> Vec<&FigureDecision> {
        let mut all: Vec<&FigureDecision> = Vec::new();
        for figure in self.decisions.iter().rev().flat_map(|decision| &decision.figures) {
            if !all.iter().any(|known| is_same(known, figure)) {
                all.push(figure);
            }
        }
        all
    }

    fn figure(&self, newest: &FigureDecision) -> PastFigure {
        let said: Vec<Option<&FigureDecision>> = self.decisions.iter().map(|of| find(of, newest)).collect();
        let points: Vec<PastPoint> =
            said.iter().zip(self.nights).map(|(said, night)| self.point(*said, night, newest)).collect();
        let since: Vec<Option<String>> = said.iter().map(|said| said.and_then(|said| said.since.clone())).collect();
        let last = said.last().copied().flatten();
        PastFigure {
            profile: newest.profile.clone(),
            place: newest.place.clone(),
            figure: newest.figure.clone(),
            unit: newest.unit,
            less_is_worse: newest.less_is_worse,
            least: newest.least,
            judged: last.map_or(Judged::NotMeasured, |last| last.judged),
            value: last.and_then(|last| last.value),
            usual: points.iter().rev().find_map(|point| point.usual),
            by: last.and_then(|last| last.by),
            could_see: last.and_then(|last| last.could_see),
            changes: changes(&points, &since, &self.names),
            points,
            begins: self.begins(&newest.profile),
            accepted: self.accepted(newest),
        }
    }

    fn point(&self, said: Option<&FigureDecision>, night: &PastNight, figure: &FigureDecision) -> PastPoint {
        let line = self.lines.iter().find(|line| line.night == night.night && line.profile == figure.profile);
        let measured = line.and_then(|line| line.figures.iter().find(|of| is_of(of, &figure.place, &figure.figure)));
        PastPoint {
            judged: said.map_or(Judged::NotMeasured, |said| said.judged),
            value: said.and_then(|said| said.value),
            usual: said.and_then(|said| said.usual),
            by: said.and_then(|said| said.by),
            run: run_of(night, &figure.profile, measured),
        }
    }

    /// Where a line of the profile cannot be compared with the one before.
    fn begins(&self, profile: &str) -> Vec<PastMark> {
        let of_profile: Vec<&NightLine> = self.lines.iter().filter(|line| line.profile == profile).collect();
        let differ = of_profile.windows(2).filter(|two| two[0].fingerprint != two[1].fingerprint);
        let mark = |two: &[&NightLine]| {
            let at = self.names.iter().position(|name| *name == two[1].night)?;
            Some(PastMark { at, why: begins(profile, &two[0].surroundings, two[1]) })
        };
        differ.filter_map(mark).collect()
    }

    fn accepted(&self, figure: &FigureDecision) -> Vec<PastMark> {
        let names: Vec<String> = self.names.iter().map(|name| (*name).to_owned()).collect();
        let is_shown = |of: &&Accepted| names.first().is_some_and(|first| *first <= of.since);
        let covering = self.accepted.iter().filter(|of| of.covers(&figure.profile, &figure.figure)).filter(is_shown);
        covering.filter_map(|of| Some(PastMark { at: first_of(&of.since, &names)?, why: of.why.clone() })).collect()
    }
}

fn is_same(one: &FigureDecision, other: &FigureDecision) -> bool {
    one.profile == other.profile && one.place == other.place && one.figure == other.figure
}

fn is_of(line: &FigureLine, place: &Place, figure: &str) -> bool {
    line.place == *place && line.figure == figure
}

fn find<'a>(decision: &'a NightDecision, figure: &FigureDecision) -> Option<&'a FigureDecision> {
    decision.figures.iter().find(|of| is_same(of, figure))
}

/// Places by their worst figure, and the figures of each in the same way; what is alike stays in its order.
fn sorted(figures: Vec<PastFigure>) -> Vec<PastFigure> {
    let mut places: Vec<Vec<PastFigure>> = Vec::new();
    for figure in figures {
        let is_there = |place: &&mut Vec<PastFigure>| {
            place.first().is_some_and(|of| of.profile == figure.profile && of.place == figure.place)
        };
        match places.iter_mut().find(is_there) {
            Some(place) => place.push(figure),
            None => places.push(vec![figure]),
        }
    }
    for place in &mut places {
        place.sort_by_key(rank);
    }
    places.sort_by_key(|place| place.iter().map(rank).min());
    places.into_iter().flatten().collect()
}

/// How early a figure is to be looked at.
fn rank(figure: &PastFigure) -> u8 {
    match figure.judged {
        Judged::Worse | Judged::StillWorse => 0,
        _ if figure.alarm().is_some() => 1,
        Judged::Better => 2,
        _ => 3,
    }
}
