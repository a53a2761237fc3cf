use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::event::payload::{Size, Stamps};
use crate::event::place::{Place, TimePlace};
use crate::event::time_form::Unit;
use crate::event::{EventId, Partition, RunTag};
use crate::payload::encoder::EventParts;
use crate::payload::generator::FieldSeeds;

const ID: EventId = EventId { run: RunTag(7), stream: 0, producer: 3, partition: Partition::new(2), sequence: 41 };
const STAMPS: Stamps =
    Stamps { event_time_ms: 1_760_000_000_123, due_us: 1_760_000_000_123_456, sent_us: 1_760_000_000_123_999 };

const FIELDS: &str = r#"
country = { kind = "choice", values = ["DE", "Côte d'Ivoire", "say \"hi\""], by = "key" }
quantity = { kind = "integer", min = 1, max = 9 }
price = { kind = "decimal", law = "log-normal", median = 20, sigma = 0.8, min = 1, max = 500 }
lines = { kind = "integer", min = 0, max = 3 }
gift = { kind = "boolean" }
many = { kind = "integer", min = 0, max = 1e9 }
"#;

fn fields() -> BTreeMap<String, Field> {
    toml::from_str(FIELDS).unwrap()
}

fn template_of(text: &str, escape: Escape, in_headers: &[Part]) -> Result<Template, TemplateError> {
    Template::new(text, escape, &fields(), in_headers)
}

fn template(text: &str) -> Template {
    template_of(text, Escape::Json, &[]).unwrap()
}

fn written(template: &Template, event: u64, size: Size) -> String {
    let mut out = b"k12".to_vec();
    let seeds = FieldSeeds { event, key: event % 5 };
    let parts = EventParts { id: ID, stamps: &STAMPS, key: Some(0..3), size_bytes: 0, seeds };
    TemplateWriter::new(Arc::new(template.clone())).write(&mut out, &parts, size);
    String::from_utf8(out.split_off(3)).unwrap()
}

fn json(template: &Template, event: u64) -> Value {
    let text = written(template, event, Size::Whole(0));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

const ORDER: &str = r#"{
  "meta": { "id": "{{id}}", "at": "{{event_time:rfc3339}}", "n": {{sequence}} },
  "customer": { "key": "{{key}}", "country": "{{country}}" },
  "lines": [{{repeat lines ", "}}{ "qty": {{quantity}}, "price": {{price}} }{{end}}],{{if gift}}
  "gift": true,{{end}}
  "times": [{{due}}, "{{sent:ms}}"]
}
"#;

#[test]
fn every_place_holds_what_it_names() {
    let order = template(ORDER);
    let (mut gifts, mut counts) = (0, [0; 4]);
    for event in 0..200 {
        let value = json(&order, event);
        assert_eq!(value["meta"]["id"], ID.to_uuid().to_string());
        assert_eq!(value["meta"]["at"], "2025-10-09T08:53:20.123Z");
        assert_eq!(value["meta"]["n"], 41);
        assert_eq!(value["customer"]["key"], "k12");
        assert_eq!(value["times"], serde_json::json!([STAMPS.due_us, "1760000000123"]));
        let lines = value["lines"].as_array().unwrap();
        counts[lines.len()] += 1;
        assert!(lines.iter().all(|line| (1.0..=500.0).contains(&line["price"].as_f64().unwrap())));
        gifts += usize::from(value.get("gift").is_some());
        assert_eq!(
            value["customer"]["country"],
            json(&order, event + 5)["customer"]["country"],
            "it belongs to the key"
        );
    }
    assert!((60..140).contains(&gifts) && counts.iter().all(|count| *count > 20), "{gifts} {counts:?}");
    assert!(!written(&order, 1, Size::Whole(0)).ends_with('\n'), "the file's last line end is not sent");
}

#[test]
fn the_turns_of_a_repeated_part_differ() {
    let order = template(ORDER);
    let three = (0..100).map(|event| json(&order, event)).find(|value| value["lines"].as_array().unwrap().len() == 3);
    let prices: Vec<String> =
        three.unwrap()["lines"].as_array().unwrap().iter().map(|line| line["price"].to_string()).collect();
    assert!(prices[0] != prices[1] && prices[1] != prices[2], "{prices:?}");
}

#[test]
fn the_layout_follows_from_the_text() {
    let at = |pointer: &str, form| Some(TimePlace { place: Place::Pointer(pointer.to_owned()), form });
    let expected = Layout {
        id: Place::Pointer("/meta/id".to_owned()),
        due: at("/times/0", TimeForm::Number(Unit::Us)),
        sent: at("/times/1", TimeForm::Number(Unit::Ms)),
        event_time: at("/meta/at", TimeForm::Rfc3339),
    };
    assert_eq!(*template(ORDER).layout(), expected);

    let xml = template_of("<order id='{{id}}' at='{{sent}}'>{{country}}</order>", Escape::Xml, &[Part::Due]).unwrap();
    assert_eq!(xml.layout().id, Place::Text);
    assert_eq!(xml.layout().due, Layout::of_headers().due, "what travels in a header is found there");
    assert_eq!(xml.layout().sent, None, "a time in a text that is not JSON is not read");

    let inside = template("{ \"a/b\": { \"urn\": \"urn:order:{{id}}\", \"~\": {{event_time}} } }");
    assert_eq!(inside.layout().id, Place::Text);
    assert_eq!(inside.layout().event_time, at("/a~1b/~0", TimeForm::Number(Unit::Ms)));
}

