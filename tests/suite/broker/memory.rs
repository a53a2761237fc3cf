//! What the embedded broker keeps, and what it does when its memory is full.

use super::*;

const SMALL_CAP_BYTES: u64 = 1 << 20;

fn small(when_full: WhenFull) -> Broker {
    start(BrokerConfig { memory_cap_bytes: SMALL_CAP_BYTES, when_full, ..BrokerConfig::default() })
}

/// Sends 4 MiB in batches of about 10 KiB; returns when the broker has stopped accepting them.
fn send_until_held(broker: &Broker, records: usize) -> CountingProducer {
    let producer = producer(broker, &[("batch.num.messages", "10"), ("enable.idempotence", "true")]);
    for number in 0..records {
        let mut payload = vec![b'.'; 1_000];
        payload[..8].copy_from_slice(&(number as u64).to_be_bytes());
        send(&producer, "orders", 0, &payload);
    }
    poll_until(&producer, |_| broker.stored_bytes() + 20_000 > SMALL_CAP_BYTES);
    producer
}

fn numbers(read: Vec<Vec<u8>>) -> Vec<u64> {
    read.into_iter().map(|payload| u64::from_be_bytes(payload[..8].try_into().unwrap())).collect()
}

#[test]
fn at_the_cap_unread_data_is_kept_and_read_data_makes_room() {
    const RECORDS: usize = 4_000;
    let broker = small(WhenFull::DropRead);
    create(&broker, "orders", 1);
    let producer = send_until_held(&broker, RECORDS);
    assert!(acked(&producer) < RECORDS, "the producer is held back");
    let consumer = consumer(&broker, "orders", 1, Offset::Beginning, &[("fetch.message.max.bytes", "50000")]);
    let mut read = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while read.len() < RECORDS {
        assert!(Instant::now() < deadline, "read {}", read.len());
        producer.poll(Duration::ZERO);
        assert!(broker.stored_bytes() <= SMALL_CAP_BYTES);
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(10)) {
            read.push(message.payload().unwrap().to_vec());
        }
    }
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == RECORDS);
    assert_eq!(numbers(read), (0..RECORDS as u64).collect::<Vec<_>>());
    let (start, end) = consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap();
    assert!(start > 0 && end == i64::try_from(RECORDS).unwrap(), "the oldest were dropped: {start}..{end}");
}

#[test]
fn a_broker_that_nobody_reads_says_that_it_holds_producers_back() {
    let workshop = Workshop::new();
    let (mut broker, address) = own_broker_with(&workshop, &["--memory-cap", "1MiB"]);
    let profile = workshop.profile("duration = \"3s\"\ndrain = \"1s\"\n[[stream]]\nname = \"s\"\nrate = \"5k/s\"\n");
    let sent = workshop.start_on("produce", &profile, &address, &[]);
    broker.until("a word about the cap", |broker| broker.stderr().contains("reached the memory cap of 1MiB"));
    assert!(
        broker.stderr().contains("run a consumer, or start the broker with a larger --memory-cap"),
        "{}",
        broker.stderr()
    );
    assert_eq!(sent.wait().code(), Some(3));
}

#[test]
fn at_the_cap_the_slowest_reader_counts() {
    const RECORDS: usize = 4_000;
    let broker = small(WhenFull::DropRead);
    create(&broker, "orders", 1);
    let sluggish =
        [("queued.min.messages", "1"), ("fetch.message.max.bytes", "50000"), ("fetch.queue.backoff.ms", "1")];
    let slow = consumer(&broker, "orders", 1, Offset::Beginning, &sluggish);
    assert!(matches!(slow.poll(PATIENCE), Some(Err(KafkaError::PartitionEOF(0)))), "it has begun to read");
    let producer = send_until_held(&broker, RECORDS);
    let fast = read_to_end(&consumer(&broker, "orders", 1, Offset::Beginning, &[]), 1);
    assert!(fast[&0].len() < RECORDS, "the fast reader has read all that is there");
    let mut read = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while read.len() < RECORDS {
        assert!(Instant::now() < deadline, "read {}", read.len());
        producer.poll(Duration::ZERO);
        match slow.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => read.push(message.payload().unwrap().to_vec()),
            Some(Err(KafkaError::PartitionEOF(_))) | None => {}
            Some(Err(error)) => panic!("{error}"),
        }
    }
    assert_eq!(numbers(read), (0..RECORDS as u64).collect::<Vec<_>>());
}

