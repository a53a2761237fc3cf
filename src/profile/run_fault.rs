//! What a profile breaks on purpose while its traffic runs, and puts right again.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{ByteRate, Span};

/// Something that is broken on purpose while the traffic runs, and put right again: by a command (`start` and `stop`), or on the network (`network`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunFault {
    /// The fault's name in reports. Letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// When it begins, counted from the start of the run.
    pub at: Span,
    /// How long it lasts.
    #[serde(rename = "for")]
    pub lasts: Span,
    /// The command that brings it about: a program and its arguments, without a shell. It has to return while the fault lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub start: Option<Vec<String>>,
    /// The command that undoes it. It runs whatever happens, even when floodmark is killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub stop: Option<Vec<String>>,
    /// What happens on the network between floodmark's own clients and the brokers. Not with TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkFault>,
}

/// What happens on the network between floodmark's own clients and the brokers: one of `reset`, `black_hole`, or a slow link (`delay`, `bandwidth`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkFault {
    /// Only on the way to this broker, by its id. Default: to all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = MAX_BROKER_ID))]
    pub broker: Option<u32>,
    /// How much later all bytes arrive, in each direction: a round trip takes twice as much longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Span>,
    /// By how much the delay varies, up and down, evenly. No byte overtakes another. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Span>,
    /// How much passes in a second, in each direction, over all connections to a broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<ByteRate>,
    /// Connections are reset when the fault begins, and new ones as soon as they are made.
    #[serde(default)]
    pub reset: bool,
    /// Nothing arrives: connections stay open, new ones are accepted, and what was sent arrives when the fault is over.
    #[serde(default)]
    pub black_hole: bool,
}

/// The largest id that a broker can have.
const MAX_BROKER_ID: u32 = i32::MAX as u32;

impl RunFault {
    /// When it is over, in nanoseconds from the start of the run.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        self.at.as_nanos().saturating_add(self.lasts.as_nanos())
    }

    /// The commands that bring it about and undo it, if it is made by commands.
    #[must_use]
    pub fn commands(&self) -> Option<(&[String], &[String])> {
        self.start.as_deref().zip(self.stop.as_deref())
    }
}

impl fmt::Display for RunFault {
    /// What is done, and how it is undone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.network, self.commands()) {
            (Some(network), _) => network.fmt(f),
            (None, Some((start, stop))) => write!(f, "{}, undone by {}", typed(start), typed(stop)),
            (None, None) => Ok(()),
        }
    }
}

impl NetworkFault {
    /// The brokers that it keeps away, in words.
    #[must_use]
    pub(crate) fn whom(&self) -> String {
        self.broker.map_or("all brokers".to_owned(), |broker| format!("broker {broker}"))
    }
}

impl fmt::Display for NetworkFault {
    /// `a delay of 50ms ± 10ms to broker 2`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let jitter = self.jitter.map(|jitter| format!(" ± {jitter}")).unwrap_or_default();
        let parts = [
            self.reset.then(|| "connections reset".to_owned()),
            self.black_hole.then(|| "a black hole".to_owned()),
            self.delay.map(|delay| format!("a delay of {delay}{jitter}")),
            self.bandwidth.map(|bandwidth| format!("at most {bandwidth}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        write!(f, "{} on the way to {}", parts.join(" and "), self.whom())
    }
}

/// A command as it could be typed.
#[must_use]
pub(crate) fn typed(words: &[String]) -> String {
    let is_plain =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c));
    let quoted =
        |word: &String| if is_plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        toml::from_str::<RunFault>(&format!("name = \"f\"\nat = \"1s\"\nfor = \"2s\"\n{text}")).unwrap().to_string()
    }

    #[test]
    fn a_fault_says_what_it_does() {
        let command = "start = [\"sh\", \"-c\", \"echo 'a b' > c\"]\nstop = [\"scripts/kafka\", \"restart\"]";
        assert_eq!(fault(command), r"sh -c 'echo '\''a b'\'' > c', undone by scripts/kafka restart");
        assert_eq!(
            fault("network = { delay = \"50ms\", jitter = \"10ms\", bandwidth = \"1MB/s\", broker = 2 }"),
            "a delay of 50ms ± 10ms and at most 1MB/s on the way to broker 2"
        );
        assert_eq!(fault("network = { reset = true }"), "connections reset on the way to all brokers");
        assert_eq!(fault("network = { black_hole = true }"), "a black hole on the way to all brokers");
    }
}
