//! Sequence numbers of idempotent producers in one partition: a retried batch is stored once (KIP-98, KIP-360).

use std::collections::{HashMap, VecDeque};

use super::batch::BatchHeader;

/// How many of a producer's last batches are remembered: the number that a client may have in flight.
const REMEMBERED_BATCHES: usize = 5;

/// What to do with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequencing {
    /// The next in order, or not from an idempotent producer: store it.
    Fresh,
    /// Already stored at this base offset: acknowledge it again.
    Duplicate(i64),
    /// A batch before it is missing.
    OutOfOrder,
    /// A newer instance of the producer has taken over.
    StaleEpoch,
}

#[derive(Debug, Clone, Copy)]
struct Remembered {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
}

#[derive(Debug)]
struct Producer {
    epoch: i16,
    batches: VecDeque<Remembered>,
}

/// What one partition knows about its producers.
#[derive(Debug, Default)]
pub(super) struct Producers {
    by_id: HashMap<i64, Producer>,
}

impl Producers {
    /// Judges a batch without changing anything.
    pub(super) fn judge(&self, batch: &BatchHeader) -> Sequencing {
        if batch.producer_id < 0 {
            return Sequencing::Fresh;
        }
        let Some(producer) = self.by_id.get(&batch.producer_id) else { return Sequencing::Fresh };
        if batch.producer_epoch < producer.epoch {
            return Sequencing::StaleEpoch;
        }
        if batch.producer_epoch > producer.epoch {
            return if batch.base_sequence == 0 { Sequencing::Fresh } else { Sequencing::OutOfOrder };
        }
        let last_sequence = batch.last_sequence();
        let same = |old: &&Remembered| old.first_sequence == batch.base_sequence && old.last_sequence == last_sequence;
        if let Some(old) = producer.batches.iter().find(same) {
            return Sequencing::Duplicate(old.base_offset);
        }
        match producer.batches.back() {
            Some(newest) if follows(newest.last_sequence, batch.base_sequence) => Sequencing::Fresh,
            Some(_) => Sequencing::OutOfOrder,
            // Only a marker was seen under this epoch.
            None => Sequencing::Fresh,
        }
    }

    /// Remembers a batch that was stored at `base_offset`.
    pub(super) fn note(&mut self, batch: &BatchHeader, base_offset: i64) {
        if batch.producer_id < 0 {
            return;
        }
        let producer = self.at_epoch(batch.producer_id, batch.producer_epoch);
        if producer.batches.len() == REMEMBERED_BATCHES {
            producer.batches.pop_front();
        }
        let (first_sequence, last_sequence) = (batch.base_sequence, batch.last_sequence());
        producer.batches.push_back(Remembered { first_sequence, last_sequence, base_offset });
    }

    /// Remembers that a transaction marker carried this epoch: older ones are fenced from here on.
    pub(super) fn note_epoch(&mut self, producer_id: i64, epoch: i16) {
        self.at_epoch(producer_id, epoch);
    }

    fn at_epoch(&mut self, producer_id: i64, epoch: i16) -> &mut Producer {
        let producer = self.by_id.entry(producer_id).or_insert_with(|| Producer { epoch, batches: VecDeque::new() });
        if producer.epoch != epoch {
            *producer = Producer { epoch, batches: VecDeque::new() };
        }
        producer
    }
}

fn follows(last_sequence: i32, next_sequence: i32) -> bool {
    last_sequence.checked_add(1).unwrap_or(0) == next_sequence
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::batch::tests::batch_of;
    use super::*;

    fn header(count: i32, epoch: i16, sequence: i32) -> BatchHeader {
        BatchHeader::read(&batch_of(count, (1, epoch, sequence), false, 0)).unwrap()
    }

    proptest! {
        #[test]
        fn a_retry_of_any_of_the_last_five_is_acknowledged_where_it_was_stored(counts in prop::collection::vec(1_i32..50, 1..20), back in 0_usize..5, first in prop_oneof![Just(0), Just(i32::MAX - 60)]) {
            let mut producers = Producers::default();
            let mut stored = Vec::new();
            let (mut sequence, mut offset) = (first, 0_i64);
            for &count in &counts {
                let batch = header(count, 0, sequence);
                prop_assert_eq!(producers.judge(&batch), Sequencing::Fresh);
                producers.note(&batch, offset);
                stored.push((batch, offset));
                offset += i64::from(count);
                sequence = batch.last_sequence().checked_add(1).unwrap_or(0);
            }
            let (batch, at) = stored[stored.len() - 1 - back % stored.len()];
            prop_assert_eq!(producers.judge(&batch), Sequencing::Duplicate(at));
            prop_assert_eq!(producers.judge(&batch), Sequencing::Duplicate(at), "judging changes nothing");
        }

        #[test]
        fn a_gap_is_out_of_order(gap in 1_i32..1_000) {
            let mut producers = Producers::default();
            producers.note(&header(10, 0, 0), 0);
            prop_assert_eq!(producers.judge(&header(10, 0, 10 + gap)), Sequencing::OutOfOrder);
        }
    }

    #[test]
    fn an_older_epoch_is_fenced_and_a_newer_one_starts_at_zero() {
        let mut producers = Producers::default();
        producers.note(&header(10, 4, 0), 0);
        assert_eq!(producers.judge(&header(1, 3, 10)), Sequencing::StaleEpoch);
        assert_eq!(producers.judge(&header(1, 5, 10)), Sequencing::OutOfOrder);
        assert_eq!(producers.judge(&header(1, 5, 0)), Sequencing::Fresh);
        producers.note_epoch(1, 6);
        assert_eq!(producers.judge(&header(1, 5, 0)), Sequencing::StaleEpoch);
        assert_eq!(producers.judge(&header(1, 6, 0)), Sequencing::Fresh);
    }
}
