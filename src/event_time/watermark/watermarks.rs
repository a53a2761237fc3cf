//! Several models over one stream, in one pass.

use super::append_order::AppendOrder;
use super::certain::Certain;
use super::claim::Claim;
use super::live::Live;
use super::spec::ModelSpec;
use super::tally::ModelTally;
use super::timed::TimedRecord;
use super::unit_doubt::{UnitDoubt, unit_doubt};

/// Computes several models over one stream. Each partition's records must come in their order; between partitions any order will do.
#[derive(Debug)]
pub struct Watermarks {
    models: Vec<(Certain, Option<Live>)>,
    specs: Vec<ModelSpec>,
    order: AppendOrder,
    /// Whether any model depends on append order.
    any_live: bool,
    without_event_time: u64,
    without_append_time: u64,
    doubted: Option<UnitDoubt>,
}

impl Watermarks {
    /// Nothing has been seen. `partitions` is how many the topic has, those without events included.
    #[must_use]
    pub fn new(specs: &[ModelSpec], partitions: usize) -> Self {
        let models: Vec<_> =
            specs.iter().map(|spec| (Certain::new(spec, partitions), Live::new(spec, partitions))).collect();
        Watermarks {
            any_live: models.iter().any(|(_, live)| live.is_some()),
            models,
            specs: specs.to_vec(),
            order: AppendOrder::new(partitions),
            without_event_time: 0,
            without_append_time: 0,
            doubted: None,
        }
    }

    /// Takes in the next record of its partition, and returns the first model's claim about it.
    #[inline]
    pub fn observe(&mut self, record: &TimedRecord) -> Option<Claim> {
        if self.doubted.is_none() {
            self.doubted = unit_doubt(record.event_time_ms);
        }
        let mut claims = self.models.iter_mut().map(|(certain, _)| certain.observe(record));
        let first = claims.next();
        // The other models' claims count in their tallies.
        claims.for_each(drop);
        match record.appended_ms {
            Some(appended_ms) if self.any_live => {
                let Watermarks { order, models, .. } = self;
                order.push(record, appended_ms, &mut |next| {
                    models.iter_mut().filter_map(|(_, live)| live.as_mut()).for_each(|live| live.observe(next));
                });
            }
            Some(_) => {}
            None => self.without_append_time += 1,
        }
        first
    }

    /// A record whose event time cannot be read: no model can claim anything about it.
    pub fn observe_without_event_time(&mut self) {
        self.without_event_time += 1;
    }

    /// Everything that was appended to a partition before this moment has been observed.
    pub fn reached(&mut self, partition: u16, appended_ms: i64) {
        self.order.reached(partition, appended_ms);
    }

    /// The engines have read everything observed so far, and have emitted their watermarks since.
    pub fn barrier(&mut self) {
        self.models.iter_mut().for_each(|(certain, _)| certain.barrier());
    }

    /// The unit that an event time seemed to be in, instead of milliseconds.
    #[must_use]
    pub fn doubted(&self) -> Option<UnitDoubt> {
        self.doubted
    }

    /// Every model's figures, in the models' order.
    #[must_use]
    pub fn finish(mut self) -> Vec<ModelTally> {
        let Watermarks { order, models, .. } = &mut self;
        order.finish(&mut |next| {
            models.iter_mut().filter_map(|(_, live)| live.as_mut()).for_each(|live| live.observe(next));
        });
        let (overtaken, without_append_time) = (self.order.overtaken(), self.without_append_time);
        let (without_event_time, doubted) = (self.without_event_time, self.doubted);
        let tally = |(spec, (certain, live)): (ModelSpec, (Certain, Option<Live>))| {
            let live = live.filter(|_| without_append_time == 0);
            ModelTally::new(spec, certain, live, overtaken).with_bad_times(without_event_time, doubted)
        };
        self.specs.into_iter().zip(self.models).map(tally).collect()
    }
}
