//! Which fields and headers could be the parts of an event: its id, its times, its key. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::field::Field;
use super::look::Message;
use crate::event::EventId;
use crate::event::time_form::{TimeForm, Unit};

/// A time this far from its record's timestamp is no moment at which the event happened.
const FAR_MS: i64 = 400 * 86_400_000;
/// The names by which event times go, the surest first.
pub(super) const NAMES_OF_TIMES: [&str; 8] =
    ["eventtime", "occurred", "happened", "timestamp", "created", "time", "ts", "at"];
/// The names by which ids go.
pub(super) const NAMES_OF_IDS: [&str; 5] = ["eventid", "messageid", "uuid", "id", "key"];
/// As long a text can hold an id as text.
const ID_LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;

/// The fields that could be an event's parts, the likeliest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(crate) struct Candidates {
    /// Where ids that floodmark wrote are.
    pub(crate) own_ids: Vec<String>,
    /// Texts that differ in every message: what stands there can be replaced by an id.
    pub(crate) ids: Vec<String>,
    /// Times near the records' timestamps.
    pub(crate) times: Vec<TimeCandidate>,
    /// Fields that are equal to the record's key.
    pub(crate) keys: Vec<String>,
}

/// A field that is a time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TimeCandidate {
    /// Where it is.
    pub(crate) path: String,
    /// As `event_time_format` names its form.
    pub(crate) format: &'static str,
    /// The median of how far it is before the record's timestamp, in milliseconds.
    pub(crate) before_record_ms: i64,
}

impl Candidates {
    /// Of messages and their fields.
    pub(super) fn of(messages: &[Message], jsons: &[Option<Value>], fields: &[Field]) -> Self {
        let places: Vec<&Field> = fields.iter().filter(|field| field.is_place()).collect();
        let read: Vec<(&Field, Vec<Option<String>>)> =
            places.into_iter().map(|field| (field, values_of(field, messages, jsons))).collect();
        let mut times: Vec<TimeCandidate> =
            read.iter().filter_map(|(field, values)| time_of(field, values, messages)).collect();
        times.sort_by_key(|time| (rank(&time.path, &NAMES_OF_TIMES), time.before_record_ms.abs()));
        let of = |is_one: &dyn Fn(&Field, &[Option<String>]) -> bool| -> Vec<String> {
            read.iter().filter(|(field, values)| is_one(field, values)).map(|(field, _)| field.path.clone()).collect()
        };
        let own_ids = of(&|_, values| is_own_id(values));
        let mut ids = of(&|field, values| can_hold_id(field, messages.len()) && !is_own_id(values) && !is_time(values));
        ids.sort_by_key(|path| (!is_uuid(&read, path), rank(path, &NAMES_OF_IDS)));
        Candidates { own_ids, ids, times, keys: of(&|_, values| is_key(values, messages)) }
    }
}

/// The place's value in each message, as text.
fn values_of(field: &Field, messages: &[Message], jsons: &[Option<Value>]) -> Vec<Option<String>> {
    let of_header = |name: &str, message: &Message| {
        let value = message.headers.iter().rev().find(|(known, _)| known == name)?.1.as_deref()?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let value = |(message, json): (&Message, &Option<Value>)| match field.path.strip_prefix("header:") {
        Some(name) => of_header(name, message),
        None => match json.as_ref()?.pointer(&field.path)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        },
    };
    messages.iter().zip(jsons).map(value).collect()
}

/// Nearly all of them, and more than one: the odd message may be of another kind.
fn mostly(values: &[Option<String>], is_so: impl Fn(&str) -> bool) -> bool {
    let there: Vec<&String> = values.iter().flatten().collect();
    let good = there.iter().filter(|value| is_so(value)).count();
    !there.is_empty() && good * 20 >= there.len() * 19
}

fn is_own_id(values: &[Option<String>]) -> bool {
    mostly(values, |text| Uuid::try_parse(text.trim()).is_ok_and(|uuid| EventId::from_uuid(uuid).is_ok()))
}

fn can_hold_id(field: &Field, messages: usize) -> bool {
    let is_of_each = field.messages == messages && field.distinct == messages;
    field.is_text() && is_of_each && messages > 1 && field.shortest > 0
}

fn is_time(values: &[Option<String>]) -> bool {
    mostly(values, |text| TimeForm::recognise_text(text).is_some())
}

fn is_uuid(read: &[(&Field, Vec<Option<String>>)], path: &str) -> bool {
    let values = read.iter().find(|(field, _)| field.path == path).map(|(_, values)| values);
    values.is_some_and(|values| mostly(values, |text| text.len() == ID_LENGTH && Uuid::try_parse(text).is_ok()))
}

fn is_key(values: &[Option<String>], messages: &[Message]) -> bool {
    let keyed: Vec<(&Option<String>, &Vec<u8>)> =
        values.iter().zip(messages).filter_map(|(value, message)| Some((value, message.key.as_ref()?))).collect();
    let equal = keyed.iter().filter(|(value, key)| value.as_ref().is_some_and(|value| value.as_bytes() == **key));
    !keyed.is_empty() && equal.count() == keyed.len()
}

/// The field as a time, if its values have one form and are near the records' timestamps.
fn time_of(field: &Field, values: &[Option<String>], messages: &[Message]) -> Option<TimeCandidate> {
    let mut forms: BTreeMap<&'static str, usize> = BTreeMap::new();
    for value in values.iter().flatten() {
        *forms.entry(TimeForm::recognise_text(value).and_then(|form| name_of(&form))?).or_default() += 1;
    }
    // Several forms in one field are left to be recognised, value by value; the most frequent is told.
    let (format, _) = forms.into_iter().max_by_key(|(_, count)| *count)?;
    let form: TimeForm = format.parse().ok()?;
    let before = |(value, message): (&Option<String>, &Message)| {
        Some(message.stamp_ms?.saturating_sub(form.of_text(value.as_ref()?)?))
    };
    let mut before_ms: Vec<i64> = values.iter().zip(messages).filter_map(before).collect();
    before_ms.sort_unstable();
    let before_record_ms = *before_ms.get(before_ms.len() / 2)?;
    (before_record_ms.abs() < FAR_MS).then(|| TimeCandidate { path: field.path.clone(), format, before_record_ms })
}

fn name_of(form: &TimeForm) -> Option<&'static str> {
    Some(match form {
        TimeForm::Number(Unit::S) => "s",
        TimeForm::Number(Unit::Ms) => "ms",
        TimeForm::Number(Unit::Us) => "us",
        TimeForm::Number(Unit::Ns) => "ns",
        TimeForm::Rfc3339 => "rfc3339",
        TimeForm::Recognised | TimeForm::Pattern(_) => return None,
    })
}

/// How well the last part of a path fits names, the best first.
pub(super) fn rank(path: &str, names: &[&str]) -> usize {
    let words = words(path.rsplit(['/', ':']).next().unwrap_or(path));
    let whole = words.concat();
    // A short name must be a word of its own: `status` is no `ts`.
    let fits = |name: &&str| words.iter().any(|word| word == name) || (name.len() > 4 && whole.contains(name));
    names.iter().position(fits).unwrap_or(names.len())
}

/// The words of a name, in lower case: `orderId`, `order_id` and `order-id` have two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for next in name.chars() {
        if !next.is_alphanumeric() || (next.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| next.is_alphanumeric()) {
            word.extend(next.to_lowercase());
        }
        before = next;
    }
    words.retain(|word| !word.is_empty());
    words
}
