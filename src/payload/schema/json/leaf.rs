//! Single values of JSON: texts, numbers, constants.

use std::io::Write;

use serde_json::{Map, Value};

use super::super::SchemaError;
use super::super::filling::{Lookup, Path};
use super::super::holds::Holds;
use super::super::source::{SchemaEvent, Source, Whole, write_uuid};
use super::documents::invalid;

/// Numbers with a fraction stay below, where the schema does not say more.
const USUAL_NUMBERS: i64 = 1_000;
/// Digits after the point, where the schema does not say more.
const USUAL_DIGITS: u32 = 2;

/// How a value is written.
#[derive(Debug, Clone)]
pub(super) enum Leaf {
    Constant(String),
    /// One of these, which the schema lists; texts by themselves, for rules.
    OneOf {
        source: Source,
        written: Vec<String>,
        symbols: Vec<String>,
    },
    Boolean(Source),
    Text {
        source: Source,
        min: usize,
        max: Option<usize>,
    },
    Uuid(Source),
    Moment(Source),
    Formed {
        source: Source,
        form: Form,
    },
    Whole {
        source: Source,
        whole: Whole,
        step: i64,
    },
    Fraction {
        source: Source,
        scaled: Whole,
        step: i64,
        digits: u32,
    },
}

/// Texts of a known form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Date,
    Time,
    Email,
    Uri,
    Hostname,
    Ipv4,
    Ipv6,
}

impl Form {
    fn of(format: &str) -> Option<Self> {
        Some(match format {
            "date" => Form::Date,
            "time" => Form::Time,
            "email" | "idn-email" => Form::Email,
            "uri" | "url" | "iri" | "uri-reference" => Form::Uri,
            "hostname" | "idn-hostname" => Form::Hostname,
            "ipv4" => Form::Ipv4,
            "ipv6" => Form::Ipv6,
            _ => return None,
        })
    }
}

pub(super) fn constant(lookup: &mut Lookup<'_>, path: &Path, value: &Value) -> Result<Leaf, SchemaError> {
    lookup.refuse_at(path, "a constant")?;
    Ok(Leaf::Constant(value.to_string()))
}

pub(super) fn one_of(lookup: &mut Lookup<'_>, path: &Path, values: &[Value]) -> Result<Leaf, SchemaError> {
    if values.is_empty() {
        return Err(invalid(format!("`{}` has an empty `enum`", path.shown())));
    }
    let bare = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let symbols: Vec<String> = values.iter().filter(|value| !value.is_null()).map(bare).collect();
    let written = values.iter().filter(|value| !value.is_null()).map(Value::to_string).collect();
    if symbols.is_empty() {
        return constant(lookup, path, &Value::Null);
    }
    Ok(Leaf::OneOf { source: lookup.source(path, &Holds::Symbols(symbols.clone()))?, written, symbols })
}

pub(super) fn text(lookup: &mut Lookup<'_>, path: &Path, schema: &Map<String, Value>) -> Result<Leaf, SchemaError> {
    let length = |key: &str| schema.get(key).and_then(Value::as_f64).map(|length| length as usize);
    let (min, max) = (length("minLength").unwrap_or(0), length("maxLength"));
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => return Ok(Leaf::Moment(lookup.source(path, &Holds::Moment)?)),
        Some("uuid") => return Ok(Leaf::Uuid(lookup.source(path, &Holds::Uuid)?)),
        Some(format) => {
            if let Some(form) = Form::of(format) {
                return Ok(Leaf::Formed { source: lookup.source(path, &Holds::TextOf(format.to_owned()))?, form });
            }
        }
        None => {}
    }
    let source = lookup.source(path, &Holds::Text { min, max })?;
    match (schema.get("pattern"), &source) {
        (Some(pattern), Source::OfType(_)) => {
            Err(SchemaError::Undrawable { path: path.shown(), what: format!("the pattern {pattern}") })
        }
        _ => Ok(Leaf::Text { source, min, max }),
    }
}

pub(super) fn whole(lookup: &mut Lookup<'_>, path: &Path, schema: &Map<String, Value>) -> Result<Leaf, SchemaError> {
    let step = schema.get("multipleOf").and_then(Value::as_f64).filter(|step| *step >= 1.0).unwrap_or(1.0) as i64;
    let whole = bounds(path, schema, 0)?;
    let source = lookup.source(path, &Holds::Whole(whole))?;
    Ok(Leaf::Whole { source, whole, step: step.max(1) })
}

/// Drawn without their point, so that steps are exact.
pub(super) fn fraction(lookup: &mut Lookup<'_>, path: &Path, schema: &Map<String, Value>) -> Result<Leaf, SchemaError> {
    let step = schema.get("multipleOf").map(Value::to_string);
    let digits = step
        .as_ref()
        .map_or(USUAL_DIGITS, |step| step.split_once('.').map_or(0, |(_, after)| after.len() as u32))
        .min(9);
    let source = lookup.source(path, &Holds::Fraction { bits: 64 })?;
    let step = step.and_then(|step| step.parse::<f64>().ok()).map_or(1, |step| at_scale(step, digits).round() as i64);
    let mut scaled = bounds(path, schema, digits)?;
    if matches!(source, Source::OfType(_)) && scaled.max == i64::MAX && scaled.min <= 0 {
        scaled.max = at_scale(USUAL_NUMBERS as f64, digits) as i64;
    }
    Ok(Leaf::Fraction { source, scaled, step: step.max(1), digits })
}

fn at_scale(number: f64, digits: u32) -> f64 {
    number * 10_f64.powi(digits.cast_signed())
}

