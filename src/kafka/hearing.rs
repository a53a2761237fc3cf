//! Why no broker answers: what the client logs about its connections, reworded to say what to change.

use std::sync::Mutex;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError as ClientError;

/// Collects causes from the client's log while it connects. Prints nothing.
#[derive(Debug, Default)]
pub(super) struct Listening {
    /// Each cause once, in the order in which they were first logged.
    causes: Mutex<Vec<String>>,
}

impl Listening {
    /// The causes logged so far, the first one first.
    pub(super) fn causes(&self) -> Vec<String> {
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
fn cause_of(message: &str) -> Option<String> {
    let (broker, said) = whom_and_what(message);
    let lowered = said.to_ascii_lowercase();
    let has = |part: &str| lowered.contains(part);
    let closed_in = |state: &str| has("disconnected") && message.contains(&format!("in state {state}"));
    let speaks_tls = message.contains("ssl://");
    let cause = if has("brokers are down") || has("disconnected while") && has("terminat") {
        return None;
    } else if has("connection refused") {
        "connection refused: nothing listens there".to_owned()
    } else if has("failed to resolve") {
        "no host has that name".to_owned()
    } else if has("certificate verify failed") {
        format!("its certificate is not trusted ({said}); name its CA in ssl.ca.location")
    } else if closed_in("SSL_HANDSHAKE") || has("wrong version number") || has("packet length") {
        "it does not speak TLS on this port; name the port of its TLS listener, or set security.protocol=plaintext (sasl_plaintext with a login)".to_owned()
    } else if has("ssl listener") || closed_in("APIVERSION_QUERY") && !speaks_tls {
        "it closed the connection at the first request, as a TLS listener does; set security.protocol=ssl (sasl_ssl with a login)".to_owned()
    } else if has("might require sasl") {
        "it closed the connection after the first requests, as a listener that requires a login does; set security.protocol=sasl_ssl (or sasl_plaintext) with sasl.mechanism, sasl.username and sasl.password".to_owned()
    } else if has("supported mechanisms:") && lowered.trim_end().ends_with("supported mechanisms:") {
        "it takes no login on this port; set security.protocol=plaintext (ssl with TLS), or name the port of its SASL listener".to_owned()
    } else if has("certificate required") || has("bad certificate") {
        format!("it requires a client certificate ({said}); name one in ssl.certificate.location and ssl.key.location")
    } else if has("sasl") || has("authentication") {
        format!("the login failed ({said}); check sasl.mechanism, sasl.username and sasl.password")
    } else {
        said.to_owned()
    };
    Some(match broker {
        Some(broker) => format!("{broker}: {cause}"),
        None => cause,
    })
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
    const HEARD: [(&str, &str); 11] = [
        (
            "[thrd:127.0.0.1:1/bootstrap]: 127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)",
            "127.0.0.1:1: connection refused: nothing listens there",
        ),
        (
            "[thrd:no-such.invalid:9092/bootstrap]: no-such.invalid:9092/bootstrap: Failed to resolve 'no-such.invalid:9092': Name or service not known (after 7ms in state CONNECT)",
            "no-such.invalid:9092: no host has that name",
        ),
        (
            "[thrd:ssl://127.0.0.1:9092/bootstrap]: ssl://127.0.0.1:9092/bootstrap: SSL handshake failed: Disconnected: connecting to a PLAINTEXT broker listener? (after 3ms in state SSL_HANDSHAKE)",
            "127.0.0.1:9092: it does not speak TLS",
        ),
        (
            "[thrd:127.0.0.1:9093/bootstrap]: 127.0.0.1:9093/bootstrap: Disconnected: requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10 (see api.version.request) (after 2ms in state APIVERSION_QUERY)",
            "127.0.0.1:9093: it closed the connection at the first request, as a TLS listener does",
        ),
        (
            "[thrd:127.0.0.1:9094/bootstrap]: 127.0.0.1:9094/1: Disconnected: verify that security.protocol is correctly configured, broker might require SASL authentication (after 2ms in state UP)",
            "127.0.0.1:9094: it closed the connection after the first requests, as a listener that requires a login does",
        ),
        (
            "[thrd:sasl_plaintext://127.0.0.1:9094/bootstrap]: sasl_plaintext://127.0.0.1:9094/bootstrap: SASL authentication error: Authentication failed: Invalid username or password (after 305ms in state AUTH_REQ)",
            "127.0.0.1:9094: the login failed (SASL authentication error: Authentication failed: Invalid username or password)",
        ),
        (
            "[thrd:ssl://127.0.0.1:9093/bootstrap]: ssl://127.0.0.1:9093/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified (after 5ms in state SSL_HANDSHAKE)",
            "127.0.0.1:9093: its certificate is not trusted",
        ),
        (
            "[thrd:127.0.0.1:9093/bootstrap]: 127.0.0.1:9093/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 12ms in state APIVERSION_QUERY)",
            "127.0.0.1:9093: it closed the connection at the first request, as a TLS listener does",
        ),
        (
            "ssl://127.0.0.1:9092/bootstrap: Disconnected: SSL connection closed by peer (after 0ms in state SSL_HANDSHAKE, 1 identical error(s) suppressed)",
            "127.0.0.1:9092: it does not speak TLS",
        ),
        (
            "[thrd:sasl_plaintext://127.0.0.1:9092/bootstrap]: sasl_plaintext://127.0.0.1:9092/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms: (after 1ms in state AUTH_HANDSHAKE)",
            "127.0.0.1:9092: it takes no login on this port",
        ),
        (
            "[thrd:127.0.0.1:7/bootstrap]: 127.0.0.1:7/bootstrap: Connection setup timed out in state CONNECT (after 30028ms in state CONNECT)",
            "127.0.0.1:7: Connection setup timed out in state CONNECT",
        ),
    ];

    #[test]
    fn a_line_of_the_log_becomes_a_cause_with_the_way_out() {
        for (line, said) in HEARD {
            let cause = cause_of(line).unwrap();
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
