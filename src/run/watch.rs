//! The run itself: starts the threads, watches them second by second, drains, and gathers what they measured.

mod ends;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::patience::{Asked, Wait};
use super::plans::{queue_of, stage_plan, stream_plan};
use super::prepare::{LEAD_NS, Prepared, RunError};
use super::record::Recorder;
use super::seconds::{HandIn, SecondSeen, Seconds};
use super::topics::{TopicChange, TopicNews, TopicWatch};
use crate::check::Merge;
use crate::clock;
use crate::conclude::{Ended, Facts, Measured, Role, StageMeasured, StreamMeasured, conclude};
use crate::consume::{self, End, Observing, StageReport, Told};
use crate::figures::count;
use crate::produce::{self, Ceiling, Producing, Ready};
use crate::results::Summary;
use crate::side_by_side::side_by_side;
use crate::stop::{StopFlag, signals};
use crate::verdict::{Reason, ReasonCode};

/// How often the watcher looks.
const TICK: Duration = Duration::from_millis(50);

/// What a run has to tell while it goes on.
pub(crate) enum News<'a> {
    /// A second is over.
    Second(&'a SecondSeen),
    /// A sentence for people.
    Said(&'a str),
}

/// Carries a prepared run out. `hears` is told of every second as it is over, and of what is waited for.
///
/// # Errors
/// When the run cannot start. Once it has, whatever happens ends in a summary.
pub(crate) fn carry_out(prepared: &Prepared, hears: &mut dyn FnMut(News<'_>)) -> Result<Ended, RunError> {
    let stop = StopFlag::default();
    let role = prepared.request.role;
    let stages_of_streams: Vec<usize> = prepared.streams.iter().map(|stream| stream.stages.len()).collect();
    let (seconds, hand_in) = Seconds::new(&stages_of_streams);
    let known_start_ns = prepared.request.start_at_ns;
    // An observer that knows no start takes the first event for it; a whole run starts when its observers are ready.
    let observing =
        if role.observes() { start_observers(prepared, known_start_ns, &hand_in, &stop)? } else { Vec::new() };
    let ready = if role.sends() { Some(open_producers(prepared)?) } else { None };
    let start_ns = prepared.start_ns()?;
    if role == Role::Run {
        refuse_used_id(prepared, &observing, start_ns)?;
        observing.iter().for_each(|stage| stage.start_at(start_ns));
    }
    let recorder = Recorder::begin(prepared, start_ns)?;
    let ceiling = prepared.request.loaded.profile.ceiling.map(|rate| Arc::new(Ceiling::new(rate)));
    let producing = ready.map(|ready| ready.start(start_ns, ceiling.as_ref(), &stop, &hand_in.produce)).transpose()?;
    signals::listen(&stop);
    drop(hand_in);
    let (asked, waiting_for) = (Asked::default(), String::new());
    let worst_late_ns = vec![0; prepared.streams.len()];
    let partitions = partitions_of(prepared);
    let topics = TopicWatch::start(Arc::clone(&prepared.target), partitions.clone().into_iter().collect());
    let watch = Watch {
        prepared,
        start_ns,
        stop,
        asked,
        waiting_for,
        seconds,
        recorder,
        worst_late_ns,
        hears,
        topics,
        partitions,
        changed: BTreeSet::new(),
        reasons: Vec::new(),
    };
    Ok(watch.until_the_end(producing, observing))
}

fn start_observers(
    prepared: &Prepared,
    start_ns: Option<u64>,
    hand_in: &HandIn,
    stop: &StopFlag,
) -> Result<Vec<Observing>, RunError> {
    let places: Vec<(usize, usize)> = (prepared.streams.iter().enumerate())
        .flat_map(|(index, stream)| (0..stream.stages.len()).map(move |stage| (index, stage)))
        .collect();
    let start = |(index, stage): &(usize, usize)| {
        consume::start(stage_plan(prepared, *index, *stage, start_ns), hand_in.stages.clone(), stop)
    };
    Ok(side_by_side(&places, start).into_iter().collect::<Result<_, _>>()?)
}

fn open_producers(prepared: &Prepared) -> Result<Ready, RunError> {
    let plans = (0..prepared.streams.len()).filter_map(|index| stream_plan(prepared, index)).collect();
    Ok(produce::open(plans)?)
}

/// An id that the user gave may be that of a run that goes on: its events would count as this one's. One that was drawn is nobody else's.
fn refuse_used_id(prepared: &Prepared, observing: &[Observing], start_ns: u64) -> Result<(), RunError> {
    if prepared.request.run_id.is_none() {
        return Ok(());
    }
    // The other half of the time before the first event is for the workers to start in.
    while prepared.clock.now_ns() < start_ns.saturating_sub(LEAD_NS / 2) {
        thread::sleep(Duration::from_millis(5));
    }
    match observing.iter().find(|stage| stage.before_start() > 0) {
        Some(stage) => Err(RunError::RunIdInUse {
            run_id: prepared.run_id.clone(),
            topic: stage.topic.clone(),
            events: stage.before_start(),
        }),
        None => Ok(()),
    }
}

/// The topics that are sent to or read, with their partitions.
fn partitions_of(prepared: &Prepared) -> BTreeMap<String, u32> {
    let read = prepared.streams.iter().flat_map(|stream| &stream.stages);
    let read = read.map(|stage| (stage.topic.clone(), stage.partitions));
    let sent_to = prepared.streams.iter().map(|stream| (stream.topic.clone(), stream.partitions));
    read.chain(sent_to).collect()
}

struct Watch<'a> {
    prepared: &'a Prepared,
    start_ns: u64,
    stop: StopFlag,
    /// When a stop was asked for.
    asked: Asked,
    /// What the run waits for now, in words.
    waiting_for: String,
    seconds: Seconds,
    recorder: Recorder,
    /// The p99 of the generator's own lateness in its worst second, stream by stream, in nanoseconds.
    worst_late_ns: Vec<u64>,
    hears: &'a mut dyn FnMut(News<'_>),
    topics: TopicWatch,
    /// How many partitions each topic has now.
    partitions: BTreeMap<String, u32>,
    /// The topics that were deleted, or made anew.
    changed: BTreeSet<String>,
    /// What happened to the topics.
    reasons: Vec<Reason>,
}

