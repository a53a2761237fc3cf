//! The run itself: starts the threads, watches them second by second, drains, and gathers what they measured.

mod ends;
mod faults;
mod take_in;
mod topic_changes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::abort::AbortWatch;
use super::error::RunError;
use super::groups::GroupWatch;
use super::patience::{Asked, Wait};
use super::plans::{stage_plan, stream_plan};
use super::prepare::{LEAD_NS, Prepared};
use super::record::Recorder;
use super::seconds::{HandIn, SecondSeen, Seconds};
use super::topics::Topics;
use crate::clock;
use crate::conclude::{Ended, Facts, Measured, Role, StreamMeasured, conclude};
use crate::consume::{self, End, Observing, Told};
use crate::faults::Faults;
use crate::produce::{self, Ceiling, Producing, Ready, Unacknowledged};
use crate::results::Summary;
use crate::side_by_side::all_side_by_side;
use crate::stop::{HangUp, StopFlag, signals};
use crate::verdict::{Reason, ReasonCode};

/// How often the watcher looks.
const TICK: Duration = Duration::from_millis(50);

/// What a run has to tell while it goes on.
#[derive(Clone, Copy)]
pub(crate) enum News<'a> {
    /// A second is over.
    Second(&'a SecondSeen),
    /// A sentence for people.
    Said(&'a str),
    /// What waits for an acknowledgement now, stream by stream.
    Unacknowledged(&'a [Unacknowledged]),
    /// What the run waits for from now on.
    WaitsFor(&'a str),
    /// All threads are at work, and signals are heard.
    Begun,
    /// Somebody asked for an end of sending, or of the wait as well.
    Stopping,
    /// The terminal was closed; the run goes on.
    HungUp,
}

/// Carries a prepared run out. `hears` is told of every second as it is over, and of what is waited for.
///
/// # Errors
/// When the run cannot start. Once it has, whatever happens ends in a summary.
pub(crate) fn carry_out(prepared: &Prepared, hears: &mut dyn FnMut(News<'_>)) -> Result<Ended, RunError> {
    let stop = StopFlag::default();
    let mut faults = Faults::ready(&prepared.request.own_faults(), prepared.network.as_ref())?;
    let stages_of_streams: Vec<usize> = prepared.streams.iter().map(|stream| stream.stages.len()).collect();
    let (seconds, hand_in) = Seconds::new(&stages_of_streams);
    let Clients { observing, ready, start_ns } = Clients::open(prepared, &hand_in, &stop)?;
    drop_what_stages_have_read(prepared);
    let recorder = Recorder::begin(prepared, start_ns)?;
    let ceiling = prepared.request.loaded.profile.ceiling.map(|rate| Arc::new(Ceiling::new(rate)));
    let producing = ready.map(|ready| ready.start(start_ns, ceiling.as_ref(), &stop, &hand_in.produce)).transpose()?;
    let hung_up = HangUp::default();
    signals::listen(&stop, prepared.request.outlives_terminal.then_some(&hung_up));
    faults.play(prepared.clock, start_ns, &stop);
    drop(hand_in);
    hears(News::Begun);
    let watch = Watch {
        prepared,
        start_ns,
        stop,
        hung_up,
        asked: Asked::default(),
        waiting_for: String::new(),
        seconds,
        recorder,
        worst_late_ns: vec![0; prepared.streams.len()],
        hears,
        topics: Topics::watched(Arc::clone(&prepared.target), partitions_of(prepared)),
        groups: watched_groups(prepared, start_ns),
        faults,
        abort: AbortWatch::default(),
        aborted: None,
    };
    Ok(watch.until_the_end(producing, observing))
}

/// A part of a run does not know the run's seconds, and names nothing.
fn watched_groups(prepared: &Prepared, start_ns: u64) -> Option<GroupWatch> {
    let Prepared { request, target, clock, .. } = prepared;
    (request.role == Role::Run)
        .then(|| GroupWatch::start(Arc::clone(target), &request.loaded.profile, *clock, start_ns))
}

/// The clients of a run, which stand ready, and when it starts.
struct Clients {
    observing: Vec<Observing>,
    ready: Option<Ready>,
    start_ns: u64,
}

impl Clients {
    /// An observer that knows no start takes the first event for it; a whole run starts when its observers are ready.
    fn open(prepared: &Prepared, hand_in: &HandIn, stop: &StopFlag) -> Result<Self, RunError> {
        let role = prepared.request.role;
        let known_start_ns = prepared.request.start_at_ns;
        // The clients of both ends at once: each waits for its broker most of the time.
        let (observing, ready) = thread::scope(|scope| {
            let ready = scope.spawn(|| role.sends().then(|| open_producers(prepared)).transpose());
            let observing = role.observes().then(|| start_observers(prepared, known_start_ns, hand_in, stop));
            let ready = ready.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok::<_, RunError>((observing.transpose()?.unwrap_or_default(), ready?))
        })?;
        let start_ns = prepared.start_ns()?;
        if role == Role::Run {
            refuse_used_id(prepared, &observing, start_ns)?;
            observing.iter().for_each(|stage| stage.start_at(start_ns));
        }
        Ok(Clients { observing, ready, start_ns })
    }
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
    Ok(all_side_by_side(&places, start)?)
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

/// The embedded broker is this run's own: it keeps what a stage has yet to read. All of them stand ready, each with a connection of its own.
fn drop_what_stages_have_read(prepared: &Prepared) {
    let Some(broker) = &prepared.embedded else { return };
    let mut readers: BTreeMap<&str, usize> = BTreeMap::new();
    for stage in prepared.streams.iter().flat_map(|stream| &stream.stages) {
        *readers.entry(&stage.topic).or_default() += 1;
    }
    readers.into_iter().for_each(|(topic, readers)| broker.drop_when_read_by(readers, topic));
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
    hung_up: HangUp,
    /// When a stop was asked for.
    asked: Asked,
    /// What the run waits for now, in words.
    waiting_for: String,
    seconds: Seconds,
    recorder: Recorder,
    /// The p99 of the generator's own lateness in its worst second, stream by stream, in nanoseconds.
    worst_late_ns: Vec<u64>,
    hears: &'a mut dyn FnMut(News<'_>),
    topics: Topics,
    /// The consumer groups of the pipelines, while they are watched.
    groups: Option<GroupWatch>,
    /// What is broken on purpose.
    faults: Faults,
    abort: AbortWatch,
    /// Why the run was ended before its time, if its profile asked for that.
    aborted: Option<Reason>,
}

impl Watch<'_> {
    fn until_the_end(mut self, producing: Option<Producing>, observing: Vec<Observing>) -> Ended {
        let mut measured = Measured::default();
        measured.streams.resize_with(self.prepared.streams.len(), StreamMeasured::default);
        if let Some(producing) = producing {
            if let Some(why) = self.wait_for_producers(&producing, &observing) {
                return self.end_unfinished(why);
            }
            self.take_in_sent(&mut measured, producing);
        }
        measured.interrupted = self.stop.is_set();
        let sending_ns = self.sending_ns(&measured);
        self.wait_for_faults();
        self.tell_the_end(&mut measured, &observing);
        if let Some(why) = self.wait_for_observers(&observing) {
            return self.end_unfinished(why);
        }
        for stage in observing.into_iter().map(Observing::join) {
            self.take_in_seen(&mut measured, stage);
        }
        measured.interrupted |= self.stop.is_set();
        self.look();
        self.end(measured, sending_ns)
    }

    /// Ends with everything that the threads measured.
    fn end(mut self, mut measured: Measured, sending_ns: u64) -> Ended {
        for second in self.seconds.rest() {
            self.hear(&second);
        }
        measured.troubles.append(&mut self.topics.reasons);
        measured.leader_moves.append(&mut self.topics.leader_moves);
        self.take_in_faults(&mut measured);
        measured.rebalances = self.groups.take().map(GroupWatch::end).unwrap_or_default();
        measured.troubles.extend(self.aborted.take());
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
        let mut measured = Measured::default();
        self.take_in_faults(&mut measured);
        self.recorder.end_unfinished(self.prepared, why, measured)
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
        if let Some(unacknowledged) = self.seconds.unacknowledged() {
            (self.hears)(News::Unacknowledged(&unacknowledged));
        }
        self.hear_of_faults();
        if self.hung_up.take() {
            (self.hears)(News::HungUp);
        }
        self.hear_of_signals(now_ns);
    }

    fn hear_of_signals(&mut self, now_ns: u64) {
        if self.stop.is_set() && self.asked.once_ns.is_none() {
            self.asked.once_ns = Some(now_ns);
            (self.hears)(News::Stopping);
            let drain = self.prepared.request.loaded.profile.drain;
            self.say(&format!(
                "stopping: sending has ended, and events in flight get up to {drain} to arrive; press Ctrl-C again to end the wait"
            ));
        }
        if self.stop.is_set_twice() && self.asked.twice_ns.is_none() {
            self.asked.twice_ns = Some(now_ns);
            self.say(&format!("ending now, without waiting for {}", self.waiting_for));
            self.say_who_undoes();
        }
    }

    fn wait_now_for(&mut self, what: String) {
        if what != self.waiting_for {
            (self.hears)(News::WaitsFor(&what));
            self.waiting_for = what;
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
        let reason = self.abort.take(second, &self.prepared.request.loaded.profile);
        let is_sending = second.second < self.prepared.duration.as_nanos() / 1_000_000_000;
        if let Some(reason) = reason.filter(|_| is_sending && !self.stop.is_set()) {
            self.stop.set();
            self.say(&reason.text);
            self.aborted = Some(reason);
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

    /// Waits until everything is sent and answered; gives the reason when it waits no longer.
    fn wait_for_producers(&mut self, producing: &Producing, observing: &[Observing]) -> Option<Reason> {
        self.wait_now_for("acknowledgements of what was sent".to_owned());
        let end_ns = self.start_ns.saturating_add(self.prepared.duration.as_nanos());
        while !producing.is_finished() {
            let why = self.gives_up(end_ns);
            if why.is_some() {
                return why;
            }
            self.look();
            self.hear_of_topics(observing);
        }
        None
    }

    /// Waits until every stage has been read as far as it is to be; gives the reason when it waits no longer.
    fn wait_for_observers(&mut self, observing: &[Observing]) -> Option<Reason> {
        let mut told_ns = (self.prepared.request.role == Role::Run).then(|| self.prepared.clock.now_ns());
        while !observing.iter().all(Observing::is_finished) {
            self.wait_now_for(self.waited_for(observing));
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
