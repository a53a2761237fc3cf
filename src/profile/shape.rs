//! Checks from the schema whether every key is known and every value of the right kind, with the position of each fault.

use std::{ops::Range, str::FromStr};

use serde_json::{Map, Value as Json};

use super::{
    WindowEdge,
    count_limit::CountLimit,
    nearest,
    tree::{Entry, Node, Value},
    units::{ByteRate, ByteSize, PhaseRate, Rate, SignedSpan, Span, UnitError},
    watermark::Window,
    window_results::ModelChoice,
};

/// A fault of shape, and its position.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// Checks a whole document against the profile's schema.
pub(super) fn check(document: &Node, schema: &Json) -> Vec<Finding> {
    let mut shape = Shape { schema, findings: Vec::new() };
    shape.table("the profile", document, &document.span, schema);
    shape.findings
}

struct Shape<'s> {
    schema: &'s Json,
    findings: Vec<Finding>,
}

impl<'s> Shape<'s> {
    fn add(&mut self, span: &Range<usize>, message: String, help: Option<String>) {
        self.findings.push(Finding { span: span.clone(), message, help });
    }

    /// Follows a `$ref` to a definition: its name and itself.
    fn resolve(&self, schema: &'s Json) -> (&'s str, &'s Json) {
        let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) else {
            return ("", schema);
        };
        (name, &self.schema["$defs"][name])
    }

    fn value(&mut self, key: &str, node: &Node, schema: &'s Json) {
        let (name, schema) = self.resolve(schema);
        if let Some(unit) = Unit::named(name) {
            return self.unit(key, node, &unit);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return self.choice(key, node, choices);
        }
        match schema["type"].as_str() {
            Some("object") => self.table(&called(key, node), node, &node.span, schema),
            Some("array") => self.list(key, node, schema),
            Some("integer") => self.integer(key, node, schema),
            Some("number") if matches!(node.value, Value::Float(_) | Value::Integer(_)) => {}
            Some("number") => self.wrong_kind(key, node, "a number like 0.5", None),
            Some("boolean") if matches!(node.value, Value::Boolean(_)) => {}
            Some("boolean") => self.wrong_kind(key, node, "`true` or `false`", None),
            _ if matches!(node.value, Value::Text(_)) => {}
            _ => self.wrong_kind(key, node, "text in quotes", None),
        }
    }

    fn wrong_kind(&mut self, key: &str, node: &Node, wanted: &str, help: Option<String>) {
        let message = format!("`{key}` must be {wanted}, not {}", node.value.describe());
        self.add(&node.span, message, help);
    }

    fn table(&mut self, what: &str, node: &Node, span: &Range<usize>, schema: &'s Json) {
        let Value::Table(entries) = &node.value else {
            let example = example_of_table(schema);
            return self.wrong_kind(what.trim_matches('`'), node, &format!("a table like {example}"), None);
        };
        let Some(properties) = schema["properties"].as_object() else {
            // A table whose keys the author chooses: all values are alike.
            let values = &schema["additionalProperties"];
            return entries.iter().for_each(|entry| self.value(&entry.key, &entry.node, values));
        };
        for Entry { key, key_span, node } in entries {
            match properties.get(key) {
                Some(schema) => self.value(key, node, schema),
                None => {
                    let help = self.help_for_unknown(key, properties);
                    self.add(key_span, format!("{what} has no key `{key}`"), Some(help));
                }
            }
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !entries.iter().any(|entry| entry.key == required) {
                let example = self.example(&properties[required]);
                let help = format!("add {required} = {example}");
                self.add(span, format!("{what} is missing the key `{required}`"), Some(help));
            }
        }
    }

    /// The nearest key of this table, else the table that has this very key, else all keys.
    fn help_for_unknown(&self, key: &str, properties: &Map<String, Json>) -> String {
        if let Some(near) = nearest::nearest(key, properties.keys().map(String::as_str)) {
            return format!("did you mean `{near}`?");
        }
        let elsewhere = homes(self.schema, key);
        if !elsewhere.is_empty() {
            return format!("`{key}` belongs in {}", elsewhere.join(" or in "));
        }
        let keys: Vec<&str> = properties.keys().map(String::as_str).collect();
        format!("the keys are: {}", keys.join(", "))
    }

    fn list(&mut self, key: &str, node: &Node, schema: &'s Json) {
        let Value::Array(items) = &node.value else {
            let (_, item) = self.resolve(&schema["items"]);
            if item["type"] == "object" {
                let header = if matches!(key, "stream" | "fault") { key.to_owned() } else { format!("stream.{key}") };
                let help = format!("write `[[{header}]]` above each one, or {key} = [{}]", example_of_table(item));
                return self.wrong_kind(key, node, "a list of tables", Some(help));
            }
            let wanted = format!("a list like [{}]", self.example(&schema["items"]));
            return self.wrong_kind(key, node, &wanted, None);
        };
        if items.is_empty() && schema["minItems"].as_u64().is_some_and(|least| least > 0) {
            self.add(&node.span, format!("`{key}` is empty"), Some(format!("add an entry, or remove `{key}`")));
        }
        for item in items {
            self.value(key, item, &schema["items"]);
        }
    }

    /// A whole number that fits its type in the model; validation checks narrower limits.
    fn integer(&mut self, key: &str, node: &Node, schema: &Json) {
        let most = match schema["format"].as_str() {
            Some("uint8") => i64::from(u8::MAX),
            Some("uint16") => i64::from(u16::MAX),
            Some("uint32") => i64::from(u32::MAX),
            _ => i64::MAX,
        };
        let least = i64::from(schema["minimum"].as_f64().is_some_and(|least| least >= 1.0));
        let most = schema["maximum"].as_i64().map_or(most, |narrow| narrow.min(most));
        match node.value {
            Value::Integer(value) if (0..=most).contains(&value) => {}
            Value::Integer(_) | Value::Unbounded(_) => {
                self.wrong_kind(key, node, &format!("a whole number from {least} to {most}"), None);
            }
            _ => self.wrong_kind(key, node, "a whole number like 4", None),
        }
    }

    fn choice(&mut self, key: &str, node: &Node, choices: &[Json]) {
        let words: Vec<&str> = choices.iter().filter_map(|choice| choice["const"].as_str()).collect();
        let one_of = format!("choose one of \"{}\"", words.join("\", \""));
        let Value::Text(text) = &node.value else {
            let wanted = format!("text like \"{}\"", words.first().unwrap_or(&""));
            return self.wrong_kind(key, node, &wanted, Some(one_of));
        };
        if !words.contains(&text.as_str()) {
            let help = match nearest::nearest(text, words.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"? {one_of}"),
                None => one_of,
            };
            self.add(&node.span, format!("`{key}` cannot be \"{}\"", super::tree::shortened(text)), Some(help));
        }
    }

    fn unit(&mut self, key: &str, node: &Node, unit: &Unit) {
        match &node.value {
            Value::Text(text) => {
                if let Err(error) = (unit.parse)(text) {
                    self.add(&node.span, format!("`{key}`: {error}"), None);
                }
            }
            Value::Integer(number) if unit.with_unit.is_empty() && *number >= 0 => {}
            Value::Integer(number) => {
                self.wrong_kind(key, node, &format!("text like \"{}\"", unit.example), unit.help(&number.to_string()));
            }
            Value::Float(number) => {
                self.wrong_kind(key, node, &format!("text like \"{}\"", unit.example), unit.help(&number.to_string()));
            }
            _ => self.wrong_kind(key, node, &format!("text like \"{}\"", unit.example), None),
        }
    }

    /// A value that `schema` accepts, as TOML.
    fn example(&self, schema: &'s Json) -> String {
        let (name, schema) = self.resolve(schema);
        if let Some(unit) = Unit::named(name) {
            return format!("\"{}\"", unit.example);
        }
        if let Some(word) = schema["oneOf"][0]["const"].as_str() {
            return format!("\"{word}\"");
        }
        match schema["type"].as_str() {
            Some("object") => example_of_table(schema),
            Some("integer") => "1".to_owned(),
            Some("number") => "0.1".to_owned(),
            _ => "\"…\"".to_owned(),
        }
    }
}

