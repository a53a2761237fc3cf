//! The rules by which fields are drawn, as a profile writes them.
//!
//! The doc comments here, too, are what `floodmark schema profile` shows in an editor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Span;

/// The most values of a choice or lines of a list.
const MOST_VALUES: usize = 10_000_000;
/// The longest text that is drawn.
pub(super) const LONGEST_TEXT: f64 = 1_048_576.0;
/// Beyond this a whole number is not exact in floating point, in which laws are drawn.
pub(super) const LARGEST: f64 = 9_007_199_254_740_992.0;
/// The most digits after the point.
const MOST_DIGITS: u8 = 9;

/// How the values of one field are drawn: for each event anew, and the same for the same seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What kind of values.
    pub kind: FieldKind,
    /// choice: the values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub values: Vec<String>,
    /// choice: how often each value comes, in proportion to the others. Default: all alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub weights: Vec<f64>,
    /// list: the file, relative to the profile's folder: a value on each line, or CSV with `column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// list: the name of the CSV file's column. Default: each line is a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// integer, decimal: how the numbers are spread. Default uniform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub law: Option<Law>,
    /// integer, decimal: the smallest number. text: the fewest characters. Default 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// integer, decimal: the largest number. text: the most characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// normal, exponential: the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// normal: the standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
    /// log-normal: the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<f64>,
    /// log-normal: the standard deviation of the natural logarithm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
    /// decimal: digits after the point. Default 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<u8>,
    /// boolean: the share, 0 to 1, that is true. Default 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// time: the moment it is drawn from. Default event-time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Moment>,
    /// time: up to this long before that moment. Default: that moment itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// time: how it is written: `s`, `ms`, `us`, `ns`, `rfc3339` or a pattern of strftime. Default ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// What the value belongs to: event (drawn anew for each), or key (the same key always has the same value). Default event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// The file's values, once they are read.
    #[serde(skip)]
    pub(crate) listed: Vec<String>,
}

/// What kind of values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// One of `values`.
    Choice,
    /// One of a file's values, each as often as any other.
    List,
    /// A whole number.
    Integer,
    /// A number with `digits` digits after the point.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// Letters at random.
    Text,
    /// A random UUID (version 4).
    Uuid,
    /// A moment at or before the event's.
    Time,
}

/// How numbers are spread. What falls outside `min` and `max` is moved to the nearer of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// Anything from `min` to `max`, each as often.
    Uniform,
    /// Around `mean`, with `deviation`.
    Normal,
    /// Around `median`, spread by `sigma`: a few are much larger.
    LogNormal,
    /// From 0, with `mean`: small ones are frequent.
    Exponential,
}

/// A moment of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// What the event claims.
    EventTime,
    /// When the schedule wants it sent.
    Due,
    /// When it is sent.
    Sent,
}

/// What a field's value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The event.
    Event,
    /// The event's key.
    Key,
}

/// A rule that a field breaks: its key, what is wrong, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// The key of the field's table.
    pub key: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
}

impl Field {
    /// A field of this kind with every other key absent.
    #[must_use]
    pub fn of(kind: FieldKind) -> Self {
        Field {
            kind,
            values: Vec::new(),
            weights: Vec::new(),
            file: None,
            column: None,
            law: None,
            min: None,
            max: None,
            mean: None,
            deviation: None,
            median: None,
            sigma: None,
            digits: None,
            share: None,
            of: None,
            within: None,
            format: None,
            by: None,
            listed: Vec::new(),
        }
    }

    /// Whether the same key always has the same value.
    #[must_use]
    pub(crate) fn belongs_to_key(&self) -> bool {
        self.by == Some(By::Key)
    }

    /// Whether it is said that each event has a value of its own.
    #[must_use]
    pub(crate) fn belongs_to_event(&self) -> bool {
        self.by == Some(By::Event)
    }

    /// How numbers are spread.
    pub(super) fn law(&self) -> Law {
        self.law.unwrap_or(Law::Uniform)
    }

