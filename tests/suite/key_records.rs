//! Keys that are records of a schema: sent by the built program, read by another client, planned, repeated and merged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rdkafka::message::Message;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};
use crate::schemas::{Served, reader, schema_answer, serve};

const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = r#"{"type":"record","name":"CustomerKey","namespace":"shop","fields":[
    {"name":"customer","type":"string"},{"name":"region","type":"string"},{"name":"shard","type":"int"}]}"#;
const REGIONS: &str = "kind = \"choice\"\nvalues = [\"north\", \"south\"]\n";

fn profile(topic: &str, record: &str, registry: &str) -> String {
    format!(
        "duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"500/s\"\n\
         [stream.payload]\ntemplate = \"order.json\"\n{registry}\n\
         [stream.payload.fields.\"/region\"]\nby = \"key\"\n{REGIONS}\
         [stream.keys]\ncount = 50\nprefix = \"C-\"\n[stream.keys.record]\n{record}\n\
         fields.\"/region\" = {{ kind = \"choice\", values = [\"north\", \"south\"] }}\n"
    )
}

/// Keys and payloads of a topic with the partition of each.
fn read(cluster: &Cluster, topic: &str, messages: usize) -> Vec<(i32, Vec<u8>, Value)> {
    let (consumer, deadline) = (reader(cluster, topic), Instant::now() + PATIENCE);
    let mut read = Vec::new();
    while read.len() < messages {
        assert!(Instant::now() < deadline, "{} of {messages} messages", read.len());
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        let message = message.unwrap();
        let payload = serde_json::from_slice(message.payload().unwrap()).unwrap();
        read.push((message.partition(), message.key().unwrap().to_vec(), payload));
    }
    read
}

fn assert_keys(cluster: &Cluster, topic: &str, frame: &[u8]) {
    let schema = apache_avro::Schema::parse_str(KEY).unwrap();
    let avro = apache_avro::reader::datum::GenericDatumReader::builder(&schema).build().unwrap();
    let mut of_customer: BTreeMap<String, (i32, Vec<u8>)> = BTreeMap::new();
    for (partition, key, payload) in read(cluster, topic, 1000) {
        let (found, mut record) = key.split_at(frame.len());
        assert_eq!(found, frame);
        let record: Value = avro.read_value(&mut record).unwrap().try_into().unwrap();
        assert_eq!(&record["customer"], payload.get("customer").unwrap_or_else(|| &payload["key"]));
        let region = payload.get("region").unwrap_or(&record["region"]);
        assert_eq!(*region, record["region"], "the same rule at the same pointer");
        assert_eq!(partition, murmur2_partition(&key, 4));
        let name = record["customer"].as_str().unwrap().to_owned();
        assert_eq!(*of_customer.entry(name).or_insert((partition, key.clone())), (partition, key));
    }
    assert_eq!(of_customer.len(), 50);
    assert!(of_customer.values().any(|(partition, _)| *partition != of_customer["C-0"].0));
}

/// Where Kafka's Java client sends a key, written down once more.
fn murmur2_partition(key: &[u8], partitions: i32) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c_u32 ^ key.len() as u32;
    let mut chunks = key.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().unwrap()).wrapping_mul(M);
        k = (k ^ k >> 24).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        for (at, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    hash ^= hash >> 15;
    (hash & 0x7fff_ffff).cast_signed() % partitions
}

fn files(workshop: &Workshop) {
    fs::write(workshop.path("key.avsc"), KEY).unwrap();
    let order = "{\"id\":\"{{id}}\",\"event_time\":{{event_time}},\"due\":{{due}},\"sent\":{{sent}},\"customer\":\"{{key}}\",\"region\":\"{{/region}}\"}";
    fs::write(workshop.path("order.json"), order).unwrap();
}

fn registry(served: &Served, more: &str) -> String {
    format!("registry = {{ url = \"http://{}\", timeout = \"2s\"{more} }}", served.address)
}

const NOT_THERE: (&str, &str) = ("404 Not Found", "{\"error_code\":40403,\"message\":\"no schema\"}");

fn fingerprint(plan: &Ended) -> String {
    assert_eq!(plan.code(), Some(0), "{}", plan.stderr);
    serde_json::from_str::<Value>(&plan.stdout).unwrap()["fingerprint"].as_str().unwrap().to_owned()
}

