//! The `floodmark.toml` of a folder: brokers, client properties and permissions. Pure.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::given::Given;
use crate::nearest::nearest;

const KEYS: [&str; 6] = ["brokers", "client-config", "token-command", "allow-cluster", "allow-topic", "properties"];
/// Keys by which a profile is recognised.
const OF_PROFILE: [&str; 4] = ["stream", "seed", "duration", "description"];

/// A sentence about a part of the text: it begins after the file's name.
type Refused = String;

/// Reads the file's text. Paths in it are relative to `folder`.
///
/// # Errors
/// What is wrong, to be put behind the file's name.
pub(super) fn parse(text: &str, folder: &Path) -> Result<Given, Refused> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(text.len(), |span| span.start);
        at_line(text, at, &format!("not valid TOML: {}", error.message().replace('\n', ", ")))
    })?;
    let mut given = Given::default();
    for (key, value) in table.get_ref() {
        let refused = |why: &str| at_line(text, key.span().start, why);
        let text_of = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(refused(&format!("`{}` must be a text in quotes", key.get_ref()))),
        };
        match key.get_ref().as_ref() {
            "brokers" => given.brokers = Some(text_of(value)?),
            "client-config" => given.client_config = Some(folder.join(text_of(value)?)),
            "token-command" => given.token_command = Some(text_of(value)?),
            "allow-cluster" => given.allow_cluster = Some(text_of(value)?),
            "allow-topic" => match value.get_ref() {
                DeValue::Array(topics) => given.allow_topics = topics.iter().map(text_of).collect::<Result<_, _>>()?,
                _ => given.allow_topics = vec![text_of(value)?],
            },
            "properties" => properties("", value, &mut given.properties).map_err(|why| refused(&why))?,
            other => return Err(refused(&unknown(other))),
        }
    }
    Ok(given)
}

fn at_line(text: &str, at: usize, why: &str) -> Refused {
    let line = 1 + text.get(..at).unwrap_or(text).matches('\n').count();
    format!(", line {line}: {why}")
}

/// Client properties, with their names in quotes or not: `linger.ms = 5` is a table in a table to TOML.
fn properties(name: &str, value: &Spanned<DeValue<'_>>, found: &mut Vec<String>) -> Result<(), String> {
    let value = match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                let dot = if name.is_empty() { "" } else { "." };
                properties(&format!("{name}{dot}{}", key.get_ref()), value, found)?;
            }
            return Ok(());
        }
        _ if name.is_empty() => return Err("`properties` must be a table, as in [properties]".to_owned()),
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(integer) => integer.as_str().to_owned(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        _ => return Err(format!("the property `{name}` must be a text, a whole number, true or false")),
    };
    found.push(format!("{name}={value}"));
    Ok(())
}

fn unknown(key: &str) -> String {
    if OF_PROFILE.contains(&key) {
        return format!(
            "`{key}` belongs to a profile, and floodmark.toml says which cluster is used in its folder; give the profile another name, or set FLOODMARK_CONFIG=none"
        );
    }
    match nearest(key, KEYS.into_iter()) {
        Some(meant) => format!("unknown key `{key}`; did you mean `{meant}`?"),
        None => format!("unknown key `{key}`; the keys are {}", KEYS.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Given, String> {
        parse(text, Path::new("folder"))
    }

    #[test]
    fn a_file_gives_what_the_flags_give() {
        let given = read(
            "brokers = \"a:1\"\nclient-config = \"c.properties\"\nallow-cluster = \"id\"\nallow-topic = [\"orders\"]\n\
             [properties]\nlinger.ms = 5\n\"security.protocol\" = \"SASL_SSL\"\nenable.idempotence = true\n",
        )
        .unwrap_or_default();
        assert_eq!((given.brokers.as_deref(), given.allow_cluster.as_deref()), (Some("a:1"), Some("id")));
        assert_eq!(
            (given.client_config, given.allow_topics),
            (Some("folder/c.properties".into()), vec!["orders".to_owned()])
        );
        let mut properties = given.properties;
        properties.sort();
        assert_eq!(properties, ["enable.idempotence=true", "linger.ms=5", "security.protocol=SASL_SSL"]);
        assert!(read("") == Ok(Given::default()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, said) in [
            ("\nbroker = \"a:1\"", ", line 2: unknown key `broker`; did you mean `brokers`?"),
            ("allow_topic = \"x\"", ", line 1: unknown key `allow_topic`; did you mean `allow-topic`?"),
            ("colour = 1", "the keys are brokers, client-config"),
            ("brokers = 9092", ", line 1: `brokers` must be a text in quotes"),
            ("properties = 1", "`properties` must be a table"),
            ("[properties]\nx = [1]", "the property `x` must be"),
            ("seed = 7\n[[stream]]\nname = \"a\"", "belongs to a profile"),
            ("brokers = ", ", line 1: not valid TOML"),
        ] {
            let Err(why) = read(text) else { panic!("{text} was taken") };
            assert!(why.contains(said), "{why}");
        }
    }
}
