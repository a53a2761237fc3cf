//! The system's limits on this process, checked before a library runs into them.

use std::fs;

use tokio::signal::unix::{SignalKind, signal};

/// The fewest open files for a client, its cluster and the results: each client takes about eight.
const LEAST_FILES: u64 = 64;
/// Linux's number of SIGXFSZ.
const FILE_TOO_LARGE: i32 = 25;

/// Refuses to start if fewer files may be open than the clients need: they would not report it, but time out.
///
/// # Errors
/// The sentence for the user.
pub fn refuse_few_files() -> Result<(), String> {
    match files_allowed(&fs::read_to_string("/proc/self/limits").unwrap_or_default()) {
        Some(files) if files < LEAST_FILES => Err(format!(
            "this process may open only {files} files, but Kafka clients need at least {LEAST_FILES}: raise the limit, as with `ulimit -n 1024`"
        )),
        _ => Ok(()),
    }
}

/// From now on a file that reaches its largest size (`ulimit -f`) is a failed write, with a sentence, and not death by SIGXFSZ.
pub fn outlive_full_files() {
    // Listening takes files, too, and a runtime that gets none panics.
    if refuse_few_files().is_err() {
        return;
    }
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
        let _inside = runtime.enter();
        // The handler stays after the listener is dropped; if there can be none, the system's default applies.
        let _heard = signal(SignalKind::from_raw(FILE_TOO_LARGE));
    }
}

/// The soft limit in the kernel's table; nothing if there is no table or no limit.
fn files_allowed(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_the_first_figure() {
        let table = "Limit                     Soft Limit           Hard Limit           Units\n\
            Max open files            8                    1048576              files\n";
        assert_eq!(files_allowed(table), Some(8));
        assert_eq!(files_allowed("Max open files            unlimited            unlimited            files\n"), None);
        assert_eq!(files_allowed(""), None);
    }
}
