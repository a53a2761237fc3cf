use proptest::prelude::*;

use super::*;
use crate::event::RunTag;
use crate::event::payload::{HEADER_DUE, HEADER_ID, HEADER_SENT, JsonWriter, Size, Stamps};

const ID: EventId =
    EventId { run: RunTag(7), stream: 0, producer: 3, partition: crate::event::Partition::new(2), sequence: 41 };

fn no_headers(_: &str) -> Option<&'static [u8]> {
    None
}

fn json() -> Extractor {
    Extractor::of_layout(Layout::of_json())
}

fn payload(id: EventId, stamps: &Stamps, filler: u32) -> Vec<u8> {
    let mut out = b"k12".to_vec();
    JsonWriter::default().write(&mut out, id, stamps, Some(0..3), Size::Filler(filler));
    out.split_off(3)
}

fn any_stamps() -> impl Strategy<Value = Stamps> {
    // Event times of absurd clocks are negative, or far ahead.
    let times = (-100_000_000_000_000..100_000_000_000_000_i64, 0..1_u64 << 55, 0..1_u64 << 55);
    let times = times.prop_map(|(event_time_ms, due_us, sent_us)| Stamps { event_time_ms, due_us, sent_us });
    // In January 1970 milliseconds look like the seconds of today.
    times.prop_filter("seconds of our time", |stamps| !(946_684_800..4_102_444_800).contains(&stamps.event_time_ms))
}

fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    (any_stamps(), 0..40_u32, 0..1_u64 << 42)
        .prop_map(|(stamps, filler, sequence)| payload(EventId { sequence, ..ID }, &stamps, filler))
}

fn by_pointers(payload: &[u8]) -> Extracted {
    Extractor { own_layout: false, ..json() }.extract(Some(payload), no_headers)
}

