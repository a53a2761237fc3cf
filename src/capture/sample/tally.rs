//! What is recorded of each sampled record.

use std::hash::{BuildHasher, RandomState};

use serde::Serialize;
use serde::de::IgnoredAny;

use super::{Chunk, KeyFigures, LatenessFigures, SizeFigures, SpaceSaving};
use crate::capture::Counted;

/// Counters for keys: about 10 MB when all are in use.
const KEY_COUNTERS: usize = 1 << 16;
/// If this share of payloads looks like JSON, payloads are JSON.
const MOSTLY: f64 = 0.9;

/// A sampled record, as far as it is used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sighting<'a> {
    /// The partition.
    pub partition: usize,
    /// The offset.
    pub offset: i64,
    /// The record's timestamp, in milliseconds since 1970.
    pub stamp_ms: Option<i64>,
    /// The key.
    pub key: Option<&'a [u8]>,
    /// The payload; none for a tombstone.
    pub payload: Option<&'a [u8]>,
    /// The event time that was found, in milliseconds since 1970.
    pub event_time_ms: Option<i64>,
}

/// Offsets without a record (transaction markers, and compacted records), and records of aborted transactions.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(crate) struct Gaps {
    /// Offsets that were read.
    pub offsets: u64,
    /// Those without a record.
    pub missing: u64,
    /// Those whose record is of an aborted transaction; nothing if that was not checked.
    pub aborted: Option<u64>,
    /// Records of open transactions, whose outcome is unknown.
    pub undecided: u64,
    /// The standard error of `(missing + aborted) / offsets`, from how the chunks differ.
    pub standard_error: f64,
}

impl Gaps {
    /// Offsets that count although no record was delivered.
    #[must_use]
    pub(crate) fn too_much(&self) -> u64 {
        self.missing + self.aborted.unwrap_or(0)
    }
}

/// Records whose timestamp belongs to another bucket than the one that counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Displaced {
    /// Records that were checked.
    pub records: u64,
    /// How many are counted in a later bucket than their timestamp's.
    pub later: u64,
    /// How many are counted in an earlier one.
    pub earlier: u64,
    /// How long before its bucket the latest of them is, in milliseconds.
    pub longest_ms: i64,
}

/// The figures of a sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SampleFigures {
    /// Records that were read.
    pub records: u64,
    /// Records without a payload.
    pub tombstones: u64,
    /// Records without a timestamp.
    pub unstamped: u64,
    /// Whether payloads are JSON.
    pub json: bool,
    /// Sizes of payloads; nothing when all are tombstones.
    pub sizes: Option<SizeFigures>,
    /// Keys.
    pub keys: KeyFigures,
    /// Lateness, when an event time was looked for.
    pub lateness: Option<LatenessFigures>,
    /// Offsets without a record.
    pub gaps: Gaps,
    /// Records in another bucket than their timestamp's; nothing if buckets are not of timestamps.
    pub displaced: Option<Displaced>,
}

/// A chunk that was read.
#[derive(Debug, Clone, Copy, Default)]
struct Looked {
    from: i64,
    /// Everything before this offset was read.
    reached: i64,
    read: u64,
    aborted: Option<u64>,
    undecided: u64,
}

impl Looked {
    fn offsets(&self) -> u64 {
        (self.reached - self.from).max(0) as u64
    }

    fn missing(&self) -> u64 {
        self.offsets().saturating_sub(self.read)
    }
}

/// Collects sampled records.
#[derive(Debug)]
pub(crate) struct Tally {
    records: u64,
    tombstones: u64,
    unstamped: u64,
    json: u64,
    sizes: Vec<u32>,
    secret: RandomState,
    keys: SpaceSaving,
    lateness_ms: Option<Vec<i64>>,
    untimed: u64,
    chunks: Vec<Looked>,
    /// How many chunks have been read again by a committed reader.
    compared: usize,
    displaced: Option<Displaced>,
}

impl Tally {
    /// A tally with or without event times, and with or without checking timestamps against buckets.
    #[must_use]
    pub(crate) fn new(wants_lateness: bool, wants_displaced: bool) -> Self {
        Tally {
            records: 0,
            tombstones: 0,
            unstamped: 0,
            json: 0,
            sizes: Vec::new(),
            secret: RandomState::new(),
            keys: SpaceSaving::with_counters(KEY_COUNTERS),
            lateness_ms: wants_lateness.then(Vec::new),
            untimed: 0,
            chunks: Vec::new(),
            compared: 0,
            displaced: wants_displaced.then(Displaced::default),
        }
    }

