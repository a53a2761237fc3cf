//! Against prost-reflect, which reads what is written here by its own code, and bytes worked out by hand from the specification.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::tests::{ID, STAMPS, event, filling, read_back, refusal, written};
use super::super::{
    Fact, Filling, ReferredSchema, SchemaError, SchemaKey, SchemaKind, SchemaReader, SchemaText, SchemaWriter, unframe,
};

fn proto(body: &str) -> SchemaText {
    SchemaText::alone(SchemaKind::Protobuf, &format!("syntax = \"proto3\";\n{body}"))
}

#[test]
fn bytes_are_those_of_the_specification() {
    let schema = proto(
        "message T { int32 a = 1; string b = 2; C c = 3; repeated int32 e = 6; sint32 z = 7; fixed32 f = 8; } message C { int32 a = 1; }",
    );
    let of = |number: i32| format!("kind = 'integer'\nmin = {number}\nmax = {number}");
    let (a, e, z) = (of(150), of(3), of(-2));
    let rules = [
        ("/a", a.as_str()),
        ("/b", "kind = 'choice'\nvalues = ['testing']"),
        ("/c/a", &a),
        ("/e/*", &e),
        ("/z", &z),
        ("/f", &e),
    ];
    let bytes = written(&schema, &filling(&[], &rules), 0).unwrap();
    let head = [0x08, 0x96, 0x01, 0x12, 7, b't', b'e', b's', b't', b'i', b'n', b'g', 0x1a, 3, 0x08, 0x96, 0x01, 0x32];
    assert_eq!(bytes[..head.len()], head);
    assert_eq!(bytes[bytes.len() - 7..], [0x38, 3, 0x45, 3, 0, 0, 0]);
}

#[test]
fn every_type_is_read_back() {
    let schema = proto(
        "import \"google/protobuf/timestamp.proto\";
         message T { int64 a = 1; uint32 b = 2; uint64 c = 3; sint64 d = 4; fixed64 e = 5; sfixed32 f = 6; sfixed64 g = 7; bool h = 8;
           float i = 9; double j = 10; bytes k = 11; E l = 12; map<string, N> m = 13; map<bool, int32> n = 14; repeated string o = 15;
           oneof p { int32 q = 16; string r = 17; } google.protobuf.Timestamp t = 18; optional int32 u = 19; map<sint32, double> v = 20; }
         message N { repeated double x = 1; } enum E { ZERO = 0; MINUS = -1; }",
    );
    for seed in 0..50 {
        let read = read_back(&schema, &filling(&[(Fact::Id, "/r"), (Fact::EventTime, "/t")], &[]), seed);
        let fields = read.as_object().unwrap();
        assert_eq!(fields.len(), 19, "one of p: {read}");
        assert_eq!((&read["r"], &read["t"]), (&json!(ID.to_string()), &json!("2025-10-09T08:53:20.123Z")));
        assert!(read["l"] == "ZERO" || read["l"] == "MINUS", "{read}");
        assert!(read["m"]["key1"]["x"][0].is_f64() && read["o"][0].is_string(), "{read}");
        assert_eq!(read["k"].as_str().map(str::len), Some(32), "{read}");
    }
}

#[test]
fn times_and_ids_take_the_form_of_their_type() {
    let schema = proto("message T { bytes id = 1; int64 due = 2; string sent = 3; double at = 4; }");
    let facts = [(Fact::Id, "/id"), (Fact::Due, "/due"), (Fact::Sent, "/sent"), (Fact::EventTime, "/at")];
    let read = read_back(&schema, &filling(&facts, &[]), 0);
    assert_eq!(read["id"].as_str().unwrap().parse(), Ok(ID));
    assert_eq!(read["due"], STAMPS.due_us);
    assert_eq!(
        (&read["sent"], &read["at"]),
        (&json!("2025-10-09T08:53:22.000789Z"), &json!(STAMPS.event_time_ms as f64))
    );
}

#[test]
fn recursion_ends_at_what_need_not_be_there() {
    let read = read_back(
        &proto("message T { int32 n = 1; T next = 2; repeated T more = 3; oneof o { T left = 4; } }"),
        &Filling::default(),
        0,
    );
    assert_eq!(read.as_object().unwrap().keys().collect::<Vec<_>>(), ["more", "n"]);
    let endless = SchemaText::alone(SchemaKind::Protobuf, "syntax = \"proto2\"; message T { required T next = 1; }");
    assert!(refusal(&endless, &Filling::default()).contains("refers to its own type without an end"));
}

