//! Tells an address over HTTP how a night went: a small JSON, tried again while that can help, and never for long. Whoever calls decides what a
//! failure means; a verdict never depends on it.
//!
//! `rule` says when to try again and when to give up, without a clock; `telling` holds the clock, `call` makes one call.

mod call;
mod proxy;
mod retry_after;
mod rule;
mod said;
#[cfg(test)]
mod served;
mod telling;
#[cfg(test)]
mod tests;
mod url;

use std::time::Duration;

use serde_json::Value;

use crate::stop::StopFlag;

pub use proxy::ProxyError;
pub use url::{NotifyUrl, NotifyUrlError};

use call::Way;
use rule::Patience;

/// How long telling takes at most, whatever the other side does.
pub const LONGEST: Duration = Duration::from_secs(30);

/// The address was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// How many calls it took.
    pub tries: u32,
}

/// The address was not told. None of it holds more of the address than is fit to be shown.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// No call was taken.
    #[error("{whom} was not told{}: {last}{}", through(.proxy.as_deref()), of_tries(.tries, .spent))]
    NotTaken {
        /// Whom.
        whom: String,
        /// The proxy between, as `HOST:PORT`.
        proxy: Option<String>,
        /// What came of the last call.
        last: String,
        /// How many calls were made.
        tries: u32,
        /// How long all of it took.
        spent: Duration,
    },
    /// A stop was asked for.
    #[error("{whom} was not told: stopped")]
    Stopped {
        /// Whom.
        whom: String,
    },
    /// The environment names a proxy that cannot be used.
    #[error("{whom} was not told: {why}")]
    Proxy {
        /// Whom.
        whom: String,
        /// What is wrong with it.
        why: ProxyError,
    },
}

fn through(proxy: Option<&str>) -> String {
    proxy.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"))
}

fn of_tries(tries: &u32, spent: &Duration) -> String {
    if *tries < 2 { String::new() } else { format!(" (the last of {tries} tries in {} s)", spent.as_secs()) }
}

/// Posts `body` to `url`, again and again until it is taken or nothing more helps, for [`LONGEST`] at most. A proxy is taken from the
/// environment, as curl does.
///
/// # Errors
/// What the last call came to; or that a stop was asked for: the first after this began, or the second of all.
pub fn notify(url: &NotifyUrl, body: &Value, stop: &StopFlag) -> Result<Told, NotifyError> {
    let way = Way::of_environment(url).map_err(|why| NotifyError::Proxy { whom: url.to_string(), why })?;
    telling::tell(url, &body.to_string(), &way, &Patience::USUAL, stop)
}
