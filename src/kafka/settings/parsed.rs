//! Settings as the client understands them: it parses them, and is then asked what it read.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::config::NativeClientConfig;
use rdkafka::error::KafkaError as ClientError;
use rdkafka::types::RDKafkaConfRes;

use super::SettingsError;
use crate::kafka::error::KafkaError;

/// A property, whether its value, as the client reads it, would defeat the measurement, and why.
type Indispensable = (&'static str, fn(&str) -> bool, &'static str);

/// What the measurement depends on.
const INDISPENSABLE: [Indispensable; 5] = [
    (
        "acks",
        |value| value == "0",
        "without acknowledgements, lost events cannot be told from events that were never written; use acks=1 or acks=all",
    ),
    ("delivery.report.only.error", |value| value == "true", "acknowledgements would not be reported; remove it"),
    ("enable.partition.eof", |value| value == "false", "the end of a topic could not be seen; remove it"),
    ("auto.offset.reset", |value| value != "error", "records that are gone would be skipped silently; remove it"),
    (
        "transactional.id",
        |value| !value.is_empty(),
        "floodmark names its transactional producers itself; set delivery = \"exactly-once\" in the profile",
    ),
];

/// The mechanisms of this build of the client.
const MECHANISMS: [&str; 4] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];
/// The most events that a queue may hold: each takes about 200 bytes here and in the client even while it is empty.
const MOST_QUEUED: u64 = 20_000_000;

/// The client's reading of some settings.
pub(super) struct Parsed {
    native: NativeClientConfig,
}

/// Whether the client knows a property of this name: it accepts an empty value, or calls it
/// invalid. Some Java names it knows only to say that they are for Java.
pub(super) fn is_known(key: &str) -> bool {
    let mut config = ClientConfig::new();
    config.set(key, "");
    match config.create_native_config() {
        Ok(_) => true,
        Err(ClientError::ClientConfig(code, why, ..)) => {
            code != RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN && !why.contains("Java")
        }
        Err(_) => false,
    }
}

/// The client reports topic properties (`acks`) only once one of them is set; so one is set, to its default.
fn with_topic_properties() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("request.timeout.ms", "30000");
    config
}

impl Parsed {
    /// Lets the client parse them.
    pub(super) fn of(given: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let mut config = with_topic_properties();
        for (key, value) in given {
            config.set(key, value);
        }
        let native = config.create_native_config().map_err(|error| KafkaError::settings(&error))?;
        Ok(Parsed { native })
    }

    fn get(&self, key: &str) -> String {
        // Only keys that the client knows are asked for; one without a value reads as empty.
        self.native.get(key).unwrap_or_default()
    }

    /// Refuses values that would defeat the measurement.
    pub(super) fn refuse_what_hides(&self, given: &BTreeMap<String, String>) -> Result<(), SettingsError> {
        for (key, takes_away, why) in INDISPENSABLE {
            if let Some(value) = given.get(key)
                && takes_away(&self.get(key))
            {
                return Err(SettingsError::Indispensable { key, value: value.clone(), why });
            }
        }
        Ok(())
    }

    /// Refuses a login mechanism that this build lacks, before the client explains how to recompile it.
    pub(super) fn refuse_other_mechanisms(&self) -> Result<(), SettingsError> {
        let mechanism = self.get("sasl.mechanisms");
        let logs_in = self.get("security.protocol").starts_with("sasl");
        if logs_in && !MECHANISMS.iter().any(|known| known.eq_ignore_ascii_case(&mechanism)) {
            return Err(SettingsError::Mechanism { mechanism, known: MECHANISMS.join(", ") });
        }
        Ok(())
    }

    /// Refuses a login with tokens that nothing gives, which would wait for ever, and tokens for another login.
    pub(super) fn refuse_missing_tokens(&self, has_command: bool) -> Result<(), SettingsError> {
        let (protocol, mechanism) = (self.get("security.protocol"), self.get("sasl.mechanisms"));
        let with_tokens = mechanism.eq_ignore_ascii_case("OAUTHBEARER");
        let unused = |key, value| Err(SettingsError::TokenUnused { key, value });
        match (has_command, protocol.starts_with("sasl")) {
            (true, false) => unused("security.protocol", protocol),
            (true, true) if !with_tokens => unused("sasl.mechanism", mechanism),
            (false, true) if with_tokens && self.get("enable.sasl.oauthbearer.unsecure.jwt") != "true" => {
                Err(SettingsError::NoToken)
            }
            _ => Ok(()),
        }
    }

    /// The largest message that a producer takes.
    pub(super) fn largest_message_bytes(&self) -> u64 {
        self.get("message.max.bytes").parse().unwrap_or(super::DEFAULT_REQUEST_BYTES)
    }

    /// How many events a producer's queue holds.
    pub(super) fn queue_capacity(&self, given: &BTreeMap<String, String>) -> Result<usize, SettingsError> {
        let key = "queue.buffering.max.messages";
        let Some(value) = given.get(key) else { return Ok(super::QUEUED) };
        match self.get(key).parse::<u64>() {
            Ok(events @ 1..=MOST_QUEUED) => Ok(events as usize),
            _ => Err(SettingsError::Queue { value: value.clone(), most: MOST_QUEUED }),
        }
    }
}
