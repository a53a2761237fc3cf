//! Messages of the user's own form: sent by a template, read by an independent client, and checked as any others.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use floodmark::event::EventId;
use floodmark::results::Summary;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::Workshop;

const ORDER: &str = r#"{ "meta": { "id": "{{id}}", "at": "{{event_time:rfc3339}}", "sent": "{{sent:rfc3339}}" },
  "customer": { "key": "{{key}}", "country": "{{country}}" }, "lines": [{{repeat lines ","}}{{price}}{{end}}], "pad": "{{filler}}" }
"#;

const FIELDS: &str = r#"
[stream.payload.fields]
country = { kind = "list", file = "countries.txt", by = "key" }
lines = { kind = "integer", min = 0, max = 4 }
price = { kind = "decimal", max = 100 }
"#;

fn profile(workshop: &Workshop, topic: &str, payload: &str) -> std::path::PathBuf {
    fs::write(workshop.path("order.json"), ORDER).unwrap();
    fs::write(workshop.path("order.xml"), "<order id=\"{{id}}\"><at>{{event_time}}</at>{{country}}</order>\n").unwrap();
    fs::write(workshop.path("countries.txt"), "DE\nFR\nSay \"hi\" & go\n").unwrap();
    workshop.profile(&format!(
        "duration = \"3s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"1k/s\"\nkeys = {{ count = 50 }}\n\
         retries = {{ share = 0.05 }}\nlateness = {{ share = 0.1, distribution = \"uniform\", median = \"1s\" }}\n\
         watermark = [{{ engine = \"flink\", bound = \"100ms\", window = \"tumbling:1s\" }}]\n[stream.payload]\n{payload}\n"
    ))
}

/// Every message of a topic: key, payload and the names of its headers, by a client of its own.
pub(crate) fn read_all(
    cluster: &Cluster,
    topic: &str,
    partitions: i32,
    messages: usize,
) -> Vec<(String, Vec<u8>, Vec<String>)> {
    let consumer: BaseConsumer = cluster.client().set("group.id", topic).create().unwrap();
    let mut from = TopicPartitionList::new();
    (0..partitions).for_each(|partition| from.add_partition_offset(topic, partition, Offset::Beginning).unwrap());
    consumer.assign(&from).unwrap();
    let (mut read, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    while read.len() < messages {
        assert!(Instant::now() < deadline, "{} of {messages} messages", read.len());
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        let message = message.unwrap();
        let names = message.headers().map(header_names).unwrap_or_default();
        let key = String::from_utf8(message.key().unwrap_or_default().to_vec()).unwrap();
        read.push((key, message.payload().unwrap().to_vec(), names));
    }
    read
}

fn header_names(headers: &rdkafka::message::BorrowedHeaders) -> Vec<String> {
    use rdkafka::message::Headers;
    headers.iter().map(|header| header.key.to_owned()).collect()
}

/// Every event time was read, and late ones among them were noticed: Flink's watermark comes each 200 ms, so which are dropped is not certain.
fn assert_event_times(summary: &Summary) {
    let watermark = &summary.streams[0].watermarks[0];
    assert!(watermark.without_event_time == 0 && watermark.dropped_possible > 50, "{watermark:?}");
}

#[test]
fn a_template_is_sent_as_it_says_and_every_event_is_accounted_for() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("template");
    let profile = profile(&workshop, &topic, &format!("template = \"order.json\"\nsize = \"700B\"\n{FIELDS}"));
    let summary = workshop.run(&profile, &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.planned, counts.delivered, counts.lost, counts.unreadable), (3000, 3000, 0, 0), "{counts:?}");
    assert!(counts.duplicates_injected > 50 && counts.late_injected > 150, "{counts:?}");
    let stream = &summary.streams[0];
    assert_eq!(stream.latency_ms.sent_to_consumed.count, stream.latency_ms.due_to_consumed.count);
    assert_event_times(&summary);

    let messages = read_all(&cluster, &topic, 4, 3000 + counts.duplicates_injected as usize);
    let (mut copies, mut countries) = (BTreeMap::new(), BTreeMap::new());
    for (key, payload, headers) in &messages {
        assert!(headers.is_empty() && payload.len() == 700, "{} bytes", payload.len());
        let value: Value = serde_json::from_slice(payload).unwrap();
        let id = EventId::from_uuid(value["meta"]["id"].as_str().unwrap().parse().unwrap()).unwrap();
        assert_eq!(value["customer"]["key"], key.as_str());
        assert_eq!(
            countries.entry(key.clone()).or_insert(value["customer"]["country"].clone()),
            &value["customer"]["country"]
        );
        let same = (value["meta"]["at"].clone(), value["lines"].clone(), value["pad"].clone());
        assert_eq!(copies.entry((id.producer, id.sequence)).or_insert(same.clone()), &same, "copies say the same");
    }
    assert_eq!(copies.len(), 3000);
    assert!(countries.values().any(|country| country == "Say \"hi\" & go"), "{countries:?}");
}

