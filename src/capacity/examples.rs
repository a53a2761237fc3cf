//! Searches for the tests of what shows them, and a queue whose arithmetic is known.

use super::need::{Headroom, Needed};
use super::recovery::Recovery;
use super::search_record::{CAPACITY_SCHEMA, Found, Rechecked, SearchRecord};
use super::sender::SenderReach;
use super::step::{Conclusion, Rules};
use super::trial::{Binding, Length, Outcome, Trial, Worst};
use crate::incidents::Second;

/// A trial of a profile of 1,000 events/s through a pipeline that breaks at 2.1x.
pub(crate) fn trial(factor: f64, length: Length, outcome: Outcome) -> Trial {
    let p99_ms = if outcome == Outcome::Fail { 800.0 * factor } else { 12.0 * factor };
    let (what, text) = match outcome {
        Outcome::Fail => ("end_to_end_p99", "orders at output: end_to_end_p99 is 1.8 s (limit 500 ms)"),
        _ => (
            "generator_late",
            "The generator was late: 1 % of the events were sent more than 31 ms after they were due.",
        ),
    };
    let stage = (outcome == Outcome::Fail).then(|| "output".to_owned());
    let binding = Binding { what: what.to_owned(), stream: Some("orders".to_owned()), stage, text: text.to_owned() };
    let worst = Worst {
        stream: "orders".to_owned(),
        p50_ms: p99_ms / 3.0,
        p99_ms,
        p99_limit_ms: Some(500.0),
        most_waiting: Some(if outcome == Outcome::Fail { 12_000 } else { 40 }),
    };
    Trial {
        factor,
        length,
        outcome,
        because: (outcome != Outcome::Pass).then_some(binding),
        offered_per_s: factor * 1000.0,
        worst: Some(worst),
        folder: "trials/01".to_owned(),
        ..Trial::default()
    }
}

/// A search that made these trials and came to this end, or to none yet.
pub(crate) fn record(trials: Vec<Trial>, conclusion: Option<Conclusion>) -> SearchRecord {
    let mut trials = trials;
    for (number, trial) in (1..).zip(&mut trials) {
        trial.folder = format!("trials/{number:02}");
    }
    SearchRecord {
        schema: CAPACITY_SCHEMA,
        profile: "average".to_owned(),
        asked: String::new(),
        cluster_id: Some("abc".to_owned()),
        rules: Rules { start: 1.0, width: 0.05, least: 0.001, most: 1024.0, most_trials: 40, recheck: true },
        found: conclusion.map(|conclusion| Found::of(conclusion, &trials)),
        trials,
        headroom: None,
        sender: None,
        recovery: None,
    }
}

/// A search that found an interval, and how that stands to a need.
pub(crate) fn found(need: &str) -> SearchRecord {
    use {Length::*, Outcome::*};
    let trials = vec![
        trial(1.0, WarmUp, Pass),
        trial(1.0, Short, Pass),
        trial(2.0, Short, Invalid),
        trial(2.0, Short, Pass),
        trial(4.0, Short, Fail),
        trial(2.1, Short, Fail),
        trial(2.1, Short, Fail),
        trial(2.0, Long, Pass),
    ];
    let mut record = record(
        trials,
        Some(Conclusion::Between { lower: 2.0, upper: 2.1, tried: [2.0, 2.1], moves: 0.0, again: None }),
    );
    let factor: f64 = need.trim_end_matches('x').parse().unwrap();
    let needed = Needed { factor, per_s: factor * 1000.0, text: format!("{need} the peak") };
    record.headroom = record.found.as_ref().map(|found| Headroom::of(&needed, found));
    record
}

/// The same, with what is measured when a search is over.
pub(crate) fn with_afterwards() -> SearchRecord {
    let recovery = Recovery {
        burst_per_s: 4100.0,
        times: 2.0,
        burst_s: 10.0,
        base_per_s: 1025.0,
        place: Some("orders at output".to_owned()),
        most_waiting: 20_500,
        gone_after_s: Some(20.4),
        watched_s: 35.0,
        held_per_s: Some(2049.0),
        formula_s: [18.6, 21.5],
        folder: "trials/burst".to_owned(),
    };
    let sender = SenderReach {
        times: 1.5,
        asked_per_s: 3150.0,
        sent_per_s: 3150.0,
        made_per_s: Some(2_140_000.0),
        kept_up: true,
        because: None,
        folder: "trials/sender".to_owned(),
    };
    let mut record = SearchRecord { recovery: Some(recovery), sender: Some(sender), ..found("3x") };
    let rechecked = Rechecked { lower: 2.0, upper: 2.1, lower_holds: true, upper_holds: true, after_s: Some(71.0) };
    record.found.iter_mut().for_each(|found| found.rechecked = Some(rechecked));
    record
}

/// The same with this text wherever there may be other people's.
pub(crate) fn hostile(text: &str) -> SearchRecord {
    let mut record = with_afterwards();
    record.headroom.iter_mut().for_each(|headroom| text.clone_into(&mut headroom.text));
    if let Some(of) = &mut record.recovery {
        text.clone_into(&mut of.folder);
        of.place = Some(text.to_owned());
    }
    if let Some(of) = &mut record.sender {
        (of.kept_up, of.because) = (false, Some(text.to_owned()));
    }
    text.clone_into(&mut record.profile);
    record.cluster_id = Some(text.to_owned());
    let bindings = record.trials.iter_mut().filter_map(|trial| trial.because.as_mut());
    for binding in bindings.chain(record.found.as_mut().and_then(|found| found.binding.as_mut())) {
        text.clone_into(&mut binding.what);
        text.clone_into(&mut binding.text);
        binding.stream = Some(text.to_owned());
        binding.stage = Some(text.to_owned());
    }
    for trial in &mut record.trials {
        text.clone_into(&mut trial.folder);
        trial.worst.iter_mut().for_each(|worst| text.clone_into(&mut worst.stream));
    }
    record
}

/// The seconds of a queue with one server that is offered these events in each second.
pub(super) fn seconds(offered: &[u64], capacity: u64) -> Vec<Second> {
    let mut left = 0;
    let served = |offered: &u64| {
        left += offered;
        let delivered = left.min(capacity);
        left -= delivered;
        Second { offered: *offered, delivered, ..Second::default() }
    };
    offered.iter().map(served).collect()
}
