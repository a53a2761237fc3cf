//! Everything that a plan may rest on.

use super::known::Known;

/// What a plan is made of. What is absent leaves the lines out that need it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    /// The highest rate that was observed, where the peak is a multiple of it.
    pub(crate) observed_peak: Option<Known>,
    /// By what it is multiplied.
    pub(crate) times: Option<Known>,
    /// Events in a second at the wanted peak.
    pub(crate) peak: Known,
    /// Events in a second on average over the retention.
    pub(crate) kept: Known,
    /// Bytes of an event, payload and key, on average.
    pub(crate) event: Option<Known>,
    /// Bytes beside payload and key.
    pub(crate) overhead: Known,
    /// What compression leaves of an event: a share.
    pub(crate) compressed_to: Known,
    /// Events in a second that producers get into one partition.
    pub(crate) per_partition: Option<Known>,
    /// Events in a second that one consumer gets through.
    pub(crate) per_consumer: Option<Known>,
    /// Events in a second that one broker takes from producers, without replication.
    pub(crate) per_broker: Option<Known>,
    /// Consumer groups that read everything.
    pub(crate) groups: Known,
    /// Copies of each partition.
    pub(crate) replication: Known,
    /// The fullest partition over the mean one.
    pub(crate) skew: Known,
    /// How much more than the peak is planned for: a share of it.
    pub(crate) spare: Known,
    /// Brokers that may be down.
    pub(crate) brokers_down: Known,
    /// What a follower's copy costs a broker, over an event from a producer.
    pub(crate) copy_cost: Known,
    /// Bytes of a broker's disk.
    pub(crate) broker_disk: Option<Known>,
    /// How full a disk may be.
    pub(crate) disk_full: Known,
    /// Bytes in a second that a broker receives at most.
    pub(crate) network_in: Option<Known>,
    /// Bytes in a second that a broker sends at most.
    pub(crate) network_out: Option<Known>,
    /// How long events are kept, in seconds.
    pub(crate) retention: Known,
    /// Bytes to which a segment grows.
    pub(crate) segment: Known,
    /// Seconds for which a segment is written to.
    pub(crate) segment_roll: Known,
    /// Seconds for which nothing is read.
    pub(crate) outage: Known,
    /// Seconds in which consumers are to catch up after the outage.
    pub(crate) catch_up_within: Option<Known>,
    /// Brokers that there are.
    pub(crate) brokers: Option<Known>,
}

impl Asked {
    /// All figures that are known, in the order of a screen.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Known> {
        let some: [Option<&Known>; 26] = [
            self.observed_peak.as_ref(),
            self.times.as_ref(),
            Some(&self.peak),
            Some(&self.kept),
            self.event.as_ref(),
            Some(&self.overhead),
            Some(&self.compressed_to),
            self.per_partition.as_ref(),
            self.per_consumer.as_ref(),
            self.per_broker.as_ref(),
            self.network_in.as_ref(),
            self.network_out.as_ref(),
            self.broker_disk.as_ref(),
            self.brokers.as_ref(),
            self.catch_up_within.as_ref(),
            Some(&self.spare),
            Some(&self.skew),
            Some(&self.groups),
            Some(&self.replication),
            Some(&self.brokers_down),
            Some(&self.copy_cost),
            Some(&self.retention),
            Some(&self.segment),
            Some(&self.segment_roll),
            Some(&self.disk_full),
            Some(&self.outage),
        ];
        some.into_iter().flatten()
    }
}
