//! What a faulty relay does with each record. It has no clock and no client: the caller passes the time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

use super::books::{Books, Kind};
use super::draws::{Draws, Load};
use super::fault::What;
use crate::event::EventId;

/// An event that is to be overtaken goes on after this long, if no other comes.
const LONGEST_HELD: Duration = Duration::from_millis(500);
/// Far beyond any stream's last sequence number, so an id with it was never sent.
const NEVER_SENT: u64 = 1 << 41;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The partition that it came from, and goes to.
    pub(crate) partition: i32,
    /// Its key.
    pub(crate) key: Option<Vec<u8>>,
    /// Its payload.
    pub(crate) payload: Vec<u8>,
}

/// The parts of an event that a relay reads: by a JSON parser, not by what the detector reads with.
#[derive(Deserialize)]
struct Parts {
    id: Uuid,
    /// In microseconds since 1970.
    due: u64,
}

/// A relay with one fault.
#[derive(Debug)]
pub(crate) struct Relay {
    what: What,
    load: Load,
    draws: Draws,
    began_ns: Option<u64>,
    number: u64,
    /// What is to be written, by when, and for the same moment in the order in which it came.
    waiting: BTreeMap<(u64, u64), (Kind, Record)>,
    /// By lane: what is to be overtaken, and since when it waits.
    held: BTreeMap<(u16, i32), (u64, Kind, Record)>,
    books: Books,
}

impl Relay {
    /// A relay for streams of this load.
    pub(crate) fn new(what: What, load: Load, seed: u64) -> Self {
        Relay {
            draws: Draws::of(&what, &load, seed),
            what,
            load,
            began_ns: None,
            number: 0,
            waiting: BTreeMap::new(),
            held: BTreeMap::new(),
            books: Books::default(),
        }
    }

    /// A record came. One that is not an event is not forwarded.
    pub(crate) fn take(&mut self, record: Record, now_ns: u64) {
        let Some((id, due_ns)) = read(&record.payload) else { return };
        let began_ns = *self.began_ns.get_or_insert(now_ns);
        let number = self.books.taken();
        self.books.take(id);
        let kind = Kind::Event { id, due_ns };
        let lane = (id.producer, record.partition);
        let overtaken = self.held.remove(&lane);
        match self.what {
            What::Lose { share } if self.draws.is_hit(share) => {}
            What::LoseOne if number == self.draws.chosen => {}
            What::Windows { one_in, each } if due_ns / each.as_nanos() as u64 % one_in == self.draws.window => {}
            What::Repeat { share, after } if self.draws.is_hit(share) => {
                self.wait(kind, record.clone(), now_ns);
                self.wait(kind, record, now_ns + after.as_nanos() as u64);
            }
            What::Delay { share, by } if self.draws.is_hit(share) => {
                self.wait(kind, record, now_ns + by.as_nanos() as u64);
            }
            What::HoldBack { share } if overtaken.is_none() && self.draws.is_hit(share) => {
                self.held.insert(lane, (now_ns, kind, record));
            }
            What::Damage { share } if self.draws.is_hit(share) => {
                let (kind, record) = damaged(record, id, self.draws.is_hit(0.5));
                self.wait(kind, record, now_ns);
            }
            What::Strangers { share } if self.draws.is_hit(share) => {
                let (stranger, added) = stranger(&record, id, self.draws.is_hit(0.5));
                self.wait(kind, record, now_ns);
                self.wait(stranger, added, now_ns);
            }
            What::Stall { from, to } if record.partition == self.draws.partition => {
                self.hold_up(kind, record, (from, to), began_ns, now_ns);
            }
            What::Silence { from, to } => self.hold_up(kind, record, (from, to), began_ns, now_ns),
            _ => self.wait(kind, record, now_ns),
        }
        if let Some((_, kind, record)) = overtaken {
            self.wait(kind, record, now_ns);
        }
    }

