//! What may be given about a cluster, and how what is given in several places comes together. Pure.

use std::path::PathBuf;

use crate::redact::redact;

/// The word in the place of brokers that asks for the embedded one, whatever the surroundings name.
const EMBEDDED: &str = "embedded";

/// What is given about a cluster in one place.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Given {
    /// Its brokers.
    pub(crate) brokers: Option<String>,
    /// A file of client properties.
    pub(crate) client_config: Option<PathBuf>,
    /// Client properties as `-X` takes them; of several with one name the last one counts.
    pub(crate) properties: Vec<String>,
    /// A command that prints a token to log in with.
    pub(crate) token_command: Option<String>,
    /// The cluster that may be loaded.
    pub(crate) allow_cluster: Option<String>,
    /// The topics that may be written to.
    pub(crate) allow_topics: Vec<String>,
}

/// A place below the flags.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    /// Its name in sentences.
    pub(super) from: String,
    /// What stands there.
    pub(super) given: Given,
}

/// All of it together.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Together {
    /// What holds.
    pub(crate) given: Given,
    /// What was taken from where, a sentence for each place.
    pub(crate) notes: Vec<String>,
}

/// Puts the layers below the flags, the stronger first. A layer that names brokers is about those: when a stronger one names others, nothing of
/// it is used, so that no password goes to another cluster and no permission holds for one.
#[must_use]
pub(crate) fn together(flags: Given, below: Vec<Layer>) -> Together {
    let mut whole = Together { given: flags, notes: Vec::new() };
    for Layer { from, given } in below {
        match (&whole.given.brokers, &given.brokers) {
            (Some(named), Some(other)) if named != other => {
                let (named, other) = (shown(named), shown(other));
                whole.notes.push(format!("{from} is about {other}: none of it is used with {named}"));
            }
            _ => {
                whole.notes.extend(taken(&from, &whole.given, &given));
                whole.given.put_below(given);
            }
        }
    }
    if whole.given.brokers.as_deref() == Some(EMBEDDED) {
        whole.given.brokers = None;
    }
    whole
}

impl Given {
    fn put_below(&mut self, below: Given) {
        let Given { brokers, client_config, properties, token_command, allow_cluster, allow_topics } = below;
        self.brokers = self.brokers.take().or(brokers);
        self.client_config = self.client_config.take().or(client_config);
        self.token_command = self.token_command.take().or(token_command);
        self.allow_cluster = self.allow_cluster.take().or(allow_cluster);
        self.properties.splice(0..0, properties);
        self.allow_topics.extend(allow_topics);
    }
}

/// What is taken from a layer, without a value that could be secret.
fn taken(from: &str, above: &Given, given: &Given) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(
        given.brokers.as_ref().filter(|_| above.brokers.is_none()).map(|brokers| format!("brokers {}", shown(brokers))),
    );
    let config = given.client_config.as_ref().filter(|_| above.client_config.is_none());
    parts.extend(config.map(|file| format!("client properties of {}", file.display())));
    let names: Vec<&str> = given.properties.iter().map(|pair| name_of(pair)).collect();
    if !names.is_empty() {
        parts.push(format!("client properties {}", names.join(", ")));
    }
    if given.token_command.is_some() && above.token_command.is_none() {
        parts.push("the token command".to_owned());
    }
    let cluster = given.allow_cluster.as_ref().filter(|_| above.allow_cluster.is_none());
    parts.extend(cluster.map(|id| format!("permission for cluster {id}")));
    if !given.allow_topics.is_empty() {
        parts.push(format!("permission for topics {}", given.allow_topics.join(", ")));
    }
    (!parts.is_empty()).then(|| format!("from {from}: {}", parts.join("; ")))
}

fn shown(brokers: &str) -> String {
    redact("bootstrap.servers", brokers)
}

fn name_of(pair: &str) -> &str {
    pair.split_once('=').map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(brokers: Option<&str>, properties: &[&str]) -> Given {
        let properties = properties.iter().map(|pair| (*pair).to_owned()).collect();
        Given { brokers: brokers.map(str::to_owned), properties, ..Given::default() }
    }

    fn layers(environment: Given, file: Given) -> Vec<Layer> {
        let layer = |from: &str, given| Layer { from: from.to_owned(), given };
        vec![layer("the environment", environment), layer("floodmark.toml", file)]
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = Given {
            client_config: Some("file.properties".into()),
            allow_cluster: Some("file".to_owned()),
            ..given(None, &["linger.ms=1", "acks=1"])
        };
        let environment =
            Given { allow_cluster: Some("environment".to_owned()), ..given(Some("b:1"), &["linger.ms=2"]) };
        let whole = together(given(None, &["linger.ms=3"]), layers(environment, file)).given;
        assert_eq!((whole.brokers.as_deref(), whole.allow_cluster.as_deref()), (Some("b:1"), Some("environment")));
        assert_eq!(whole.client_config, Some("file.properties".into()));
        // The last one of a name counts.
        assert_eq!(whole.properties, ["linger.ms=1", "acks=1", "linger.ms=2", "linger.ms=3"]);
    }

    #[test]
    fn nothing_of_one_cluster_reaches_another() {
        let file = Given {
            allow_cluster: Some("staging".to_owned()),
            allow_topics: vec!["orders".to_owned()],
            ..given(Some("staging:9092"), &["sasl.password=hunter2"])
        };
        let whole = together(given(Some("here:9092"), &[]), layers(Given::default(), file.clone()));
        assert!(whole.given == given(Some("here:9092"), &[]));
        assert_eq!(whole.notes, ["floodmark.toml is about staging:9092: none of it is used with here:9092"]);
        let same = together(given(Some("staging:9092"), &[]), layers(Given::default(), file));
        assert_eq!((same.given.properties.len(), same.given.allow_topics.len()), (1, 1));
    }

    #[test]
    fn the_embedded_broker_can_be_asked_for_where_others_are_named() {
        let whole = together(given(Some("embedded"), &[]), layers(Given::default(), given(Some("b:1"), &["acks=1"])));
        assert!(whole.given == Given::default());
    }

    #[test]
    fn what_is_taken_is_said_once_and_no_secret_with_it() {
        let file = given(Some("me:hunter2@b:1"), &["sasl.password=hunter2", "acks=1"]);
        let notes = together(Given::default(), layers(Given::default(), file)).notes;
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(
            notes[0].starts_with("from floodmark.toml: brokers ") && notes[0].ends_with("sasl.password, acks"),
            "{notes:?}"
        );
        assert!(!notes[0].contains("hunter2"), "{notes:?}");
    }
}