impl Watch<'_> {
    fn until_the_end(mut self, producing: Option<Producing>, observing: Vec<Observing>) -> Ended {
        let mut measured = Measured::default();
        measured.streams.resize_with(self.prepared.streams.len(), StreamMeasured::default);
        if let Some(producing) = producing {
            "acknowledgements of what was sent".clone_into(&mut self.waiting_for);
            let end_ns = self.start_ns.saturating_add(self.prepared.duration.as_nanos());
            while !producing.is_finished() {
                if let Some(why) = self.gives_up(end_ns) {
                    return self.end_unfinished(why);
                }
                self.look();
                self.hear_of_topics(&observing);
            }
            let names: Vec<&str> = self.prepared.streams.iter().map(|stream| stream.stream.name.as_str()).collect();
            take_in_sent(&mut measured, producing, &names);
            for (stream, of) in measured.streams.iter_mut().zip(&self.prepared.streams) {
                (stream.queue_events, stream.linger_ms) = queue_of(self.prepared, of, stream);
            }
        }
        measured.interrupted = self.stop.is_set();
        let sending_ns = self.sending_ns(&measured);
        self.tell_the_end(&mut measured, &observing);
        if let Some(why) = self.wait_for_observers(&observing) {
            return self.end_unfinished(why);
        }
        for stage in observing.into_iter().map(Observing::join) {
            self.take_in_seen(&mut measured, stage);
        }
        measured.interrupted |= self.stop.is_set();
        measured.troubles.append(&mut self.reasons);
        self.look();
        for second in self.seconds.rest() {
            self.hear(&second);
        }
        measured.cpu_ns = clock::cpu_ns();
        for (stream, worst_ns) in measured.streams.iter_mut().zip(&self.worst_late_ns) {
            stream.worst_second_late_ns = *worst_ns;
        }
        let summary = self.conclude(&measured, sending_ns);
        let given_up = self.stop.is_set_twice();
        self.recorder.end(self.prepared, &measured, summary, given_up)
    }

    /// Why the run waits no longer for threads that should have ended at `end_ns`, if it does not.
    fn gives_up(&self, end_ns: u64) -> Option<Reason> {
        let drain = Duration::from_nanos(self.prepared.request.loaded.profile.drain.as_nanos());
        let why = match self.asked.wait(self.prepared.clock.now_ns(), end_ns, drain) {
            Wait::On => return None,
            Wait::CutShort => "a second signal ended the wait",
            Wait::Stuck => "the client did not return long after the drain",
        };
        let text = format!("Gave up waiting for {}: {why}. Figures are known only second by second.", self.waiting_for);
        Some(Reason::new(ReasonCode::Unfinished, text))
    }

    /// Ends without the threads: they sit in the client, and what they counted is with them. What they handed in by the second is kept.
    fn end_unfinished(mut self, why: Reason) -> Ended {
        for second in self.seconds.rest() {
            self.hear(&second);
        }
        self.recorder.end_unfinished(self.prepared, why)
    }

    /// One look at everything that goes on.
    fn look(&mut self) {
        self.look_at_once();
        thread::sleep(TICK);
    }

    fn look_at_once(&mut self) {
        let now_ns = self.prepared.clock.now_ns();
        for second in self.seconds.complete(now_ns.saturating_sub(self.start_ns)) {
            self.hear(&second);
        }
        if self.stop.is_set() && self.asked.once_ns.is_none() {
            self.asked.once_ns = Some(now_ns);
            let drain = self.prepared.request.loaded.profile.drain;
            self.say(&format!(
                "stopping: sending has ended, and events in flight get up to {drain} to arrive; press Ctrl-C again to end the wait"
            ));
        }
        if self.stop.is_set_twice() && self.asked.twice_ns.is_none() {
            self.asked.twice_ns = Some(now_ns);
            self.say(&format!("ending now, without waiting for {}", self.waiting_for));
        }
    }

    fn say(&mut self, text: &str) {
        (self.hears)(News::Said(text));
    }

    fn hear(&mut self, second: &SecondSeen) {
        for (worst_ns, stream) in self.worst_late_ns.iter_mut().zip(&second.streams) {
            *worst_ns = (*worst_ns).max((stream.sends.own_lateness.quantile_ms(0.99) * 1e6) as u64);
        }
        self.recorder.second(self.prepared, second);
        (self.hears)(News::Second(second));
    }

    /// Says what became of topics, and tells the stages that read them.
    fn hear_of_topics(&mut self, observing: &[Observing]) {
        for TopicNews { topic, change } in self.topics.news() {
            let (code, text, told, partitions) = what_became_of(&topic, change);
            if let Some(told) = self.own(told) {
                observing.iter().filter(|stage| stage.topic == topic).for_each(|stage| stage.tell(told.clone()));
            }
            if code == ReasonCode::TopicChanged {
                self.changed.insert(topic.clone());
            }
            self.partitions.insert(topic, partitions);
            let seconds = self.prepared.clock.now_ns().saturating_sub(self.start_ns) as f64 / 1e9;
            let text = format!("{seconds:.1} s after the start {text}");
            self.say(&text);
            self.reasons.push(Reason::new(code, text));
        }
    }

    /// What of it concerns the partitions that this process reads.
    fn own(&self, told: Told) -> Option<Told> {
        let own = |mut partitions: Vec<i32>| {
            partitions.retain(|partition| self.prepared.request.observes(*partition));
            partitions
        };
        match told {
            Told::Partitions(partitions) => {
                Some(Told::Partitions(own(partitions))).filter(|told| *told != Told::Partitions(Vec::new()))
            }
            Told::TopicChanged(partitions) => Some(Told::TopicChanged(own(partitions))),
            end @ Told::End(_) => Some(end),
        }
    }

    /// How long was sent, in nanoseconds: the schedule's length, or up to the interruption, and how far the last event was behind.
    fn sending_ns(&self, measured: &Measured) -> u64 {
        let so_far_ns = self.prepared.clock.now_ns().saturating_sub(self.start_ns);
        let scheduled_ns = self.prepared.duration.as_nanos();
        if measured.interrupted { so_far_ns.min(scheduled_ns) } else { scheduled_ns }
    }

    fn waited_for(&self, observing: &[Observing]) -> String {
        let names = observing.iter().filter(|stage| !stage.is_finished()).filter_map(|observing| {
            let stream = self.prepared.streams.get(observing.stream)?;
            stream.stages.get(observing.stage).map(|stage| stage.name.as_str())
        });
        format!("the observers of {}", names.collect::<Vec<_>>().join(", "))
    }

    /// Waits until every stage has been read as far as it is to be; gives the reason when it waits no longer.
    fn wait_for_observers(&mut self, observing: &[Observing]) -> Option<Reason> {
        let mut told_ns = (self.prepared.request.role == Role::Run).then(|| self.prepared.clock.now_ns());
        while !observing.iter().all(Observing::is_finished) {
            self.waiting_for = self.waited_for(observing);
            self.look();
            self.hear_of_topics(observing);
            let why = self.gives_up(told_ns.unwrap_or(u64::MAX));
            if why.is_some() {
                return why;
            }
            if told_ns.is_none() && self.is_past_the_schedule(observing) {
                // A process that only observes is told by nobody: it reads on until nothing comes any more.
                for stage in observing {
                    stage.tell(Told::End(End::Quiet));
                }
                told_ns = Some(self.prepared.clock.now_ns());
            }
        }
        None
    }

    /// For a process that only observes: whether the schedule has ended, or a stop was asked for. The schedule began when that was
    /// agreed on, or else with the first event; one that never comes is waited for as long as the schedule and the drain take.
    fn is_past_the_schedule(&self, observing: &[Observing]) -> bool {
        let length_ns = self.prepared.duration.as_nanos();
        let begun_ns = observing.iter().filter_map(Observing::begun_ns).min();
        let end_ns = match (self.prepared.request.start_at_ns, begun_ns) {
            (Some(start_ns), _) | (None, Some(start_ns)) => start_ns.saturating_add(length_ns),
            (None, None) => {
                let drain_ns = self.prepared.request.loaded.profile.drain.as_nanos();
                self.start_ns.saturating_add(length_ns).saturating_add(drain_ns)
            }
        };
        self.stop.is_set() || self.prepared.clock.now_ns() > end_ns
    }

    fn take_in_seen(&mut self, measured: &mut Measured, report: StageReport) {
        let StageReport { stream, stage, mut ledger, event_times, windows, complete, last_error } = report;
        let prepared = self.prepared;
        let of_stream = &prepared.streams[stream];
        if !complete {
            let name = &of_stream.stages[stage].name;
            let error = last_error.map(|error| format!("; the client reported: {error}")).unwrap_or_default();
            let cut_short = if self.stop.is_set_twice() {
                "the wait was cut short".to_owned()
            } else {
                format!("the drain of {} ended first", self.prepared.request.loaded.profile.drain)
            };
            let text = format!("{name}: not read to its end, {cut_short}{error}");
            let reason = Reason::new(ReasonCode::NotReadToEnd, text).of_stream(&of_stream.stream.name);
            measured.troubles.push(reason.at_stage(Some(name)));
        }
        let topic = &of_stream.stages[stage].topic;
        if !(complete && of_stream.stages[stage].is_input) {
            self.look_for_the_end(topic, &mut ledger);
        }
        let stages = &mut measured.streams[stream].stages;
        stages.resize_with(of_stream.stages.len(), StageMeasured::default);
        let name = &of_stream.stages[stage].name;
        if let Some(beyond) = event_times.as_ref().map(|times| times.beyond).filter(|beyond| *beyond > 0) {
            let text = format!(
                "{name}: {} records came in partitions that were added to topic {topic} meanwhile; the watermark models cover only the others",
                count(beyond),
            );
            let reason = Reason::new(ReasonCode::WatermarkUnknown, text).of_stream(&of_stream.stream.name);
            measured.troubles.push(reason.at_stage(Some(name)).observed(beyond as f64));
        }
        stages[stage] = StageMeasured { delivered: Some(ledger), event_times, windows };
    }

    /// Cores that the process kept busy since the start, and cores that it may use.
    fn cores_used(&self, cpu_ns: u64) -> (f64, u64) {
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let wall_ns = self.prepared.clock.now_ns().saturating_sub(self.start_ns).max(1);
        ((cpu_ns as f64 / wall_ns as f64).min(cores as f64), cores)
    }

    fn conclude(&self, measured: &Measured, sending_ns: u64) -> Summary {
        let request = &self.prepared.request;
        conclude(
            &Facts {
                run: self.recorder.run_facts(self.prepared, self.start_ns, sending_ns),
                profile: &request.loaded.profile,
                schedules: self.prepared.streams.iter().map(|stream| Arc::clone(&stream.schedule)).collect(),
                role: request.role,
                is_alone: true,
                cores: measured.cpu_ns.map(|cpu_ns| self.cores_used(cpu_ns)),
                sending_ns,
                clocks: None,
            },
            measured,
        )
    }
}

