//! Client settings: floodmark's own, then those of a file, then those of the command line.

mod authorities;
mod error;
mod jaas;
mod java;
mod parsed;
mod properties;
mod stores;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use rdkafka::ClientConfig;

pub(crate) use self::error::SettingsError;
use self::parsed::Parsed;
use super::throttle;
use super::tokens;
use super::topic_config::BatchLimit;
use crate::profile::{Compression, Delivery, Isolation, Stream};
use crate::redact::redact;

/// librdkafka's defaults of message.max.bytes and fetch.max.bytes, and the smallest value of the first.
const DEFAULT_REQUEST_BYTES: u64 = 1_000_000;
const DEFAULT_ANSWER_BYTES: u64 = 52_428_800;
const LEAST_REQUEST_BYTES: u64 = 1000;
/// The largest batch of a producer, in bytes, by default.
const BATCH_BYTES: u64 = 1_000_000;
/// How many events a producer's queue holds by default.
const QUEUED: usize = 100_000;

/// Settings that a user gave, by librdkafka's names.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSettings {
    given: BTreeMap<String, String>,
    /// The command that prints tokens to log in with.
    token_command: Option<String>,
    queued: usize,
    largest_message_bytes: u64,
    remarks: Remarks,
}

/// What was skipped in a file of Java properties.
#[derive(Clone, PartialEq, Eq, Default)]
struct Remarks {
    /// Keys without an effect here, by the reason.
    without_effect: BTreeMap<&'static str, Vec<String>>,
    /// Keys that neither client knows.
    unknown: Vec<String>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        ClientSettings {
            given: BTreeMap::new(),
            token_command: None,
            queued: QUEUED,
            largest_message_bytes: DEFAULT_REQUEST_BYTES,
            remarks: Remarks::default(),
        }
    }
}

/// Without secrets: debug output may end up anywhere.
impl fmt::Debug for ClientSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.given.iter().map(|(key, value)| (key, redact(key, value)))).finish()
    }
}

/// librdkafka's aliases (`_RK_C_ALIAS` in its rdkafka_conf.c): the alias, and the name that
/// is used here. If both were set, the order of the names would decide.
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

impl ClientSettings {
    /// From `-b`, the file of `--client-config` and the `-X` pairs; the later wins.
    ///
    /// # Errors
    /// [`SettingsError`] when a pair or the file cannot be read, or when a value, as
    /// the client understands it, would defeat the measurement.
    pub fn gather(brokers: Option<&str>, file: Option<&Path>, pairs: &[String]) -> Result<Self, SettingsError> {
        ClientSettings::gather_with_tokens(brokers, file, pairs, None)
    }

    /// The same, with the command that prints tokens to log in with.
    ///
    /// # Errors
    /// As [`ClientSettings::gather`], or when nothing else says that the login is with tokens.
    pub fn gather_with_tokens(
        brokers: Option<&str>,
        file: Option<&Path>,
        pairs: &[String],
        token_command: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let token_command = token_command.map(str::to_owned);
        let mut settings = ClientSettings { token_command, ..ClientSettings::default() };
        if let Some(path) = file {
            let properties = read_properties(path)?;
            refuse_login("bootstrap.servers in --client-config", properties.get("bootstrap.servers"))?;
            java::take(&mut settings, &properties)?;
        }
        if let Some(brokers) = brokers {
            refuse_login("-b", Some(brokers))?;
            settings.set("bootstrap.servers", brokers);
        }
        if settings.has_token_command() && settings.get("sasl.mechanisms").is_none() {
            settings.set("sasl.mechanism", "OAUTHBEARER");
        }
        for pair in pairs {
            let (key, value) = pair.split_once('=').ok_or_else(|| SettingsError::NotAPair(pair.chars().count()))?;
            settings.take_pair(key.trim(), value)?;
        }
        settings.hold_against_the_client()?;
        Ok(settings)
    }

    fn take_pair(&mut self, key: &str, value: &str) -> Result<(), SettingsError> {
        if let (false, Some(way_out)) = (parsed::is_known(key), java::way_out(key)) {
            return Err(SettingsError::JavaName { key: key.to_owned(), way_out });
        }
        self.set(key, value);
        refuse_login("-X bootstrap.servers", self.brokers())
    }