#[test]
fn the_same_run_again_sends_the_same_fields() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let fields_of = |topic: &str| {
        let payload = format!("template = \"order.json\"\n{FIELDS}");
        let summary = workshop.run(&profile(&workshop, topic, &payload), &cluster.brokers, &[]).sound();
        let messages = read_all(&cluster, topic, 4, 3000 + summary.totals.duplicates_injected as usize);
        let fields = |(key, payload, _): &(String, Vec<u8>, Vec<String>)| {
            let value: Value = serde_json::from_slice(payload).unwrap();
            let id = EventId::from_uuid(value["meta"]["id"].as_str().unwrap().parse().unwrap()).unwrap();
            ((id.producer, id.sequence), (key.clone(), value["customer"].clone(), value["lines"].clone()))
        };
        messages.iter().map(fields).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(fields_of(&cluster.topic("template-once")), fields_of(&cluster.topic("template-again")));
}

#[test]
fn a_text_that_is_not_json_is_checked_by_its_id_and_headers() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("template-xml");
    let country = "[stream.payload.fields]\ncountry = { kind = \"list\", file = \"countries.txt\" }\n";
    let payload = format!("template = \"order.xml\"\nheaders = [\"sent\", \"event-time\"]\n{country}");
    let summary = workshop.run(&profile(&workshop, &topic, &payload), &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.delivered, counts.lost, counts.unreadable), (3000, 0, 0), "{counts:?}");
    assert!(summary.streams[0].latency_ms.sent_to_consumed.count > 2900);
    assert_event_times(&summary);
    let messages = read_all(&cluster, &topic, 4, 3000);
    let (_, payload, headers) = &messages[0];
    assert_eq!(headers, &["floodmark-sent", "floodmark-event-time"]);
    let text = String::from_utf8(payload.clone()).unwrap();
    assert!(text.starts_with("<order id=\"") && text.ends_with("</order>"), "{text}");
    assert!(messages.iter().any(|(_, payload, _)| payload.ends_with(b"Say &quot;hi&quot; &amp; go</order>")));
}

