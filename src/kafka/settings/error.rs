//! Why client settings cannot be used.

use std::path::PathBuf;

use crate::kafka::KafkaError;
use crate::redact::redact;

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `-X` without `=`. The text may be half of a secret, and is not repeated.
    #[error("-X takes key=value, like -X linger.ms=5; this one has {0} characters and no `=`")]
    NotAPair(usize),
    /// The file of `--client-config` cannot be read.
    #[error("--client-config {path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The client does not take a setting.
    #[error(transparent)]
    Client(#[from] KafkaError),
    /// A user and a password in a list of brokers.
    #[error(
        "{key} contains a user or password; name a broker as HOST:PORT, and log in with -X security.protocol=sasl_ssl -X sasl.mechanism=… -X sasl.username=… -X sasl.password=…"
    )]
    Login {
        /// The property that holds the list.
        key: String,
    },
    /// A value that would defeat the measurement.
    #[error("{key}={value} would leave nothing to measure: {why}")]
    Indispensable {
        /// The property.
        key: &'static str,
        /// Its value, as it was given.
        value: String,
        /// Why, and the way out.
        why: &'static str,
    },
    /// A login mechanism that this build does not have.
    #[error(
        "sasl.mechanism = {mechanism} is not in this build of librdkafka, which has {known}; set one of them with -X sasl.mechanism=… or in --client-config"
    )]
    Mechanism {
        /// The mechanism.
        mechanism: String,
        /// Those of this build.
        known: String,
    },
    /// Tokens are asked for, and there is nothing that gives one.
    #[error(
        "sasl.mechanism = OAUTHBEARER needs a token: name a command that prints one with --token-command (or FLOODMARK_TOKEN_COMMAND)"
    )]
    NoToken,
    /// Tokens are given, and nobody asks for one.
    #[error(
        "--token-command logs in with tokens (OAUTHBEARER), but {key} = {value}: set security.protocol=sasl_ssl and sasl.mechanism=OAUTHBEARER, or leave it out"
    )]
    TokenUnused {
        /// The property that decides.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// A queue of no events, or of more than fit in memory.
    #[error("queue.buffering.max.messages = {value}; it must be from 1 to {most}")]
    Queue {
        /// What was given.
        value: String,
        /// The maximum.
        most: u64,
    },
    /// A Java property's name after `-X`.
    #[error("-X {key}: this is Java's name, and -X takes librdkafka's: {way_out}")]
    JavaName {
        /// The name.
        key: String,
        /// What to write instead.
        way_out: String,
    },
    /// A truststore or keystore that cannot be read.
    #[error("{key} = {path} in --client-config cannot be read: {why}")]
    Store {
        /// The property.
        key: String,
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// A value that Java's config providers would look up.
    #[error(
        "{key} in --client-config refers to a config provider (`${{…:…}}`), which floodmark does not read: write the value itself, or set it with -X"
    )]
    Provider {
        /// The property.
        key: String,
    },
    /// A Java setting that has no equivalent here.
    #[error("{key} = {value} in --client-config has no equivalent in librdkafka: {way_out}")]
    NoEquivalent {
        /// The Java property.
        key: String,
        /// Its value, where it is no secret.
        value: String,
        /// What to write instead.
        way_out: String,
    },
}

impl SettingsError {
    /// A property of a file that has no equivalent in the client; a secret in its value is left out.
    pub(super) fn no_equivalent(key: &str, value: &str, way_out: impl Into<String>) -> Self {
        let value = redact(key, value);
        SettingsError::NoEquivalent { key: key.to_owned(), value, way_out: way_out.into() }
    }
}
