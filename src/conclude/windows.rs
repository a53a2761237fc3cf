//! The windows of a run's pipelines: what its stages are to note for them, and what they come to in its summary.

use std::collections::BTreeMap;

use super::measured::StageMeasured;
use super::watermarks::models_at;
use crate::consume::window_results::{ResultPlace, ResultPlaces};
use crate::consume::windows::{ResultsSeen, WindowsPlan, WindowsSeen};
use crate::event_time::watermark::{ModelSpec, ModelTally, WindowMs, closed_until_ms};
use crate::event_time::windows::{BookRule, BooksRule, NoPrediction, SessionRule};
use crate::mergeable::Merge;
use crate::profile::{Slo, Stream, WindowResults};
use crate::results::windows::WindowsSummary;
use crate::verdict::{Judgement, WindowFigures, judge_windows};

/// Most pairs of window and key in the books of one stage of window results: about 100 MB.
const MOST_PAIRS: usize = 1 << 20;

/// What the stage at `place` of a stream is to note. `models` are all of the stream's.
pub(crate) fn windows_plan(stream: &Stream, models: &[ModelSpec], place: usize) -> WindowsPlan {
    let results_at = |place: usize| stream.stages.get(place).and_then(|stage| stage.results.as_ref());
    // The model that predicts what the windows miss: they are those of its engine.
    let model_of = |results: &WindowResults| results.model(&stream.watermarks).and_then(|chosen| models.get(chosen));
    let rule_of = |results: &WindowResults| books_rule(results, model_of(results));
    let expects = if stream.own_stage() == Some(place) {
        (0..stream.stages.len()).filter_map(|at| Some((at, rule_of(results_at(at)?)?))).collect()
    } else {
        Vec::new()
    };
    let results = results_at(place).and_then(|results| {
        let rule = rule_of(results)?;
        Some((places_of(results, &rule)?, rule))
    });
    WindowsPlan { expects, results }
}

/// The windows as their engine assigns them, or as most engines do where no model says whose they are. Absent only where the profile's rules refuse it.
fn books_rule(results: &WindowResults, spec: Option<&ModelSpec>) -> Option<BooksRule> {
    let (by_key, copies) = (results.key.is_some(), results.copies);
    match WindowMs::of(&results.window)? {
        WindowMs::Aligned(shape) => Some(BooksRule::Aligned(BookRule {
            shape: spec.map_or(shape, |spec| shape.with_edges(spec.edges())),
            by_key,
            updates: results.updates,
            copies,
            most_pairs: MOST_PAIRS,
        })),
        WindowMs::Session { gap_ms } => Some(BooksRule::Sessions(SessionRule {
            gap_ms,
            joins_at_gap: spec.is_none_or(ModelSpec::joins_at_gap),
            by_key,
            copies,
            most_sessions: MOST_PAIRS,
        })),
        WindowMs::None | WindowMs::Sliding { .. } => None,
    }
}

fn places_of(results: &WindowResults, rule: &BooksRule) -> Option<ResultPlaces> {
    let place = |text: &String| ResultPlace::parse(text).ok();
    Some(ResultPlaces {
        start: place(&results.start)?,
        end: results.end.as_ref().and_then(place),
        size_ms: match rule {
            BooksRule::Aligned(rule) => Some(rule.shape.size_ms()),
            BooksRule::Sessions(_) => None,
        },
        key: results.key.as_ref().and_then(place),
        count: place(&results.count)?,
        deleted: results.deleted.as_ref().and_then(place),
    })
}

/// What a pipeline's windows came to, by the place of the stage that shows them, where both events and results were read from all partitions.
pub(super) fn windows_of(stream: &Stream, stages: &[StageMeasured]) -> BTreeMap<usize, WindowsSummary> {
    let seen_at = |place: usize| stages.get(place).and_then(|stage| stage.windows.as_ref());
    let is_whole = |seen: &&WindowsSeen| seen.partitions.are_all();
    let Some((own, events)) = stream.own_stage().and_then(|own| Some((own, seen_at(own).filter(is_whole)?))) else {
        return BTreeMap::new();
    };
    let tallies = stages[own].event_times.as_ref().map_or(&[][..], |times| &times.models);
    let maxima_ms: Vec<Option<i64>> = events.maxima_ms.values().copied().collect();
    let mut windows = BTreeMap::new();
    for (place, expected) in &events.stages {
        let Some(shown) = seen_at(*place).filter(is_whole) else { continue };
        let mut results = expected.clone();
        shown.stages.get(place).cloned().into_iter().for_each(|shown| results.merge(shown));
        let tally = model_of(stream, *place).and_then(|at| tallies.get(at));
        let mut summary = compare(results, tally, &maxima_ms);
        summary.read_to_end = !(events.cut_short || shown.cut_short);
        summary.notes.extend(of_events(events.without_event_time));
        windows.insert(*place, summary);
    }
    windows
}

/// Which of the models at the stream's own stage predicts what the windows of a stage miss.
fn model_of(stream: &Stream, place: usize) -> Option<usize> {
    let chosen = stream.stages.get(place)?.results.as_ref()?.model(&stream.watermarks)?;
    let own = stream.own_stage()?;
    // The tallies are those of the models that read there, in their order.
    models_at(stream, own).position(|at| at == chosen)
}

