//! How fast payloads are written on one core: floodmark's own JSON beside templates of the same size, and a shop's order in each codec.

use std::collections::BTreeMap;
use std::sync::Arc;

use divan::{Bencher, black_box, counter::ItemsCount};
use floodmark::event::payload::Stamps;
use floodmark::event::{EventId, Partition, RunTag};
use floodmark::payload::schema::{Encoding, Fact, FactPlace, Filling, SchemaKey, SchemaKind, SchemaText};
use floodmark::payload::template::Escape;
use floodmark::payload::{Encoder, EventParts, Field, FieldSeeds, Generator, Template};

fn main() {
    divan::main();
}

const EVENTS: u64 = 100_000;
/// The size of every payload, in bytes.
const BYTES: u32 = 512;

/// Floodmark's own layout, as a template.
const OWN: &str = r#"{"id":"{{id}}","event_time":{{event_time}},"due":{{due}},"sent":{{sent}},"key":"{{key}}","filler":"{{filler}}"}"#;

/// A shop's order, with as many constant parts as such messages have.
const ORDER: &str = include_str!("../examples/templates/order.json");

const FIELDS: &str = r#"
country = { kind = "choice", values = ["DE", "FR", "GB", "IN"], weights = [5, 3, 2, 4], by = "key" }
name = { kind = "choice", values = ["Asha", "Tom", "Eva"], by = "key" }
lines = { kind = "integer", min = 2, max = 4 }
sku = { kind = "text", min = 6, max = 10 }
quantity = { kind = "integer", min = 1, max = 5 }
price = { kind = "decimal", law = "log-normal", median = 20, sigma = 0.8, min = 0.5, max = 2000 }
gift = { kind = "boolean", share = 0.05 }
placed = { kind = "time", within = "5m", format = "ms" }
note = { kind = "text", max = 40 }
"#;

#[expect(clippy::panic, reason = "a template that cannot be read leaves nothing to measure")]
fn template(text: &str) -> Encoder {
    let fields: BTreeMap<String, Field> = toml::from_str(FIELDS).unwrap_or_else(|error| panic!("{error}"));
    let template = Template::new(text, Escape::Json, &fields, &[]).unwrap_or_else(|error| panic!("{error}"));
    Encoder::template(Arc::new(template), false)
}

/// An order of the examples, its parts in place and all else by type.
#[expect(clippy::panic, reason = "a schema that cannot be read leaves nothing to measure")]
fn schema(kind: SchemaKind, text: &str, places: [(Fact, &str); 4], rules: &[&str]) -> Encoder {
    let rule: Field =
        toml::from_str("kind = \"choice\"\nvalues = [\"pen\", \"cup\"]").unwrap_or_else(|error| panic!("{error}"));
    let rules = rules.iter().map(|path| ((*path).to_owned(), Generator::new(path, &rule))).collect();
    let filling = Filling { facts: places.map(|(fact, path)| FactPlace::new(fact, path)).to_vec(), rules };
    let message = (kind == SchemaKind::Protobuf).then_some("shop.Order");
    let encoding = Encoding::new(&SchemaText::alone(kind, text), message, &filling, &[]);
    Encoder::schema(&encoding.unwrap_or_else(|error| panic!("{error}")).framed(SchemaKey::Id(1)))
}

fn write(bencher: Bencher<'_, '_>, mut encoder: Encoder) {
    let mut out = Vec::with_capacity(1 << 20);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for sequence in 0..EVENTS {
            if out.len() > 1 << 19 {
                black_box(&out);
                out.clear();
            }
            let start = out.len();
            out.extend_from_slice(b"k12345");
            let due_us = 1_760_000_000_000_000 + sequence * 10;
            let stamps = Stamps { event_time_ms: (due_us / 1_000).cast_signed(), due_us, sent_us: due_us + 300 };
            let event = EventParts {
                id: EventId { run: RunTag(1), stream: 0, producer: 0, partition: Partition::new(1), sequence },
                stamps: &stamps,
                key: Some(start..start + 6),
                size_bytes: BYTES,
                seeds: FieldSeeds { event: sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15), key: sequence % 1_000 },
            };
            encoder.write(&mut out, &event);
        }
    });
}

#[divan::bench]
fn own_json(bencher: Bencher<'_, '_>) {
    write(bencher, Encoder::json(false));
}

#[divan::bench]
fn own_json_as_a_template(bencher: Bencher<'_, '_>) {
    write(bencher, template(OWN));
}

#[divan::bench]
fn order_with_fields(bencher: Bencher<'_, '_>) {
    write(bencher, template(ORDER));
}

#[divan::bench]
fn order_in_avro(bencher: Bencher<'_, '_>) {
    let places =
        [(Fact::Id, "/meta/id"), (Fact::Sent, "/meta/sent"), (Fact::EventTime, "/placed_at"), (Fact::Key, "/customer")];
    let text = include_str!("../examples/schemas/order.avsc");
    write(bencher, schema(SchemaKind::Avro, text, places, &["/lines/*/sku"]));
}

#[divan::bench]
fn order_in_protobuf(bencher: Bencher<'_, '_>) {
    let places = [(Fact::Id, "/id"), (Fact::Sent, "/sent"), (Fact::EventTime, "/placed_at"), (Fact::Key, "/customer")];
    let text = include_str!("../examples/schemas/order.proto");
    write(bencher, schema(SchemaKind::Protobuf, text, places, &["/lines/*/sku"]));
}

#[divan::bench]
fn order_by_json_schema(bencher: Bencher<'_, '_>) {
    let places = [(Fact::Id, "/id"), (Fact::Sent, "/sent"), (Fact::EventTime, "/placedAt"), (Fact::Key, "/customer")];
    let text = include_str!("../examples/schemas/order.schema.json");
    write(bencher, schema(SchemaKind::Json, text, places, &["/lines/*/sku"]));
}
