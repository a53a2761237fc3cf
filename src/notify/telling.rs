//! Call after call until one is taken, or nothing more helps.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::call::Way;
use super::rule::{Next, Patience};
use super::said::Said;
use super::url::NotifyUrl;
use super::{NotifyError, Told};
use crate::stop::StopFlag;

/// How often a stop is looked for.
const TICK: Duration = Duration::from_millis(50);

pub(super) fn tell(
    url: &NotifyUrl,
    json: &str,
    way: &Way,
    patience: &Patience,
    stop: &StopFlag,
) -> Result<Told, NotifyError> {
    let began = Instant::now();
    let stop = Stop::of(stop);
    let stopped = |Stopped| NotifyError::Stopped { whom: url.to_string() };
    let (mut tries, mut within) = (0, patience.call.min(patience.whole));
    loop {
        let said = call(url, json, way, within, &stop).map_err(stopped)?;
        tries += 1;
        let spent = began.elapsed();
        match patience.after(tries, spent, &said) {
            Next::Done => return Ok(Told { tries }),
            Next::Again { pause, within: next } => {
                stop.rest(pause).map_err(stopped)?;
                within = next;
            }
            Next::GiveUp => {
                let (whom, proxy, last) = (url.to_string(), way.proxy_name(), said.to_string());
                return Err(NotifyError::NotTaken { whom, proxy, last, tries, spent });
            }
        }
    }
}

/// One call, in a thread of its own: whatever the client does, nobody waits for it longer than `within`.
fn call(url: &NotifyUrl, json: &str, way: &Way, within: Duration, stop: &Stop) -> Result<Said, Stopped> {
    let (answer, answered) = channel();
    let (url, json, way) = (url.clone(), json.to_owned(), way.clone());
    let post = move || {
        // Nobody waits for an answer that comes too late.
        let _unheard = answer.send(way.post(&url, &json, within));
    };
    if let Err(system) = thread::Builder::new().name("notify".to_owned()).spawn(post) {
        return Ok(Said::Failed { why: format!("the call could not be made: {system}") });
    }
    Ok(match stop.hear(&answered, within)? {
        Ok(said) => said,
        Err(RecvTimeoutError::Timeout) => Said::Silent { within },
        Err(RecvTimeoutError::Disconnected) => Said::Failed { why: "the call could not be made".to_owned() },
    })
}

/// A stop was asked for.
struct Stopped;

/// Whether telling shall stop. Where a stop was asked for before it began, that has ended what came before, and only one more ends this.
struct Stop {
    flag: StopFlag,
    was_set: bool,
}

impl Stop {
    fn of(flag: &StopFlag) -> Self {
        Stop { flag: flag.clone(), was_set: flag.is_set() }
    }

    fn is_asked(&self) -> bool {
        if self.was_set { self.flag.is_set_twice() } else { self.flag.is_set() }
    }

    /// Waits until this time is over.
    fn rest(&self, time: Duration) -> Result<(), Stopped> {
        let (_open, nothing) = channel::<()>();
        self.hear(&nothing, time).map(drop)
    }

    /// Waits until something comes, or the time is over.
    fn hear<T>(&self, from: &Receiver<T>, within: Duration) -> Result<Result<T, RecvTimeoutError>, Stopped> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match from.recv_timeout(left.min(TICK)) {
                Err(RecvTimeoutError::Timeout) if self.is_asked() => return Err(Stopped),
                Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
                heard => return Ok(heard),
            }
        }
    }
}
