//! Who uses a key: the profile, the client, or the command that is run before each trial.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlanError;
use super::record::Key;
use crate::kafka::ClientSettings;
use crate::nearest::nearest;
use crate::profile::{is_profile_key, profile_keys};
use crate::redact::redact;

/// Who uses a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// The profile has it, as `--set` takes it.
    Profile,
    /// It is a property of the client, as `-X` takes it.
    Client,
    /// Only the command before each trial has it.
    Command,
}

/// Who uses a key, and the name under which the user has it.
///
/// # Errors
/// A key that nobody uses, or in which all trials have to be alike.
pub(crate) fn role_of(key: &str, before: Option<&str>) -> Result<(Role, String), PlanError> {
    if ["duration", "warmup"].contains(&key) {
        return Err(PlanError::Length { key: key.to_owned() });
    }
    if is_profile_key(key) {
        return Ok((Role::Profile, key.to_owned()));
    }
    if ClientSettings::knows(key) {
        // Any value will do: the key decides.
        if redact(key, "0") != "0" {
            return Err(PlanError::Secret { key: key.to_owned() });
        }
        return Ok((Role::Client, ClientSettings::own_name(key).to_owned()));
    }
    if before.is_some_and(|before| before.contains(&word(key)) || before.contains(&variable(key))) {
        return Ok((Role::Command, key.to_owned()));
    }
    Err(PlanError::Unknown { key: key.to_owned(), help: help_for(key, before) })
}

/// What may have been meant.
fn help_for(key: &str, before: Option<&str>) -> String {
    let words = before.map(words).unwrap_or_default();
    let profile = profile_keys();
    let mut known: Vec<&str> = words;
    known.extend(profile.iter().map(String::as_str));
    ClientSettings::known_names().for_each(|name| known.push(name));
    nearest(key, known.into_iter()).map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

/// What stands in braces.
fn words(before: &str) -> Vec<&str> {
    before.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(word, _)| word).collect()
}

fn word(key: &str) -> String {
    format!("{{{key}}}")
}

/// The name of the environment variable that has a key's value: `FLOODMARK_LINGER_MS`.
#[must_use]
pub(crate) fn variable(key: &str) -> String {
    let sign = |sign: char| if sign.is_ascii_alphanumeric() { sign.to_ascii_uppercase() } else { '_' };
    format!("FLOODMARK_{}", key.chars().map(sign).collect::<String>())
}

/// The command before a trial of a combination.
#[must_use]
pub(crate) fn filled_in(before: &str, keys: &[Key], combination: &[String]) -> String {
    keys.iter().zip(combination).fold(before.to_owned(), |line, (key, value)| line.replace(&word(&key.name), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_belongs_to_who_knows_it() {
        let before = Some("restart --consumers {consumers} --interval $FLOODMARK_CHECKPOINT_MS");
        let role = |key: &str| role_of(key, before).unwrap();
        assert_eq!(role("stream.orders.payload.size").0, Role::Profile);
        assert_eq!(role("ceiling").0, Role::Profile);
        assert_eq!(role("linger.ms"), (Role::Client, "linger.ms".to_owned()));
        assert_eq!(role("compression.type"), (Role::Client, "compression.codec".to_owned()));
        assert_eq!((role("consumers").0, role("checkpoint.ms").0), (Role::Command, Role::Command));
    }

    #[test]
    fn a_key_that_nobody_uses_is_refused_with_what_was_meant() {
        let said = |key, before| role_of(key, before).unwrap_err().to_string();
        assert!(said("linger.m", None).ends_with("did you mean linger.ms?"), "{}", said("linger.m", None));
        assert!(said("consumer", Some("restart {consumers}")).ends_with("did you mean consumers?"));
        assert!(said("streams.orders.rate", None).contains("no key of a profile, no client property"));
        assert!(said("duration", None).contains("all trials are equally long"));
        assert!(said("sasl.password", None).contains("its values may be secrets"));
    }

    #[test]
    fn the_command_has_the_values_in_place_of_the_keys() {
        let keys = ["consumers", "linger.ms"].map(|name| Key::named(name, Role::Command));
        let line =
            filled_in("run {consumers} {consumers} {other} {linger.ms}", &keys, &["3".to_owned(), "5".to_owned()]);
        assert_eq!(line, "run 3 3 {other} 5");
    }
}
