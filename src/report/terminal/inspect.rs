//! What `floodmark inspect` shows of a topic.

use serde_json::{Value, json};

use super::Look;
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::curve::moment_text;
use crate::inspect::{Field, Format, Inspection, KeyForm, Own};
use crate::report::figures;

/// The most fields that are shown.
const MOST_ROWS: usize = 40;
/// The most candidates of a kind that are named.
const MOST_NAMED: usize = 4;

/// A topic's messages for a person.
#[must_use]
pub(crate) fn for_people(seen: &Inspection, look: Look) -> String {
    let mut text = String::new();
    push_head(&mut text, seen);
    push_fields(&mut text, "fields", &seen.fields, seen);
    if seen.more_fields > 0 {
        line(&mut text, &format!("  and fields of {} further values", figures::count(seen.more_fields as u64)));
    }
    push_fields(&mut text, "headers", &seen.headers, seen);
    push_parts(&mut text, seen, look);
    text
}

fn push_head(text: &mut String, seen: &Inspection) {
    let partitions =
        if seen.partitions == 1 { "1 partition".to_owned() } else { format!("{} partitions", seen.partitions) };
    line(text, &format!("{}: {partitions}, the {} newest messages", seen.topic, figures::count(seen.messages as u64)));
    text.push('\n');
    let mut table = plain_table(2, 0..0);
    table.add_row(["format".to_owned(), format_text(seen)]);
    table.add_row(["size".to_owned(), size_text(seen)]);
    table.add_row(["key".to_owned(), key_text(seen)]);
    table.add_row(["timestamps".to_owned(), stamps_text(seen)]);
    push_table(text, &table);
}

fn format_text(seen: &Inspection) -> String {
    let own = match seen.own {
        Some(Own::Json) => ", floodmark's own",
        Some(Own::Headers) => ", with floodmark's headers",
        None => "",
    };
    let name = |format: &Format| match (format, seen.columns) {
        (Format::Text, Some((separator, columns))) => {
            let separator = if separator == '\t' { "tabs".to_owned() } else { format!("`{separator}`") };
            format!("CSV, {columns} columns between {separator}")
        }
        (Format::Framed { schema_id, .. }, _) if seen.registry.is_some() => {
            let codec = seen.registry.as_ref().map_or("", |registry| registry.codec);
            format!("{codec}, schema {schema_id} of the registry")
        }
        _ => format.name(),
    };
    match seen.formats.as_slice() {
        [(only, _)] => format!("{}{own}", name(only)),
        all => {
            let each =
                |(format, count): &(Format, usize)| format!("{} of {}", figures::count(*count as u64), name(format));
            format!("{}{own}", all.iter().map(each).collect::<Vec<_>>().join("; "))
        }
    }
}

fn size_text(seen: &Inspection) -> String {
    let Some([least, median, most]) = seen.sizes else { return "no payloads".to_owned() };
    if least == most {
        return figures::bytes(least);
    }
    format!("{} to {}, median {}", figures::bytes(least), figures::bytes(most), figures::bytes(median))
}

fn key_text(seen: &Inspection) -> String {
    let key = &seen.key;
    if key.form == KeyForm::None {
        return "none".to_owned();
    }
    let all =
        if key.keyed == seen.messages { String::new() } else { format!(" in {} of {}", key.keyed, seen.messages) };
    let example = key.example.as_ref().map(|example| format!(", as {example}")).unwrap_or_default();
    format!("{}{all}, {} different{example}", key.form.name(), figures::count(key.distinct as u64))
}

fn stamps_text(seen: &Inspection) -> String {
    let Some((first, last)) = seen.stamps_ms else { return "none".to_owned() };
    let by = if seen.are_appended { "set by the broker" } else { "set by the producer" };
    let rate = seen.per_s.map(|per_s| format!(", about {}", figures::rate(per_s))).unwrap_or_default();
    format!("{} to {}, {by}{rate}", moment_text(first), moment_text(last))
}

