//! Why no broker answers: what the client logs about its connections, reworded to say what to change.

use std::fmt;
use std::sync::Mutex;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError as ClientError;

/// Collects causes from the client's log while it connects. Prints nothing.
#[derive(Debug, Default)]
pub(super) struct Listening {
    /// Each cause once, in the order in which they were first logged.
    causes: Mutex<Vec<Cause>>,
}

/// What goes wrong with a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    /// Its address, if the client says.
    pub(super) broker: Option<String>,
    pub(super) kind: Kind,
    /// What happened.
    pub(super) said: String,
    /// What to do about it; empty where that is to check the broker and its address.
    pub(super) way_out: String,
}

/// Whether another attempt could end otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It may: the broker may be about to start, or a proxy before it.
    Passing,
    /// The broker refuses what it is shown, and will refuse it again.
    ForGood,
    /// The broker's certificate is not accepted here.
    Untrusted,
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(broker) = &self.broker {
            write!(out, "{broker}: ")?;
        }
        write!(out, "{}", self.said)?;
        if self.way_out.is_empty() { Ok(()) } else { write!(out, "; {}", self.way_out) }
    }
}

impl Listening {
    /// The causes logged so far, the first one first.
    pub(super) fn causes(&self) -> Vec<Cause> {
        self.causes.lock().map(|causes| causes.clone()).unwrap_or_default()
    }

    fn hear(&self, message: &str) {
        let cause = cause_of(message);
        if let (Some(cause), Ok(mut causes)) = (cause, self.causes.lock())
            && !causes.contains(&cause)
        {
            causes.push(cause);
        }
    }
}

impl ClientContext for Listening {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        if matches!(facility, "FAIL" | "ERROR" | "SASL" | "SSL") {
            self.hear(message);
        }
    }

    fn error(&self, _error: ClientError, reason: &str) {
        self.hear(reason);
    }
}

impl ConsumerContext for Listening {}

/// What a line of the client's log says about a connection: which broker, what happened, and what to do about it.
fn cause_of(message: &str) -> Option<Cause> {
    let (broker, said) = whom_and_what(message);
    let lowered = said.to_ascii_lowercase();
    if lowered.contains("brokers are down")
        || lowered.contains("disconnected while") && lowered.contains("terminat")
        // Told again as an alert of the broker.
        || lowered.contains("not sending any client certificates")
    {
        return None;
    }
    let (kind, said, way_out) = of_connection(message, said, &lowered)
        .or_else(|| of_certificates(said, &lowered))
        .or_else(|| of_login(said, &lowered))
        .unwrap_or_else(|| (Kind::Passing, said.to_owned(), ""));
    Some(Cause { broker: broker.map(str::to_owned), kind, said, way_out: way_out.to_owned() })
}

