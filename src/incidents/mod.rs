//! What happened when: saturation, outages, broken limits and recovery, found in a run's seconds. Pure; the same for a run, a killed run
//! and a folder that is read again.

mod backlog;
mod faults;
mod leaders;
mod rebalances;
mod seconds;
mod stalls;
mod stretches;
mod throttled;

#[cfg(test)]
mod queue_laws;

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use backlog::{Swell, swells};
pub(crate) use faults::{FaultSpell, fault, faults_of_parts};
pub(crate) use leaders::{LeaderMove, Leaders, leader_moved};
pub(crate) use rebalances::{Members, Rebalance, rebalances};
pub(crate) use seconds::{Second, Seconds, backlog as waiting};
pub(crate) use stalls::partitions_stalled;
use stretches::{joined, stretches};
pub(crate) use throttled::throttled;

/// Something that happened at one stage of a stream, or to the whole run, and from when to when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// What happened.
    pub kind: IncidentKind,
    /// The stream; empty when it concerns the whole run.
    pub stream: String,
    /// The stage, when the stream has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The limit that was broken, as in `end_to_end_p99`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<String>,
    /// The partitions, when it was not all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<u16>,
    /// The ids of two brokers: the one that led the partitions before, and the one that leads them now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brokers: Option<(i32, i32)>,
    /// The consumer group, where it concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The name of the profile's fault, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// When it began, in seconds from the start of the run.
    pub from_s: u64,
    /// When it was over, in seconds from the start of the run; absent when it was not over at the end of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_s: Option<u64>,
    /// How bad it was; what it counts is said by the kind.
    pub figure: f64,
}

impl Incident {
    /// One of a kind, that concerns nothing but its place.
    pub(crate) fn new(kind: IncidentKind, place: (&str, Option<&str>), lasts: (u64, Option<u64>), figure: f64) -> Self {
        let ((stream, stage), (from_s, to_s)) = (place, lasts);
        Incident {
            kind,
            stream: stream.to_owned(),
            stage: stage.map(str::to_owned),
            slo: None,
            partitions: Vec::new(),
            brokers: None,
            group: None,
            fault: None,
            from_s,
            to_s,
            figure,
        }
    }
}

/// What can happen. The names are a contract: more may come, none changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// A fault that the profile asks for (`fault`) was there, on purpose, until it was undone. Figure: for how many seconds.
    Fault,
    /// Events waited for their acknowledgement and none came. Figure: the most events without one.
    NoAcknowledgements,
    /// Events waited and none was delivered. Figure: the most events that waited.
    NoDeliveries,
    /// Partitions delivered nothing while the stage's others went on, where that is no chance. Figure: the events that would usually have come
    /// from them in that time.
    PartitionStalled,
    /// The partitions of the stage's topic have another leader. The second is that in which the cluster first said so. Figure: how many partitions.
    LeaderMoved,
    /// The consumer group (`group`) of the application whose output the stage is shared its partitions anew. Figure: the seconds in which that
    /// was seen.
    Rebalanced,
    /// Brokers answered that the stream's clients must wait, as a quota does. Figure: the longest of these waits, in milliseconds.
    Throttled,
    /// The stage delivered less than was offered, second after second. Figure: the rate that it held, in events per second.
    Saturation,
    /// The backlog was there: due and not delivered. From when it rose to when it was gone. Figure: the most events that waited.
    Backlog,
    /// A latency of single seconds was over its limit. Figure: the worst second's, in milliseconds.
    LimitBroken,
    /// The median of single seconds was over 60 % of what the stream's class of service allows the p99: time for more consumers or partitions.
    /// Figure: the worst second's median, in milliseconds.
    ScaleUp,
    /// The backlog was gone, and the latency back within its limit or, without one, within twice its worst before. From when the backlog
    /// began to fall to when both held. Figure: the seconds between them.
    Recovered,
}

/// What a stage is held against.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    /// The limit of the end-to-end p99, in milliseconds.
    pub end_to_end_p99_ms: Option<f64>,
    /// The median that asks for more consumers or partitions, in milliseconds.
    pub scale_up_p50_ms: Option<f64>,
}

/// With this many events due, a second without any is an outage and not chance.
const ENOUGH_DUE: u64 = 20;

/// The incidents of one stage, in the order in which they began.
#[must_use]
pub(crate) fn find(seconds: &Seconds, limits: Limits) -> Vec<Incident> {
    let over_limit = over_limit(seconds, limits);
    let swells = swells(seconds);
    let mut incidents: Vec<Incident> = Vec::new();
    for swell in &swells {
        incidents.extend(causes(seconds, swell));
        incidents.push(seconds.incident(IncidentKind::Backlog, &swell.lasts, swell.most as f64));
    }
    incidents.extend(over_limit.iter().map(|lasts| limit_broken(seconds, lasts)));
    incidents.extend(scale_ups(seconds, limits));
    incidents.extend(recoveries(seconds, limits, &swells));
    incidents.sort_by_key(|incident| (incident.from_s, incident.kind));
    incidents
}

