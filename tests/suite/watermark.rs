//! `floodmark watermark` on a recorded stream, as its caller sees it.

use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

fn judged(csv: &str, arguments: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_floodmark"))
        .args(["watermark", "-"])
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments may end before it reads.
    let written = child.stdin.take().unwrap().write_all(csv.as_bytes());
    assert!(written.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::BrokenPipe), "{written:?}");
    child.wait_with_output().unwrap()
}

fn json(csv: &str, arguments: &[&str]) -> serde_json::Value {
    let output = judged(csv, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn lines_with(found: &serde_json::Value, verdict: &str) -> Vec<u64> {
    let events = found["events"].as_array().unwrap().iter();
    events.filter(|event| event["verdict"] == verdict).map(|event| event["line"].as_u64().unwrap()).collect()
}

const GIVEN: &str = "kind,partition,time_ms,key\nevent,0,1000,\nwatermark,0,1985,\nevent,0,1980,\nwatermark,0,1999,\nevent,0,1998,\nevent,0,2001,\n";

#[test]
fn given_watermarks_make_the_verdicts_exact() {
    let found = json(GIVEN, &["--engine", "flink", "--bound", "0s", "--window", "tumbling:2s"]);
    assert_eq!(lines_with(&found, "dropped"), [6]);
    assert_eq!(found["metric"], serde_json::json!({ "name": "numLateRecordsDropped", "value": 1 }));
    let window = |start_ms: i64, count: u64| serde_json::json!({ "start_ms": start_ms, "end_ms": start_ms + 2000, "count": count });
    assert_eq!(found["windows"], serde_json::json!([window(0, 2), window(2000, 1)]));
}

#[test]
fn without_ticks_it_says_what_is_sure() {
    let csv = "kind,partition,time_ms,key\nevent,0,50000,\nevent,0,1,\nevent,1,30000,\n";
    let found = json(csv, &["--engine", "flink", "--bound", "0s", "--window", "tumbling:10s"]);
    assert_eq!((lines_with(&found, "RACE"), lines_with(&found, "SURE_KEEP")), (vec![3], vec![2, 4]));
    assert_eq!((&found["metric"]["min"], &found["metric"]["max"]), (&0.into(), &1.into()));
}

/// With idleness, a tick without its time does not show who was idle, but that the
/// watermark was emitted: at least as far as the slowest partition.
#[test]
fn a_tick_without_its_time_makes_drops_certain() {
    let rows = |tick: &str, last: u32| {
        format!("kind,partition,time_ms,key\nevent,0,50000,\nevent,{last},30000,\n{tick}event,0,1,\nevent,0,30001,\n")
    };
    let flink = ["--engine", "flink", "--bound", "0s", "--window", "tumbling:10s", "--idleness", "1s"];
    let found = json(&rows("tick,,,\n", 1), &flink);
    assert_eq!((&found["exact"], lines_with(&found, "SURE_DROP")), (&false.into(), vec![5]));
    assert_eq!((&found["metric"]["min"], &found["metric"]["max"]), (&1.into(), &3.into()));
    // A task of the source may have no partition, and then the watermark may not move at all.
    for (tick, last, tasks) in [("", 1, &[][..]), ("tick,,,\n", 2, &[]), ("tick,,,\n", 1, &["--source-tasks", "3"])] {
        let open = json(&rows(tick, last), &[&flink[..], tasks].concat());
        assert_eq!(lines_with(&open, "SURE_DROP"), [0_u64; 0], "{open}");
    }
}

/// Kafka Streams' stream time follows each record of a partition: the file says all that is needed.
#[test]
fn kafka_streams_is_exact_by_itself_and_counts_what_it_refuses() {
    let csv =
        "kind,partition,time_ms,key\nevent,0,50000,a\nevent,0,1,a\nevent,1,30000,b\nevent,1,30000,\nevent,1,-5,b\n";
    let found = json(csv, &["--engine", "kafka-streams", "--window", "tumbling:10s"]);
    assert_eq!(found["exact"], true);
    assert_eq!((lines_with(&found, "dropped"), lines_with(&found, "refused")), (vec![3], vec![5, 6]));
    assert_eq!(found["metric"], serde_json::json!({ "name": "dropped-records-total", "value": 3 }));
    // Its own term for what keeps a window open.
    let graced = json(csv, &["--engine", "kafka-streams", "--window", "tumbling:10s", "--grace", "41s"]);
    assert_eq!(lines_with(&graced, "dropped"), [0_u64; 0]);
    // For an application that groups by another key than the record's, the file does not show which records meet.
    let regrouped = json(csv, &["--engine", "kafka-streams", "--window", "tumbling:10s", "--repartitioned"]);
    assert_eq!((&regrouped["exact"], lines_with(&regrouped, "refused")), (&false.into(), vec![6]));
}

/// Whether a closed session is still found depends on the record cache: 181 joins the session of 178 in it, and without it 170 is too late.
#[test]
fn kafka_streams_sessions_are_exact_once_the_record_cache_is_stated() {
    let csv = "kind,partition,time_ms,key\nevent,0,178,a\nevent,0,194,a\nevent,0,181,a\nevent,0,166,b\nevent,0,260,c\nevent,0,239,b\n";
    let of = |flags: &[&str]| json(csv, &[&["--engine", "kafka-streams", "--window", "session:14ms"], flags].concat());
    let cached = of(&["--record-cache", "true"]);
    assert_eq!((&cached["exact"], &cached["metric"]["value"]), (&true.into(), &2.into()));
    let window = |start_ms: i64, end_ms: i64, count: u64| serde_json::json!({ "start_ms": start_ms, "end_ms": end_ms, "count": count });
    assert_eq!(cached["windows"], serde_json::json!([window(178, 179, 1), window(178, 195, 3), window(260, 261, 1)]));
    let uncached = of(&["--record-cache", "false"]);
    assert_eq!(uncached["windows"], serde_json::json!([window(178, 179, 1), window(181, 195, 2), window(260, 261, 1)]));
    let unknown = of(&[]);
    assert_eq!(
        (&unknown["exact"], &unknown["metric"]["min"], &unknown["metric"]["max"]),
        (&false.into(), &2.into(), &2.into())
    );
    assert!(unknown["notes"][0].as_str().unwrap().contains("record cache"), "{unknown}");
}

#[test]
fn spark_batches_and_the_quiet_stream() {
    let batches = |batches: &[&[i64]]| {
        let rows = |batch: &&[i64]| {
            batch.iter().map(|time_s| format!("event,0,{},\n", time_s * 1000)).collect::<String>() + "batch,,,\n"
        };
        "kind,partition,time_ms,key\n".to_owned() + &batches.iter().map(rows).collect::<String>()
    };
    let spark = ["--engine", "spark", "--bound", "10s", "--window", "tumbling:5s"];
    let csv = batches(&[&[10, 15], &[25], &[10]]);
    assert_eq!(json(&csv, &spark)["counts"]["dropped"]["max"], 0);
    assert_eq!(json(&csv, &[&spark[..], &["--quiet-stream"]].concat())["counts"]["dropped"]["max"], 1);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (csv, arguments, expected) in [
        (
            "kind,partition,time_ms,key\nevnt,0,1,\n",
            &["--engine", "flink", "--bound", "5s"][..],
            "line 2: `evnt` is not a kind",
        ),
        (GIVEN, &["--engine", "flink"], "--bound: flink needs a bound"),
        (GIVEN, &["--engine", "flink", "--bound", "5s", "--window", "sliding:5s"], "has no windows like sliding:5s"),
        (GIVEN, &["--engine", "flunk", "--bound", "5s"], "did you mean `flink`?"),
        (GIVEN, &["--engine", "flink", "--bound", "5"], "it has no unit"),
    ] {
        let output = judged(csv, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    let seconds = "kind,partition,time_ms,key\nevent,0,1760000000,\nevent,0,,\n";
    let output = judged(seconds, &["--engine", "flink", "--bound", "5s"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("1760000000 looks like seconds") && said.contains("line 3: an event has no time_ms"),
        "{said}"
    );
}