#[test]
fn what_all_known_readers_have_read_is_dropped_at_once_and_nothing_else() {
    const RECORDS: usize = 1_000;
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    broker.drop_when_read_by(2, "orders");
    let fast = consumer(&broker, "orders", 1, Offset::Beginning, &[]);
    assert!(matches!(fast.poll(PATIENCE), Some(Err(KafkaError::PartitionEOF(0)))), "it has begun to read");
    let producer = producer(&broker, &[("batch.num.messages", "10")]);
    for number in 0..RECORDS as u64 {
        send(&producer, "orders", 0, &number.to_be_bytes());
    }
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == RECORDS);
    let stored_bytes = broker.stored_bytes();
    let deadline = Instant::now() + PATIENCE;
    let mut read = 0;
    while read < RECORDS {
        assert!(Instant::now() < deadline, "read {read}");
        read += usize::from(matches!(fast.poll(Duration::from_millis(10)), Some(Ok(_))));
    }
    assert_eq!(broker.stored_bytes(), stored_bytes, "the other reader has not begun");
    let late = consumer(&broker, "orders", 1, Offset::Beginning, &[]);
    let read = read_to_end(&late, 1).remove(&0).unwrap();
    assert_eq!(numbers(read), (0..RECORDS as u64).collect::<Vec<_>>());
    let deadline = Instant::now() + PATIENCE;
    while broker.stored_bytes() > 0 {
        assert!(Instant::now() < deadline, "{} bytes are kept", broker.stored_bytes());
        fast.poll(Duration::from_millis(5));
    }
    let (start, end) = late.fetch_watermarks("orders", 0, PATIENCE).unwrap();
    assert_eq!((start, end), (RECORDS as i64, RECORDS as i64));
}

#[test]
fn held_producers_go_on_when_records_are_deleted_and_nothing_acked_is_lost() {
    const RECORDS: usize = 2_000;
    let broker = small(WhenFull::HoldProducers);
    create(&broker, "orders", 1);
    let producer = send_until_held(&broker, RECORDS);
    let mut read = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while read.len() < RECORDS {
        assert!(Instant::now() < deadline, "read {}", read.len());
        let from = Offset::Offset(i64::try_from(read.len()).unwrap());
        read.extend(read_to_end(&consumer(&broker, "orders", 1, from, &[]), 1).remove(&0).unwrap_or_default());
        let mut done = TopicPartitionList::new();
        done.add_partition_offset("orders", 0, Offset::Offset(i64::try_from(read.len()).unwrap())).unwrap();
        block_on(admin(&broker).delete_records(&done, &AdminOptions::new())).unwrap();
        producer.poll(Duration::from_millis(20));
    }
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == RECORDS);
    assert_eq!(numbers(read), (0..RECORDS as u64).collect::<Vec<_>>());
}

#[test]
fn a_client_that_has_gone_leaves_no_connection_behind_while_its_answer_is_waited_for() {
    let broker = small(WhenFull::HoldProducers);
    create(&broker, "orders", 1);
    until("the admin's end", || broker.open_connections() == 0);
    let payload = vec![b'x'; 900_000];
    // With more than one, there are unread requests before the end of the connection.
    for in_flight in ["1", "5"] {
        // Held back for longer than this test waits, unless their departure is noticed.
        let patient =
            [("request.timeout.ms", "800000"), ("delivery.timeout.ms", "900000"), ("max.in.flight", in_flight)];
        let producer = producer(&broker, &patient);
        for _ in 0..8 {
            send(&producer, "orders", 0, &payload);
        }
        until("a producer that is held back", || {
            producer.poll(Duration::from_millis(5));
            broker.unfinished_bytes() > 0
        });
        drop(producer);
        until("the end of its connections", || broker.open_connections() == 0 && broker.unfinished_bytes() == 0);
    }
}