/// A quantity with a unit: how it is described, and an example.
struct Unit {
    parse: fn(&str) -> Result<(), UnitError>,
    example: &'static str,
    /// What a bare number may mean, `#` in its place; empty if a bare number is valid.
    with_unit: &'static [&'static str],
}

impl Unit {
    /// The unit that the schema's definition `name` is of.
    fn named(name: &str) -> Option<Unit> {
        fn reads<T: FromStr<Err = UnitError>>(text: &str) -> Result<(), UnitError> {
            text.parse::<T>().map(drop)
        }
        const SPANS: &[&str] = &["#ms", "#s", "#m"];
        Some(match name {
            "Span" => Unit { parse: reads::<Span>, example: "1m30s", with_unit: SPANS },
            "SignedSpan" => Unit { parse: reads::<SignedSpan>, example: "-40s", with_unit: SPANS },
            "Rate" => Unit { parse: reads::<Rate>, example: "200k/s", with_unit: &["#/s", "#/min"] },
            "PhaseRate" => Unit { parse: reads::<PhaseRate>, example: "3x", with_unit: &["#x", "#/s"] },
            "WindowEdge" => Unit { parse: reads::<WindowEdge>, example: "11:00", with_unit: &["#s", "#m"] },
            "ByteRate" => Unit { parse: reads::<ByteRate>, example: "1MB/s", with_unit: &["#MB/s"] },
            "ByteSize" => Unit { parse: reads::<ByteSize>, example: "512B", with_unit: &["#B", "#kB"] },
            "Window" => {
                Unit { parse: reads::<Window>, example: "tumbling:10s", with_unit: &["tumbling:#s", "tumbling:#m"] }
            }
            "ModelChoice" => Unit { parse: reads::<ModelChoice>, example: "kafka-streams", with_unit: &[] },
            "CountLimit" => Unit { parse: reads::<CountLimit>, example: "0.1%", with_unit: &[] },
            _ => return None,
        })
    }
}

