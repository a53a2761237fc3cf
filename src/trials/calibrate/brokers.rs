//! Runs against embedded brokers that do wrong on purpose: all at once, each against its own.

use std::ffi::OsString;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{CalibrationWay, refused};
use crate::broker::{Broker, BrokerConfig};
use crate::calibrate::{BROKER_FAULTS, BrokerFault, PAUSE, Row, broker_profile_text, compared_with_broker};
use crate::clock::Clock;
use crate::conclude::read_run;
use crate::results::pending::write_whole;
use crate::side_by_side::side_by_side;
use crate::stop::StopFlag;
use crate::trials::TrialError;
use crate::trials::child::{Child, Ended};
use crate::trials::folder::free_folder;

/// The runs with one seed; none when they were stopped.
///
/// # Errors
/// A broker that cannot be started, or a run that was refused.
pub(super) fn broker_rows(way: &CalibrationWay, seed: u64, stop: &StopFlag) -> Result<Option<Vec<Row>>, TrialError> {
    let profile = way.out.join("calibrate-broker.toml");
    write_whole(&profile, broker_profile_text(way.load.lasts, seed).as_bytes())?;
    let rows = side_by_side(&BROKER_FAULTS, |fault| row(fault, way, seed, &profile, stop));
    rows.into_iter().collect::<Result<Option<Vec<Row>>, TrialError>>()
}

/// One run; none when it was stopped.
fn row(
    fault: &BrokerFault,
    way: &CalibrationWay,
    seed: u64,
    profile: &Path,
    stop: &StopFlag,
) -> Result<Option<Row>, TrialError> {
    let config = BrokerConfig { misdeeds: fault.misdeeds(), ceiling: fault.ceiling(), ..BrokerConfig::default() };
    let broker = Broker::start(config).map_err(|error| TrialError::NoBroker(error.to_string()))?;
    let folder = free_folder(&way.out, &format!("{}-seed-{seed}", fault.name));
    let address = broker.address().to_string();
    let mut arguments: Vec<OsString> = vec!["run".into(), profile.into(), "--brokers".into(), address.into()];
    for property in fault.properties() {
        arguments.extend(["-X".into(), property.into()]);
    }
    arguments.extend(["--json".into(), "--quiet".into(), "--out".into(), folder.clone().into()]);
    let child = Child::start(&arguments)?;
    let over = StopFlag::default();
    let (ended, paused_ns) = thread::scope(|scope| {
        let pausing = fault.pauses().then(|| scope.spawn(|| pause(&broker, &over)));
        let ended = child.wait(stop);
        over.set();
        (ended, pausing.and_then(|thread| thread.join().ok()).flatten())
    });
    match ended? {
        _ if stop.is_set() => return Ok(None),
        Ended::Refused { code, text } => {
            return Err(TrialError::Refused { is_usage: code == 2, text: format!("{}: {text}", fault.name) });
        }
        Ended::Ran => {}
    }
    let summary = read_run(&folder)?.summary;
    let began_ns = summary.run.started.parse::<jiff::Timestamp>().map_err(refused)?.as_nanosecond();
    let since_s = |ns: u64| (i128::from(ns) - began_ns) as f64 / 1e9;
    let paused_s = paused_ns.map(|(from, to)| (since_s(from), since_s(to)));
    let row = compared_with_broker(fault, seed, broker.done(), paused_s, &summary);
    row.map(Some).ok_or_else(|| refused(format!("{}: the run has no stream", folder.display())))
}

/// Lets the broker stand still for a while, once it has stored something; when that was, in nanoseconds since 1970. None if the run was over before.
fn pause(broker: &Broker, over: &StopFlag) -> Option<(u64, u64)> {
    let (clock, (after, lasts)) = (Clock::anchored_now(), PAUSE);
    while broker.stored_bytes() == 0 {
        if !over.sleeps_until(Instant::now() + Duration::from_millis(20)) {
            return None;
        }
    }
    if !over.sleeps_until(Instant::now() + after) {
        return None;
    }
    broker.pause();
    let from_ns = clock.now_ns();
    let _run_is_over = over.sleeps_until(Instant::now() + lasts);
    broker.resume();
    Some((from_ns, clock.now_ns()))
}
