//! A plan as data: what it rests on, what it comes to, and what it cannot say.

use schemars::JsonSchema;
use serde::Serialize;

use super::known::{Basis, Known, Unit};
use super::sources::Source;

/// The number of this form. Keys may be added under the same number.
pub(super) const PROVISION_SCHEMA: u32 = 1;

/// What to order: `floodmark capacity plan --json`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Provision {
    /// The number of this form.
    pub(crate) schema: u32,
    /// The figures that the lines rest on.
    pub(crate) inputs: Vec<Known>,
    /// What they come to.
    pub(crate) lines: Vec<Line>,
    /// What cannot be worked out, and what would tell it.
    pub(crate) missing: Vec<Missing>,
    /// What to know before the order, a sentence each.
    pub(crate) notes: Vec<String>,
    /// Whether the brokers that there are suffice; absent where nobody said how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) brokers: Option<Answer>,
}

/// Whether brokers suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// By everything that limits a broker.
    Enough,
    /// By at least one thing, fewer than needed.
    NotEnough,
    /// By what is known, and not everything is.
    Unknown,
}

/// A figure that was worked out.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Line {
    /// Its name.
    pub(crate) key: &'static str,
    /// How much; absent where it has no end, as the time to catch up of consumers that take no more than arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<f64>,
    /// What it counts.
    pub(crate) unit: Unit,
    /// How the figures that it rests on are known, each way once.
    pub(crate) basis: Vec<Basis>,
    /// Whether something is left out, so that it may take more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) at_least: bool,
    /// The formula.
    pub(crate) formula: &'static str,
    /// The formula with its figures.
    pub(crate) worked: String,
    /// The names of the figures that it rests on.
    pub(crate) rests_on: Vec<&'static str>,
    /// Where the formula comes from; absent for plain arithmetic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Source>,
}

/// A line that cannot be worked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Missing {
    /// Its name.
    pub(crate) key: &'static str,
    /// The flag or the measurement that would give it.
    pub(crate) text: String,
}

impl Provision {
    /// A line by its name.
    #[must_use]
    pub(crate) fn line(&self, key: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.key == key)
    }
}

/// The JSON Schema of a plan, indented, with a line end.
#[must_use]
pub(crate) fn provision_schema() -> String {
    let mut schema = schemars::schema_for!(Provision);
    schema.insert("title".to_owned(), "floodmark capacity plan".into());
    format!("{:#}\n", schema.to_value())
}
