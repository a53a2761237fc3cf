//! A stream's whole schedule: what is due when, with every event's attributes.

use std::sync::Arc;

use rand_xoshiro::Xoshiro256PlusPlus;

use super::arrivals::{Blocks, Process, Share, process_of};
use super::clocks::ProducerClock;
use super::fingerprint::beside_of;
use super::form::{Forms, RecordForm};
use super::injections::Injections;
use super::keys::KeyPicker;
use super::partition::partition_of;
use super::random::{Purpose, Source};
use super::rate::RateCurve;
use super::send::PlannedSend;
use super::sizes::SizePicker;
use super::weights::PartitionWeights;
use crate::event::Partition;
use crate::payload::{FieldSeeds, KeyForm};
use crate::profile::phase_plan::PhasePlan;
use crate::profile::{Profile, Records, Span, Stream};

/// A key's prefix and its number, at most.
const LONGEST_KEY_NAME: usize = 84;
/// Up to this many keys, each key's partition is kept in a table.
const LARGEST_PARTITION_TABLE: u64 = 1 << 20;

/// One stream's schedule.
#[derive(Debug)]
pub struct StreamSchedule {
    pub(super) index: u8,
    pub(super) producers: u16,
    process: Box<dyn Process>,
    pub(super) curve: RateCurve,
    source: Source,
    pub(super) injections: Injections,
    clocks: Vec<ProducerClock>,
    keys: KeyPicker,
    key_prefix: String,
    key_form: Option<KeyForm>,
    key_partitions: Vec<Partition>,
    forms: Forms,
    sizes: SizePicker,
    mean_payload_bytes: f64,
    partitions: u16,
    weights: Option<PartitionWeights>,
    /// Identifies what its records carry beside payloads; none where they carry nothing.
    pub(super) beside: Option<u64>,
    phases: PhasePlan,
}

/// The schedules of all of a profile's streams. `partitions` is the number of partitions of each stream's topic.
#[must_use]
pub fn streams_of(profile: &Profile, duration: Span, partitions: &[u16]) -> Vec<Arc<StreamSchedule>> {
    let schedule = |(index, (stream, &partitions))| {
        Arc::new(StreamSchedule::new(stream, index, profile.seed, duration, partitions))
    };
    (0_u8..).zip(profile.streams.iter().zip(partitions)).map(schedule).collect()
}

impl StreamSchedule {
    /// The schedule of the profile's stream number `index`, sent to a topic with `partitions` partitions.
    #[must_use]
    pub fn new(stream: &Stream, index: u8, seed: u64, duration: Span, partitions: u16) -> Self {
        let source = Source::new(seed, index);
        let process = process_of(stream, duration, source);
        let skew = stream.skew.as_ref();
        let recorded = stream.records.as_ref().and_then(Records::recorded).cloned();
        let mut schedule = StreamSchedule {
            index,
            producers: stream.producers,
            curve: RateCurve::of_stream(stream, duration, process.rate_factor()),
            process,
            source,
            injections: Injections::new(stream, seed, index),
            clocks: (0..stream.producers).map(|producer| ProducerClock::new(skew, producer, source)).collect(),
            keys: recorded.clone().map_or_else(|| KeyPicker::new(&stream.keys), KeyPicker::Recorded),
            key_prefix: stream.keys.prefix.clone(),
            key_form: stream.keys.read.clone(),
            key_partitions: Vec::new(),
            forms: Forms::new(stream),
            sizes: SizePicker::new(&stream.payload),
            mean_payload_bytes: SizePicker::new(&stream.payload).mean_payload_bytes(&stream.payload)
                * (1.0 - stream.tombstone_share()),
            partitions: partitions.max(1),
            weights: PartitionWeights::of(&stream.partition_weights, partitions.max(1)),
            beside: beside_of(stream),
            phases: PhasePlan::of(stream, duration),
        };
        let keys = recorded.map_or(stream.keys.count, |recorded| recorded.key_count());
        if keys <= LARGEST_PARTITION_TABLE {
            let mut form = schedule.key_form.clone();
            schedule.key_partitions = (0..keys).map(|key| schedule.hash_partition(key, &mut form)).collect();
        }
        schedule
    }

    /// The stream's phases, where figures are told for each.
    #[must_use]
    pub(crate) fn phases(&self) -> &PhasePlan {
        &self.phases
    }

    /// The stream's position in the profile.
    #[must_use]
    pub fn index(&self) -> u8 {
        self.index
    }

