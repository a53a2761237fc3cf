//! Whom to tell. Such an address is a secret: whoever knows its path may write to the channel behind it. So only scheme, host and port are shown.

use std::fmt;
use std::str::FromStr;

use ureq::http::Uri;
use ureq::http::uri::{Authority, Scheme};

/// The fewest letters in a row that give something of an address away.
const TELLING: usize = 4;

/// An address that takes a POST: `https://hooks.example.com/services/T0/B0/secret`.
#[derive(Clone, PartialEq, Eq)]
pub struct NotifyUrl(Uri);

/// Why a text is not such an address. The text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the address to notify {0}: give one such as https://hooks.example.com/PATH (what was given is not shown, as it may hold a secret)"
)]
pub struct NotifyUrlError(&'static str);

impl NotifyUrl {
    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    pub(super) fn is_https(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    pub(super) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }

    /// Whether a text repeats something of what is not shown: of the path, the query, the user or the password.
    pub(super) fn is_given_away_by(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let user = self.0.authority().and_then(|authority| authority.as_str().rsplit_once('@'));
        let hidden = [user.map_or("", |(user, _)| user), self.0.path(), self.0.query().unwrap_or_default()];
        let mut words = hidden.iter().flat_map(|part| part.split(|letter: char| !letter.is_ascii_alphanumeric()));
        words.any(|word| word.len() >= TELLING && text.contains(&word.to_ascii_lowercase()))
    }
}

impl FromStr for NotifyUrl {
    type Err = NotifyUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| NotifyUrlError("is not a URL"))?;
        if ![Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&uri.scheme()) {
            return Err(NotifyUrlError("begins with neither http:// nor https://"));
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or(NotifyUrlError("has no host"))?;
        if !has_sound_port(authority) {
            return Err(NotifyUrlError("has a port that is not a number up to 65535"));
        }
        Ok(NotifyUrl(uri))
    }
}

fn has_sound_port(authority: &Authority) -> bool {
    let host_and_port = authority.as_str().rsplit('@').next().unwrap_or_default();
    host_and_port == authority.host() || authority.port_u16().is_some()
}

impl fmt::Display for NotifyUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.0.scheme_str().unwrap_or_default(), self.host())?;
        self.0.port_u16().map_or(Ok(()), |port| write!(out, ":{port}"))
    }
}

impl fmt::Debug for NotifyUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "NotifyUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(text: &str) -> String {
        text.parse::<NotifyUrl>().unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_address_is_refused_in_one_sentence_that_does_not_repeat_it() {
        for (text, why) in [
            ("", "is not a URL"),
            ("hooks.example.com/T0/hunter2", "is not a URL"),
            ("https://hooks.example.com/hunter2 ", "is not a URL"),
            ("https://", "is not a URL"),
            ("https:///hunter2", "is not a URL"),
            ("/hunter2", "begins with neither"),
            ("ftp://hooks.example.com/hunter2", "begins with neither"),
            ("http://:80/hunter2", "has no host"),
            ("https://hooks.example.com:99999/hunter2", "has a port that is not"),
            ("https://me:hunter2@hooks.example.com:/", "has a port that is not"),
        ] {
            let said = refusal(text);
            assert!(said.starts_with(&format!("the address to notify {why}")), "{text}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn scheme_host_and_port_are_shown() {
        for (text, shown) in [
            ("https://hooks.example.com/services/T0/B0/hunter2?token=abc#top", "https://hooks.example.com"),
            ("http://me:hunter2@127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("HTTPS://[::1]:443/x", "https://[::1]:443"),
            ("http://[::1]/x", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<NotifyUrl>().unwrap().to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn nothing_else_is_ever_shown(
            user in "U[0-9a-f]{8}", password in "P[0-9a-f]{8}", path in "S[0-9a-f]{8}(/T[0-9a-f]{8})?", token in "Q[0-9a-f]{8}",
        ) {
            let url: NotifyUrl = format!("https://{user}:{password}@hooks.example.com/{path}?token={token}").parse().unwrap();
            prop_assert_eq!(url.to_string(), "https://hooks.example.com");
            prop_assert_eq!(format!("{url:?}"), "NotifyUrl(https://hooks.example.com)");
            for secret in [user, password, path, token] {
                let echo = format!("no {} here", secret.to_lowercase());
                prop_assert!(url.is_given_away_by(&echo), "{}", echo);
            }
            prop_assert!(!url.is_given_away_by("no_service at hooks.example.com"));
        }
    }
}
