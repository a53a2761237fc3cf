//! How a target is tried: the command line of each trial.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::capacity::{Burst, Length, Needed, Plays};

/// How a target is tried.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// The profile's file.
    pub(crate) profile: PathBuf,
    /// The profile's name.
    pub(crate) name: String,
    /// Flags of `floodmark run` that change the profile.
    pub(crate) changes: Vec<OsString>,
    /// Flags of `floodmark run` that say which cluster, and how the client speaks to it.
    pub(crate) target: Vec<OsString>,
    /// Those of them that hold for a broker of our own on this machine, too.
    pub(crate) anywhere: Vec<OsString>,
    /// What a short trial plays, and the warm-up.
    pub(crate) short: Plays,
    /// What a long trial plays.
    pub(crate) long: Plays,
    /// What is played to see this machine alone.
    pub(crate) alone: Plays,
    /// The burst after which recovery is measured, and what a trial of it plays.
    pub(crate) burst: Option<(Burst, Plays)>,
    /// How long after the interval was found its bounds are tried again, at the earliest.
    pub(crate) recheck_after: Duration,
    /// What the target must be able to take.
    pub(crate) needed: Option<Needed>,
    /// A hash of the profile with its changes.
    pub(crate) load: String,
    /// The folder of the search.
    pub(crate) out: PathBuf,
}

impl Way {
    /// What trials of a length play.
    pub(super) fn plays(&self, length: Length) -> &Plays {
        if length == Length::Long { &self.long } else { &self.short }
    }

    /// What the trials of a search have in common: with anything else it is another search.
    pub(super) fn asked(&self) -> String {
        let of = |plays: &Plays| format!("{} {:?}", plays.lasts, plays.changes);
        let played = xxhash_rust::xxh3::xxh3_64(format!("{} {}", of(&self.short), of(&self.long)).as_bytes());
        format!("{} {} {} {played:016x}", self.load, self.short.lasts, self.long.lasts)
    }

    /// What `floodmark` is called with to play something at a multiple of the profile's rates.
    pub(super) fn arguments(
        &self,
        command: &str,
        plays: &Plays,
        factor: f64,
        target: &[OsString],
        folder: &Path,
    ) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![command.into(), self.profile.clone().into()];
        arguments.extend(self.changes.iter().chain(target).cloned());
        for (key, value) in &plays.changes {
            arguments.extend(["--set".into(), format!("{key}={value}").into()]);
        }
        for (flag, value) in [("--rate-scale", factor.to_string()), ("--duration", plays.lasts.to_string())] {
            arguments.extend([flag.into(), value.into()]);
        }
        arguments.extend(["--json".into(), "--quiet".into(), "--out".into(), folder.into()]);
        arguments
    }
}