    /// Every rule that the field breaks.
    #[must_use]
    pub(crate) fn faults(&self) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        self.misplaced(&mut faults);
        match self.kind {
            FieldKind::Choice => self.check_choice(&mut faults),
            FieldKind::List if self.file.is_none() => {
                needs(&mut faults, "kind", "a list needs `file`", "add file = \"names.txt\"");
            }
            FieldKind::Integer | FieldKind::Decimal => self.check_numbers(&mut faults),
            FieldKind::Text => self.check_text(&mut faults),
            FieldKind::Boolean => {
                if let Some(share) = self.share.filter(|share| !(0.0..=1.0).contains(share)) {
                    needs(
                        &mut faults,
                        "share",
                        &format!("`share` is {share}; a share must be from 0 to 1"),
                        "write 10 % as 0.1",
                    );
                }
            }
            FieldKind::Time => self.check_time(&mut faults),
            FieldKind::List | FieldKind::Uuid => {}
        }
        faults
    }

    /// Keys that mean nothing for this kind.
    fn misplaced(&self, faults: &mut Vec<FieldFault>) {
        use FieldKind::{Boolean, Choice, Decimal, Integer, List, Text, Time};
        let numbers: &[FieldKind] = &[Integer, Decimal];
        let keys: [(&'static str, bool, &[FieldKind]); 15] = [
            ("values", !self.values.is_empty(), &[Choice]),
            ("weights", !self.weights.is_empty(), &[Choice]),
            ("file", self.file.is_some(), &[List]),
            ("column", self.column.is_some(), &[List]),
            ("law", self.law.is_some(), numbers),
            ("min", self.min.is_some(), &[Integer, Decimal, Text]),
            ("max", self.max.is_some(), &[Integer, Decimal, Text]),
            ("mean", self.mean.is_some(), numbers),
            ("deviation", self.deviation.is_some(), numbers),
            ("median", self.median.is_some(), numbers),
            ("sigma", self.sigma.is_some(), numbers),
            ("digits", self.digits.is_some(), &[Decimal]),
            ("share", self.share.is_some(), &[Boolean]),
            ("of", self.of.is_some(), &[Time]),
            ("within", self.within.is_some(), &[Time]),
        ];
        for (key, present, kinds) in keys {
            if present && !kinds.contains(&self.kind) {
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("kind = \"{}\"", kind.name())).collect();
                let message = format!("`{key}` only applies with {}", kinds.join(" or "));
                needs(faults, key, &message, &format!("remove `{key}`, or set the kind"));
            }
        }
        if self.format.is_some() && self.kind != Time {
            needs(faults, "format", "`format` only applies with kind = \"time\"", "remove `format`, or set the kind");
        }
    }

    fn check_choice(&self, faults: &mut Vec<FieldFault>) {
        if self.values.is_empty() {
            return needs(faults, "kind", "a choice needs `values`", "add values = [\"DE\", \"FR\"]");
        }
        if !self.weights.is_empty() && self.weights.len() != self.values.len() {
            let message = format!("there are {} `weights` for {} `values`", self.weights.len(), self.values.len());
            needs(faults, "weights", &message, "write one weight for each value");
        } else if self.weights.iter().any(|weight| !(*weight >= 0.0 && weight.is_finite()))
            || (!self.weights.is_empty() && self.weights.iter().sum::<f64>() <= 0.0)
        {
            needs(
                faults,
                "weights",
                "a weight must be 0 or more, and at least one above 0",
                "write [3, 1] for three to one",
            );
        }
    }

    fn check_numbers(&self, faults: &mut Vec<FieldFault>) {
        let law = self.law();
        let needed: &[(&'static str, Option<f64>)] = match law {
            Law::Uniform => &[("max", self.max)],
            Law::Normal => &[("mean", self.mean), ("deviation", self.deviation)],
            Law::LogNormal => &[("median", self.median), ("sigma", self.sigma)],
            Law::Exponential => &[("mean", self.mean)],
        };
        for (key, value) in needed {
            if value.is_none() {
                needs(
                    faults,
                    if self.law.is_some() { "law" } else { "kind" },
                    &format!("{} numbers need `{key}`", law.name()),
                    &format!("add {key} = 100"),
                );
            }
        }
        let all = [("mean", self.mean), ("deviation", self.deviation), ("median", self.median), ("sigma", self.sigma)];
        for (key, value) in all.into_iter().filter_map(|(key, value)| Some((key, value?))) {
            if !needed.iter().any(|(name, _)| *name == key) {
                needs(
                    faults,
                    key,
                    &format!("`{key}` does not apply to {} numbers", law.name()),
                    &format!("remove `{key}`, or set `law`"),
                );
            } else if key != "mean" && !(value > 0.0 && value.is_finite()) {
                needs(faults, key, &format!("`{key}` is {value}; it must be above 0"), "write a positive number");
            }
        }
        self.check_bounds(LARGEST, faults);
        if let Some(digits) = self.digits.filter(|digits| *digits > MOST_DIGITS) {
            needs(faults, "digits", &format!("`digits` is {digits} (limit {MOST_DIGITS})"), "2 is usual for money");
        }
    }

    fn check_text(&self, faults: &mut Vec<FieldFault>) {
        match (self.min.unwrap_or(0.0), self.max) {
            (_, None) => needs(faults, "kind", "a text needs `max`, its most characters", "add max = 20"),
            (min, Some(max)) if min < 0.0 || min.fract() != 0.0 || max.fract() != 0.0 => {
                needs(faults, "max", "the characters of a text are whole numbers", "write min = 5, max = 20");
            }
            _ => self.check_bounds(LONGEST_TEXT, faults),
        }
    }

    fn check_bounds(&self, most: f64, faults: &mut Vec<FieldFault>) {
        let (min, max) = (self.min.unwrap_or(0.0), self.max.unwrap_or(most));
        for (key, value) in [("min", min), ("max", max)] {
            if value.is_nan() || value.abs() > most {
                needs(faults, key, &format!("`{key}` is {value} (limit {most})"), "write a smaller one");
            }
        }
        if min > max {
            needs(faults, "min", &format!("`min` is {min}, above `max`, which is {max}"), "exchange them");
        }
    }

    fn check_time(&self, faults: &mut Vec<FieldFault>) {
        let form = self.format.as_deref().map(str::parse::<crate::event::time_form::TimeForm>);
        if let Some(Err(error)) = form {
            faults.push(FieldFault { key: "format", message: error.to_string(), help: None });
        }
        if self.by == Some(By::Key) && self.within.is_none() {
            needs(faults, "by", "a moment of the event differs from event to event", "remove `by`, or add `within`");
        }
    }

    /// The file's values.
    pub(crate) fn listed(&self) -> &[String] {
        &self.listed
    }

    /// Takes in the file's values.
    pub(crate) fn set_listed(&mut self, values: Vec<String>) -> Result<(), String> {
        if values.is_empty() {
            return Err("it has no values".to_owned());
        }
        if values.len() > MOST_VALUES {
            return Err(format!("it has {} values (limit {MOST_VALUES})", values.len()));
        }
        self.listed = values;
        Ok(())
    }
}

fn needs(faults: &mut Vec<FieldFault>, key: &'static str, message: &str, help: &str) {
    faults.push(FieldFault { key, message: message.to_owned(), help: Some(help.to_owned()) });
}

impl FieldKind {
    fn name(self) -> &'static str {
        match self {
            FieldKind::Choice => "choice",
            FieldKind::List => "list",
            FieldKind::Integer => "integer",
            FieldKind::Decimal => "decimal",
            FieldKind::Boolean => "boolean",
            FieldKind::Text => "text",
            FieldKind::Uuid => "uuid",
            FieldKind::Time => "time",
        }
    }
}

impl Law {
    fn name(self) -> &'static str {
        match self {
            Law::Uniform => "uniform",
            Law::Normal => "normal",
            Law::LogNormal => "log-normal",
            Law::Exponential => "exponential",
        }
    }
}
