//! Batches that kafka-protocol's encoder wrote are read as they were written; changed bytes never are.

use bytes::BytesMut;
use kafka_protocol::records::{Compression, Record as Written, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
use proptest::prelude::*;

use super::aborted::{Aborted, AbortedTransaction};
use super::batch::{Batch, BatchFault, Next, next};
use super::place::{Found, Place, walk};

fn written() -> impl Strategy<Value = Written> {
    let bytes = || proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200));
    let headers = proptest::collection::vec(("[a-z]{1,8}", bytes()), 0..3);
    (bytes(), bytes(), headers, 0..1_000_000_i64).prop_map(|(key, value, headers, timestamp)| {
        let headers = headers.into_iter().map(|(name, value)| (name.into(), value.map(Into::into))).collect();
        let (key, value) = (key.map(Into::into), value.map(Into::into));
        Written { headers, key, value, timestamp, ..blank() }
    })
}

fn blank() -> Written {
    Written {
        transactional: false,
        control: false,
        partition_leader_epoch: 3,
        producer_id: 7,
        producer_epoch: 1,
        timestamp_type: TimestampType::Creation,
        offset: 0,
        sequence: 0,
        timestamp: 0,
        key: None,
        value: None,
        headers: Default::default(),
        delete_horizon: false,
    }
}

/// As the encoder writes them, from this offset on.
fn encoded(records: &mut [Written], first_offset: i64) -> Vec<u8> {
    for (place, record) in (0_i32..).zip(records.iter_mut()) {
        (record.offset, record.sequence) = (first_offset + i64::from(place), place);
    }
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, records.iter(), &options).unwrap();
    bytes.to_vec()
}

/// A batch of `records` records, the first at `offset`.
pub(super) fn batch_of(records: usize, offset: i64) -> Vec<u8> {
    encoded(&mut vec![blank(); records], offset)
}

/// A reader's options, all of them its own.
pub(super) fn options() -> super::options::ReadOptions {
    super::options::ReadOptions::of("t", &std::collections::BTreeMap::new()).unwrap()
}

fn batches(mut bytes: &[u8]) -> Vec<Batch<'_>> {
    let mut found = Vec::new();
    while let Next::Batch(batch, rest) = next(bytes) {
        found.push(batch);
        bytes = rest;
    }
    found
}

proptest! {
    #[test]
    fn what_was_written_is_read(mut records in proptest::collection::vec(written(), 1..20), offset in 0..1_000_000_i64) {
        let bytes = encoded(&mut records, offset);
        let found = batches(&bytes);
        let read: Vec<_> = found.iter().flat_map(|batch| batch.records(batch.body())).map(Result::unwrap).collect();
        prop_assert_eq!(read.len(), records.len());
        for (read, written) in read.iter().zip(&records) {
            prop_assert_eq!((read.offset, read.timestamp_ms), (written.offset, written.timestamp));
            prop_assert_eq!((read.key, read.value), (written.key.as_deref(), written.value.as_deref()));
            let headers: Vec<_> = written.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
            prop_assert_eq!(read.headers(), headers);
        }
        let ends: Vec<i64> = found.iter().map(Batch::last_offset).collect();
        prop_assert_eq!(ends.last().copied(), records.last().map(|record| record.offset));
    }

    /// A broker answers with whole batches: what lies before the place was read already.
    #[test]
    fn from_any_place_on_each_record_is_found_once(sizes in prop::collection::vec(1..5_usize, 1..6), from in 0..20_i64) {
        let mut log = Vec::new();
        let mut end = 0;
        for size in sizes {
            log.extend(encoded(&mut vec![blank(); size], end));
            end += size as i64;
        }
        let mut found = Vec::new();
        walk(from, &log, None, |_, _| unreachable!("nothing is compressed"), |what| match what {
            Found::Record { record, .. } => found.push(record.offset),
            Found::Unread { why, .. } => panic!("{why}"),
        });
        prop_assert_eq!(found, (from..end).collect::<Vec<_>>());
        let mut place = Place::at(from);
        place.pass(&log, end).unwrap();
        prop_assert_eq!(place.offset, from.max(end));
        prop_assert_eq!(place.reached_end(end), Some(from.max(end)));
        prop_assert_eq!(place.reached_end(end), None, "it is told once");
    }

    /// Every byte after the CRC is under it.
    #[test]
    fn a_changed_byte_is_noticed(mut records in proptest::collection::vec(written(), 1..4), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = encoded(&mut records, 5);
        let at = 17 + at.index(bytes.len() - 17);
        bytes[at] ^= 1 << bit;
        let is_noticed = matches!(next(&bytes), Next::Faulty { base_offset: 5, fault: BatchFault::Checksum { .. }, .. });
        prop_assert!(is_noticed, "byte {at}");
    }

    #[test]
    fn a_cut_batch_waits_for_its_rest(mut records in proptest::collection::vec(written(), 1..4), at in any::<prop::sample::Index>()) {
        let bytes = encoded(&mut records, 5);
        prop_assert_eq!(next(&bytes[..at.index(bytes.len())]), Next::Cut);
    }

    #[test]
    fn no_bytes_are_too_strange(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), count in any::<i32>()) {
        let _any = next(&bytes);
        if let Some(format) = bytes.get_mut(16) {
            *format = 2;
        }
        let _any = next(&bytes);
        let read = super::record::Records::new(&bytes, count, i64::MAX - 3, i64::MIN).collect::<Vec<_>>();
        prop_assert!(read.len() <= bytes.len() + 1, "each takes at least a byte");
        read.iter().flatten().for_each(|record| drop(record.headers()));
    }
}

