//! Which fields of a schema could hold an id or an event time, by its text alone. Pure: whether one really can is for the codec to say.

use std::path::Path;

use serde_json::Value;

use super::candidates::{NAMES_OF_IDS, NAMES_OF_TIMES, rank};

/// The depth to which records in records are followed.
const DEEPEST: usize = 8;

/// The language of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaForm {
    /// Avro.
    Avro,
    /// Protobuf.
    Protobuf,
    /// JSON Schema.
    JsonSchema,
}

impl SchemaForm {
    /// Of a file, by its ending, and where that is `.json` by its text.
    #[must_use]
    pub(crate) fn of(file: &Path, text: &str) -> Option<Self> {
        match file.extension()?.to_str()? {
            "avsc" => Some(SchemaForm::Avro),
            "proto" => Some(SchemaForm::Protobuf),
            "json" => {
                let is_avro = serde_json::from_str::<Value>(text).is_ok_and(|schema| schema["type"] == "record");
                Some(if is_avro { SchemaForm::Avro } else { SchemaForm::JsonSchema })
            }
            _ => None,
        }
    }

    /// As a profile names the codec.
    #[must_use]
    pub(crate) fn codec(self) -> &'static str {
        match self {
            SchemaForm::Avro => "avro",
            SchemaForm::Protobuf => "protobuf",
            SchemaForm::JsonSchema => "json-schema",
        }
    }

    /// In words.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            SchemaForm::Avro => "an Avro schema",
            SchemaForm::Protobuf => "a Protobuf schema",
            SchemaForm::JsonSchema => "a JSON Schema",
        }
    }
}

/// Fields by what they could hold, as JSON pointers, the likeliest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SchemaFields {
    /// Texts.
    pub(crate) texts: Vec<String>,
    /// Moments.
    pub(crate) times: Vec<String>,
}

