//! The rules that a profile must keep so that it can be run and its result is meaningful. Pure.

mod client;
mod events;
mod key_record;
#[cfg(test)]
mod laws;
mod names;
mod payload;
mod rates;
mod record;
mod recorded;
mod replay;
mod run_faults;
mod schemas;
mod slo;
mod watermarks;
mod window_results;

use super::{
    Delivery, Profile, Stream,
    bounds::{MAX_PARTITIONS, MAX_PRODUCERS},
    fault::{Fault, Faults},
};

/// How to treat phases that last longer than the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LongPhases {
    /// A fault: the profile contradicts itself.
    AreRefused,
    /// The duration comes from the command line, and the rest is not sent.
    AreCut,
}

/// Every rule that the profile breaks, each at its key; empty when it can be run.
///
#[must_use]
pub(crate) fn validate(profile: &Profile, long_phases: LongPhases) -> Vec<Fault> {
    let mut list = Vec::new();
    let mut faults = Faults::new(&mut list);
    rates::run_length(profile, &mut faults);
    names::streams(profile, &mut faults);
    run_faults::run_faults(profile, &mut faults);
    for (index, stream) in profile.streams.iter().enumerate() {
        check_stream(profile, stream, long_phases, &mut faults.at_index("stream", index));
    }
    list
}

fn check_stream(profile: &Profile, stream: &Stream, long_phases: LongPhases, faults: &mut Faults<'_>) {
    names::stream(stream, faults);
    layout(stream, faults);
    rates::stream(profile, stream, long_phases, faults);
    replay::stream(profile, stream, long_phases, faults);
    recorded::stream(profile, stream, long_phases, faults);
    events::keys(&stream.keys, &mut faults.at("keys"));
    key_record::key_record(stream, faults);
    payload::payload(stream, &mut faults.at("payload"));
    record::record(stream, faults);
    client::client(stream, faults);
    if let Some(skew) = &stream.skew {
        events::skew(skew, stream, &mut faults.at("skew"));
    }
    if let Some(lateness) = &stream.lateness {
        events::lateness(lateness, &mut faults.at("lateness"));
    }
    if let Some(retries) = &stream.retries {
        events::retries(retries, &mut faults.at("retries"));
    }
    slo::slo(&stream.slo, &mut faults.at("slo"));
    if let Some(when) = &stream.abort_when {
        slo::abort_when(when, &mut faults.at("abort_when"));
    }
    slo::stages(stream, faults);
    watermarks::watermarks(stream, faults);
    window_results::window_results(stream, faults);
}

/// Partitions, producers and guarantees.
fn layout(stream: &Stream, faults: &mut Faults<'_>) {
    if let Some(partitions) = stream.partitions
        && !(1..=MAX_PARTITIONS).contains(&partitions)
    {
        faults.add("partitions", format!("`partitions` is {partitions}; it must be from 1 to {MAX_PARTITIONS}"));
    }
    if !(1..=MAX_PRODUCERS).contains(&stream.producers) {
        faults.add("producers", format!("`producers` is {}; it must be from 1 to {MAX_PRODUCERS}", stream.producers));
    }
    if stream.delivery == Delivery::ExactlyOnce && stream.transaction.as_nanos() < 1_000_000 {
        faults.add_help(
            "transaction",
            format!("`transaction` is {}, too short for exactly-once to commit that often", stream.transaction),
            "100ms is usual",
        );
    }
}
