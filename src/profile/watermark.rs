//! The watermark models of a stream, and the rules that such a table must keep. Pure.
//!
//! The doc comments here, too, are what `floodmark schema profile` shows in an editor.

use std::{fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    engine::Engine,
    units::{Span, UnitError, unit_error},
};

/// The most windows that one event may belong to.
const MAX_WINDOWS_OF_AN_EVENT: u64 = 10_000;
/// Flink's highest parallelism.
const MAX_SOURCE_TASKS: u32 = 32_768;
const NANOS_PER_MS: u64 = 1_000_000;

/// The stateful operator of a Spark query: it decides which late rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Operator {
    /// `groupBy(...)`: late rows are counted after partial aggregation.
    Aggregation,
    /// `dropDuplicates`, `dropDuplicatesWithinWatermark`: every late row is counted.
    Deduplication,
}

impl FromStr for Operator {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        match text.trim() {
            "aggregation" => Ok(Operator::Aggregation),
            "deduplication" => Ok(Operator::Deduplication),
            _ => Err(unit_error(text, "an operator", "choose aggregation or deduplication".to_owned())),
        }
    }
}

/// The windows that events are grouped into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Window {
    /// None: each event is compared with the watermark by itself.
    #[default]
    None,
    /// One after another, from 1970 on.
    Tumbling {
        /// How long each is.
        size: Span,
    },
    /// Overlapping ones of one size, a new one every hop. (Flink and Spark call them sliding.)
    Hopping {
        /// How long each is.
        size: Span,
        /// From the start of one to the start of the next.
        hop: Span,
    },
    /// One around each event: Kafka Streams' `SlidingWindows`, Azure's sliding windows.
    Sliding {
        /// The most that two events of one window may be apart.
        size: Span,
    },
    /// As long as the events of a key are within the gap of each other.
    Session {
        /// The silence that ends one.
        gap: Span,
    },
}

const WINDOW_FORM: &str = "a window like `tumbling:10s`, `hopping:10s/5s`, `sliding:10s`, `session:30s` or `none`";

impl FromStr for Window {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = |why: String| unit_error(text, WINDOW_FORM, why);
        let trimmed = text.trim();
        if trimmed == "none" {
            return Ok(Window::None);
        }
        let Some((kind, lengths)) = trimmed.split_once(':') else {
            return Err(wrong("it has no length, as in `tumbling:10s`".to_owned()));
        };
        let span = |written: &str| written.parse::<Span>().map_err(|error| wrong(error.to_string()));
        match kind.trim() {
            "tumbling" => Ok(Window::Tumbling { size: span(lengths)? }),
            "hopping" => {
                let (size, hop) =
                    lengths.split_once('/').ok_or_else(|| wrong("it has no hop, as in `hopping:10s/5s`".to_owned()))?;
                Ok(Window::Hopping { size: span(size)?, hop: span(hop)? })
            }
            "sliding" => Ok(Window::Sliding { size: span(lengths)? }),
            "session" => Ok(Window::Session { gap: span(lengths)? }),
            other => Err(wrong(format!("`{other}` is not a kind of window (tumbling, hopping, sliding, session)"))),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Window::None => f.write_str("none"),
            Window::Tumbling { size } => write!(f, "tumbling:{size}"),
            Window::Hopping { size, hop } => write!(f, "hopping:{size}/{hop}"),
            Window::Sliding { size } => write!(f, "sliding:{size}"),
            Window::Session { gap } => write!(f, "session:{gap}"),
        }
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Window {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Window".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*(none|(tumbling|sliding|session):.+|hopping:.+/.+)\s*$",
            "examples": ["tumbling:10s"]
        })
    }
}

/// A model of an engine's watermark: which events would it drop as too late?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatermarkModel {
    /// The engine to model.
    pub engine: Engine,
    /// How far out of order events may be. Not with kafka-streams, which only has its grace period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Span>,
    /// How long a window stays open after the watermark has passed its end: Flink's and Beam's allowed lateness, Kafka Streams' grace, Azure's late-arrival tolerance (default 5s there). Default 0s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_lateness: Option<Span>,
    /// kafka-streams: its grace period; the same as `allowed_lateness`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Span>,
    /// `tumbling:10s`, `hopping:10s/5s` (10s long, a new one every 5s; only with flink-sql must the hop divide the size), `sliding:10s` or `session:30s`. Default none.
    #[serde(default)]
    pub window: Window,
    /// flink: a partition without events for longer than this no longer holds the watermark back; the time counts from the job's start, even where no event ever came. Default: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idleness: Option<Span>,
    /// flink: how many tasks (subtasks) its source has. With idleness it decides what is dropped: a task that comes back from idle is left out of the watermark until it has caught up. Default: not known; the figures then hold for any number up to one for each partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_tasks: Option<u32>,
    /// flink, beam: how often the watermark moves (default 200ms). spark: how long a micro-batch is (default: from 500ms to 4s, all are tried).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Span>,
    /// flink, beam: the engine reads live, never further than this behind the newest event. Only then can drops be certain: an engine that reads a backlog may or may not drop them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps_up: Option<Span>,
    /// kafka-streams: records go through a repartition topic before they are counted (a `groupBy`, a changed key). Records of all partitions may then meet in one task: an event is certain to be kept only if no event of the stream closes its window, and no drop is certain. Default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repartitioned: bool,
    /// spark: the stateful operator. `aggregation` counts late rows after partial aggregation, `deduplication` every late row. Default: aggregation with windows, deduplication without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Operator>,
    /// spark: `spark.sql.streaming.statefulOperator.allowMultiple`. When it is false, a batch filters by its own watermark and not by that of the batch before. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_multiple: Option<bool>,
    /// kafka-streams, sessions and sliding windows: whether the store's record cache is on and holds all windows, so that a closed window is still found (`true` unless an application turns the cache off). With `true` or `false` the verdicts are exact. Default: not known, and the verdicts are a range that covers both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_cache: Option<bool>,
    /// kafka-streams, sessions and sliding windows: they are in a store in memory, not in RocksDB. The metric then counts some events that are kept. Default false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_memory: bool,
    /// The stage where the engine reads. Default: the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
}

