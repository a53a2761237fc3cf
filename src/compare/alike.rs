//! What differs between the runs besides what is compared: said first, and some of it makes a comparison impossible.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Run;
use super::words::one_line;
use crate::figures::bytes;
use crate::results::Manifest;

/// Something that differs between base and new, or among the runs of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// What differs.
    pub code: DifferenceCode,
    /// Whether it makes a comparison impossible; it was made with `--anyway`.
    pub refuses: bool,
    /// The difference in words.
    pub text: String,
}

/// What can differ. The names are a contract: more may come, none changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceCode {
    /// The load that the profiles ask for: it refuses.
    Profile,
    /// Other keys of the profile: limits, topics, description.
    ProfileRemark,
    /// The seeds.
    Seed,
    /// The planned events, from equal profiles and seeds.
    Plan,
    /// The cluster, or whether it was the embedded broker.
    Target,
    /// The version of floodmark or of its client.
    Version,
    /// The client's settings.
    Client,
    /// The machine that generated the load.
    Machine,
    /// A stream, stage, phase or model that only one side has.
    Missing,
    /// A run that was left out, with the reason.
    LeftOut,
}

/// How many differing keys are named; the rest are counted.
const MOST_NAMED: usize = 6;
/// Client settings that name a run or an address.
const OF_ONE_RUN: [&str; 4] = ["bootstrap.servers", "client.id", "group.id", "transactional.id"];

/// Everything that differs, what refuses first.
#[must_use]
pub(super) fn differences(base: &[Run], new: &[Run]) -> Vec<Difference> {
    let sides = Sides { base, new };
    let [load, remarks] = sides.keys(profile_keys, "the profiles", changes_load);
    let mut differences = Vec::new();
    differences.extend(load.map(|text| Difference { code: DifferenceCode::Profile, refuses: true, text }));
    let mut note = |code, text: Option<String>| {
        differences.extend(text.map(|text| Difference { code, refuses: false, text }));
    };
    note(DifferenceCode::ProfileRemark, remarks);
    note(DifferenceCode::Seed, sides.fact("seed", |manifest| manifest.seed.to_string()));
    note(DifferenceCode::Plan, sides.other_plans());
    note(DifferenceCode::Target, sides.fact("target", target));
    note(DifferenceCode::Version, sides.fact("version of floodmark", |manifest| manifest.floodmark.clone()));
    note(DifferenceCode::Version, sides.fact("version of librdkafka", |manifest| manifest.librdkafka.clone()));
    let [client, _] = sides.keys(client_keys, "the client's settings", |_| true);
    note(DifferenceCode::Client, client);
    for (name, of) in MACHINE {
        note(DifferenceCode::Machine, sides.fact(name, of));
    }
    differences
}

/// A fact of a run.
type Fact = fn(&Manifest) -> String;

/// What is known of a machine.
const MACHINE: [(&str, Fact); 4] = [
    ("number of cores", |manifest| manifest.host.cores.to_string()),
    ("CPU", |manifest| manifest.host.cpu.clone().unwrap_or_else(unknown)),
    ("memory", |manifest| manifest.host.memory_bytes.map_or_else(unknown, bytes)),
    ("kernel", |manifest| manifest.host.kernel.clone()),
];

fn unknown() -> String {
    "unknown".to_owned()
}

fn target(manifest: &Manifest) -> String {
    // The embedded broker has a new id in each run.
    if manifest.target.embedded { "the embedded broker".to_owned() } else { manifest.target.cluster_id.clone() }
}

/// The runs of both sides.
struct Sides<'a> {
    base: &'a [Run],
    new: &'a [Run],
}