proptest! {
    #[test]
    fn what_was_written_is_read(stamps in any_stamps(), filler in 0..300_u32) {
        let payload = payload(ID, &stamps, filler);
        let found = own_layout(&payload);
        let expected = Extracted {
            id: Ok(ID),
            due_us: Some(stamps.due_us),
            sent_us: Some(stamps.sent_us),
            event_time_ms: Some(stamps.event_time_ms),
            fault: None,
        };
        prop_assert_eq!(found, Some(expected));
        prop_assert_eq!(by_pointers(&payload), expected);
    }

    #[test]
    fn a_cut_payload_is_unreadable_and_says_so(payload in any_payload(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(payload.len());
        let found = json().extract(Some(&payload[..cut]), no_headers);
        prop_assert_eq!(found.id, Err(Unidentified::Unreadable));
        prop_assert_eq!(found.fault, Some(if cut == 0 { Fault::Empty } else { Fault::CutShort }));
    }

    /// The fast path and the general path read the same from anything that is still JSON.
    #[test]
    fn a_changed_payload_reads_the_same_both_ways(
        mut payload in any_payload(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        for (place, byte) in changes {
            let place = place.index(payload.len());
            payload[place] = byte;
        }
        let found = json().extract(Some(&payload), no_headers);
        let general = by_pointers(&payload);
        if !matches!(general.fault, Some(Fault::CutShort | Fault::NotJson)) {
            prop_assert_eq!(found, general);
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_event(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let header = |_: &str| Some(bytes.as_slice());
        for extractor in [json(), Extractor::of_layout(Layout::of_headers())] {
            prop_assert!(extractor.extract(Some(&bytes), header).id.is_err());
        }
    }
}

fn stage(id: &str, due: &str, sent: &str) -> Stage {
    Stage {
        name: "out".to_owned(),
        topic: "out".to_owned(),
        id: Some(id.to_owned()),
        due: Some(due.to_owned()),
        sent: Some(sent.to_owned()),
        event_time: Some("/at".to_owned()),
        group: None,
        client: crate::profile::Client::default(),
        isolation: crate::profile::Isolation::default(),
        event_time_format: None,
        quiet: crate::profile::units::Span::from_secs(5),
        codec: None,
        schema: None,
        references: std::collections::BTreeMap::new(),
        message: None,
        results: None,
        implied: false,
        schema_text: None,
    }
}

#[test]
fn parts_are_found_where_a_pipeline_put_them() {
    let extractor = Extractor::of_stage(Layout::of_json(), &stage("/meta/0/id", "header:due", "/s")).unwrap();
    let payload = format!(r#"{{"meta":[{{"id":"{}"}}],"s":1.5e15,"at":"-12"}}"#, ID.to_uuid());
    let header = |name: &str| (name == "due").then_some(&b"123"[..]);
    let expected = Extracted {
        id: Ok(ID),
        due_us: Some(123),
        sent_us: Some(1_500_000_000_000_000),
        event_time_ms: Some(-12),
        fault: None,
    };
    assert_eq!(extractor.extract(Some(payload.as_bytes()), header), expected);
}

#[test]
fn headers_hold_text_or_raw_bytes() {
    let uuid = ID.to_uuid();
    let text = uuid.to_string();
    let raw_due = 1_760_000_000_123_456_u64.to_be_bytes();
    for id in [uuid.as_bytes().as_slice(), text.as_bytes()] {
        for due in [raw_due.as_slice(), b"1760000000123456"] {
            let header = |name: &str| match name {
                HEADER_ID => Some(id),
                HEADER_DUE | HEADER_SENT => Some(due),
                _ => None,
            };
            let found = Extractor::of_layout(Layout::of_headers()).extract(None, header);
            assert_eq!((found.id, found.due_us), (Ok(ID), Some(1_760_000_000_123_456)));
            assert_eq!(found.fault, Some(Fault::Missing(Part::EventTime)));
        }
    }
}

#[test]
fn what_is_wrong_with_a_message_is_named() {
    let own = format!(r#"{{"id":"{}","due":"soon"}}"#, ID.to_uuid());
    for (payload, fault) in [
        ("", Fault::Empty),
        ("hello", Fault::NotJson),
        ("{\"id\": 7", Fault::CutShort),
        ("{\"due\": 7}", Fault::Missing(Part::Id)),
        ("{\"id\": \"x\"}", Fault::NotUuid),
        (own.as_str(), Fault::NotNumber(Part::Due)),
    ] {
        assert_eq!(json().extract(Some(payload.as_bytes()), no_headers).fault, Some(fault), "{payload}");
    }
    assert_eq!(json().extract(Some(own.as_bytes()), no_headers).id, Ok(ID), "a wrong time leaves the id");
}

#[test]
fn a_place_is_a_pointer_or_a_header() {
    assert_eq!(Place::parse("header:x-id"), Ok(Place::Header("x-id".to_owned())));
    assert!(Place::parse("header:").is_err());
    let error = Extractor::of_stage(Layout::of_json(), &stage("meta.id", "/due", "/sent")).unwrap_err();
    assert!(error.to_string().contains("`meta.id`"), "{error}");
}

#[test]
fn an_id_with_blanks_or_a_mark_round_it_is_read() {
    let id = ID.to_uuid().to_string();
    for round in [format!(" {id}"), format!("{id}\n"), format!("\u{feff}{id}"), format!("\t{id} \u{feff}")] {
        let payload = format!("{{\"id\": {}, \"due\": 1}}", serde_json::to_string(&round).unwrap());
        assert_eq!(json().extract(Some(payload.as_bytes()), no_headers).id, Ok(ID), "{round:?}");
        let header = |_: &str| Some(round.as_bytes());
        let found = Extractor::of_layout(Layout::of_headers()).extract(Some(b""), header);
        assert_eq!(found.id, Ok(ID), "{round:?} in a header");
    }
    let marked = [&b"\xEF\xBB\xBF"[..], &payload(ID, &Stamps { event_time_ms: 1, due_us: 2, sent_us: 3 }, 5)].concat();
    let found = json().extract(Some(&marked), no_headers);
    assert_eq!((found.id, found.due_us, found.fault), (Ok(ID), Some(2), None));
}

fn at(place: Place, form: TimeForm) -> Option<TimePlace> {
    Some(TimePlace { place, form })
}

#[test]
fn times_are_read_in_the_form_that_the_stream_writes_them_in() {
    let pointer = |text: &str| Place::Pointer(text.to_owned());
    let layout = Layout {
        id: pointer("/id"),
        due: at(pointer("/due"), TimeForm::Rfc3339),
        sent: at(Place::Header("sent".to_owned()), TimeForm::Number(Unit::Ms)),
        event_time: None,
    };
    let payload = format!(r#"{{"id":"{}","due":"2030-01-31T11:00:30.000007Z"}}"#, ID.to_uuid());
    let header = |name: &str| (name == "sent").then_some(&b"1896087630500"[..]);
    let expected = Extracted {
        id: Ok(ID),
        due_us: Some(1_896_087_630_000_007),
        sent_us: Some(1_896_087_630_500_000),
        event_time_ms: None,
        fault: None,
    };
    assert_eq!(Extractor::of_layout(layout).extract(Some(payload.as_bytes()), header), expected);
}

#[test]
fn an_id_is_found_anywhere_in_a_text() {
    let extractor = Extractor::of_layout(Layout { id: Place::Text, due: None, sent: None, event_time: None });
    let other = "0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b";
    for payload in
        [format!("<o id='{}'/>", ID.to_uuid()), format!("{other};8-{};x", ID.to_uuid().to_string().to_uppercase())]
    {
        let found = extractor.extract(Some(payload.as_bytes()), no_headers);
        assert_eq!((found.id, found.fault), (Ok(ID), None), "{payload}");
    }
    let found = extractor.extract(Some(other.as_bytes()), no_headers);
    assert_eq!((found.id, found.fault), (Err(Unidentified::Unreadable), Some(Fault::Missing(Part::Id))));
}

#[test]
fn a_tombstone_is_read_from_its_headers_wherever_other_messages_have_their_parts() {
    let id = ID.to_uuid().to_string();
    let header = |name: &str| match name {
        HEADER_ID => Some(id.as_bytes()),
        "floodmark-event-time" => Some(&b"1760000000123"[..]),
        HEADER_DUE => Some(&b"1760000000123456"[..]),
        HEADER_SENT => Some(&b"1760000000123999"[..]),
        _ => None,
    };
    let expected = Extracted {
        id: Ok(ID),
        due_us: Some(1_760_000_000_123_456),
        sent_us: Some(1_760_000_000_123_999),
        event_time_ms: Some(1_760_000_000_123),
        fault: None,
    };
    let in_text = Layout { id: Place::Text, due: None, sent: None, event_time: at(Place::Text, TimeForm::Rfc3339) };
    for extractor in [json(), Extractor::of_layout(in_text), json().with_form(&TimeForm::Rfc3339)] {
        assert_eq!(extractor.extract(None, header), expected);
        assert_eq!(extractor.extract(None, no_headers).id, Err(Unidentified::Unreadable), "a stranger's tombstone");
        assert_eq!(extractor.extract(Some(b""), header).id, Err(Unidentified::Unreadable), "an empty payload is none");
    }
}
