//! One call over HTTP. The only file that calls ureq.

use std::io::{self, Read};
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::Response;
use ureq::http::header::{HeaderName, LOCATION, RETRY_AFTER};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Body, Error, Proxy};

use super::proxy::{ProxyError, proxy_for};
use super::retry_after::retry_after;
use super::said::Said;
use super::url::NotifyUrl;

/// How a server is told apart from others by those whom it calls.
const USER_AGENT: &str = concat!("floodmark/", env!("CARGO_PKG_VERSION"));
/// The longest explanation of a refusal that is shown, in letters.
const LONGEST_REASON: usize = 80;

/// How a call gets to its address.
#[derive(Clone)]
pub(super) struct Way {
    pub proxy: Option<Proxy>,
    /// Who may vouch for the server.
    pub roots: RootCerts,
}

impl Way {
    /// As the environment and the system's authorities have it.
    pub(super) fn of_environment(url: &NotifyUrl) -> Result<Self, ProxyError> {
        let proxy = proxy_for(url, |name| std::env::var(name).ok())?;
        Ok(Way { proxy, roots: RootCerts::PlatformVerifier })
    }

    /// The proxy between, without a password that it may need.
    pub(super) fn proxy_name(&self) -> Option<String> {
        self.proxy.as_ref().map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
    }

    /// Posts a JSON text, once.
    pub(super) fn post(&self, url: &NotifyUrl, json: &str, within: Duration) -> Said {
        let sent = self.agent(within).post(url.uri()).content_type("application/json").send(json);
        match sent {
            Ok(response) => answered(url, response),
            Err(error) => failed(&error, within),
        }
    }

    /// A client of its own for each call, so that no call gets a connection that has failed before.
    fn agent(&self, within: Duration) -> Agent {
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(self.roots.clone()).build();
        let config = Agent::config_builder()
            .proxy(self.proxy.clone())
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(USER_AGENT)
            .timeout_global(Some(within))
            .build();
        config.new_agent()
    }
}

fn answered(url: &NotifyUrl, response: Response<Body>) -> Said {
    let status = response.status();
    let header = |name: HeaderName| response.headers().get(name)?.to_str().ok();
    if status.is_success() {
        Said::Taken
    } else if status.is_redirection() {
        let to = header(LOCATION).and_then(|to| to.parse::<NotifyUrl>().ok());
        Said::Leads { status, to: to.map(|to| to.to_string()) }
    } else {
        let wait = header(RETRY_AFTER).and_then(|wait| retry_after(wait, Timestamp::now()));
        Said::Refused { status, why: reason(url, response.into_body()), wait }
    }
}

/// What a server says of its refusal, where it is a few plain words and nothing of the address. What cannot be read says nothing.
fn reason(url: &NotifyUrl, body: Body) -> Option<String> {
    let mut text = String::new();
    body.into_reader().take(2 * LONGEST_REASON as u64).read_to_string(&mut text).ok()?;
    let words = text.trim();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || " _-.,:'".contains(letter);
    let is_fit = (1..=LONGEST_REASON).contains(&words.len()) && words.chars().all(is_plain);
    (is_fit && !url.is_given_away_by(words)).then(|| words.to_owned())
}

/// Each error in words of our own: some of ureq's hold the address.
fn failed(error: &Error, within: Duration) -> Said {
    let why = match error {
        Error::Timeout(_) => return Said::Silent { within },
        Error::Io(system) if is_cut_off(system) => return Said::CutOff,
        Error::NativeTls(tls) => return of_tls(&tls.to_string()),
        Error::Io(system) => format!("no connection: {system}"),
        Error::HostNotFound => "no connection: the host has no address".to_owned(),
        Error::ConnectProxyFailed(said) => format!("the proxy let nothing through ({said})"),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => "what it answered is not HTTP".to_owned(),
        _ => "the call could not be made".to_owned(),
    };
    Said::Failed { why }
}

fn is_cut_off(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    [BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof].contains(&error.kind())
}

/// From OpenSSL's words: `error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:`, and in brackets what is wrong with a certificate.
fn of_tls(text: &str) -> Said {
    let reason = text.split(':').nth(4).unwrap_or(text).trim();
    if reason == "wrong version number" {
        return Said::Failed { why: "it does not speak TLS: its address may begin with http://".to_owned() };
    }
    if !text.contains("certificate verify failed") {
        return Said::Failed { why: format!("no TLS connection: {reason}") };
    }
    let of_certificate = text.rsplit_once('(').and_then(|(_, why)| why.strip_suffix(')'));
    Said::Untrusted { why: of_certificate.unwrap_or(reason).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssls_words_become_ours() {
        let untrusted = "error:0A000086:SSL routines:tls_post_process_server_certificate:certificate verify failed:../ssl/statem/statem_clnt.c:1889: (certificate has expired)";
        assert_eq!(of_tls(untrusted), Said::Untrusted { why: "certificate has expired".to_owned() });
        for (text, why) in [
            (
                "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:354:",
                "it does not speak TLS: its address may begin with http://",
            ),
            (
                "error:0A000410:SSL routines:ssl3_read_bytes:ssl/tls alert handshake failure:../ssl/record/rec_layer_s3.c:1605:SSL alert number 40",
                "no TLS connection: ssl/tls alert handshake failure",
            ),
            ("unexpected end", "no TLS connection: unexpected end"),
        ] {
            assert_eq!(of_tls(text), Said::Failed { why: why.to_owned() });
        }
    }
}
