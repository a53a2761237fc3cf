//! The embedded broker, spoken to by librdkafka.

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
use rdkafka::util::Timeout;
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

const PATIENCE: Duration = Duration::from_secs(30);

fn start(config: BrokerConfig) -> Broker {
    Broker::start(config).unwrap()
}

fn client(broker: &Broker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", broker.address().to_string());
    config
}

/// Runs an admin future to its end without a runtime of this test's own: librdkafka's threads complete it.
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
