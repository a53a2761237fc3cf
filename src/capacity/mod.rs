//! How much a target can take: the search for the largest factor on a profile's rates at which all its limits hold. Pure; the trials
//! themselves are runs.

mod busiest;
mod judged;
mod lag;
mod need;
mod search;
mod search_record;
#[cfg(test)]
mod simulated;
mod trial;

pub(crate) use busiest::{Cut, busiest};
pub(crate) use judged::{judged, worst};
pub(crate) use need::{Headroom, Need, Standing};
#[cfg(test)]
pub(crate) use search::Conclusion;
pub(crate) use search::{Rules, Step, next};
pub(crate) use search_record::{Bound, CAPACITY_SCHEMA, Ended, Found, SearchRecord, capacity_schema};
#[cfg(test)]
pub(crate) use trial::Binding;
pub(crate) use trial::{Length, Outcome, Trial};
