//! Trials on a target: each is a run in a process of its own, as a person would start it, and what came of it is read from its folder. So
//! nothing of one trial is left in the next, and every trial can be looked at, and made again, by itself.

mod calibrate;
mod child;
mod error;
mod folder;
mod measured_rate;
mod nightly;
mod record;
mod search;
mod sweep;

pub(crate) use calibrate::{CalibrationWay, calibrate};
pub(crate) use error::TrialError;
pub(crate) use measured_rate::{MeasuredRate, Unmeasured, measured_rate};
pub(crate) use nightly::{NightTold, NightWay, ProfileWay, begin, complete, night, takes_s};
pub(crate) use record::record_in;
pub(crate) use search::{Told, Way, search};
pub(crate) use sweep::{Series, SweepTold, sweep};
