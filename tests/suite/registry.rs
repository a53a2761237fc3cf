//! A real schema registry. Runs when `FLOODMARK_TEST_REGISTRY` names one: `http://127.0.0.1:8081/apis/ccompat/v7` of `scripts/registry start`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use floodmark::payload::schema::{Filling, SchemaKey, SchemaKind, SchemaReader, SchemaText, SchemaWriter};
use floodmark::registry::{Access, Reference, Registry, RegistryError};

use crate::cluster::Cluster;
use crate::program::Workshop;

const ADDRESS: &str =
    r#"{"type":"record","name":"Address","namespace":"shop","fields":[{"name":"town","type":"string"}]}"#;
const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
    {"name":"id","type":"string"},{"name":"to","type":"shop.Address"}]}"#;

fn registry() -> Option<Registry> {
    let Ok(url) = std::env::var("FLOODMARK_TEST_REGISTRY") else {
        println!(
            "skipped: set FLOODMARK_TEST_REGISTRY to a registry's address, such as that of scripts/registry start"
        );
        return None;
    };
    Some(Registry::new(url.parse().unwrap(), Access::new(None, Duration::from_secs(30))))
}

/// A subject that nobody has used.
fn subject(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    format!("{name}-{now_us}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn avro(text: &str) -> SchemaText {
    SchemaText::alone(SchemaKind::Avro, text)
}

#[test]
fn a_schema_with_a_reference_is_registered_and_had_again() {
    let Some(registry) = registry() else { return };
    let (address, order) = (subject("address"), subject("order"));
    registry.register(&address, &avro(ADDRESS), &[]).unwrap();
    let references = [Reference { name: "shop.Address".to_owned(), subject: address, version: 1 }];
    assert!(matches!(registry.id_of(&order, &avro(ORDER), &references), Err(RegistryError::NotRegistered { .. })));
    let id = registry.register(&order, &avro(ORDER), &references).unwrap();
    assert_eq!(registry.register(&order, &avro(ORDER), &references), Ok(id), "the same schema keeps its id");
    assert_eq!(registry.id_of(&order, &avro(ORDER), &references), Ok(id));
    let by_id = registry.by_key(SchemaKey::Id(id)).unwrap();
    let latest = registry.version(&order, None).unwrap();
    assert_eq!((latest.id, latest.version), (Some(id), Some(1)));
    for registered in [by_id, latest] {
        let schema = registry.with_references(&registered).unwrap();
        assert_eq!(schema.references.len(), 1);
        assert!(SchemaReader::compile(&schema).is_ok());
    }
}

#[test]
fn each_language_goes_there_and_back() {
    let Some(registry) = registry() else { return };
    for (kind, text) in [
        (SchemaKind::Avro, r#"{"type":"record","name":"T","fields":[{"name":"a","type":"string"}]}"#),
        (SchemaKind::Protobuf, "syntax = \"proto3\";\nmessage T { string a = 1; }"),
        (SchemaKind::Json, r#"{"type":"object","properties":{"a":{"type":"string"}}}"#),
    ] {
        let (subject, schema) = (subject("there-and-back"), SchemaText::alone(kind, text));
        let id = registry.register(&subject, &schema, &[]).unwrap();
        let had = registry.by_key(SchemaKey::Id(id)).unwrap();
        assert_eq!(had.kind, kind);
        let had = registry.with_references(&had).unwrap();
        assert!(SchemaWriter::compile(&had, None, &Filling::default()).is_ok(), "{kind}");
    }
}

#[test]
fn refusals_are_told_apart() {
    let Some(registry) = registry() else { return };
    let missing = registry.version(&subject("missing"), None).unwrap_err();
    assert!(matches!(missing, RegistryError::NoSubject { .. }), "{missing}");
    let unknown = registry.by_key(SchemaKey::Id(2_000_000_000)).unwrap_err();
    assert!(matches!(unknown, RegistryError::NotThere { .. }), "{unknown}");
    let invalid = registry.register(&subject("invalid"), &avro("{\"type\":\"nonsense\"}"), &[]).unwrap_err();
    assert!(matches!(invalid, RegistryError::Invalid { .. }), "{invalid}");
}

/// A profile that sends an example's orders by the registry.
fn profile(workshop: &Workshop, codec: &str, topic: &str, registry: &str) -> std::path::PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/schemas");
    let text = std::fs::read_to_string(format!("{folder}/{codec}.toml")).unwrap();
    let text =
        text.replace(&format!("floodmark-orders-{codec}"), topic).replace("duration = \"10s\"", "duration = \"2s\"");
    let schema = text.lines().find(|line| line.starts_with("schema = ")).unwrap();
    let by_file = schema.replace("= \"", &format!("= \"{folder}/"));
    let schema_by = if registry.contains("register") { by_file } else { String::new() };
    let url = std::env::var("FLOODMARK_TEST_REGISTRY").unwrap();
    let registry = format!("registry = {{ url = \"{url}\"{registry} }}");
    workshop.profile(&text.replace(schema, &format!("{schema_by}\n{registry}")))
}

#[test]
fn the_program_registers_when_asked_and_then_sends_by_the_latest_version() {
    let Some(registry) = registry() else { return };
    for codec in ["avro", "protobuf", "json-schema"] {
        let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
        let topic = cluster.topic(&subject(codec));
        let run = |registry: &str| workshop.run(&profile(&workshop, codec, &topic, registry), &cluster.brokers, &[]);
        let unknown = run(", register = false");
        assert_eq!(unknown.code(), Some(4), "{}", unknown.stdout);
        assert!(unknown.stdout.contains("register = true"), "{}", unknown.stdout);
        let looked = workshop.call(&["plan", profile(&workshop, codec, &topic, ", register = true").to_str().unwrap()]);
        assert_eq!(looked.code(), Some(0), "{}", looked.stderr);
        assert!(registry.version(&format!("{topic}-value"), None).is_err(), "a plan registers nothing");
        let summary = run(", register = true").sound();
        assert_eq!((summary.totals.delivered, summary.totals.unreadable), (2000, 0));
        let ended = run("");
        assert_eq!(ended.sound().totals.delivered, 2000, "by the latest version");
        assert!(ended.stderr.contains(&format!("version 1 of subject `{topic}-value`")), "{}", ended.stderr);
        let manifest = std::fs::read_to_string(ended.out.unwrap().join("manifest.toml")).unwrap();
        assert!(manifest.contains("version = 1") && manifest.contains("fingerprint = "), "{manifest}");
    }
}

#[test]
fn a_schema_that_the_registry_does_not_take_is_refused_by_name() {
    let Some(registry) = registry() else { return };
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic(&subject("incompatible"));
    let subject = format!("{topic}-value");
    registry
        .register(&subject, &avro(r#"{"type":"record","name":"Order","fields":[{"name":"id","type":"int"}]}"#), &[])
        .unwrap();
    let url = std::env::var("FLOODMARK_TEST_REGISTRY").unwrap();
    let level = r#"{"compatibility":"BACKWARD"}"#;
    ureq::put(format!("{url}/config/{subject}")).content_type("application/json").send(level).unwrap();
    let ended = workshop.run(&profile(&workshop, "avro", &topic, ", register = true"), &cluster.brokers, &[]);
    assert_eq!(ended.code(), Some(4), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("refuses the schema for subject `{subject}` (409)")), "{}", ended.stdout);
}

#[test]
fn what_a_file_refers_to_is_registered_with_it_and_comes_with_the_latest_version() {
    let Some(_) = registry() else { return };
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, address) = (cluster.topic(&subject("refers")), subject("shop.Address").replace('-', "_"));
    let name = address.strip_prefix("shop.").unwrap();
    std::fs::write(workshop.path("address.avsc"), ADDRESS.replace("Address", name)).unwrap();
    std::fs::write(workshop.path("order.avsc"), ORDER.replace("shop.Address", &address)).unwrap();
    let url = std::env::var("FLOODMARK_TEST_REGISTRY").unwrap();
    let files = format!("schema = \"order.avsc\"\nreferences = {{ \"{address}\" = \"address.avsc\" }}\n");
    for (files, register) in [(files.as_str(), ", register = true"), (&files, ""), ("", "")] {
        let profile = workshop.profile(&format!(
            "duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"200/s\"\n[stream.payload]\ncodec = \"avro\"\n\
             id = \"/id\"\n{files}registry = {{ url = \"{url}\"{register} }}\n"
        ));
        let summary = workshop.run(&profile, &cluster.brokers, &[]).sound();
        assert_eq!((summary.totals.delivered, summary.totals.unreadable), (200, 0), "{files}{register}");
    }
}

#[test]
fn keys_are_registered_beside_values_and_then_written_by_the_latest_version() {
    let Some(registry) = registry() else { return };
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic(&subject("keys"));
    let key = r#"{"type":"record","name":"Key","fields":[{"name":"customer","type":"string"},{"name":"region","type":"string"}]}"#;
    std::fs::write(workshop.path("key.avsc"), key).unwrap();
    let url = std::env::var("FLOODMARK_TEST_REGISTRY").unwrap();
    let run = |file: &str, register: &str| {
        let profile = workshop.profile(&format!(
            "duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"200/s\"\n\
             keys = {{ record = {{ key = \"/customer\"{file} }} }}\npayload = {{ registry = {{ url = \"{url}\"{register} }} }}\n"
        ));
        workshop.run(&profile, &cluster.brokers, &[])
    };
    let unknown = run("", "");
    assert!(
        unknown.code() == Some(4) && unknown.stdout.contains(&format!("has no subject `{topic}-key`")),
        "{}",
        unknown.stdout
    );
    for (file, register) in [(", schema = \"key.avsc\"", ", register = true"), ("", "")] {
        let ended = run(file, register);
        assert_eq!(ended.sound().totals.delivered, 200, "{file}");
        let id = registry.version(&format!("{topic}-key"), None).unwrap().id.unwrap();
        assert!(ended.stderr.contains(&format!("keys by schema {id}")), "{}", ended.stderr);
    }
}

#[test]
fn a_registry_that_knows_no_guids_says_so_in_a_sentence() {
    let Some(_) = registry() else { return };
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic(&subject("guid"));
    let ended = workshop.run(
        &profile(&workshop, "avro", &topic, ", register = true, id_in = \"header\""),
        &cluster.brokers,
        &[],
    );
    match ended.code() {
        Some(4) => assert!(ended.stdout.contains("gives no GUID for the schema"), "{}", ended.stdout),
        _ => assert_eq!(ended.sound().totals.delivered, 2000),
    }
}