#[test]
fn a_sample_is_shown_before_anything_is_sent() {
    let workshop = Workshop::new();
    let profile = profile(&workshop, "floodmark-t", &format!("template = \"order.json\"\n{FIELDS}"));
    let sample = || workshop.call(&["plan", profile.to_str().unwrap(), "--sample", "3"]);
    let shown = sample();
    assert_eq!(shown.code(), Some(0), "{}", shown.stderr);
    assert_eq!(shown.stdout, sample().stdout);
    assert_eq!(shown.stdout.matches("\"meta\"").count(), 3);
    assert!(
        shown.stdout.starts_with("# s 1, partition ") && shown.stdout.contains("2030-01-01T00:00:00."),
        "{}",
        shown.stdout
    );
    let as_json = workshop.call(&["plan", profile.to_str().unwrap(), "--sample", "3", "--json"]);
    let told: Value = serde_json::from_str(&as_json.stdout).unwrap();
    let messages = told["streams"][0]["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &told["streams"][0]["name"]), (3, &"s".into()));
    for message in messages {
        let (key, payload) = (message["key"].as_str().unwrap(), message["payload"].as_str().unwrap());
        assert!(shown.stdout.contains(&format!("key {key}")) && shown.stdout.contains(payload), "{message}");
    }
}

#[test]
fn a_template_that_cannot_be_used_is_one_sentence() {
    let workshop = Workshop::new();
    fs::write(workshop.path("no-id.json"), "{ \"a\": 1 }\n").unwrap();
    fs::write(workshop.path("broken.json"), "{ \"a\": \"{{id}}\",\n \"b\": {{contry}} }\n").unwrap();
    fs::write(workshop.path("binary.json"), b"{ \"a\":\n \xff\xfe }").unwrap();
    fs::write(workshop.path("empty.txt"), "\n").unwrap();
    for (payload, expected) in [
        ("template = \"none.json\"", "does not exist"),
        ("template = \"no-id.json\"", "no-id.json, line 1, column 11: the template has no place for the id"),
        ("template = \"broken.json\"", "broken.json, line 2, column 7: no field is called `contry`"),
        ("template = \"binary.json\"", "line 2, is not UTF-8 text"),
        ("template = \"order.json\"", "line 2, column 47: no field is called `country`"),
        (
            "template = \"order.xml\"\nfields = { country = { kind = \"list\", file = \"empty.txt\" } }",
            "it has no values",
        ),
        ("template = \"order.xml\"\nfields = { country = { kind = \"integer\" } }", "uniform numbers need `max`"),
        (
            "template = \"order.xml\"\nfields = { country = { kind = \"uuid\" }, extra = { kind = \"uuid\" } }",
            "nothing has a place for the field `extra`",
        ),
        (
            "template = \"order.xml\"\nsize = \"1kB\"\nfields = { country = { kind = \"uuid\" } }",
            "`size` needs a place for filler in a template",
        ),
        ("template = \"order.xml\"\nfields = { country = { kind = \"uid\" } }", "did you mean \"uuid\"?"),
        ("fields = { country = { kind = \"uuid\" } }", "`fields` only applies with template"),
        (
            "template = \"order.xml\"\nfields = { country = { kind = \"uuid\" } }",
            "the model needs event times, and the stream's messages carry none",
        ),
    ] {
        let profile = profile(&workshop, "floodmark-t", payload);
        let ended = workshop.call(&["plan", profile.to_str().unwrap()]);
        assert_eq!(ended.code(), Some(2), "{payload}: {}", ended.stderr);
        let told = ended.stderr.replace("\n  │ ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(expected), "{payload}: {}", ended.stderr);
    }
}

#[test]
fn samples_are_sent_with_ids_and_times_of_their_own() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("samples");
    let line = |n: usize| format!("{{\"order\":{{\"no\":\"A-{n}\",\"at\":\"2024-05-01T10:00:00Z\"}},\"n\":{n}}}\n");
    fs::write(workshop.path("orders.jsonl"), (0..7).map(line).collect::<String>()).unwrap();
    let payload = "samples = \"orders.jsonl\"\ndraw = \"in-order\"\nid = \"/order/no\"\nevent_time = \"/order/at\"\nheaders = [\"sent\"]\n";
    let summary = workshop.run(&profile(&workshop, &topic, payload), &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.delivered, counts.lost, counts.unreadable), (3000, 0, 0), "{counts:?}");
    assert!(summary.streams[0].latency_ms.sent_to_consumed.count > 2900);
    assert_event_times(&summary);
    let mut seen = [0; 7];
    for (_, payload, _) in read_all(&cluster, &topic, 4, 3000 + counts.duplicates_injected as usize) {
        let value: Value = serde_json::from_slice(&payload).unwrap();
        seen[value["n"].as_u64().unwrap() as usize] += 1;
        assert!(value["order"]["at"].as_str().unwrap() > "2026", "{value}");
    }
    assert!(seen.iter().all(|count| (400..500).contains(count)), "{seen:?}");
}

#[test]
fn files_of_any_bytes_are_sent_with_ids_in_headers() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("sample-files");
    fs::create_dir(workshop.path("raw")).unwrap();
    fs::write(workshop.path("raw/a.bin"), [0, 255, 7]).unwrap();
    fs::write(workshop.path("raw/b.bin"), [1; 300]).unwrap();
    let payload = "samples = \"raw\"\nheaders = [\"id\", \"event-time\", \"due\", \"sent\"]\n";
    let summary = workshop.run(&profile(&workshop, &topic, payload), &cluster.brokers, &[]).sound();
    assert_eq!((summary.totals.delivered, summary.totals.lost), (3000, 0), "{:?}", summary.totals);
    let read = read_all(&cluster, &topic, 4, 3000);
    assert!(
        read.iter()
            .all(|(_, payload, headers)| headers.len() == 4 && (payload == &[0, 255, 7] || payload == &[1; 300]))
    );
}

