//! Laws of looking at messages: what is said of them is so, nothing of their values is shown, and what is written is a profile.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::format::Body;
use super::*;
use crate::event::payload::{JsonWriter, Size, Stamps};
use crate::event::{EventId, Partition, RunTag};
use crate::profile::Profile;

/// 2030-01-31T11:00:30.5Z
const AT_MS: i64 = 1_896_087_630_500;

fn message(number: usize, payload: &[u8]) -> Message {
    Message {
        partition: (number % 2) as i32,
        stamp_ms: Some(AT_MS + number as i64 * 100),
        key: Some(format!("c-{}", number % 3).into_bytes()),
        payload: Some(payload.to_vec()),
        ..Message::default()
    }
}

fn of_json(values: impl Iterator<Item = Value>) -> Vec<Message> {
    values.enumerate().map(|(number, value)| message(number, value.to_string().as_bytes())).collect()
}

fn look(messages: &[Message]) -> Inspection {
    inspect("orders", 2, messages, Shown::Masked, None)
}

/// Orders of a shop, as somebody else writes them.
fn orders() -> Vec<Message> {
    of_json((0..10).map(|number: i64| {
        json!({
            "orderId": format!("o-2030-{number:05}"),
            "customer": { "number": format!("c-{}", number % 3), "name": "Zoë Miller" },
            "status": if number % 2 == 0 { "paid" } else { "open" },
            "occurredAt": jiff::Timestamp::from_millisecond(AT_MS + number * 100 - 250).unwrap().to_string(),
            "shipBy": AT_MS / 1000 + 86_400,
            "total": 1_500_000_000 + number,
            "lines": [{ "sku": "a/b", "price": 19.9 }, { "sku": "c" }],
            "note": null,
        })
    }))
}

fn own(number: u64, wrap: impl Fn(&str) -> String) -> Message {
    let id = EventId { run: RunTag(7), stream: 0, producer: 3, partition: Partition::new(2), sequence: number };
    let (due_us, mut out) = (AT_MS as u64 * 1000, Vec::new());
    let stamps = Stamps { event_time_ms: AT_MS, due_us, sent_us: due_us + 900 };
    JsonWriter::default().write(&mut out, id, &stamps, None, Size::Whole(300));
    message(number as usize, wrap(std::str::from_utf8(&out).unwrap()).as_bytes())
}

#[test]
fn the_parts_of_foreign_messages_are_found() {
    let seen = look(&orders());
    assert_eq!(seen.format(), Format::Json);
    let found = &seen.candidates;
    assert_eq!((found.own_ids.as_slice(), found.ids.as_slice()), (&[][..], &["/orderId".to_owned()][..]));
    assert_eq!(found.keys, ["/customer/number"]);
    let times: Vec<_> =
        found.times.iter().map(|time| (time.path.as_str(), time.format, time.before_record_ms)).collect();
    // An amount of 1,500,000,000 would be a moment of 2017, and no record of 2030 happened then.
    assert_eq!(times[0], ("/occurredAt", "rfc3339", 250));
    assert_eq!(times[1..].iter().map(|time| time.0).collect::<Vec<_>>(), ["/shipBy"]);
}

#[test]
fn fields_are_counted_with_their_kinds() {
    let seen = look(&orders());
    let field = |path: &str| seen.fields.iter().find(|field| field.path == path).unwrap();
    let price = field("/lines/*/price");
    assert_eq!((price.kind_names().as_str(), price.messages, price.values), ("decimal", 10, 10));
    assert_eq!((field("/lines/*/sku").values, field("/lines/*/sku").distinct), (20, 2));
    assert!(!price.is_place() && field("/customer/name").is_place());
    assert_eq!((seen.key.keyed, seen.key.distinct), (10, 3));
    assert!((seen.per_s.unwrap() - 10.0).abs() < 0.1, "{:?}", seen.per_s);
}

#[test]
fn no_value_is_shown_unless_it_is_asked_for() {
    let masked = look(&orders());
    assert!(!format!("{masked:?}{}{}", stage_text(&masked), stream_text(&masked)).contains("Miller"));
    let name = |shown| {
        let seen = inspect("orders", 2, &orders(), shown, None);
        seen.fields.into_iter().find(|field| field.path == "/customer/name").unwrap().example
    };
    assert_eq!((name(Shown::Masked).as_str(), name(Shown::Values).as_str()), ("xxx xxxxxx", "Zoë Miller"));
}

