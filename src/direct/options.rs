//! How a direct client is opened: what it reads from the settings of a producer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::codec::Codec;
use super::shelf::Fullness;
use super::wire::{ConnectOptions, Host, Security, SecurityError};

/// How much a client takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most events in flight.
    pub(super) events: usize,
    /// Most bytes in flight.
    pub(super) bytes: usize,
    /// The largest record, as librdkafka counts it.
    pub(super) largest_record: usize,
    /// When a batch is complete.
    pub(super) fullness: Fullness,
}

/// How a cluster is reached.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    /// The topic whose leaders are asked for.
    pub(super) topic: String,
    pub(super) bootstrap: Vec<Host>,
    pub(super) connect: ConnectOptions,
    pub(super) reconnect_after_ns: u64,
    pub(super) reconnect_at_most_ns: u64,
}

/// How a client sends.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) topic: String,
    pub(super) bootstrap: Vec<Host>,
    pub(super) connect: ConnectOptions,
    pub(super) limits: Limits,
    pub(super) codec: Codec,
    /// How long a batch lives, from its first event.
    pub(super) lifetime_ns: u64,
    /// How long a broker may wait for its replicas.
    pub(super) request_timeout_ms: i32,
    /// How long a broker may take for an answer.
    pub(super) answer_within_ns: u64,
    pub(super) retry_after_ns: u64,
    pub(super) reconnect_after_ns: u64,
    pub(super) reconnect_at_most_ns: u64,
    /// Most requests under way to one broker.
    pub(super) requests: usize,
}

const NS_PER_MS: f64 = 1e6;
/// The answers to Produce requests are short.
const MOST_ANSWER_BYTES: usize = 8 << 20;
/// Connecting is tried again after that.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// A producer's settings, resolved; each has been checked by the client that they are named after.
struct Settings<'a>(&'a BTreeMap<String, String>);

impl Settings<'_> {
    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// A whole number, or one with a fraction: half a millisecond of linger is possible.
    fn number(&self, key: &str, otherwise: f64) -> f64 {
        self.text(key).trim().parse().unwrap_or(otherwise)
    }

    fn count(&self, key: &str, otherwise: u32) -> usize {
        self.number(key, otherwise.into()) as usize
    }

    /// Milliseconds, in nanoseconds.
    fn span_ns(&self, key: &str, otherwise_ms: u32) -> u64 {
        (self.number(key, otherwise_ms.into()) * NS_PER_MS) as u64
    }

    fn limits(&self, events: usize) -> Limits {
        let fullness = Fullness {
            bytes: self.count("batch.size", 1_000_000),
            events: self.count("batch.num.messages", 10_000).max(1),
            linger_ns: self.span_ns("linger.ms", 5),
        };
        Limits {
            events,
            bytes: self.count("queue.buffering.max.kbytes", 1 << 20).saturating_mul(1024),
            largest_record: self.count("message.max.bytes", 1_000_000),
            fullness,
        }
    }

    /// The codec; another one has been refused.
    fn codec(&self) -> Codec {
        Codec::named(self.text("compression.codec"), self.text("compression.level").trim().parse().ok())
            .unwrap_or_default()
    }
}

impl Options {
    /// From a producer's settings.
    ///
    /// # Errors
    /// When it cannot encrypt or log in as they say.
    pub(super) fn of(topic: &str, settings: &BTreeMap<String, String>, events: usize) -> Result<Self, SecurityError> {
        let security = Security::of(settings)?;
        let settings = Settings(settings);
        let client_id = settings.text("client.id").to_owned();
        // librdkafka's 0 is "never".
        let lifetime_ns = Some(settings.span_ns("delivery.timeout.ms", 120_000)).filter(|ns| *ns > 0);
        Ok(Options {
            topic: topic.to_owned(),
            bootstrap: Host::list(settings.text("bootstrap.servers")),
            connect: ConnectOptions {
                client_id,
                patience: CONNECT_PATIENCE,
                security,
                most_answer_bytes: MOST_ANSWER_BYTES,
            },
            limits: settings.limits(events),
            codec: settings.codec(),
            lifetime_ns: lifetime_ns.unwrap_or(u64::MAX),
            request_timeout_ms: settings.number("request.timeout.ms", 30_000.0) as i32,
            answer_within_ns: settings.span_ns("socket.timeout.ms", 60_000),
            retry_after_ns: settings.span_ns("retry.backoff.ms", 100),
            reconnect_after_ns: settings.span_ns("reconnect.backoff.ms", 20),
            reconnect_at_most_ns: settings.span_ns("reconnect.backoff.max.ms", 1000),
            requests: settings.count("max.in.flight.requests.per.connection", 5).clamp(1, 5),
        })
    }

    /// How the cluster is reached.
    pub(super) fn contact(&self) -> Contact {
        Contact {
            topic: self.topic.clone(),
            bootstrap: self.bootstrap.clone(),
            connect: self.connect.clone(),
            reconnect_after_ns: self.reconnect_after_ns,
            reconnect_at_most_ns: self.reconnect_at_most_ns,
        }
    }
}
