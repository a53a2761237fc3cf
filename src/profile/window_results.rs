//! A stage that shows a pipeline's window results instead of events. Pure.
//!
//! The doc comments here, too, are what `floodmark schema profile` shows in an editor.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    engine::Engine,
    units::UnitError,
    watermark::{WatermarkModel, Window},
};

/// What several results for one window and key mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Updates {
    /// The last one counts (accumulating panes, update and changelog streams; most engines).
    #[default]
    Replace,
    /// Each adds to those before (discarding panes, fire and purge).
    Add,
}

/// Whether a pipeline should count a further copy of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CopiesRule {
    /// No: each event counts once, and any further copy is counted twice.
    #[default]
    Once,
    /// Yes: the pipeline counts messages, and promises nothing about copies.
    Counted,
}

/// Where in its messages a pipeline's window results are, and what they should be: the number of events of each window and key.
/// A place is a JSON pointer (`/count`), `header:NAME`, `key` for the record's key, or `key:/window/start` for a place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowResults {
    /// Where the window's start is: milliseconds since 1970 (or microseconds or nanoseconds, told by their size), or a date and time.
    pub start: String,
    /// Where the window's end is (exclusive; for a session, the time of its last event will do). Default: the start plus the window's length. Sessions need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Where the key is, the same as the events' key. Default: windows are over all keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Where the number of events is; null withdraws a result.
    pub count: String,
    /// A mark that withdraws a result: `true`, or an operation `d`, `-D`, `-U` or `delete`. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
    /// The pipeline's windows: `tumbling:10s`, `hopping:10s/5s` or `session:30s`.
    pub window: Window,
    /// When several results come for one window and key: the last one counts (`replace`, the default), or they add up (`add`).
    #[serde(default)]
    pub updates: Updates,
    /// Whether the pipeline should count each event `once` (the default), or messages, so that copies are `counted`.
    #[serde(default)]
    pub copies: CopiesRule,
    /// The `[[stream.watermark]]` model that predicts what the pipeline drops: its number, from 0, or its engine. Default: the only one with these windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<ModelChoice>,
}

/// One of a stream's watermark models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelChoice {
    /// By its place among them, from 0.
    Number(usize),
    /// By its engine.
    Engine(Engine),
}

impl WindowResults {
    /// The model that predicts what the windows miss, by its place; none if none or several fit.
    #[must_use]
    pub fn model(&self, models: &[WatermarkModel]) -> Option<usize> {
        let fits = |place: usize, model: &WatermarkModel| match self.watermark {
            Some(ModelChoice::Number(number)) => number == place,
            Some(ModelChoice::Engine(engine)) => model.engine == engine,
            None => model.window == self.window,
        };
        let mut fitting =
            models.iter().enumerate().filter(|(place, model)| fits(*place, model)).map(|(place, _)| place);
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }

    /// The places, by key.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let WindowResults { start, end, key, count, deleted, .. } = self;
        let optional = [("end", end), ("key", key), ("deleted", deleted)];
        [("start", start.as_str()), ("count", count.as_str())]
            .into_iter()
            .chain(optional.into_iter().filter_map(|(name, place)| Some((name, place.as_deref()?))))
    }
}

impl FromStr for ModelChoice {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        text.trim().parse().map(ModelChoice::Number).or_else(|_| text.parse().map(ModelChoice::Engine))
    }
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelChoice::Number(number) => number.fmt(f),
            ModelChoice::Engine(engine) => engine.fmt(f),
        }
    }
}

impl Serialize for ModelChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ModelChoice::Number(number) => serializer.serialize_u64(*number as u64),
            ModelChoice::Engine(engine) => engine.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ModelChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ModelChoiceVisitor)
    }
}

struct ModelChoiceVisitor;

impl de::Visitor<'_> for ModelChoiceVisitor {
    type Value = ModelChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number of a watermark model, from 0, or its engine")
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<ModelChoice, E> {
        usize::try_from(number).map(ModelChoice::Number).map_err(|_| E::custom("there are fewer models"))
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<ModelChoice, E> {
        usize::try_from(number).map(ModelChoice::Number).map_err(|_| E::custom("models are counted from 0"))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<ModelChoice, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for ModelChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ModelChoice".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let engines = Engine::ALL.map(Engine::name).join("|");
        json_schema!({ "type": ["integer", "string"], "minimum": 0, "pattern": format!(r"^\s*([0-9]+|{engines})\s*$"), "examples": [0, "kafka-streams"] })
    }
}
