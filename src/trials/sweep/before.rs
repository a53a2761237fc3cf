//! The command before a trial or a search.

use crate::stop::StopFlag;
use crate::sweep::{SweepRecord, filled_in, named, variable};
use crate::trials::TrialError;
use crate::trials::child::Child;

use super::Series;

/// Runs the command for a combination, from 0, if there is one. `number` is the trial's.
///
/// # Errors
/// A command that cannot be started, or did not end well.
pub(super) fn before(
    series: &Series,
    combination: usize,
    number: usize,
    record: &SweepRecord,
    stop: &StopFlag,
) -> Result<(), TrialError> {
    let (Some(line), Some(values)) = (&record.before, record.combinations.get(combination)) else { return Ok(()) };
    let log = series.out.join("before.log");
    let variables: Vec<(String, String)> =
        record.keys.iter().zip(values).map(|(key, value)| (variable(&key.name), value.clone())).collect();
    let ended = Child::shell(&filled_in(line, &record.keys, values), &variables, &log)?.output(stop)?;
    if ended.status.success() || stop.is_set() {
        return Ok(());
    }
    let status = ended.status.to_string().replace("exit status: ", "exit code ");
    Err(TrialError::Before { status, number, settings: named(&record.keys, values), log })
}