#[test]
fn samples_that_cannot_be_used_are_one_sentence() {
    let workshop = Workshop::new();
    let good = "{\"id\": 1}\n".repeat(6);
    fs::write(workshop.path("seven.jsonl"), format!("{good}{{\"id\": \n{good}")).unwrap();
    fs::write(workshop.path("good.jsonl"), &good).unwrap();
    fs::write(workshop.path("empty.jsonl"), "\n\n").unwrap();
    fs::write(workshop.path("text.txt"), "x\n").unwrap();
    fs::create_dir(workshop.path("none")).unwrap();
    for (payload, expected) in [
        ("samples = \"seven.jsonl\"\nid = \"/id\"", "seven.jsonl, line 7: it is not JSON"),
        ("samples = \"good.jsonl\"", "the id has no place: set `id`"),
        ("samples = \"good.jsonl\"\nid = \"/no\"", "line 1: no value stands at /no"),
        ("samples = \"empty.jsonl\"\nid = \"/id\"", "it holds no samples"),
        ("samples = \"missing.jsonl\"\nid = \"/id\"", "missing.jsonl does not exist"),
        ("samples = \"text.txt\"\nid = \"/id\"", "text.txt is not a file of samples"),
        ("samples = \"none\"\nheaders = [\"id\"]", "it holds no samples"),
        ("samples = \"good.jsonl\"\nid = \"/id\"\ntemplate = \"order.xml\"", "cannot be set together"),
        ("samples = \"good.jsonl\"\nid = \"/id\"\nsize = \"1kB\"", "`size` needs a place for filler"),
        ("id = \"/id\"", "`id` only applies with samples"),
    ] {
        let ended = workshop.call(&["plan", profile(&workshop, "floodmark-t", payload).to_str().unwrap()]);
        assert_eq!(ended.code(), Some(2), "{payload}: {}", ended.stderr);
        let told = ended.stderr.replace("\n  │ ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(expected), "{payload}: {}", ended.stderr);
    }
}

#[test]
fn payloads_that_a_capture_kept_are_sent_again_masked() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("kept");
    let first = profile(&workshop, &topic, &format!("template = \"order.json\"\n{FIELDS}"));
    let _sent = workshop.run(&first, &cluster.brokers, &[]).sound();
    let curve = workshop.path("kept.csv");
    let mut arguments = vec!["capture", "-t", &topic, "-b", &cluster.brokers, "--from", "1h ago", "--step", "1s"];
    arguments.extend([
        "--out",
        curve.to_str().unwrap(),
        "--sample",
        "500",
        "--keep-payloads",
        "30",
        "--mask",
        "/customer/country",
    ]);
    let captured = workshop.call(&arguments);
    assert_eq!(captured.code(), Some(0), "{}", captured.stderr);
    let kept = fs::read_to_string(workshop.path("kept.jsonl")).unwrap();
    let countries: Vec<Value> =
        kept.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["customer"]["country"].clone()).collect();
    assert_eq!(countries.len(), 30, "{}", captured.stdout);
    assert!(countries.iter().all(|country| country.as_str().unwrap().chars().all(|next| next == 'x')), "{countries:?}");

    let again = cluster.topic("kept-again");
    let payload = "samples = \"kept.jsonl\"\nid = \"/meta/id\"\nevent_time = \"/meta/at\"\nsent = \"/meta/sent\"\n";
    let summary = workshop.run(&profile(&workshop, &again, payload), &cluster.brokers, &[]).sound();
    assert_eq!(
        (summary.totals.delivered, summary.totals.lost, summary.totals.foreign),
        (3000, 0, 0),
        "{:?}",
        summary.totals
    );
    assert_event_times(&summary);
}

#[test]
fn what_is_merged_has_the_fingerprint_of_the_plan() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("merged-template");
    cluster.create(&topic, 4);
    let profile = profile(&workshop, &topic, &format!("template = \"order.json\"\n{FIELDS}"));
    let planned = workshop.call(&["plan", profile.to_str().unwrap(), "--json"]);
    let planned: Value = serde_json::from_str(&planned.stdout).unwrap();
    let part = |shard: &str| {
        let more = ["--run-id", "merged-template", "--shard", shard];
        workshop.start_on("produce", &profile, &cluster.brokers, &more)
    };
    let parts = [part("0/2"), part("1/2")].map(|part| part.wait().out.unwrap());
    let merge = |name: &str| {
        let out = workshop.fresh(name);
        let folders = parts.each_ref().map(|part| part.to_str().unwrap());
        workshop.call(&[&["merge", "--json", "--out", out.to_str().unwrap()], &folders[..]].concat()).summary()
    };
    assert_eq!(merge("here").run.fingerprint, planned["fingerprint"]);
    // Elsewhere the files are missing: the parts are joined all the same.
    fs::remove_file(workshop.path("order.json")).unwrap();
    assert_eq!(merge("elsewhere").totals.planned, merge("here").totals.planned);
}
