//! `floodmark new`: each profile that it writes can be planned and run.

use std::fs;

use floodmark::profile::Profile;

use crate::cluster::Cluster;
use crate::inspect::{begin_ms, write_orders};
use crate::program::Workshop;
use crate::schemas::{schema_answer, serve};

fn new(workshop: &Workshop, arguments: &[&str]) -> String {
    let ended = workshop.call(&[&["new"][..], arguments].concat());
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    ended.stdout
}

/// Runs a profile for a short while on the embedded broker, and says what was delivered.
fn delivered(workshop: &Workshop, profile: &str) -> u64 {
    let out = workshop.fresh("out");
    let ended = workshop.call(&["run", profile, "--duration", "4s", "--json", "--out", out.to_str().unwrap()]);
    assert!(matches!(ended.code(), Some(0 | 3)), "{}{}", ended.stdout, ended.stderr);
    let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&summary["totals"]["lost"], &summary["totals"]["phantom"]), (&0.into(), &0.into()));
    summary["totals"]["delivered"].as_u64().unwrap()
}

#[test]
fn every_profile_inside_can_be_written_and_is_the_same_traffic() {
    let workshop = Workshop::new();
    let listed = new(&workshop, &["--list"]);
    let names: Vec<&str> =
        listed.lines().take_while(|line| !line.is_empty()).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names.len(), 6, "{listed}");
    for name in names {
        let told = new(&workshop, &[&format!("mine-{name}"), "--from-profile", name]);
        assert!(told.contains(&format!("floodmark run mine-{name}.toml")), "{told}");
        let fingerprint = |profile: &str| {
            let plan: serde_json::Value =
                serde_json::from_str(&workshop.call(&["plan", profile, "--json"]).stdout).unwrap();
            plan["fingerprint"].clone()
        };
        assert_eq!(fingerprint(&format!("mine-{name}.toml")), fingerprint(name));
    }
}

#[test]
fn a_file_that_exists_is_overwritten_only_when_asked() {
    let workshop = Workshop::new();
    new(&workshop, &["orders"]);
    assert!(delivered(&workshop, "orders.toml") > 3_000);
    fs::write(workshop.path("orders.toml"), "mine").unwrap();
    let refused = workshop.call(&["new", "orders.toml"]);
    assert!(refused.code() == Some(2) && refused.stderr.contains("orders.toml already exists"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(workshop.path("orders.toml")).unwrap(), "mine");
    new(&workshop, &["orders.toml", "--force"]);
    assert!(Profile::from_file(&workshop.path("orders.toml")).is_ok());
    for (arguments, said) in [
        (&["absent/orders"][..], "there is no folder absent"),
        (&["x", "--from-profile", "averag"], "did you mean `average`"),
        (&["x", "--from-schema", "orders.xsd"], "orders.xsd cannot be read"),
    ] {
        let ended = workshop.call(&[&["new"][..], arguments].concat());
        assert!(ended.code() == Some(2) && ended.stderr.contains(said), "{}", ended.stderr);
    }
}

#[test]
fn a_topic_becomes_a_profile_that_runs() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.unmarked_topic("orders");
    cluster.create(&topic, 2);
    write_orders(&cluster, &topic, 1200);
    let from = ["-b", cluster.brokers.as_str(), "--from-topic", &topic];
    new(&workshop, &[&["mean"][..], &from].concat());
    let mean = Profile::from_file(&workshop.path("mean.toml")).unwrap().profile;
    assert_eq!((mean.streams[0].partitions, mean.streams[0].keys.count), (Some(2), 7));
    delivered(&workshop, "mean.toml");
    let kept = ["kept", "--keep-payloads", "50", "--mask", "/customer/name", "--curve", "--since", "20m"];
    let told = new(&workshop, &[&kept[..], &from].concat());
    assert!(told.contains("kept.csv: the captured rate") && told.contains("kept.jsonl: 50 messages"), "{told}");
    assert!(!fs::read_to_string(workshop.path("kept.jsonl")).unwrap().contains("Miller"));
    let profile = fs::read_to_string(workshop.path("kept.toml")).unwrap();
    assert!(profile.contains("id = \"/orderId\", event_time = \"/placedAt\""), "{profile}");
    let sampled = workshop.call(&["plan", "kept.toml", "--sample", "1"]);
    assert!(sampled.stdout.contains("\"orderId\":\""), "{}{}", sampled.stdout, sampled.stderr);
    let faster = "stream.0.curve.speed=600";
    let out = workshop.fresh("out");
    let ended = workshop.call(&["run", "kept.toml", "--set", faster, "--json", "--out", out.to_str().unwrap()]);
    let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (&summary["totals"]["delivered"], &summary["totals"]["lost"]),
        (&1200.into(), &0.into()),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_topic_that_is_quiet_now_becomes_one_by_its_newest_messages() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.unmarked_topic("orders");
    cluster.create(&topic, 2);
    write_orders(&cluster, &topic, 100);
    let from = ["-b", cluster.brokers.as_str(), "--from-topic", &topic, "--since", "10s"];
    new(&workshop, &[&["quiet"][..], &from].concat());
    delivered(&workshop, "quiet.toml");
    let refused = workshop.call(&[&["new", "curve", "--curve"][..], &from].concat());
    assert!(refused.code() == Some(3) && refused.stderr.contains("go further back with --since"), "{}", refused.stderr);
}

