//! One stage: a thread that reads, extracts and observes until enough has been read.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::client::{ReadClientError, Source};
use super::event_time::{EventTimeFigures, EventTimes};
use super::intake::{Intake, Shared, Unread};
use super::plan::StagePlan;
use super::progress::End;
use super::windows::WindowsSeen;
use crate::by_the_second::{ByTheSecond, Figures};
use crate::check::{Delivered, Interval};
use crate::event_time::lateness::LogRow;
use crate::mergeable::Merge;
use crate::stop::StopFlag;

/// How long to wait for the next record before checking everything else.
const POLL: Duration = Duration::from_millis(100);
/// How long a stage may take to reach the end of its topic before the run starts.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// A stage's figures for one second.
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
        let Interval { counts, due_to_consumed, sent_to_consumed } = interval;
        self.interval.counts.merge(counts);
        self.interval.due_to_consumed.merge(due_to_consumed);
        self.interval.sent_to_consumed.merge(sent_to_consumed);
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
    /// The figures of the event times, where engines are modelled.
    pub event_times: Option<EventTimeFigures>,
    /// What was recorded for a pipeline's windows, where there are any.
    pub windows: Option<WindowsSeen>,
    /// Whether everything up to the requested end was read.
    pub complete: bool,
    /// The last error that the client reported.
    pub last_error: Option<String>,
    /// What could not be read.
    pub unread: Unread,
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
        source: ReadClientError,
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
    /// The system provides no more threads.
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// A message to a stage that is reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// What ends the reading.
    End(End),
    /// The topic has gained these partitions: they are read from their beginnings.
    Partitions(Vec<i32>),
    /// The topic was deleted. If it was recreated, it has these partitions, and is read from their beginnings.
    TopicChanged(Vec<i32>),
}

/// A stage that is being observed.
pub struct Observing {
    thread: JoinHandle<StageReport>,
    told: Sender<Told>,
    /// The stream's position in the profile.
    pub stream: usize,
    /// The stage's position among the stream's stages.
    pub stage: usize,
    /// Its topic.
    pub topic: String,
    /// Whether this is the topic that the stream is sent to.
    pub is_input: bool,
    shared: Shared,
}

impl Observing {
    /// Announces when the run starts, in nanoseconds since 1970. Call it before the first event is due: it decides what is due in the
    /// warm-up, and which second an event belongs to.
    pub fn start_at(&self, start_ns: u64) {
        self.shared.told_start_ns.store(start_ns, Ordering::Relaxed);
    }

    /// Sends the stage a message.
    pub fn tell(&self, told: Told) {
        // A stage that has ended by itself needs no message.
        let _ended = self.told.send(told);
    }

    /// The latest moment at which the run can have begun, in nanoseconds since 1970, if any of its events was seen.
    #[must_use]
    pub fn begun_ns(&self) -> Option<u64> {
        Some(self.shared.begun_ns.load(Ordering::Relaxed)).filter(|begun_ns| *begun_ns > 0)
    }

    /// How many events with this run's id were seen before its start was announced?
    #[must_use]
    pub fn before_start(&self) -> u64 {
        self.shared.before_start.load(Ordering::Relaxed)
    }

