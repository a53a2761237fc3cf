//! What the direct client does not do is refused before a run, with the way out. Pure.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::codec::Codec;
use super::wire::{Security, SecurityError};
use crate::kafka::ClientSettings;
use crate::profile::{Client, Delivery, Stream};

/// Something that the direct client would have to ignore.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// A property that means nothing to it.
    #[error("the direct client has no {0}; remove it, or use client = \"librdkafka\"")]
    Property(String),
    /// A value that it does not have.
    #[error("{key} = {value}: the direct client {instead}; change it, or use client = \"librdkafka\"")]
    Value {
        /// The property.
        key: String,
        /// Its value.
        value: String,
        /// What it does.
        instead: &'static str,
    },
    /// Encryption or a login.
    #[error(transparent)]
    Security(#[from] SecurityError),
}

/// Properties that it follows.
const FOLLOWED: [&str; 35] = [
    "acks",
    "batch.num.messages",
    "batch.size",
    "bootstrap.servers",
    "client.id",
    "compression.codec",
    "compression.level",
    "delivery.timeout.ms",
    "enable.idempotence",
    "enable.ssl.certificate.verification",
    "linger.ms",
    "max.in.flight.requests.per.connection",
    "message.max.bytes",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "retry.backoff.ms",
    "sasl.mechanisms",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "socket.nagle.disable",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.location",
    "ssl.keystore.password",
];

/// What properties of readers begin with, those of what librdkafka prints, and those of places that floodmark chooses itself: they change
/// nothing of what is sent.
const BESIDE: [&str; 23] = [
    "allow.auto.create.topics",
    "auto.",
    "check.crcs",
    "client.rack",
    "consume.",
    "coordinator.",
    "debug",
    "delivery.report.only.error",
    "enable.auto.",
    "enable.partition.eof",
    "fetch.",
    "group.",
    "heartbeat.",
    "isolation.level",
    "log",
    "max.poll.",
    "offset.",
    "partition.assignment.",
    "partitioner",
    "queued.",
    "session.",
    "statistics.",
    "sticky.partitioning.",
];

/// What properties of a connection begin with: a reader must not ignore any.
const OF_CONNECTIONS: [&str; 4] = ["sasl.", "security.", "socket.", "ssl."];

/// Refuses what the direct client would have to ignore, of a stream that is sent or read by it.
///
/// # Errors
/// [`Refused`], for the first.
pub(crate) fn refuse(settings: &ClientSettings, stream: &Stream) -> Result<(), Refused> {
    if stream.client == Client::Direct {
        refuse_sending(settings, stream)?;
    }
    if stream.stages.iter().any(|stage| stage.client == Client::Direct) {
        refuse_reading(settings)?;
    }
    Ok(())
}

fn refuse_sending(settings: &ClientSettings, stream: &Stream) -> Result<(), Refused> {
    for (key, value) in settings.given() {
        if !FOLLOWED.contains(&key) && !BESIDE.iter().any(|beside| key.starts_with(beside)) {
            return Err(Refused::Property(key.to_owned()));
        }
        refuse_value(key, value.trim())?;
    }
    let codec = settings.compression(stream).unwrap_or("none");
    if Codec::named(codec, None).is_none() {
        return Err(refused("compression.codec", codec, "compresses by lz4 or zstd"));
    }
    refuse_login(settings)
}

/// Properties of producers and of librdkafka's own queues change nothing of what is read.
fn refuse_reading(settings: &ClientSettings) -> Result<(), Refused> {
    let is_of_connections = |key: &str| OF_CONNECTIONS.iter().any(|beginning| key.starts_with(beginning));
    for (key, value) in settings.given().filter(|(key, _)| is_of_connections(key)) {
        if !FOLLOWED.contains(&key) {
            return Err(Refused::Property(key.to_owned()));
        }
        refuse_value(key, value.trim())?;
    }
    refuse_login(settings)
}

fn refuse_login(settings: &ClientSettings) -> Result<(), Refused> {
    if settings.has_token_command() {
        return Err(SecurityError::Mechanism("OAUTHBEARER".to_owned()).into());
    }
    Security::of(&settings.producer(Delivery::AtLeastOnce, settings.queue_capacity(), None))?;
    Ok(())
}

