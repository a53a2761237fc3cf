//! Windows compared with a pipeline's output: a small pipeline that drops late
//! records, loses others and counts some twice, and logs all of it.

use std::collections::{BTreeMap, HashSet};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::Value;

use crate::cluster::Cluster;

const WINDOW_MS: i64 = 1000;
const BOUND_MS: i64 = 500;

/// What the pipeline does wrong, by the number of the window since its first.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    /// Every seventh event of this window is lost.
    loses_in: Option<i64>,
    /// Copies are counted in this window; elsewhere each id counts once.
    counts_copies_in: Option<i64>,
    /// Everything in this window counts twice.
    doubles: Option<i64>,
}

/// A window and key, as the pipeline counted it.
#[derive(Debug, Clone, Copy, Default)]
struct Noted {
    events: u64,
    copies: u64,
    dropped: u64,
    lost: u64,
    counted: u64,
}

/// Counts by key in tumbling windows, with a watermark that follows every record, as Flink's would if it moved that often.
struct Pipeline<'a> {
    faults: Faults,
    producer: &'a BaseProducer,
    output: &'a str,
    first_start_ms: Option<i64>,
    maximum_ms: i64,
    seen: HashSet<String>,
    open: BTreeMap<i64, BTreeMap<String, Noted>>,
    closed: BTreeMap<i64, BTreeMap<String, Noted>>,
}

impl Pipeline<'_> {
    fn take(&mut self, event: &Value, key: &str) {
        let time_ms = event["event_time"].as_i64().unwrap();
        let start_ms = time_ms - time_ms.rem_euclid(WINDOW_MS);
        let number = (start_ms - *self.first_start_ms.get_or_insert(start_ms)) / WINDOW_MS;
        let is_copy = !self.seen.insert(event["id"].as_str().unwrap().to_owned());
        let is_late = start_ms + WINDOW_MS <= self.maximum_ms.saturating_sub(BOUND_MS);
        let windows = if is_late { &mut self.closed } else { &mut self.open };
        let noted = windows.entry(start_ms).or_default().entry(key.to_owned()).or_default();
        noted.events += u64::from(!is_copy);
        noted.copies += u64::from(is_copy);
        if is_late {
            noted.dropped += 1;
        } else if !is_copy && self.faults.loses_in == Some(number) && noted.events.is_multiple_of(7) {
            noted.lost += 1;
        } else if !is_copy || self.faults.counts_copies_in == Some(number) {
            noted.counted += 1 + u64::from(self.faults.doubles == Some(number));
        }
        self.maximum_ms = self.maximum_ms.max(time_ms);
        self.fire();
    }

    fn fire(&mut self) {
        while let Some(window) = self.open.first_entry()
            && window.key() + WINDOW_MS <= self.maximum_ms - BOUND_MS
        {
            let (start_ms, keys) = window.remove_entry();
            for (key, noted) in &keys {
                let result = serde_json::json!({ "window_start": start_ms, "window_end": start_ms + WINDOW_MS, "key": key, "count": noted.counted });
                let payload = result.to_string();
                self.producer
                    .send(BaseRecord::to(self.output).key(key).payload(&payload))
                    .map_err(|(error, _)| error)
                    .unwrap();
            }
            self.producer.poll(Duration::ZERO);
            self.closed.insert(start_ms, keys);
        }
    }

    /// For the windows that have fired.
    fn total(&self, of: impl Fn(&Noted) -> u64) -> u64 {
        self.closed.values().flat_map(BTreeMap::values).map(of).sum()
    }

    fn windows(&self, is: impl Fn(&Noted) -> bool) -> u64 {
        self.closed.values().filter(|keys| keys.values().any(&is)).count() as u64
    }
}

/// Runs until `stop`, and flushes its output meanwhile.
fn run<'a>(brokers: &str, topic: &str, mut pipeline: Pipeline<'a>, stop: &AtomicBool) -> Pipeline<'a> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "windows").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.set("fetch.wait.max.ms", "50").create().unwrap();
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&from).unwrap();
    while !stop.load(Ordering::Relaxed) {
        if let Some(message) = consumer.poll(Duration::from_millis(20)) {
            let message = message.unwrap();
            let event = serde_json::from_slice(message.payload().unwrap()).unwrap();
            pipeline.take(&event, std::str::from_utf8(message.key().unwrap()).unwrap());
        }
        pipeline.producer.poll(Duration::ZERO);
    }
    pipeline
}

