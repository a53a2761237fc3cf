//! The embedded broker, used by librdkafka.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use floodmark::broker::{Broker, BrokerConfig, WhenFull};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use crate::interruption::own_broker_with;
use crate::program::Workshop;

mod memory;

const PATIENCE: Duration = Duration::from_secs(30);

fn start(config: BrokerConfig) -> Broker {
    Broker::start(config).unwrap()
}

fn client(broker: &Broker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.address().to_string());
    config
}

/// Runs an admin future to its end without a runtime: librdkafka's threads complete it.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn admin(broker: &Broker) -> AdminClient<DefaultClientContext> {
    client(broker).create().unwrap()
}

fn create_with(
    broker: &Broker,
    topic: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> Result<(), RDKafkaErrorCode> {
    let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    for (name, value) in configs {
        new = new.set(name, value);
    }
    let results = block_on(admin(broker).create_topics([&new], &AdminOptions::new())).unwrap();
    results.into_iter().next().unwrap().map(drop).map_err(|(_, code)| code)
}

fn create(broker: &Broker, topic: &str, partitions: i32) {
    create_with(broker, topic, partitions, &[]).unwrap();
}

fn delete(broker: &Broker, topic: &str) -> Result<(), RDKafkaErrorCode> {
    let results = block_on(admin(broker).delete_topics(&[topic], &AdminOptions::new())).unwrap();
    results.into_iter().next().unwrap().map(drop).map_err(|(_, code)| code)
}

/// Counts deliveries by their outcome.
#[derive(Default)]
struct Deliveries {
    acked: AtomicUsize,
    failed: AtomicUsize,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let count = if result.is_ok() { &self.acked } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

type CountingProducer = BaseProducer<Deliveries>;

fn producer(broker: &Broker, settings: &[(&str, &str)]) -> CountingProducer {
    let mut config = client(broker);
    config.set("queue.buffering.max.messages", "1000000");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create_with_context(Deliveries::default()).unwrap()
}

fn acked(producer: &CountingProducer) -> usize {
    producer.context().acked.load(Ordering::Relaxed)
}

fn send(producer: &CountingProducer, topic: &str, partition: i32, payload: &[u8]) {
    let mut record = BaseRecord::<(), [u8]>::to(topic).partition(partition).payload(payload);
    while let Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) = producer.send(record) {
        producer.poll(Duration::from_millis(1));
        record = back;
    }
}

/// Serves deliveries until `enough`, or fails.
fn poll_until(producer: &CountingProducer, enough: impl Fn(&Deliveries) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !enough(producer.context()) {
        assert!(Instant::now() < deadline, "acked {}", acked(producer));
        producer.poll(Duration::from_millis(5));
    }
}

fn consumer(broker: &Broker, topic: &str, partitions: i32, from: Offset, settings: &[(&str, &str)]) -> BaseConsumer {
    let mut config = client(broker);
    config.set("group.id", "test").set("enable.auto.commit", "false").set("auto.offset.reset", "error");
    config.set("fetch.wait.max.ms", "50").set("enable.partition.eof", "true");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    let consumer: BaseConsumer = config.create().unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions {
        assignment.add_partition_offset(topic, partition, from).unwrap();
    }
    consumer.assign(&assignment).unwrap();
    consumer
}

/// Reads until the end of every partition has been seen: payloads by partition, in order.
fn read_to_end(consumer: &BaseConsumer, partitions: i32) -> BTreeMap<i32, Vec<Vec<u8>>> {
    let mut read: BTreeMap<i32, Vec<Vec<u8>>> = BTreeMap::new();
    let mut ended = vec![false; usize::try_from(partitions).unwrap()];
    let deadline = Instant::now() + PATIENCE;
    while ended.contains(&false) {
        assert!(Instant::now() < deadline, "read {}", read.values().map(Vec::len).sum::<usize>());
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                read.entry(message.partition()).or_default().push(message.payload().unwrap_or_default().to_vec());
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => ended[usize::try_from(partition).unwrap()] = true,
            Some(Err(error)) => panic!("{error}"),
            None => {}
        }
    }
    read
}

fn payloads(broker: &Broker, topic: &str, settings: &[(&str, &str)]) -> Vec<String> {
    let consumer = consumer(broker, topic, 1, Offset::Beginning, settings);
    let read = read_to_end(&consumer, 1).remove(&0).unwrap_or_default();
    read.into_iter().map(|payload| String::from_utf8(payload).unwrap()).collect()
}

