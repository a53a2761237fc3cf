//! What is inside the program: profiles and a curve that can be used from any folder.

use std::fs;

use floodmark::results::RunFolder;

use crate::program::Workshop;

const NAMES: [&str; 6] = ["average", "peak3x", "bot-flood", "skewed-clocks", "out-of-order-retries", "captured-day"];

fn fingerprint(plan: &str) -> String {
    let plan: serde_json::Value = serde_json::from_str(plan).unwrap();
    plan["fingerprint"].as_str().unwrap().to_owned()
}

#[test]
fn every_profile_inside_is_planned_from_any_folder_as_its_file_is() {
    let workshop = Workshop::new();
    for name in NAMES {
        let file = format!("{}/profiles/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let [inside, outside] = [name, &file].map(|profile| workshop.call(&["plan", profile, "--json"]));
        assert_eq!(inside.code(), Some(0), "{name}: {}", inside.stderr);
        assert_eq!(fingerprint(&inside.stdout), fingerprint(&outside.stdout), "{name}");
    }
}

#[test]
fn a_file_of_the_same_name_wins() {
    let workshop = Workshop::new();
    fs::write(workshop.path("average"), "description = \"mine\"\n").unwrap();
    let ended = workshop.call(&["plan", "average"]);
    assert_eq!(ended.code(), Some(2), "{}", ended.stdout);
    assert!(ended.stderr.contains("stream"), "{}", ended.stderr);
    fs::write(workshop.path("captured-day.csv"), "timestamp,count\n2030-01-31T11:00:00Z,10\n2030-01-31T11:01:00Z,20\n")
        .unwrap();
    assert!(workshop.call(&["curve", "show", "captured-day.csv"]).stdout.contains("2 buckets"));
    let planned = workshop.call(&["plan", "captured-day", "--set", "stream.orders.curve.speed=1"]);
    assert!(planned.stdout.contains("2 buckets"), "{}{}", planned.stdout, planned.stderr);
}

#[test]
fn a_run_of_the_captured_day_can_be_run_again_from_its_manifest() {
    let workshop = Workshop::new();
    let run = |profile: &str, out: &str| {
        let ended = workshop.call(&["run", profile, "--duration", "4s", "--quiet", "--out", out]);
        assert!(ended.code() != Some(2), "{}", ended.stderr);
        RunFolder::open(&workshop.path(out)).unwrap().manifest().clone()
    };
    let first = run("captured-day", "first");
    fs::write(workshop.path("again.toml"), toml::to_string(&first.profile).unwrap()).unwrap();
    assert_eq!(run("again.toml", "again").profile, first.profile);
}

#[test]
fn the_curve_inside_is_what_is_imported_from_the_export_inside() {
    let workshop = Workshop::new();
    let arguments = ["curve", "import", "captured-day-export.csv", "--values", "counts", "--zone", "Europe/Berlin"];
    let ended = workshop.call(&[&arguments[..], &["--out", "friday.csv"]].concat());
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let rows = |text: &str| text.split_once("timestamp,count").unwrap().1.to_owned();
    let shipped = fs::read_to_string(format!("{}/profiles/captured-day.csv", env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert_eq!(rows(&fs::read_to_string(workshop.path("friday.csv")).unwrap()), rows(&shipped));
}

#[test]
fn a_name_that_is_none_is_told_the_nearest() {
    let workshop = Workshop::new();
    for (name, said) in [
        ("averag", "did you mean `average`"),
        ("profiles/peak3x.toml", "without folder and ending: `peak3x`"),
        ("orders", "captured-day"),
    ] {
        let ended = workshop.call(&["run", name, "--json"]);
        assert_eq!(ended.code(), Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(said) && ended.stderr.lines().count() == 1, "{}", ended.stderr);
    }
}

/// The commands in the README's blocks of shell that need no cluster of the reader's, without their remarks.
fn commands_of_the_readme() -> Vec<String> {
    let readme = fs::read_to_string(format!("{}/README.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let blocks = readme.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let lines: Vec<String> = blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let commands = lines.iter().filter_map(|line| line.split("  #").next().unwrap().trim().strip_prefix("floodmark "));
    commands
        .filter(|command| !command.contains(" -b ") && !command.contains("--client-config"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_commands_of_the_readme_work_from_any_folder() {
    let workshop = Workshop::new();
    let commands = commands_of_the_readme();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let mut arguments: Vec<&str> =
            command.split(' ').filter(|word| *word != "--duration" && *word != "10s").collect();
        if arguments[0] == "run" {
            arguments.extend(["--duration", "4s", "--quiet"]);
        }
        let ended = workshop.call(&arguments);
        // A busy machine may spoil a run's latencies.
        let codes: &[i32] = if arguments[0] == "run" { &[0, 1, 3] } else { &[0] };
        assert!(codes.contains(&ended.code().unwrap()), "{command}: {}", ended.stderr);
    }
}
