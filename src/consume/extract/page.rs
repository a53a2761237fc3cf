//! Holds docs/events.md to the code: its examples are what is written and read, and what it says to write is taken.

use super::*;
use crate::event::payload::{JsonWriter, Size, Stamps};
use crate::event::{Partition, RunTag};
use crate::profile::{Isolation, Profile, Stage};

const PAGE: &str = include_str!("../../../docs/events.md");
const ID: EventId =
    EventId { run: RunTag(0x1f3a_9c04), stream: 0, producer: 3, partition: Partition::new(2), sequence: 41 };
const STAMPS: Stamps =
    Stamps { event_time_ms: 1_760_000_000_123, due_us: 1_760_000_000_123_456, sent_us: 1_760_000_000_123_999 };

/// The text between a fence and the next.
fn fenced(language: &str) -> &'static str {
    PAGE.split_once(&format!("```{language}\n")).unwrap().1.split_once("\n```").unwrap().0
}

/// What stands between backticks in the rows that begin with `start`.
fn quoted(row: &'static str) -> impl Iterator<Item = &'static str> {
    row.split('`').skip(1).step_by(2)
}

fn rows() -> impl Iterator<Item = &'static str> {
    PAGE.lines().filter(|line| line.starts_with("| "))
}

#[test]
fn the_id_of_the_page_has_the_bits_that_the_page_says() {
    let id = ID.to_uuid();
    assert!(PAGE.contains(&format!("written as text: `{id}`")), "{id}");
    let bits = |from: u32, to: u32| (id.as_u128() << from) >> (127 - to + from);
    let field = |from: u32, to: u32| rows().find(|row| row.starts_with(&format!("| {from}–{to} "))).unwrap();
    let (run, check) = (format!("`{:08x}`", bits(0, 31)), format!("`{:04x}`", bits(32, 47)));
    assert!(field(0, 31).ends_with(&format!("| {run} |")) && field(32, 47).ends_with(&format!("| {check} |")));
    for (from, to, value) in [(52, 63, 3), (66, 71, 0), (72, 85, 2), (86, 127, 41)] {
        assert_eq!(bits(from, to), value, "{from}–{to}");
        assert!(field(from, to).ends_with(&format!("| {value} |")), "{}", field(from, to));
    }
    assert_eq!((bits(48, 51), bits(64, 65)), (8, 2));
}

#[test]
fn the_check_bits_are_calculated_as_the_page_says() {
    let (high, low) = ID.to_uuid().as_u64_pair();
    let (high, low) = (high & !0xffff_f000, low & !(0b11 << 62));
    let [one, two, three] = ["0x9E3779B97F4A7C15", "0xBF58476D1CE4E5B9", "0x94D049BB133111EB"].map(|factor| {
        assert!(PAGE.contains(factor));
        u64::from_str_radix(&factor[2..], 16).unwrap()
    });
    let z = high.wrapping_mul(one) ^ low;
    let z = (z ^ z >> 30).wrapping_mul(two);
    let z = (z ^ z >> 27).wrapping_mul(three);
    assert_eq!((z ^ z >> 31) >> 48, 0xf2b7);
}

#[test]
fn the_json_of_the_page_is_what_is_written_and_read() {
    let mut written = b"k12".to_vec();
    JsonWriter::default().write(&mut written, ID, &STAMPS, Some(0..3), Size::Filler(0));
    let example = fenced("json");
    assert_eq!(example.replace("FILLER", "").as_bytes(), &written[3..]);
    let found = Extractor::of_layout(Layout::of_json()).extract(Some(example.as_bytes()), |_| None);
    assert_eq!((found.id, found.event_time_ms), (Ok(ID), Some(STAMPS.event_time_ms)));
    assert_eq!((found.due_us, found.sent_us), (Some(STAMPS.due_us), Some(STAMPS.sent_us)));
}

#[test]
fn the_headers_of_the_page_are_read() {
    let header = |name: &str| {
        let row = rows().find(|row| quoted(row).next() == Some(name))?;
        quoted(row).nth(1).map(str::as_bytes)
    };
    let found = Extractor::of_layout(Layout::of_headers()).extract(Some(b"]^_"), header);
    assert_eq!((found.id, found.fault), (Ok(ID), None));
    assert_eq!((found.due_us, found.sent_us), (Some(STAMPS.due_us), Some(STAMPS.sent_us)));
    assert_eq!(found.event_time_ms, Some(STAMPS.event_time_ms));
}

const STREAM: &str = "duration = \"10s\"\n[[stream]]\nname = \"orders\"\nrate = \"1/s\"\n";

fn stage(lines: &str) -> Stage {
    let text = format!("{STREAM}{lines}");
    let profile = Profile::from_text(&text, "page.toml").unwrap_or_else(|error| panic!("{error}\n{text}")).profile;
    profile.streams[0].stages[0].clone()
}

#[test]
fn what_the_page_says_to_write_is_taken() {
    let whole = stage(fenced("toml"));
    assert_eq!(whole.id.as_deref(), Some("/payload/after/id"));
    let table = PAGE.split_once("| your pipeline |").unwrap().1;
    let lines = table.lines().flat_map(quoted).filter(|quoted| quoted.contains(" = ") && !quoted.contains('…'));
    let lines: Vec<&str> = lines.collect();
    assert!(lines.len() >= 10, "{lines:?}");
    for line in lines {
        stage(&format!("[[stream.stage]]\nname = \"output\"\ntopic = \"out\"\n{line}\n"));
    }
    let reads_all = stage("[[stream.stage]]\nname = \"output\"\ntopic = \"out\"\nisolation = \"read_uncommitted\"\n");
    assert_eq!(reads_all.isolation, Isolation::ReadUncommitted);
}