/// The profile that a run's manifest keeps.
fn kept(workshop: &Workshop, out: &Path) -> String {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(out.join("manifest.toml")).unwrap()).unwrap();
    let kept = toml::to_string(manifest["profile"].as_table().unwrap()).unwrap();
    workshop.profile(&kept).to_str().unwrap().to_owned()
}

#[test]
fn keys_by_the_latest_schema_are_repeated_from_the_manifest_when_the_registry_has_another() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("key-latest");
    cluster.create(&topic, 4);
    files(&workshop);
    let subject = format!("/subjects/{topic}-key/versions/latest");
    let served = serve(move |path| match path {
        _ if path == subject => schema_answer(9, KEY),
        _ => (NOT_THERE.0, NOT_THERE.1.to_owned()),
    });
    let text = profile(&topic, "key = \"/customer\"", &registry(&served, ""));
    let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
    let summary = ended.sound();
    assert_eq!((summary.totals.delivered, summary.totals.unreadable), (1000, 0));
    let said = format!("keys by schema 9, the latest version of subject `{topic}-key`");
    assert!(ended.stderr.contains(&said), "{}", ended.stderr);
    assert_keys(&cluster, &topic, &[0, 0, 0, 0, 9]);
    // Nobody answers there any more.
    let out = ended.out.as_ref().unwrap();
    let kept = kept(&workshop, out);
    let text = fs::read_to_string(&kept).unwrap().replace(&served.address.to_string(), "127.0.0.1:1");
    fs::write(&kept, text).unwrap();
    let again = workshop.call(&["plan", &kept, "--json"]);
    assert_eq!(fingerprint(&again), summary.run.fingerprint);
}

#[test]
fn a_key_file_is_looked_up_or_registered_and_parts_agree_on_its_id() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("key-file");
    cluster.create(&topic, 4);
    files(&workshop);
    let registered = Arc::new(AtomicU32::new(0));
    let (count, subject) = (Arc::clone(&registered), format!("/subjects/{topic}-key"));
    let served = serve(move |path| match path {
        _ if path == format!("{subject}/versions") => {
            count.fetch_add(1, Ordering::Relaxed);
            ("200 OK", "{\"id\":7}".to_owned())
        }
        _ if path == subject && count.load(Ordering::Relaxed) > 0 => ("200 OK", "{\"id\":7,\"version\":1}".to_owned()),
        _ => (NOT_THERE.0, NOT_THERE.1.to_owned()),
    });
    let text = |register| {
        let record = "key = \"/customer\"\nschema = \"key.avsc\"";
        let text = profile(&topic, record, &registry(&served, register));
        // Floodmark's own JSON: what merges parts does not read templates.
        let (before, after) = text.split_once("template = \"order.json\"\n").unwrap();
        let (registry, keys) = after.split_once("[stream.payload.fields").unwrap();
        let keys = keys.split_once("[stream.keys]").unwrap().1;
        workshop.profile(&format!("{before}{registry}[stream.keys]{keys}"))
    };
    let unknown = workshop.run(&text(""), &cluster.brokers, &[]);
    assert_eq!(unknown.code(), Some(4));
    let said = format!(
        "does not have the schema under subject `{topic}-key` (404): register it with `registry.register = true`"
    );
    assert!(unknown.stdout.contains(&said), "{}", unknown.stdout);

    let profile = text(", register = true");
    let plan = workshop.call(&["plan", profile.to_str().unwrap()]);
    assert!(plan.code() == Some(0) && plan.stdout.contains("partitions are planned for id 0"), "{}", plan.stdout);
    assert_eq!(registered.load(Ordering::Relaxed), 0, "a plan registers nothing");

    let id = ["--run-id", "keys"];
    let mut observer = workshop.start_on("consume", &profile, &cluster.brokers, &id);
    observer.until("ready", |running| running.stderr().contains("Ready"));
    let sender = workshop.start_on("produce", &profile, &cluster.brokers, &id);
    let parts = [sender.wait(), observer.wait()];
    assert_eq!(registered.load(Ordering::Relaxed), 1, "who comes second finds it");
    assert_keys(&cluster, &topic, &[0, 0, 0, 0, 7]);
    let folders: Vec<&str> = parts.iter().map(|part| part.out.as_ref().unwrap().to_str().unwrap()).collect();
    let out = workshop.fresh("merged");
    let merged = workshop.call(&[&["merge", "--json", "--out", out.to_str().unwrap()], &folders[..]].concat());
    let whole = merged.sound();
    assert_eq!((whole.totals.delivered, whole.totals.lost), (1000, 0));
    assert_eq!(whole.run.fingerprint, parts[0].summary().run.fingerprint);
}

