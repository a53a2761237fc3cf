//! What ran where, and how to run it again: from a run's manifest.

use std::collections::BTreeMap;

use super::place::shown;
use super::tables::Table;
use crate::clock::kernel::KernelClock;
use crate::redact::sentence;
use crate::report::figures::{latency, seconds};
use crate::report::screen::clean;
use crate::results::Manifest;
use crate::results::Summary;

/// Versions, machines, cluster and clocks, a row each.
pub(super) fn environment(summary: &Summary, manifest: &Manifest) -> Table {
    let mut table = Table::default().texts(&["", ""]);
    let mut row = |name: &str, value: String| table.row("", vec![name.to_owned(), value]);
    row("run", shown(&manifest.run_id));
    row(
        "command",
        shown(&manifest.command)
            + &manifest.shard.as_ref().map(|shard| format!(", shard {}", shown(shard))).unwrap_or_default(),
    );
    row("profile", format!("{}, seed {}", shown(&manifest.profile_name), manifest.seed));
    row("fingerprint of the planned events", shown(&manifest.fingerprint));
    row("started", shown(&manifest.started));
    row("ended", manifest.ended.as_deref().map_or_else(|| "never: it was killed, or is still going".to_owned(), shown));
    row("floodmark", shown(&manifest.floodmark));
    row("librdkafka", shown(&manifest.librdkafka));
    if let Some(streams) = sent_directly(manifest) {
        row("sent by floodmark's own client", shown(&streams));
    }
    let target = &manifest.target;
    let brokers = if target.embedded { "embedded broker".to_owned() } else { clean(&sentence(&target.brokers)) };
    row("target", format!("{brokers}, cluster {}", shown(&target.cluster_id)));
    let host = &manifest.host;
    row(
        "generator's machine",
        format!("{}, Linux {}, {} cores", shown(&host.hostname), shown(&host.kernel), host.cores),
    );
    row("clock at the start", clock(manifest.clock.at_start));
    row("clock at the end", clock(manifest.clock.at_end));
    if let Some(moved_us) = manifest.clock.wall_moved_us {
        row("wall clock moved", latency(ms_of(moved_us.unsigned_abs()) * if moved_us < 0 { -1.0 } else { 1.0 }));
    }
    if let Some(cpu_s) = summary.generator.cpu_s {
        row("CPU time of the process", seconds(cpu_s));
    }
    table
}

/// The streams that librdkafka did not send.
fn sent_directly(manifest: &Manifest) -> Option<String> {
    let is_direct =
        |settings: &BTreeMap<String, String>| settings.get("client").is_some_and(|client| client == "direct");
    let clients = manifest.client.iter().filter(|(_, settings)| is_direct(settings));
    let streams: Vec<&str> = clients.filter_map(|(name, _)| name.strip_prefix("producer ")).collect();
    (!streams.is_empty()).then(|| streams.join(", "))
}

/// "steered by a time service, off by 1.2 ms or less"
fn clock(state: Option<KernelClock>) -> String {
    let Some(state) = state else { return "the kernel does not say".to_owned() };
    let steered = if state.synchronised { "synchronised" } else { "not synchronised by any time service" };
    let (expected, most) = (latency(ms_of(state.estimated_error_us)), latency(ms_of(state.maximum_error_us)));
    format!("{steered}; estimated error {expected}, at most {most}")
}

fn ms_of(us: u64) -> f64 {
    std::time::Duration::from_micros(us).as_secs_f64() * 1e3
}

/// The command that runs the saved profile again.
pub(super) fn command(manifest: &Manifest) -> String {
    let file = quoted(&format!("{}.toml", manifest.profile_name));
    let brokers = sentence(&manifest.target.brokers);
    let target = if manifest.target.embedded { String::new() } else { format!(" -b {}", quoted(&brokers)) };
    clean(&format!("floodmark run {file} --seed {}{target}", manifest.seed))
}

/// A word as a shell takes it, whatever stands in it.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:,@+=".contains(letter);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The resolved profile, as its author would write it.
pub(super) fn profile(manifest: &Manifest) -> String {
    toml::to_string_pretty(&manifest.profile).map_or_else(|_| String::new(), |text| clean(&text))
}

/// The clients' settings as resolved, a line each.
pub(super) fn clients(manifest: &Manifest) -> Table {
    let mut table = Table::default().texts(&["client", "setting", "value"]);
    for (client, settings) in &manifest.client {
        for (key, value) in settings {
            table.row("", vec![shown(client), shown(key), shown(value)]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_word_in_a_shell() {
        assert_eq!(quoted("average.toml"), "average.toml");
        assert_eq!(quoted("a b; rm -rf '~'.toml"), "'a b; rm -rf '\\''~'\\''.toml'");
        assert_eq!([quoted("-x"), quoted(""), quoted("$(id)")], ["'-x'", "''", "'$(id)'"]);
    }
}