    /// Lets the client parse everything and checks what it understood: the text alone (`acks=00`) says little.
    fn hold_against_the_client(&mut self) -> Result<(), SettingsError> {
        let parsed = Parsed::of(&self.given)?;
        parsed.refuse_what_hides(&self.given)?;
        parsed.refuse_other_mechanisms()?;
        parsed.refuse_missing_tokens(self.token_command.is_some())?;
        self.queued = parsed.queue_capacity(&self.given)?;
        self.largest_message_bytes = parsed.largest_message_bytes();
        Ok(())
    }

    /// What was skipped in the file of Java properties, in a sentence for each reason.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let Remarks { without_effect, unknown } = &self.remarks;
        let mut remarks: Vec<String> = without_effect
            .iter()
            .map(|(why, keys)| format!("--client-config: {} without effect: {why}", keys.join(", ")))
            .collect();
        if !unknown.is_empty() {
            remarks.push(format!(
                "--client-config: {} ignored: neither Kafka's clients nor librdkafka have such a property",
                unknown.join(", ")
            ));
        }
        remarks
    }

    fn without_effect(&mut self, key: &str, why: &'static str) {
        self.remarks.without_effect.entry(why).or_default().push(key.to_owned());
    }

    fn unknown(&mut self, key: &str) {
        self.remarks.unknown.push(key.to_owned());
    }

    /// Sets one property, by any of librdkafka's names for it.
    pub fn set(&mut self, key: &str, value: &str) {
        self.given.insert(ClientSettings::own_name(key).to_owned(), value.to_owned());
    }

    /// The name that is used here, of all of librdkafka's for a property.
    #[must_use]
    pub(crate) fn own_name(key: &str) -> &str {
        ALIASES.iter().find(|(alias, _)| *alias == key).map_or(key, |(_, name)| name)
    }

    /// Whether librdkafka or Kafka's Java clients have a property of this name.
    #[must_use]
    pub(crate) fn knows(key: &str) -> bool {
        parsed::is_known(key) || java::meaning(key).is_some()
    }

    /// The properties of Kafka's clients, for suggestions.
    pub(crate) fn known_names() -> impl Iterator<Item = &'static str> {
        java::TABLE.iter().map(|(name, _)| *name)
    }

    /// The addresses to connect to, if they are known.
    #[must_use]
    pub fn brokers(&self) -> Option<&str> {
        self.get("bootstrap.servers")
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub(crate) fn uses_tls(&self) -> bool {
        self.get("security.protocol").is_some_and(|protocol| protocol.trim().to_ascii_lowercase().ends_with("ssl"))
    }

    /// What the user gave, by the names that are used here.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&str, &str)> {
        self.given.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.given.get(key).map(String::as_str)
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
            ("batch.size", &BATCH_BYTES.to_string()),
            ("batch.num.messages", "10000"),
            ("queue.buffering.max.kbytes", "1048576"),
            ("compression.codec", "none"),
            ("delivery.timeout.ms", "120000"),
            ("retry.backoff.ms", "100"),
            ("statistics.interval.ms", throttle::EVERY_MS),
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

    /// Keeps a producer's batches within what the topic accepts, unless the user set their size.
    pub fn fit_batches(&self, producer: &mut BTreeMap<String, String>, limit: Option<BatchLimit>) {
        let Some(limit) = limit.filter(|_| self.get("batch.size").is_none()) else { return };
        producer.insert("batch.size".to_owned(), limit.bytes.clamp(1, BATCH_BYTES).to_string());
    }

    /// How many events a producer's queue holds: as given by `-X queue.buffering.max.messages`, or 100,000.
    #[must_use]
    pub fn queue_capacity(&self) -> usize {
        self.queued
    }

    /// The largest message that a producer takes, in bytes, before compression: `message.max.bytes`.
    #[must_use]
    pub fn largest_message_bytes(&self) -> u64 {
        self.largest_message_bytes
    }

    /// The compression of a stream's batches, if any: what the user gave wins over what the profile asks for.
    #[must_use]
    pub fn compression(&self, stream: &Stream) -> Option<&str> {
        let asked = || stream.compression.map(Compression::name);
        let codec = self.get("compression.codec").map(str::trim).or_else(asked);
        codec.filter(|codec| !codec.eq_ignore_ascii_case("none"))
    }

    /// Compresses a producer's batches as the stream asks, unless the user gave a codec. A level that the user gave stays.
    pub fn compress(&self, producer: &mut BTreeMap<String, String>, stream: &Stream) {
        let Some(codec) = stream.compression.filter(|_| self.get("compression.codec").is_none()) else { return };
        producer.insert("compression.codec".to_owned(), codec.name().to_owned());
        if let (Some(level), None) = (stream.compression_level, self.get("compression.level")) {
            producer.insert("compression.level".to_owned(), level.to_string());
        }
    }

    /// The settings of a consumer that reads from given offsets, floodmark's own first.
    #[must_use]
    pub fn consumer(&self, group: &str, isolation: Isolation) -> BTreeMap<String, String> {
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
        settings.insert("isolation.level".to_owned(), isolation_level(isolation).to_owned());
        let mut settings = self.with_given(settings);
        fit_request_to_fetch(&mut settings);
        settings
    }

    /// The settings of a consumer that samples a topic. `own` come before what the user gave.
    #[must_use]
    pub fn sampler(&self, isolation: Isolation, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut settings = self.consumer("floodmark-capture", isolation);
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
        if cfg!(feature = "vendored") && self.is_secured() {
            settings.extend(authorities::place(|name| std::env::var_os(name).is_some()));
        }
        overlay(&mut settings, own);
        settings
    }

    /// Whether TLS is asked for.
    fn is_secured(&self) -> bool {
        self.get("security.protocol").is_some_and(|protocol| protocol.to_ascii_lowercase().contains("ssl"))
    }

    fn with_given(&self, mut settings: BTreeMap<String, String>) -> BTreeMap<String, String> {
        settings.extend(self.given.clone());
        if let Some(command) = &self.token_command {
            settings.insert(tokens::COMMAND_KEY.to_owned(), command.clone());
        }
        settings
    }

    /// Whether a command gives the tokens to log in with, in the place of whatever would give them to a Java client.
    pub(crate) fn has_token_command(&self) -> bool {
        self.token_command.is_some()
    }
}

