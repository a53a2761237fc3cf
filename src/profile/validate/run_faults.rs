//! Faults that can be brought about, told apart, and undone before the run is over.

use super::names;
use crate::profile::{NetworkFault, Profile, RunFault, Span, fault::Faults};

/// The faults of a profile.
pub(super) fn run_faults(profile: &Profile, faults: &mut Faults<'_>) {
    for (index, fault) in profile.faults.iter().enumerate() {
        let mut faults = faults.at_index("fault", index);
        let before = &profile.faults[..index];
        names::name(&fault.name, "name", &mut faults);
        if before.iter().any(|other| other.name == fault.name) {
            faults.add("name", format!("there are two faults named `{}`", fault.name));
        }
        times(fault, profile.duration(), &mut faults);
        kind(fault, &mut faults);
        if let Some(network) = &fault.network {
            link(network, &mut faults.at("network"));
        }
        if let Some(other) = before.iter().find(|other| overlap(other, fault) && same_target(other, fault)) {
            let message =
                format!("`{}` begins at {}, while `{}` lasts, which does the same", fault.name, fault.at, other.name);
            faults.add_help("at", message, "let one be over before the other begins");
        }
    }
}

/// A fault is over, and is undone, before the run is.
fn times(fault: &RunFault, duration: Span, faults: &mut Faults<'_>) {
    if fault.lasts == Span::default() {
        faults.add_help("for", format!("`{}` lasts 0s, so it would be over at once", fault.name), "10s is a beginning");
    }
    if fault.end_ns() > duration.as_nanos() {
        let (key, when) = if fault.at >= duration { ("at", "begins") } else { ("for", "is over") };
        let end = if fault.at >= duration { fault.at } else { Span::from_nanos(fault.end_ns()) };
        let message = format!("`{}` {when} at {end}, and the run is over after {duration}", fault.name);
        faults.add_help(key, message, "let it begin earlier, last shorter, or set a longer `duration`");
    }
}

/// Either a command with its undoing, or a fault of the network.
fn kind(fault: &RunFault, faults: &mut Faults<'_>) {
    let name = &fault.name;
    let is_command = fault.start.is_some() || fault.stop.is_some();
    match (is_command, &fault.network) {
        (true, Some(_)) => {
            faults.add_here(
                format!("`{name}` has both a command and `network`"),
                "make two faults of it, at the same time if need be",
            );
        }
        (false, None) => {
            faults.add_here(
                format!("`{name}` does not say what happens"),
                "add `start` and `stop`, which are commands, or `network`",
            );
        }
        (true, None) => commands(fault, faults),
        (false, Some(_)) => {}
    }
}

fn commands(fault: &RunFault, faults: &mut Faults<'_>) {
    let name = &fault.name;
    match (&fault.start, &fault.stop) {
        (Some(_), None) => faults.add_here(
            format!("`{name}` is not undone: `stop` is missing"),
            "add the command that undoes it, or stop = [\"true\"] if there is nothing to undo",
        ),
        (None, Some(_)) => {
            faults
                .add_here(format!("`{name}` is not brought about: `start` is missing"), "add the command that does it");
        }
        _ => {}
    }
    for (key, words) in [("start", &fault.start), ("stop", &fault.stop)] {
        let names_none = words.as_ref().is_some_and(|words| words.first().is_none_or(|first| first.trim().is_empty()));
        if names_none {
            faults.add_help(
                key,
                format!("`{key}` of `{name}` names no program"),
                "write it as [\"program\", \"argument\"]",
            );
        }
    }
}

/// One kind of trouble on the network, and one that is noticed.
fn link(network: &NetworkFault, faults: &mut Faults<'_>) {
    let is_slow = network.delay.is_some() || network.bandwidth.is_some() || network.jitter.is_some();
    let kinds = [network.reset, network.black_hole, is_slow].into_iter().filter(|is_there| *is_there).count();
    if kinds == 0 {
        faults.add_here(
            "`network` does not say what happens",
            "add delay = \"50ms\", bandwidth = \"1MB/s\", reset = true or black_hole = true",
        );
    }
    if kinds > 1 {
        faults.add_here(
            "`network` mixes `reset`, `black_hole` and a slow link, and only one of them can be noticed",
            "make a fault of each, one after another",
        );
    }
    if network.delay == Some(Span::default()) {
        faults.add("delay", "`delay` is 0s, which nobody notices");
    }
    if network.bandwidth.is_some_and(|bandwidth| bandwidth.as_bytes_per_s() == 0) {
        faults.add_help("bandwidth", "`bandwidth` is 0, so nothing would pass", "black_hole = true does that");
    }
    match (network.jitter, network.delay) {
        (Some(_), None) => faults.only_with("jitter", true, "`delay`"),
        (Some(jitter), Some(delay)) if jitter > delay => {
            faults.add(
                "jitter",
                format!(
                    "`jitter` is {jitter}, more than the delay of {delay}: bytes would arrive before they are sent"
                ),
            );
        }
        _ => {}
    }
}

fn overlap(one: &RunFault, other: &RunFault) -> bool {
    one.at.as_nanos() < other.end_ns() && other.at.as_nanos() < one.end_ns()
}

/// Whether two faults are about the same connections, or start the same command.
fn same_target(one: &RunFault, other: &RunFault) -> bool {
    match (&one.network, &other.network) {
        (Some(one), Some(other)) => one.broker.is_none() || other.broker.is_none() || one.broker == other.broker,
        (None, None) => one.start.is_some() && one.start == other.start,
        _ => false,
    }
}