#[test]
fn the_message_is_the_only_whole_one_or_the_one_that_is_named() {
    let schema = proto(
        "package p; message A { int32 a = 1; } message B { map<string, int32> m = 1; message C { int32 c = 1; } C c = 2; }",
    );
    for (name, indexes, field) in
        [(Some("A"), &[0_u8][..], "a"), (Some("B"), &[2, 2], "m"), (Some("p.B.C"), &[4, 2, 0], "c")]
    {
        let mut writer = SchemaWriter::compile(&schema, name, &Filling::default()).unwrap();
        let frame = writer.frame(SchemaKey::Id(9));
        assert_eq!(frame.bytes()[5..], *indexes, "{name:?}");
        let mut message = frame.bytes().to_vec();
        writer.write(&mut message, &event(1));
        let read = SchemaReader::compile(&schema).unwrap().read_framed(&unframe(&message, None).unwrap()).unwrap();
        assert!(read.get(field).is_some(), "{name:?}: {read}");
    }
    let error = SchemaWriter::compile(&schema, Some("D"), &Filling::default()).unwrap_err();
    assert_eq!(error, SchemaError::NoMessage { message: "D".to_owned(), there: "p.A, p.B, p.B.C".to_owned() });
    let which = "the schema has several messages (p.A, p.B, p.B.C): name the one to send, `message = \"NAME\"`";
    assert_eq!(refusal(&schema, &Filling::default()), which);
    let mutual = proto("message A { B b = 1; } message B { repeated A a = 1; }");
    assert!(refusal(&mutual, &Filling::default()).starts_with("the schema has several messages (A, B)"));
    assert_eq!(refusal(&proto(""), &Filling::default()), "the schema is not valid Protobuf: it has no message");
}

#[test]
fn imports_come_from_references() {
    let text = "import \"common/address.proto\"; message Order { common.Address to = 1; }";
    let address = "syntax = \"proto3\"; package common; message Address { string town = 1; }";
    let references = vec![ReferredSchema { name: "common/address.proto".to_owned(), text: address.to_owned() }];
    let order = read_back(&SchemaText { references, ..proto(text) }, &Filling::default(), 0);
    assert!(order["to"]["town"].is_string(), "{order}");
    let said = refusal(&proto(text), &Filling::default());
    assert!(said.starts_with("the schema is not valid Protobuf: ") && said.contains("common/address.proto"), "{said}");
}

/// Files as Confluent's Python client registers them: each its descriptor, in base64.
fn as_descriptors(schema: &SchemaText) -> SchemaText {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("own.proto"), &schema.text).unwrap();
    for referred in &schema.references {
        std::fs::write(folder.path().join(&referred.name), &referred.text).unwrap();
    }
    let files = protox::compile(["own.proto"], [folder.path()]).unwrap().file;
    let text = |name: &str| {
        let file = files.iter().find(|file| file.name() == name).unwrap();
        STANDARD.encode(prost_reflect::prost::Message::encode_to_vec(file))
    };
    let referred = |of: &ReferredSchema| ReferredSchema { name: of.name.clone(), text: text(&of.name) };
    let references = schema.references.iter().map(referred).collect();
    SchemaText { kind: SchemaKind::Protobuf, text: text("own.proto"), references }
}

#[test]
fn a_descriptor_in_base64_is_the_file_that_it_describes() {
    let schema = SchemaText {
        references: vec![ReferredSchema {
            name: "address.proto".to_owned(),
            text: "syntax = \"proto3\"; package shop; message Address { string town = 1; optional int32 floor = 2; }".to_owned(),
        }],
        ..proto(
            "package shop; import \"address.proto\"; import \"google/protobuf/timestamp.proto\";
             message Order { string id = 1; google.protobuf.Timestamp at = 2; Address to = 3; repeated Line lines = 4; map<string, int64> more = 5;
               oneof by { string card = 6; int32 cash = 7; } enum State { NEW = 0; PAID = 1; } State state = 8; message Line { string sku = 1; } }",
        )
    };
    let described = as_descriptors(&schema);
    assert!(!described.text.contains("Order") && described.record_name(None).unwrap().as_deref() == Some("shop.Order"));
    let filling = filling(&[(Fact::Id, "/id"), (Fact::EventTime, "/at")], &[]);
    for seed in 0..20 {
        assert_eq!(written(&schema, &filling, seed), written(&described, &filling, seed));
        assert_eq!(read_back(&schema, &filling, seed), read_back(&described, &filling, seed));
    }
    let indexes = |schema: &SchemaText| {
        SchemaWriter::compile(schema, Some("shop.Order.Line"), &Filling::default()).unwrap().frame(SchemaKey::Id(1))
    };
    assert_eq!(indexes(&schema), indexes(&described), "entries of maps have no index");
}

#[test]
fn what_is_base64_and_no_descriptor_is_said_to_be_no_schema() {
    for text in ["AAAA", "hello+world/", "////"] {
        let said = refusal(&SchemaText::alone(SchemaKind::Protobuf, text), &Filling::default());
        assert!(said.starts_with("the schema is not valid Protobuf: "), "{text}: {said}");
    }
}