type Understood = (Kind, String, &'static str);

fn of_connection(message: &str, said: &str, lowered: &str) -> Option<Understood> {
    let has = |part: &str| lowered.contains(part);
    let closed_in = |state: &str| has("disconnected") && message.contains(&format!("in state {state}"));
    let speaks_tls = message.contains("ssl://");
    let (said, way_out) = if has("connection refused") {
        ("connection refused: nothing listens there", "")
    } else if has("failed to resolve") {
        ("no host has that name", "")
    } else if closed_in("SSL_HANDSHAKE") || has("wrong version number") || has("packet length") {
        (
            "it does not speak TLS on this port",
            "name the port of its TLS listener, or set security.protocol=plaintext (sasl_plaintext with a login)",
        )
    } else if has("ssl listener") || closed_in("APIVERSION_QUERY") && !speaks_tls {
        (
            "it closed the connection at the first request, as a TLS listener does",
            "set security.protocol=ssl (sasl_ssl with a login)",
        )
    } else if has("might require sasl") || closed_in("APIVERSION_QUERY") || is_closed_when_up(message, said) {
        (
            "it closed the connection after the first requests, as a listener that requires a login does",
            if speaks_tls {
                "set security.protocol=sasl_ssl with sasl.mechanism, sasl.username and sasl.password"
            } else {
                "set security.protocol=sasl_ssl (or sasl_plaintext) with sasl.mechanism, sasl.username and sasl.password"
            },
        )
    } else {
        return None;
    };
    Some((Kind::Passing, said.to_owned(), way_out))
}

/// A client without a login is cut off when it asks for more than the versions of the protocol.
fn is_closed_when_up(message: &str, said: &str) -> bool {
    let is_without_login = !message.contains("sasl_") && message.contains("in state UP");
    is_without_login && said.starts_with("Disconnected") && said.contains("closed by peer")
}

fn of_certificates(said: &str, lowered: &str) -> Option<Understood> {
    let has = |part: &str| lowered.contains(part);
    if has("certificate verify failed") {
        let way_out = "name the file of its authority in ssl.ca.location";
        Some((Kind::Untrusted, "its certificate is not trusted".to_owned(), way_out))
    } else if has("certificate required") || has("bad certificate") || has("unknown ca") || has("certificate unknown") {
        let said = format!("it requires a client certificate that it trusts ({})", alert_in(said));
        let way_out = "name one in ssl.certificate.location and ssl.key.location";
        Some((Kind::ForGood, said, way_out))
    } else {
        None
    }
}

/// What the broker said by TLS: `Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42`.
fn alert_in(said: &str) -> &str {
    let from = said.rfind("alert ").map_or(said, |_| said.split_once("routines::").map_or(said, |(_, alert)| alert));
    from.split_once(": SSL alert").map_or(from, |(alert, _)| alert)
}

fn of_login(said: &str, lowered: &str) -> Option<Understood> {
    let has = |part: &str| lowered.contains(part);
    let understood = |said: &str, way_out| Some((Kind::ForGood, said.to_owned(), way_out));
    let takes = said.split_once("supported mechanisms:").map(|(_, takes)| takes.trim());
    if takes == Some("") || has("sasl handshake not supported") {
        understood(
            "it takes no login on this port",
            "set security.protocol=plaintext (ssl with TLS), or name the port of its SASL listener",
        )
    } else if let Some(takes) = takes {
        let said = format!("it does not take this sasl.mechanism, only {}", takes.replace(',', ", "));
        understood(&said, "set one of them")
    } else if has("invalid_token") {
        understood(
            "it refuses the token (invalid_token): expired, signed by a key that it does not know, or made out to another audience",
            "check what the token command prints",
        )
    } else if let Some((_, why)) = said.split_once("Failed to acquire SASL OAUTHBEARER token: ") {
        understood(why, "")
    } else if has("invalid username or password") || has("invalid credentials") {
        understood(
            "it refuses the login: the user is unknown for this sasl.mechanism, or the password is wrong",
            "check sasl.username and sasl.password",
        )
    } else if has("sasl") || has("authentication") {
        // What the broker answered is its last word; anything else may have been a matter of time.
        let kind = if has("sasl authentication error") { Kind::ForGood } else { Kind::Passing };
        Some((kind, format!("the login failed ({said})"), "check sasl.mechanism, sasl.username and sasl.password"))
    } else {
        None
    }
}

/// A line of the log is `[thrd:name]: protocol://host:port/id: what happened (after 3ms in state CONNECT)`; an error lacks the thread.
fn whom_and_what(message: &str) -> (Option<&str>, &str) {
    let said = message.strip_prefix("[thrd:").and_then(|rest| rest.split_once("]: ")).map_or(message, |(_, said)| said);
    let (broker, said) = match said.split_once(": ") {
        Some((broker, rest)) if broker.contains(':') && broker.contains('/') && !broker.contains(' ') => {
            let address = broker.split_once("://").map_or(broker, |(_, address)| address);
            (address.rsplit_once('/').map(|(address, _)| address), rest)
        }
        _ => (None, said),
    };
    // A log line repeats the broker before what an error says.
    let said = match (broker, said.split_once(": ")) {
        (Some(broker), Some((again, rest))) if again.contains(broker) && !again.contains(' ') => rest,
        _ => said,
    };
    let said = said.rsplit_once(" (after ").map_or(said, |(said, _)| said);
    (broker, said.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as librdkafka 2.12.1 logged them, each against a broker of the kind that its text describes.
    const HEARD: [(&str, Kind, &str); 18] = [
        (
            "[thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
            Kind::Passing,
            "127.0.0.1:1: connection refused: nothing listens there",
        ),
        (
            "[thrd:no-such.invalid:9092/bootstrap]: no-such.invalid:9092/bootstrap: Failed to resolve 'no-such.invalid:9092': Name or service not known (after 7ms in state CONNECT)",
            Kind::Passing,
            "no-such.invalid:9092: no host has that name",
        ),
        (
            "[thrd:ssl://127.0.0.1:9092/bootstrap]: ssl://127.0.0.1:9092/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener? (after 3ms in state SSL_HANDSHAKE)",
            Kind::Passing,
            "127.0.0.1:9092: it does not speak TLS",
        ),
        (
            "[thrd:127.0.0.1:9093/bootstrap]: 127.0.0.1:9093/bootstrap: Disconnected: requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10 (see api.version.request) (after 2ms in state APIVERSION_QUERY)",
            Kind::Passing,
            "127.0.0.1:9093: it closed the connection at the first request, as a TLS listener does",
        ),
        (
            "[thrd:127.0.0.1:9094/bootstrap]: 127.0.0.1:9094/1: Disconnected: verify that security.protocol is correctly configured, broker might require SASL authentication (after 2ms in state UP)",
            Kind::Passing,
            "127.0.0.1:9094: it closed the connection after the first requests, as a listener that requires a login does",
        ),
        (
            "[thrd:127.0.0.1:9222/bootstrap]: 127.0.0.1:9222/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 1ms in state UP)",
            Kind::Passing,
            "127.0.0.1:9222: it closed the connection after the first requests, as a listener that requires a login does; set security.protocol=sasl_ssl (or sasl_plaintext)",
        ),
        (
            "[thrd:sasl_plaintext://127.0.0.1:9094/bootstrap]: sasl_plaintext://127.0.0.1:9094/bootstrap: SASL authentication error: Authentication failed: Invalid username or password (after 305ms in state AUTH_REQ)",
            Kind::ForGood,
            "127.0.0.1:9094: it refuses the login: the user is unknown for this sasl.mechanism, or the password is wrong",
        ),
        (
            "[thrd:sasl_plaintext://127.0.0.1:9222/bootstrap]: sasl_plaintext://127.0.0.1:9222/bootstrap: SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512 (after 305ms in state AUTH_REQ)",
            Kind::ForGood,
            "127.0.0.1:9222: it refuses the login: the user is unknown for this sasl.mechanism, or the password is wrong",
        ),
        (
            "[thrd:ssl://127.0.0.1:9093/bootstrap]: ssl://127.0.0.1:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified (after 5ms in state SSL_HANDSHAKE)",
            Kind::Untrusted,
            "127.0.0.1:9093: its certificate is not trusted",
        ),
        (
            "[thrd:ssl://127.0.0.1:9212/bootstrap]: ssl://127.0.0.1:9212/bootstrap: Receive failed: error:0A000412:SSL routines::sslv3 alert bad certificate: SSL alert number 42 (after 5ms in state APIVERSION_QUERY)",
            Kind::ForGood,
            "127.0.0.1:9212: it requires a client certificate that it trusts (sslv3 alert bad certificate); name one",
        ),
        (
            "[thrd:127.0.0.1:9093/bootstrap]: 127.0.0.1:9093/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 12ms in state APIVERSION_QUERY)",
            Kind::Passing,
            "127.0.0.1:9093: it closed the connection at the first request, as a TLS listener does",
        ),
        (
            "ssl://127.0.0.1:9092/bootstrap: Disconnected: SSL connection closed by peer (after 0ms in state SSL_HANDSHAKE, 1 identical error(s) suppressed)",
            Kind::Passing,
            "127.0.0.1:9092: it does not speak TLS",
        ),
        (
            "[thrd:sasl_plaintext://127.0.0.1:9092/bootstrap]: sasl_plaintext://127.0.0.1:9092/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms: (after 1ms in state AUTH_HANDSHAKE)",
            Kind::ForGood,
            "127.0.0.1:9092: it takes no login on this port",
        ),
        (
            "[thrd:sasl_plaintext://127.0.0.1:9092/bootstrap]: sasl_plaintext://127.0.0.1:9092/bootstrap: Failed to initialize SASL authentication: SASL Handshake not supported by broker (required by mechanism PLAIN) (after 1ms in state APIVERSION_QUERY)",
            Kind::ForGood,
            "127.0.0.1:9092: it takes no login on this port; set security.protocol=plaintext",
        ),
        (
            "[thrd:sasl_plaintext://127.0.0.1:9222/bootstrap]: sasl_plaintext://127.0.0.1:9222/bootstrap: SASL OAUTHBEARER mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN,SCRAM-SHA-256 (after 1ms in state AUTH_HANDSHAKE)",
            Kind::ForGood,
            "127.0.0.1:9222: it does not take this sasl.mechanism, only PLAIN, SCRAM-SHA-256; set one of them",
        ),
        (
            "[thrd:sasl_ssl://127.0.0.1:9252/bootstrap]: sasl_ssl://127.0.0.1:9252/bootstrap: SASL authentication error: {\"status\":\"invalid_token\"} (after 9ms in state AUTH_REQ)",
            Kind::ForGood,
            "127.0.0.1:9252: it refuses the token (invalid_token)",
        ),
        (
            "Failed to acquire SASL OAUTHBEARER token: the token command `mint …` ended with exit code 1; run it by hand to see what it says",
            Kind::ForGood,
            "the token command `mint …` ended with exit code 1; run it by hand to see what it says",
        ),
        (
            "[thrd:127.0.0.1:7/bootstrap]: 127.0.0.1:7/bootstrap: Connection setup timed out in state CONNECT (after 30028ms in state CONNECT)",
            Kind::Passing,
            "127.0.0.1:7: Connection setup timed out in state CONNECT",
        ),
    ];

    #[test]
    fn a_line_of_the_log_becomes_a_cause_with_the_way_out() {
        for (line, kind, said) in HEARD {
            let cause = cause_of(line).unwrap();
            assert_eq!(cause.kind, kind, "{line}");
            let cause = cause.to_string();
            assert!(cause.starts_with(said), "{cause}");
            assert!(!cause.contains("thrd") && !cause.contains("(after"), "{cause}");
        }
        assert_eq!(cause_of("1/1 brokers are down"), None);
    }

    #[test]
    fn a_cause_that_is_heard_again_is_told_once() {
        let listening = Listening::default();
        for _ in 0..3 {
            listening.log(RDKafkaLogLevel::Error, "FAIL", HEARD[0].0);
            listening.log(RDKafkaLogLevel::Info, "GETSUBSCRIPTIONS", HEARD[1].0);
        }
        assert_eq!(listening.causes().len(), 1);
    }
}