/// A rule that a watermark model breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct WatermarkFault {
    /// The key at fault.
    pub key: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// How to fix it.
    pub help: String,
}

impl WatermarkFault {
    fn new(key: &'static str, message: String, help: &str) -> Self {
        WatermarkFault { key, message, help: help.to_owned() }
    }
}

impl WatermarkModel {
    /// A model of an engine with nothing set.
    #[must_use]
    pub fn of(engine: Engine) -> Self {
        WatermarkModel {
            engine,
            bound: None,
            allowed_lateness: None,
            grace: None,
            window: Window::None,
            idleness: None,
            source_tasks: None,
            interval: None,
            keeps_up: None,
            repartitioned: false,
            operator: None,
            allow_multiple: None,
            record_cache: None,
            in_memory: false,
            stage: None,
        }
    }

    /// The given operator, or the default.
    #[must_use]
    pub fn operator_or_default(&self) -> Operator {
        self.operator.unwrap_or(match self.window {
            Window::None => Operator::Deduplication,
            _ => Operator::Aggregation,
        })
    }

    /// Every rule that the model breaks; empty when it can be computed.
    #[must_use]
    pub fn faults(&self) -> Vec<WatermarkFault> {
        let mut faults: Vec<WatermarkFault> = self.bound_fault().into_iter().collect();
        faults.extend(self.foreign_keys());
        faults.extend(self.value_faults());
        faults.extend(self.grace_fault());
        faults.extend(self.length_faults());
        faults.extend(self.kind_fault());
        faults.extend(self.hopping_fault());
        faults
    }

    /// A bound must be set where the engine has one, and only there.
    fn bound_fault(&self) -> Option<WatermarkFault> {
        let engine = self.engine;
        match self.bound {
            None if engine.has("bound") => Some(WatermarkFault::new(
                "bound",
                format!("{engine} needs a bound"),
                "set how far out of order events may be, as in 5s",
            )),
            Some(bound) if !engine.has("bound") && bound > Span::default() => Some(WatermarkFault::new(
                "bound",
                format!("`bound` is {bound}, but {engine} has no bound"),
                "set its grace period with `grace`",
            )),
            _ => None,
        }
    }

    /// Keys that are set, but that the engine does not have.
    fn foreign_keys(&self) -> impl Iterator<Item = WatermarkFault> {
        let engine = self.engine;
        let lateness = self.allowed_lateness.is_some_and(|allowed| allowed > Span::default());
        let nothing = |key| format!("`{key}` does not apply to {engine}");
        let (of_flink, of_streams, of_spark) =
            ("remove it, or model flink", "remove it, or model kafka-streams", "remove it, or model spark");
        [
            ("allowed_lateness", lateness, format!("{engine} has no allowed lateness"), "raise the bound instead"),
            ("idleness", self.idleness.is_some(), format!("{engine} has no idleness"), of_flink),
            ("source_tasks", self.source_tasks.is_some(), nothing("source_tasks"), of_flink),
            ("keeps_up", self.keeps_up.is_some(), nothing("keeps_up"), "remove it"),
            ("repartitioned", self.repartitioned, nothing("repartitioned"), of_streams),
            ("record_cache", self.record_cache.is_some(), nothing("record_cache"), of_streams),
            ("in_memory", self.in_memory, nothing("in_memory"), of_streams),
            ("operator", self.operator.is_some(), nothing("operator"), of_spark),
            ("allow_multiple", self.allow_multiple.is_some(), nothing("allow_multiple"), of_spark),
        ]
        .into_iter()
        .filter(move |(key, is_set, _, _)| *is_set && !engine.has(key))
        .map(|(key, _, message, help)| WatermarkFault::new(key, message, help))
    }