fn stream(name: &str, topic: &str, output: &str, trouble: &str) -> String {
    let models = [
        format!("engine = \"flink\"\nbound = \"{BOUND_MS}ms\""),
        format!("engine = \"kafka-streams\"\nallowed_lateness = \"{BOUND_MS}ms\""),
    ];
    let models: String =
        models.iter().map(|model| format!("[[stream.watermark]]\n{model}\nwindow = \"tumbling:1s\"\n")).collect();
    let results = |stage: &str, model: &str| {
        format!(
            "[[stream.stage]]\nname = \"{stage}\"\ntopic = \"{output}\"\nquiet = \"2s\"\n\
             results = {{ start = \"/window_start\", end = \"/window_end\", key = \"/key\", count = \"/count\", window = \"tumbling:1s\", watermark = {model} }}\n"
        )
    };
    format!(
        "[[stream]]\nname = \"{name}\"\ntopic = \"{topic}\"\npartitions = 1\nrate = \"1k/s\"\nkeys = {{ count = 20 }}\npayload = {{ filler = \"50B\" }}\n{trouble}\n{models}\
         [[stream.stage]]\nname = \"input\"\ntopic = \"{topic}\"\n{}{}",
        results("as-flink", "0"),
        results("as-streams", "\"kafka-streams\"")
    )
}

/// One run with two streams, each through a faulty pipeline: the summary, and the pipelines' logs.
struct Through {
    summary: Value,
    shown: String,
}

impl Through {
    fn windows(&self, stream: usize, stage: usize) -> &Value {
        &self.summary["streams"][stream]["stages"][stage]["windows"]
    }
}

fn range(min: u64, max: u64) -> Value {
    serde_json::json!({ "min": min, "max": max })
}

#[test]
fn what_a_pipeline_does_to_its_windows_is_said_to_the_last_event() {
    let cluster = Cluster::for_a_test();
    let [late, late_out, again, again_out] = ["late", "late-out", "again", "again-out"].map(|name| cluster.topic(name));
    for topic in [&late, &late_out, &again, &again_out] {
        cluster.create(topic, 1);
    }
    let folder = tempfile::tempdir().unwrap();
    let (profile, out) = (folder.path().join("windows.toml"), folder.path().join("run"));
    let late_stream = stream(
        "late",
        &late,
        &late_out,
        "lateness = { share = 0.05, distribution = \"uniform\", median = \"1s\" }\nslo = { windows_short = 0 }",
    );
    let again_stream =
        stream("again", &again, &again_out, "retries = { share = 0.2, base = \"50ms\" }\nslo = { duplicates = 0 }");
    std::fs::write(&profile, format!("duration = \"7s\"\n{late_stream}{again_stream}")).unwrap();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &cluster.brokers).set("linger.ms", "0").create().unwrap();
    let pipeline = |output, faults| Pipeline {
        faults,
        producer: &producer,
        output,
        first_start_ms: None,
        maximum_ms: i64::MIN / 2,
        seen: HashSet::new(),
        open: BTreeMap::new(),
        closed: BTreeMap::new(),
    };
    let of_late = pipeline(&late_out, Faults { loses_in: Some(3), ..Faults::default() });
    let of_again = pipeline(&again_out, Faults { counts_copies_in: Some(2), doubles: Some(4), ..Faults::default() });
    let stop = AtomicBool::new(false);
    let (shown, of_late, of_again) = std::thread::scope(|scope| {
        let one = scope.spawn(|| run(&cluster.brokers, &late, of_late, &stop));
        let two = scope.spawn(|| run(&cluster.brokers, &again, of_again, &stop));
        let output = Command::new(env!("CARGO_BIN_EXE_floodmark"))
            .args(["run", "--brokers", &cluster.brokers, "--out"])
            .args([&out, &profile])
            .env("NO_COLOR", "1")
            .output();
        stop.store(true, Ordering::Relaxed);
        let output = output.unwrap();
        let shown = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).join("\n");
        (shown, one.join().unwrap(), two.join().unwrap())
    });
    producer.flush(Duration::from_secs(10)).unwrap();
    let summary = serde_json::from_slice(&std::fs::read(out.join("summary.json")).expect(&shown)).unwrap();
    let whole = Command::new(env!("CARGO_BIN_EXE_floodmark")).arg("show").arg(&out).arg("--all").output().unwrap();
    let through = Through { summary, shown: String::from_utf8(whole.stdout).unwrap() };
    assert_late_and_lost(&through, &of_late);
    assert_counted_twice(&through, &of_again);
    assert_eq!(through.summary["verdict"], "fail");
}

