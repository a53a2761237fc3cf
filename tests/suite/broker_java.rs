//! The embedded broker, used by Kafka's own Java tools. Runs when `FLOODMARK_KAFKA_LIBS` names the folder of Kafka's jars.

use std::process::{Command, Output};

use floodmark::broker::{Broker, BrokerConfig};
use floodmark::kafka::ClientSettings;

/// A broker and the jars; or none, and a line that says so, if there are no jars.
struct Java {
    broker: Broker,
    class_path: String,
}

impl Java {
    fn start() -> Option<Self> {
        let Ok(libs) = std::env::var("FLOODMARK_KAFKA_LIBS") else {
            println!("skipped: set FLOODMARK_KAFKA_LIBS to the folder of Kafka's jars to run Kafka's own clients");
            return None;
        };
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        Some(Self { broker, class_path: format!("{libs}/*") })
    }

    /// Runs a tool against the broker and returns what it prints.
    fn run(&self, tool: &str, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = Command::new("java")
            .args(["-Xmx256m", "-cp", &self.class_path, &format!("org.apache.kafka.tools.{tool}")])
            .args(["--bootstrap-server", &self.broker.address().to_string()])
            .args(arguments)
            .output()
            .unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{tool} {arguments:?}: {stdout}\n{stderr}");
        stdout.into_owned()
    }

    fn topics(&self, arguments: &[&str]) -> String {
        self.run("TopicCommand", arguments)
    }

    fn produce(&self, records: usize, more: &[&str]) {
        let records = records.to_string();
        let arguments = ["--topic", "orders", "--num-records", &records, "--record-size", "100", "--throughput", "-1"];
        self.run("ProducerPerformance", &[&arguments, more].concat());
    }

    /// How many records the console consumer prints: it stops at `wanted`, or after a while without records.
    fn consume(&self, wanted: usize, more: &[&str]) -> usize {
        let wanted = wanted.to_string();
        let arguments = ["--topic", "orders", "--from-beginning", "--max-messages", &wanted, "--timeout-ms", "10000"];
        self.run("consumer.ConsoleConsumer", &[&arguments, more].concat()).lines().count()
    }
}

#[test]
fn kafkas_topic_command_creates_describes_grows_and_deletes() {
    let Some(java) = Java::start() else { return };
    java.topics(&["--create", "--topic", "orders", "--partitions", "3", "--config", "max.message.bytes=2000000"]);
    java.topics(&["--alter", "--topic", "orders", "--partitions", "4"]);
    let described = java.topics(&["--describe", "--topic", "orders"]);
    assert!(described.contains("PartitionCount: 4") && described.contains("max.message.bytes=2000000"), "{described}");
    java.topics(&["--delete", "--topic", "orders"]);
    assert_eq!(java.topics(&["--list"]).trim(), "");
}

#[test]
fn kafkas_console_consumer_reads_what_kafkas_producer_wrote() {
    let Some(java) = Java::start() else { return };
    java.topics(&["--create", "--topic", "orders", "--partitions", "4"]);
    java.produce(50_000, &[]);
    java.produce(50_000, &["--command-property", "compression.type=zstd"]);
    assert_eq!(java.consume(100_000, &["--group", "g"]), 100_000);
}

#[test]
fn kafkas_transactional_producer_is_read_committed() {
    let Some(java) = Java::start() else { return };
    java.topics(&["--create", "--topic", "orders", "--partitions", "2"]);
    java.produce(20_000, &["--transactional-id", "t", "--transaction-duration-ms", "50"]);
    assert_eq!(java.consume(20_000, &["--isolation-level", "read_committed"]), 20_000);
}

/// Prints the keys of Kafka's three clients.
const KEYS: &str = r#"
public class Keys {
    public static void main(String[] none) {
        var keys = new java.util.TreeSet<String>(org.apache.kafka.clients.producer.ProducerConfig.configNames());
        keys.addAll(org.apache.kafka.clients.consumer.ConsumerConfig.configNames());
        keys.addAll(org.apache.kafka.clients.admin.AdminClientConfig.configNames());
        keys.forEach(System.out::println);
    }
}
"#;

#[test]
fn every_property_of_kafkas_own_clients_is_known_to_client_config() {
    let Some(java) = Java::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("Keys.java");
    std::fs::write(&source, KEYS).unwrap();
    let Output { status, stdout, stderr } =
        Command::new("java").args(["-Xmx256m", "-cp", &java.class_path]).arg(&source).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    let keys = String::from_utf8(stdout).unwrap();
    assert!(keys.lines().count() > 100, "{keys}");
    let file = folder.path().join("client.properties");
    for key in keys.lines() {
        std::fs::write(&file, format!("{key}=1\n")).unwrap();
        // Accepted, or refused for a reason; never skipped as unknown.
        let remarks =
            ClientSettings::gather(None, Some(&file), &[]).map_or_else(|_| Vec::new(), |taken| taken.remarks());
        assert!(!remarks.iter().any(|remark| remark.contains("ignored")), "{remarks:?}");
    }
}
