//! A process that another one started ends with it: a night or a search that is killed leaves no run behind that goes on to load the target.

use std::env;
use std::process::{self, Command};

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// Holds the id of the process that a run is a part of.
const PARENT: &str = "FLOODMARK_PARENT";
/// What a shell reports of a process that SIGTERM ended.
const TERMINATED: i32 = 143;

/// Lets what the command starts end with this process.
pub(crate) fn ends_with_this_process(command: &mut Command) {
    command.env(PARENT, process::id().to_string());
}

/// Lets what the command starts live on when this process and those that it is a part of end.
pub(crate) fn apart_from_parents(command: &mut Command) {
    command.env_remove(PARENT);
}

/// Ends this process in order, as SIGTERM does, when the one that it is a part of is gone.
pub fn end_with_parent() {
    let Some(parent) = env::var(PARENT).ok().and_then(|id| id.parse::<i32>().ok()) else { return };
    // Only Linux has it; elsewhere the run goes on to its end.
    let _refused = set_parent_process_death_signal(Some(Signal::TERM));
    if getppid().is_none_or(|now| now.as_raw_nonzero().get() != parent) {
        // It was gone before the signal was asked for.
        process::exit(TERMINATED);
    }
}
