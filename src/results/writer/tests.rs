use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::*;
use crate::results::inventory::take_stock;
use crate::{
    clock::kernel::KernelClock,
    latency::Hop,
    profile::Profile,
    results::{
        RunFolder,
        hlog::tests::interval,
        manifest::{ClockFacts, HostFacts, MANIFEST_SCHEMA, TargetFacts, TopicFacts},
        summary::tests::summary,
    },
};

const START_NS: u64 = 1_700_000_000_000_000_000;

fn profile() -> Profile {
    toml::from_str(
        r#"
        description = "Does it hold?"
        seed = 7
        duration = "1m30s"
        [[stream]]
        name = "orders"
        rate = "1k/s"
        arrivals = "poisson"
        phases = [{ for = "20s" }, { for = "20s", rate = "3x", ramp = "2s" }]
        keys = { distribution = "zipf", count = 100_000, exponent = 1.1 }
        payload = { codec = "json", size = "512B" }
        skew = { offsets = ["-40s", "7s"] }
        slo = { end_to_end_p99 = "500ms", lost = 0 }
        "#,
    )
    .unwrap()
}

/// The same as it is once it is loaded.
fn loaded() -> Profile {
    let mut profile = profile();
    profile.imply_stages();
    profile
}

fn manifest(run_id: &str) -> Manifest {
    let mut manifest = Manifest {
        schema: MANIFEST_SCHEMA,
        run_id: run_id.to_owned(),
        state: RunState::Running,
        command: "run".to_owned(),
        shard: Some("0/2".to_owned()),
        seed: 7,
        fingerprint: "f00d".to_owned(),
        started: "2023-11-14T22:13:20.000Z".to_owned(),
        ended: None,
        profile_name: "average".to_owned(),
        floodmark: "0.1.0".to_owned(),
        librdkafka: "2.12.1".to_owned(),
        host: HostFacts::of_this_machine(),
        clock: ClockFacts {
            wall_moved_us: Some(-3),
            at_start: Some(KernelClock { synchronised: true, estimated_error_us: 40, maximum_error_us: 9000 }),
            at_end: None,
        },
        target: TargetFacts { brokers: "127.0.0.1:19092".to_owned(), cluster_id: "abc".to_owned(), embedded: true },
        topics: vec![TopicFacts {
            name: "floodmark-orders".to_owned(),
            partitions: 2,
            start_offsets: vec![0, 12],
            end_offsets: vec![],
        }],
        client: BTreeMap::new(),
        files: BTreeMap::new(),
        profile: toml::Table::try_from(profile()).unwrap(),
    };
    manifest.set_client("producer orders", [("linger.ms", "5"), ("sasl.password", "hunter2")]);
    manifest
}

fn row(second: u64) -> TimelineRow {
    TimelineRow { second, stream: "orders".to_owned(), sent_per_s: 1000.0, ..TimelineRow::default() }
}

fn key() -> LogKey {
    LogKey { stream: "orders".to_owned(), stage: None, hop: Hop::DueToConsumed }
}