    /// Adds a record. `counted` is the curve. A record that counts by its own timestamp is in no other bucket.
    pub(crate) fn see(&mut self, seen: &Sighting<'_>, counted: &Counted) {
        self.records += 1;
        self.unstamped += u64::from(seen.stamp_ms.is_none());
        match seen.payload {
            None => self.tombstones += 1,
            Some(payload) => {
                self.sizes.push(u32::try_from(payload.len()).unwrap_or(u32::MAX));
                self.json += u64::from(is_json(payload));
            }
        }
        if let Some(key) = seen.key {
            self.keys.see(self.secret.hash_one(key));
        }
        if let Some(lateness_ms) = &mut self.lateness_ms {
            match (seen.stamp_ms, seen.event_time_ms) {
                (Some(stamp_ms), Some(event_ms)) => lateness_ms.push(stamp_ms.saturating_sub(event_ms)),
                _ => self.untimed += 1,
            }
        }
        let (edges, offsets) = (&counted.edges, &counted.offsets);
        let by_answers = !counted.is_read_around(seen.partition, seen.offset);
        let counted_in = offsets.bucket_of(seen.partition, seen.offset).filter(|_| by_answers);
        if let (Some(displaced), Some(stamp_ms), Some(bucket)) = (&mut self.displaced, seen.stamp_ms, counted_in) {
            displaced.records += 1;
            let (begin_ms, end_ms) = (edges.at_ms(bucket), edges.at_ms(bucket + 1));
            displaced.later += u64::from(stamp_ms < begin_ms);
            displaced.earlier += u64::from(stamp_ms >= end_ms);
            displaced.longest_ms = displaced.longest_ms.max(begin_ms.saturating_sub(stamp_ms));
        }
    }

    /// A chunk was read: everything before `reached`, and `read` records.
    pub(crate) fn chunk_ended(&mut self, chunk: &Chunk, reached: i64, read: u64) {
        self.chunks.push(Looked { from: chunk.from, reached, read, ..Looked::default() });
    }

    /// The chunks were read again in their order by a committed reader: up to `reached`, and `read` records.
    pub(crate) fn chunk_committed(&mut self, reached: i64, read: u64) {
        if let Some(chunk) = self.chunks.get_mut(self.compared) {
            // What is after the last stable offset is not aborted, but open.
            let missing = chunk.read.saturating_sub(read);
            let open = (chunk.reached - reached).max(0) as u64;
            chunk.undecided = open.min(missing);
            chunk.aborted = Some(missing - chunk.undecided);
        }
        self.compared += 1;
    }

    /// How many records were added.
    #[must_use]
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// The figures of all, for a topic that holds `held` records in the captured range.
    #[must_use]
    pub(crate) fn figures(self, held: u64) -> SampleFigures {
        let payloads = self.sizes.len() as f64;
        SampleFigures {
            records: self.records,
            tombstones: self.tombstones,
            unstamped: self.unstamped,
            json: payloads > 0.0 && self.json as f64 >= MOSTLY * payloads,
            gaps: gaps(&self.chunks),
            sizes: SizeFigures::of(self.sizes),
            keys: KeyFigures::of(&self.keys, self.records, held),
            lateness: self.lateness_ms.map(|lateness_ms| LatenessFigures::of(lateness_ms, self.untimed)),
            displaced: self.displaced,
        }
    }
}

/// An object or array that parses. A bare number or word may be anything.
fn is_json(payload: &[u8]) -> bool {
    let first = payload.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'[')) && serde_json::from_slice::<IgnoredAny>(payload).is_ok()
}

