//! One stage: a thread that reads, extracts and observes until it is told that enough has been read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::event_time::{EventTimeReport, EventTimes, Own};
use super::extract::{Extracted, Extractor};
use super::progress::{End, Progress};
use super::windows::{WindowsPlan, WindowsSeen};
use crate::check::lateness::LogRow;
use crate::check::watermark::ModelSpec;
use crate::check::{Class, Delivered, Interval, Merge, Observation, Observed, Observer};
use crate::clock::Clock;
use crate::kafka::{KafkaError, Record, Source, SourceEvent};
use crate::load::StreamSchedule;
use crate::produce::{ByTheSecond, Figures, StopFlag};

/// How long to wait for the next record before looking after everything else.
const POLL: Duration = Duration::from_millis(50);
/// How long a stage may take to reach the end of its topic before the run starts.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// Nanoseconds in a microsecond, the unit of times in payloads.
const NANOS_PER_US: u64 = 1000;

/// All that a stage's thread needs to know.
#[derive(Debug, Clone)]
pub struct StagePlan {
    /// The stream's position in the profile.
    pub stream: usize,
    /// The stage's position among the stream's stages.
    pub stage: usize,
    /// The stage's name.
    pub name: String,
    /// The topic.
    pub topic: String,
    /// Where each partition is read from.
    pub from: Vec<(i32, i64)>,
    /// The client's settings, resolved.
    pub settings: BTreeMap<String, String>,
    /// Where id and times are.
    pub extractor: Extractor,
    /// What the run's events look like.
    pub observed: Observed,
    /// What was planned and injected.
    pub schedule: Arc<StreamSchedule>,
    /// The process's clock.
    pub clock: Clock,
    /// The start of the run, in nanoseconds since 1970; not known to a process that only observes.
    pub start_ns: Option<u64>,
    /// The warm-up, in nanoseconds from the start.
    pub warmup_ns: u64,
    /// The stage's quiet time, in nanoseconds.
    pub quiet_ns: u64,
    /// How long to read on when the end has been told, in nanoseconds.
    pub drain_ns: u64,
    /// The engines whose watermarks the stage's events are held against.
    pub models: Vec<ModelSpec>,
    /// What to note for a pipeline's windows.
    pub windows: WindowsPlan,
}

/// A stage's second.
#[derive(Debug, Clone, Default)]
pub struct StageFigures {
    /// The stage's position among the stream's stages.
    pub stage: usize,
    /// What was seen.
    pub interval: Interval,
    /// The watermark log's rows.
    pub watermarks: Vec<LogRow>,
}

impl Merge for StageFigures {
    fn merge(&mut self, other: Self) {
        let StageFigures { stage, interval, watermarks } = other;
        self.stage = stage;
        self.interval.counts.merge(interval.counts);
        self.interval.due_to_consumed.merge(interval.due_to_consumed);
        self.watermarks.extend(watermarks);
    }
}

/// What was seen at a stage.
#[derive(Debug)]
pub struct StageReport {
    /// The stream's position in the profile.
    pub stream: usize,
    /// The stage's position among the stream's stages.
    pub stage: usize,
    /// The ledger.
    pub ledger: Delivered,
    /// What the event times came to, where engines are modelled.
    pub event_times: Option<EventTimeReport>,
    /// What was noted for a pipeline's windows, if anything was to be.
    pub windows: Option<WindowsSeen>,
    /// Whether everything was read that the end asked for.
    pub complete: bool,
    /// The last error that the client reported.
    pub last_error: Option<String>,
    /// Due time of the first and last event that was seen, in nanoseconds since 1970.
    pub due_span_ns: Option<(u64, u64)>,
}

