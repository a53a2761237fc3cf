//! A search for the capacity of each combination, instead of trials: each is a `floodmark capacity` in a process of its own, which goes on from
//! its own trials.

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use super::before::before;
use super::{Series, SweepTold};
use crate::capacity::SearchRecord;
use crate::stop::StopFlag;
use crate::sweep::{CapacityOf, SweepRecord, named};
use crate::trials::TrialError;
use crate::trials::child::{Child, Ended};
use crate::trials::folder::{below, same_cluster};
use crate::trials::record::{record_in, write_record};

/// Searches combination after combination.
///
/// # Errors
/// A search that cannot be made. What was found before stays in the folder.
pub(super) fn search_each(
    series: &Series,
    mut record: SweepRecord,
    stop: &StopFlag,
    tells: &mut dyn FnMut(SweepTold<'_>),
) -> Result<SweepRecord, TrialError> {
    while record.capacities.len() < record.combinations.len() && !stop.is_set() {
        tells(SweepTold::Searches { record: &record });
        let Some(capacity) = search(series, &mut record, stop)? else { break };
        record.capacities.push(capacity);
        record.conclude();
        write_record(&series.out, &record)?;
        tells(SweepTold::Searched { record: &record });
    }
    Ok(record)
}

/// The search for the next combination; none when it was stopped.
fn search(series: &Series, record: &mut SweepRecord, stop: &StopFlag) -> Result<Option<CapacityOf>, TrialError> {
    let begun = Instant::now();
    let (at, number) = (record.capacities.len(), record.capacities.len() + 1);
    before(series, at, number, record, stop)?;
    if stop.is_set() {
        return Ok(None);
    }
    let folder = series.out.join("searches").join(format!("{number:02}"));
    let ended = Child::start(&arguments(series, at, &folder))?.wait(stop)?;
    if stop.is_set() {
        return Ok(None);
    }
    let settings = record.combinations.get(at).map(|of| named(&record.keys, of)).unwrap_or_default();
    if let Ended::Refused { code, text } = ended {
        return Err(TrialError::Refused { is_usage: code == 2, text: format!("#{number} {settings}: {text}") });
    }
    let found = record_in::<SearchRecord>(&folder)?;
    if let Some(cluster) = found.as_ref().and_then(|found| found.cluster_id.as_ref()).filter(|_| !series.embedded) {
        same_cluster(&mut record.cluster_id, cluster)?;
    }
    let found = found.and_then(|found| found.found).ok_or_else(|| TrialError::Refused {
        is_usage: false,
        text: format!("#{number} {settings}: its search ended before it found anything"),
    })?;
    let took_s = begun.elapsed().as_secs_f64();
    Ok(Some(CapacityOf { combination: number, found, took_s, folder: below(&series.out, &folder) }))
}

/// What `floodmark` is called with.
fn arguments(series: &Series, at: usize, folder: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["capacity".into(), series.profile.clone().into()];
    arguments.extend(series.flags.iter().chain(series.own_flags.get(at).into_iter().flatten()).cloned());
    arguments.extend([
        "--no-recovery".into(),
        "--recheck".into(),
        "0s".into(),
        "--json".into(),
        "--out".into(),
        folder.into(),
    ]);
    arguments
}