#[test]
fn a_key_without_a_registry_has_no_frame_or_that_of_a_known_id() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    files(&workshop);
    for (more, frame) in [("", &[][..]), ("\nschema_id = 258", &[0, 0, 0, 1, 2])] {
        let topic = cluster.topic("key-alone");
        cluster.create(&topic, 4);
        let text = profile(&topic, &format!("key = \"/customer\"\nschema = \"key.avsc\"{more}"), "");
        let profile = workshop.profile(&text);
        let shown = workshop.call(&["plan", profile.to_str().unwrap(), "--sample", "3"]);
        assert_eq!(shown.stdout.matches("key {\"customer\":\"C-").count(), 3, "{}", shown.stdout);
        assert_eq!(workshop.run(&profile, &cluster.brokers, &[]).sound().totals.delivered, 1000);
        assert_keys(&cluster, &topic, frame);
    }
}

#[test]
fn what_a_key_cannot_be_is_one_sentence() {
    let workshop = Workshop::new();
    files(&workshop);
    fs::write(workshop.path("key.txt"), KEY).unwrap();
    let file = "schema = \"key.avsc\"\n";
    for (record, expected) in [
        (
            format!("{file}key = \"/shard\""),
            "`/shard` holds a whole number of 32 bits, which cannot carry the key: a key needs a text or bytes",
        ),
        (format!("{file}key = \"/custommer\""), "the schema has no field `/custommer`: did you mean `/customer`?"),
        (format!("{file}key = \"customer\""), "`key` is `customer`, which is not a JSON pointer"),
        (format!("{file}key = \"/region\""), "`/region` is the place of `key`"),
        ("key = \"/customer\"".to_owned(), "keys that are records need a schema, and these have none"),
        (
            "key = \"/customer\"\nschema = \"key.txt\"".to_owned(),
            "the ending of key.txt does not say how keys are written",
        ),
        ("key = \"/customer\"\nschema = \"none.avsc\"".to_owned(), "none.avsc does not exist"),
        (
            format!("{file}key = \"/customer\"\nsubject = \"s\""),
            "`subject` only applies with a registry in the stream's payload",
        ),
        (
            format!("{file}key = \"/customer\"\nfields.\"/shard\" = {{ kind = \"time\" }}"),
            "`/shard` is not the same for all events of a key",
        ),
        (
            format!("{file}key = \"/customer\"\nfields.\"/shard\" = {{ kind = \"integer\", max = 3, by = \"event\" }}"),
            "`/shard` is not the same for all events of a key",
        ),
        (
            format!("{file}key = \"/customer\"\nfields.\"/sherd\" = {{ kind = \"integer\", max = 3 }}"),
            "the schema has no field `/sherd`: did you mean `/shard`?",
        ),
    ] {
        let ended = workshop.call(&["plan", workshop.profile(&profile("t", &record, "")).to_str().unwrap()]);
        assert_eq!(ended.code(), Some(2), "{record}: {}", ended.stderr);
        let told = ended.stderr.replace("\n  │ ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(expected), "{record}: {}", ended.stderr);
    }
}

#[test]
fn a_registry_without_the_keys_subject_ends_the_run_before_anything_is_sent() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("key-missing");
    files(&workshop);
    let served = serve(|_| ("404 Not Found", "{\"error_code\":40401,\"message\":\"no\"}".to_owned()));
    let text = profile(&topic, "key = \"/customer\"", &registry(&served, ""));
    let ended = workshop.call(&["run", workshop.profile(&text).to_str().unwrap(), "-b", &cluster.brokers]);
    let (code, sentence) = ended.one_sentence();
    assert_eq!(code, Some(4), "{sentence}");
    let expected = format!("has no subject `{topic}-key` (404): check the name, or give a schema file");
    assert!(sentence.contains(&expected), "{sentence}");
}