    /// How many logical producers share the stream.
    #[must_use]
    pub fn producers(&self) -> u16 {
        self.producers
    }

    /// How many partitions the topic has.
    #[must_use]
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The offered rate over time (for on-off arrivals: its mean over each cycle).
    #[must_use]
    pub fn curve(&self) -> &RateCurve {
        &self.curve
    }

    /// The highest offered rate, in events per second; inside a burst, for on-off arrivals.
    #[must_use]
    pub fn peak_per_s(&self) -> f64 {
        self.curve.peak_per_s() * self.process.peak_factor()
    }

    /// The offered rate as points of a line, from the start to the end of the run: seconds, events per second. A step is two points at one
    /// moment; bursts are drawn where they fall.
    #[must_use]
    pub fn rate_points(&self) -> Vec<(f64, f64)> {
        let line = self.process.outline(&self.curve);
        let end_s = self.curve.end_ns() as f64 / 1e9;
        let last = line.last().copied().unwrap_or_default();
        let silence = (last.0 < end_s).then_some([(last.0, 0.0), (end_s, 0.0)]);
        line.into_iter().chain(silence.into_iter().flatten()).collect()
    }

    /// What is done to single events on purpose.
    #[must_use]
    pub fn injections(&self) -> &Injections {
        &self.injections
    }

    /// How wrong a producer's clock is at `at_ns` nanoseconds after the start of the run: offset, drift and step, in nanoseconds. Absurd
    /// times of single events are not included. `None` for a producer that the stream does not have.
    #[must_use]
    pub fn clock_error_ns(&self, producer: u16, at_ns: u64) -> Option<i64> {
        self.clocks.get(usize::from(producer)).map(|clock| clock.steady_error_ns(at_ns))
    }

    /// Whether any producer's clock is wrong at any time, or any event's time absurd.
    #[must_use]
    pub fn has_wrong_clocks(&self) -> bool {
        self.clocks.iter().any(|clock| !clock.is_right())
    }

    /// Whether the profile made this one event's time absurd.
    #[must_use]
    pub fn is_absurd(&self, producer: u16, sequence: u64) -> bool {
        let clock = self.clocks.get(usize::from(producer));
        clock.is_some_and(|clock| clock.is_absurd(producer, sequence, self.source))
    }

    /// The approximate mean size of a payload in bytes.
    #[must_use]
    pub fn mean_size_bytes(&self) -> f64 {
        self.mean_payload_bytes
    }

    /// The largest size that an event can have, in bytes: of the whole payload, or of the filler if the profile gives that.
    #[must_use]
    pub fn largest_size_bytes(&self) -> u32 {
        self.sizes.largest()
    }

    /// The share of events whose size is larger than `bytes`, 0 to 1.
    #[must_use]
    pub fn share_larger_than(&self, bytes: u64) -> f64 {
        self.sizes.share_above(bytes)
    }

    /// How many events of a producer have their place in the schedule before a moment, in nanoseconds from the start: those with the sequence
    /// numbers below this.
    #[must_use]
    pub(crate) fn events_before(&self, producer: u16, at_ns: u64) -> u64 {
        let mut blocks = self.blocks(producer);
        blocks.seek_time(&self.curve, at_ns);
        let mut due_ns = Vec::new();
        while let Some(block) = blocks.next_block(&self.curve) {
            due_ns.clear();
            blocks.add_due_ns(&self.curve, block, &mut due_ns);
            if due_ns.last().is_some_and(|last_ns| *last_ns >= at_ns) {
                return block.first + due_ns.partition_point(|due_ns| *due_ns < at_ns) as u64;
            }
        }
        self.planned_by(producer)
    }

    /// How many events a producer sends over the whole run.
    #[must_use]
    pub fn planned_by(&self, producer: u16) -> u64 {
        self.process.total(&self.share(producer))
    }

    /// How many events all producers send over the whole run.
    #[must_use]
    pub fn planned(&self) -> u64 {
        (0..self.producers).map(|producer| self.planned_by(producer)).sum()
    }

    /// Appends a key's name to `out`: as it was recorded, or prefix and number.
    pub fn write_key_name(&self, key: u64, out: &mut Vec<u8>) {
        if let KeyPicker::Recorded(records) = &self.keys {
            out.extend_from_slice(records.name(key));
            return;
        }
        out.extend_from_slice(self.key_prefix.as_bytes());
        out.extend_from_slice(itoa::Buffer::new().format(key).as_bytes());
    }

