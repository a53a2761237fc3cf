//! Java's truststores and keystores: the content of a file decides, not its name, and OpenSSL never gets a file that it cannot read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use super::{ClientSettings, SettingsError};

/// What a file of certificates or keys holds, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Pem,
    /// Java's own (`FE ED FE ED`), or its variant for secret keys (`CE CE CE CE`).
    Jks,
    /// DER, as PKCS#12 files begin.
    Pkcs12,
    Unknown,
}

impl Form {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xFE, 0xED, 0xFE, 0xED, ..] | [0xCE, 0xCE, 0xCE, 0xCE, ..] => Form::Jks,
            [0x30, 0x80..=0x84, ..] => Form::Pkcs12,
            _ if bytes.windows(11).any(|window| window == b"-----BEGIN ") => Form::Pem,
            _ => Form::Unknown,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Form::Pem => "PEM",
            Form::Jks => "JKS",
            Form::Pkcs12 => "PKCS12",
            Form::Unknown => "neither PEM nor a Java keystore",
        }
    }
}

pub(super) fn take(settings: &mut ClientSettings, file: &BTreeMap<String, String>) -> Result<(), SettingsError> {
    let given = |key: &str| file.get(key).map(|value| value.trim()).filter(|value| !value.is_empty());
    let key = "ssl.truststore.location";
    match given(key) {
        Some(path) => match form_of(key, path)? {
            Form::Pem => settings.set("ssl.ca.location", path),
            form => {
                let way_out = format!(
                    "it is {}, but librdkafka reads PEM; convert it with `keytool -list -rfc -keystore {path} > ca.pem` \
                     and name that in ssl.ca.location",
                    form.name()
                );
                return Err(SettingsError::no_equivalent(key, path, way_out));
            }
        },
        None => refuse_type(given("ssl.truststore.type"), "ssl.truststore.type", "ssl.ca.location")?,
    }
    let key = "ssl.keystore.location";
    match given(key) {
        Some(path) => match form_of(key, path)? {
            Form::Pem => {
                settings.set("ssl.certificate.location", path);
                settings.set("ssl.key.location", path);
            }
            Form::Pkcs12 => {
                settings.set(key, path);
                if let Some(password) = given("ssl.keystore.password") {
                    settings.set("ssl.keystore.password", password);
                }
            }
            form => {
                let way_out = format!(
                    "it is {}, but librdkafka reads PKCS12 and PEM; convert it with \
                     `keytool -importkeystore -srckeystore {path} -destkeystore keys.p12 -deststoretype PKCS12` and name that",
                    form.name()
                );
                return Err(SettingsError::no_equivalent(key, path, way_out));
            }
        },
        None => refuse_type(given("ssl.keystore.type"), "ssl.keystore.type", "ssl.keystore.location")?,
    }
    Ok(())
}

/// A type without a file: only PEM can be written into the properties themselves.
fn refuse_type(kind: Option<&str>, key: &str, place: &str) -> Result<(), SettingsError> {
    match kind {
        Some(kind) if !kind.eq_ignore_ascii_case("PEM") => Err(SettingsError::no_equivalent(
            key,
            kind,
            format!(
                "no file is named with it; convert the store to PEM with keytool and openssl, and name it in {place}"
            ),
        )),
        _ => Ok(()),
    }
}

fn form_of(key: &str, path: &str) -> Result<Form, SettingsError> {
    let mut start = Vec::new();
    // A PEM file may begin with the subjects of its certificates, as openssl writes them.
    let read = File::open(path).and_then(|file| file.take(64 * 1024).read_to_end(&mut start));
    match read {
        Ok(_) => Ok(Form::of(&start)),
        Err(error) => Err(SettingsError::Store { key: key.to_owned(), path: path.to_owned(), why: error.to_string() }),
    }
}
