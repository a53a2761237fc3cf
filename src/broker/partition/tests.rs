//! What a partition keeps, shows and drops.

use proptest::prelude::*;

use super::super::batch::tests::batch_of;
use super::*;

fn append(
    partition: &Partition,
    count: i32,
    producer: (i64, i16, i32),
    transactional: bool,
) -> Result<Appended, ResponseError> {
    let bytes = batch_of(count, producer, transactional, 0);
    partition.append(&BatchHeader::check(&bytes).unwrap(), bytes, 0, Duration::ZERO)
}

fn fetch(partition: &Partition, committed_only: bool) -> Found {
    partition
        .fetch(Asked {
            from: 0,
            reader: ReaderId(1),
            now: Instant::now(),
            committed_only,
            max_bytes: usize::MAX,
            at_least_one: true,
        })
        .unwrap()
}

fn read_on(partition: &Partition, reader: u64, from: i64) -> Result<Found, ResponseError> {
    let now = Instant::now();
    let reader = ReaderId(reader);
    partition.fetch(Asked { from, reader, now, committed_only: true, max_bytes: 300, at_least_one: true })
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Append(i32),
    Read(usize),
    /// An answer is lost with its connection, and asked for again over another.
    Reconnect(usize),
    /// Somebody else looks in, at the end.
    Stranger,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..20).prop_map(Step::Append),
        (0..2_usize).prop_map(Step::Read),
        (0..2_usize).prop_map(Step::Read),
        (0..2_usize).prop_map(Step::Reconnect),
        Just(Step::Stranger)
    ]
}

proptest! {
    #[test]
    fn each_reader_is_shown_everything_although_what_all_have_read_is_dropped(steps in prop::collection::vec(any_step(), 1..120)) {
        let partition = Partition::default();
        partition.drop_when_read_by(2);
        let mut appended = 0;
        // Its connection, where it asked last, and up to where it has read.
        let mut readers = [(0_u64, 0_i64, 0_i64), (1, 0, 0)];
        let read_on_to_the_end = [0, 1].map(Step::Read).into_iter().cycle().take(400);
        let both_begin = [Step::Read(0), Step::Read(1)].into_iter();
        for (number, step) in (2..).zip(both_begin.chain(steps).chain(read_on_to_the_end)) {
            match step {
                Step::Append(count) => {
                    append(&partition, count, (-1, -1, -1), false).unwrap();
                    appended += i64::from(count);
                }
                Step::Reconnect(who) => {
                    let (id, asked, read) = &mut readers[who];
                    partition.forget_reader(ReaderId(*id));
                    (*id, *read) = (number, *asked);
                }
                Step::Stranger => drop(read_on(&partition, number, appended).unwrap()),
                Step::Read(who) => {
                    let (id, asked, read) = &mut readers[who];
                    let found = read_on(&partition, *id, *read).unwrap();
                    prop_assert!(found.batches.first().is_none_or(|batch| batch.base_offset <= *read));
                    *asked = *read;
                    *read = found.batches.last().map_or(*read, |batch| batch.last_offset + 1);
                }
            }
        }
        prop_assert_eq!(readers.map(|(_, _, read)| read), [appended; 2]);
    }
}

#[test]
fn what_all_have_read_is_dropped_and_nothing_before_all_are_there() {
    let partition = Partition::default();
    partition.drop_when_read_by(2);
    for _ in 0..10 {
        append(&partition, 3, (-1, -1, -1), false).unwrap();
    }
    let start = || partition.bounds().unwrap().log_start;
    assert_eq!((read_on(&partition, 1, 30).unwrap().freed, start()), (0, 0), "the other has not begun");
    assert_eq!((read_on(&partition, 2, 0).unwrap().freed, start()), (0, 0));
    assert!(read_on(&partition, 2, 17).unwrap().freed > 0);
    assert_eq!(start(), 15, "a batch stays as long as any of it is unread");
    read_on(&partition, 2, 30).unwrap();
    assert_eq!(start(), 30);
    append(&partition, 3, (-1, -1, -1), false).unwrap();
    assert_eq!(read_on(&partition, 2, 30).unwrap().batches.len(), 1);
}

#[test]
fn a_retried_batch_is_stored_once() {
    let partition = Partition::default();
    let first = append(&partition, 3, (1, 0, 0), false).unwrap();
    let again = append(&partition, 3, (1, 0, 0), false).unwrap();
    assert_eq!((again.base_offset, again.duplicate), (first.base_offset, true));
    assert_eq!(partition.bounds().unwrap().high_watermark, 3);
}