impl Sides<'_> {
    fn all(&self) -> impl Iterator<Item = &Manifest> {
        self.base.iter().chain(self.new).map(|run| &run.manifest)
    }

    /// "The kernel differs: 6.1 (base), 6.2 (new)."
    fn fact(&self, name: &str, of: impl Fn(&Manifest) -> String) -> Option<String> {
        let values = |runs: &[Run]| distinct(runs.iter().map(|run| of(&run.manifest)));
        let (base, new) = (values(self.base), values(self.new));
        let differs = base.len() > 1 || base != new;
        differs.then(|| format!("The {name} differs: {} (base), {} (new).", listed(&base), listed(&new)))
    }

    /// The keys in which a run differs from the first: those that `matter`, and the others.
    fn keys(
        &self,
        of: fn(&Manifest) -> BTreeMap<String, String>,
        name: &str,
        matter: impl Fn(&str) -> bool,
    ) -> [Option<String>; 2] {
        let mut all = self.all().map(of);
        let first = all.next().unwrap_or_default();
        let mut differing = BTreeMap::new();
        for other in all {
            for key in first.keys().chain(other.keys()) {
                let (was, is) = (first.get(key), other.get(key));
                if was != is && !differing.contains_key(key) {
                    differing.insert(key.clone(), (was.cloned(), is.cloned()));
                }
            }
        }
        let (mattering, others): (Vec<_>, Vec<_>) = differing.into_iter().partition(|(key, _)| matter(key));
        [mattering, others].map(|keys| sentence_of_keys(name, &keys))
    }

    /// Equal profiles and seeds plan equal events, unless the schedule changed between two versions.
    fn other_plans(&self) -> Option<String> {
        let mut plans: BTreeMap<String, &str> = BTreeMap::new();
        let differ = self.all().any(|manifest| {
            let asked = format!("{:?} {:?} {}", profile_keys(manifest), manifest.shard, manifest.seed);
            *plans.entry(asked).or_insert(&manifest.fingerprint) != manifest.fingerprint
        });
        let text = "The planned events differ although profiles and seeds are equal: the versions of floodmark plan differently.";
        differ.then(|| text.to_owned())
    }
}

/// Each value once, in the order in which they came.
fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for value in values {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// "1, 2, 3 and 4 more"
fn listed(values: &[String]) -> String {
    let named: Vec<String> = values.iter().take(MOST_NAMED).map(|value| one_line(value)).collect();
    let more = values.len().saturating_sub(MOST_NAMED);
    if more > 0 { format!("{} and {more} more", named.join(", ")) } else { named.join(", ") }
}

type Changed = (String, (Option<String>, Option<String>));

/// "The profiles differ: stream.orders.rate is 1k/s and 2k/s."
fn sentence_of_keys(name: &str, keys: &[Changed]) -> Option<String> {
    let value = |value: &Option<String>| value.as_deref().map_or("not set".to_owned(), one_line);
    let named: Vec<String> = keys
        .iter()
        .take(MOST_NAMED)
        .map(|(key, (was, is))| format!("{} is {} and {}", one_line(key), value(was), value(is)))
        .collect();
    let more = keys.len().saturating_sub(MOST_NAMED);
    let rest = if more > 0 { format!(", and {more} more keys") } else { String::new() };
    let mut name = name.to_owned();
    name[..1].make_ascii_uppercase();
    (!keys.is_empty()).then(|| format!("{name} differ: {}{rest}.", named.join("; ")))
}

/// All that a run's profile offers and how it is observed, as text: equal for runs that can be compared.
#[must_use]
pub(crate) fn load_of(manifest: &Manifest) -> String {
    let keys = profile_keys(manifest);
    let of_load = keys.iter().filter(|(key, _)| changes_load(key));
    of_load.map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// Whether a key of the profile changes what is offered or how it is observed, rather than how it is judged or called.
fn changes_load(key: &str) -> bool {
    let mut parts = key.split('.');
    match parts.next() {
        Some("description" | "drain" | "generator_late_p99") => false,
        Some("stream") => !matches!(parts.nth(1), Some("slo" | "topic")),
        _ => true,
    }
}

/// The profile's keys as paths, as in `stream.orders.rate`; the seed is a difference of its own.
fn profile_keys(manifest: &Manifest) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut table = manifest.profile_anywhere();
    table.remove("seed");
    flatten(&toml::Value::Table(table), "", &mut keys);
    keys
}

fn flatten(value: &toml::Value, path: &str, keys: &mut BTreeMap<String, String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(key, value)| flatten(value, &below(key), keys)),
        toml::Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
            let name = item.get("name").and_then(toml::Value::as_str).map_or(at.to_string(), str::to_owned);
            flatten(item, &below(&name), keys);
        }),
        toml::Value::String(text) => drop(keys.insert(path.to_owned(), text.clone())),
        other => drop(keys.insert(path.to_owned(), other.to_string())),
    }
}

fn client_keys(manifest: &Manifest) -> BTreeMap<String, String> {
    let settings = manifest
        .client
        .iter()
        .flat_map(|(client, settings)| settings.iter().map(move |(key, value)| (client, key, value)));
    let lasting = settings.filter(|(_, key, _)| !OF_ONE_RUN.contains(&key.as_str()));
    lasting.map(|(client, key, value)| (format!("{key} of {client}"), value.clone())).collect()
}