fn some_summary() -> Summary {
    summary().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

/// Writes `seconds` seconds of a run, and leaves it running.
fn running(folder: &Path, seconds: u64) -> RunWriter {
    let mut writer = RunWriter::create(folder, manifest("r1"), START_NS).unwrap();
    for second in 0..seconds {
        writer.row(&row(second));
        writer.interval(&key(), &interval(second, &[1_000_000, 2_000_000, -5]));
        writer.interval(&LogKey { stage: Some("out".to_owned()), ..key() }, &interval(second, &[]));
        writer.flush();
    }
    assert!(writer.trouble().is_none());
    writer
}

#[test]
fn a_finished_run_reads_back_whole() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("results").join("r1");
    let (mut writer, summary) = (running(&folder, 3), some_summary());
    writer.manifest_mut().topics[0].end_offsets = vec![5, 20];
    writer.finish(RunState::Finished, "2023-11-14T22:14:20.000Z", &summary).unwrap();

    let read = RunFolder::open(&folder).unwrap();
    let mut expected = manifest("r1");
    expected.topics[0].end_offsets = vec![5, 20];
    expected.state = RunState::Finished;
    expected.ended = Some("2023-11-14T22:14:20.000Z".to_owned());
    expected.files = take_stock(&folder).unwrap();
    assert_eq!(expected.files.len(), 3, "summary, timeline and a log");
    read.verify().unwrap();
    assert_eq!(read.manifest(), &expected);
    assert_eq!(read.manifest().profile(&folder).unwrap(), loaded(), "the manifest is enough to run it again");
    assert!(read.ended_in_order());
    assert_eq!(read.summary().unwrap(), Some(summary));
    assert_eq!(read.timeline().unwrap(), (0..3).map(row).collect::<Vec<_>>());
    assert_eq!(read.logs().unwrap().len(), 1, "a log in which nothing was measured is not there");
    let sum = read.latencies(&key()).unwrap();
    assert_eq!((sum.count(), sum.negative()), (9, 3));
    let left_aside = fs::read_dir(&folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "partial"));
    assert_eq!(left_aside.count(), 0);
    let text = fs::read_to_string(folder.join(MANIFEST)).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_run_that_never_ended_opens_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("r1");
    drop(running(&folder, 2));
    let read = RunFolder::open(&folder).unwrap();
    assert!(!read.ended_in_order());
    assert!(read.standing().contains("killed"));
    assert_eq!(read.summary().unwrap(), None);
    assert_eq!(read.timeline().unwrap(), (0..2).map(row).collect::<Vec<_>>());
    assert_eq!(read.latencies(&key()).unwrap().count(), 6);
    assert_eq!(read.logs().unwrap()[0].open().unwrap().count(), 2);
}

#[test]
fn a_run_of_no_seconds_opens_too() {
    let place = tempfile::tempdir().unwrap();
    drop(running(place.path(), 0));
    let read = RunFolder::open(place.path()).unwrap();
    assert_eq!(read.timeline().unwrap(), []);
    assert!(read.logs().unwrap().is_empty());
    assert_eq!(read.latencies(&key()).unwrap().count(), 0);
}

const CHILD_FOLDER: &str = "FLOODMARK_TEST_CHILD_FOLDER";

/// Not a test by itself: `a_killed_process_leaves_a_readable_run` starts it in a child process.
#[test]
fn child_that_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(CHILD_FOLDER) else { return };
    let _writer = running(Path::new(&folder), 4);
    println!("\nfour seconds are written");
    // Waits to be killed; ends by itself if the parent goes away.
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
fn a_killed_process_leaves_a_readable_run() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("r1");
    let name = "results::writer::tests::child_that_writes_until_it_is_killed";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD_FOLDER, &folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let written = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .any(|line| line.is_ok_and(|line| line == "four seconds are written"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(written);

    let read = RunFolder::open(&folder).unwrap();
    assert!(!read.ended_in_order());
    assert_eq!(read.timeline().unwrap(), (0..4).map(row).collect::<Vec<_>>());
    assert_eq!(read.latencies(&key()).unwrap().count(), 12);
}

#[test]
fn results_are_never_overwritten() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("r1");
    running(&folder, 1).finish(RunState::Interrupted, "", &some_summary()).unwrap();
    let refusal = RunWriter::create(&folder, manifest("r2"), START_NS).unwrap_err();
    assert!(matches!(&refusal, ResultsError::Occupied { run_id, .. } if run_id == "r1"), "{refusal}");
    assert!(refusal.to_string().contains("--out"));

    let strange = place.path().join("thesis");
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("summary.json"), "mine").unwrap();
    let refusal = RunWriter::create(&strange, manifest("r2"), START_NS).unwrap_err();
    assert!(matches!(refusal, ResultsError::NotEmpty { .. }), "{refusal}");
    assert_eq!(fs::read_to_string(strange.join("summary.json")).unwrap(), "mine");
}