    /// Values that no engine accepts.
    fn value_faults(&self) -> Vec<WatermarkFault> {
        let mut faults = Vec::new();
        let mut add = |key, message: String, help| faults.push(WatermarkFault::new(key, message, help));
        if let Some(tasks) = self.source_tasks.filter(|tasks| !(1..=MAX_SOURCE_TASKS).contains(tasks)) {
            add(
                "source_tasks",
                format!("`source_tasks` is {tasks}; it must be from 1 to {MAX_SOURCE_TASKS}"),
                "set it to the parallelism of the job's source",
            );
        }
        if matches!((self.operator, self.window), (Some(Operator::Deduplication), Window::Session { .. })) {
            let message = format!("{} does not deduplicate in sessions", self.engine);
            add("operator", message, "remove `window` or `operator`");
        }
        for (key, span) in [("idleness", self.idleness), ("interval", self.interval)] {
            if span == Some(Span::default()) {
                add(key, format!("`{key}` must be longer than 0s"), "raise it, or remove it");
            }
        }
        faults
    }

    /// Grace is a key of Kafka Streams, and must be set only once.
    fn grace_fault(&self) -> Option<WatermarkFault> {
        self.grace?;
        let (message, help) = if !self.engine.has("grace") {
            (format!("{} has no grace", self.engine), "it is called `allowed_lateness` there")
        } else if self.allowed_lateness.is_some() {
            ("`grace` and `allowed_lateness` are the same length of time".to_owned(), "remove one of them")
        } else {
            return None;
        };
        Some(WatermarkFault::new("grace", message, help))
    }

    /// Event times are whole milliseconds, and so are all lengths here.
    fn length_faults(&self) -> Vec<WatermarkFault> {
        let lengths = [
            ("bound", self.bound),
            ("allowed_lateness", self.allowed_lateness),
            ("grace", self.grace),
            ("idleness", self.idleness),
            ("interval", self.interval),
            ("keeps_up", self.keeps_up),
        ];
        let (size, hop) = match self.window {
            Window::None => (None, None),
            Window::Tumbling { size } | Window::Sliding { size } => (Some(size), None),
            Window::Hopping { size, hop } => (Some(size), Some(hop)),
            Window::Session { gap } => (Some(gap), None),
        };
        let windows = [("window", size), ("window", hop)];
        let mut faults = Vec::new();
        for (key, span) in lengths.into_iter().chain(windows).filter_map(|(key, span)| Some((key, span?))) {
            if !span.as_nanos().is_multiple_of(NANOS_PER_MS) {
                let message = format!("`{key}` is {span}, which is not a whole number of milliseconds");
                faults.push(WatermarkFault::new(key, message, "engines measure event time in milliseconds"));
            } else if key == "window" && span == Span::default() {
                let message = format!("the window {} has a length of 0s", self.window);
                faults.push(WatermarkFault::new(key, message, "give it a length, or remove it"));
            }
        }
        faults
    }

    /// Not every engine has every kind of window.
    fn kind_fault(&self) -> Option<WatermarkFault> {
        let (engine, settings) = (self.engine, self.engine.settings());
        match self.window {
            Window::None if settings.needs_windows => Some(WatermarkFault::new(
                "window",
                format!("{engine} without windows drops nothing"),
                "it drops late events only from windows: set `window`, as in tumbling:10s",
            )),
            Window::Sliding { .. } if !settings.has_sliding_windows => Some(WatermarkFault::new(
                "window",
                format!("{engine} has no windows like {}", self.window),
                "its sliding windows are hopping windows: write hopping:SIZE/HOP",
            )),
            Window::None
            | Window::Tumbling { .. }
            | Window::Hopping { .. }
            | Window::Sliding { .. }
            | Window::Session { .. } => None,
        }
    }

    fn hopping_fault(&self) -> Option<WatermarkFault> {
        let Window::Hopping { size, hop } = self.window else { return None };
        let (size_ns, hop_ns) = (size.as_nanos(), hop.as_nanos());
        let fault = |message: String, help: &str| Some(WatermarkFault::new("window", message, help));
        if size_ns == 0 || hop_ns == 0 {
            return None;
        }
        if hop_ns > size_ns {
            return fault(
                format!(
                    "the window {} is shorter than its hop: events between two windows would be in neither",
                    self.window
                ),
                "choose a hop no longer than the size, as in hopping:10s/5s",
            );
        }
        if self.engine.settings().hops_divide_sizes && !size_ns.is_multiple_of(hop_ns) {
            return fault(
                format!(
                    "{} does not allow windows like {}: the size must be a multiple of the hop",
                    self.engine, self.window
                ),
                "choose a hop that divides the size, as in hopping:10s/5s",
            );
        }
        let windows = size_ns.div_ceil(hop_ns);
        if windows > MAX_WINDOWS_OF_AN_EVENT {
            return fault(
                format!(
                    "the window {} puts each event into {windows} windows (limit {MAX_WINDOWS_OF_AN_EVENT})",
                    self.window
                ),
                "choose a longer hop",
            );
        }
        None
    }
}