const COMMITTED: &[(&str, &str)] = &[("isolation.level", "read_committed")];
const UNCOMMITTED: &[(&str, &str)] = &[("isolation.level", "read_uncommitted")];

#[test]
fn a_hundred_thousand_records_come_back_in_order() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 4);
    for codec in ["none", "zstd"] {
        let producer = producer(&broker, &[("linger.ms", "5"), ("compression.codec", codec)]);
        for number in 0..100_000_u32 {
            send(&producer, "orders", i32::try_from(number % 4).unwrap(), &number.to_be_bytes());
        }
        poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 100_000);
    }
    let read = read_to_end(&consumer(&broker, "orders", 4, Offset::Beginning, &[]), 4);
    for partition in 0..4_u32 {
        let once: Vec<_> = (partition..100_000).step_by(4).map(|number| number.to_be_bytes().to_vec()).collect();
        assert_eq!(read[&i32::try_from(partition).unwrap()], [once.clone(), once].concat());
    }
}

#[test]
fn idempotent_producers_lose_and_repeat_nothing() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let producer = producer(&broker, &[("enable.idempotence", "true"), ("batch.num.messages", "100")]);
    for number in 0..20_000 {
        send(&producer, "orders", 0, format!("{number}").as_bytes());
    }
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 20_000);
    assert_eq!(payloads(&broker, "orders", &[]), (0..20_000).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn producers_that_want_no_answer_are_served() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let producer = producer(&broker, &[("acks", "0"), ("linger.ms", "0")]);
    for number in 0..1_000 {
        send(&producer, "orders", 0, number.to_string().as_bytes());
    }
    producer.flush(PATIENCE).unwrap();
    let consumer = consumer(&broker, "orders", 1, Offset::Beginning, &[]);
    let deadline = Instant::now() + PATIENCE;
    let mut read = 0;
    while read < 1_000 {
        assert!(Instant::now() < deadline, "read {read}");
        read += usize::from(matches!(consumer.poll(Duration::from_millis(100)), Some(Ok(_))));
    }
}

#[test]
fn a_stopped_broker_frees_its_port_and_ends_its_connections() {
    let broker = start(BrokerConfig::default());
    let address = broker.address();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    broker.stop();
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    start(BrokerConfig { listen: address, ..BrokerConfig::default() });
}

fn transactional(broker: &Broker, id: &str) -> CountingProducer {
    let producer = producer(broker, &[("transactional.id", id)]);
    producer.init_transactions(PATIENCE).unwrap();
    producer
}

#[test]
fn readers_of_committed_data_see_commits_and_no_aborts() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let producer = transactional(&broker, "t");
    for (round, committed) in [("a", true), ("b", false), ("c", true), ("d", false), ("e", true)] {
        producer.begin_transaction().unwrap();
        for number in 0..3 {
            send(&producer, "orders", 0, format!("{round}{number}").as_bytes());
        }
        producer.flush(PATIENCE).unwrap();
        if committed {
            producer.commit_transaction(PATIENCE).unwrap();
        } else {
            producer.abort_transaction(PATIENCE).unwrap();
        }
    }
    let of = |rounds: &str| -> Vec<String> {
        rounds.chars().flat_map(|round| (0..3).map(move |number| format!("{round}{number}"))).collect()
    };
    assert_eq!(payloads(&broker, "orders", COMMITTED), of("ace"));
    assert_eq!(payloads(&broker, "orders", UNCOMMITTED), of("abcde"));
}

#[test]
fn a_running_transaction_holds_committed_readers_back() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let producer = transactional(&broker, "t");
    producer.begin_transaction().unwrap();
    send(&producer, "orders", 0, b"early");
    producer.flush(PATIENCE).unwrap();
    assert_eq!(payloads(&broker, "orders", COMMITTED), Vec::<String>::new());
    assert_eq!(payloads(&broker, "orders", UNCOMMITTED), ["early"]);
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(payloads(&broker, "orders", COMMITTED), ["early"]);
}

#[test]
fn a_second_producer_of_a_transactional_id_fences_the_first() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let first = transactional(&broker, "t");
    first.begin_transaction().unwrap();
    send(&first, "orders", 0, b"lost");
    first.flush(PATIENCE).unwrap();
    let second = transactional(&broker, "t");
    second.begin_transaction().unwrap();
    send(&second, "orders", 0, b"kept");
    second.commit_transaction(PATIENCE).unwrap();
    assert!(first.commit_transaction(PATIENCE).is_err());
    assert_eq!(payloads(&broker, "orders", COMMITTED), ["kept"]);
}

