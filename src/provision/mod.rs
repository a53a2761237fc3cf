//! What to order for a load: partitions, consumers, brokers and disk, from measured, given and assumed figures. Pure; where a formula comes
//! from is said beside it.

mod asked;
mod assumptions;
mod brokers;
#[cfg(test)]
pub(crate) mod example;
mod known;
mod lines;
mod peak;
mod plan;
mod queue;
mod reading;
mod record;
mod sources;
mod spread;
mod storing;
mod words;

pub(crate) use asked::Asked;
pub(crate) use assumptions::{
    BROKERS_DOWN, COMPRESSED_TO, COPY_COST, DISK_FULL, GROUPS, OUTAGE, OVERHEAD, REPLICATION, RETENTION, SEGMENT,
    SEGMENT_ROLL, SKEW, SPARE,
};
pub(crate) use known::{Basis, Figure, Known, Unit};
pub(crate) use peak::{busiest_bucket_per_s, fullest_per_s};
pub(crate) use plan::{Refusal, plan};
pub(crate) use record::{Answer, Line, Provision, provision_schema};
pub(crate) use words::quantity;
