//! Client settings: what floodmark sets on purpose, then a file's, then the command line's.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use rdkafka::ClientConfig;

use crate::profile::Delivery;

/// Settings that a user gave, by librdkafka's names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientSettings {
    given: BTreeMap<String, String>,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `-X` without `=`.
    #[error("-X {0}: write it as key=value, like -X linger.ms=5")]
    NotAPair(String),
    /// The file of `--client-config` cannot be read.
    #[error("--client-config {path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting that would take away what the measurement rests on.
    #[error("{key}={value} leaves nothing to measure: {why}")]
    Indispensable {
        /// The property.
        key: &'static str,
        /// Its value.
        value: &'static str,
        /// Why, and the way out.
        why: &'static str,
    },
    /// A Java setting that has no equivalent here.
    #[error("{key} = {value} in --client-config has no equivalent in librdkafka: {way_out}")]
    NoEquivalent {
        /// The Java property.
        key: String,
        /// Its value, where it is no secret.
        value: String,
        /// What to write instead.
        way_out: &'static str,
    },
}

/// Names that librdkafka has for the same property (`_RK_C_ALIAS` in its rdkafka_conf.c): the other name, and the one that is used here.
/// Both at once would let the order of the names decide.
const ALIASES: [(&str, &str); 11] = [
    ("metadata.broker.list", "bootstrap.servers"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("sasl.mechanism", "sasl.mechanisms"),
    ("sasl.oauthbearer.client.credentials.client.id", "sasl.oauthbearer.client.id"),
    ("sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret"),
    ("max.partition.fetch.bytes", "fetch.message.max.bytes"),
    ("queue.buffering.max.ms", "linger.ms"),
    ("message.send.max.retries", "retries"),
    ("compression.type", "compression.codec"),
    ("request.required.acks", "acks"),
    ("message.timeout.ms", "delivery.timeout.ms"),
];

/// What the measurement rests on: a property, the value that would take it away, and why.
const INDISPENSABLE: [(&str, &str, &str); 3] = [
    (
        "acks",
        "0",
        "nothing would confirm that an event was written, and lost could not be told from never sent; use acks=1 or acks=all",
    ),
    ("delivery.report.only.error", "true", "no acknowledgement would be reported; leave it out"),
    ("enable.partition.eof", "false", "nobody would know where a topic ends; leave it out"),
];

/// Java properties about classes that this client does not load.
const JAVA_ONLY: [&str; 9] = [
    "key.serializer",
    "value.serializer",
    "key.deserializer",
    "value.deserializer",
    "partitioner.class",
    "interceptor.classes",
    "metric.reporters",
    "client.dns.lookup",
    "buffer.memory",
];

impl ClientSettings {
    /// From `-b`, the file of `--client-config` and the `-X` pairs; the later wins.
    ///
    /// # Errors
    /// [`SettingsError`] when a pair or the file cannot be read.
    pub fn gather(brokers: Option<&str>, file: Option<&Path>, pairs: &[String]) -> Result<Self, SettingsError> {
        let mut settings = ClientSettings::default();
        if let Some(path) = file {
            for (key, value) in read_properties(path)? {
                settings.take_java_property(&key, &value)?;
            }
        }
        if let Some(brokers) = brokers {
            settings.set("bootstrap.servers", brokers);
        }
        for pair in pairs {
            let (key, value) = pair.split_once('=').ok_or_else(|| SettingsError::NotAPair(pair.clone()))?;
            settings.set(key.trim(), value);
        }
        settings.refuse_what_hides()?;
        Ok(settings)
    }

    fn refuse_what_hides(&self) -> Result<(), SettingsError> {
        let takes_away = |(key, value, _): &&(&str, &str, &str)| self.get(key).map(str::trim) == Some(*value);
        match INDISPENSABLE.iter().find(takes_away) {
            Some(&(key, value, why)) => Err(SettingsError::Indispensable { key, value, why }),
            None => Ok(()),
        }
    }

    /// Sets one property, by any of librdkafka's names for it.
    pub fn set(&mut self, key: &str, value: &str) {
        let name = ALIASES.iter().find(|(alias, _)| *alias == key).map_or(key, |(_, name)| name);
        self.given.insert(name.to_owned(), value.to_owned());
    }

    /// The addresses to connect to, if they are known.
    #[must_use]
    pub fn brokers(&self) -> Option<&str> {
        self.get("bootstrap.servers")
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.given.get(key).map(String::as_str)
    }

    fn take_java_property(&mut self, key: &str, value: &str) -> Result<(), SettingsError> {
        let no_equivalent = |value: &str, way_out| SettingsError::NoEquivalent {
            key: key.to_owned(),
            value: value.to_owned(),
            way_out,
        };
        match key {
            java_only if JAVA_ONLY.contains(&java_only) => {}
            "sasl.jaas.config" => {
                let (username, password) = jaas_credentials(value)
                    .ok_or_else(|| no_equivalent("(hidden)", "give sasl.username and sasl.password in its place"))?;
                self.set("sasl.username", &username);
                self.set("sasl.password", &password);
            }
            "ssl.truststore.type" | "ssl.keystore.type" if value.eq_ignore_ascii_case("PEM") => {}
            "ssl.truststore.type" | "ssl.keystore.type" => {
                return Err(no_equivalent(
                    value,
                    "convert the store to PEM with keytool and openssl, and name it in ssl.ca.location",
                ));
            }
            "ssl.truststore.location" => self.set("ssl.ca.location", value),
            "ssl.truststore.certificates" => self.set("ssl.ca.pem", value),
            "ssl.endpoint.identification.algorithm" if value.is_empty() => {
                self.set("ssl.endpoint.identification.algorithm", "none")
            }
            _ => self.set(key, value),
        }
        Ok(())
    }

    /// The settings of a producer, floodmark's own first. `capacity` is how many events its queue holds.
    #[must_use]
    pub fn producer(
        &self,
        delivery: Delivery,
        capacity: usize,
        transactional_id: Option<&str>,
    ) -> BTreeMap<String, String> {
        let mut settings = self.with_common(&[
            ("linger.ms", "5"),
            ("batch.size", "1000000"),
            ("batch.num.messages", "10000"),
            ("queue.buffering.max.kbytes", "1048576"),
            ("compression.codec", "none"),
            ("delivery.timeout.ms", "120000"),
            ("retry.backoff.ms", "100"),
        ]);
        settings.insert("queue.buffering.max.messages".to_owned(), capacity.to_string());
        let by_delivery: &[(&str, &str)] = match delivery {
            Delivery::BestEffort => &[("acks", "1"), ("enable.idempotence", "false"), ("retries", "0")],
            Delivery::AtLeastOnce => {
                &[("acks", "all"), ("enable.idempotence", "false"), ("max.in.flight.requests.per.connection", "5")]
            }
            Delivery::ExactlyOnce => &[
                ("acks", "all"),
                ("enable.idempotence", "true"),
                ("transaction.timeout.ms", "60000"),
                ("delivery.timeout.ms", "60000"),
            ],
        };
        overlay(&mut settings, by_delivery);
        if let Some(id) = transactional_id {
            settings.insert("transactional.id".to_owned(), id.to_owned());
        }
        self.with_given(settings)
    }

    /// How many events a producer's queue holds: as given by `-X queue.buffering.max.messages`, or 100,000.
    #[must_use]
    pub fn queue_capacity(&self) -> usize {
        self.get("queue.buffering.max.messages").and_then(|text| text.parse().ok()).unwrap_or(100_000)
    }

    /// The settings of a consumer that reads where it is told, floodmark's own first.
    #[must_use]
    pub fn consumer(&self, group: &str, committed_only: bool) -> BTreeMap<String, String> {
        let mut settings = self.with_common(&[
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("enable.partition.eof", "true"),
            ("auto.offset.reset", "error"),
            ("fetch.wait.max.ms", "100"),
            ("fetch.min.bytes", "1"),
            ("fetch.queue.backoff.ms", "5"),
            ("fetch.error.backoff.ms", "100"),
            ("queued.min.messages", "200000"),
            ("queued.max.messages.kbytes", "131072"),
            ("check.crcs", "false"),
        ]);
        settings.insert("group.id".to_owned(), group.to_owned());
        let isolation = if committed_only { "read_committed" } else { "read_uncommitted" };
        settings.insert("isolation.level".to_owned(), isolation.to_owned());
        self.with_given(settings)
    }

    /// The settings of a consumer that samples a topic, whatever is committed. `own` come before what the user gave.
    #[must_use]
    pub fn sampler(&self, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut settings = self.consumer("floodmark-capture", false);
        overlay(&mut settings, own);
        self.with_given(settings)
    }

    /// The settings of a client that only asks about the cluster.
    #[must_use]
    pub(super) fn admin(&self) -> BTreeMap<String, String> {
        self.with_given(self.with_common(&[]))
    }

    fn with_common(&self, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        overlay(
            &mut settings,
            &[
                ("client.id", "floodmark"),
                ("reconnect.backoff.ms", "20"),
                ("reconnect.backoff.max.ms", "1000"),
                ("socket.nagle.disable", "true"),
                ("topic.metadata.refresh.interval.ms", "30000"),
                ("allow.auto.create.topics", "false"),
                ("log.connection.close", "false"),
            ],
        );
        overlay(&mut settings, own);
        settings
    }

    fn with_given(&self, mut settings: BTreeMap<String, String>) -> BTreeMap<String, String> {
        settings.extend(self.given.clone());
        settings
    }
}

/// As the client takes them.
pub(super) fn native(settings: &BTreeMap<String, String>) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (key, value) in settings {
        config.set(key, value);
    }
    // What the client would write to the screen comes as errors and reports, too, and those are heard.
    config.set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg);
    config
}

