//! `manifest.toml`: what ran, where and with what, enough to run it again.

use std::{collections::BTreeMap, fs, path::Path, thread};

use serde::{Deserialize, Serialize};

use super::{ResultsError, inventory::Inventory};
use crate::redact::redact;
use crate::{clock::kernel::KernelClock, profile::Profile};

/// The schema that this program writes and reads.
pub(crate) const MANIFEST_SCHEMA: u32 = 1;

/// The state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It is running, or it was killed: a process that ends normally records that.
    Running,
    /// It ran to its end.
    Finished,
    /// It was stopped, and ended normally.
    Interrupted,
}

/// What ran, where and with what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this layout: 1.
    pub schema: u32,
    /// The run's id, equal in all processes that share it.
    pub run_id: String,
    /// The state of the run.
    pub state: RunState,
    /// The subcommand, as in `run`, `produce` or `consume`.
    pub command: String,
    /// The share of the profile that this process took, as in `0/2`; absent when it took all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// The seed that everything random was drawn from.
    pub seed: u64,
    /// The fingerprint over the planned events.
    pub fingerprint: String,
    /// When the first event was due, RFC 3339.
    pub started: String,
    /// When the process was done, RFC 3339; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The profile's name: its file name without the extension.
    pub profile_name: String,
    /// The version of floodmark.
    pub floodmark: String,
    /// The version of librdkafka.
    pub librdkafka: String,
    /// The machine that generated the load.
    pub host: HostFacts,
    /// The clock that stamped the events.
    pub clock: ClockFacts,
    /// The cluster that was tested.
    pub target: TargetFacts,
    /// The topics, and the offsets between which the run's records are.
    #[serde(default, rename = "topic", skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicFacts>,
    /// The clients' settings as resolved, by client (`producer orders`, `consumer`), without secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub client: BTreeMap<String, BTreeMap<String, String>>,
    /// Every other file of the folder, by its path in it, as the run wrote it; empty while the run is going on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: Inventory,
    /// The resolved profile, as its author would write it.
    pub profile: toml::Table,
}

/// The machine that generated the load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFacts {
    /// Its name.
    pub hostname: String,
    /// The kernel's release.
    pub kernel: String,
    /// Identifies a boot of a machine: processes with the same one share one wall clock, whatever containers they run in.
    #[serde(default = "HostFacts::unknown")]
    pub boot_id: String,
    /// Cores that the process may use.
    pub cores: u64,
    /// The model of its CPU; absent where the system does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Its memory; absent where the system does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

impl HostFacts {
    /// Asks the machine; what it does not report is `unknown`.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let told = |path| {
            let text = fs::read_to_string(path).unwrap_or_default();
            if text.trim().is_empty() { HostFacts::unknown() } else { text.trim().to_owned() }
        };
        HostFacts {
            hostname: told("/proc/sys/kernel/hostname"),
            kernel: told("/proc/sys/kernel/osrelease"),
            boot_id: told("/proc/sys/kernel/random/boot_id"),
            cores: thread::available_parallelism().map_or(1, |cores| cores.get() as u64),
            cpu: cpu_model(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            memory_bytes: memory_bytes(&fs::read_to_string("/proc/meminfo").unwrap_or_default()),
        }
    }
}

impl HostFacts {
    fn unknown() -> String {
        "unknown".to_owned()
    }

    /// Whether two processes read one wall clock: they ran in the same boot of the same kernel. A name alone proves nothing, because hosts
    /// made from one image share it.
    #[must_use]
    pub fn shares_clock_with(&self, other: &Self) -> bool {
        self.boot_id == other.boot_id && self.boot_id != HostFacts::unknown()
    }
}

/// The first CPU's model in `/proc/cpuinfo`; ARM machines have none there.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    let (_, model) = line.split_once(':')?;
    Some(model.trim().to_owned()).filter(|model| !model.is_empty())
}

/// The whole memory in `/proc/meminfo`.
fn memory_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The clock that stamped the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClockFacts {
    /// How far the wall clock moved away from the run's clock by the end, in microseconds: a step or a slew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_moved_us: Option<i64>,
    /// The kernel's state at the start; absent if it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_start: Option<KernelClock>,
    /// The kernel's state at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_end: Option<KernelClock>,
}

/// The cluster that was tested.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TargetFacts {
    /// The addresses that it was reached by.
    pub brokers: String,
    /// Its id.
    pub cluster_id: String,
    /// Whether it was the embedded broker.
    pub embedded: bool,
}