    /// All that is to be written by now, in that order.
    pub(crate) fn ready(&mut self, now_ns: u64) -> Vec<Record> {
        let until_ns = now_ns.saturating_sub(LONGEST_HELD.as_nanos() as u64);
        for (_, (_, kind, record)) in
            self.held.extract_if(.., |_, (since_ns, ..)| *since_ns < until_ns).collect::<Vec<_>>()
        {
            self.wait(kind, record, now_ns);
        }
        let mut ready = Vec::new();
        while let Some(next) = self.waiting.first_entry().filter(|next| next.key().0 <= now_ns) {
            let (kind, record) = next.remove();
            self.books.forward(kind, record.partition, now_ns);
            ready.push(record);
        }
        ready
    }

    /// Whether nothing waits any more.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.held.is_empty()
    }

    /// The books, once nothing more comes.
    #[must_use]
    pub(crate) fn into_books(self) -> Books {
        self.books
    }

    fn wait(&mut self, kind: Kind, record: Record, at_ns: u64) {
        self.number += 1;
        self.waiting.insert((at_ns, self.number), (kind, record));
    }

    /// Until the end of the part of the time in which nothing is forwarded.
    fn hold_up(&mut self, kind: Kind, record: Record, (from, to): (f64, f64), began_ns: u64, now_ns: u64) {
        let at_ns = |share: f64| began_ns + (self.load.lasts.as_nanos() as f64 * share) as u64;
        let (from_ns, to_ns) = (at_ns(from), at_ns(to));
        self.books.held_up_ns = Some((from_ns, to_ns));
        let is_held = (from_ns..to_ns).contains(&now_ns);
        self.wait(kind, record, if is_held { to_ns } else { now_ns });
    }
}

fn read(payload: &[u8]) -> Option<(EventId, u64)> {
    let Parts { id, due } = serde_json::from_slice(payload).ok()?;
    Some((EventId::from_uuid(id).ok()?, due * 1000))
}

/// The record with another last digit in its id, or cut in the middle of its id.
fn damaged(mut record: Record, id: EventId, is_cut: bool) -> (Kind, Record) {
    let text = id.to_uuid().hyphenated().to_string();
    let place = record.payload.windows(text.len()).position(|part| part == text.as_bytes()).unwrap_or(0);
    if is_cut {
        record.payload.truncate(place + text.len() / 2);
        return (Kind::Unreadable, record);
    }
    if let Some(digit) = record.payload.get_mut(place + text.len() - 1) {
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    }
    (Kind::Phantom, record)
}

