//! The variables of the environment that say which cluster. Pure.

use std::ffi::OsString;
use std::path::PathBuf;

use super::given::{Given, Layer};
use crate::nearest::nearest;

const PREFIX: &str = "FLOODMARK_";
/// The start of a variable that holds a client property: `FLOODMARK_X_SASL_PASSWORD` for `sasl.password`.
pub(crate) const PREFIX_OF_PROPERTIES: &str = "FLOODMARK_X_";
/// The words after the prefix.
pub(super) const KNOWN: [&str; 6] =
    ["BROKERS", "CLIENT_CONFIG", "TOKEN_COMMAND", "ALLOW_CLUSTER", "ALLOW_TOPIC", "CONFIG"];

/// Which file of settings is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Config {
    /// That of the current folder, if there is one.
    Usual,
    /// This one.
    Named(PathBuf),
    /// None.
    None,
}

/// What the variables give, and which file is read beside them. An empty variable is as good as none.
///
/// # Errors
/// A name that is nearly one of ours, or a value that is not text.
pub(super) fn of_variables(
    variables: impl Iterator<Item = (String, OsString)>,
) -> Result<(Option<Layer>, Config), String> {
    let (mut given, mut config) = (Given::default(), Config::Usual);
    for (name, value) in variables.filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()) {
        let text = || value.to_str().map(str::to_owned).ok_or_else(|| format!("{name} is not UTF-8 text"));
        match &name[PREFIX.len()..] {
            "BROKERS" => given.brokers = Some(text()?),
            "CLIENT_CONFIG" => given.client_config = Some(value.clone().into()),
            "TOKEN_COMMAND" => given.token_command = Some(text()?),
            "ALLOW_CLUSTER" => given.allow_cluster = Some(text()?),
            "ALLOW_TOPIC" => given.allow_topics = text()?.split(',').map(|topic| topic.trim().to_owned()).collect(),
            "CONFIG" if value == *"none" => config = Config::None,
            "CONFIG" => config = Config::Named(value.clone().into()),
            other => match name.strip_prefix(PREFIX_OF_PROPERTIES) {
                Some(property) => given.properties.push(format!("{}={}", property_of(property), text()?)),
                None => refuse_misspelt(other)?,
            },
        }
    }
    // The environment has no order.
    given.properties.sort();
    let layer = (given != Given::default()).then(|| Layer { from: "the environment".to_owned(), given });
    Ok((layer, config))
}

/// librdkafka's names are of lower case, with dots between the words.
fn property_of(variable: &str) -> String {
    variable.to_ascii_lowercase().replace('_', ".")
}

/// A variable that is missed by a letter would leave a run on the embedded broker, and nobody would notice.
fn refuse_misspelt(written: &str) -> Result<(), String> {
    match nearest(written, KNOWN.into_iter()) {
        Some(meant) => Err(format!("floodmark does not read {PREFIX}{written}; did you mean {PREFIX}{meant}?")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<(Option<Layer>, Config), String> {
        of_variables(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())))
    }

    #[test]
    fn each_variable_gives_what_its_flag_gives() {
        let (layer, config) = read(&[
            ("FLOODMARK_BROKERS", "a:1,b:2"),
            ("FLOODMARK_CLIENT_CONFIG", "c.properties"),
            ("FLOODMARK_TOKEN_COMMAND", "mint a token"),
            ("FLOODMARK_ALLOW_CLUSTER", "id"),
            ("FLOODMARK_ALLOW_TOPIC", "orders, payments"),
            ("FLOODMARK_X_SASL_PASSWORD", "a=b,c"),
            ("FLOODMARK_X_ACKS", ""),
            ("FLOODMARK_CONFIG", "none"),
            ("FLOODMARK_PARENT", "7"),
            ("FLOODMARK_LINGER_MS", "5"),
            ("HOME", "/"),
        ])
        .unwrap();
        let given = layer.unwrap().given;
        let expected = Given {
            brokers: Some("a:1,b:2".to_owned()),
            client_config: Some("c.properties".into()),
            properties: vec!["sasl.password=a=b,c".to_owned()],
            token_command: Some("mint a token".to_owned()),
            allow_cluster: Some("id".to_owned()),
            allow_topics: vec!["orders".to_owned(), "payments".to_owned()],
        };
        assert!(given == expected && config == Config::None);
    }

    #[test]
    fn an_environment_without_any_gives_nothing() {
        let (layer, config) = read(&[("FLOODMARK_BROKERS", ""), ("FLOODMARK_NOTIFY_URL", "x")]).unwrap();
        assert!(layer.is_none() && config == Config::Usual);
    }

    #[test]
    fn a_misspelt_variable_is_refused_and_not_its_value_told() {
        let Err(said) = read(&[("FLOODMARK_BROKER", "secret")]) else { panic!("taken") };
        assert_eq!(said, "floodmark does not read FLOODMARK_BROKER; did you mean FLOODMARK_BROKERS?");
    }
}
