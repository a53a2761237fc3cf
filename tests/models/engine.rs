//! A running engine that gets one stream after another.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

/// The engine's result for a stream.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// Absent: there are no windows.
    #[serde(default)]
    pub(crate) windows: Option<Vec<Filled>>,
    /// Absent: those in no window, or not kept.
    #[serde(default)]
    pub(crate) dropped: Option<Vec<usize>>,
    /// Absent: those in a window.
    #[serde(default)]
    pub(crate) kept: Option<Vec<usize>>,
    #[serde(default)]
    pub(crate) metric: Option<u64>,
    #[serde(default)]
    error: Option<String>,
}

/// A window, and the places of the rows that are in it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filled {
    #[serde(default)]
    pub(crate) key: Option<String>,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) records: Vec<usize>,
}

/// The engine's program. It ends when this is dropped.
pub(crate) struct Engine {
    process: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Engine {
    /// Starts the command in `FLOODMARK_MODELS_<NAME>`, one word per line.
    pub(crate) fn start(name: &str) -> Self {
        let variable = format!("FLOODMARK_MODELS_{}", name.replace('-', "_").to_uppercase());
        let command = std::env::var(&variable)
            .unwrap_or_else(|_| panic!("{variable} does not say how to start {name}: use scripts/prove-models"));
        let words: Vec<&str> = command.lines().collect();
        let mut process = Command::new(words[0])
            .args(&words[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", words[0]));
        let (to, from) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        Engine { process, to, from }
    }

    /// Sends a stream and returns the result.
    ///
    /// # Panics
    /// When the engine fails or ends: its own messages are above.
    pub(crate) fn ask(&mut self, line: &str) -> Answer {
        writeln!(self.to.as_mut().unwrap(), "{line}").unwrap();
        let mut said = String::new();
        let length = self.from.read_line(&mut said).unwrap();
        assert!(length > 0, "the engine ended at {line}");
        let answer: Answer =
            serde_json::from_str(&said).unwrap_or_else(|error| panic!("{said} is not an answer ({error}), to {line}"));
        assert!(answer.error.is_none(), "{:?}, at {line}", answer.error);
        answer
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Without its input it ends by itself.
        self.to = None;
        let _ended = self.process.wait();
    }
}
