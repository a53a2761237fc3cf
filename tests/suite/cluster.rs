//! The cluster for the suite: the embedded broker, or the real one in FLOODMARK_TEST_BROKERS.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use floodmark::broker::{Broker, BrokerConfig};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// How long the cluster may take for a test's request.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster for one test.
pub(crate) struct Cluster {
    /// Kept alive for the test; none when a real cluster is used.
    embedded: Option<Broker>,
    pub(crate) brokers: String,
    /// What is removed from a real cluster after the test.
    topics: Mutex<Vec<String>>,
}

impl Cluster {
    pub(crate) fn for_a_test() -> Self {
        if let Ok(brokers) = std::env::var("FLOODMARK_TEST_BROKERS") {
            return Cluster { embedded: None, brokers, topics: Mutex::default() };
        }
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        let brokers = broker.address().to_string();
        Cluster { embedded: Some(broker), brokers, topics: Mutex::default() }
    }

    /// A topic name that no other test uses, marked as floodmark's.
    pub(crate) fn topic(&self, subject: &str) -> String {
        self.own(fresh_topic(subject))
    }

    /// A topic name that no other test uses, without floodmark's mark.
    pub(crate) fn unmarked_topic(&self, subject: &str) -> String {
        self.own(fresh_topic(subject).replace("floodmark", "other-peoples"))
    }

    fn own(&self, topic: String) -> String {
        self.topics.lock().unwrap().push(topic.clone());
        topic
    }

    /// Creates a topic.
    pub(crate) fn create(&self, topic: &str, partitions: i32) {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let results = waited(self.admin().create_topics([&new], &options)).unwrap();
        results[0].as_ref().unwrap();
    }

    /// Creates a topic with one setting of its own.
    pub(crate) fn create_with(&self, topic: &str, partitions: i32, name: &str, value: &str) {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1)).set(name, value);
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let results = waited(self.admin().create_topics([&new], &options)).unwrap();
        results[0].as_ref().unwrap();
    }

    /// Adds partitions to a topic, up to the given number.
    pub(crate) fn grow(&self, topic: &str, partitions: usize) {
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let results =
            waited(self.admin().create_partitions([&NewPartitions::new(topic, partitions)], &options)).unwrap();
        results[0].as_ref().unwrap();
    }

    /// Deletes a topic.
    pub(crate) fn delete(&self, topic: &str) {
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        let results = waited(self.admin().delete_topics(&[topic], &options)).unwrap();
        results[0].as_ref().unwrap();
    }

    /// How many records a partition holds, transaction markers included.
    pub(crate) fn records(&self, topic: &str, partition: i32) -> i64 {
        let client: BaseConsumer = self.client().create().unwrap();
        let (start, end) = client.fetch_watermarks(topic, partition, PATIENCE).unwrap();
        end - start
    }

    /// Writes a record for each timestamp into partition 0, in transactions of this many records; the transactions in `aborts` are aborted.
    pub(crate) fn write_in_transactions(
        &self,
        topic: &str,
        stamps_ms: &[i64],
        each: usize,
        aborts: impl Fn(usize) -> bool,
    ) {
        let producer: BaseProducer = self.client().set("transactional.id", topic).create().unwrap();
        producer.init_transactions(PATIENCE).unwrap();
        for (number, stamps_ms) in stamps_ms.chunks(each).enumerate() {
            producer.begin_transaction().unwrap();
            for stamp_ms in stamps_ms {
                let record = BaseRecord::<str, str>::to(topic).partition(0).timestamp(*stamp_ms).key("k").payload("{}");
                producer.send(record).map_err(|(error, _)| error).unwrap();
            }
            producer.flush(PATIENCE).unwrap();
            if aborts(number) { producer.abort_transaction(PATIENCE) } else { producer.commit_transaction(PATIENCE) }
                .unwrap();
        }
    }

    /// Writes messages into partition 0 of a topic and waits until they are there.
    pub(crate) fn write(&self, topic: &str, payloads: &[Vec<u8>]) {
        let producer: BaseProducer = self.client().create().unwrap();
        for payload in payloads {
            let record = BaseRecord::<[u8], [u8]>::to(topic).partition(0).payload(payload.as_slice());
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
    }

    /// Writes a record with a key and a payload into a partition for each timestamp (milliseconds since 1970), in their order.
    pub(crate) fn write_at(&self, topic: &str, partition: i32, stamps_ms: &[i64]) {
        let producer: BaseProducer = self.client().set("linger.ms", "5").create().unwrap();
        for (number, stamp_ms) in stamps_ms.iter().enumerate() {
            let (key, payload) = (format!("key-{}", number % 10), format!("{{\"event_time\": {}}}", stamp_ms - 5000));
            let record = BaseRecord::<str, str>::to(topic).partition(partition).timestamp(*stamp_ms);
            producer.send(record.key(key.as_str()).payload(payload.as_str())).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
    }

    /// Writes records into a partition, in their order: a timestamp (milliseconds since 1970) and a payload each.
    pub(crate) fn write_stamped(&self, topic: &str, partition: i32, records: &[(i64, String)]) {
        let producer: BaseProducer = self.client().set("linger.ms", "5").create().unwrap();
        for (stamp_ms, payload) in records {
            let record = BaseRecord::<str, str>::to(topic).partition(partition).timestamp(*stamp_ms);
            producer.send(record.payload(payload.as_str())).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(PATIENCE).unwrap();
    }

    /// Deletes everything before an offset.
    pub(crate) fn delete_before(&self, topic: &str, partition: i32, offset: i64) {
        let mut before = TopicPartitionList::new();
        before.add_partition_offset(topic, partition, Offset::Offset(offset)).unwrap();
        waited(self.admin().delete_records(&before, &AdminOptions::new())).unwrap();
    }

    pub(crate) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        self.client().create().unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let topics = self.topics.lock().unwrap();
        if self.embedded.is_none() && !topics.is_empty() {
            let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
            // A topic that the test did not get to create is not a problem.
            let _deleted = waited(self.admin().delete_topics(&topics, &AdminOptions::new()));
        }
    }
}

fn waited<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A topic name that no other test uses, marked as floodmark's.
pub(crate) fn fresh_topic(subject: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("floodmark-test-{subject}-{}-{}-{number}", std::process::id(), since_1970.as_millis())
}
