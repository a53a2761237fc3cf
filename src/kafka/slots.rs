//! A place for every event in flight: the worker writes it, and the thread that hears of deliveries reads it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rdkafka::types::RDKafkaErrorCode;

use super::batch::NativeDelivery;
use super::outcome::{Delivery, Outcome, Outgoing};
use crate::event::Partition;

/// In a slot: the event belongs to no phase.
const NO_PHASE: u8 = u8::MAX;

/// One event in flight. Written by the worker while the slot is its own, read by the other thread once the client reports it;
/// the client's own locks order the two, so plain relaxed accesses are enough.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) in_use: AtomicBool,
    sequence: AtomicU64,
    place: AtomicU64,
    sent_ns: AtomicU64,
}

impl Slot {
    pub(super) fn fill(&self, event: Outgoing) {
        self.sequence.store(event.sequence, Ordering::Relaxed);
        let ([p0, p1], [q0, q1]) = (event.producer.to_le_bytes(), event.partition.number().to_le_bytes());
        let place = [event.attempt, u8::from(event.warmup), q0, q1, p0, p1, event.phase.unwrap_or(NO_PHASE), 0];
        self.place.store(u64::from_le_bytes(place), Ordering::Relaxed);
        self.sent_ns.store(event.sent_ns, Ordering::Relaxed);
        self.in_use.store(true, Ordering::Release);
    }

    pub(super) fn read(&self) -> Outgoing {
        let [attempt, warmup, q0, q1, p0, p1, phase, _] = self.place.load(Ordering::Relaxed).to_le_bytes();
        Outgoing {
            producer: u16::from_le_bytes([p0, p1]),
            partition: Partition::new(u16::from_le_bytes([q0, q1])),
            attempt,
            warmup: warmup == 1,
            phase: (phase != NO_PHASE).then_some(phase),
            sequence: self.sequence.load(Ordering::Relaxed),
            sent_ns: self.sent_ns.load(Ordering::Relaxed),
        }
    }
}

/// Reports whose slots are still to be read, kept for its capacity.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub(super) natives: Vec<NativeDelivery>,
    events: Vec<Outgoing>,
}

impl Reported {
    /// Hands each event and its outcome to `seen`. The worker filled the slots on another core: read one after another with nothing in between,
    /// many of them are fetched at once; each of them with its accounts in between would be waited for.
    pub(super) fn settle(&mut self, slots: &[Slot], mut seen: impl FnMut(Delivery)) {
        self.events.extend(self.natives.iter().map(|native| slots[native.opaque].read()));
        for (native, event) in self.natives.drain(..).zip(self.events.drain(..)) {
            slots[native.opaque].in_use.store(false, Ordering::Relaxed);
            seen(Delivery { event, outcome: outcome_of(&native) });
        }
    }
}

fn outcome_of(native: &NativeDelivery) -> Outcome {
    match native.error {
        RDKafkaErrorCode::NoError => Outcome::Acked { offset: native.offset },
        error if native.possibly_written => Outcome::Unresolved(error),
        error => Outcome::Failed(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(number: u64) -> Outgoing {
        Outgoing {
            producer: (number % 4096) as u16,
            sequence: number,
            attempt: (number % 3) as u8,
            partition: Partition::new((number % 7) as u16),
            warmup: number.is_multiple_of(2),
            phase: (!number.is_multiple_of(5)).then_some((number % 5) as u8),
            sent_ns: number * 1_000,
        }
    }

    proptest! {
        #[test]
        fn each_report_is_handed_on_with_its_own_event_and_frees_its_slot(order in Just((0..50_usize).collect::<Vec<_>>()).prop_shuffle(), reported in 0..50_usize) {
            let slots: Vec<Slot> = (0..50).map(|_| Slot::default()).collect();
            slots.iter().zip(0..).for_each(|(slot, number)| slot.fill(event(number)));
            let (told, kept) = order.split_at(reported);
            let native = |slot: &usize| NativeDelivery {
                opaque: *slot,
                partition: 0,
                offset: *slot as i64 + 100,
                error: RDKafkaErrorCode::NoError,
                possibly_written: false,
            };
            let mut waiting = Reported { natives: told.iter().map(native).collect(), ..Reported::default() };
            let mut seen = Vec::new();
            waiting.settle(&slots, |delivery| seen.push(delivery));
            let expected = told.iter().map(|slot| Delivery { event: event(*slot as u64), outcome: Outcome::Acked { offset: *slot as i64 + 100 } });
            prop_assert_eq!(seen, expected.collect::<Vec<_>>());
            prop_assert!(waiting.natives.is_empty() && waiting.events.is_empty());
            prop_assert!(told.iter().all(|slot| !slots[*slot].in_use.load(Ordering::Relaxed)));
            prop_assert!(kept.iter().all(|slot| slots[*slot].in_use.load(Ordering::Relaxed)));
        }
    }
}
