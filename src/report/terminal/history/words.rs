//! What a suite's past nights say, in words: the screen and the page share them.

use crate::compare::words;
use crate::nightly::{Broken, Past, PastChange, PastFigure, PastNight};
use crate::nights::Judged;
use crate::report::terminal::compare::place_title;

/// "50 nights of staging, 2026-10-07 to 2026-11-25"
#[must_use]
pub(crate) fn which_nights(past: &Past) -> String {
    let suite = words::one_line(&past.suite);
    match (past.nights.first(), past.nights.last()) {
        (Some(first), Some(last)) if past.nights.len() > 1 => {
            format!("{} nights of {suite}, {} to {}", past.nights.len(), name(first), name(last))
        }
        (Some(only), _) => format!("night {} of {suite}, the first", name(only)),
        _ => format!("no night of {suite}"),
    }
}

fn name(night: &PastNight) -> String {
    words::one_line(&night.night)
}

/// "average, orders at output, phase peak"
#[must_use]
pub(crate) fn place(figure: &PastFigure) -> String {
    format!("{}, {}", words::one_line(&figure.profile), place_title(&figure.place))
}

/// A figure's number in its unit; a dash for none.
#[must_use]
pub(crate) fn number(value: Option<f64>, figure: &PastFigure) -> String {
    value.map_or_else(|| "–".to_owned(), |value| words::figure(value, figure.unit))
}

/// The limits that broke in a night, a sentence each.
pub(crate) fn broken(night: &PastNight) -> impl Iterator<Item = (String, &str)> {
    let sentence = |of: &Broken| {
        format!("{}: {} of {} runs broke a limit: {}", words::one_line(&of.profile), of.runs, of.of, of.text)
    };
    night.broken.iter().map(move |broken| (sentence(broken), broken.folder.as_str()))
}

/// "average, orders: end_to_end_p99 is 15.2 ms, usually 12.1 ms: 26 % worse since night 2026-11-22."
#[must_use]
pub(crate) fn alarm(figure: &PastFigure) -> Option<String> {
    let alarm = figure.alarm().filter(|_| figure.judged != Judged::Back)?;
    if is_worse(figure) {
        return Some(changed(figure, "worse", alarm));
    }
    let (what, since) = (what(figure), words::one_line(&alarm.since));
    Some(format!("{what} was worse since night {since}, and the last night says nothing of it."))
}

/// The same of what is better.
#[must_use]
pub(crate) fn improvement(figure: &PastFigure) -> Option<String> {
    let better = figure.improvement().filter(|_| figure.judged == Judged::Better)?;
    Some(changed(figure, "better", better))
}

fn changed(figure: &PastFigure, word: &str, change: &PastChange) -> String {
    let (is, usual) = (number(figure.value, figure), number(figure.usual, figure));
    let by = figure.by.or(change.by).map(|by| format!("{} ", words::share(by.abs()))).unwrap_or_default();
    format!("{} is {is}, usually {usual}: {by}{word} since night {}.", what(figure), words::one_line(&change.since))
}

fn what(figure: &PastFigure) -> String {
    format!("{}: {}", place(figure), words::one_line(&figure.figure))
}

/// Whether the last night itself said so.
#[must_use]
pub(crate) fn is_worse(figure: &PastFigure) -> bool {
    matches!(figure.judged, Judged::Worse | Judged::StillWorse)
}

/// "+26 %"
#[must_use]
pub(crate) fn by(share: Option<f64>) -> String {
    share.map_or_else(|| "by an unknown amount".to_owned(), |share| words::change(1.0 + share))
}

/// What is said of a figure, in a part of a sentence.
#[must_use]
pub(crate) fn said(figure: &PastFigure) -> String {
    match (figure.judged, figure.alarm(), figure.improvement()) {
        (Judged::Worse | Judged::StillWorse, Some(alarm), _) => {
            format!("worse since {}: {}", words::one_line(&alarm.since), by(figure.by))
        }
        (Judged::Back, Some(alarm), _) => format!("back, after an alarm since {}", words::one_line(&alarm.since)),
        (_, Some(alarm), _) => format!("worse since {}; {}", words::one_line(&alarm.since), unjudged(figure.judged)),
        (Judged::Better, _, Some(better)) => {
            format!("better since {}: {}", words::one_line(&better.since), by(figure.by))
        }
        _ => calm(figure),
    }
}

fn calm(figure: &PastFigure) -> String {
    let share = figure.could_see.map(|could_see| words::share(could_see.share));
    match (figure.judged, share) {
        (Judged::TooNoisy, share) => {
            let mends = figure.could_see.and_then(|could_see| could_see.repetitions);
            let mends = mends.map_or_else(
                || "more repetitions would not mend it".to_owned(),
                |of| format!("{of} repetitions would mend it"),
            );
            format!("too noisy: only {} would be found; {mends}", share.unwrap_or_else(|| "a large change".to_owned()))
        }
        (Judged::AsUsual, Some(share)) => format!("as usual; {share} would be found"),
        (Judged::AsUsual, None) => "as usual".to_owned(),
        (judged, _) => unjudged(judged).to_owned(),
    }
}

/// Why the last night says nothing of a figure.
fn unjudged(judged: Judged) -> &'static str {
    match judged {
        Judged::Suspect => "not judged in the last night: the machine was not itself",
        Judged::TooFewNights => "too few nights to judge",
        Judged::NotMeasured => "not measured in the last night",
        Judged::Worse | Judged::StillWorse => "worse",
        Judged::Back => "back as it was",
        Judged::Better => "better",
        Judged::AsUsual | Judged::TooNoisy => "as usual",
    }
}

/// What is said of a figure, in little space.
#[must_use]
pub(crate) fn short(figure: &PastFigure) -> String {
    let share = figure.could_see.map(|could_see| words::share(could_see.share));
    match (figure.judged, share) {
        (Judged::Worse | Judged::StillWorse, _) => format!("WORSE {}", by(figure.by)),
        (Judged::Better, _) => format!("better {}", by(figure.by)),
        (Judged::Back, _) => "back".to_owned(),
        (Judged::TooNoisy, Some(share)) => format!("noisy, sees {share}"),
        (Judged::AsUsual, Some(share)) => format!("sees {share}"),
        (Judged::TooNoisy, None) => "too noisy".to_owned(),
        (Judged::AsUsual, None) => String::new(),
        (Judged::TooFewNights, _) => "too few nights".to_owned(),
        (Judged::Suspect, _) => "suspect".to_owned(),
        (Judged::NotMeasured, _) => "not measured".to_owned(),
    }
}

/// "From night 2026-11-20 on: the new disks (average, end_to_end_p99; accepted 2026-11-21T07:00:00Z on night-1)"
#[must_use]
pub(crate) fn accepted(of: &crate::history::Accepted) -> String {
    let scope: Vec<String> = of.profile.iter().chain(&of.figure).map(|name| words::one_line(name)).collect();
    let scope = if scope.is_empty() { "all figures".to_owned() } else { scope.join(", ") };
    format!(
        "From night {} on: {} ({scope}; accepted {} on {})",
        words::one_line(&of.since),
        words::in_one_line(&of.why),
        words::one_line(&of.accepted),
        words::one_line(&of.host)
    )
}