/// Losses behind the watermark and elsewhere are distinguished: exactly where the model
/// is exact, and otherwise as a range with the truth at one end.
fn assert_late_and_lost(through: &Through, pipeline: &Pipeline<'_>) {
    let (dropped, lost) = (pipeline.total(|noted| noted.dropped), pipeline.total(|noted| noted.lost));
    assert!(dropped > 0 && lost > 0, "{dropped} dropped, {lost} lost: the pipeline did nothing wrong");
    let shown = format!("{}\n{:#}", through.shown, through.windows(0, 2));
    let exact = through.windows(0, 2);
    assert_eq!(
        (&exact["missing_behind_watermark"], &exact["missing_elsewhere"]),
        (&range(dropped, dropped), &range(lost, lost)),
        "{shown}"
    );
    let in_any_order = through.windows(0, 1);
    assert_eq!(in_any_order["missing_behind_watermark"], range(0, dropped), "{shown}");
    assert_eq!(in_any_order["missing_elsewhere"], range(lost, dropped + lost), "{shown}");
    for windows in [exact, in_any_order] {
        assert_eq!(windows["compared"], pipeline.closed.len(), "{shown}");
        assert_eq!(windows["not_closed"], pipeline.open.len(), "{shown}");
        assert_eq!(windows["short"], pipeline.windows(|noted| noted.dropped + noted.lost > 0), "{shown}");
        assert_eq!(
            (&windows["over"], &windows["counted_twice"], &windows["unexplained"]),
            (&0.into(), &0.into(), &0.into()),
            "{shown}"
        );
    }
    let worst = &exact["worst"][0];
    let start_ms = pipeline.first_start_ms.unwrap() + 3 * WINDOW_MS;
    assert_eq!((&worst["start_ms"], &worst["end_ms"]), (&start_ms.into(), &(start_ms + WINDOW_MS).into()), "{shown}");
    assert!(worst["what"].as_str().unwrap().contains("of them lost elsewhere"), "{shown}");
    let slo = through.summary["streams"][0]["slo"].as_array().unwrap();
    for name in ["windows_short", "windows_lost"] {
        assert!(slo.iter().any(|one| one["name"] == name && one["ok"] == false), "{name}: {slo:?}");
    }
    assert!(
        through.shown.contains("behind watermark") && through.shown.contains("lost elsewhere"),
        "{}",
        through.shown
    );
    // The stream's own figures are those of the last stage that shows events.
    assert_eq!(through.summary["streams"][0]["counts"]["delivered"], 7000, "{shown}");
}

/// A copy that is counted is counted twice; anything that no copy explains is unexplained.
fn assert_counted_twice(through: &Through, pipeline: &Pipeline<'_>) {
    let over = |noted: &Noted| (noted.counted + noted.dropped).saturating_sub(noted.events);
    let twice = pipeline.total(|noted| over(noted).min(noted.copies));
    let unexplained = pipeline.total(|noted| over(noted) - over(noted).min(noted.copies));
    assert_eq!(pipeline.total(|noted| noted.dropped), 0, "the bound is wide enough for all copies");
    assert!(
        twice > 0 && unexplained > 0,
        "{twice} counted twice, {unexplained} without a copy: the pipeline did nothing wrong"
    );
    for stage in [1, 2] {
        let windows = through.windows(1, stage);
        let shown = format!("{}\n{windows:#}", through.shown);
        assert_eq!(
            (&windows["counted_twice"], &windows["unexplained"]),
            (&twice.into(), &unexplained.into()),
            "{shown}"
        );
        assert_eq!((&windows["over"], &windows["short"]), (&2.into(), &0.into()), "{shown}");
        assert_eq!(windows["exact"], pipeline.closed.len() - 2, "{shown}");
    }
    let slo = through.summary["streams"][1]["slo"].as_array().unwrap();
    let limit = slo.iter().find(|one| one["name"] == "windows_duplicates").unwrap();
    assert_eq!((&limit["ok"], &limit["observed"]), (&false.into(), &((twice + unexplained) as f64).into()));
}
