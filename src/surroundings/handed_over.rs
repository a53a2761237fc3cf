//! What a run that is a part of a search, a sweep or a night gets from the process that starts it: all in its arguments, but for client
//! properties and the token command, which may be secret. A list of processes shows arguments to everyone on the machine.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::Command;

use super::environment::{KNOWN, PREFIX_OF_PROPERTIES};

/// Gives a run its arguments. It takes nothing else from the surroundings: a run on an embedded broker must not meet the user's cluster.
pub(crate) fn hand_over(command: &mut Command, arguments: &[OsString]) {
    let is_property = |name: &OsString| name.to_str().is_some_and(|name| name.starts_with(PREFIX_OF_PROPERTIES));
    for (name, _) in env::vars_os().filter(|(name, _)| is_property(name)) {
        command.env_remove(name);
    }
    for known in KNOWN {
        command.env_remove(format!("FLOODMARK_{known}"));
    }
    command.env("FLOODMARK_CONFIG", "none");
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match (argument.to_str(), rest.as_slice().first().and_then(|next| variable_of(next))) {
            (Some("-X"), Some((name, value))) => {
                command.env(name, value);
                rest.next();
            }
            (Some("--token-command"), _) => {
                if let Some(value) = rest.next() {
                    command.env("FLOODMARK_TOKEN_COMMAND", value);
                }
            }
            _ => {
                command.arg(argument);
            }
        }
    }
}

/// The variable that gives a property, unless it has a name or an empty value that a variable cannot carry.
fn variable_of(pair: &OsStr) -> Option<(String, String)> {
    let (name, value) = pair.to_str()?.split_once('=')?;
    let name = name.trim();
    let can_carry = |next: char| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '.';
    let is_plain = !name.is_empty() && name.chars().all(can_carry) && !value.is_empty() && !value.contains('\0');
    is_plain
        .then(|| (format!("{PREFIX_OF_PROPERTIES}{}", name.to_ascii_uppercase().replace('.', "_")), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_no_argument_and_the_last_of_a_name_counts() {
        let arguments = [
            "run",
            "--token-command",
            "mint it",
            "-X",
            "sasl.password=a=b",
            "-X",
            "acks=1",
            "-X",
            "acks=all",
            "-X",
            "odd_name=1",
            "--json",
        ];
        let mut command = Command::new("floodmark");
        hand_over(&mut command, &arguments.map(OsString::from));
        let seen: Vec<&OsStr> = command.get_args().collect();
        assert_eq!(seen, ["run", "-X", "odd_name=1", "--json"]);
        let of = |name: &str| command.get_envs().find(|(known, _)| *known == name).and_then(|(_, value)| value);
        assert_eq!(of("FLOODMARK_X_SASL_PASSWORD"), Some(OsStr::new("a=b")));
        assert_eq!((of("FLOODMARK_X_ACKS"), of("FLOODMARK_BROKERS")), (Some(OsStr::new("all")), None));
        assert_eq!(of("FLOODMARK_TOKEN_COMMAND"), Some(OsStr::new("mint it")));
        assert_eq!(of("FLOODMARK_CONFIG"), Some(OsStr::new("none")));
    }
}