#[test]
fn floodmarks_own_messages_are_known_wherever_a_pipeline_put_them() {
    let plain: Vec<Message> = (0..5).map(|number| own(number, str::to_owned)).collect();
    assert_eq!(look(&plain).own, Some(Own::Json));
    let wrapped: Vec<Message> =
        (0..5).map(|number| own(number, |text| format!("{{\"payload\":{text},\"at\":{AT_MS}}}"))).collect();
    let seen = look(&wrapped);
    assert_eq!((seen.own, seen.candidates.own_ids.as_slice()), (None, &["/payload/id".to_owned()][..]));
    let text = stage_text(&seen);
    for line in [
        "id = \"/payload/id\"",
        "due = \"/payload/due\"",
        "sent = \"/payload/sent\"",
        "event_time = \"/payload/event_time\"",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn formats_are_told_apart() {
    let framed = |rest: &[u8]| [&[0, 0, 0, 0, 7], rest].concat();
    let schema = |body| Format::Framed { schema_id: 7, body };
    for (payload, format) in [
        (b"{\"a\": 1}".to_vec(), Format::Json),
        (b"\xef\xbb\xbf[1]".to_vec(), Format::Json),
        (b"7".to_vec(), Format::Text),
        (b"<a>1</a>\n".to_vec(), Format::Xml),
        (b"a;b;c".to_vec(), Format::Text),
        (framed(b"{\"a\": 1}"), schema(Body::Json)),
        (framed(b"\x00\x0a\x02hi\x10\x05"), schema(Body::ProtobufLike)),
        (framed(b"\x02\x04hi\xff"), schema(Body::Other)),
        (b"\x0a\x02h\x01\x10\x05".to_vec(), Format::ProtobufLike),
        (b"\x1f\x8b\x08\x00".to_vec(), Format::Known("gzip")),
        (b"\xff\xfe\x00\x07".to_vec(), Format::Binary),
        (Vec::new(), Format::Empty),
    ] {
        assert_eq!(Format::of(Some(&payload)), format, "{payload:?}");
    }
    assert_eq!(Format::of(None), Format::Tombstone);
}

#[test]
fn lines_of_columns_are_csv() {
    let lines: Vec<Message> = (0..4).map(|number| message(number, format!("{number};x,y;z\n").as_bytes())).collect();
    assert_eq!(look(&lines).columns, Some((';', 3)));
    assert_eq!(look(&orders()).columns, None);
}

#[test]
fn what_a_registry_knows_can_be_joined() {
    let avro: Vec<Message> = (0..4).map(|number| message(number, &[0, 0, 0, 0, 7, 0xff, number as u8])).collect();
    assert!(look(&avro).fields.is_empty() && look(&avro).schema_ids() == [7]);
    let decode = |message: &Message| Some(json!({ "id": format!("o-{}", message.payload.as_ref()?[6]) }));
    let seen = inspect("orders", 2, &avro, Shown::Masked, Some(&decode));
    assert_eq!(seen.candidates.ids, ["/id"]);
}

fn parses(table: &str, is_stage: bool) -> Result<(), String> {
    let stream = if is_stage { "[[stream]]\nname = \"orders\"\nrate = \"1/s\"\n" } else { "" };
    let text = format!("duration = \"10s\"\n{stream}{table}");
    Profile::from_text(&text, "p.toml").map(drop).map_err(|error| format!("{error}\n{text}"))
}

#[test]
fn what_is_written_is_a_part_of_a_profile_for_every_format() {
    let avro = message(1, b"\0\0\0\0\x07\x02\xff");
    let headers = Message { headers: vec![("order-id".to_owned(), Some(b"a".to_vec()))], ..message(1, b"\xff\x00") };
    for messages in [
        orders(),
        vec![own(1, str::to_owned), own(2, str::to_owned)],
        vec![avro],
        vec![headers],
        vec![message(1, b"a;b")],
        vec![Message::default()],
        vec![message(1, b"<a/>")],
    ] {
        let seen = look(&messages);
        assert_eq!(parses(&stage_text(&seen), true), Ok(()));
        assert_eq!(parses(&stream_text(&seen), false), Ok(()));
    }
}

proptest! {
    #[test]
    fn nothing_that_comes_stops_it(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..8)) {
        let messages: Vec<Message> = payloads.iter().enumerate().map(|(number, payload)| message(number, payload)).collect();
        let seen = look(&messages);
        prop_assert_eq!(seen.formats.iter().map(|(_, count)| count).sum::<usize>(), messages.len());
        prop_assert!(parses(&stage_text(&seen), true).is_ok() && parses(&stream_text(&seen), false).is_ok());
    }

    #[test]
    fn names_of_any_letters_make_a_profile(name in "\\PC{1,12}", value in "\\PC{0,12}", topic in "[._-]{0,2}[a-zA-Z0-9][a-zA-Z0-9._-]{0,60}") {
        let messages = of_json((0..3).map(|number| json!({ name.clone(): format!("{value}{number}"), "at": AT_MS })));
        let seen = inspect(&topic, 1, &messages, Shown::Values, None);
        prop_assert_eq!(parses(&stage_text(&seen), true), Ok(()));
        prop_assert_eq!(parses(&stream_text(&seen), false), Ok(()));
    }
}
