//! A batch on its way: while events are added to it, and once it is complete.

use std::sync::Arc;

use super::codec::Codec;
use super::order::{Ordered, Stamp};
use super::records::{HEADER_BYTES, Identity, Record, Records, Summary};
use crate::kafka::Outgoing;

/// Memory of a batch that is done with.
#[derive(Debug, Default)]
pub(super) struct Memory {
    bytes: Vec<u8>,
    events: Vec<Outgoing>,
}

/// A batch that events are added to.
#[derive(Debug)]
pub(super) struct Open {
    records: Records,
    events: Vec<Outgoing>,
    /// When its first event came, by the client's clock.
    pub(super) opened_ns: u64,
}

impl Open {
    pub(super) fn new(memory: Memory, now_ns: u64) -> Self {
        let Memory { bytes, mut events } = memory;
        events.clear();
        Open { records: Records::in_memory_of(bytes), events, opened_ns: now_ns }
    }

    pub(super) fn push(&mut self, record: &Record<'_>, event: Outgoing) {
        self.records.push(record);
        self.events.push(event);
    }

    pub(super) fn size(&self) -> usize {
        self.records.size()
    }

    pub(super) fn events(&self) -> &[Outgoing] {
        &self.events
    }

    /// Nothing is added from here on; after `lifetime_ns` its time is over.
    pub(super) fn close(self, lifetime_ns: u64) -> Batch {
        let Open { records, events, opened_ns } = self;
        let (summary, bytes) = records.into_parts();
        let over_ns = opened_ns.saturating_add(lifetime_ns);
        let charged_bytes = bytes.len().saturating_sub(HEADER_BYTES);
        Batch::of(summary, bytes, events, over_ns, charged_bytes)
    }
}

/// A complete batch.
#[derive(Debug)]
pub(super) struct Batch {
    summary: Summary,
    /// The records as they were added, after room for the header.
    bytes: Arc<Vec<u8>>,
    /// The same compressed, once it was tried and if that is smaller.
    packed: Option<Option<Arc<Vec<u8>>>>,
    events: Vec<Outgoing>,
    over_ns: u64,
    /// How many bytes were counted as its events were added.
    charged_bytes: usize,
    /// What the header says, once it is written.
    stamp: Option<Stamp>,
}

impl Batch {
    fn of(summary: Summary, bytes: Vec<u8>, events: Vec<Outgoing>, over_ns: u64, charged_bytes: usize) -> Self {
        Batch { summary, bytes: Arc::new(bytes), packed: None, events, over_ns, charged_bytes, stamp: None }
    }

    /// The batch as it is sent by this producer under this stamp.
    pub(super) fn sealed(&mut self, producer_id: i64, stamp: Stamp, codec: Codec) -> Arc<Vec<u8>> {
        let packed = self.packed.get_or_insert_with(|| codec.packed(&self.bytes).map(Arc::new));
        let (bytes, number) = match packed {
            Some(packed) => (packed, codec.number()),
            None => (&mut self.bytes, 0),
        };
        if self.stamp != Some(stamp) {
            let identity = Identity { producer_id, epoch: stamp.epoch, first_sequence: stamp.first };
            // A connection that is being given up may still hold it: then this is a copy.
            self.summary.write_header(Arc::make_mut(bytes).as_mut_slice(), number, identity);
            self.stamp = Some(stamp);
        }
        Arc::clone(bytes)
    }

    /// How large it is, uncompressed.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn events(&self) -> &[Outgoing] {
        &self.events
    }

    pub(super) fn over_ns(&self) -> u64 {
        self.over_ns
    }

    /// How many bytes are free once it is settled. Halves share what the whole was counted as: they are a little smaller.
    pub(super) fn charged_bytes(&self) -> usize {
        self.charged_bytes
    }

    pub(super) fn into_memory(self) -> Memory {
        // Memory that a connection still holds goes with that connection.
        Memory { bytes: Arc::try_unwrap(self.bytes).unwrap_or_default(), events: self.events }
    }
}

impl Ordered for Batch {
    fn records(&self) -> i32 {
        self.summary.count
    }

    fn is_over(&self, now_ns: u64) -> bool {
        self.over_ns <= now_ns
    }

    fn halves(&mut self) -> Option<[Self; 2]> {
        let [first, second] = self.summary.halves(&self.bytes)?;
        let (of_first, of_second) = self.events.split_at_checked(first.count() as usize)?;
        let half = |records: Records, events: &[Outgoing], charged_bytes: usize| {
            let (summary, bytes) = records.into_parts();
            Batch::of(summary, bytes, events.to_vec(), self.over_ns, charged_bytes)
        };
        let charged_to_first = first.size().saturating_sub(HEADER_BYTES).min(self.charged_bytes);
        let charged_to_second = self.charged_bytes - charged_to_first;
        Some([half(first, of_first, charged_to_first), half(second, of_second, charged_to_second)])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::Partition;

    /// A batch of this many events, and how many bytes were counted for them.
    fn batch(count: u64) -> (Batch, usize) {
        let mut open = Open::new(Memory::default(), 0);
        let empty = open.size();
        for sequence in 0..count {
            let record =
                Record { key: None, value: Some(b"value"), headers: &Vec::new(), timestamp_ms: sequence as i64 };
            let partition = Partition::new(0);
            let event =
                Outgoing { producer: 0, sequence, attempt: 0, partition, warmup: false, phase: None, sent_ns: 0 };
            open.push(&record, event);
        }
        let counted = open.size() - empty;
        (open.close(1), counted)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn what_was_counted_is_free_again_however_a_batch_is_split(count in 1_u64..500, splits in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let (whole, counted) = batch(count);
            let mut parts = vec![whole];
            for split in splits {
                let at = split.index(parts.len());
                if let Some(halves) = parts[at].halves() {
                    parts.splice(at..=at, halves);
                }
            }
            prop_assert_eq!(parts.iter().map(Batch::charged_bytes).sum::<usize>(), counted);
        }
    }
}
