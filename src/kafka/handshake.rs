//! Why a broker's certificate is not accepted: the client's log does not say. One more handshake does; nothing else is sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::{X509, X509NameRef, X509Ref, X509VerifyResult};

use super::hearing::{Cause, Kind};

/// How long the broker may take to accept, and then for each step.
const PATIENCE: Duration = Duration::from_secs(2);

/// OpenSSL's codes (`X509_V_ERR_…` in its x509_vfy.h).
const NOT_YET_VALID: i32 = 9;
const HAS_EXPIRED: i32 = 10;
const HOSTNAME_MISMATCH: i32 = 62;
const IP_ADDRESS_MISMATCH: i32 = 64;

/// What is wrong with the certificate of the broker at `address`; nothing where it does not show it again, or where it is accepted now.
pub(super) fn complaint(settings: &BTreeMap<String, String>, address: &str) -> Option<Cause> {
    let (host, _port) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = shaken(settings, host, address)?;
    let (result, certificate) = (stream.ssl().verify_result(), stream.ssl().peer_certificate()?);
    if result == X509VerifyResult::OK {
        return None;
    }
    let (said, way_out) = said(result, &certificate, host);
    Some(Cause { broker: Some(address.to_owned()), kind: Kind::Untrusted, said, way_out })
}

fn shaken(settings: &BTreeMap<String, String>, host: &str, address: &str) -> Option<SslStream<TcpStream>> {
    let mut context = SslContext::builder(SslMethod::tls_client()).ok()?;
    trust(&mut context, settings).ok()?;
    // The result is asked for below: the handshake must go on until there is one.
    context.set_verify(SslVerifyMode::NONE);
    let mut ssl = Ssl::new(&context.build()).ok()?;
    let checks_host = settings.get("ssl.endpoint.identification.algorithm").is_none_or(|algorithm| algorithm != "none");
    match host.parse::<IpAddr>() {
        Ok(ip) if checks_host => ssl.param_mut().set_ip(ip).ok()?,
        Ok(_) => {}
        Err(_) => {
            ssl.set_hostname(host).ok()?;
            if checks_host {
                ssl.param_mut().set_host(host).ok()?;
            }
        }
    }
    let socket = address.to_socket_addrs().ok()?.next()?;
    let connection = TcpStream::connect_timeout(&socket, PATIENCE).ok()?;
    connection.set_read_timeout(Some(PATIENCE)).ok()?;
    connection.set_write_timeout(Some(PATIENCE)).ok()?;
    ssl.connect(connection).ok()
}

/// The authorities that the client trusts: those of its settings, or the system's.
pub(crate) fn trust(context: &mut SslContextBuilder, settings: &BTreeMap<String, String>) -> Result<(), ErrorStack> {
    // `probe` lets librdkafka look for the system's.
    if let Some(location) = settings.get("ssl.ca.location").filter(|location| *location != "probe") {
        let location = Path::new(location);
        if location.is_dir() {
            return context.load_verify_locations(None, Some(location));
        }
        return context.set_ca_file(location);
    }
    if let Some(pem) = settings.get("ssl.ca.pem") {
        for authority in X509::stack_from_pem(pem.as_bytes())? {
            context.cert_store_mut().add_cert(authority)?;
        }
        return Ok(());
    }
    context.set_default_verify_paths()
}

fn said(result: X509VerifyResult, certificate: &X509Ref, host: &str) -> (String, String) {
    match result.as_raw() {
        HAS_EXPIRED => {
            (format!("its certificate expired on {}", certificate.not_after()), "it must be renewed there".to_owned())
        }
        NOT_YET_VALID => (
            format!("its certificate is not valid before {}", certificate.not_before()),
            "check the clocks here and there".to_owned(),
        ),
        HOSTNAME_MISMATCH | IP_ADDRESS_MISMATCH => (
            format!("its certificate is for {}, not for {host}", names(certificate)),
            "name the broker as its certificate does, here or in its advertised.listeners".to_owned(),
        ),
        _ => (
            format!(
                "its certificate is signed by {}, which is not trusted here ({})",
                name(certificate.issuer_name()),
                result.error_string()
            ),
            "name the file of its authority in ssl.ca.location".to_owned(),
        ),
    }
}

/// The hosts that a certificate is for.
fn names(certificate: &X509Ref) -> String {
    let Some(all) = certificate.subject_alt_names() else { return name(certificate.subject_name()) };
    let mut text = String::new();
    for one in &all {
        let ip = one.ipaddress().and_then(|bytes| match *bytes {
            [a, b, c, d] => Some(IpAddr::from([a, b, c, d])),
            _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        });
        let shown = one.dnsname().map(str::to_owned).or_else(|| ip.map(|ip| ip.to_string()));
        if let Some(shown) = shown {
            let comma = if text.is_empty() { "" } else { ", " };
            // Writing to a string cannot fail.
            let _written = write!(text, "{comma}{shown}");
        }
    }
    text
}

fn name(name: &X509NameRef) -> String {
    let entry = name.entries_by_nid(Nid::COMMONNAME).next().or_else(|| name.entries().next());
    let text = entry.and_then(|entry| entry.data().to_string().ok());
    text.map_or_else(|| "an authority without a name".to_owned(), |text| format!("`{text}`"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::loopback_certificate::{acceptor, certificate};

    /// The port of a server that takes TLS connections for as long as the test lasts, and its certificate as PEM.
    fn server() -> (u16, String) {
        let (certificate, key) = certificate();
        let (listener, acceptor) = (TcpListener::bind("127.0.0.1:0").unwrap(), acceptor(&certificate, &key));
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || listener.incoming().flatten().for_each(|client| drop(acceptor.accept(client))));
        (port, String::from_utf8(certificate.to_pem().unwrap()).unwrap())
    }

    fn said_of(settings: &[(&str, &str)], address: &str) -> Option<String> {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        complaint(&settings, address).map(|cause| cause.to_string())
    }

    #[test]
    fn a_broker_without_a_voucher_or_of_another_name_is_said() {
        let (port, pem) = server();
        let (by_number, by_name) = (format!("127.0.0.1:{port}"), format!("localhost:{port}"));
        let unknown = said_of(&[], &by_number).unwrap();
        assert!(unknown.contains("signed by `a server on loopback`, which is not trusted here (self"), "{unknown}");
        let trusting = ("ssl.ca.pem", pem.as_str());
        assert_eq!(said_of(&[trusting], &by_number), None, "accepted");
        let other = said_of(&[trusting], &by_name).unwrap();
        assert!(other.contains("its certificate is for 127.0.0.1, not for localhost; name the broker"), "{other}");
        let unchecked = ("ssl.endpoint.identification.algorithm", "none");
        assert_eq!(said_of(&[trusting, unchecked], &by_name), None);
    }

    #[test]
    fn a_broker_that_is_gone_adds_nothing() {
        assert_eq!(said_of(&[], "127.0.0.1:1"), None);
        assert_eq!(said_of(&[], "no address"), None);
    }
}