#[test]
fn texts_are_escaped_as_the_file_asks() {
    let texts = |escape, around: &str| -> Vec<String> {
        let template = template_of(around, escape, &[]).unwrap();
        (0..40).map(|event| written(&template, event, Size::Whole(0))).collect()
    };
    let json = texts(Escape::Json, "{ \"id\": \"{{id}}\", \"c\": \"{{country}}\" }");
    let read: Vec<Value> = json.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert!(read.iter().any(|value| value["c"] == "say \"hi\""));
    let xml = texts(Escape::Xml, "<o id='{{id}}' c='{{country}}'/>");
    assert!(
        xml.iter().any(|text| text.contains("c='say &quot;hi&quot;'"))
            && xml.iter().any(|text| text.contains("d&apos;Ivoire"))
    );
    assert!(texts(Escape::None, "{{id}};{{country}}").iter().any(|text| text.ends_with(";say \"hi\"")));
}

#[test]
fn filler_brings_a_payload_to_its_size_wherever_it_stands() {
    let template = template("{ \"id\": \"{{id}}\", \"pad\": \"{{filler}}\", \"end\": {{quantity}} }");
    for bytes in [100_u32, 101, 4_000] {
        let text = written(&template, 3, Size::Whole(bytes));
        assert_eq!(text.len(), bytes as usize);
        assert!(serde_json::from_str::<Value>(&text).unwrap()["end"].is_number());
    }
    let text = written(&template, 3, Size::Filler(10));
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["pad"].as_str().map(str::len), Some(10));
    assert_eq!(text.len(), 10 + written(&template, 3, Size::Whole(0)).len());
}

#[test]
fn what_is_wrong_is_told_with_line_and_column() {
    for (text, expected) in [
        ("{\n  \"id\": \"{{id\"\n}", "line 2, column 10: `{{` is not closed"),
        ("{ \"id\": \"{{id}}\", \"é\": {{}} }", "line 1, column 24: the place is empty"),
        ("{{ide}}", "line 1, column 1: no field is called `ide` (did you mean `id`?)"),
        ("{{id}}{{contry}}", "(did you mean `country`?); add [stream.payload.fields.contry]"),
        ("{{id}}\n{{sent:iso}}", "line 2, column 1: `iso` is not a time format"),
        ("{{id:hex}}", "`id` cannot have a format here"),
        ("{{id}}{{end}}", "`{{end}}` closes nothing"),
        ("{{id}}{{repeat lines}}x", "this part has no `{{end}}`"),
        ("{{id}}{{repeat gift}}x{{end}}", "`gift` must be a field of kind = \"integer\""),
        (
            "{{id}}{{repeat many}}x{{end}}",
            "`many` must be a field of kind = \"integer\" with a `max` of at most 100000",
        ),
        ("{{id}}{{if lines}}x{{end}}", "`lines` must be a field of kind = \"boolean\""),
        ("{{id}}{{repeat lines ,}}x{{end}}", "is written in quotes: `{{repeat lines \",\"}}`"),
        ("{{id}}{{filler}}{{filler}}", "one `{{filler}}` at most"),
        ("no places", "no place for the id, so nothing could be checked"),
        ("{{if gift}}{{id}}{{end}}", "only in a part that is repeated or left out"),
    ] {
        let error = template_of(text, Escape::None, &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error = template_of("{ \"id\": {{id}} }", Escape::Json, &[]).unwrap_err().to_string();
    assert!(error.contains("what the template writes is not JSON"), "{error}");
    assert!(template_of("no places", Escape::None, &[Part::Id]).is_ok(), "the id travels in a header");
}

#[test]
fn two_braces_can_be_written() {
    assert_eq!(
        written(&template_of("{{\"{{\"}}x}} {{ id }}", Escape::None, &[]).unwrap(), 1, Size::Whole(0)),
        format!("{{{{x}}}} {}", ID.to_uuid())
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(\\PC|\n|\\{\\{|\\}\\}|repeat lines|if gift|end|id|\"){0,12}") {
        if let Ok(template) = template_of(&text, Escape::None, &[Part::Id]) {
            let _written = written(&template, 1, Size::Whole(0));
        }
    }

    #[test]
    fn an_event_is_written_the_same_each_time_and_no_longer_than_told(event: u64) {
        let order = template(ORDER);
        let text = written(&order, event, Size::Whole(0));
        prop_assert_eq!(&text, &written(&order, event, Size::Whole(0)));
        prop_assert!(text.len() <= order.longest_bytes(3), "{} of {}", text.len(), order.longest_bytes(3));
    }
}
