//! Properties of Kafka's Java clients: what each means for librdkafka. Every key of Kafka 4's producer, consumer and admin client is in the
//! table: taken as it is, translated, without effect here, or refused with what to write instead.

use std::collections::BTreeMap;

use super::{ClientSettings, SettingsError, jaas, stores};

/// What becomes of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// librdkafka knows it by the same name, with the same values.
    Same,
    /// librdkafka has it by this name.
    Named(&'static str),
    /// librdkafka has it by this name, in units of this many bytes; −1 (the system's choice) is 0.
    Bytes(&'static str, i64),
    /// It has no effect here; why.
    NoEffect(&'static str),
    /// It would change what is measured and has no equivalent; what to do instead.
    Refused(&'static str),
    /// Its value decides: see [`take`].
    Special,
}

use Meaning::{Bytes, Named, NoEffect, Refused, Same, Special};

const NO_GROUP: &str = "floodmark reads every partition itself and joins no group";
const NO_COMMITS: &str = "floodmark commits no offsets";
const NO_CLASSES: &str = "Java classes do not run here";
const PAYLOADS: &str = "the profile's `payload` says what events look like";
const PLACES: &str =
    "floodmark chooses each event's partition itself, for keyed events as Java's default partitioner does";
const JAVA_TLS: &str = "OpenSSL has its own";
const NO_POOL: &str = "this client has no such limit";
const OIDC: &str = "this client fetches no OAuth tokens itself: name a command that prints one with --token-command, or use SCRAM, PLAIN or mutual TLS";
const BY_COMMAND: &str = "tokens come from --token-command";
const LOGIN_CLASS: &str = "the login class is Java's and does not run here; set sasl.username and sasl.password, use mutual TLS, or name a command that prints a token with --token-command";

/// The keys of Kafka 4.3's `ProducerConfig`, `ConsumerConfig` and `AdminClientConfig`.
pub(super) const TABLE: [(&str, Meaning); 141] = [
    ("acks", Same),
    ("allow.auto.create.topics", NoEffect("floodmark creates only what the profile names")),
    ("auto.commit.interval.ms", NoEffect(NO_COMMITS)),
    ("auto.offset.reset", NoEffect("floodmark reads from the offsets that it recorded before the first send")),
    ("batch.size", Same),
    ("bootstrap.controllers", Refused("load goes to brokers: name them in bootstrap.servers")),
    ("bootstrap.servers", Same),
    ("buffer.memory", Bytes("queue.buffering.max.kbytes", 1024)),
    ("check.crcs", Same),
    ("client.dns.lookup", Same),
    ("client.id", Same),
    ("client.rack", Same),
    ("compression.gzip.level", Special),
    ("compression.lz4.level", Special),
    ("compression.type", Same),
    ("compression.zstd.level", Special),
    (
        "config.providers",
        Refused("floodmark does not look such values up; write the values themselves, or set them with -X"),
    ),
    ("connections.max.idle.ms", Bytes("connections.max.idle.ms", 1)),
    ("default.api.timeout.ms", NoEffect("floodmark has timeouts of its own")),
    ("delivery.timeout.ms", Same),
    ("enable.auto.commit", NoEffect(NO_COMMITS)),
    ("enable.idempotence", Same),
    ("enable.metrics.push", Same),
    ("exclude.internal.topics", NoEffect("the profile names the topics")),
    ("fetch.max.bytes", Same),
    ("fetch.max.wait.ms", Named("fetch.wait.max.ms")),
    ("fetch.min.bytes", Same),
    ("group.id", NoEffect(NO_GROUP)),
    ("group.instance.id", NoEffect(NO_GROUP)),
    ("group.protocol", NoEffect(NO_GROUP)),
    ("group.remote.assignor", NoEffect(NO_GROUP)),
    ("heartbeat.interval.ms", NoEffect(NO_GROUP)),
    ("interceptor.classes", NoEffect("Java classes do not run here, so what they would change or count is missing")),
    ("internal.throw.on.fetch.stable.offset.unsupported", NoEffect("it is internal to Java's consumer")),
    ("isolation.level", Same),
    ("key.deserializer", NoEffect(PAYLOADS)),
    ("key.serializer", NoEffect(PAYLOADS)),
    ("linger.ms", Same),
    ("max.block.ms", NoEffect("the profile's `when_full` says what a full queue does")),
    ("max.in.flight.requests.per.connection", Same),
    ("max.partition.fetch.bytes", Same),
    ("max.poll.interval.ms", NoEffect(NO_GROUP)),
    ("max.poll.records", NoEffect(NO_POOL)),
    ("max.request.size", Named("message.max.bytes")),
    ("metadata.max.age.ms", Same),
    ("metadata.max.idle.ms", NoEffect(NO_POOL)),
    ("metadata.recovery.rebootstrap.trigger.ms", Same),
    ("metadata.recovery.strategy", Same),
    ("metric.reporters", NoEffect(NO_CLASSES)),
    ("metrics.num.samples", NoEffect(NO_CLASSES)),
    ("metrics.recording.level", NoEffect(NO_CLASSES)),
    ("metrics.sample.window.ms", NoEffect(NO_CLASSES)),
    ("partition.assignment.strategy", NoEffect(NO_GROUP)),
    ("partitioner.adaptive.partitioning.enable", NoEffect(PLACES)),
    ("partitioner.availability.timeout.ms", NoEffect(PLACES)),
    ("partitioner.class", NoEffect(PLACES)),
    ("partitioner.ignore.keys", NoEffect(PLACES)),
    ("receive.buffer.bytes", Bytes("socket.receive.buffer.bytes", 1)),
    ("reconnect.backoff.max.ms", Same),
    ("reconnect.backoff.ms", Same),
    ("request.timeout.ms", Same),
    ("retries", Same),
    ("retry.backoff.max.ms", Same),
    ("retry.backoff.ms", Same),
    ("sasl.client.callback.handler.class", Refused(LOGIN_CLASS)),
    ("sasl.jaas.config", Special),
    ("sasl.kerberos.kinit.cmd", NoEffect("this client is built without Kerberos")),
    ("sasl.kerberos.min.time.before.relogin", NoEffect("this client is built without Kerberos")),
    ("sasl.kerberos.service.name", NoEffect("this client is built without Kerberos")),
    ("sasl.kerberos.ticket.renew.jitter", NoEffect("this client is built without Kerberos")),
    ("sasl.kerberos.ticket.renew.window.factor", NoEffect("this client is built without Kerberos")),
    ("sasl.login.callback.handler.class", Refused(LOGIN_CLASS)),
    ("sasl.login.class", Refused(LOGIN_CLASS)),
    ("sasl.login.connect.timeout.ms", NoEffect(OIDC)),
    ("sasl.login.read.timeout.ms", NoEffect(OIDC)),
    ("sasl.login.refresh.buffer.seconds", NoEffect(OIDC)),
    ("sasl.login.refresh.min.period.seconds", NoEffect(OIDC)),
    ("sasl.login.refresh.window.factor", NoEffect(OIDC)),
    ("sasl.login.refresh.window.jitter", NoEffect(OIDC)),
    ("sasl.login.retry.backoff.max.ms", NoEffect(OIDC)),
    ("sasl.login.retry.backoff.ms", NoEffect(OIDC)),
    ("sasl.mechanism", Same),
    ("sasl.oauthbearer.assertion.algorithm", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.claim.aud", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.claim.exp.seconds", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.claim.iss", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.claim.jti.include", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.claim.nbf.seconds", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.claim.sub", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.file", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.private.key.file", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.private.key.passphrase", Refused(OIDC)),
    ("sasl.oauthbearer.assertion.template.file", Refused(OIDC)),
    ("sasl.oauthbearer.client.credentials.client.id", Refused(OIDC)),
    ("sasl.oauthbearer.client.credentials.client.secret", Refused(OIDC)),
    ("sasl.oauthbearer.clock.skew.seconds", NoEffect(OIDC)),
    ("sasl.oauthbearer.expected.audience", NoEffect(OIDC)),
    ("sasl.oauthbearer.expected.issuer", NoEffect(OIDC)),
    ("sasl.oauthbearer.header.urlencode", NoEffect(OIDC)),
    ("sasl.oauthbearer.jwks.endpoint.refresh.ms", NoEffect(OIDC)),
    ("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", NoEffect(OIDC)),
    ("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", NoEffect(OIDC)),
    ("sasl.oauthbearer.jwks.endpoint.url", NoEffect(OIDC)),
    ("sasl.oauthbearer.jwt.retriever.class", Refused(OIDC)),
    ("sasl.oauthbearer.jwt.validator.class", Refused(OIDC)),
    ("sasl.oauthbearer.scope", Refused(OIDC)),
    ("sasl.oauthbearer.scope.claim.name", NoEffect(OIDC)),
    ("sasl.oauthbearer.sub.claim.name", NoEffect(OIDC)),
    ("sasl.oauthbearer.token.endpoint.url", Refused(OIDC)),
    ("security.protocol", Same),
    ("security.providers", NoEffect(JAVA_TLS)),
    ("send.buffer.bytes", Bytes("socket.send.buffer.bytes", 1)),
    ("session.timeout.ms", NoEffect(NO_GROUP)),
    ("share.acknowledgement.mode", NoEffect(NO_GROUP)),
    ("share.acquire.mode", NoEffect(NO_GROUP)),
    ("socket.connection.setup.timeout.max.ms", NoEffect(NO_POOL)),
    ("socket.connection.setup.timeout.ms", Same),
    ("ssl.cipher.suites", Special),
    ("ssl.enabled.protocols", NoEffect(JAVA_TLS)),
    ("ssl.endpoint.identification.algorithm", Special),
    (
        "ssl.engine.factory.class",
        Refused("the class that would hold the keys is Java's and does not run here; name the keys as PEM files"),
    ),
    ("ssl.key.password", Same),
    ("ssl.keymanager.algorithm", NoEffect(JAVA_TLS)),
    ("ssl.keystore.certificate.chain", Named("ssl.certificate.pem")),
    ("ssl.keystore.key", Named("ssl.key.pem")),
    ("ssl.keystore.location", Special),
    ("ssl.keystore.password", Special),
    ("ssl.keystore.type", Special),
    ("ssl.protocol", NoEffect(JAVA_TLS)),
    ("ssl.provider", NoEffect(JAVA_TLS)),
    ("ssl.secure.random.implementation", NoEffect(JAVA_TLS)),
    ("ssl.trustmanager.algorithm", NoEffect(JAVA_TLS)),
    ("ssl.truststore.certificates", Named("ssl.ca.pem")),
    ("ssl.truststore.location", Special),
    ("ssl.truststore.password", NoEffect("PEM certificates have no password")),
    ("ssl.truststore.type", Special),
    ("transaction.timeout.ms", Same),
    ("transaction.two.phase.commit.enable", NoEffect("floodmark ends its transactions itself")),
    (
        "transactional.id",
        NoEffect("floodmark names its transactional producers itself; `delivery` in the profile turns them on"),
    ),
    ("value.deserializer", NoEffect(PAYLOADS)),
    ("value.serializer", NoEffect(PAYLOADS)),
];

/// What a key of Kafka's Java clients means, if it is one.
pub(super) fn meaning(key: &str) -> Option<Meaning> {
    TABLE.iter().find(|(name, _)| *name == key).map(|(_, meaning)| *meaning)
}

/// Takes a file's properties as Kafka's tools do: blanks around values are removed, and unknown keys are skipped with a remark.
pub(super) fn take(settings: &mut ClientSettings, file: &BTreeMap<String, String>) -> Result<(), SettingsError> {
    stores::take(settings, file)?;
    for (key, value) in file {
        let value = value.trim();
        refuse_provider(key, value)?;
        match meaning(key) {
            Some(Same) => settings.set(key, value),
            Some(Named(name)) => settings.set(name, value),
            Some(Bytes(name, unit)) => settings.set(name, &bytes(value, unit)),
            Some(NoEffect(why)) => settings.without_effect(key, why),
            Some(Refused(OIDC | LOGIN_CLASS)) if settings.has_token_command() => {
                settings.without_effect(key, BY_COMMAND);
            }
            Some(Refused(way_out)) => return Err(SettingsError::no_equivalent(key, value, way_out)),
            Some(Special) => take_special(settings, file, key, value)?,
            None if super::parsed::is_known(key) => settings.set(key, value),
            None => settings.unknown(key),
        }
    }
    Ok(())
}

/// What to write for a Java key that librdkafka does not know, if it is one.
pub(super) fn way_out(key: &str) -> Option<String> {
    match meaning(key)? {
        Same => None,
        Named(name) => Some(format!("write {name}")),
        Bytes(name, 1024) => Some(format!("write {name}, in kB")),
        Bytes(name, _) => Some(format!("write {name}")),
        NoEffect(why) => Some(format!("remove it; {why}")),
        Refused(way_out) => Some(way_out.to_owned()),
        Special => Some(match key {
            "sasl.jaas.config" => "write sasl.username and sasl.password".to_owned(),
            "ssl.truststore.location" | "ssl.truststore.type" => "write ssl.ca.location, a PEM file".to_owned(),
            _ => "use --client-config, which reads Java's names".to_owned(),
        }),
    }
}

/// A number of bytes in another unit. Anything else is passed on as it is: the client will report it.
fn bytes(value: &str, unit: i64) -> String {
    match value.parse::<i64>() {
        Ok(-1) => "0".to_owned(),
        Ok(bytes) if unit > 1 => (bytes / unit).max(1).to_string(),
        _ => value.to_owned(),
    }
}

/// `${file:…}` and the like stand for a value that Java's config providers would look up.
fn refuse_provider(key: &str, value: &str) -> Result<(), SettingsError> {
    let inside = value.split_once("${").and_then(|(_, after)| after.split_once('}'));
    match inside {
        Some((inside, _)) if inside.contains(':') => Err(SettingsError::Provider { key: key.to_owned() }),
        _ => Ok(()),
    }
}

fn take_special(
    settings: &mut ClientSettings,
    file: &BTreeMap<String, String>,
    key: &str,
    value: &str,
) -> Result<(), SettingsError> {
    match key {
        "sasl.jaas.config" => take_login(settings, value),
        "ssl.endpoint.identification.algorithm" => {
            let name = if value.is_empty() { "none".to_owned() } else { value.to_ascii_lowercase() };
            settings.set(key, &name);
            Ok(())
        }
        "ssl.cipher.suites" if value.contains("_WITH_") || value.contains("TLS_") => Err(SettingsError::no_equivalent(
            key,
            value,
            "these are Java's cipher names; write OpenSSL's, such as ECDHE-RSA-AES256-GCM-SHA384, or remove the property",
        )),
        "compression.gzip.level" | "compression.lz4.level" | "compression.zstd.level" => {
            let codec = file.get("compression.type").map_or("none", |codec| codec.trim());
            if key.split('.').nth(1).is_some_and(|of| of.eq_ignore_ascii_case(codec)) {
                settings.set("compression.level", value);
            } else {
                settings.without_effect(key, "compression.type sets another codec");
            }
            Ok(())
        }
        "ssl.cipher.suites" => {
            settings.set(key, value);
            Ok(())
        }
        // Truststores and keystores were handled before, each with its type and password.
        _ => Ok(()),
    }
}

fn take_login(settings: &mut ClientSettings, line: &str) -> Result<(), SettingsError> {
    let key = "sasl.jaas.config";
    let refuse = |why: &str| {
        Err(SettingsError::no_equivalent(
            key,
            line,
            format!("{why}; set sasl.username and sasl.password with -X instead"),
        ))
    };
    let login = match jaas::read(line) {
        Ok(login) => login,
        Err(why) => return refuse(why),
    };
    match login.module.as_str() {
        "PlainLoginModule" | "ScramLoginModule" => {}
        "OAuthBearerLoginModule" if settings.has_token_command() => {
            settings.without_effect(key, BY_COMMAND);
            return Ok(());
        }
        "OAuthBearerLoginModule" => return Err(SettingsError::no_equivalent(key, line, OIDC)),
        "Krb5LoginModule" => return refuse("this client is built without Kerberos"),
        _ => return refuse("its login module is a Java class that does not run here"),
    }
    if login.options.get("tokenauth").is_some_and(|set| set.eq_ignore_ascii_case("true")) {
        return refuse("delegation tokens (tokenauth) are not known to librdkafka");
    }
    match (login.options.get("username"), login.options.get("password")) {
        (Some(username), Some(password)) => {
            settings.set("sasl.username", username);
            settings.set("sasl.password", password);
            Ok(())
        }
        _ => refuse("it has no username and password"),
    }
}
