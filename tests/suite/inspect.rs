//! `floodmark inspect` on a cluster: what it finds in topics of several forms, and that what it writes is used.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::program::Workshop;

/// Ten minutes ago, in milliseconds since 1970.
pub(crate) fn begin_ms() -> i64 {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    now_ms - 600_000
}

/// Orders of a shop, with keys and headers, ten of them each second.
pub(crate) fn write_orders(cluster: &Cluster, topic: &str, count: i64) {
    let producer: BaseProducer = cluster.client().create().unwrap();
    for number in 0..count {
        let at_ms = begin_ms() + number * 100;
        let (key, order) = (format!("c-{}", number % 7), format!("o-{number:06}"));
        let payload =
            json!({ "orderId": order, "customer": { "name": "Zoe Miller", "number": key }, "placedAt": at_ms - 40,
            "lines": [{ "sku": "s", "price": 1.5 }], "filler": "x".repeat(150) })
            .to_string();
        let headers = OwnedHeaders::new().insert(Header { key: "source", value: Some("shop") });
        let record = BaseRecord::<str, str>::to(topic).partition((number % 2) as i32).timestamp(at_ms);
        producer.send(record.key(&key).payload(&payload).headers(headers)).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
}

fn inspected(cluster: &Cluster, workshop: &Workshop, topic: &str) -> Value {
    let ended = workshop.call(&["inspect", "-b", &cluster.brokers, "-t", topic, "--json"]);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn orders_of_somebody_else_are_understood_and_no_value_is_shown() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.unmarked_topic("orders");
    cluster.create(&topic, 2);
    write_orders(&cluster, &topic, 300);
    let found = inspected(&cluster, &workshop, &topic);
    assert_eq!((&found["messages"], &found["partitions"]), (&json!(200), &json!(2)));
    assert_eq!(found["candidates"]["ids"], json!(["/orderId"]));
    assert_eq!(found["candidates"]["keys"], json!(["/customer/number"]));
    let time = &found["candidates"]["times"][0];
    assert_eq!(
        (&time["path"], &time["format"], &time["before_record_ms"]),
        (&json!("/placedAt"), &json!("ms"), &json!(40))
    );
    assert_eq!(found["headers"][0]["path"], "header:source");
    assert_eq!((&found["key"]["form"], &found["key"]["distinct"]), (&json!("text"), &json!(7)));
    let arguments = ["inspect", "-b", &cluster.brokers, "-t", &topic];
    let masked = workshop.call(&arguments).stdout;
    assert!(masked.contains("/customer/name") && !masked.contains("Zoe") && !masked.contains("shop "), "{masked}");
    assert!(workshop.call(&[&arguments[..], &["--show-values"]].concat()).stdout.contains("Zoe Miller"));
}

#[test]
fn a_stage_that_was_written_from_a_pipelines_output_passes() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (input, output) = (cluster.topic("in"), cluster.topic("out"));
    cluster.create(&output, 4);
    let stream = format!(
        "duration = \"4s\"\n[[stream]]\nname = \"orders\"\ntopic = \"{input}\"\nrate = \"50/s\"\n\
         payload = {{ headers = [\"id\", \"sent\"], template = \"order.json\" }}\n"
    );
    fs::write(workshop.path("order.json"), "{\"meta\": {\"orderId\": \"{{id}}\", \"at\": \"{{event_time:rfc3339}}\"}}")
        .unwrap();
    let first = workshop.run(&workshop.profile(&stream), &cluster.brokers, &[]);
    assert_eq!(first.code(), Some(0), "{}", first.stderr);
    let stage = workshop.call(&["inspect", "-b", &cluster.brokers, "-t", &input, "--write", "stage"]).stdout;
    assert!(stage.contains("[[stream.stage]]") && stage.contains("id = "), "{stage}");
    let again = workshop.run(&workshop.profile(&format!("{stream}{stage}")), &cluster.brokers, &[]);
    assert_eq!(again.code(), Some(0), "{}{stage}", again.stderr);
}

#[test]
fn every_form_is_named() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    for (payload, said) in [
        (&b"\0\0\0\0\x07\x02\x04hi\xff"[..], "Avro or Protobuf, schema 7 of a registry"),
        (b"\0\0\0\0\x09{\"a\": 1}", "JSON with a JSON Schema, schema 9 of a registry"),
        (b"a;b;c", "CSV, 3 columns between `;`"),
        (b"<a/>", "XML"),
        (b"\xff\xfe\x00\x07", "bytes of an unknown form"),
    ] {
        let topic = cluster.topic("form");
        cluster.create(&topic, 1);
        cluster.write(&topic, &vec![payload.to_vec(); 5]);
        let shown = workshop.call(&["inspect", "-b", &cluster.brokers, "-t", &topic]).stdout;
        assert!(shown.contains(said), "{shown}");
        for table in ["stage", "stream"] {
            let written = workshop.call(&["inspect", "-b", &cluster.brokers, "-t", &topic, "--write", table]);
            assert!(written.code() == Some(0) && written.stdout.contains("[[stream"), "{}", written.stderr);
        }
    }
}

#[test]
fn what_cannot_be_inspected_is_one_sentence() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("empty");
    cluster.create(&topic, 1);
    fs::write(workshop.path("there.toml"), "").unwrap();
    let at = ["-b", cluster.brokers.as_str()];
    for (arguments, code, said) in [
        (vec!["-t", "orders"], 2, "name the cluster that has topic orders with -b HOST:PORT"),
        ([&at[..], &["-t", &topic]].concat(), 3, "has no messages to look at"),
        ([&at[..], &["-t", "absent-topic"]].concat(), 2, "topic absent-topic does not exist"),
        (vec!["-t", "x", "--write", "stage", "--out", "there.toml"], 2, "there.toml already exists"),
    ] {
        let ended = workshop.call(&[&["inspect"][..], &arguments].concat());
        assert_eq!(ended.code(), Some(code), "{}", ended.stderr);
        assert!(ended.stderr.contains(said) && ended.stderr.lines().count() == 1, "{}", ended.stderr);
    }
}
