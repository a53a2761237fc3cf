//! Encryption and login, as a producer's settings ask for them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, TcpStream};
use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslContextBuilder, SslFiletype, SslMethod, SslMode, SslStream, SslVerifyMode,
};
use openssl::x509::X509;

use super::scram::Hash;
use crate::kafka::trust_authorities;

type Settings = BTreeMap<String, String>;

/// How a connection is secured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Security {
    pub(super) tls: Option<Tls>,
    pub(super) login: Option<Login>,
}

/// Settings of TLS or a login that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecurityError {
    /// A certificate, a key or a store.
    #[error("{key}: {reason}")]
    Tls {
        /// The property.
        key: &'static str,
        /// What OpenSSL says.
        reason: String,
    },
    /// A mechanism that is not spoken here.
    #[error(
        "sasl.mechanism = {0}: the direct client logs in with PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; use client = \"librdkafka\""
    )]
    Mechanism(String),
    /// A login without a name.
    #[error("sasl.username and sasl.password are needed to log in as {0}")]
    NoName(String),
}

/// A login with a name and a password.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) mechanism: Mechanism,
    pub(super) user: String,
    pub(super) password: String,
}

/// Without the password: debug output may end up anywhere.
impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Login").field("mechanism", &self.mechanism).field("user", &self.user).finish_non_exhaustive()
    }
}

/// How a password is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Scram(Hash),
}

impl Mechanism {
    pub(super) fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Scram(Hash::Sha256) => "SCRAM-SHA-256",
            Mechanism::Scram(Hash::Sha512) => "SCRAM-SHA-512",
        }
    }

    fn of(name: &str) -> Result<Self, SecurityError> {
        let all = [Mechanism::Plain, Mechanism::Scram(Hash::Sha256), Mechanism::Scram(Hash::Sha512)];
        let found = all.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or_else(|| SecurityError::Mechanism(name.to_owned()))
    }
}

impl Security {
    /// As the settings of a client ask for it.
    ///
    /// # Errors
    /// [`SecurityError`].
    pub(crate) fn of(settings: &Settings) -> Result<Self, SecurityError> {
        let protocol =
            settings.get("security.protocol").map_or_else(String::new, |text| text.trim().to_ascii_lowercase());
        let tls = protocol.ends_with("ssl").then(|| Tls::of(settings)).transpose()?;
        let login = protocol.starts_with("sasl").then(|| Login::of(settings)).transpose()?;
        Ok(Security { tls, login })
    }
}

impl Login {
    fn of(settings: &Settings) -> Result<Self, SecurityError> {
        // GSSAPI is librdkafka's default.
        let mechanism = Mechanism::of(settings.get("sasl.mechanisms").map_or("GSSAPI", String::as_str))?;
        let (user, password) = (settings.get("sasl.username"), settings.get("sasl.password"));
        let (Some(user), Some(password)) = (user, password) else {
            return Err(SecurityError::NoName(mechanism.name().to_owned()));
        };
        Ok(Login { mechanism, user: user.clone(), password: password.clone() })
    }
}

/// How connections are encrypted.
#[derive(Clone)]
pub(super) struct Tls {
    context: SslContext,
    checks_host: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tls").field("checks_host", &self.checks_host).finish_non_exhaustive()
    }
}