/// The share counted too much is a ratio of sums over chunks; its error by the usual
/// linearisation (Cochran, Sampling Techniques, 1977, chapter 6).
fn gaps(chunks: &[Looked]) -> Gaps {
    let sum = |of: &dyn Fn(&Looked) -> u64| -> u64 { chunks.iter().map(of).sum() };
    let found = Gaps {
        offsets: sum(&Looked::offsets),
        missing: sum(&Looked::missing),
        aborted: chunks.iter().map(|chunk| chunk.aborted).sum(),
        undecided: sum(&|chunk| chunk.undecided),
        standard_error: 0.0,
    };
    let count = chunks.len() as f64;
    if found.offsets == 0 || chunks.len() < 2 {
        return found;
    }
    let share = found.too_much() as f64 / found.offsets as f64;
    let off = |chunk: &Looked| {
        let too_much = chunk.missing() + chunk.aborted.unwrap_or(0);
        (too_much as f64 - share * chunk.offsets() as f64).powi(2)
    };
    let squares: f64 = chunks.iter().map(off).sum();
    Gaps { standard_error: (squares * count / (count - 1.0)).sqrt() / found.offsets as f64, ..found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::{EdgeOffsets, Edges, Moment, count};
    use crate::units::Span;

    /// Three seconds of ten records.
    fn counted() -> Counted {
        let edges = Edges::between(Moment::AtMs(0), Moment::AtMs(3000), i64::MAX, Span::from_secs(1)).unwrap();
        count(&edges, &EdgeOffsets::of(vec![vec![0], vec![10], vec![20], vec![30]]), &[0], Vec::new()).unwrap()
    }

    fn tally(sightings: &[Sighting<'_>]) -> SampleFigures {
        let mut tally = Tally::new(true, true);
        sightings.iter().for_each(|seen| tally.see(seen, &counted()));
        tally.figures(1000)
    }

    #[test]
    fn a_record_with_an_old_timestamp_is_counted_in_a_later_bucket() {
        let at = |offset, stamp_ms| Sighting { offset, stamp_ms: Some(stamp_ms), ..Sighting::default() };
        let found = tally(&[at(5, 500), at(15, 1500), at(25, 700), at(3, 1200), at(99, 0)]);
        let expected = Displaced { records: 4, later: 1, earlier: 1, longest_ms: 1300 };
        assert_eq!(found.displaced, Some(expected));
    }

    #[test]
    fn json_is_told_from_what_is_not() {
        let with = |payload: &'static [u8]| Sighting { payload: Some(payload), ..Sighting::default() };
        assert!(tally(&[with(b" {\"a\": 1}"), with(b"[]")]).json);
        assert!(!tally(&[with(b"{\"a\": 1"), with(b"{}")]).json);
        assert!(!tally(&[with(b"17"), with(b"17")]).json);
        let tombstones = tally(&[Sighting::default()]);
        assert_eq!((tombstones.tombstones, tombstones.json, tombstones.sizes), (1, false, None));
    }

    #[test]
    fn neither_key_nor_payload_is_kept() {
        let mut tally = Tally::new(false, false);
        let seen =
            Sighting { key: Some(b"customer-4711"), payload: Some(b"{\"card\":\"4000\"}"), ..Sighting::default() };
        tally.see(&seen, &counted());
        let text = format!("{tally:?}");
        // Not "4711" alone: the digits of a hash may hold that.
        assert!(!text.contains("customer") && !text.contains("card"), "{text}");
        let other = Tally::new(false, false);
        assert_ne!(
            tally.secret.hash_one(b"customer-4711"),
            other.secret.hash_one(b"customer-4711"),
            "a secret of its own"
        );
    }

    fn looked(chunks: &[(u64, u64)]) -> Gaps {
        let looked = |(offsets, missing): &(u64, u64)| Looked {
            reached: *offsets as i64,
            read: offsets - missing,
            ..Looked::default()
        };
        gaps(&chunks.iter().map(looked).collect::<Vec<_>>())
    }

    #[test]
    fn missing_offsets_come_with_their_error() {
        let even = looked(&[(100, 10), (100, 10), (50, 5)]);
        assert_eq!((even.offsets, even.missing, even.aborted), (250, 25, None));
        assert!(even.standard_error < 1e-9);
        let uneven = looked(&[(100, 0), (100, 20)]);
        assert!((uneven.standard_error - 0.1).abs() < 1e-9, "{uneven:?}");
        assert_eq!(looked(&[]), Gaps { aborted: Some(0), ..Gaps::default() });
    }

    #[test]
    fn what_a_reader_of_committed_records_does_not_get_was_aborted_or_is_open() {
        let mut tally = Tally::new(false, false);
        let chunk = |from: i64| Chunk { partition: 0, from, below: from + 100, records: 50 };
        tally.chunk_ended(&chunk(0), 50, 48);
        tally.chunk_ended(&chunk(100), 150, 50);
        tally.chunk_committed(50, 38);
        tally.chunk_committed(130, 30);
        let gaps = tally.figures(1000).gaps;
        assert_eq!((gaps.missing, gaps.aborted, gaps.undecided, gaps.too_much()), (2, Some(10), 20, 12));
    }
}