#[test]
fn a_schema_becomes_a_profile_that_runs() {
    let workshop = Workshop::new();
    let example =
        |file: &str| fs::read_to_string(format!("{}/examples/schemas/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let json = r#"{"type": "object", "required": ["status", "orderId", "at"], "properties": {
        "status": {"type": "string", "maxLength": 10}, "orderId": {"type": "string"}, "at": {"type": "string", "format": "date-time"}}}"#;
    for (file, text, id) in [
        ("order.avsc", example("order.avsc"), "/meta/id"),
        ("order.proto", example("order.proto"), "/"),
        ("order.json", json.to_owned(), "/orderId"),
    ] {
        fs::write(workshop.path(file), text).unwrap();
        let name = file.replace('.', "-");
        new(&workshop, &[&name, "--from-schema", file]);
        let profile = fs::read_to_string(workshop.path(&format!("{name}.toml"))).unwrap();
        assert!(profile.contains(&format!("id = \"{id}")) && profile.contains("event_time = "), "{profile}");
        delivered(&workshop, &format!("{name}.toml"));
    }
    let two = "syntax = \"proto3\";\nmessage A {\n  string a_id = 1;\n}\nmessage B {\n  string b_id = 1;\n}\n";
    fs::write(workshop.path("two.proto"), two).unwrap();
    for (more, message) in [(&[][..], "A"), (&["--message", "B"], "B")] {
        let name = format!("two-{message}");
        new(&workshop, &[&[name.as_str(), "--from-schema", "two.proto"], more].concat());
        let profile = fs::read_to_string(workshop.path(&format!("{name}.toml"))).unwrap();
        assert!(profile.contains(&format!("message = \"{message}\"")), "{profile}");
        delivered(&workshop, &format!("{name}.toml"));
    }
    for (file, message, said) in [
        ("two.proto", "C", "the schema has no message `C`: it has A, B"),
        ("order.avsc", "A", "order.avsc is an Avro schema: --message chooses among the messages of a .proto file"),
    ] {
        let refused = workshop.call(&["new", "c", "--from-schema", file, "--message", message]);
        assert!(refused.code() == Some(2) && refused.stderr.contains(said), "{}", refused.stderr);
    }
    fs::write(workshop.path("none.avsc"), "{\"type\": \"record\", \"name\": \"A\", \"fields\": []}").unwrap();
    let refused = workshop.call(&["new", "none", "--from-schema", "none.avsc"]);
    assert!(
        refused.code() == Some(2) && refused.stderr.contains("no text field that could hold the id"),
        "{}",
        refused.stderr
    );
}

/// A number as Avro writes it.
fn avro_long(number: i64, out: &mut Vec<u8>) {
    let mut zigzag = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while zigzag > 0x7f {
        out.push((zigzag & 0x7f) as u8 | 0x80);
        zigzag >>= 7;
    }
    out.push(zigzag as u8);
}

#[test]
fn a_topic_of_somebodys_avro_becomes_a_profile_that_runs() {
    const SCHEMA: &str = r#"{"type":"record","name":"Order","fields":[{"name":"orderId","type":"string"},
        {"name":"placedAt","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"total","type":"double"}]}"#;
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let served = serve(|_| schema_answer(7, SCHEMA));
    let url = format!("http://{}", served.address);
    let topic = cluster.unmarked_topic("avro");
    cluster.create(&topic, 1);
    let payload = |number: i64| {
        let (mut bytes, order) = (vec![0, 0, 0, 0, 7], format!("o-{number:032}"));
        avro_long(order.len() as i64, &mut bytes);
        bytes.extend(order.as_bytes());
        avro_long(begin_ms() + 600_000, &mut bytes);
        bytes.extend(1.5_f64.to_le_bytes());
        bytes
    };
    cluster.write(&topic, &(0..50).map(payload).collect::<Vec<_>>());
    let look = ["inspect", "-b", &cluster.brokers, "-t", &topic];
    let closed = workshop.call(&look).stdout;
    assert!(closed.contains("the registry's schema 7: give --registry URL") && !closed.contains("orderId"), "{closed}");
    let open = workshop.call(&[&look[..], &["--registry", &url]].concat()).stdout;
    assert!(
        open.contains("could be the id          /orderId")
            && open.contains("/placedAt (ms")
            && open.contains("avro, schema 7 of the registry"),
        "{open}"
    );
    new(&workshop, &["avro", "-b", &cluster.brokers, "--from-topic", &topic, "--registry", &url]);
    assert!(delivered(&workshop, "avro.toml") > 0);
    let away = workshop.call(&[&look[..], &["--registry", "http://127.0.0.1:9"]].concat());
    assert!(away.code() == Some(0) && away.stderr.contains("note: some messages cannot be decoded"), "{}", away.stderr);
}
