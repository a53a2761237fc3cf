//! The machine itself: a fixed load on an embedded broker. What it takes the machine has nothing to do with the target.

use std::ffi::OsString;
use std::path::Path;

use crate::conclude::read_run;
use crate::history::ProbeReading;
use crate::results::ResultsError;
use crate::results::pending::write_whole;
use crate::stop::StopFlag;
use crate::trials::TrialError;
use crate::trials::child::{Child, Ended};
use crate::trials::folder::free_folder;

/// The load. It must not change: what was measured with another one cannot be compared.
const PROFILE: &str = r#"description = "The machine itself: a fixed load on an embedded broker"
seed = 1
duration = "4s"
warmup = "1s"
[[stream]]
name = "probe"
topic = "floodmark-probe"
rate = "20k/s"
partitions = 4
payload = { size = "200B" }
"#;
/// How long a reading takes, in seconds.
pub(super) const TAKES_S: f64 = 7.0;

/// One reading; none when it was stopped.
///
/// # Errors
/// A run that cannot be made or read.
pub(super) fn probe(out: &Path, after_runs: usize, stop: &StopFlag) -> Result<Option<ProbeReading>, TrialError> {
    let profile = out.join("probe.toml");
    write_whole(&profile, PROFILE.as_bytes())?;
    let folder = free_folder(out, &format!("probe-{after_runs}"));
    let arguments: [OsString; 6] =
        ["run".into(), profile.into(), "--json".into(), "--quiet".into(), "--out".into(), folder.clone().into()];
    let ended = Child::start(&arguments)?.wait(stop)?;
    if stop.is_set() {
        return Ok(None);
    }
    if let Ended::Refused { code, text } = ended {
        return Err(TrialError::Refused { is_usage: code == 2, text: format!("the probe of the machine: {text}") });
    }
    let summary = read_run(&folder)?.summary;
    let acks = summary
        .streams
        .first()
        .map(|stream| *stream.latency_ms.get(crate::latency::Hop::SentToAcked))
        .unwrap_or_default();
    let cpu_s = summary.generator.cpu_s.filter(|_| summary.totals.delivered > 0);
    let Some(cpu_s) = cpu_s else {
        let why = "the probe of the machine delivered nothing, or its CPU time is unknown".to_owned();
        return Err(ResultsError::Malformed { file: folder, why }.into());
    };
    Ok(Some(ProbeReading {
        after_runs: after_runs as u32,
        cpu_us_per_event: 1e6 * cpu_s / summary.totals.delivered as f64,
        ack_p50_ms: acks.p50,
        ack_p99_ms: acks.p99,
    }))
}
