//! Against apache-avro, which reads what is written here by its own code, and bytes worked out by hand from the specification.

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Theirs;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{ID, STAMPS, filling, read_back, refusal, written};
use super::super::{Fact, Filling, ReferredSchema, SchemaKind, SchemaReader, SchemaText, UndecodableError};

fn avro(text: &str) -> SchemaText {
    SchemaText::alone(SchemaKind::Avro, text)
}

fn record(fields: &str) -> SchemaText {
    avro(&format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#))
}

#[test]
fn bytes_are_those_of_the_specification() {
    let schema =
        record(r#"{"name":"a","type":"long"},{"name":"b","type":"string"},{"name":"c","type":["null","boolean"]}"#);
    let rules = [
        ("/a", "kind = 'integer'\nmin = 27\nmax = 27"),
        ("/b", "kind = 'choice'\nvalues = ['foo']"),
        ("/c", "kind = 'boolean'\nshare = 1"),
    ];
    assert_eq!(written(&schema, &filling(&[], &rules), 0).unwrap(), [0x36, 0x06, b'f', b'o', b'o', 0x02, 0x01]);
}

#[test]
fn decimals_are_as_short_as_they_can_be() {
    let schema = |logical: &str| record(&format!(r#"{{"name":"d","type":{logical}}}"#));
    let bytes = schema(r#"{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}"#);
    let fixed = schema(r#"{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":9,"scale":2}"#);
    for (value, short, long, shown) in [
        ("1.28", &[4, 0, 128][..], [0, 0, 0, 128], "1.28"),
        ("-1.28", &[2, 128], [255, 255, 255, 128], "-1.28"),
        ("0", &[2, 0], [0; 4], "0.00"),
        ("-0.05", &[2, 251], [255, 255, 255, 251], "-0.05"),
    ] {
        let rule = format!("kind = 'decimal'\nmin = {value}\nmax = {value}");
        let filling = filling(&[], &[("/d", &rule)]);
        assert_eq!(written(&bytes, &filling, 0).unwrap(), short, "{value}");
        assert_eq!(written(&fixed, &filling, 0).unwrap(), long, "{value}");
        assert_eq!(read_back(&bytes, &filling, 0), json!({ "d": shown }));
    }
}

#[test]
fn times_and_ids_take_the_form_of_their_type() {
    let schema = record(
        r#"{"name":"id","type":{"type":"string","logicalType":"uuid"}},{"name":"ms","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"us","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},{"name":"text","type":"string"}"#,
    );
    let facts = [(Fact::Id, "/id"), (Fact::EventTime, "/us"), (Fact::Due, "/ms"), (Fact::Sent, "/text")];
    let expected = json!({
        "id": ID.to_string(), "us": STAMPS.event_time_ms * 1_000, "ms": STAMPS.due_us / 1_000, "text": "2025-10-09T08:53:22.000789Z",
    });
    assert_eq!(read_back(&schema, &filling(&facts, &[]), 0), expected);
    let bytes = record(r#"{"name":"id","type":"bytes"},{"name":"fixed","type":{"type":"fixed","name":"F","size":16}}"#);
    let read = read_back(&bytes, &filling(&[(Fact::Id, "/id")], &[]), 0);
    assert_eq!(read["id"].as_str().unwrap().parse(), Ok(ID));
}

#[test]
fn an_id_needs_its_room() {
    for (of, said) in [
        (
            r#"{"type":"fixed","name":"F","size":8}"#,
            "`/id` holds exactly 8 bytes, which cannot carry the id: an id needs a text",
        ),
        (r#""int""#, "`/id` holds a whole number of 32 bits"),
        (r#"["null","int"]"#, "`/id` holds a whole number of 32 bits"),
        (r#""null""#, "`/id` holds nothing"),
        (r#"{"type":"array","items":"string"}"#, "`/id` holds a list or map"),
    ] {
        let said_of_it =
            refusal(&record(&format!(r#"{{"name":"id","type":{of}}}"#)), &filling(&[(Fact::Id, "/id")], &[]));
        assert!(said_of_it.contains(said), "{of}: {said_of_it}");
    }
}

#[test]
fn recursion_ends_at_null_or_nothing_or_is_refused() {
    let next = |of: &str| record(&format!(r#"{{"name":"n","type":"int"}},{{"name":"next","type":{of}}}"#));
    let read = |of: &str| read_back(&next(of), &Filling::default(), 0)["next"].clone();
    assert_eq!(read(r#"["null","R"]"#), Value::Null);
    assert_eq!(read(r#"{"type":"array","items":"R"}"#), json!([]));
    assert_eq!(read(r#"{"type":"map","values":["R"]}"#), json!({}));
    assert!(read(r#"["R","string"]"#).is_string());
    let said = refusal(&next(r#""R""#), &Filling::default());
    assert!(said.starts_with("`/next` refers to its own type without an end: "), "{said}");
}

#[test]
fn the_branch_in_which_the_id_has_its_place_is_taken() {
    let schema = avro(
        r#"[{"type":"record","name":"A","fields":[{"name":"x","type":"int"}]},
            {"type":"record","name":"B","fields":[{"name":"id","type":"string"}]}]"#,
    );
    let bytes = written(&schema, &filling(&[(Fact::Id, "/id")], &[]), 0).unwrap();
    assert_eq!(bytes[..2], [2, 72]);
}

#[test]
fn references_and_namespaces_are_followed() {
    let address = r#"{"type":"record","name":"Address","namespace":"shop.common","fields":[
        {"name":"town","type":"string"},{"name":"kind","type":{"type":"enum","name":"Kind","symbols":["HOME"]}}]}"#;
    let text = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
        {"name":"to","type":"shop.common.Address"},{"name":"from","type":["null","shop.common.Address"]},
        {"name":"kind","type":"shop.common.Kind"},
        {"name":"a","type":{"type":"record","name":"Inner","fields":[{"name":"n","type":"int"}]}},{"name":"b","type":"Inner"}]}"#;
    let references = vec![ReferredSchema { name: "shop.common.Address".to_owned(), text: address.to_owned() }];
    let schema = SchemaText { references, ..avro(text) };
    let order = read_back(&schema, &Filling::default(), 1);
    assert_eq!((&order["to"]["kind"], &order["kind"]), (&json!("HOME"), &json!("HOME")));
    assert!(order["from"]["town"].is_string() && order["b"]["n"].is_u64(), "{order}");
    let said = refusal(&avro(text), &Filling::default());
    assert!(said.starts_with("the schema is not valid Avro: ") && said.contains("Address"), "{said}");
}

#[test]
fn what_is_not_of_the_schema_is_not_read() {
    let reader =
        SchemaReader::compile(&record(r#"{"name":"a","type":["null","boolean"]},{"name":"b","type":"string"}"#))
            .unwrap();
    for (bytes, error) in [
        (&[][..], UndecodableError::CutShort),
        (&[0, 4, b'x'], UndecodableError::CutShort),
        (&[0, 2, b'x', 0], UndecodableError::LeftOver(1)),
        (&[4, 0], UndecodableError::Wrong("a union has a branch that the schema does not have")),
        (&[2, 7, 0], UndecodableError::Wrong("a boolean is neither 0 nor 1")),
        (&[0, 2, 0xFF], UndecodableError::Wrong("a text is not UTF-8")),
        (&[0, 3], UndecodableError::Wrong("a length is negative")),
    ] {
        assert_eq!(reader.read(bytes, None), Err(error), "{bytes:?}");
    }
    let nulls = SchemaReader::compile(&avro(r#"{"type":"array","items":"null"}"#)).unwrap();
    let huge = [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
    assert!(nulls.read(&huge, None).is_err());
}

/// A schema of moderate depth; each name is given once.
fn any_type() -> impl Strategy<Value = Value> {
    let logical = |of: &str, logical: &str| json!({ "type": of, "logicalType": logical });
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "boolean", "int", "long", "float", "double", "bytes", "string"]).prop_map(Value::from),
        prop::sample::select(vec![
            logical("int", "date"),
            logical("int", "time-millis"),
            logical("long", "timestamp-micros"),
            logical("long", "local-timestamp-millis"),
            logical("string", "uuid"),
            json!({ "type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 3 }),
        ]),
        (1..20_usize).prop_map(|size| json!({ "type": "fixed", "name": "N", "size": size })),
        (1..9_usize).prop_map(|count| json!({ "type": "enum", "name": "N", "symbols": (0..count).map(|n| format!("S{n}")).collect::<Vec<_>>() })),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            inner.clone().prop_map(|items| json!({ "type": "array", "items": items })),
            inner.clone().prop_map(|values| json!({ "type": "map", "values": values })),
            inner.clone().prop_filter("a union in a union", |of| !of.is_array() && of != "null").prop_map(|of| json!(["null", of])),
            prop::collection::vec(inner, 0..5).prop_map(|types| {
                let field = |(number, of): (usize, Value)| json!({ "name": format!("f{number}"), "type": of });
                json!({ "type": "record", "name": "N", "fields": types.into_iter().enumerate().map(field).collect::<Vec<_>>() })
            }),
        ]
    })
}

/// Gives each named type a name of its own.
fn named(value: &mut Value, next: &mut u32) {
    match value {
        Value::Object(map) => {
            if map.get("name") == Some(&json!("N")) {
                *next += 1;
                map.insert("name".to_owned(), json!(format!("N{next}")));
            }
            map.values_mut().for_each(|value| named(value, next));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| named(value, next)),
        _ => {}
    }
}

/// The same message as JSON, from what apache-avro read.
fn as_json(value: &Theirs) -> Option<Value> {
    Some(match value {
        Theirs::Null => Value::Null,
        Theirs::Boolean(value) => json!(value),
        Theirs::Int(number) | Theirs::Date(number) | Theirs::TimeMillis(number) => json!(number),
        Theirs::Long(number) | Theirs::TimestampMicros(number) | Theirs::LocalTimestampMillis(number) => json!(number),
        Theirs::Float(number) => json!(number),
        Theirs::Double(number) => json!(number),
        Theirs::String(text) | Theirs::Enum(_, text) => json!(text),
        Theirs::Uuid(uuid) => json!(uuid.to_string()),
        Theirs::Bytes(bytes) | Theirs::Fixed(_, bytes) => json!(super::super::hex::hex(bytes)),
        Theirs::Union(_, value) => as_json(value)?,
        Theirs::Array(items) => items.iter().map(as_json).collect::<Option<_>>()?,
        Theirs::Map(entries) => Value::Object(
            entries.iter().map(|(key, value)| Some((key.clone(), as_json(value)?))).collect::<Option<_>>()?,
        ),
        Theirs::Record(fields) => Value::Object(
            fields.iter().map(|(name, value)| Some((name.clone(), as_json(value)?))).collect::<Option<_>>()?,
        ),
        // Decimals are compared as bytes above.
        _ => return None,
    })
}

/// Decimals aside, which the two show differently.
fn without_decimals(ours: &Value, theirs: &Theirs) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Theirs::Record(fields)) => {
            fields.iter().all(|(name, value)| without_decimals(&ours[name], value))
        }
        (Value::Object(ours), Theirs::Map(entries)) => {
            entries.iter().all(|(key, value)| without_decimals(&ours[key], value))
        }
        (Value::Array(ours), Theirs::Array(items)) => {
            ours.len() == items.len() && ours.iter().zip(items).all(|(ours, theirs)| without_decimals(ours, theirs))
        }
        (ours, Theirs::Union(_, theirs)) => without_decimals(ours, theirs),
        (Value::String(_), Theirs::Decimal(_)) => true,
        (ours, theirs) => as_json(theirs).as_ref() == Some(ours),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn apache_avro_reads_the_same(mut of in any_type(), seed: u64) {
        named(&mut of, &mut 0);
        let text = of.to_string();
        let theirs = Schema::parse_str(&text).unwrap();
        let bytes = written(&avro(&text), &Filling::default(), seed).unwrap();
        let mut rest = &bytes[..];
        let read = GenericDatumReader::builder(&theirs).build().unwrap().read_value(&mut rest).unwrap();
        prop_assert!(rest.is_empty(), "{} bytes are left of {}", rest.len(), text);
        let ours = SchemaReader::compile(&avro(&text)).unwrap().read(&bytes, None).unwrap();
        prop_assert!(without_decimals(&ours, &read), "{} against {:?}", ours, read);
    }
}
