//! Plays a profile's faults while a run goes on: each in a thread of its own, so that they may overlap.

use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::guard::{Answer, Commands, Order, PATIENCE};
use super::guarded::{GuardGone, Guarded};
use super::network::{Network, Switch};
use super::played::{Played, Turn};
use crate::clock::Clock;
use crate::profile::{RunFault, typed};
use crate::redact::sentence;
use crate::stop::StopFlag;

/// How often a fault that waits for its guard looks whether it is to end.
const TICK: Duration = Duration::from_millis(20);

/// Why a profile's faults cannot be injected at all.
#[derive(Debug, thiserror::Error)]
#[error("the fault {name} has no guard that would undo it: {why}")]
pub struct FaultsError {
    name: String,
    why: String,
}

/// What brings a fault about, and ends it.
enum Means {
    Commands(Guarded),
    Network(Switch),
}

/// A fault that stands ready: its place in the profile, and who is told what happens to it.
struct Ready {
    place: usize,
    means: Means,
    tell: Sender<(usize, Turn)>,
}

/// The faults of a run that stand ready, or are played.
pub(crate) struct Faults {
    faults: Vec<(RunFault, Played)>,
    /// By the fault's place.
    turns: Receiver<(usize, Turn)>,
    ready: Vec<Ready>,
    are_over: bool,
}

impl Faults {
    /// Starts the guards of these faults. Nothing is broken yet. Those of the network happen on `network`.
    ///
    /// # Errors
    /// When a guard does not start.
    pub(crate) fn ready(faults: &[RunFault], network: Option<&Network>) -> Result<Self, FaultsError> {
        let (tell, turns) = channel();
        let mut ready = Vec::new();
        for (place, fault) in faults.iter().enumerate() {
            ready.extend(means_of(fault, network)?.map(|means| Ready { place, means, tell: tell.clone() }));
        }
        let faults = faults.iter().map(|fault| (fault.clone(), Played::new(&fault.name))).collect();
        Ok(Faults { faults, turns, ready, are_over: false })
    }

    /// Plays them in a run that begins at `start_ns` of its clock. A stop ends them at once.
    pub(crate) fn play(&mut self, clock: Clock, start_ns: u64, stop: &StopFlag) {
        for Ready { place, means, tell } in self.ready.drain(..) {
            let times = Times::of(&self.faults[place].0, clock, start_ns);
            let (stop, sender) = (stop.clone(), tell.clone());
            let play = move || play(means, &times, &stop, &|turn| drop(sender.send((place, turn))));
            let thread = thread::Builder::new().name(format!("fault-{place}"));
            if let Err(error) = thread.spawn(play) {
                let _unheard = tell.send((place, Turn::NotInjected(format!("no thread to play it: {error}"))));
            }
        }
    }

    /// What happened since the last call, a sentence for each turn.
    pub(crate) fn news(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            match self.turns.try_recv() {
                Ok((place, turn)) => {
                    let Some((fault, played)) = self.faults.get_mut(place) else { continue };
                    said.push(played.take(turn, &sentence(&fault.to_string())));
                }
                Err(TryRecvError::Empty) => return said,
                Err(TryRecvError::Disconnected) => {
                    self.are_over = true;
                    return said;
                }
            }
        }
    }

    /// The names of those that are there and not undone; none when all are over.
    pub(crate) fn lasting(&self) -> Option<Vec<&str>> {
        let lasts = |played: &&Played| played.from_ns.is_some() && played.to_ns.is_none();
        (!self.are_over).then(|| self.played().filter(lasts).map(|played| played.name.as_str()).collect())
    }

    /// What became of each, so far.
    pub(crate) fn played(&self) -> impl Iterator<Item = &Played> {
        self.faults.iter().map(|(_, played)| played)
    }
}

