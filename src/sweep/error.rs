//! What cannot be swept.

use std::path::PathBuf;

/// Why there is nothing to sweep, in one sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    /// No key is varied.
    #[error(
        "nothing is varied: name a setting and its values with --vary KEY=V1,V2, or combinations with --list FILE.csv"
    )]
    Nothing,
    /// Not of the form `KEY=V1,V2`.
    #[error("--vary {text}: write it as KEY=V1,V2, as in --vary linger.ms=0,5,20")]
    NotVaried {
        /// What was written.
        text: String,
    },
    /// A single value.
    #[error("--vary {key}: one value varies nothing; give several with commas between, or set it with --set or -X")]
    OneValue {
        /// The key.
        key: String,
    },
    /// A value stands twice.
    #[error("--vary {key}: the value {value} stands twice")]
    ValueTwice {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// A key stands twice, perhaps under two names.
    #[error("{key} is varied twice{}; give all its values in one place", other_name(key, other))]
    KeyTwice {
        /// The key.
        key: String,
        /// The name that it has the other time.
        other: String,
    },
    /// All trials have to be alike in it.
    #[error("{key} cannot be varied: all trials are equally long, as --duration says")]
    Length {
        /// The key.
        key: String,
    },
    /// Its values would stand in files.
    #[error("{key} cannot be varied: its values may be secrets, and a sweep's values stand in its files")]
    Secret {
        /// The key.
        key: String,
    },
    /// Nobody uses a key.
    #[error(
        "nothing uses {key}: it is no key of a profile, no client property, and --before does not have {{{key}}}{help}"
    )]
    Unknown {
        /// The key.
        key: String,
        /// What may have been meant.
        help: String,
    },
    /// The file of combinations.
    #[error("--list {}: {why}", file.display())]
    List {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Two combinations that come to the same.
    #[error("the combinations {one} and {other} come to the same: leave one out")]
    Twins {
        /// The first.
        one: String,
        /// The later one.
        other: String,
    },
    /// More trials than may be made.
    #[error(
        "{combinations} combinations, {repeat} times each, are {trials} trials, about {long}: more than --most-trials {most}; vary less, or raise it"
    )]
    TooMany {
        /// How many combinations there are.
        combinations: usize,
        /// How often each is tried.
        repeat: usize,
        /// How many trials that would be.
        trials: usize,
        /// How long they would take.
        long: String,
        /// How many may be made.
        most: usize,
    },
}

fn other_name(key: &str, other: &str) -> String {
    if key == other { String::new() } else { format!(", once as {other}") }
}