/// What made a backlog: outages, or a stage at the end of its strength.
fn causes(seconds: &Seconds, swell: &Swell) -> Vec<Incident> {
    let mut causes = Vec::new();
    let unacked = outages(seconds, &swell.lasts, |second| second.acked == 0 && second.outstanding > 0);
    for lasts in &unacked {
        let most = seconds.of(lasts).map(|second| second.outstanding).max().unwrap_or(0);
        causes.push(seconds.incident(IncidentKind::NoAcknowledgements, lasts, most as f64));
    }
    // Where nothing was acknowledged, nothing new can be delivered: that is the same outage.
    let known = |lasts: &Range<usize>| unacked.iter().any(|known| overlap(known, lasts));
    let undelivered = outages(seconds, &swell.lasts, |second| second.delivered == 0);
    for lasts in undelivered.iter().filter(|lasts| !known(lasts)) {
        let most = lasts.clone().map(|at| seconds.backlog(at)).max().unwrap_or(0);
        causes.push(seconds.incident(IncidentKind::NoDeliveries, lasts, most as f64));
    }
    causes.extend(saturation(seconds, swell, &joined(unacked.into_iter().chain(undelivered), 0)));
    causes
}

/// Seconds of a backlog in which something did not happen at all: two or more, or one in which enough was due for that to be no chance.
fn outages(seconds: &Seconds, within: &Range<usize>, is_out: impl Fn(&Second) -> bool) -> Vec<Range<usize>> {
    let is_no_chance = |lasts: &Range<usize>| lasts.len() >= 2 || seconds.at(lasts.start).offered >= ENOUGH_DUE;
    stretches(within.clone(), |at| is_out(seconds.at(at))).filter(is_no_chance).collect()
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// A stage is saturated when the backlog rises for three seconds while it delivers. The rate that it held is the median of its busy seconds.
fn saturation(seconds: &Seconds, swell: &Swell, outages: &[Range<usize>]) -> Option<Incident> {
    let is_out = |at: usize| outages.iter().any(|outage| outage.contains(&at));
    // The first second of a rise and the last of a fall are busy only in part; so are those beside an outage.
    let inner = swell.lasts.start + 1..seconds.end_of(&swell.lasts);
    let busy = |at: usize| !is_out(at) && !is_out(at.wrapping_sub(1)) && !is_out(at + 1);
    let rises = |at: &usize| busy(*at) && seconds.is_short(*at);
    let rising: Vec<usize> = inner.clone().filter(rises).collect();
    let last = *rising.last().filter(|_| rising.len() >= 2)?;
    let mut held: Vec<u64> = inner.filter(|at| busy(*at)).map(|at| seconds.at(at).delivered).collect();
    held.sort_unstable();
    let rate_per_s = held[held.len() / 2] as f64 / seconds.width_s() as f64;
    Some(seconds.incident(IncidentKind::Saturation, &(swell.lasts.start..last + 1), rate_per_s))
}

/// When single seconds were over the limit; two of them with less than three seconds between belong together.
fn over_limit(seconds: &Seconds, limits: Limits) -> Vec<Range<usize>> {
    let Some(limit_ms) = limits.end_to_end_p99_ms else { return Vec::new() };
    let is_over = |at: usize| seconds.at(at).p99_ms.is_some_and(|p99_ms| p99_ms > limit_ms);
    joined(stretches(0..seconds.len(), is_over), 2)
}

/// When the median was over what asks for more, for three seconds or longer.
fn scale_ups(seconds: &Seconds, limits: Limits) -> Vec<Incident> {
    let Some(limit_ms) = limits.scale_up_p50_ms else { return Vec::new() };
    let is_over = |at: usize| seconds.at(at).p50_ms.is_some_and(|p50_ms| p50_ms > limit_ms);
    let worst_ms = |lasts: &Range<usize>| seconds.of(lasts).filter_map(|second| second.p50_ms).fold(0.0, f64::max);
    let long = joined(stretches(0..seconds.len(), is_over), 2).into_iter().filter(|lasts| lasts.len() >= 3);
    long.map(|lasts| seconds.incident(IncidentKind::ScaleUp, &lasts, worst_ms(&lasts))).collect()
}

fn limit_broken(seconds: &Seconds, lasts: &Range<usize>) -> Incident {
    let worst_ms = seconds.of(lasts).filter_map(|second| second.p99_ms).fold(0.0, f64::max);
    let incident = seconds.incident(IncidentKind::LimitBroken, lasts, worst_ms);
    Incident { slo: Some("end_to_end_p99".to_owned()), ..incident }
}

/// When a stage was itself again after each backlog, if it ever was.
fn recoveries(seconds: &Seconds, limits: Limits, swells: &[Swell]) -> Vec<Incident> {
    swells.iter().filter_map(|swell| recovery(seconds, limits, swell)).collect()
}

fn recovery(seconds: &Seconds, limits: Limits, swell: &Swell) -> Option<Incident> {
    let gone = swell.lasts.end;
    // Calm seconds differ among themselves: up to twice the worst of them is as before.
    let before_ms = seconds.worst_p99_ms(swell.calm_before.clone()).map(|worst_ms| 2.0 * worst_ms);
    let allowed_ms = limits.end_to_end_p99_ms.or(before_ms);
    let is_back = |at: &usize| match (seconds.at(*at).p99_ms, allowed_ms) {
        (Some(p99_ms), Some(allowed_ms)) => p99_ms <= allowed_ms,
        _ => true,
    };
    let recovered = (gone..seconds.len()).find(is_back)?;
    // The cause is over when the backlog was at its highest: from then on more was delivered than offered.
    let lasts = swell.peak + 1..recovered;
    let took_s = (lasts.len() * seconds.width_s()) as f64;
    Some(seconds.incident(IncidentKind::Recovered, &lasts, took_s))
}