/// A stage that could not be observed.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// The client failed.
    #[error("stage {stage}: {source}")]
    Client {
        /// The stage.
        stage: String,
        /// What the client says.
        source: KafkaError,
    },
    /// The end of the topic was not reached before the start.
    #[error("stage {stage}: topic {topic} could not be read within {} s{}", READY_TIMEOUT.as_secs(), reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    NotReady {
        /// The stage.
        stage: String,
        /// Its topic.
        topic: String,
        /// What the client said last.
        reason: Option<String>,
    },
    /// The system gives no more threads.
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// A stage that is being observed.
pub struct Observing {
    thread: JoinHandle<StageReport>,
    end: Sender<End>,
    /// The stream's position in the profile.
    pub stream: usize,
    /// The stage's position among the stream's stages.
    pub stage: usize,
    /// Whether this is the topic that the stream is sent to.
    pub is_input: bool,
    /// The first due time that was seen, in nanoseconds since 1970; 0 before that.
    first_due_ns: Arc<AtomicU64>,
    /// When the run starts, in nanoseconds since 1970; 0 before it is known.
    told_start_ns: Arc<AtomicU64>,
}

impl Observing {
    /// Tells when the run starts, in nanoseconds since 1970. To be told before the first event is due: what is due in the warm-up, and which
    /// second an event belongs to, depend on it.
    pub fn start_at(&self, start_ns: u64) {
        self.told_start_ns.store(start_ns, Ordering::Relaxed);
    }

    /// Tells what ends the reading.
    pub fn end_at(&self, end: End) {
        // A stage that has ended by itself needs no telling.
        let _ended = self.end.send(end);
    }

    /// When the first event that was seen was due, in nanoseconds since 1970, if any was seen.
    #[must_use]
    pub fn first_due_ns(&self) -> Option<u64> {
        Some(self.first_due_ns.load(Ordering::Relaxed)).filter(|due_ns| *due_ns > 0)
    }

