//! What commands take from the environment and from the folder's `floodmark.toml`.

use floodmark::broker::{Broker, BrokerConfig};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Ended, Workshop};

const SUITE: &str = "[[profile]]\nfile = \"average\"\nrepetitions = 1\nduration = \"4s\"\n";
const RUN: [&str; 5] = ["run", "average", "--duration", "4s", "--quiet"];

fn called(workshop: &Workshop, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
    command.args(arguments).envs(variables.iter().copied());
    workshop.start_command(command).wait()
}

fn manifests(folder: &Path) -> Vec<PathBuf> {
    let below = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = below.flat_map(|path| if path.is_dir() { manifests(&path) } else { vec![path] });
    found.filter(|path| path.ends_with("manifest.toml")).collect()
}

fn broker() -> (Broker, String) {
    let broker = Broker::start(BrokerConfig::default()).unwrap();
    let address = broker.address().to_string();
    (broker, address)
}

#[test]
fn the_environment_and_the_file_name_brokers_and_flags_win() {
    let workshop = Workshop::new();
    let ((_one, one), (_two, two)) = (broker(), broker());
    let ended = called(&workshop, &RUN, &[("FLOODMARK_BROKERS", &one), ("FLOODMARK_X_LINGER_MS", "7")]);
    let note = format!("note: from the environment: brokers {one}; client properties linger.ms");
    assert!(ended.stderr.contains(&note) && ended.stderr.contains(&format!(" on {one} (")), "{}", ended.stderr);
    let text = format!("brokers = \"{two}\"\n[properties]\nlinger.ms = 9\nsasl.password = \"hunter2\"\n");
    fs::write(workshop.path("floodmark.toml"), text).unwrap();
    let ended = called(&workshop, &RUN, &[]);
    assert!(ended.stderr.contains(&format!("note: from floodmark.toml: brokers {two}")), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!(" on {two} (")), "{}", ended.stderr);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("hunter2"));
    let ended = called(&workshop, &[&RUN[..], &["-b", &one]].concat(), &[]);
    assert!(ended.stderr.contains(&format!("floodmark.toml is about {two}: none of it is used")), "{}", ended.stderr);
    assert!(ended.stderr.contains(&format!(" on {one} (")), "{}", ended.stderr);
    let ended = called(&workshop, &[&RUN[..], &["-b", "embedded"]].concat(), &[]);
    assert!(ended.stderr.contains("on the embedded broker"), "{}", ended.stderr);
}

#[test]
fn permissions_come_from_the_file_of_the_folder() {
    let workshop = Workshop::new();
    let (_broker, address) = broker();
    let arguments = [&RUN[..], &["-b", &address, "--set", "stream.orders.topic=orders"]].concat();
    let refused = called(&workshop, &arguments, &[]);
    assert!(refused.code() == Some(2) && refused.stderr.contains("--allow-topic orders"), "{}", refused.stderr);
    fs::write(workshop.path("floodmark.toml"), "allow-topic = [\"orders\"]\n").unwrap();
    let ended = called(&workshop, &arguments, &[]);
    assert!(ended.code() != Some(2) && ended.stderr.contains("permission for topics orders"), "{}", ended.stderr);
}

#[test]
fn what_cannot_be_used_is_one_sentence_and_only_where_a_cluster_is_asked_for() {
    let workshop = Workshop::new();
    fs::write(workshop.path("floodmark.toml"), "\nbroker = \"a:1\"\n").unwrap();
    let ended = called(&workshop, &RUN, &[]);
    assert_eq!(ended.code(), Some(2));
    assert_eq!(ended.stderr, "error: floodmark.toml, line 2: unknown key `broker`; did you mean `brokers`?\n");
    assert_eq!(called(&workshop, &["plan", "average"], &[]).code(), Some(0));
    let ended = called(&workshop, &RUN, &[("FLOODMARK_CONFIG", "none"), ("FLOODMARK_BROKER", "a:1")]);
    assert_eq!((ended.code(), ended.stderr.contains("did you mean FLOODMARK_BROKERS?")), (Some(2), true));
    let ended = called(&workshop, &RUN, &[("FLOODMARK_CONFIG", "absent.toml")]);
    assert_eq!((ended.code(), ended.stderr.contains("absent.toml cannot be read")), (Some(2), true));
}

#[test]
fn the_runs_of_a_night_take_the_cluster_from_it_and_nothing_from_around_it() {
    let workshop = Workshop::new();
    let (broker, address) = broker();
    let variables = [("FLOODMARK_BROKERS", address.as_str()), ("FLOODMARK_X_LINGER_MS", "7")];
    let suite = format!("cluster = \"{}\"\n{SUITE}", broker.cluster_id());
    fs::write(workshop.path("suite.toml"), suite).unwrap();
    let ended = called(&workshop, &["nightly", "suite.toml"], &variables);
    // A busy machine may spoil a run's latencies; where it went is what counts here.
    assert!(matches!(ended.code(), Some(0 | 1 | 3)), "{}{}", ended.stdout, ended.stderr);
    let of = |manifest: PathBuf| {
        let text = fs::read_to_string(&manifest).unwrap();
        let is_probe = manifest.to_string_lossy().contains("probe");
        (is_probe, text.contains(&address), text.contains("\"linger.ms\" = \"7\""))
    };
    let mut brokers: Vec<_> = manifests(&workshop.path("results")).into_iter().map(of).collect();
    brokers.sort_unstable();
    brokers.dedup();
    // The probe of the machine has a broker of its own.
    assert_eq!(brokers, [(false, true, true), (true, false, false)]);
}