#[test]
fn what_is_forgotten_is_acknowledged_and_its_offsets_are_given_again() {
    let partition = Partition::default();
    append(&partition, 2, (1, 0, 0), false).unwrap();
    let bytes = batch_of(3, (1, 0, 2), false, 0);
    let forgotten = partition.forget(&BatchHeader::check(&bytes).unwrap()).unwrap();
    // The next of its producer is in order, and lies where the forgotten one was said to be.
    let next = append(&partition, 1, (1, 0, 5), false).unwrap();
    assert_eq!((forgotten.base_offset, next.base_offset), (2, 2));
    assert_eq!(partition.bounds().unwrap().high_watermark, 3);
}

#[test]
fn what_is_hidden_is_stored_and_shown_when_it_is_time() {
    let partition = Partition::default();
    for count in [2, 3] {
        let bytes = batch_of(count, (-1, -1, -1), false, 0);
        partition.append(&BatchHeader::check(&bytes).unwrap(), bytes, 0, Duration::from_millis(1)).unwrap();
    }
    let shown = || partition.bounds().unwrap().high_watermark;
    assert_eq!(shown(), 0);
    partition.show(2);
    assert_eq!(shown(), 2);
    partition.show(5);
    assert_eq!(shown(), 5);
    partition.show(2);
    assert_eq!(shown(), 5);
}

#[test]
fn committed_readers_are_not_shown_what_is_hidden_before_a_running_transaction() {
    let partition = Partition::default();
    let bytes = batch_of(5, (-1, -1, -1), false, 0);
    partition.append(&BatchHeader::check(&bytes).unwrap(), bytes, 0, Duration::from_millis(1)).unwrap();
    partition.begin_transaction(5).unwrap();
    append(&partition, 4, (5, 0, 0), true).unwrap();
    let bounds = partition.bounds().unwrap();
    assert_eq!((bounds.last_stable, bounds.high_watermark), (0, 0));
    assert!(fetch(&partition, true).batches.is_empty());
}

#[test]
fn committed_readers_stop_before_a_running_transaction() {
    let partition = Partition::default();
    append(&partition, 2, (-1, -1, -1), false).unwrap();
    partition.begin_transaction(5).unwrap();
    append(&partition, 4, (5, 0, 0), true).unwrap();
    append(&partition, 1, (-1, -1, -1), false).unwrap();
    assert_eq!(fetch(&partition, true).batches.len(), 1);
    assert_eq!(fetch(&partition, false).batches.len(), 3);
    partition.end_transaction(5, 0, true, 0, 0);
    let found = fetch(&partition, true);
    assert_eq!(found.batches.len(), 4, "the marker is there too");
    assert_eq!(found.aborted, Some(Vec::new()));
    assert_eq!(found.bounds.last_stable, 8);
}

#[test]
fn an_aborted_transaction_is_named_to_committed_readers() {
    let partition = Partition::default();
    partition.begin_transaction(5).unwrap();
    append(&partition, 4, (5, 0, 0), true).unwrap();
    partition.end_transaction(5, 0, false, 0, 0);
    let aborted = Aborted { producer_id: 5, first_offset: 0, last_offset: 4 };
    assert_eq!(fetch(&partition, true).aborted, Some(vec![aborted]));
    assert_eq!(fetch(&partition, false).aborted, None);
}

#[test]
fn transactional_batches_need_a_running_transaction() {
    let partition = Partition::default();
    assert_eq!(append(&partition, 1, (5, 0, 0), true).unwrap_err(), ResponseError::InvalidTxnState);
}

#[test]
fn a_marker_of_a_newer_epoch_fences_the_older() {
    let partition = Partition::default();
    partition.begin_transaction(5).unwrap();
    append(&partition, 1, (5, 0, 0), true).unwrap();
    partition.end_transaction(5, 1, false, 0, 0);
    assert_eq!(append(&partition, 1, (5, 0, 1), true).unwrap_err(), ResponseError::InvalidProducerEpoch);
}

#[test]
fn nothing_is_appended_to_a_deleted_partition() {
    let partition = Partition::default();
    append(&partition, 1, (-1, -1, -1), false).unwrap();
    assert!(partition.delete() > 0);
    assert!(append(&partition, 1, (-1, -1, -1), false).is_err());
}
