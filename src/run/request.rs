//! What a user asked of a run, and what of it can be refused without asking a cluster.

use std::path::PathBuf;

use super::error::RunError;
use crate::conclude::Role;
use crate::direct;
use crate::kafka::ClientSettings;
use crate::limits::refuse_few_files;
use crate::load::Shard;
use crate::profile::{Loaded, RunFault};
use crate::results::writer::refuse_occupied;

/// What a user asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Which part of the run.
    pub role: Role,
    /// The profile.
    pub loaded: Loaded,
    /// The client's settings; without brokers the embedded one is started.
    pub settings: ClientSettings,
    /// The cluster that may be loaded although it is not on this machine.
    pub allow_cluster: Option<String>,
    /// Topics that may be created or filled although they are not floodmark's.
    pub allow_topics: Vec<String>,
    /// Stages are read from the first record that their topics hold, rather than from their ends.
    pub from_beginning: bool,
    /// Which of several processes this is.
    pub shard: Shard,
    /// The run's id; drawn if absent.
    pub run_id: Option<String>,
    /// When the run starts, in nanoseconds since 1970; soon if absent.
    pub start_at_ns: Option<u64>,
    /// The folder of results; named after the run if absent.
    pub out: Option<PathBuf>,
    /// A closed terminal is no wish to stop: the run goes on without it.
    pub outlives_terminal: bool,
    /// Workers for each stream; chosen by the machine if absent.
    pub workers: Option<usize>,
}

impl Request {
    /// Refuses what could never run: too few files for its clients, an id that leads elsewhere, a folder that is taken.
    pub(super) fn refuse_impossible(&self) -> Result<(), RunError> {
        refuse_few_files().map_err(RunError::Limits)?;
        self.run_id.as_deref().map_or(Ok(()), refuse_path).map_err(RunError::Usage)?;
        self.out.as_deref().map_or(Ok(()), refuse_occupied)?;
        self.refuse_faults_with_tls()?;
        self.refuse_what_is_ignored()
    }

    /// What the direct client would have to ignore, in streams that it sends.
    fn refuse_what_is_ignored(&self) -> Result<(), RunError> {
        let mut streams = self.loaded.profile.streams.iter().filter(|_| self.role.sends());
        streams.try_for_each(|stream| {
            let refused = direct::refuse(&self.settings, stream);
            refused.map_err(|refused| RunError::Usage(format!("stream {}: {refused}", stream.name)))
        })
    }

    /// What is encrypted cannot be read, and so not be led through a proxy.
    fn refuse_faults_with_tls(&self) -> Result<(), RunError> {
        match self.own_faults().iter().find(|fault| fault.network.is_some()).filter(|_| self.settings.uses_tls()) {
            Some(RunFault { name, .. }) => Err(RunError::Usage(format!(
                "fault {name}: with TLS nothing can stand between floodmark and the brokers; use commands (`start`, `stop`), or a listener without TLS"
            ))),
            None => Ok(()),
        }
    }

    /// The run's id: the one that the user gave, or a new one.
    pub(super) fn run_id(&self) -> String {
        self.run_id.clone().unwrap_or_else(|| draw_run_id(&self.loaded.name))
    }

    /// Which part of the events this process is answerable for: one that only observes sees those of all senders.
    pub(super) fn sent(&self) -> Shard {
        if self.role.sends() { self.shard } else { Shard::WHOLE }
    }

    /// The faults that this process injects: commands run once, in the first of several that send; what happens on the network, each to itself.
    pub(super) fn own_faults(&self) -> Vec<RunFault> {
        let faults = self.loaded.profile.faults.iter().filter(|_| self.role.sends());
        faults.filter(|fault| fault.network.is_some() || self.shard.is_first()).cloned().collect()
    }

    /// Whether this process reads a partition. Of several observers each reads those of its number.
    pub(super) fn observes(&self, partition: i32) -> bool {
        self.role != Role::Consume || self.shard.reads(partition.unsigned_abs())
    }

    /// Whether this process observes all partitions of all stages.
    pub(super) fn sees_all(&self) -> bool {
        self.role != Role::Consume || self.shard.count() == 1
    }
}

/// A run's id names its folder below `results/`, and stands in client ids and file names: nothing in it may lead elsewhere.
fn refuse_path(id: &str) -> Result<(), String> {
    const LONGEST: usize = 100;
    let plain = |next: char| next.is_ascii_alphanumeric() || matches!(next, '-' | '_' | '.');
    if id.is_empty() || id.len() > LONGEST || id.starts_with(['.', '-']) || !id.chars().all(plain) {
        return Err(format!(
            "--run-id {id}: an id must have 1 to {LONGEST} letters, digits, `-`, `_` and `.`, and begin with a letter or digit"
        ));
    }
    Ok(())
}

/// The profile's name, the moment, and four random digits: runs that start in one second differ.
fn draw_run_id(profile: &str) -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    format!("{profile}-{now}-{:04x}", rand::random::<u16>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runs_id_leads_nowhere_else() {
        for id in ["night-1", "a", "2030.01.31_x", &draw_run_id("average")] {
            assert!(refuse_path(id).is_ok(), "{id}");
        }
        for id in [
            "",
            "../../x",
            "/tmp/x",
            "a/b",
            "..",
            ".hidden",
            "-x",
            "a b",
            " a",
            "\u{feff}a",
            "a\0",
            "ä",
            &"x".repeat(101),
        ] {
            assert!(refuse_path(id).unwrap_err().contains("--run-id"), "{id:?}");
        }
    }
}