#[test]
fn offsets_are_found_by_time() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let producer = producer(&broker, &[]);
    for number in 0..100_i64 {
        let record = BaseRecord::<(), [u8]>::to("orders").partition(0).payload(b"x").timestamp(1_000_000 + number * 10);
        producer.send(record).unwrap();
    }
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 100);
    let consumer = consumer(&broker, "orders", 1, Offset::Beginning, &[]);
    let at = |timestamp_ms: i64| {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset("orders", 0, Offset::Offset(timestamp_ms)).unwrap();
        consumer.offsets_for_times(asked, PATIENCE).unwrap().elements()[0].offset()
    };
    assert_eq!(at(1_000_000), Offset::Offset(0));
    assert_eq!(at(1_000_415), Offset::Offset(42));
    assert_eq!(at(1_000_990), Offset::Offset(99));
    assert_eq!(at(1_000_991), Offset::End);
    assert_eq!(consumer.fetch_watermarks("orders", 0, PATIENCE).unwrap(), (0, 100));
}

#[test]
fn topics_are_created_described_and_deleted_as_in_kafka() {
    let broker = start(BrokerConfig { default_partitions: 3, ..BrokerConfig::default() });
    create_with(&broker, "orders", -1, &[("floodmark.mark", "yes"), ("max.message.bytes", "2000")]).unwrap();
    assert_eq!(create_with(&broker, "orders", 1, &[]), Err(RDKafkaErrorCode::TopicAlreadyExists));
    assert_eq!(create_with(&broker, "bad name", 1, &[]), Err(RDKafkaErrorCode::InvalidTopic));
    assert_eq!(create_with(&broker, "c", 1, &[("max.message.bytes", "big")]), Err(RDKafkaErrorCode::InvalidConfig));

    let resource = ResourceSpecifier::Topic("orders");
    let described = block_on(admin(&broker).describe_configs([&resource], &AdminOptions::new())).unwrap();
    let configs: HashMap<_, _> =
        described.into_iter().next().unwrap().unwrap().entries.into_iter().map(|e| (e.name, e.value)).collect();
    assert_eq!(configs["floodmark.mark"].as_deref(), Some("yes"));
    assert_eq!(configs["max.message.bytes"].as_deref(), Some("2000"));

    let consumer: BaseConsumer = client(&broker).create().unwrap();
    let metadata = consumer.fetch_metadata(Some("orders"), PATIENCE).unwrap();
    assert_eq!(metadata.topics()[0].partitions().len(), 3);
    assert_eq!(consumer.client().fetch_cluster_id(PATIENCE).as_deref(), Some(broker.cluster_id()));

    assert_eq!(delete(&broker, "orders"), Ok(()));
    assert_eq!(delete(&broker, "orders"), Err(RDKafkaErrorCode::UnknownTopicOrPartition));
    let metadata = consumer.fetch_metadata(Some("orders"), PATIENCE).unwrap();
    assert!(metadata.topics()[0].error().is_some(), "nothing is created by asking");
}

#[test]
fn topics_appear_when_asked_for_only_where_that_is_configured() {
    let broker = start(BrokerConfig { auto_create_topics: true, default_partitions: 2, ..BrokerConfig::default() });
    let producer = producer(&broker, &[]);
    send(&producer, "orders", 1, b"first");
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 1);
    let consumer: BaseConsumer = client(&broker).create().unwrap();
    let metadata = consumer.fetch_metadata(Some("orders"), PATIENCE).unwrap();
    assert_eq!(metadata.topics()[0].partitions().len(), 2);
    // A consumer does not allow creation by default, whatever the broker would do.
    let metadata = consumer.fetch_metadata(Some("others"), PATIENCE).unwrap();
    assert!(metadata.topics()[0].error().is_some());
}

#[test]
fn a_batch_above_the_topics_limit_is_refused() {
    let broker = start(BrokerConfig::default());
    create_with(&broker, "orders", 1, &[("max.message.bytes", "2000")]).unwrap();
    let producer = producer(&broker, &[("linger.ms", "0"), ("batch.num.messages", "1")]);
    send(&producer, "orders", 0, &[b'x'; 1_500]);
    send(&producer, "orders", 0, &[b'x'; 2_500]);
    poll_until(&producer, |deliveries| deliveries.failed.load(Ordering::Relaxed) == 1);
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 1);
}