/// Nothing for a fault that says nothing, which no profile has that was checked.
fn means_of(fault: &RunFault, network: Option<&Network>) -> Result<Option<Means>, FaultsError> {
    if let Some((start, stop)) = fault.commands() {
        let commands = Commands { name: fault.name.clone(), start: start.to_vec(), stop: stop.to_vec() };
        let refused = |error: std::io::Error| FaultsError { name: fault.name.clone(), why: error.to_string() };
        return Guarded::start(&commands).map(Means::Commands).map(Some).map_err(refused);
    }
    Ok(network.zip(fault.network).map(|(network, fault)| Means::Network(network.switch(fault))))
}

/// When a fault begins and ends.
struct Times {
    clock: Clock,
    start_ns: u64,
    begin: Instant,
    end: Instant,
    /// How it is written in the profile.
    lasts: String,
    stop_typed: String,
}

impl Times {
    fn of(fault: &RunFault, clock: Clock, start_ns: u64) -> Self {
        let starts = Instant::now() + Duration::from_nanos(start_ns.saturating_sub(clock.now_ns()));
        Times {
            clock,
            start_ns,
            begin: starts + Duration::from_nanos(fault.at.as_nanos()),
            end: starts + Duration::from_nanos(fault.end_ns()),
            lasts: fault.lasts.to_string(),
            stop_typed: fault.stop.as_deref().map(typed).map(|typed| sentence(&typed)).unwrap_or_default(),
        }
    }

    fn now_ns(&self) -> u64 {
        self.clock.now_ns().saturating_sub(self.start_ns)
    }
}

/// Brings the fault about when it is due, and has it undone when it is over or the run is stopped.
fn play(means: Means, times: &Times, stop: &StopFlag, tell: &dyn Fn(Turn)) {
    if !stop.sleeps_until(times.begin) {
        return;
    }
    tell(Turn::Begun(times.now_ns()));
    match means {
        Means::Commands(guarded) => play_commands(guarded, times, stop, tell),
        Means::Network(mut switch) => {
            switch.on();
            stop.sleeps_until(times.end);
            if let Some(trouble) = switch.off() {
                tell(Turn::NotInjected(trouble));
            }
            tell(Turn::Undone(times.now_ns()));
        }
    }
}

fn play_commands(mut guarded: Guarded, times: &Times, stop: &StopFlag, tell: &dyn Fn(Turn)) {
    guarded.order(Order::Start);
    let started = answered_until(&guarded, times.end, stop);
    let is_there = match started {
        Ok(Some(Answer::NotStarted(why))) => {
            tell(Turn::NotInjected(sentence(&why.unwrap_or_default())));
            false
        }
        Ok(answer) => answer.is_some(),
        Err(GuardGone) => return tell(lost(times)),
    };
    if is_there {
        stop.sleeps_until(times.end);
    }
    tell(Turn::Undoing);
    guarded.order(Order::Stop);
    let was_stopped = stop.is_set();
    let deadline = Instant::now() + 2 * PATIENCE;
    tell(loop {
        match guarded.answer(deadline.saturating_duration_since(Instant::now())) {
            // Killed, because it had not returned when the fault was to be over.
            Ok(Some(Answer::NotStarted(None))) if !was_stopped => {
                tell(Turn::NotInjected(format!("its command did not return within {}", times.lasts)));
            }
            Ok(Some(Answer::NotStarted(Some(why)))) => tell(Turn::NotInjected(sentence(&why))),
            Ok(Some(Answer::Undone)) => break Turn::Undone(times.now_ns()),
            Ok(Some(Answer::NotUndone(why))) => break Turn::NotUndone(times.now_ns(), sentence(&why)),
            Ok(Some(_)) => {}
            Ok(None) | Err(GuardGone) => break lost(times),
        }
    });
}

/// What the guard answers before the fault is to end; nothing if it does not.
fn answered_until(guarded: &Guarded, end: Instant, stop: &StopFlag) -> Result<Option<Answer>, GuardGone> {
    while Instant::now() < end && !stop.is_set() {
        let answer = guarded.answer(TICK)?;
        if answer.is_some() {
            return Ok(answer);
        }
    }
    Ok(None)
}

/// Without its guard nobody undoes it.
fn lost(times: &Times) -> Turn {
    Turn::NotUndone(times.now_ns(), format!("its guard is gone, and `{}` did not run", times.stop_typed))
}
