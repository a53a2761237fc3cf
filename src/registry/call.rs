//! One call to a registry. The only file of this room that calls ureq.

use std::fmt;
use std::io::Read;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::Response;
use ureq::http::header::AUTHORIZATION;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Body, Error, Proxy};

use super::address::RegistryUrl;
use super::error::RegistryError;

const USER_AGENT: &str = concat!("floodmark/", env!("CARGO_PKG_VERSION"));
const CONTENT_TYPE: &str = "application/vnd.schemaregistry.v1+json";
/// The longest answer that is read: schemas are texts that people write.
const LONGEST_ANSWER: u64 = 16 << 20;

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Login(removed)")
    }
}

/// How a registry is reached.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who asks, where the registry wants to know.
    pub login: Option<Login>,
    roots: RootCerts,
    timeout: Duration,
}

/// A file of authorities that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the file of authorities for the registry holds no certificate: it must be in PEM form, with `-----BEGIN CERTIFICATE-----`"
)]
pub struct AccessError;

impl Access {
    /// With the system's authorities.
    #[must_use]
    pub fn new(login: Option<Login>, timeout: Duration) -> Self {
        Access { login, roots: RootCerts::PlatformVerifier, timeout }
    }

    /// With the authorities of a file in PEM form instead.
    ///
    /// # Errors
    /// [`AccessError`] when it holds no certificate.
    pub fn with_authorities(self, pem: &[u8]) -> Result<Self, AccessError> {
        let certificate =
            |item| if let Ok(PemItem::Certificate(certificate)) = item { Some(certificate) } else { None };
        let certificates: Vec<Certificate<'static>> = parse_pem(pem).filter_map(certificate).collect();
        if certificates.is_empty() {
            Err(AccessError)
        } else {
            Ok(Access { roots: RootCerts::new_with_certs(&certificates), ..self })
        }
    }

    /// A client, which keeps its connections.
    pub(super) fn agent(&self, url: &RegistryUrl) -> Agent {
        let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(self.roots.clone()).build();
        // A proxy cannot reach what is on this machine.
        let proxy = if url.is_here() { None } else { Proxy::try_from_env() };
        let config = Agent::config_builder()
            .proxy(proxy)
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(USER_AGENT)
            .timeout_global(Some(self.timeout))
            .build();
        config.new_agent()
    }

    fn authorization(&self) -> Option<String> {
        let login = self.login.as_ref()?;
        Some(format!("Basic {}", STANDARD.encode(format!("{}:{}", login.user, login.password))))
    }

    /// Asks once: the status and the text of the answer.
    pub(super) fn call(
        &self,
        agent: &Agent,
        url: &RegistryUrl,
        path: &str,
        body: Option<&str>,
    ) -> Result<(u16, String), RegistryError> {
        let (at, login) = (url.with(path), self.authorization().unwrap_or_default());
        let sent = match body {
            None => with_login(agent.get(at), &login).header("accept", CONTENT_TYPE).call(),
            Some(body) => with_login(agent.post(at), &login).content_type(CONTENT_TYPE).send(body),
        };
        sent.and_then(read).map_err(|error| self.failed(url, &error))
    }

    /// Each error in words of our own: some of ureq's hold the address.
    fn failed(&self, url: &RegistryUrl, error: &Error) -> RegistryError {
        let whom = url.to_string();
        let away = |why: String| RegistryError::Away { whom: whom.clone(), why };
        match error {
            Error::Timeout(_) => RegistryError::Slow { whom, within_s: self.timeout.as_secs().max(1) },
            Error::NativeTls(tls) => of_tls(whom, &tls.to_string()),
            Error::Io(system) if system.kind() == std::io::ErrorKind::TimedOut => {
                RegistryError::Slow { whom, within_s: self.timeout.as_secs().max(1) }
            }
            Error::Io(system) => away(system.to_string()),
            Error::HostNotFound => away("the host has no address".to_owned()),
            Error::Protocol(_) | Error::LargeResponseHeader(..) => {
                RegistryError::NotARegistry { whom, why: "it is not HTTP" }
            }
            Error::BodyExceedsLimit(_) => RegistryError::NotARegistry { whom, why: "it is larger than any schema" },
            _ => away("the call could not be made".to_owned()),
        }
    }
}

fn with_login<B>(request: ureq::RequestBuilder<B>, login: &str) -> ureq::RequestBuilder<B> {
    if login.is_empty() { request } else { request.header(AUTHORIZATION, login) }
}

fn read(response: Response<Body>) -> Result<(u16, String), Error> {
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    response.into_body().into_reader().take(LONGEST_ANSWER).read_to_end(&mut bytes).map_err(Error::from)?;
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}

/// From OpenSSL's words; those in brackets say what is wrong with a certificate.
fn of_tls(whom: String, text: &str) -> RegistryError {
    let reason = text.split(':').nth(4).unwrap_or(text).trim();
    if !text.contains("certificate verify failed") {
        let why = if reason == "wrong version number" { "it does not speak TLS" } else { reason };
        return RegistryError::Away { whom, why: why.to_owned() };
    }
    let of_certificate = text.rsplit_once('(').and_then(|(_, why)| why.strip_suffix(')'));
    RegistryError::Untrusted { whom, why: of_certificate.unwrap_or(reason).to_owned() }
}