/// What a topic's change means: its code and words, what the stages are told, and how many partitions the topic has now.
fn what_became_of(topic: &str, change: TopicChange) -> (ReasonCode, String, Told, u32) {
    let all = |partitions: u32| (0..partitions as i32).collect();
    match change {
        TopicChange::Grown { before, now } => (
            ReasonCode::PartitionsAdded,
            format!("topic {topic} grew from {before} to {now} partitions; the new ones are read, too"),
            Told::Partitions((before as i32..now as i32).collect()),
            now,
        ),
        TopicChange::Deleted => (
            ReasonCode::TopicChanged,
            format!("topic {topic} was deleted: what becomes of its events is unknown"),
            Told::TopicChanged(Vec::new()),
            0,
        ),
        TopicChange::MadeAnew { partitions } => (
            ReasonCode::TopicChanged,
            format!("topic {topic} was deleted and recreated: what became of the earlier events is unknown"),
            Told::TopicChanged(all(partitions)),
            partitions,
        ),
    }
}

fn take_in_sent(measured: &mut Measured, producing: Producing, names: &[&str]) {
    for report in producing.join() {
        let produce::ProduceReport { stream, worker, acks } = report;
        let name = names[stream];
        if let Some(reason) = worker.gave_up.or(acks.fatal) {
            let text = format!("{name}: sending ended before the schedule did: {reason}");
            measured.troubles.push(Reason::new(ReasonCode::SendingEnded, text).of_stream(name));
        } else if let (Some(error), false) = (&acks.last_error, acks.errors.is_empty()) {
            let text = format!("{name}: the client's last error while events failed: {error}");
            measured.troubles.push(Reason::new(ReasonCode::ClientError, text).of_stream(name));
        }
        let part = StreamMeasured {
            produced: Some(acks.ledger.finish()),
            due_to_sent: worker.due_to_sent,
            own_lateness: worker.own_lateness,
            sent_to_acked: acks.sent_to_acked,
            sent_events: worker.sent_events,
            sent: worker.sent,
            sent_bytes: worker.sent_bytes,
            queue_full: worker.queue_full,
            held_back_ns: worker.held_back_ns,
            capped_ns: worker.capped_ns,
            behind_at_end_ns: worker.behind_at_end_ns,
            worst_second_late_ns: 0,
            workers: 1,
            queue_events: 0,
            linger_ms: 0.0,
            errors: acks.errors.into_iter().collect::<BTreeMap<_, _>>(),
            injected: worker.injected,
            stages: Vec::new(),
        };
        measured.streams[stream].merge(part);
    }
}