/// A topic of the run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TopicFacts {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: u32,
    /// The offset of each partition before the first send.
    #[serde(default)]
    pub start_offsets: Vec<i64>,
    /// The offset of each partition after the drain; empty while the run goes on.
    #[serde(default)]
    pub end_offsets: Vec<i64>,
}

impl Manifest {
    /// Adds a client's resolved settings, without their secrets.
    pub fn set_client<'a>(&mut self, client: &str, settings: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let clean = settings.into_iter().map(|(key, value)| (key.to_owned(), redact(key, value))).collect();
        self.client.insert(client.to_owned(), clean);
    }

    /// The profile, ready to run again: with the counts of its captured curves, read again.
    ///
    /// # Errors
    /// When the table is not a profile, or a curve's file is gone or has other counts
    /// than before; `file` is the manifest's path, for the message.
    pub fn profile(&self, file: &Path) -> Result<Profile, ResultsError> {
        let table = self.profile.clone();
        let mut profile: Profile = table.try_into().map_err(|error: toml::de::Error| ResultsError::Malformed {
            file: file.to_owned(),
            why: format!("[profile] cannot be read: {}", error.message()),
        })?;
        profile.read_curves(file.parent().unwrap_or(Path::new(""))).map_err(|faults| ResultsError::Curve {
            file: file.to_owned(),
            why: faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join("; "),
        })?;
        // What was measured can be read without the keys; with them, the plan that is made again is the same.
        let _unread = profile.read_key_records(file.parent().unwrap_or(Path::new("")));
        profile.imply_stages();
        Ok(profile)
    }

    /// The profile's table, without what differs between the machines of one run: the paths
    /// of files whose fingerprint identifies the content.
    #[must_use]
    pub fn profile_anywhere(&self) -> toml::Table {
        without_paths(self.profile.clone())
    }

    /// As TOML.
    ///
    /// # Errors
    /// When a number is beyond what TOML can hold.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}

fn without_paths(mut profile: toml::Table) -> toml::Table {
    let streams = profile.get_mut("stream").and_then(toml::Value::as_array_mut);
    for stream in streams.into_iter().flatten() {
        forget_files(stream, "curve", &["file"]);
        forget_files(stream, "records", &["file"]);
        forget_files(stream, "payload", &["template", "samples", "schema", "references"]);
    }
    profile
}

/// Removes the paths from a stream's table that has a fingerprint of what these files hold, and those of the lists that its fields are drawn from.
fn forget_files(stream: &mut toml::Value, name: &str, paths: &[&str]) {
    let Some(table) = stream.get_mut(name).and_then(toml::Value::as_table_mut) else { return };
    if !table.contains_key("fingerprint") {
        return;
    }
    for path in paths {
        table.remove(*path);
    }
    let fields = table.get_mut("fields").and_then(toml::Value::as_table_mut);
    for (_, field) in fields.into_iter().flatten() {
        if let Some(field) = field.as_table_mut() {
            field.remove("file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two machines have the profile's files in folders of their own: the parts of one run are merged all the same.
    #[test]
    fn where_a_file_lies_makes_no_other_profile() {
        let manifest = |folder: &str, fingerprint: &str| {
            let text = format!(
                "[[stream]]\nname = \"orders\"\n[stream.curve]\nfile = \"{folder}/c.csv\"\nfingerprint = \"1\"\n[stream.records]\n\
                 file = \"{folder}/r.csv\"\nfingerprint = \"3\"\n[stream.payload]\ntemplate = \"{folder}/t.json\"\n\
                 fingerprint = \"{fingerprint}\"\n[stream.payload.fields.name]\nkind = \"list\"\nfile = \"{folder}/names.txt\"\n"
            );
            without_paths(toml::from_str(&text).unwrap())
        };
        assert_eq!(manifest("/one", "2"), manifest("/two", "2"));
        assert_ne!(manifest("/one", "2"), manifest("/one", "9"), "another template");
    }

    #[test]
    fn the_class_of_a_machine_is_read_from_what_the_kernel_tells() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Xeon 6\n\nprocessor\t: 1\nmodel name\t: Xeon 6\n";
        assert_eq!(cpu_model(cpuinfo).as_deref(), Some("Xeon 6"));
        assert_eq!((cpu_model("processor\t: 0\n"), cpu_model("model name\t:\n")), (None, None));
        assert_eq!(memory_bytes("MemTotal:        8141036 kB\nMemFree: 1 kB\n"), Some(8_141_036 * 1024));
        assert_eq!((memory_bytes(""), memory_bytes("MemTotal: much kB")), (None, None));
    }
}