    /// Appends a record's key to `out`: what `form` makes of the name, or the name itself.
    pub fn write_key(&self, key: u64, form: &mut Option<KeyForm>, out: &mut Vec<u8>) {
        let Some(form) = form else { return self.write_key_name(key, out) };
        let mut name = Vec::with_capacity(LONGEST_KEY_NAME);
        self.write_key_name(key, &mut name);
        form.write(out, &name, self.source.bits(Purpose::FieldsOfKey, 0, key));
    }

    /// What makes a key of its name, where a record's key is more than that. Each thread that writes keys has its own.
    #[must_use]
    pub fn key_form(&self) -> Option<KeyForm> {
        self.key_form.clone()
    }

    /// What the fields of an event's payload are drawn from; the same for all its copies.
    #[must_use]
    pub fn field_seeds(&self, producer: u16, sequence: u64, key: Option<u64>) -> FieldSeeds {
        let event = self.source.bits(Purpose::Fields, producer, sequence);
        FieldSeeds { event, key: key.map_or(event, |key| self.source.bits(Purpose::FieldsOfKey, 0, key)) }
    }

    fn share(&self, producer: u16) -> Share {
        Share { producer, producers: self.producers, mass: self.curve.total(), source: self.source }
    }

    pub(super) fn attributes_of_block(&self, producer: u16, block: u64) -> Xoshiro256PlusPlus {
        self.source.sequence(Purpose::Attributes, producer, block)
    }

    /// A producer's blocks, from its first.
    pub(super) fn blocks(&self, producer: u16) -> Box<dyn Blocks> {
        self.process.blocks(self.share(producer))
    }

    /// The event at its place in the schedule, complete except for its retries.
    pub(super) fn event(
        &self,
        producer: u16,
        sequence: u64,
        due_ns: u64,
        random: &mut Xoshiro256PlusPlus,
    ) -> PlannedSend {
        let key = self.keys.pick(random, self.place(producer, sequence));
        let size_bytes = self.sizes.pick(random);
        let form = self.form_of(producer, sequence, key);
        let lateness_ns = self.injections.lateness_ns(producer, sequence);
        let clock_ns = self.clocks[usize::from(producer)].error_ns(due_ns, producer, sequence, self.source);
        PlannedSend {
            due_ns,
            event_time_ns: due_ns.cast_signed().saturating_sub(lateness_ns.cast_signed()).saturating_add(clock_ns),
            sequence,
            key,
            size_bytes,
            partition: match key.filter(|_| form != RecordForm::NullKey) {
                Some(key) => self.partition_of_key(key),
                None => self.partition_without_key(producer, sequence),
            },
            attempt: 0,
            late: lateness_ns > 0,
            form,
        }
    }

    /// Whether some of its records lack a part.
    pub(super) fn has_forms(&self) -> bool {
        let recorded = matches!(&self.keys, KeyPicker::Recorded(records) if records.has_tombstones());
        recorded || !self.forms.are_whole()
    }

    /// What an event's record consists of: as it was recorded, or as it is drawn.
    fn form_of(&self, producer: u16, sequence: u64, key: Option<u64>) -> RecordForm {
        if let KeyPicker::Recorded(records) = &self.keys
            && records.is_tombstone(self.place(producer, sequence))
        {
            return RecordForm::Tombstone;
        }
        // Without a key there is nothing to lack, and nothing that a drawn tombstone could delete: recorded events may have none.
        let bits = || self.source.bits(Purpose::Form, producer, sequence);
        key.map_or(RecordForm::Whole, |_| self.forms.of(bits))
    }

    /// One after another, or by their weights.
    fn partition_without_key(&self, producer: u16, sequence: u64) -> Partition {
        match &self.weights {
            Some(weights) => weights.at(self.source.bits(Purpose::Partition, producer, sequence)),
            None => Partition::of_number(self.place(producer, sequence), self.partitions),
        }
    }

    /// An event's number among all of the stream, as its producers take turns.
    fn place(&self, producer: u16, sequence: u64) -> u64 {
        sequence * u64::from(self.producers) + u64::from(producer)
    }

    fn partition_of_key(&self, key: u64) -> Partition {
        self.key_partitions.get(key as usize).copied().unwrap_or_else(|| self.hash_partition(key, &mut self.key_form()))
    }

    fn hash_partition(&self, key: u64, form: &mut Option<KeyForm>) -> Partition {
        let mut bytes = Vec::with_capacity(32);
        self.write_key(key, form, &mut bytes);
        self.weights.as_ref().map_or_else(|| partition_of(&bytes, self.partitions), |weights| weights.of_key(&bytes))
    }
}
