//! What holds for every kind of schema.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::event::payload::Stamps;
use crate::payload::{Field, FieldSeeds, Generator};

pub(super) const STAMPS: Stamps =
    Stamps { event_time_ms: 1_760_000_000_123, due_us: 1_760_000_001_000_456, sent_us: 1_760_000_002_000_789 };
pub(super) const ID: Uuid = Uuid::from_u128(0x0123_4567_89ab_8def_8123_4567_89ab_cdef);

pub(super) fn event(seed: u64) -> SchemaEvent<'static> {
    SchemaEvent { id: ID, stamps: &STAMPS, key: b"k12", sequence: 41, seeds: FieldSeeds { event: seed, key: 7 } }
}

/// Parts at these places, and rules in TOML.
pub(super) fn filling(facts: &[(Fact, &str)], rules: &[(&str, &str)]) -> Filling {
    let place =
        |(fact, path): &(Fact, &str)| FactPlace { fact: *fact, path: (*path).to_owned(), form: TimeForm::Recognised };
    let rule = |(path, toml): &(&str, &str)| {
        let field: Field = toml::from_str(toml).unwrap();
        ((*path).to_owned(), Generator::new(path, &field))
    };
    Filling { facts: facts.iter().map(place).collect(), rules: rules.iter().map(rule).collect() }
}

pub(super) fn written(schema: &SchemaText, filling: &Filling, seed: u64) -> Result<Vec<u8>, SchemaError> {
    let mut writer = SchemaWriter::compile(schema, None, filling)?;
    let mut out = Vec::new();
    writer.write(&mut out, &event(seed));
    Ok(out)
}

pub(super) fn read_back(schema: &SchemaText, filling: &Filling, seed: u64) -> Value {
    let bytes = written(schema, filling, seed).unwrap();
    SchemaReader::compile(schema).unwrap().read(&bytes, None).unwrap()
}

pub(super) fn refusal(schema: &SchemaText, filling: &Filling) -> String {
    written(schema, filling, 0).unwrap_err().to_string()
}

/// The same event in each language.
fn orders() -> [SchemaText; 3] {
    let avro = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
        {"name":"meta","type":{"type":"record","name":"Meta","fields":[
            {"name":"id","type":"string"},{"name":"due","type":"long"},
            {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}},
        {"name":"customer","type":"string"},{"name":"status","type":{"type":"enum","name":"Status","symbols":["NEW","PAID"]}},
        {"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[
            {"name":"sku","type":"string"},{"name":"count","type":"int"}]}}},
        {"name":"note","type":["null","string"],"default":null}]}"#;
    let protobuf = r#"syntax = "proto3"; package shop;
        message Order { Meta meta = 1; string customer = 2; Status status = 3; repeated Item items = 4; optional string note = 5; }
        message Meta { string id = 1; int64 due = 2; int64 at = 3; }
        message Item { string sku = 1; int32 count = 2; }
        enum Status { NEW = 0; PAID = 1; }"#;
    let json = r#"{"title":"Order","type":"object","required":["meta"],"properties":{
        "meta":{"type":"object","properties":{"id":{"type":"string"},"due":{"type":"integer"},"at":{"type":"integer"}}},
        "customer":{"type":"string"},"status":{"enum":["NEW","PAID"]},
        "items":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"},"count":{"type":"integer"}}}},
        "note":{"type":["null","string"]}}}"#;
    [(SchemaKind::Avro, avro), (SchemaKind::Protobuf, protobuf), (SchemaKind::Json, json)]
        .map(|(kind, text)| SchemaText::alone(kind, text))
}

fn order_filling() -> Filling {
    let facts =
        [(Fact::Id, "/meta/id"), (Fact::Due, "/meta/due"), (Fact::EventTime, "/meta/at"), (Fact::Key, "/customer")];
    filling(
        &facts,
        &[
            ("/items/*/sku", "kind = 'choice'\nvalues = ['pen', 'cup']"),
            ("/status", "kind = 'choice'\nvalues = ['PAID']"),
        ],
    )
}

