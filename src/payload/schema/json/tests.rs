//! Against `jsonschema`, which judges what is written here by its own code.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{filling, read_back, refusal};
use super::super::{Fact, Filling, ReferredSchema, SchemaKind, SchemaText};

fn schema(schema: &Value) -> SchemaText {
    SchemaText::alone(SchemaKind::Json, &schema.to_string())
}

/// What is wrong with messages of a schema, by an independent judge.
fn faults(of: &Value, seed: u64) -> Vec<String> {
    let message = read_back(&schema(of), &Filling::default(), seed);
    let validator = jsonschema::options().should_validate_formats(true).build(of).unwrap();
    validator.iter_errors(&message).map(|error| format!("{error} in {message}")).collect()
}

#[test]
fn messages_conform() {
    for of in [
        json!({ "type": "string", "minLength": 40, "maxLength": 41 }),
        json!({ "type": "string", "maxLength": 2 }),
        json!({ "type": "integer", "minimum": 7, "exclusiveMaximum": 9 }),
        json!({ "type": "integer", "minimum": 5, "multipleOf": 7 }),
        json!({ "type": "integer", "maximum": -5 }),
        json!({ "type": "number", "minimum": 0.5, "maximum": 0.75 }),
        json!({ "type": "number", "exclusiveMinimum": 0, "multipleOf": 0.25 }),
        json!({ "type": "array", "items": { "enum": [1, "two", null] }, "minItems": 5, "maxItems": 6 }),
        json!({ "type": "array", "items": { "type": "boolean" }, "uniqueItems": true }),
        json!({ "prefixItems": [{ "const": 3 }, { "type": "string", "format": "uuid" }], "type": "array" }),
        json!({ "type": "object", "additionalProperties": { "type": "integer" }, "minProperties": 2 }),
        json!({ "type": "object", "required": ["unknown"], "properties": { "a b\"": { "const": "x" } } }),
        json!({ "allOf": [{ "properties": { "a": { "type": "string" } } }, { "required": ["b"] }], "type": "object" }),
        json!({ "oneOf": [{ "type": "null" }, { "type": "object", "required": ["x"], "properties": { "x": { "const": 1 } } }] }),
        json!({ "type": "object", "properties": { "k": { "const": "a" } }, "required": ["k"], "anyOf": [{ "required": ["z"] }] }),
        json!({ "$ref": "#/$defs/n", "$defs": { "n": { "type": ["object", "null"], "properties": { "next": { "$ref": "#/$defs/n" } } } } }),
        json!(true),
    ] {
        for seed in 0..20 {
            assert_eq!(faults(&of, seed), [""; 0], "{of}");
        }
    }
    for format in ["date-time", "uuid", "date", "time", "email", "uri", "hostname", "ipv4", "ipv6", "made-up"] {
        assert_eq!(faults(&json!({ "type": "string", "format": format }), 5), [""; 0], "{format}");
    }
}

#[test]
fn what_cannot_be_drawn_for_is_refused_unless_a_rule_does() {
    let pattern = schema(&json!({ "properties": { "code": { "type": "string", "pattern": "^[A-Z]{3}$" } } }));
    let said = refusal(&pattern, &Filling::default());
    assert!(said.starts_with("`/code` has the pattern \"^[A-Z]{3}$\", and floodmark does not know"), "{said}");
    let rule = filling(&[], &[("/code", "kind = 'choice'\nvalues = ['ABC']")]);
    assert_eq!(read_back(&pattern, &rule, 0), json!({ "code": "ABC" }));
    for of in
        [json!({ "not": {} }), json!({ "type": "array", "uniqueItems": true, "minItems": 2 }), json!({ "if": {} })]
    {
        let said = refusal(&schema(&of), &Filling::default());
        assert!(said.contains("and floodmark does not know which values fit it"), "{of}: {said}");
    }
}

#[test]
fn an_id_needs_its_room() {
    for (of, said) in [
        (
            json!({ "type": "string", "maxLength": 35 }),
            "`/id` holds a text of at most 35 characters, which cannot carry the id",
        ),
        (json!({ "enum": ["a"] }), "`/id` holds one of the symbols a, which"),
        (json!({ "const": "a" }), "`/id` holds a constant, which"),
    ] {
        let of = schema(&json!({ "properties": { "id": of } }));
        let said_of_it = refusal(&of, &filling(&[(Fact::Id, "/id")], &[]));
        assert!(said_of_it.contains(said), "{said_of_it}");
    }
}

#[test]
fn references_are_followed_and_must_end() {
    let text =
        json!({ "properties": { "a": { "$ref": "address.json" }, "b": { "$ref": "address.json#/definitions/zip" } } });
    let address = r##"{"properties":{"zip":{"$ref":"#/definitions/zip"}},"definitions":{"zip":{"const":"12345"}}}"##;
    let references = vec![ReferredSchema { name: "address.json".to_owned(), text: address.to_owned() }];
    let order = SchemaText { references, ..schema(&text) };
    assert_eq!(read_back(&order, &Filling::default(), 0), json!({ "a": { "zip": "12345" }, "b": "12345" }));
    let said = refusal(&schema(&text), &Filling::default());
    assert_eq!(said, "the schema is not valid JSON Schema: it refers to `address.json`, which is not there");
    let endless = json!({ "properties": { "next": { "$ref": "#" } }, "required": ["next"] });
    assert!(refusal(&schema(&endless), &Filling::default()).contains("without an end"));
    let ends = json!({ "properties": { "n": { "const": 1 }, "next": { "$ref": "#" } } });
    assert_eq!(read_back(&schema(&ends), &Filling::default(), 0), json!({ "n": 1, "next": { "n": 1 } }));
}

fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0..30_u32, 0..30_u32)
            .prop_map(|(min, more)| json!({ "type": "string", "minLength": min, "maxLength": min + more })),
        (-1000..1000_i64, 0..1000_i64)
            .prop_map(|(min, more)| json!({ "type": "integer", "minimum": min, "maximum": min + more })),
        (-1000..1000_i64, 1..1000_i64)
            .prop_map(|(min, more)| json!({ "type": "number", "minimum": min, "exclusiveMaximum": min + more })),
        Just(json!({ "type": "boolean" })),
        Just(json!({ "type": ["null", "string"], "format": "date-time" })),
        prop::collection::vec("[a-z\"\\\\]{0,5}", 1..5).prop_map(|values| json!({ "enum": values })),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            (inner.clone(), 0..4_u32).prop_map(|(items, min)| json!({ "type": "array", "items": items, "minItems": min, "maxItems": min + 2 })),
            inner.clone().prop_map(|values| json!({ "type": "object", "additionalProperties": values })),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|any| json!({ "anyOf": any })),
            prop::collection::btree_map("[a-z/~ ]{1,6}", (inner, any::<bool>()), 0..5).prop_map(|fields| {
                let required: Vec<_> = fields.iter().filter(|(_, (_, required))| *required).map(|(name, _)| name.clone()).collect();
                let properties: serde_json::Map<_, _> = fields.into_iter().map(|(name, (of, _))| (name, of)).collect();
                json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_message_conforms(of in any_schema(), seed: u64) {
        prop_assert_eq!(faults(&of, seed), [""; 0], "{}", of);
    }
}
