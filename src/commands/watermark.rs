//! `floodmark watermark`: what would an engine drop of a recorded stream, or of a topic?

use std::fs::File;
use std::io::{Read, Write, stdin};
use std::path::PathBuf;

use super::by_registry::ByRegistry;
use super::{CommandError, Outcome, flags};
use crate::capture::Moment;
use crate::consume::extract::Place;
use crate::consume::recorded::read_recorded;
use crate::event::time_form::TimeForm;
use crate::event_time::watermark::ModelSpec;
use crate::limits::refuse_few_files;
use crate::profile::{Engine, Operator, Span, WatermarkModel, Window};
use crate::report::output::to_stderr;
use crate::report::terminal::Look;
use crate::report::terminal::capture::ProgressLine;
use crate::report::terminal::watermark::{recorded_verdicts, topic_watermarks};
use crate::survey::{EventTimeAt, Reading, Survey, SurveyError, judge_recorded, survey};
use crate::verdict::Verdict;

/// Flags of `watermark`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FILE is CSV with the columns kind,partition,time_ms,key in the order of the stream; kind is event, watermark (a given one),
tick (the watermark is emitted), batch (a Spark micro-batch ends) or idle. With ticks, batches or watermarks the verdicts are exact.

Examples:
  floodmark watermark recorded.csv --engine flink --bound 5s --window tumbling:10s
  floodmark watermark -b localhost:9092 -t orders --engine flink --bound 5s --bound 1m --window tumbling:10s
  floodmark watermark -b localhost:9092 -t orders --registry http://localhost:8081 --event-time /placed_at --engine flink --bound 5s")]
pub struct Args {
    /// The recorded stream, a CSV file; `-` is standard input
    #[arg(required_unless_present = "topic", conflicts_with = "topic")]
    pub file: Option<PathBuf>,
    /// A topic to read once, from its beginning to its present end
    #[arg(short, long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Where a message's event time is: /json/pointer, header:NAME or record (its timestamp); default: where floodmark puts it
    #[arg(long, value_name = "PLACE", requires = "topic")]
    pub event_time: Option<String>,
    /// How it is written: s, ms, us, ns (numbers since 1970), rfc3339, or a pattern of strptime; default: recognised
    #[arg(long, value_name = "FORM", requires = "topic")]
    pub event_time_format: Option<TimeForm>,
    /// The schema registry that knows the messages' schemas, such as http://127.0.0.1:8081 [login: FLOODMARK_REGISTRY_USER, FLOODMARK_REGISTRY_PASSWORD]
    #[arg(long, value_name = "URL", requires = "topic")]
    pub registry: Option<String>,
    /// Where to begin in the topic, by its records' timestamps: 2030-01-31T11:00:00Z, "7d ago"; default: at its beginning
    #[arg(long, value_name = "TIME", requires = "topic")]
    pub from: Option<Moment>,
    /// Where to end; default: at its present end
    #[arg(long, value_name = "TIME", requires = "topic")]
    pub to: Option<Moment>,
    /// Read only this many messages, spread over the range: drops are then counted among those
    #[arg(long, value_name = "N", default_value_t = 0, requires = "topic", value_parser = clap::value_parser!(u64).range(0..=10_000_000))]
    pub sample: u64,
    /// The engine.
    #[arg(long, help = format!("The engine: {}", Engine::names()))]
    pub engine: Engine,
    /// How far out of order events may be (repeatable: bounds are compared)
    #[arg(long, value_name = "SPAN")]
    pub bound: Vec<Span>,
    /// tumbling:10s, hopping:10s/5s (the hop need not divide the size), sliding:10s, session:30s or none
    #[arg(long, default_value = "none")]
    pub window: Window,
    /// How long a window stays open after the watermark has passed its end: allowed lateness, or Kafka Streams' grace
    #[arg(long, value_name = "SPAN")]
    pub allowed_lateness: Option<Span>,
    /// kafka-streams: its grace period, the same as --allowed-lateness
    #[arg(long, value_name = "SPAN")]
    pub grace: Option<Span>,
    /// flink: a partition that is silent for this long no longer holds the watermark back
    #[arg(long, value_name = "SPAN")]
    pub idleness: Option<Span>,
    /// flink: how many tasks its source has (default: with --idleness, the result holds for any number up to one for each partition)
    #[arg(long, value_name = "N")]
    pub source_tasks: Option<u32>,
    /// How often the watermark moves (spark: the length of a micro-batch)
    #[arg(long, value_name = "SPAN")]
    pub interval: Option<Span>,
    /// flink, beam: the engine reads live, never further than this behind the newest event
    #[arg(long, value_name = "SPAN")]
    pub keeps_up: Option<Span>,
    /// kafka-streams: records go through a repartition topic before they are counted
    #[arg(long)]
    pub repartitioned: bool,
    /// spark: aggregation (default with windows) or deduplication (default without)
    #[arg(long)]
    pub operator: Option<Operator>,
    /// spark: whether `spark.sql.streaming.statefulOperator.allowMultiple` is on, as it is by default
    #[arg(long, value_name = "BOOL")]
    pub allow_multiple: Option<bool>,
    /// kafka-streams: whether closed sessions and sliding windows are still found in the record cache (default: either is possible)
    #[arg(long, value_name = "BOOL")]
    pub record_cache: Option<bool>,
    /// kafka-streams: sessions or sliding windows are kept in memory, not in RocksDB
    #[arg(long)]
    pub in_memory: bool,
    /// FILE: the watermark moves with every event
    #[arg(long, conflicts_with = "topic")]
    pub per_record: bool,
    /// FILE, spark: after every batch that moved the watermark comes a batch without data
    #[arg(long, conflicts_with = "topic")]
    pub quiet_stream: bool,
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// Print only JSON
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// A model for each bound.
    fn models(&self) -> Result<Vec<ModelSpec>, CommandError> {
        let bounds: Vec<Option<Span>> =
            if self.bound.is_empty() { vec![None] } else { self.bound.iter().copied().map(Some).collect() };
        let model = |bound| WatermarkModel {
            bound,
            window: self.window,
            allowed_lateness: self.allowed_lateness,
            grace: self.grace,
            idleness: self.idleness,
            source_tasks: self.source_tasks,
            interval: self.interval,
            keeps_up: self.keeps_up,
            repartitioned: self.repartitioned,
            operator: self.operator,
            allow_multiple: self.allow_multiple,
            record_cache: self.record_cache,
            in_memory: self.in_memory,
            ..WatermarkModel::of(self.engine)
        };
        let spec = |bound| {
            ModelSpec::of(&model(bound))
                .map_err(|fault| CommandError::Usage(format!("--{}: {fault}", fault.key.replace('_', "-"))))
        };
        bounds.into_iter().map(spec).collect()
    }