/// A record that nobody sent, beside this one: an id of this run, or no event at all.
fn stranger(record: &Record, id: EventId, is_phantom: bool) -> (Kind, Record) {
    if !is_phantom {
        let payload = b"not an event".to_vec();
        return (Kind::Unreadable, Record { payload, ..record.clone() });
    }
    let never_sent = EventId { sequence: NEVER_SENT + id.sequence, ..id };
    let payload = String::from_utf8_lossy(&record.payload)
        .replacen(&id.to_uuid().to_string(), &never_sent.to_uuid().to_string(), 1)
        .into_bytes();
    (Kind::Phantom, Record { payload, ..record.clone() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::books::Did;
    use super::super::fault::FAULTS;
    use super::*;
    use crate::event::RunTag;

    const LOAD: Load = Load { events: 2_000, lasts: Duration::from_secs(10), partitions: 2 };
    const EACH_NS: u64 = 5_000_000;

    fn id(sequence: u64) -> EventId {
        let partition = crate::event::Partition::new((sequence % 2) as u16);
        EventId { run: RunTag(9), stream: 0, producer: 0, partition, sequence }
    }

    fn record(sequence: u64, now_ns: u64) -> Record {
        let payload = format!(r#"{{"id":"{}","due":{},"filler":"x"}}"#, id(sequence).to_uuid(), now_ns / 1000);
        Record { partition: (sequence % 2) as i32, key: None, payload: payload.into_bytes() }
    }

    /// All events through a relay, one every 5 ms, and what came out, in that order.
    fn relayed(what: What, seed: u64) -> (Vec<Record>, Did) {
        let mut relay = Relay::new(what, LOAD, seed);
        let mut out = Vec::new();
        for sequence in 0..LOAD.events {
            let now_ns = 1_000_000_000 + sequence * EACH_NS;
            relay.take(record(sequence, now_ns), now_ns);
            out.extend(relay.ready(now_ns));
        }
        out.extend(relay.ready(u64::MAX / 2));
        assert!(relay.is_empty());
        (out, relay.into_books().did())
    }

    /// What a reader counts who knows only what came out: the rule once more, by other means.
    fn counted(out: &[Record]) -> Did {
        let (mut seen, mut did) = (Vec::<u64>::new(), Did { taken: LOAD.events, ..Did::default() });
        for record in out {
            let found = read(&record.payload).map(|(id, _)| id.sequence);
            let is_whole = serde_json::from_slice::<serde_json::Value>(&record.payload).is_ok();
            match found {
                None if is_whole => did.phantom += 1,
                None => did.unreadable += 1,
                Some(sequence) if sequence >= LOAD.events => did.phantom += 1,
                Some(sequence) if seen.contains(&sequence) => did.duplicates += 1,
                Some(sequence) => {
                    let is_behind = seen.iter().any(|other| other % 2 == sequence % 2 && *other > sequence);
                    did.reordered += u64::from(is_behind);
                    did.delivered += 1;
                    seen.push(sequence);
                }
            }
        }
        did.missing = LOAD.events - did.delivered;
        did
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn the_books_are_what_a_reader_counts(seed in any::<u64>()) {
            for fault in FAULTS {
                let (out, did) = relayed(fault.what, seed);
                prop_assert_eq!(counted(&out), did, "{}", fault.name);
            }
        }
    }

    #[test]
    fn each_fault_does_what_it_says_and_nothing_else() {
        let of = |name: &str| {
            let what = FAULTS.iter().find(|fault| fault.name == name).map(|fault| fault.what);
            let did = relayed(what.unwrap(), 3).1;
            (did.missing, did.duplicates, did.reordered, did.phantom, did.unreadable)
        };
        assert_eq!(of("none"), (0, 0, 0, 0, 0));
        assert_eq!(of("lose-one"), (1, 0, 0, 0, 0));
        assert_eq!((of("stall"), of("silence")), ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0)));
        assert!(matches!(of("lose"), (1.., 0, 0, 0, 0)) && matches!(of("repeat"), (0, 1.., 0, 0, 0)));
        assert!(matches!(of("delay"), (0, 0, 1.., 0, 0)) && matches!(of("reorder"), (0, 0, 1.., 0, 0)));
        assert!(matches!(of("damage"), (2.., 0, 0, 1.., 1..)) && matches!(of("strangers"), (0, 0, 0, 1.., 1..)));
        assert!(matches!(of("windows"), (100.., 0, 0, 0, 0)));
    }

    #[test]
    fn what_is_held_up_comes_when_it_is_over_and_in_its_order() {
        let mut relay = Relay::new(What::Silence { from: 0.5, to: 0.75 }, LOAD, 3);
        let at_ns = |sequence: u64| 1_000_000_000 + sequence * EACH_NS;
        let mut out = Vec::new();
        for sequence in 0..1_400 {
            relay.take(record(sequence, at_ns(sequence)), at_ns(sequence));
            out.extend(relay.ready(at_ns(sequence)));
        }
        assert_eq!(out.len(), 1_000, "half of the events came before the silence");
        out.extend(relay.ready(at_ns(1_500)));
        assert_eq!(out, (0..1_400).map(|sequence| record(sequence, at_ns(sequence))).collect::<Vec<_>>());
    }
}