#[test]
fn a_paused_broker_answers_nothing_and_loses_nothing() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let producer = producer(&broker, &[("linger.ms", "0")]);
    send(&producer, "orders", 0, b"before");
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 1);
    broker.pause();
    send(&producer, "orders", 0, b"meanwhile");
    producer.poll(Duration::from_millis(300));
    assert_eq!(acked(&producer), 1);
    broker.resume();
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 2);
    assert_eq!(payloads(&broker, "orders", &[]), ["before", "meanwhile"]);
}

#[test]
fn a_group_shares_the_partitions_and_remembers_its_offsets() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 2);
    let producer = producer(&broker, &[]);
    for number in 0..100 {
        send(&producer, "orders", number % 2, number.to_string().as_bytes());
    }
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 100);
    let member = || -> BaseConsumer {
        let mut config = client(&broker);
        config.set("group.id", "g").set("auto.offset.reset", "earliest").set("session.timeout.ms", "6000");
        let consumer: BaseConsumer = config.create().unwrap();
        consumer.subscribe(&["orders"]).unwrap();
        consumer
    };
    let first = member();
    let mut read = 0;
    let deadline = Instant::now() + PATIENCE;
    while read < 100 {
        assert!(Instant::now() < deadline, "read {read}");
        read += usize::from(matches!(first.poll(Duration::from_millis(100)), Some(Ok(_))));
    }
    first.commit_consumer_state(rdkafka::consumer::CommitMode::Sync).unwrap();
    let second = member();
    while first.assignment().unwrap().count() != 1 || second.assignment().unwrap().count() != 1 {
        assert!(Instant::now() < deadline, "the second got no share");
        for consumer in [&first, &second] {
            assert!(consumer.poll(Duration::from_millis(50)).is_none(), "everything was read and committed");
        }
    }
}

/// A Metadata request, version 1, whose array of topics claims two thousand million elements.
fn boastful_frame() -> Vec<u8> {
    let mut frame = vec![0, 3, 0, 1, 0, 0, 0, 9, 0xff, 0xff];
    frame.extend_from_slice(&i32::MAX.to_be_bytes());
    [&14_i32.to_be_bytes()[..], &frame].concat()
}

#[test]
fn senseless_bytes_close_their_connection_and_no_other() {
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let floods = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        i32::MIN.to_be_bytes().to_vec(),
        [&3_i32.to_be_bytes()[..], &[1, 2, 3]].concat(),
        [&8_i32.to_be_bytes()[..], &[0x7f, 0, 0, 0, 0, 0, 0, 0]].concat(),
        boastful_frame(),
    ];
    for (count, flood) in (1..).zip(&floods) {
        let mut stream = TcpStream::connect(broker.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(flood).unwrap();
        let mut answer = Vec::new();
        // Closed by the broker: an end or a reset, but no answer.
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{flood:?} got {answer:?}");
        assert_eq!(broker.malformed_connections(), count, "{flood:?}");
    }
    let producer = producer(&broker, &[]);
    send(&producer, "orders", 0, b"still here");
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 1);
}

#[test]
fn an_unknown_version_of_api_versions_gets_the_table_in_version_0() {
    let broker = start(BrokerConfig::default());
    let mut stream = TcpStream::connect(broker.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&[0, 0, 0, 10, 0, 18, 0, 99, 0, 0, 0, 7, 0, 0]).unwrap();
    let mut start_of_answer = [0_u8; 10];
    stream.read_exact(&mut start_of_answer).unwrap();
    assert_eq!(start_of_answer[4..], [0, 0, 0, 7, 0, 35]);
}

pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come about");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_claimed_length_takes_no_memory_before_its_bytes_have_come() {
    const CLAIMED: i32 = 100 * 1024 * 1024;
    let broker = start(BrokerConfig::default());
    create(&broker, "orders", 1);
    let claims: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = TcpStream::connect(broker.address()).unwrap();
            stream.write_all(&[&CLAIMED.to_be_bytes()[..], &[0; 100]].concat()).unwrap();
            stream
        })
        .collect();
    until("every claim", || broker.unfinished_bytes() > 0 && broker.open_connections() >= 50);
    let producer = producer(&broker, &[]);
    send(&producer, "orders", 0, b"beside them");
    poll_until(&producer, |deliveries| deliveries.acked.load(Ordering::Relaxed) == 1);
    assert!(broker.unfinished_bytes() <= 50 * 128 * 1024, "{} bytes", broker.unfinished_bytes());
    drop(claims);
    until("the room back", || broker.unfinished_bytes() == 0);
}