/// The fields of a schema.
///
/// # Errors
/// Why the text is no schema.
pub(crate) fn fields_of(form: SchemaForm, text: &str) -> Result<SchemaFields, String> {
    let mut found = SchemaFields::default();
    match form {
        SchemaForm::Protobuf => of_protobuf(text, &mut found),
        SchemaForm::Avro => of_avro(&json(text)?, "", 0, &mut found),
        SchemaForm::JsonSchema => of_json_schema(&json(text)?, "", 0, &mut found),
    }
    // Stable: fields of one rank stay in the schema's order.
    found.texts.sort_by_key(|path| rank(path, &NAMES_OF_IDS));
    found.times.sort_by_key(|path| rank(path, &NAMES_OF_TIMES));
    Ok(found)
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn below(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A record's fields; a union counts as what it can be.
fn of_avro(schema: &Value, path: &str, depth: usize, found: &mut SchemaFields) {
    let logical = schema["logicalType"].as_str().unwrap_or_default();
    match schema {
        Value::Array(choices) => choices.iter().for_each(|choice| of_avro(choice, path, depth, found)),
        Value::String(name) if name == "string" => found.texts.push(path.to_owned()),
        Value::Object(_) if logical.starts_with("timestamp-") => found.times.push(path.to_owned()),
        Value::Object(of) if of.get("type").is_some_and(|kind| kind == "fixed") && schema["size"] == 16 => {
            found.texts.push(path.to_owned());
        }
        Value::Object(of) => match (&of.get("fields"), of.get("type")) {
            (Some(Value::Array(fields)), _) if depth < DEEPEST => {
                for field in fields {
                    let path = below(path, field["name"].as_str().unwrap_or_default());
                    of_avro(&field["type"], &path, depth + 1, found);
                }
            }
            (None, Some(inner)) if inner != "array" && inner != "map" => of_avro(inner, path, depth + 1, found),
            _ => {}
        },
        _ => {}
    }
}

fn of_json_schema(schema: &Value, path: &str, depth: usize, found: &mut SchemaFields) {
    let Some(properties) = schema["properties"].as_object().filter(|_| depth < DEEPEST) else { return };
    for (name, property) in properties {
        let path = below(path, name);
        let is = |kind: &str| {
            let types = &property["type"];
            types == kind || types.as_array().is_some_and(|types| types.iter().any(|of| of == kind))
        };
        if property["format"] == "date-time" {
            found.times.push(path);
        } else if is("string") && property["enum"].is_null() && property["const"].is_null() {
            found.texts.push(path);
        } else {
            of_json_schema(property, &path, depth + 1, found);
        }
    }
}

/// The full names of the messages of a Protobuf file that stand in no other.
#[must_use]
pub(crate) fn messages_of(text: &str) -> Vec<String> {
    let (mut package, mut depth, mut names) = (String::new(), 0_usize, Vec::new());
    for line in text.lines().map(|line| line.split("//").next().unwrap_or_default()) {
        let mut words = line.split([' ', '\t', ';', '{']).filter(|word| !word.is_empty());
        match (words.next(), words.next()) {
            (Some("package"), Some(name)) => package = format!("{name}."),
            (Some("message"), Some(name)) if depth == 0 => names.push(format!("{package}{name}")),
            _ => {}
        }
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
    }
    names
}

/// The fields of the messages of a file, as its lines name them: `string order_id = 1;`.
fn of_protobuf(text: &str, found: &mut SchemaFields) {
    for line in text.lines() {
        let mut words = line.split_whitespace().skip_while(|word| *word == "optional");
        let (Some(kind), Some(name), Some("=")) = (words.next(), words.next(), words.next()) else { continue };
        match kind {
            "string" => found.texts.push(below("", name)),
            "google.protobuf.Timestamp" => found.times.push(below("", name)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(file: &str, text: &str) -> (Vec<String>, Vec<String>) {
        let form = SchemaForm::of(Path::new(file), text).unwrap();
        let SchemaFields { texts, times } = fields_of(form, text).unwrap();
        (texts, times)
    }

    fn owned(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn texts_and_moments_are_found_in_every_language() {
        let avro = r#"{"type": "record", "name": "Order", "fields": [
            {"name": "note", "type": ["null", "string"]}, {"name": "meta", "type": {"type": "record", "name": "Meta", "fields": [
                {"name": "eventId", "type": {"type": "string", "logicalType": "uuid"}},
                {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}},
            {"name": "tags", "type": {"type": "array", "items": "string"}}, {"name": "total", "type": "double"}]}"#;
        assert_eq!(fields("order.avsc", avro), (owned(&["/meta/eventId", "/note"]), owned(&["/meta/at"])));
        assert_eq!(fields("order.json", avro), fields("order.avsc", avro));
        let json = r#"{"type": "object", "properties": {"status": {"type": "string", "enum": ["a"]}, "id": {"type": ["string", "null"]},
            "a/b": {"type": "string"}, "at": {"type": "string", "format": "date-time"},
            "in": {"type": "object", "properties": {"x": {"type": "string"}}}}}"#;
        assert_eq!(fields("order.json", json), (owned(&["/id", "/a~1b", "/in/x"]), owned(&["/at"])));
        let proto = "message Order {\n  string note = 1;\n  optional string order_id = 2;\n  repeated string tags = 3;\n  google.protobuf.Timestamp at = 4;\n}";
        assert_eq!(fields("order.proto", proto), (owned(&["/order_id", "/note"]), owned(&["/at"])));
    }

    #[test]
    fn messages_inside_of_others_are_not_sent_alone() {
        let text = "package shop;\nmessage Order {\n  message Line { string sku = 1; }\n}\n// message Old {\nmessage Refund{\n}\n";
        assert_eq!(messages_of(text), owned(&["shop.Order", "shop.Refund"]));
    }

    #[test]
    fn other_files_are_no_schemas() {
        assert_eq!(SchemaForm::of(Path::new("order.xsd"), ""), None);
        assert!(fields_of(SchemaForm::Avro, "{").is_err());
    }
}
