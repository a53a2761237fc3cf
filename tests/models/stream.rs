//! A small stream with the settings of an engine, as the engine and floodmark read it.

use floodmark::profile::{Span, WatermarkModel, Window};
use serde_json::{Map, Value, json};

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Row {
    /// An event.
    Event { partition: u32, key: Option<String>, time_ms: i64 },
    /// The watermark is emitted, at this moment of the engine's clock.
    Tick(i64),
    /// A micro-batch ends.
    Batch,
    /// A partition is marked idle.
    Idle(u32),
}

/// A stream, and who reads it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stream {
    /// The engine and its settings, as floodmark gets them.
    pub(crate) model: WatermarkModel,
    /// `floodmark watermark --per-record`.
    pub(crate) per_record: bool,
    /// `floodmark watermark --quiet-stream`.
    pub(crate) quiet_stream: bool,
    /// Settings for the engine only.
    pub(crate) setup: Map<String, Value>,
    pub(crate) rows: Vec<Row>,
}

impl Stream {
    /// Rows without settings for the engine only.
    pub(crate) fn new(model: WatermarkModel, rows: Vec<Row>) -> Self {
        Stream { model, per_record: false, quiet_stream: false, setup: Map::new(), rows }
    }

    /// The partitions that rows name.
    pub(crate) fn partitions(&self) -> usize {
        let of = |row: &Row| match row {
            Row::Event { partition, .. } | Row::Idle(partition) => Some(*partition as usize + 1),
            Row::Tick(_) | Row::Batch => None,
        };
        self.rows.iter().filter_map(of).max().unwrap_or(0)
    }

    /// The line that the engine reads.
    pub(crate) fn line(&self) -> String {
        let mut settings = self.setup.clone();
        let mut set = |name: &str, span: Option<Span>| {
            span.map(|span| settings.insert(name.to_owned(), in_ms(span).into()));
        };
        set("bound_ms", Some(self.model.bound.unwrap_or_default()));
        set("allowed_ms", Some(self.model.allowed_lateness.unwrap_or_default()));
        set("idleness_ms", self.model.idleness);
        set("interval_ms", self.model.interval);
        settings.insert("window".to_owned(), window_json(self.model.window));
        settings.insert("partitions".to_owned(), self.partitions().into());
        let row = |row: &Row| match row {
            Row::Event { partition, key, time_ms } => json!({ "partition": partition, "key": key, "time": time_ms }),
            Row::Tick(now_ms) => json!({ "tick": now_ms }),
            Row::Batch => json!({ "batch": true }),
            Row::Idle(partition) => json!({ "idle": partition }),
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({ "settings": settings, "records": rows }).to_string()
    }

    /// The file that `floodmark watermark` reads. Row n is line n + 2.
    pub(crate) fn csv(&self) -> String {
        self.csv_with(|now_ms| now_ms.to_string())
    }

    /// The same, without the times of the ticks.
    pub(crate) fn untimed_csv(&self) -> String {
        self.csv_with(|_| String::new())
    }

    fn csv_with(&self, tick: impl Fn(i64) -> String) -> String {
        let row = |row: &Row| match row {
            Row::Event { partition, key, time_ms } => {
                format!("event,{partition},{time_ms},{}\n", key.as_deref().unwrap_or_default())
            }
            Row::Tick(now_ms) => format!("tick,,{},\n", tick(*now_ms)),
            Row::Batch => "batch,,,\n".to_owned(),
            Row::Idle(partition) => format!("idle,{partition},,\n"),
        };
        "kind,partition,time_ms,key\n".to_owned() + &self.rows.iter().map(row).collect::<String>()
    }

    /// The command that judges the file.
    pub(crate) fn command(&self) -> String {
        let WatermarkModel { engine, window, .. } = &self.model;
        let mut command = format!("floodmark watermark FILE --engine {engine} --window {window}");
        let table = toml_of(&self.model);
        for (key, value) in table.iter().filter(|(key, _)| !matches!(key.as_str(), "engine" | "window" | "stage")) {
            let flag = key.replace('_', "-");
            match value {
                Value::Bool(true) if key != "record_cache" => command.push_str(&format!(" --{flag}")),
                Value::String(text) => command.push_str(&format!(" --{flag} {text}")),
                other => command.push_str(&format!(" --{flag} {other}")),
            }
        }
        for (flag, given) in [("--per-record", self.per_record), ("--quiet-stream", self.quiet_stream)] {
            if given {
                command.push_str(&format!(" {flag}"));
            }
        }
        command
    }
}

/// The keys of a model that are set, as a profile writes them.
fn toml_of(model: &WatermarkModel) -> Map<String, Value> {
    match serde_json::to_value(model).unwrap() {
        Value::Object(table) => table,
        other => panic!("a model is a table, not {other}"),
    }
}

pub(crate) fn in_ms(span: Span) -> i64 {
    (span.as_nanos() / 1_000_000) as i64
}

/// A length; negative ones are omitted.
pub(crate) fn ms(length_ms: i64) -> Span {
    Span::from_millis(u64::try_from(length_ms).unwrap_or(0))
}

fn window_json(window: Window) -> Value {
    match window {
        Window::None => json!({ "kind": "none" }),
        Window::Tumbling { size } => json!({ "kind": "tumbling", "size_ms": in_ms(size), "hop_ms": in_ms(size) }),
        Window::Hopping { size, hop } => json!({ "kind": "hopping", "size_ms": in_ms(size), "hop_ms": in_ms(hop) }),
        Window::Sliding { size } => json!({ "kind": "sliding", "size_ms": in_ms(size) }),
        Window::Session { gap } => json!({ "kind": "session", "gap_ms": in_ms(gap) }),
    }
}

#[cfg(test)]
mod tests {
    use floodmark::profile::Engine;

    use super::*;

    #[test]
    fn the_engine_and_floodmark_read_the_same_stream() {
        let model = WatermarkModel {
            bound: Some(ms(5)),
            idleness: Some(ms(1_000)),
            window: Window::Hopping { size: ms(10), hop: ms(5) },
            ..WatermarkModel::of(Engine::Flink)
        };
        let rows = vec![
            Row::Event { partition: 1, key: Some("a".to_owned()), time_ms: -3 },
            Row::Tick(200),
            Row::Idle(0),
            Row::Batch,
        ];
        let stream = Stream { per_record: true, ..Stream::new(model, rows) };
        assert_eq!(stream.csv(), "kind,partition,time_ms,key\nevent,1,-3,a\ntick,,200,\nidle,0,,\nbatch,,,\n");
        assert_eq!(
            stream.command(),
            "floodmark watermark FILE --engine flink --window hopping:10ms/5ms --bound 5ms --idleness 1s --per-record"
        );
        let line: Value = serde_json::from_str(&stream.line()).unwrap();
        let settings = json!({
            "bound_ms": 5, "allowed_ms": 0, "idleness_ms": 1000, "partitions": 2,
            "window": { "kind": "hopping", "size_ms": 10, "hop_ms": 5 }
        });
        assert_eq!(line["settings"], settings);
        let rows =
            json!([{ "partition": 1, "key": "a", "time": -3 }, { "tick": 200 }, { "idle": 0 }, { "batch": true }]);
        assert_eq!(line["records"], rows);
    }
}
