//! What a record carries beside its payload: headers, no payload at all, no key.

use crate::profile::{KeyDistribution, Records, Stream, bounds::MAX_PARTITIONS, fault::Faults};

/// The longest name of a header.
const MAX_HEADER_CHARS: usize = 249;
/// What the names of floodmark's own headers begin with.
const OWN_HEADERS: &str = "floodmark-";

/// The records of one stream.
pub(super) fn record(stream: &Stream, faults: &mut Faults<'_>) {
    headers(stream, &mut faults.at("headers"));
    fields(stream, &mut faults.at("payload"));
    compression(stream, faults);
    partition_weights(stream, faults);
    shares(stream, faults);
    tombstones(stream, faults);
    null_keys(stream, faults);
}

fn headers(stream: &Stream, faults: &mut Faults<'_>) {
    for name in stream.headers.keys() {
        if let Some(why) = why_no_header(name) {
            faults.add_named(name, format!("a header's name {why}"));
        }
    }
    let has_key = |name: &&str| stream.read_headers.iter().any(|(known, text)| &**known == *name && text.has_key());
    if stream.keys.distribution == KeyDistribution::None {
        for name in stream.headers.keys().map(String::as_str).filter(has_key) {
            faults.add_named(name, format!("the header `{name}` has a place for the key, and the events have none"));
        }
    }
}

fn why_no_header(name: &str) -> Option<String> {
    let chars = name.chars().count();
    if name.trim().is_empty() {
        return Some("cannot be empty".to_owned());
    }
    if chars > MAX_HEADER_CHARS {
        return Some(format!("is {chars} characters long (limit {MAX_HEADER_CHARS})"));
    }
    if let Some(odd) = name.chars().find(|next| next.is_control()) {
        return Some(format!("cannot contain `{}`", odd.escape_debug()));
    }
    let is_own = name.to_ascii_lowercase().starts_with(OWN_HEADERS);
    is_own.then(|| format!("cannot begin with `{OWN_HEADERS}`, as `{name}` does: these are floodmark's own"))
}

/// Every field must have a place, and a field of the key needs keys.
fn fields(stream: &Stream, faults: &mut Faults<'_>) {
    let fields = &stream.payload.fields;
    let is_by_schema = stream.payload.codec.schema_kind().is_some();
    let has_texts = stream.payload.template.is_some() || !stream.headers.is_empty() || stream.keys.template.is_some();
    if !has_texts && is_by_schema {
        return; // Pointers into the schema, which knows them.
    }
    if !has_texts {
        return faults.only_with("fields", !fields.is_empty(), "template = \"order.json\"");
    }
    let in_key = |field: usize| stream.keys.read.as_ref().is_some_and(|key| key.uses(field));
    let in_texts = |name: &str| stream.texts().any(|text| !text.unused(fields).contains(&name));
    for (field, name) in fields.keys().enumerate() {
        let is_in_schema = is_by_schema && name.starts_with('/');
        if !is_in_schema && !in_key(field) && !in_texts(name) {
            let help = format!("write {{{{{name}}}}} in the template, a header or the key, or remove the field");
            faults.at_name("fields", name).add_here(format!("nothing has a place for the field `{name}`"), help);
        }
    }
    if stream.keys.distribution == KeyDistribution::None && !is_by_schema {
        for (name, _) in fields.iter().filter(|(_, field)| field.belongs_to_key()) {
            faults.at_name("fields", name).add_help(
                "by",
                format!("`{name}` belongs to the key, and the events have none"),
                "give the stream keys, or remove it",
            );
        }
    }
}

fn compression(stream: &Stream, faults: &mut Faults<'_>) {
    let Some(level) = stream.compression_level else { return };
    let Some(codec) = stream.compression else {
        return faults.only_with("compression_level", true, "compression = \"zstd\"");
    };
    match codec.levels() {
        None => {
            let message = format!("compression = \"{}\" has no levels", codec.name());
            faults.add_help("compression_level", message, "remove `compression_level`, or choose gzip, lz4 or zstd");
        }
        Some(levels) if !levels.contains(&level) => {
            let (least, most) = (levels.start(), levels.end());
            let message = format!("`compression_level` is {level}; {} has {least} to {most}", codec.name());
            faults.add("compression_level", message);
        }
        Some(_) => {}
    }
}

