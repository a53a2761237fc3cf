//! What is assumed where nobody says otherwise. Each can be set by its flag; those that a document recommends name it.

use super::known::{Figure, Known, Unit};

/// A figure with a usual value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assumption {
    figure: Figure,
    value: f64,
    why: &'static str,
}

impl Assumption {
    /// What was given, or else what is usual.
    #[must_use]
    pub(crate) fn or(self, given: Option<f64>) -> Known {
        given.map_or_else(|| self.figure.assumed(self.value, self.why), |value| self.figure.given(value))
    }
}

const fn assumption(key: &'static str, flag: &'static str, unit: Unit, value: f64, why: &'static str) -> Assumption {
    Assumption { figure: Figure { key, flag, unit }, value, why }
}

const DAY_S: f64 = 86_400.0;

/// A fifth: from there on `capacity --need` calls a capacity green.
pub(crate) const SPARE: Assumption =
    assumption("spare", "--spare", Unit::Factor, 0.2, "a fifth more than the peak, as capacity --need asks for green");
/// The fullest partition over the mean one.
pub(crate) const SKEW: Assumption =
    assumption("skew", "--skew", Unit::Factor, 1.0, "every partition takes as much as the others");
/// Consumer groups that read everything.
pub(crate) const GROUPS: Assumption =
    assumption("groups", "--groups", Unit::Count, 1.0, "one consumer group reads everything");
/// Copies of each partition.
pub(crate) const REPLICATION: Assumption =
    assumption("replication", "--replication", Unit::Count, 3.0, "three copies, as AWS recommends for three zones");
/// Brokers that may be down while the others hold the load.
pub(crate) const BROKERS_DOWN: Assumption =
    assumption("brokers_down", "--brokers-down", Unit::Count, 1.0, "the others hold the load while one is down");
/// What a follower's copy costs a broker, relative to an event from a producer.
pub(crate) const COPY_COST: Assumption =
    assumption("copy_cost", "--copy-cost", Unit::Factor, 1.0, "a follower's copy costs a broker as much as an event");
/// 61 bytes of a batch with one event; of the record 1 byte of attributes and varints of at most 10 + 5 × 5: without headers.
pub(crate) const OVERHEAD: Assumption = assumption(
    "overhead",
    "--overhead-bytes",
    Unit::Bytes,
    97.0,
    "one event a batch: 61 B of the batch, at most 36 B of the record",
);
/// What compression leaves of an event.
pub(crate) const COMPRESSED_TO: Assumption =
    assumption("compressed_to", "--compressed-to", Unit::Factor, 1.0, "nothing is compressed");
/// How long events are kept: Kafka's default.
pub(crate) const RETENTION: Assumption =
    assumption("retention", "--retention", Unit::Seconds, 7.0 * DAY_S, "Kafka's default, log.retention.hours=168");
/// How large a segment grows: Kafka's default.
pub(crate) const SEGMENT: Assumption =
    assumption("segment", "--segment", Unit::Bytes, 1_073_741_824.0, "Kafka's default, log.segment.bytes");
/// How long a segment is written to: Kafka's default.
pub(crate) const SEGMENT_ROLL: Assumption =
    assumption("segment_roll", "--segment-roll", Unit::Seconds, 7.0 * DAY_S, "Kafka's default, log.roll.hours=168");
/// How full a disk may be.
pub(crate) const DISK_FULL: Assumption =
    assumption("disk_full", "--disk-full", Unit::Factor, 0.85, "the level at which AWS says to act");
/// How long nothing is read.
pub(crate) const OUTAGE: Assumption =
    assumption("outage", "--outage", Unit::Seconds, 3600.0, "consumers read nothing for an hour, at the peak");