impl Unit {
    /// How a bare number is written with its unit.
    fn help(&self, number: &str) -> Option<String> {
        let forms: Vec<String> =
            self.with_unit.iter().map(|form| format!("\"{}\"", form.replace('#', number))).collect();
        let (last, others) = forms.split_last()?;
        Some(if others.is_empty() {
            format!("write {last}")
        } else {
            format!("add a unit: {} or {last}", others.join(", "))
        })
    }
}

/// `stream "orders"` if it has a name, else its key.
fn called(key: &str, node: &Node) -> String {
    match node.name() {
        Some(name) => format!("{key} `{}`", super::tree::shortened(name)),
        None => format!("`{key}`"),
    }
}

fn example_of_table(schema: &Json) -> String {
    let key = schema["required"][0].as_str();
    let key = key.or_else(|| schema["properties"].as_object()?.keys().next().map(String::as_str));
    format!("{{ {} = … }}", key.unwrap_or("key"))
}

/// The tables that have the key `key`, as a person writes them.
fn homes(schema: &Json, key: &str) -> Vec<String> {
    let mut homes = Vec::new();
    let has = |table: &Json| table["properties"].get(key).is_some();
    if has(schema) {
        homes.push("the profile itself, above the first [[stream]]".to_owned());
    }
    let tables = std::iter::once(schema).chain(schema["$defs"].as_object().into_iter().flat_map(Map::values));
    for (name, property) in tables.filter_map(|table| table["properties"].as_object()).flatten() {
        let reference = property["$ref"].as_str().or_else(|| property["items"]["$ref"].as_str());
        let Some(target) = reference.and_then(|path| path.strip_prefix("#/$defs/")) else { continue };
        if has(&schema["$defs"][target]) {
            homes.push(format!("`{name}`"));
        }
    }
    homes.dedup();
    homes.truncate(3);
    homes
}