#[test]
fn batches_follow_each_other_and_strangers_are_named() {
    let (mut one, mut two) = ([blank(), blank()], [blank()]);
    let bytes = [encoded(&mut one, 10), encoded(&mut two, 12)].concat();
    assert_eq!(
        batches(&bytes).iter().map(|batch| (batch.base_offset, batch.last_offset())).collect::<Vec<_>>(),
        [(10, 11), (12, 12)]
    );
    let mut old = bytes.clone();
    old[16] = 1;
    assert!(matches!(next(&old), Next::Faulty { fault: BatchFault::Format(1), rest: [_, ..], .. }));
    let mut negative = bytes;
    negative[8] = 0xff;
    assert!(matches!(next(&negative), Next::Faulty { fault: BatchFault::Length(..0), rest: [], .. }));
}

/// A batch of one record in a transaction of this producer.
fn sent_by(producer_id: i64, offset: i64) -> Vec<u8> {
    encoded(&mut [Written { transactional: true, producer_id, ..blank() }], offset)
}

/// The marker that ends it.
fn ended(producer_id: i64, offset: i64, is_commit: bool) -> Vec<u8> {
    let key = Some(vec![0, 0, 0, u8::from(is_commit)].into());
    encoded(&mut [Written { transactional: true, control: true, producer_id, key, ..blank() }], offset)
}

#[test]
fn a_reader_of_committed_records_sees_neither_aborted_ones_nor_markers() {
    // Producer 1 aborts and goes on, producer 2 commits in between, producer 3 knows no transactions.
    let log = [
        sent_by(1, 0),
        sent_by(2, 1),
        ended(1, 2, false),
        sent_by(1, 3),
        ended(2, 4, true),
        encoded(&mut [Written { producer_id: 3, ..blank() }], 5),
        ended(1, 6, true),
        sent_by(1, 7),
        ended(1, 8, false),
    ]
    .concat();
    let transactions = [0, 7].map(|first_offset| AbortedTransaction { producer_id: 1, first_offset });
    let mut aborted = Aborted::new(transactions.to_vec());
    let seen: Vec<i64> =
        batches(&log).into_iter().filter(|batch| !aborted.skips(batch)).map(|batch| batch.base_offset).collect();
    assert_eq!(seen, [1, 3, 5]);
}

#[test]
fn a_batch_that_was_changed_is_named_and_the_next_one_read() {
    let mut log = [encoded(&mut [blank(), blank()], 10), encoded(&mut [blank()], 12)].concat();
    let at = log.len() / 2;
    log[at - 30] ^= 1;
    let mut found = Vec::new();
    let note = |what: Found<'_>| {
        found.push(match what {
            Found::Record { record, .. } => format!("{}", record.offset),
            Found::Unread { base_offset, why, .. } => {
                format!("{base_offset}: {}", why.split(' ').take(3).collect::<Vec<_>>().join(" "))
            }
        });
    };
    walk(10, &log, None, |_, _| Ok(()), note);
    assert_eq!(found, ["10: its CRC is", "12"]);
}