    /// Whether the stage has come to its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the stage's end. A thread that panicked is passed on.
    #[must_use]
    pub fn join(self) -> StageReport {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Opens a client for a stage, waits until it stands at the end of its topic, and starts to observe.
/// From then on nothing that is sent is seen late because of the client's own beginning.
///
/// # Errors
/// [`ConsumeError`] when the topic cannot be read.
pub fn start(
    plan: StagePlan,
    figures: Sender<Figures<StageFigures>>,
    stop: &StopFlag,
) -> Result<Observing, ConsumeError> {
    let source = Source::open(&plan.settings, &plan.topic, &plan.from)
        .map_err(|source| ConsumeError::Client { stage: plan.name.clone(), source })?;
    let (end, end_told) = channel();
    let (stream, place, is_input) = (plan.stream, plan.stage, plan.observed.is_input);
    let mut stage = StageThread::new(plan, source, figures, end_told, stop.clone());
    stage.wait_until_ready()?;
    let (first_due_ns, told_start_ns) = (Arc::clone(&stage.eyes.first_due_ns), Arc::clone(&stage.eyes.told_start_ns));
    let thread = thread::Builder::new().name(format!("observe-{}", stage.plan.name)).spawn(move || stage.run())?;
    Ok(Observing { thread, end, stream, stage: place, is_input, first_due_ns, told_start_ns })
}

struct StageThread {
    plan: StagePlan,
    source: Source,
    figures: Sender<Figures<StageFigures>>,
    end_told: Receiver<End>,
    stop: StopFlag,
    eyes: Eyes,
    second: ByTheSecond<()>,
}

/// What takes in records, apart from where they come from.
struct Eyes {
    observer: Observer<Arc<StreamSchedule>>,
    /// None when no engine is modelled.
    event_times: Option<EventTimes>,
    /// None when no pipeline's windows are looked at.
    windows: Option<WindowsSeen>,
    progress: Progress,
    reached_end: BTreeMap<i32, bool>,
    start_ns: Option<u64>,
    due_span_ns: Option<(u64, u64)>,
    /// The first due time, for whoever decides when the schedule is over; 0 before any was seen.
    first_due_ns: Arc<AtomicU64>,
    told_start_ns: Arc<AtomicU64>,
    last_error: Option<String>,
    is_broken: bool,
}

impl StageThread {
    fn new(
        plan: StagePlan,
        source: Source,
        figures: Sender<Figures<StageFigures>>,
        end_told: Receiver<End>,
        stop: StopFlag,
    ) -> Self {
        let eyes = Eyes {
            observer: Observer::new(Arc::clone(&plan.schedule), plan.observed),
            event_times: EventTimes::new(&plan),
            windows: windows_seen(&plan),
            progress: Progress::starting_at(plan.from.iter().copied()),
            reached_end: plan.from.iter().map(|(partition, _)| (*partition, false)).collect(),
            start_ns: plan.start_ns,
            due_span_ns: None,
            first_due_ns: Arc::default(),
            told_start_ns: Arc::default(),
            last_error: None,
            is_broken: false,
        };
        StageThread { plan, source, figures, end_told, stop, eyes, second: ByTheSecond::new() }
    }

    fn wait_until_ready(&mut self) -> Result<(), ConsumeError> {
        let deadline = Instant::now() + READY_TIMEOUT;
        while !self.eyes.reached_end.values().all(|reached| *reached) {
            if Instant::now() > deadline || self.eyes.is_broken {
                let (stage, topic) = (self.plan.name.clone(), self.plan.topic.clone());
                return Err(ConsumeError::NotReady { stage, topic, reason: self.eyes.last_error.clone() });
            }
            self.read();
        }
        Ok(())
    }

    fn read(&mut self) -> usize {
        let StageThread { plan, source, eyes, .. } = self;
        source.poll(POLL, &plan.clock, |event| eyes.take(plan, event))
    }

    fn run(mut self) -> StageReport {
        let mut end: Option<(End, u64)> = None;
        let complete = loop {
            self.read();
            self.hand_in_second();
            let now_ns = self.plan.clock.now_ns();
            match self.end_told.try_recv() {
                Ok(told) => end = Some((told, now_ns)),
                // Whoever would have told is gone: the run is being torn down.
                Err(TryRecvError::Disconnected) => break false,
                Err(TryRecvError::Empty) => {}
            }
            if self.stop.is_set_twice() {
                break false;
            }
            let Some((end, told_ns)) = &end else { continue };
            if self.eyes.progress.is_over(end, now_ns, *told_ns, self.plan.quiet_ns) {
                break true;
            }
            if now_ns.saturating_sub(*told_ns) > self.plan.drain_ns {
                break false;
            }
        };
        self.finish(complete)
    }

    fn finish(mut self, complete: bool) -> StageReport {
        self.hand_in(self.seconds_since_start());
        for (partition, position) in self.eyes.progress.positions() {
            self.eyes.observer.position(*partition as u16, (*position).max(0) as u64);
        }
        // "Quiet" is a pipeline's way of having been read to the end; the input topic has its offsets.
        let quiet = complete && !self.plan.observed.is_input;
        let Eyes { observer, event_times, windows, due_span_ns, last_error, start_ns, .. } = self.eyes;
        StageReport {
            stream: self.plan.stream,
            stage: self.plan.stage,
            ledger: observer.finish(quiet),
            event_times: event_times.map(|event_times| event_times.finish(start_ns)),
            windows,
            complete,
            last_error,
            due_span_ns,
        }
    }

    fn seconds_since_start(&self) -> u64 {
        self.since_start_ns() / 1_000_000_000
    }

    fn since_start_ns(&self) -> u64 {
        self.eyes.start_ns.map_or(0, |start_ns| self.plan.clock.now_ns().saturating_sub(start_ns))
    }

    fn hand_in_second(&mut self) {
        self.eyes.hear_of_the_start();
        if let Some((second, ())) = self.second.over(self.since_start_ns()) {
            self.hand_in(second);
        }
    }

    fn hand_in(&mut self, second: u64) {
        let now_ns = self.plan.clock.now_ns();
        let rows = |event_times: &mut EventTimes| event_times.end_second(second, now_ns);
        let watermarks = self.eyes.event_times.as_mut().map(rows).unwrap_or_default();
        let interval = self.eyes.observer.take_interval();
        let figures = StageFigures { stage: self.plan.stage, interval, watermarks };
        // Nobody listens any more when the run is being torn down; the ledger still holds everything.
        let _unheard = self.figures.send(Figures { stream: self.plan.stream, second, figures });
    }
}

/// The event that a message is, if it is one of this stream's that says when it was due.
fn own_event(found: &Extracted, class: Class, start_ns: Option<u64>) -> Option<Own> {
    let is_own = !matches!(class, Class::Foreign | Class::Phantom);
    let id = found.id.ok().filter(|_| is_own)?;
    Some(Own { id, class, due_us: found.due_us?, start_ns: start_ns? })
}

fn windows_seen(plan: &StagePlan) -> Option<WindowsSeen> {
    let WindowsPlan { expects, results } = &plan.windows;
    let partitions = plan.from.iter().map(|(partition, _)| *partition as u16);
    (!expects.is_empty() || results.is_some()).then(|| WindowsSeen::new(&plan.windows, plan.stage, partitions))
}

impl Eyes {
    fn take(&mut self, plan: &StagePlan, event: SourceEvent<'_>) {
        match event {
            SourceEvent::Record { record, consumed_ns, behind_ns } => self.see(plan, &record, consumed_ns, behind_ns),
            SourceEvent::End { partition, offset } => {
                self.progress.advance(partition, offset);
                self.reached_end.insert(partition, true);
            }
            SourceEvent::Error { reason, fatal } => {
                self.last_error = Some(reason);
                self.is_broken |= fatal;
            }
        }
    }

    fn see(&mut self, plan: &StagePlan, record: &Record<'_>, consumed_ns: u64, behind_ns: u64) {
        self.progress.advance(record.partition(), record.offset() + 1);
        if let Some((places, _)) = &plan.windows.results {
            self.progress.news(consumed_ns);
            return self.windows.iter_mut().for_each(|windows| windows.result(plan.stage, places, record));
        }
        let found = plan.extractor.extract(record.payload(), |name| record.header(name));
        let due_ns = found.due_us.map(|us| us.saturating_mul(NANOS_PER_US));
        let is_ours = found.id.is_ok_and(|id| id.run == plan.observed.run);
        self.hear_of_the_start();
        if let (true, Some(due_ns)) = (is_ours, due_ns) {
            self.note_due(due_ns);
        }
        let warmup_end_ns = self.start_ns.unwrap_or(0).saturating_add(plan.warmup_ns);
        let class = self.observer.observe(&Observation {
            id: found.id,
            partition: record.partition() as u16,
            key_hash: record.key().map(xxhash_rust::xxh3::xxh3_64),
            due_ns,
            sent_ns: found.sent_us.map(|us| us.saturating_mul(NANOS_PER_US)),
            consumed_ns,
            behind_ns,
            // Without a warm-up nothing is left out, whatever is known of the start.
            warmup: plan.warmup_ns > 0 && due_ns.is_some_and(|due_ns| due_ns < warmup_end_ns),
        });
        if let Some(event_times) = &mut self.event_times {
            event_times.see(record, &found, consumed_ns, own_event(&found, class, self.start_ns));
        }
        if let Some(windows) = &mut self.windows {
            windows.event(record, &found, class);
        }
        if is_ours {
            self.progress.news(consumed_ns);
        }
    }

    fn hear_of_the_start(&mut self) {
        if self.start_ns.is_none() {
            self.start_ns = Some(self.told_start_ns.load(Ordering::Relaxed)).filter(|start_ns| *start_ns > 0);
        }
    }

    fn note_due(&mut self, due_ns: u64) {
        // A process that was not told the start takes the first event's due time for it.
        self.start_ns.get_or_insert(due_ns);
        self.due_span_ns = Some(match self.due_span_ns {
            None => {
                self.first_due_ns.store(due_ns, Ordering::Relaxed);
                (due_ns, due_ns)
            }
            Some((first, last)) => (first.min(due_ns), last.max(due_ns)),
        });
    }
}