/// A producer's settings as the direct client follows them, with its name.
pub(crate) fn resolved(mut settings: BTreeMap<String, String>) -> BTreeMap<String, String> {
    settings.retain(|key, _| FOLLOWED.contains(&key.as_str()));
    for (key, value) in [("client", "direct"), ("acks", "all"), ("enable.idempotence", "true")] {
        settings.insert(key.to_owned(), value.to_owned());
    }
    settings
}

/// Refuses values of properties that it follows in part.
fn refuse_value(key: &str, value: &str) -> Result<(), Refused> {
    let number = value.parse::<i64>().ok();
    match key {
        "acks" if value != "all" && value != "-1" => {
            Err(refused(key, value, "waits for every replica in sync (acks=all)"))
        }
        "enable.idempotence" if value != "true" => Err(refused(key, value, "is always idempotent")),
        "max.in.flight.requests.per.connection" if number.is_some_and(|number| number > 5) => {
            Err(refused(key, value, "has at most 5 requests under way, as idempotence demands"))
        }
        "socket.nagle.disable" if value != "true" => Err(refused(key, value, "never waits to fill packets")),
        _ => Ok(()),
    }
}

fn refused(key: &str, value: impl Display, instead: &'static str) -> Refused {
    Refused::Value { key: key.to_owned(), value: value.to_string(), instead }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn stream(more: &str) -> Stream {
        let text = format!("[[stream]]\nname = \"s\"\nrate = \"1/s\"\nclient = \"direct\"\n{more}");
        toml::from_str::<Profile>(&text).unwrap().streams.remove(0)
    }

    fn told(pairs: &[&str]) -> String {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        let settings = ClientSettings::gather(Some("127.0.0.1:1"), None, &pairs).unwrap();
        refuse(&settings, &stream("")).map_or_else(|refused| refused.to_string(), |()| String::new())
    }

    #[test]
    fn what_would_be_ignored_is_refused_with_the_way_out() {
        let each: [&[&str]; 8] = [
            &["retries=3"],
            &["socket.send.buffer.bytes=1000"],
            &["ssl.cipher.suites=x"],
            &["acks=1"],
            &["enable.idempotence=false"],
            &["max.in.flight=6"],
            &["compression.type=gzip"],
            &[
                "security.protocol=sasl_plaintext",
                "sasl.mechanism=OAUTHBEARER",
                "enable.sasl.oauthbearer.unsecure.jwt=true",
            ],
        ];
        for pairs in each {
            let told = told(pairs);
            assert!(told.contains("client = \"librdkafka\""), "{pairs:?}: {told}");
        }
    }

    #[test]
    fn what_it_follows_and_what_concerns_readers_is_taken() {
        let pairs = ["linger.ms=1", "acks=all", "compression.type=zstd", "fetch.wait.max.ms=5", "max.in.flight=1"];
        assert_eq!(told(&pairs), "");
    }

    #[test]
    fn another_client_is_not_asked() {
        let settings = ClientSettings::gather(Some("127.0.0.1:1"), None, &["acks=1".to_owned()]).unwrap();
        let other = Stream { client: Client::Librdkafka, ..stream("") };
        assert!(refuse(&settings, &other).is_ok());
    }

    #[test]
    fn a_stage_that_it_reads_minds_only_its_connection() {
        let read = "[[stream.stage]]\nname = \"out\"\ntopic = \"out\"\nclient = \"direct\"\n";
        let read = Stream { client: Client::Librdkafka, ..stream(read) };
        let told = |pair: &str| {
            let settings = ClientSettings::gather(Some("127.0.0.1:1"), None, &[pair.to_owned()]).unwrap();
            refuse(&settings, &read).map_or_else(|refused| refused.to_string(), |()| String::new())
        };
        assert_eq!((told("acks=1"), told("retries=3"), told("fetch.wait.max.ms=5")), Default::default());
        assert!(told("ssl.cipher.suites=x").contains("the direct client has no ssl.cipher.suites"));
    }
}
