//! What came of a call.

use std::fmt;
use std::time::Duration;

use ureq::http::StatusCode;

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// The message was taken.
    Taken,
    /// The server refused it.
    Refused {
        status: StatusCode,
        /// What it said of that, where it is fit to be shown.
        why: Option<String>,
        /// How long it asks to wait before the next call.
        wait: Option<Duration>,
    },
    /// It leads to another address. A message does not follow: it would arrive without its body, or at a stranger's.
    Leads {
        status: StatusCode,
        /// The other address, without what may be secret in it.
        to: Option<String>,
    },
    /// Its certificate is not to be trusted.
    Untrusted {
        /// What is wrong with it.
        why: String,
    },
    /// No answer in the time that there was.
    Silent { within: Duration },
    /// The connection ended before an answer.
    CutOff,
    /// There was no connection, or what came was no answer.
    Failed { why: String },
}

impl Said {
    /// Whether the same call could do better later. A refusal stays one, except those that say "not now".
    pub(super) fn may_change(&self) -> bool {
        match self {
            Said::Refused { status, .. } => {
                status.is_server_error()
                    || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS]
                        .contains(status)
            }
            Said::Silent { .. } | Said::CutOff | Said::Failed { .. } => true,
            Said::Taken | Said::Leads { .. } | Said::Untrusted { .. } => false,
        }
    }

    /// How long the server asks to wait before the next call.
    pub(super) fn asks_to_wait(&self) -> Option<Duration> {
        match self {
            Said::Refused { wait, .. } => *wait,
            _ => None,
        }
    }
}

/// The end of a sentence that says whom it is about.
impl fmt::Display for Said {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Taken => out.write_str("it took the message"),
            Said::Refused { status, why, wait } => {
                write!(out, "it answered {}", in_words(*status))?;
                why.iter().try_for_each(|why| write!(out, ", \"{why}\""))?;
                wait.iter().try_for_each(|wait| write!(out, ", to be tried again in {} s", wait.as_secs()))
            }
            Said::Leads { status, to } => {
                write!(out, "it answered {}, a redirect", in_words(*status))?;
                to.iter().try_for_each(|to| write!(out, " to {to}"))?;
                out.write_str(", which is not followed: give the address that it leads to")
            }
            Said::Untrusted { why } => {
                write!(
                    out,
                    "its certificate is not trusted ({why}); SSL_CERT_FILE can name a file of authorities to trust"
                )
            }
            Said::Silent { within } => write!(out, "no answer within {} s", seconds(*within)),
            Said::CutOff => out.write_str("the connection was closed without an answer"),
            Said::Failed { why } => out.write_str(why),
        }
    }
}

/// "503 Service Unavailable"
fn in_words(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}

/// With a tenth where it has one.
fn seconds(time: Duration) -> String {
    let rounded = (time.as_secs_f64() * 10.0).round() / 10.0;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_server_errors_and_not_now_are_tried_again(code in 400_u16..600) {
            let status = StatusCode::from_u16(code).unwrap();
            let said = Said::Refused { status, why: None, wait: None };
            prop_assert_eq!(said.may_change(), code >= 500 || [408, 425, 429].contains(&code));
        }
    }

    #[test]
    fn each_outcome_ends_a_sentence() {
        let (status, wait) = (StatusCode::TOO_MANY_REQUESTS, Some(Duration::from_secs(120)));
        for (said, words) in [
            (
                Said::Refused { status, why: Some("rate_limited".to_owned()), wait },
                "it answered 429 Too Many Requests, \"rate_limited\", to be tried again in 120 s",
            ),
            (
                Said::Leads { status: StatusCode::FOUND, to: Some("https://login.example.com".to_owned()) },
                "it answered 302 Found, a redirect to https://login.example.com, which is not followed: give the address that it leads to",
            ),
            (
                Said::Untrusted { why: "self-signed certificate".to_owned() },
                "its certificate is not trusted (self-signed certificate); SSL_CERT_FILE can name a file of authorities to trust",
            ),
            (Said::Silent { within: Duration::from_millis(9_960) }, "no answer within 10 s"),
            (Said::Silent { within: Duration::from_millis(2_420) }, "no answer within 2.4 s"),
            (Said::CutOff, "the connection was closed without an answer"),
        ] {
            assert_eq!(said.to_string(), words);
        }
    }
}
