//! How much a target can take: the search for the largest factor on a profile's rates at which all its limits hold. Pure; the trials
//! themselves are runs.

mod busiest;
#[cfg(test)]
pub(crate) mod examples;
mod held;
mod idle;
mod judged;
mod known;
mod lag;
mod need;
mod plays;
mod recheck;
mod recovery;
mod search;
mod search_record;
mod sender;
#[cfg(test)]
mod simulated;
mod step;
mod trial;
mod votes;

pub(crate) use idle::{at_start_ms, was_busy};
pub(crate) use judged::{binding_of, disturbance, is_the_senders, judged, worst};
pub(crate) use need::{Headroom, Need, Needed, Standing, of_curve, of_profile};
pub(crate) use plays::{BURST_FROM_S, CALM_S, Plays, burst, busiest_at_once, busiest_only, whole};
pub(crate) use recovery::{Burst, Recovered, Recovery, gone_after_s, recovered};
pub(crate) use search::{found_first, next, so_far};
#[cfg(test)]
pub(crate) use search_record::Rechecked;
pub(crate) use search_record::{Bound, CAPACITY_SCHEMA, Ended, Found, SearchRecord, capacity_schema};
pub(crate) use sender::{SenderReach, WANTED};
#[cfg(test)]
pub(crate) use step::Conclusion;
pub(crate) use step::{Rules, Step};
pub(crate) use trial::{Binding, Length, Outcome, Trial, Worst};