    fn event_time(&self) -> Result<EventTimeAt, CommandError> {
        let Some(text) = self.event_time.as_deref() else { return Ok(EventTimeAt::Floodmark) };
        if text == "record" {
            return Ok(EventTimeAt::Record);
        }
        let refused = |error| CommandError::Usage(format!("--event-time: {error}, or `record`"));
        Place::parse(text).map(EventTimeAt::Place).map_err(refused)
    }

    fn survey(
        &self,
        topic: &str,
        models: Vec<ModelSpec>,
        registry: Option<&ByRegistry>,
    ) -> Result<Survey, CommandError> {
        let event_time = self.event_time()?;
        refuse_few_files().map_err(CommandError::Environment)?;
        let settings = self.target.settings()?;
        if settings.brokers().is_none() {
            return Err(CommandError::Usage(format!("name the cluster that has topic {topic} with -b HOST:PORT")));
        }
        Ok(Survey {
            settings,
            topic: topic.to_owned(),
            event_time,
            decoder: registry.map(ByRegistry::decoder),
            form: self.event_time_format.clone().unwrap_or_default(),
            from: self.from,
            to: self.to,
            sample: self.sample,
            models,
        })
    }
}

/// Judges.
///
/// # Errors
/// A model that its engine does not have, a row that is wrong, or a topic that cannot be read.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let models = args.models()?;
    match (&args.file, &args.topic) {
        (Some(file), _) => judge_file(args, file, &models, out),
        (None, Some(topic)) => judge_topic(args, topic, models, out),
        (None, None) => Err(CommandError::Usage("name a FILE, or a topic with -b and -t".to_owned())),
    }
}

fn judge_file(args: &Args, file: &PathBuf, models: &[ModelSpec], out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let is_stdin = file.as_os_str() == "-";
    let name = if is_stdin { "standard input".to_owned() } else { file.display().to_string() };
    let source: Box<dyn Read> = if is_stdin {
        Box::new(stdin().lock())
    } else {
        Box::new(File::open(file).map_err(|error| CommandError::Usage(format!("{name} cannot be read: {error}")))?)
    };
    let recorded = read_recorded(source).map_err(|error| CommandError::Usage(format!("{name}, {error}")))?;
    let reading = Reading { per_record: args.per_record, quiet_stream: args.quiet_stream };
    let verdicts: Vec<_> = models.iter().map(|model| judge_recorded(model, &recorded, reading)).collect();
    match verdicts.as_slice() {
        [only] if args.json => print_json(only, out)?,
        several if args.json => print_json(&several, out)?,
        all => {
            let texts: Vec<String> = all.iter().map(|one| recorded_verdicts(one, Look::of_stdout())).collect();
            out.write_all(texts.join("\n").as_bytes())?;
        }
    }
    Ok(Outcome::Done)
}

fn judge_topic(args: &Args, topic: &str, models: Vec<ModelSpec>, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let registry = args.registry.as_deref().map(ByRegistry::at).transpose()?;
    let wanted = args.survey(topic, models, registry.as_ref())?;
    let mut line = ProgressLine::default();
    let found = survey(&wanted, &mut |progress| line.show(progress));
    line.close();
    let unhelpful = registry.and_then(|registry| registry.unhelpful());
    let found = found.map_err(|error| match (error, &unhelpful) {
        (SurveyError::Usage(_), Some(why)) => CommandError::Environment(why.clone()),
        (error, _) => error.into(),
    })?;
    if let Some(why) = unhelpful {
        // Nobody to hear it is no reason to stop.
        let _unheard = to_stderr(&format!("note: some messages cannot be decoded: {why}\n"));
    }
    if args.json {
        print_json(&found, out)?;
    } else {
        out.write_all(topic_watermarks(&found, Look::of_stdout()).as_bytes())?;
    }
    // Where most messages cannot be read, what is said of the others carries nothing.
    let missing = found.watermarks.first().map_or(0, |watermark| watermark.without_event_time);
    if missing * 2 > found.messages {
        return Ok(Outcome::Judged(Verdict::Void));
    }
    Ok(Outcome::Done)
}

impl From<SurveyError> for CommandError {
    fn from(error: SurveyError) -> Self {
        let text = error.to_string();
        match error {
            SurveyError::Nothing(_) => CommandError::Nothing(text),
            error if error.is_usage() => CommandError::Usage(text),
            _ => CommandError::Environment(text),
        }
    }
}

fn print_json(what: &impl serde::Serialize, out: &mut dyn Write) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(what).map_err(|error| CommandError::Environment(error.to_string()))?;
    Ok(writeln!(out, "{text}")?)
}
