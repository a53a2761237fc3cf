//! Where a registry is. A login does not stand in its address: a run's files keep the profile, and so the address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ureq::http::Uri;
use ureq::http::uri::Scheme;

/// The address of a registry: `http://127.0.0.1:8081`, or with the path below which its API is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryUrl(String);

/// Why a text is no such address. The text itself is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the registry's address {0}")]
pub struct RegistryUrlError(&'static str);

const EXAMPLE: &str =
    "is not a URL: write one such as http://127.0.0.1:8081 or https://registry.example.com/apis/ccompat/v7";

impl FromStr for RegistryUrl {
    type Err = RegistryUrlError;

    fn from_str(text: &str) -> Result<Self, RegistryUrlError> {
        let uri: Uri = text.parse().map_err(|_| RegistryUrlError(EXAMPLE))?;
        if ![Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&uri.scheme()) {
            return Err(RegistryUrlError("begins with neither http:// nor https://"));
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or(RegistryUrlError("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(RegistryUrlError(
                "holds a login, and a run's files would keep it: set FLOODMARK_REGISTRY_USER and FLOODMARK_REGISTRY_PASSWORD instead",
            ));
        }
        if uri.query().is_some() {
            return Err(RegistryUrlError("holds a `?`: leave out what follows it"));
        }
        Ok(RegistryUrl(text.split('#').next().unwrap_or(text).trim_end_matches('/').to_owned()))
    }
}

impl RegistryUrl {
    /// Whether it is on this machine.
    pub(super) fn is_here(&self) -> bool {
        let host = self.0.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// The address of something below it.
    pub(super) fn with(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for RegistryUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |text: &str| text.parse::<RegistryUrl>().map(|url| url.with("/subjects"));
        assert_eq!(read("http://127.0.0.1:8081/").unwrap(), "http://127.0.0.1:8081/subjects");
        assert_eq!(
            read("https://r.example.com/apis/ccompat/v7").unwrap(),
            "https://r.example.com/apis/ccompat/v7/subjects"
        );
        for text in
            ["", "registry", "ftp://a/hunter2", "http://me:hunter2@a", "http://a?token=hunter2", "http://:80/hunter2"]
        {
            let said = read(text).unwrap_err().to_string();
            assert!(said.starts_with("the registry's address ") && !said.contains("hunter2"), "{text}: {said}");
        }
    }
}