fn partition_weights(stream: &Stream, faults: &mut Faults<'_>) {
    let weights = &stream.partition_weights;
    if weights.is_empty() {
        return;
    }
    let count = weights.len() as u64;
    if let Some(partitions) = stream.partitions.filter(|partitions| u64::from(*partitions) != count) {
        let message = format!("there are {count} `partition_weights` for {partitions} partitions");
        faults.add_help("partition_weights", message, "write one weight for each partition");
    } else if count > u64::from(MAX_PARTITIONS) {
        faults.add("partition_weights", format!("there are {count} `partition_weights` (limit {MAX_PARTITIONS})"));
    }
    let is_weight = |weight: &f64| *weight >= 0.0 && weight.is_finite();
    if !weights.iter().all(is_weight) || weights.iter().sum::<f64>() <= 0.0 {
        let message = "a weight must be 0 or more, and at least one above 0";
        faults.add_help("partition_weights", message, "write [3, 1] for three to one");
    }
}

/// Tombstones and null keys are drawn together: no event is both.
fn shares(stream: &Stream, faults: &mut Faults<'_>) {
    let (tombstones, null_keys) = (stream.tombstone_share(), stream.null_key_share());
    faults.at("payload").share("tombstone_share", tombstones);
    faults.at("keys").share("null_share", null_keys);
    let are_shares = tombstones <= 1.0 && null_keys <= 1.0;
    if are_shares && tombstones + null_keys > 1.0 {
        faults.at("payload").add_help(
            "tombstone_share",
            format!(
                "{tombstones} of the events are tombstones and {null_keys} have no key: together more than all of them"
            ),
            "a tombstone always has a key, since it deletes that key; lower one of the shares",
        );
    }
    if stream.keys.distribution == KeyDistribution::None {
        let has_text = stream.keys.template.is_some();
        let keyed = "a distribution of keys other than \"none\"";
        faults.at("payload").only_with("tombstone_share", tombstones > 0.0, keyed);
        faults.at("keys").only_with("null_share", null_keys > 0.0, keyed);
        faults.at("keys").only_with("template", has_text, keyed);
    }
}

/// An engine reads no event time in a tombstone, and counts it in no window: what it should do with it is not known.
fn tombstones(stream: &Stream, faults: &mut Faults<'_>) {
    if !stream.has_tombstones() {
        return;
    }
    let is_drawn = stream.tombstone_share() > 0.0;
    let (table, key, help) = if is_drawn {
        ("payload", "tombstone_share", "remove tombstone_share, or send the tombstones in a stream of their own")
    } else {
        ("records", "file", "remove the records without a payload, or replay them in a stream of their own")
    };
    if !stream.watermarks.is_empty() {
        let message = "a watermark model needs the event time of every event, and engines read none in a tombstone";
        faults.at(table).add_help(key, message, help);
    }
    if stream.stages.iter().any(|stage| stage.results.is_some()) {
        let message = "the stream's window results are checked, and engines leave tombstones out of windows";
        faults.at(table).add_help(key, message, help);
    }
}

/// An engine that drops records without a key before it groups them counts other events than its model.
fn null_keys(stream: &Stream, faults: &mut Faults<'_>) {
    let recorded = stream.records.as_ref().and_then(Records::recorded);
    let are_recorded = recorded.is_some_and(|recorded| !recorded.all_have_keys());
    let drops_them = stream.watermarks.iter().any(|model| model.engine.settings().drops_null_keys);
    if !drops_them || !(are_recorded || stream.null_key_share() > 0.0) {
        return;
    }
    let message =
        "Kafka Streams drops records without a key before its windows see them, so its model would count other events";
    if are_recorded {
        let help = "remove the records without a key, or the watermark model of kafka-streams";
        faults.at("records").add_help("file", message, help);
    } else {
        faults.at("keys").add_help("null_share", message, "remove null_share, or the watermark model of kafka-streams");
    }
}