fn push_fields(text: &mut String, title: &str, fields: &[Field], seen: &Inspection) {
    if fields.is_empty() {
        return;
    }
    text.push('\n');
    let mut table = plain_table(5, 2..4);
    table.add_row([title, "kind", "in", "different", "example"]);
    for field in fields.iter().take(MOST_ROWS) {
        let share = figures::share(field.messages as u64, seen.messages as u64);
        let path = field.path.strip_prefix("header:").unwrap_or(&field.path);
        table.add_row([
            path.to_owned(),
            field.kind_names(),
            share,
            figures::count(field.distinct as u64),
            field.example.clone(),
        ]);
    }
    push_table(text, &table);
    if fields.len() > MOST_ROWS {
        line(text, &format!("  and {} more; --json lists them", fields.len() - MOST_ROWS));
    }
}

/// What could be an event's id, times and key; and what could not be read.
fn push_parts(text: &mut String, seen: &Inspection, look: Look) {
    let found = &seen.candidates;
    text.push('\n');
    let mut table = plain_table(2, 0..0);
    match found.own_ids.is_empty() {
        true => table.add_row(["could be the id".to_owned(), named(&found.ids)]),
        false => table.add_row(["floodmark's id".to_owned(), named(&found.own_ids)]),
    };
    let times: Vec<String> = found
        .times
        .iter()
        .map(|time| format!("{} ({}, {})", time.path, time.format, distance(time.before_record_ms)))
        .collect();
    table.add_row(["could be the event time".to_owned(), named(&times)]);
    table.add_row(["equals the key".to_owned(), named(&found.keys)]);
    push_table(text, &table);
    notes(seen).iter().for_each(|note| push_wrapped(text, note, look.width));
}

fn named(paths: &[String]) -> String {
    let more = paths.len().saturating_sub(MOST_NAMED);
    let named = paths.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    match (paths.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => named,
        (false, more) => format!("{named} and {more} more"),
    }
}

fn distance(before_ms: i64) -> String {
    let length = figures::length(before_ms.unsigned_abs());
    match before_ms {
        0 => "equal to the record's timestamp".to_owned(),
        1.. => format!("{length} before the record's timestamp"),
        _ => format!("{length} after the record's timestamp"),
    }
}

/// What to do about what could not be read.
fn notes(seen: &Inspection) -> Vec<String> {
    let mut notes = Vec::new();
    let is_closed = seen.fields.is_empty();
    let ids = seen.schema_ids();
    if !ids.is_empty() && is_closed {
        let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
        notes.push(format!(
            "the fields are in the registry's schema {}: give --registry URL to see them",
            ids.join(", ")
        ));
    } else if seen.has_schema_header && is_closed {
        notes.push(
            "the names of the fields are in the registry, in the schema that the header __value_schema_id names: give --registry URL to see them"
                .to_owned(),
        );
    } else if is_closed && seen.format() == Format::ProtobufLike {
        notes.push("Protobuf without a registry says no names of fields: carry the id in a header".to_owned());
    }
    if seen.candidates.own_ids.is_empty() && !seen.candidates.ids.is_empty() {
        notes.push("no id of floodmark's was seen; what could be the id differs in every message".to_owned());
    }
    if seen.messages < 2 {
        notes.push("one message tells little: what differs from message to message cannot be seen".to_owned());
    }
    notes
}

/// The same for programs.
#[must_use]
pub(crate) fn for_programs(seen: &Inspection) -> Value {
    let fields = |fields: &[Field]| -> Vec<Value> {
        let field = |field: &Field| {
            json!({ "path": field.path, "kinds": field.kinds, "messages": field.messages, "values": field.values,
                "distinct": field.distinct, "example": field.example })
        };
        fields.iter().map(field).collect()
    };
    let own = seen.own.map(|own| if own == Own::Json { "json" } else { "headers" });
    json!({
        "topic": seen.topic,
        "partitions": seen.partitions,
        "messages": seen.messages,
        "formats": seen.formats.iter().map(|(format, count)| json!({ "name": format.name(), "messages": count })).collect::<Vec<_>>(),
        "columns": seen.columns.map(|(separator, columns)| json!({ "separator": separator, "count": columns })),
        "schema_ids": seen.schema_ids(),
        "floodmark": own,
        "size_bytes": seen.sizes.map(|[least, median, most]| json!({ "min": least, "p50": median, "max": most })),
        "key": seen.key,
        "timestamps": seen.stamps_ms.map(|(first, last)| json!({ "first": moment_text(first), "last": moment_text(last), "by_broker": seen.are_appended })),
        "rate_per_s": seen.per_s,
        "fields": fields(&seen.fields),
        "headers": fields(&seen.headers),
        "candidates": seen.candidates,
    })
}