fn overlay(settings: &mut BTreeMap<String, String>, pairs: &[(&str, &str)]) {
    settings.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
}

fn read_properties(path: &Path) -> Result<BTreeMap<String, String>, SettingsError> {
    let wrong = |reason: String| SettingsError::File { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    Ok(java_properties::read(file).map_err(|error| wrong(error.to_string()))?.into_iter().collect())
}

/// The user name and password in a JAAS line of the PLAIN or SCRAM login modules.
fn jaas_credentials(line: &str) -> Option<(String, String)> {
    let value_of = |key: &str| {
        let behind = line.split_once(&format!("{key}=\""))?.1;
        Some(behind.split_once('"')?.0.to_owned())
    };
    Some((value_of("username")?, value_of("password")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(file: &str, pairs: &[&str]) -> Result<ClientSettings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("client.properties");
        std::fs::write(&path, file).unwrap();
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        ClientSettings::gather(Some("here:9092"), Some(&path), &pairs)
    }

    #[test]
    fn the_command_line_wins_over_the_file_and_the_file_over_our_own() {
        let settings = gather("linger.ms=7\nacks=1\nbootstrap.servers=there:9092\n", &["linger.ms=9"]).unwrap();
        let producer = settings.producer(Delivery::AtLeastOnce, 10, None);
        assert_eq!((producer["linger.ms"].as_str(), producer["acks"].as_str()), ("9", "1"));
        assert_eq!(settings.brokers(), Some("here:9092"));
    }

    #[test]
    fn another_name_of_a_property_takes_the_place_of_floodmarks_own() {
        for (alias, name) in ALIASES {
            let settings = gather("", &[&format!("{alias}=7")]).unwrap();
            let clients = [settings.producer(Delivery::AtLeastOnce, 10, None), settings.consumer("g", false)];
            for client in clients {
                assert_eq!((client.get(name).map(String::as_str), client.get(alias)), (Some("7"), None), "{alias}");
            }
        }
        assert_eq!(gather("", &["metadata.broker.list=there:9092"]).unwrap().brokers(), Some("there:9092"));
    }

    #[test]
    fn what_the_measurement_rests_on_cannot_be_taken_away() {
        for given in
            ["acks=0", "request.required.acks=0", "delivery.report.only.error=true", "enable.partition.eof=false"]
        {
            let error = gather("", &[given]).unwrap_err().to_string();
            assert!(error.contains("leaves nothing to measure"), "{given}: {error}");
        }
        let error = gather("acks=0\n", &[]).unwrap_err().to_string();
        assert!(error.contains("acks=0") && error.contains("acks=1 or acks=all"), "{error}");
        assert!(gather("acks=0\n", &["acks=1"]).is_ok(), "the command line wins over the file");
    }

    #[test]
    fn a_jaas_line_becomes_user_and_password() {
        let line = "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"p\";\nkey.serializer=x\n";
        let producer = gather(line, &[]).unwrap().producer(Delivery::BestEffort, 10, None);
        assert_eq!((producer["sasl.username"].as_str(), producer["sasl.password"].as_str()), ("u", "p"));
        assert!(!producer.contains_key("key.serializer") && !producer.contains_key("sasl.jaas.config"));
    }

    #[test]
    fn what_cannot_be_used_is_named_with_the_way_out_and_without_secrets() {
        let error = gather("ssl.truststore.type=JKS\n", &[]).unwrap_err().to_string();
        assert!(error.contains("ssl.truststore.type") && error.contains("PEM"), "{error}");
        let error = gather("sasl.jaas.config=SomeLogin token=hush\n", &[]).unwrap_err().to_string();
        assert!(!error.contains("hush"), "{error}");
        assert!(gather("", &["linger"]).unwrap_err().to_string().contains("key=value"));
    }

    #[test]
    fn exactly_once_is_idempotent_and_transactional() {
        let producer = ClientSettings::default().producer(Delivery::ExactlyOnce, 10, Some("t"));
        assert_eq!((producer["enable.idempotence"].as_str(), producer["transactional.id"].as_str()), ("true", "t"));
    }
}