#[test]
fn parts_and_rules_stand_at_their_places_in_every_language() {
    for schema in orders() {
        let order = read_back(&schema, &order_filling(), 3);
        assert_eq!(
            order["meta"],
            json!({ "id": ID.to_string(), "due": STAMPS.due_us, "at": STAMPS.event_time_ms }),
            "{}",
            schema.kind
        );
        assert_eq!((&order["customer"], &order["status"]), (&json!("k12"), &json!("PAID")), "{}", schema.kind);
        let items = order["items"].as_array().unwrap();
        assert!((1..=3).contains(&items.len()), "{order}");
        assert!(items.iter().all(|item| item["sku"] == "pen" || item["sku"] == "cup"), "{order}");
        assert!(order["note"].is_string(), "{order}");
        let writer = SchemaWriter::compile(&schema, None, &order_filling()).unwrap();
        assert_eq!(writer.form_of(Fact::Due).unwrap().to_string(), "epoch microseconds");
        assert_eq!(writer.form_of(Fact::EventTime).unwrap().to_string(), "epoch milliseconds");
    }
}

#[test]
fn a_schema_alone_is_enough() {
    for schema in orders() {
        let order = read_back(&schema, &Filling::default(), 9);
        assert!(order["status"] == "NEW" || order["status"] == "PAID", "{order}");
    }
}

#[test]
fn what_a_schema_lacks_is_said_with_what_is_probably_meant() {
    for schema in orders() {
        let said = refusal(&schema, &filling(&[(Fact::Id, "/meta/ids")], &[]));
        assert_eq!(said, "the schema has no field `/meta/ids`: did you mean `/meta/id`?", "{}", schema.kind);
        let said = refusal(&schema, &filling(&[(Fact::Id, "/id")], &[]));
        assert_eq!(said, "the schema has no field `/id`: did you mean `/meta/id`?", "{}", schema.kind);
    }
}

#[test]
fn what_a_place_cannot_hold_is_refused() {
    for schema in orders() {
        for (facts, rules, said) in [
            (
                &[(Fact::Id, "/status")][..],
                &[][..],
                "`/status` holds one of the symbols NEW, PAID, which cannot carry the id",
            ),
            (&[(Fact::Id, "/meta/due")], &[], "which cannot carry the id: an id needs a text of 36 characters"),
            (&[(Fact::Id, "/meta")], &[], "`/meta` holds a"),
            (&[(Fact::Due, "/status")], &[], "which cannot carry the due time"),
            (&[(Fact::Id, "/items/*/sku")], &[], "`/items/*/sku` stands in a list or map, where the id"),
            (&[], &[("/status", "kind = 'choice'\nvalues = ['LOST']")], "and its rule draws the text `LOST`"),
            (&[], &[("/items/*/count", "kind = 'text'\nmax = 4")], "`/items/*/count` holds"),
        ] {
            let said_of_it = refusal(&schema, &filling(facts, rules));
            assert!(said_of_it.contains(said), "{}: {said_of_it}", schema.kind);
        }
    }
}

#[test]
fn what_is_no_schema_is_said_in_a_line() {
    for kind in [SchemaKind::Avro, SchemaKind::Protobuf, SchemaKind::Json] {
        for text in ["", "{", "nonsense"] {
            let said = refusal(&SchemaText::alone(kind, text), &Filling::default());
            let is_empty_file = kind == SchemaKind::Protobuf && text.is_empty();
            assert!(is_empty_file || said.starts_with(&format!("the schema is not valid {kind}: ")), "{text}: {said}");
            assert!(!said.contains('\n'), "{said}");
        }
    }
}

#[test]
fn records_have_names_for_subjects() {
    let names = orders().map(|schema| schema.record_name(None).unwrap().unwrap());
    assert_eq!(names, ["shop.Order", "shop.Order", "Order"]);
}

proptest! {
    #[test]
    fn bytes_are_a_function_of_seed_and_event(seed: u64, other: u64) {
        prop_assume!(seed != other);
        for schema in orders() {
            let filling = order_filling();
            let mut writer = SchemaWriter::compile(&schema, None, &filling).unwrap();
            let (mut one, mut two) = (Vec::new(), Vec::new());
            writer.write(&mut one, &event(other));
            writer.write(&mut two, &event(seed));
            prop_assert_eq!(&two, &written(&schema, &filling, seed).unwrap());
            prop_assert_ne!(one, two);
        }
    }

    #[test]
    fn nothing_stops_reading(bytes: Vec<u8>) {
        for schema in orders() {
            let reader = SchemaReader::compile(&schema).unwrap();
            let _read = reader.read(&bytes, None);
            if let Some(framed) = unframe(&bytes, None) {
                let _read = reader.read_framed(&framed);
            }
        }
    }
}