/// The bounds of a number without its point, both included. Exclusive ones are numbers, or true beside the bound (draft 4).
fn bounds(path: &Path, schema: &Map<String, Value>, digits: u32) -> Result<Whole, SchemaError> {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64).map(|number| exact(at_scale(number, digits)));
    let is_true = |key: &str| schema.get(key) == Some(&Value::Bool(true));
    let mut whole = Whole::LONG;
    if let Some(min) = number("minimum") {
        whole.min = if is_true("exclusiveMinimum") { above(min) } else { min.ceil() as i64 };
    }
    if let Some(max) = number("maximum") {
        whole.max = if is_true("exclusiveMaximum") { below(max) } else { max.floor() as i64 };
    }
    if let Some(min) = number("exclusiveMinimum") {
        whole.min = whole.min.max(above(min));
    }
    if let Some(max) = number("exclusiveMaximum") {
        whole.max = whole.max.min(below(max));
    }
    if whole.min > whole.max {
        return Err(invalid(format!("no number fits the bounds of `{}`", path.shown())));
    }
    Ok(whole)
}

/// Without what floating point adds to a whole number: 0.07 times 100 is 7.
fn exact(number: f64) -> f64 {
    let whole = number.round();
    if (number - whole).abs() < 1e-6 { whole } else { number }
}

fn above(bound: f64) -> i64 {
    (bound.floor() as i64).saturating_add(1)
}

fn below(bound: f64) -> i64 {
    (bound.ceil() as i64).saturating_sub(1)
}

impl Leaf {
    pub(super) fn write(&mut self, out: &mut Vec<u8>, scratch: &mut Vec<u8>, event: &SchemaEvent<'_>, turn: u64) {
        scratch.clear();
        match self {
            Leaf::Constant(text) => out.extend_from_slice(text.as_bytes()),
            Leaf::OneOf { source, written, symbols } => {
                let symbol = source.symbol(event, turn, symbols);
                out.extend_from_slice(written.get(symbol).map_or(b"null", |text| text.as_bytes()));
            }
            Leaf::Boolean(source) => {
                out.extend_from_slice(if source.boolean(event, turn) { b"true" } else { b"false" })
            }
            Leaf::Text { source, min, max } => {
                source.write_text(scratch, event, turn, *min, *max);
                write_escaped(out, scratch);
            }
            Leaf::Uuid(source) => {
                write_uuid(scratch, source.uuid(event, turn));
                write_escaped(out, scratch);
            }
            Leaf::Moment(source) => {
                source.write_moment(scratch, event, turn);
                write_escaped(out, scratch);
            }
            Leaf::Formed { source: source @ Source::OfType(_), form } => {
                write_formed(scratch, source, *form, event, turn);
                write_escaped(out, scratch);
            }
            Leaf::Formed { source, .. } => {
                source.write_text(scratch, event, turn, 0, None);
                write_escaped(out, scratch);
            }
            Leaf::Whole { source, whole, step } => {
                let number = stepped(source.whole(event, turn, whole), whole, *step);
                out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            }
            Leaf::Fraction { source, scaled, step, digits } => {
                let number = match source {
                    Source::OfType(_) => stepped(source.whole(event, turn, scaled), scaled, *step) as f64,
                    other => return write_number(out, other.fraction(event, turn), None),
                };
                write_number(out, number / at_scale(1.0, *digits), Some(*digits));
            }
        }
    }
}

/// The nearest multiple of a step within the bounds.
fn stepped(number: i64, whole: &Whole, step: i64) -> i64 {
    let lower = number.div_euclid(step).saturating_mul(step);
    if lower >= whole.min { lower } else { lower.saturating_add(step).min(whole.max) }
}

fn write_number(out: &mut Vec<u8>, number: f64, digits: Option<u32>) {
    // Writing to memory does not fail.
    let _written = match digits {
        Some(digits) => write!(out, "{number:.*}", digits as usize),
        None if number.is_finite() => write!(out, "{number}"),
        None => write!(out, "0"),
    };
}

/// In quotes, with what JSON escapes escaped.
fn write_escaped(out: &mut Vec<u8>, text: &[u8]) {
    let is_plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
    if text.iter().all(is_plain) {
        out.push(b'"');
        out.extend_from_slice(text);
        out.push(b'"');
    } else {
        // Writing to memory does not fail.
        let _written = serde_json::to_writer(out, &*String::from_utf8_lossy(text));
    }
}

fn write_formed(out: &mut Vec<u8>, source: &mut Source, form: Form, event: &SchemaEvent<'_>, turn: u64) {
    let number = |source: &Source, of: u64| source.up_to(event, turn.wrapping_add(of << 32), 256);
    let part = |range: std::ops::Range<usize>, out: &mut Vec<u8>, source: &mut Source| {
        let mut moment = Vec::new();
        source.write_moment(&mut moment, event, turn);
        out.extend_from_slice(moment.get(range).unwrap_or_default());
    };
    match form {
        Form::Date => part(0..10, out, source),
        Form::Time => {
            part(11..19, out, source);
            out.push(b'Z');
        }
        Form::Email => {
            source.write_text(out, event, turn, 0, None);
            out.extend_from_slice(b"@example.com");
        }
        Form::Uri => {
            out.extend_from_slice(b"https://example.com/");
            source.write_text(out, event, turn, 0, None);
        }
        Form::Hostname => {
            source.write_text(out, event, turn, 0, None);
            out.extend_from_slice(b".example.com");
        }
        Form::Ipv4 => {
            let _written = write!(out, "10.{}.{}.{}", number(source, 1), number(source, 2), number(source, 3));
        }
        Form::Ipv6 => {
            let _written = write!(out, "fd00::{:x}:{:x}", number(source, 1) + 1, number(source, 2) + 1);
        }
    }
}
