//! A plan that tests look at.

use super::known::Figure;
use super::{
    Asked, BROKERS_DOWN, COMPRESSED_TO, COPY_COST, DISK_FULL, GROUPS, OUTAGE, OVERHEAD, REPLICATION, RETENTION,
    SEGMENT, SEGMENT_ROLL, SKEW, SPARE,
};

/// A plan that rests on everything there is.
#[must_use]
pub(crate) fn example() -> Asked {
    Asked {
        observed_peak: None,
        times: None,
        peak: Figure::PEAK.given(40_000.0),
        kept: Figure::KEPT.given(10_000.0),
        event: Some(Figure::EVENT.measured(512.0, "a search")),
        overhead: OVERHEAD.or(Some(88.0)),
        compressed_to: COMPRESSED_TO.or(None),
        per_partition: Some(Figure::PER_PARTITION.measured(5000.0, "a search")),
        per_consumer: Some(Figure::PER_CONSUMER.measured(2500.0, "a search")),
        per_broker: Some(Figure::PER_BROKER.given(20_000.0)),
        groups: GROUPS.or(None),
        replication: REPLICATION.or(None),
        skew: SKEW.or(None),
        spare: SPARE.or(None),
        brokers_down: BROKERS_DOWN.or(None),
        copy_cost: COPY_COST.or(None),
        broker_disk: Some(Figure::BROKER_DISK.given(500e9)),
        disk_full: DISK_FULL.or(None),
        network_in: Some(Figure::NETWORK_IN.given(20e6)),
        network_out: Some(Figure::NETWORK_OUT.given(25e6)),
        retention: RETENTION.or(Some(86_400.0)),
        segment: SEGMENT.or(None),
        segment_roll: SEGMENT_ROLL.or(None),
        outage: OUTAGE.or(None),
        catch_up_within: None,
        brokers: None,
    }
}