#[test]
fn a_folder_that_cannot_be_made_is_named_with_a_way_out() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("r1")] {
        let refusal = RunWriter::create(&folder, manifest("r1"), START_NS).unwrap_err().to_string();
        assert!(refusal.contains(&folder.display().to_string()) && refusal.contains("--out"), "{refusal}");
    }
}

#[test]
fn a_disk_that_refuses_for_a_while_costs_nothing() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("r1");
    let mut writer = RunWriter::create(&folder, manifest("r1"), START_NS).unwrap();
    // Something else is where the timeline should grow: the system refuses, as it would on a full disk.
    let obstacle = folder.join("timeline.csv.partial");
    fs::create_dir(&obstacle).unwrap();
    for second in 0..3 {
        writer.row(&row(second));
        writer.flush();
    }
    assert!(matches!(writer.trouble(), Some(ResultsError::CannotWrite { file, .. }) if file.ends_with("timeline.csv")));
    fs::remove_dir(&obstacle).unwrap();
    writer.finish(RunState::Finished, "", &some_summary()).unwrap();
    assert_eq!(RunFolder::open(&folder).unwrap().timeline().unwrap().len(), 3);
}

#[test]
fn one_file_that_cannot_be_written_keeps_no_other_back() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("r1");
    let writer = running(&folder, 2);
    fs::create_dir(folder.join("summary.json.partial")).unwrap();
    let refusal = writer.finish(RunState::Finished, "", &some_summary()).unwrap_err();
    assert!(refusal.to_string().contains("summary.json"), "{refusal}");
    let read = RunFolder::open(&folder).unwrap();
    assert!(read.ended_in_order());
    assert!(folder.join(TIMELINE).exists());
    assert!(folder.join(key().file_name()).exists());
}

#[test]
fn damage_is_named_with_its_file_and_place() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("r1");
    assert!(matches!(RunFolder::open(&folder), Err(ResultsError::NoRun { .. })));
    running(&folder, 2).finish(RunState::Finished, "", &some_summary()).unwrap();
    let read = RunFolder::open(&folder).unwrap();

    fs::write(folder.join(SUMMARY), "{\"schema\": 2, \"verdict\": \"maybe\"}").unwrap();
    let why = read.summary().unwrap_err().to_string();
    assert!(why.contains("summary.json") && why.contains("maybe") && why.contains("line 1"), "{why}");
    for other in [1, 3] {
        fs::write(folder.join(SUMMARY), format!("{{\"schema\": {other}}}")).unwrap();
        let why = read.summary().unwrap_err().to_string();
        assert!(why.contains(&format!("has schema {other}, but this version of floodmark reads schema 2")), "{why}");
    }
    fs::write(folder.join(TIMELINE), "time,second\nnow,x\n").unwrap();
    let why = read.timeline().unwrap_err().to_string();
    assert!(why.contains("timeline.csv") && why.contains("line"), "{why}");
    fs::write(folder.join(MANIFEST), "schema = 1\nrun_id = 3\n").unwrap();
    let why = RunFolder::open(&folder).unwrap_err().to_string();
    assert!(why.contains("manifest.toml") && why.contains("line 2"), "{why}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_manifest_comes_back_as_it_was_written(seed in 0..i64::MAX as u64, name in "[ -~]{0,12}", offsets: Vec<i64>) {
        let place = tempfile::tempdir().unwrap();
        let mut written = manifest(&name);
        written.seed = seed;
        written.topics[0].start_offsets = offsets;
        RunWriter::create(place.path(), written.clone(), START_NS).unwrap();
        let read = RunFolder::open(place.path()).unwrap();
        prop_assert_eq!(read.manifest(), &written);
    }
}