#[test]
fn records_out_of_their_order_are_not_believed() {
    let mut bytes = batch_of(3, 10);
    // The second record's offset is 1 further than the first's: its byte says 2 (zigzag). Let it go back.
    let at = 61 + bytes[61] as usize / 2 + 1 + 3;
    assert_eq!(bytes[at], 2);
    bytes[at] = 1;
    let crc = crc32c::crc32c(&bytes[21..]).to_be_bytes();
    bytes[17..21].copy_from_slice(&crc);
    let mut found = Vec::new();
    walk(10, &bytes, None, |_, _| Ok(()), |what| found.push(format!("{what:?}")));
    assert!(found[0].starts_with("Record") && found[1].contains("a record at offset 9, out of its order"), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_header_whose_name_is_no_text_hides_no_other() {
    let headers = [("one".into(), Some("1".into())), ("x".into(), None), ("two".into(), Some("2".into()))];
    let mut bytes = encoded(&mut [Written { headers: headers.into_iter().collect(), ..blank() }], 5);
    let at = bytes.iter().rposition(|byte| *byte == b'x').unwrap();
    bytes[at] = 0xff;
    let crc = crc32c::crc32c(&bytes[21..]).to_be_bytes();
    bytes[17..21].copy_from_slice(&crc);
    let mut found = Vec::new();
    walk(
        5,
        &bytes,
        None,
        |_, _| Ok(()),
        |what| match what {
            Found::Record { record, .. } => found.extend(record.headers().into_iter().map(|(name, _)| name.to_owned())),
            Found::Unread { why, .. } => panic!("{why}"),
        },
    );
    assert_eq!(found, ["one", "two"]);
}

#[test]
fn batches_that_say_too_little_of_themselves_are_passed_and_named_alike() {
    let good = batch_of(1, 6);
    for length in [0_i32, 4, 15, 48] {
        let mut short = vec![0; 12 + length as usize];
        short[..8].copy_from_slice(&5_i64.to_be_bytes());
        short[8..12].copy_from_slice(&length.to_be_bytes());
        if let Some(format) = short.get_mut(16) {
            *format = 2;
        }
        let log = [short, good.clone()].concat();
        let mut place = Place::at(5);
        place.pass(&log, 7).unwrap();
        assert_eq!(place.offset, 7, "{length}");
        let mut found = Vec::new();
        walk(
            5,
            &log,
            None,
            |_, _| Ok(()),
            |what| {
                found.push(match what {
                    Found::Record { record, .. } => (record.offset, 0),
                    Found::Unread { base_offset, events, .. } => (base_offset, events),
                })
            },
        );
        assert_eq!(found, [(5, u64::MAX), (6, 0)], "{length}");
    }
}

#[test]
fn a_batch_that_cannot_be_unpacked_says_how_many_may_be_in_it() {
    let mut bytes = batch_of(3, 10);
    bytes[22] |= 4;
    let crc = crc32c::crc32c(&bytes[21..]).to_be_bytes();
    bytes[17..21].copy_from_slice(&crc);
    let mut found = Vec::new();
    walk(10, &bytes, None, |_, _| Err("no".to_owned()), |what| found.push(format!("{what:?}")));
    assert_eq!(found, ["Unread { base_offset: 10, events: 3, why: \"no\" }"]);
}

#[test]
fn a_log_that_was_written_anew_behind_the_place_is_noticed() {
    let mut place = Place::at(12);
    place.pass(&batch_of(5, 10), 15).unwrap();
    assert_eq!((place.offset, place.epoch), (15, 3), "the first batch may begin before the place");
    let told = place.pass(&batch_of(4, 13), 17).unwrap_err();
    assert_eq!(told.to_string(), "offset 13 follows 14, and the partition ends at 17");
    assert_eq!(place.offset, 15);
    // Compacted away, up to the end; behind it nothing can be missing.
    place.pass(&batch_of(1, 17), 17).unwrap();
    assert!(place.pass(&batch_of(1, 19), 18).is_err());
}
