//! Logging in with tokens (SASL OAUTHBEARER): where they come from, and how each client has a valid one for as long as it lives.
//!
//! librdkafka asks for a token by an event on the client's queue, and the batch calls read that queue without looking at such events. So nobody
//! waits to be asked: a keeper hands each client its token when it is created, and a newer one before that expires.

mod command;
mod keeper;
mod native;
mod token;
mod unsecured;

use std::collections::BTreeMap;

use rdkafka::bindings::rd_kafka_t;

pub(super) use keeper::Login;
use keeper::keeper_of;

use super::error::KafkaError;

/// The name under which the settings of a client carry the token command; librdkafka never sees it, and what is written of settings hides its
/// value as a secret.
pub(super) const COMMAND_KEY: &str = "floodmark.token.command";

/// Where tokens come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Tokens {
    /// A command of the user's prints them.
    Command(String),
    /// Made here, for brokers that check no signature: the text of `sasl.oauthbearer.config`.
    Unsecured(String),
}

impl Tokens {
    /// Where a client with these settings gets its tokens from, if it logs in with any.
    fn of(settings: &BTreeMap<String, String>) -> Option<Self> {
        let given = |key: &str| settings.get(key).map(|value| value.trim());
        if !given("sasl.mechanisms")?.eq_ignore_ascii_case("OAUTHBEARER") {
            return None;
        }
        if let Some(command) = given(COMMAND_KEY) {
            return Some(Tokens::Command(command.to_owned()));
        }
        let config = given("sasl.oauthbearer.config").unwrap_or_default();
        let is_unsecured = given("enable.sasl.oauthbearer.unsecure.jwt")?.eq_ignore_ascii_case("true");
        (is_unsecured && unsecured::made(config, 0).is_some()).then(|| Tokens::Unsecured(config.to_owned()))
    }
}

/// Logs a client in that has just been created, if its settings ask for tokens. The client must live longer than what is returned.
///
/// # Errors
/// When there is no token to be had.
pub(super) fn log_in(
    settings: &BTreeMap<String, String>,
    client: *mut rd_kafka_t,
) -> Result<Option<Login>, KafkaError> {
    let Some(tokens) = Tokens::of(settings) else { return Ok(None) };
    keeper_of(tokens).log_in(client).map(Some).map_err(|why| KafkaError::Token(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_from_the_command_or_are_made_here_and_only_for_their_mechanism() {
        let of = |pairs: &[(&str, &str)]| {
            Tokens::of(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
        };
        let unsecured = ("enable.sasl.oauthbearer.unsecure.jwt", "true");
        let (oauth, command) = (("sasl.mechanisms", "oauthbearer"), (COMMAND_KEY, "print-token"));
        assert_eq!(of(&[oauth, command, unsecured]), Some(Tokens::Command("print-token".to_owned())));
        let config = ("sasl.oauthbearer.config", "principal=me");
        assert_eq!(of(&[oauth, unsecured, config]), Some(Tokens::Unsecured("principal=me".to_owned())));
        assert_eq!((of(&[oauth]), of(&[oauth, unsecured]), of(&[oauth, config])), (None, None, None));
        assert_eq!(of(&[("sasl.mechanisms", "PLAIN"), command, unsecured]), None);
    }
}