/// The client's name for an isolation level.
pub(super) fn isolation_level(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::ReadCommitted => "read_committed",
        Isolation::ReadUncommitted => "read_uncommitted",
    }
}

/// The isolation of a consumer with these settings.
#[must_use]
pub(crate) fn isolation_of(settings: &BTreeMap<String, String>) -> Isolation {
    let uncommitted = isolation_level(Isolation::ReadUncommitted);
    if settings.get("isolation.level").is_some_and(|level| level.trim() == uncommitted) {
        Isolation::ReadUncommitted
    } else {
        Isolation::ReadCommitted
    }
}

/// The settings as the client's own configuration.
pub(super) fn native(settings: &BTreeMap<String, String>) -> ClientConfig {
    let mut config = ClientConfig::new();
    for (key, value) in settings.iter().filter(|(key, _)| *key != tokens::COMMAND_KEY) {
        config.set(key, value);
    }
    // What the client would print also arrives as errors and reports, and those are read.
    config.set_log_level(rdkafka::config::RDKafkaLogLevel::Emerg);
    config
}

/// The client refuses a consumer whose largest request is larger than its largest response. A consumer's requests are small; the size that
/// was given is meant for the producer.
fn fit_request_to_fetch(settings: &mut BTreeMap<String, String>) {
    let number = |key: &str| settings.get(key).and_then(|value| value.trim().parse::<u64>().ok());
    let (request, answer) = (number("message.max.bytes"), number("fetch.max.bytes"));
    if request.is_some() || answer.is_some() {
        let (request, answer) = (request.unwrap_or(DEFAULT_REQUEST_BYTES), answer.unwrap_or(DEFAULT_ANSWER_BYTES));
        if request > answer {
            settings.insert("message.max.bytes".to_owned(), answer.max(LEAST_REQUEST_BYTES).to_string());
        }
    }
}

fn overlay(settings: &mut BTreeMap<String, String>, pairs: &[(&str, &str)]) {
    settings.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
}

/// A properties file, as Java reads it. Windows editors put a byte order mark before the text; it is not part of the first key.
fn read_properties(path: &Path) -> Result<BTreeMap<String, String>, SettingsError> {
    let wrong = |reason: String| SettingsError::File { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    if text.starts_with(b"\xFF\xFE") || text.starts_with(b"\xFE\xFF") {
        return Err(wrong("it is UTF-16 text; save it as UTF-8".to_owned()));
    }
    // The message does not repeat the line, which may hold a secret.
    properties::read(text).map_err(|line| wrong(format!("line {line} is not `key=value` with Java's escapes")))
}

/// A broker's address contains no `@`: text before one is a login.
fn refuse_login<T: AsRef<str>>(key: &str, brokers: Option<T>) -> Result<(), SettingsError> {
    match brokers {
        Some(brokers) if brokers.as_ref().contains('@') => Err(SettingsError::Login { key: key.to_owned() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