fn compare(seen: ResultsSeen, tally: Option<&ModelTally>, maxima_ms: &[Option<i64>]) -> WindowsSummary {
    let ResultsSeen { book, results, unreadable, fault, last_end_ms } = seen;
    let spec = tally.map(ModelTally::spec);
    let until_ms = closed_until_ms(spec, maxima_ms, last_end_ms).unwrap_or(i64::MIN);
    let reconciled = match tally {
        Some(tally) => book.finish(Some(until_ms), tally),
        None => book.finish(Some(until_ms), &NoPrediction),
    };
    let mut summary = WindowsSummary::from(reconciled);
    summary.model = spec.map(|spec| spec.engine.name().to_owned());
    summary.results = results;
    summary.unreadable_results = unreadable;
    if let Some(fault) = fault {
        summary.notes.push(format!("{unreadable} messages are not window results; the first: {fault}."));
    }
    match spec {
        None => summary.notes.push("There is no watermark model, so whether an event was dropped as too late or lost elsewhere is unknown.".to_owned()),
        Some(spec) if tally.is_some_and(ModelTally::follows_whole_stream) => summary.notes.push(format!(
            "{} the drops of a window are unknown, and so is whether an event was dropped as too late or lost elsewhere.",
            what_hides_drops(spec)
        )),
        Some(_) => {}
    }
    summary
}

/// Why a window's drops are not known where the engine's watermark follows the whole stream.
fn what_hides_drops(spec: &ModelSpec) -> String {
    if spec.repartitioned {
        "After a repartition topic".to_owned()
    } else if spec.progress().moves_at_batches() {
        format!("Without {}'s batches", spec.description().title)
    } else {
        "With idleness".to_owned()
    }
}

fn of_events(without_event_time: u64) -> Option<String> {
    (without_event_time > 0)
        .then(|| format!("{without_event_time} events have no readable event time, so they belong in no window."))
}

/// What a stage of window results says for itself.
pub(super) fn judge_windows_of(stream: &Stream, slo: &Slo, name: &str, windows: Option<&WindowsSummary>) -> Judgement {
    let nothing = WindowsSummary::default();
    let windows = windows.unwrap_or(&nothing);
    judge_windows(&WindowFigures {
        stream: &stream.name,
        name,
        slo,
        delivery: stream.delivery,
        compared: windows.compared,
        not_closed: windows.not_closed,
        events: windows.events,
        short: windows.short,
        elsewhere_min: windows.missing_elsewhere.min,
        elsewhere_max: windows.missing_elsewhere.max,
        missing: windows.missing,
        is_predicted: windows.model.is_some(),
        counted_twice: windows.counted_twice,
        unexplained: windows.unexplained,
        strange_results: windows.strange_results,
        unreadable_results: windows.unreadable_results,
        results: windows.results,
        held_share: windows.held_share,
        read_to_end: windows.read_to_end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conclude::models_of;
    use crate::event_time::windows::{Book, Counted, WindowSpan};
    use crate::profile::{Engine, Profile};

    const PROFILE: &str = r#"
seed = 1
duration = "1s"
[[stream]]
name = "orders"
topic = "orders"
rate = "1/s"
[[stream.stage]]
name = "input"
topic = "orders"
[[stream.stage]]
name = "counts"
topic = "counts"
results = { start = "/start", end = "/end", count = "/count", window = "WINDOW" }
[[stream.watermark]]
engine = "ENGINE"
bound = "0s"
window = "WINDOW"
"#;

    /// The windows (start, end, count) of what an engine wrote are compared with those of the events.
    fn reconciled(engine: Engine, window: &str, events: &[i64], results: &[(i64, i64, u64)]) -> WindowsSummary {
        let text = PROFILE.replace("ENGINE", engine.name()).replace("WINDOW", window);
        let profile = Profile::from_text(&text, "orders.toml").unwrap().profile;
        let stream = &profile.streams[0];
        let plan = windows_plan(stream, &models_of(stream).unwrap(), 1);
        let (_, rule) = plan.results.unwrap();
        let mut book = Book::new(rule);
        events.iter().for_each(|time_ms| book.expect(*time_ms, None, false));
        for (offset, (start_ms, end_ms, count)) in (0..).zip(results) {
            let window = WindowSpan { start_ms: *start_ms, end_ms: *end_ms };
            book.result(&Counted { window, key: None, count: Some(*count), offset });
        }
        WindowsSummary::from(book.finish(None, &NoPrediction))
    }

    /// Beam counts two events exactly a gap apart in two sessions, the other engines in one.
    #[test]
    fn sessions_are_those_of_the_models_engine() {
        let (two, one) = ([(100, 110, 1), (110, 120, 1)], [(100, 120, 2)]);
        let beam = reconciled(Engine::Beam, "session:10ms", &[100, 110], &two);
        assert_eq!((beam.compared, beam.short, beam.missing), (2, 0, 0));
        let flink = reconciled(Engine::Flink, "session:10ms", &[100, 110], &one);
        assert_eq!((flink.compared, flink.short, flink.missing), (1, 0, 0));
    }

    /// Azure's window from 10 to 20 holds 20, the other engines' 10.
    #[test]
    fn windows_hold_the_edge_that_the_models_engine_puts_into_them() {
        let counted = |engine, results: &[(i64, i64, u64)]| {
            let found = reconciled(engine, "tumbling:10ms", &[10, 11, 20], results);
            (found.compared, found.short, found.missing, found.unexplained)
        };
        assert_eq!(counted(Engine::AzureStreamAnalytics, &[(0, 10, 1), (10, 20, 2)]), (2, 0, 0, 0));
        assert_eq!(counted(Engine::Flink, &[(10, 20, 2), (20, 30, 1)]), (2, 0, 0, 0));
    }
}