    /// Whether the stage has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the stage's end. Passes a panic of its thread on.
    #[must_use]
    pub fn join(self) -> StageReport {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Opens a client for a stage, waits until it has reached the end of its topic, and starts to observe. From then on nothing is seen late
/// because the client was still starting.
///
/// # Errors
/// [`ConsumeError`] when the topic cannot be read.
pub fn start(
    plan: StagePlan,
    figures: Sender<Figures<StageFigures>>,
    stop: &StopFlag,
) -> Result<Observing, ConsumeError> {
    let source = Source::open(&plan).map_err(|source| ConsumeError::Client { stage: plan.name.clone(), source })?;
    let (told, hears) = channel();
    let (stream, stage, topic, is_input) = (plan.stream, plan.stage, plan.topic.clone(), plan.observed.is_input);
    let mut reading = StageThread::new(plan, source, figures, hears, stop.clone());
    reading.wait_until_ready()?;
    let shared = reading.intake.shared.clone();
    let thread = thread::Builder::new().name(format!("observe-{}", reading.plan.name)).spawn(move || reading.run())?;
    Ok(Observing { thread, told, stream, stage, topic, is_input, shared })
}

struct StageThread {
    plan: StagePlan,
    source: Source,
    figures: Sender<Figures<StageFigures>>,
    told: Receiver<Told>,
    stop: StopFlag,
    intake: Intake,
    second: ByTheSecond<()>,
}

impl StageThread {
    fn new(
        plan: StagePlan,
        source: Source,
        figures: Sender<Figures<StageFigures>>,
        told: Receiver<Told>,
        stop: StopFlag,
    ) -> Self {
        let intake = Intake::new(&plan);
        StageThread { plan, source, figures, told, stop, intake, second: ByTheSecond::new() }
    }

    fn wait_until_ready(&mut self) -> Result<(), ConsumeError> {
        let deadline = Instant::now() + READY_TIMEOUT;
        while !self.intake.reached_end.values().all(|reached| *reached) {
            if Instant::now() > deadline || self.intake.is_broken {
                let (stage, topic) = (self.plan.name.clone(), self.plan.topic.clone());
                return Err(ConsumeError::NotReady { stage, topic, reason: self.intake.last_error.clone() });
            }
            self.read();
        }
        Ok(())
    }

    fn read(&mut self) -> usize {
        let StageThread { plan, source, intake, .. } = self;
        source.poll(POLL, &plan.clock, |event| intake.take(plan, event))
    }

    fn run(mut self) -> StageReport {
        let mut end: Option<(End, u64)> = None;
        let complete = loop {
            self.read();
            self.hand_in_second();
            let now_ns = self.plan.clock.now_ns();
            match self.told.try_recv() {
                Ok(Told::End(told)) => end = Some((told, now_ns)),
                Ok(Told::Partitions(partitions)) => self.add(&partitions),
                Ok(Told::TopicChanged(partitions)) => self.begin_anew(&partitions),
                // The sender is gone: the run is being torn down.
                Err(TryRecvError::Disconnected) => break false,
                Err(TryRecvError::Empty) => {}
            }
            if self.stop.is_set_twice() {
                break false;
            }
            let Some((end, told_ns)) = &end else { continue };
            if self.intake.progress.is_over(end, now_ns, *told_ns, self.plan.quiet_ns) {
                break true;
            }
            if now_ns.saturating_sub(*told_ns) > self.plan.drain_ns {
                break false;
            }
        };
        self.finish(complete)
    }

    /// Reads partitions that the topic has gained, from their beginnings.
    fn add(&mut self, partitions: &[i32]) {
        let from: Vec<(i32, i64)> = partitions.iter().map(|partition| (*partition, 0)).collect();
        if let Err(error) = self.source.add(&self.plan.topic, &from) {
            self.intake.last_error = Some(error.to_string());
            return;
        }
        from.iter().for_each(|(partition, begin)| self.intake.progress.advance(*partition, *begin));
        self.intake.observer.change_partitions();
    }

    /// The topic was replaced: offsets of the old one mean nothing in the new one.
    fn begin_anew(&mut self, partitions: &[i32]) {
        self.intake.topic_changes += 1;
        self.intake.observer.change_partitions();
        let from: Vec<(i32, i64)> = partitions.iter().map(|partition| (*partition, 0)).collect();
        self.intake.progress.start_again(from.iter().copied());
        if let (false, Err(error)) = (from.is_empty(), self.source.begin_anew(&self.plan.topic, &from)) {
            self.intake.last_error = Some(error.to_string());
        }
    }

    fn finish(mut self, complete: bool) -> StageReport {
        let second = self.seconds_since_start();
        self.intake.observer.end_second(second, false);
        self.hand_in(second);
        // A pipeline's output ends when it is quiet; the input topic ends at known offsets.
        let quiet = complete && !self.plan.observed.is_input;
        let (start_ns, last_error) = (self.intake.start_ns(), self.intake.last_error.take());
        let unread = self.intake.unread.clone();
        let (ledger, event_times, mut windows) = self.intake.finish(quiet);
        windows.iter_mut().for_each(|windows| windows.cut_short = !complete);
        StageReport {
            stream: self.plan.stream,
            stage: self.plan.stage,
            ledger,
            event_times: event_times.map(|event_times| event_times.finish(start_ns)),
            windows,
            complete,
            last_error,
            unread,
        }
    }

    fn seconds_since_start(&self) -> u64 {
        self.since_start_ns() / 1_000_000_000
    }

    fn since_start_ns(&self) -> u64 {
        self.intake.start_ns().map_or(0, |start_ns| self.plan.clock.now_ns().saturating_sub(start_ns))
    }

    fn hand_in_second(&mut self) {
        self.intake.hear_of_the_start();
        if let Some((second, ())) = self.second.over(self.since_start_ns()) {
            self.intake.observer.end_second(second, true);
            self.hand_in(second);
        }
    }

    fn hand_in(&mut self, second: u64) {
        let now_ns = self.plan.clock.now_ns();
        let rows = |event_times: &mut EventTimes| event_times.end_second(second, now_ns);
        let watermarks = self.intake.event_times.as_mut().map(rows).unwrap_or_default();
        let interval = self.intake.observer.take_interval();
        let figures = StageFigures { stage: self.plan.stage, interval, watermarks };
        // Nobody receives this any more when the run is being torn down; the ledger still holds everything.
        let _unheard = self.figures.send(Figures { stream: self.plan.stream, second, figures });
    }
}