impl Tls {
    fn of(settings: &Settings) -> Result<Self, SecurityError> {
        let of_tls = |reason: ErrorStack| SecurityError::Tls { key: "security.protocol", reason: reason.to_string() };
        let mut context = SslContext::builder(SslMethod::tls_client()).map_err(of_tls)?;
        // What could not be written at once is written again from another place, and perhaps more of it.
        context.set_mode(SslMode::AUTO_RETRY | SslMode::ACCEPT_MOVING_WRITE_BUFFER | SslMode::ENABLE_PARTIAL_WRITE);
        let is = |key: &str, value: &str| settings.get(key).is_some_and(|of| of.trim().eq_ignore_ascii_case(value));
        let verifies = !is("enable.ssl.certificate.verification", "false");
        context.set_verify(if verifies { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
        let of_authorities =
            |reason: ErrorStack| SecurityError::Tls { key: "ssl.ca.location", reason: reason.to_string() };
        trust_authorities(&mut context, settings).map_err(of_authorities)?;
        show_own(&mut context, settings)?;
        let checks_host = verifies && !is("ssl.endpoint.identification.algorithm", "none");
        Ok(Tls { context: context.build(), checks_host })
    }

    /// Encrypts a connection to the broker of this name.
    ///
    /// # Errors
    /// What is wrong with it or its certificate.
    pub(super) fn over(&self, tcp: TcpStream, host: &str) -> Result<SslStream<TcpStream>, String> {
        let ssl = self.ssl(host).map_err(|error| error.to_string())?;
        ssl.connect(tcp).map_err(|error| match &error {
            HandshakeError::SetupFailure(stack) => stack.to_string(),
            HandshakeError::Failure(middle) | HandshakeError::WouldBlock(middle) => {
                let verdict = middle.ssl().verify_result();
                let is_trusted = verdict == openssl::x509::X509VerifyResult::OK;
                if is_trusted {
                    middle.error().to_string()
                } else {
                    format!("its certificate: {}", verdict.error_string())
                }
            }
        })
    }

    fn ssl(&self, host: &str) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        match host.parse::<IpAddr>() {
            Ok(ip) if self.checks_host => ssl.param_mut().set_ip(ip)?,
            Ok(_) => {}
            Err(_) => {
                ssl.set_hostname(host)?;
                if self.checks_host {
                    ssl.param_mut().set_host(host)?;
                }
            }
        }
        Ok(ssl)
    }
}

/// The client's own certificate and key, where it has them: from a store, files or texts.
fn show_own(context: &mut SslContextBuilder, settings: &Settings) -> Result<(), SecurityError> {
    let with = |key: &'static str, load: &mut dyn FnMut(&str) -> Result<(), String>| match settings.get(key) {
        Some(value) => load(value).map_err(|reason| SecurityError::Tls { key, reason }),
        None => Ok(()),
    };
    let password = settings.get("ssl.key.password").map_or("", String::as_str).as_bytes();
    with("ssl.keystore.location", &mut |path| {
        let secret = settings.get("ssl.keystore.password").map_or("", String::as_str);
        let store = std::fs::read(path).map_err(|error| error.to_string())?;
        told(Pkcs12::from_der(&store).and_then(|store| store.parse2(secret)).and_then(|parsed| {
            parsed.cert.map_or(Ok(()), |certificate| context.set_certificate(&certificate))?;
            parsed.pkey.map_or(Ok(()), |key| context.set_private_key(&key))?;
            parsed.ca.into_iter().flatten().try_for_each(|of| context.add_extra_chain_cert(of))
        }))
    })?;
    with("ssl.certificate.location", &mut |path| told(context.set_certificate_chain_file(Path::new(path))))?;
    with("ssl.certificate.pem", &mut |pem| {
        let mut chain = told(X509::stack_from_pem(pem.as_bytes()))?.into_iter();
        let own = chain.next().ok_or_else(|| "it holds no certificate".to_owned())?;
        told(context.set_certificate(&own).and_then(|()| chain.try_for_each(|of| context.add_extra_chain_cert(of))))
    })?;
    with("ssl.key.location", &mut |path| {
        if password.is_empty() {
            return told(context.set_private_key_file(Path::new(path), SslFiletype::PEM));
        }
        let pem = std::fs::read(path).map_err(|error| error.to_string())?;
        told(PKey::private_key_from_pem_passphrase(&pem, password).and_then(|key| context.set_private_key(&key)))
    })?;
    with("ssl.key.pem", &mut |pem| {
        told(
            PKey::private_key_from_pem_passphrase(pem.as_bytes(), password)
                .and_then(|key| context.set_private_key(&key)),
        )
    })
}

fn told<T>(result: Result<T, ErrorStack>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Security, SecurityError> {
        Security::of(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_login_that_is_not_spoken_here_is_refused_with_the_way_out() {
        for mechanism in ["OAUTHBEARER", "GSSAPI"] {
            let refused = of(&[("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanisms", mechanism)]).unwrap_err();
            let told = refused.to_string();
            assert!(told.contains(mechanism) && told.contains("client = \"librdkafka\""), "{told}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let login = [("sasl.mechanisms", "plain"), ("sasl.username", "me"), ("sasl.password", "secret-words")];
        let security = of(&[&[("security.protocol", "sasl_plaintext")], &login[..]].concat()).unwrap();
        let shown = format!("{security:?}");
        assert!(shown.contains("me") && !shown.contains("secret-words"), "{shown}");
    }

    #[test]
    fn without_a_protocol_nothing_is_secured() {
        let security = of(&[]).unwrap();
        assert!(security.tls.is_none() && security.login.is_none());
    }
}
