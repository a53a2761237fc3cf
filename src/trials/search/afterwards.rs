//! What is measured when a search is over: what this machine can send by itself, and how the target recovers from a burst.

use std::ffi::OsString;
use std::time::Duration;

use super::{Told, Way};
use crate::broker::{Broker, BrokerConfig};
use crate::capacity::{
    BURST_FROM_S, CALM_S, Ended as Search, Found, Recovery, SearchRecord, SenderReach, WANTED, gone_after_s,
    is_the_senders, recovered,
};
use crate::conclude::{read_run, seconds_of};
use crate::incidents::Second;
use crate::produce::made_per_s;
use crate::profile::{Profile, Stream};
use crate::results::{RunFolder, TimelineRow};
use crate::stop::StopFlag;
use crate::trials::TrialError;
use crate::trials::child::{Child, Ended};
use crate::trials::folder::{below, free_folder};

/// How long events are made that nobody takes.
const MAKES: Duration = Duration::from_millis(300);

/// Sends 1.5 times the highest load that counts to a broker in this process, which takes all of it. None when it was stopped.
pub(super) fn sender(
    way: &Way,
    found: &Found,
    stop: &StopFlag,
    tells: &mut dyn FnMut(Told<'_>),
) -> Result<Option<SenderReach>, TrialError> {
    let Some(highest) = found.upper.or(found.lower) else { return Ok(None) };
    let broker = Broker::start(BrokerConfig::default()).map_err(|error| TrialError::NoBroker(error.to_string()))?;
    let mut target: Vec<OsString> = way.anywhere.clone();
    target.extend(["--brokers".into(), broker.address().to_string().into()]);
    tells(Told::Sender { times: WANTED });
    let folder = free_folder(&way.out, "sender");
    let arguments = way.arguments("produce", &way.alone, highest.factor * WANTED, &target, &folder);
    let ended = Child::start(&arguments)?.wait(stop)?;
    if stop.is_set() {
        return Ok(None);
    }
    if let Ended::Refused { code, text } = ended {
        return Err(TrialError::Refused { is_usage: code == 2, text });
    }
    let (opened, summary) = (RunFolder::open(&folder)?, read_run(&folder)?.summary);
    let mut profile = opened.manifest().profile(&folder)?;
    let [asked_per_s, sent_per_s] = under_load(&profile, &opened.timeline()?, way.alone.is_calm_first);
    let can_be_made = profile.read_messages(&folder);
    let weakness = summary.reasons.iter().find(|reason| is_the_senders(reason));
    Ok(Some(SenderReach {
        times: WANTED,
        asked_per_s,
        sent_per_s,
        made_per_s: can_be_made.then(|| made_per_s(&profile, MAKES)).flatten(),
        kept_up: weakness.is_none(),
        because: weakness.map(|reason| reason.text.clone()),
        folder: below(&way.out, &folder),
    }))
}

/// What was offered and sent in a second under load, over all streams: the calm beginning and the last second left out.
fn under_load(profile: &Profile, rows: &[TimelineRow], is_calm_first: bool) -> [f64; 2] {
    let skipped = if is_calm_first { usize::try_from(CALM_S).unwrap_or_default() } else { 0 };
    let of_stream = |stream: &Stream| {
        let seconds = seconds_of(stream, 0, rows);
        let last = seconds.iter().rposition(|second| second.offered > 0).unwrap_or_default();
        let loaded = seconds.get(skipped..last).unwrap_or_default();
        let mean = |of: fn(&Second) -> u64| loaded.iter().map(of).sum::<u64>() as f64 / loaded.len().max(1) as f64;
        [mean(|second| second.offered), mean(|second| second.sent)]
    };
    let each = profile.streams.iter().map(of_stream);
    each.fold([0.0; 2], |[offered, sent], [more_offered, more_sent]| [offered + more_offered, sent + more_sent])
}

/// Plays the burst between the bounds, where there are two. None when it was stopped, or was not asked for.
pub(super) fn recovery(
    way: &Way,
    record: &SearchRecord,
    stop: &StopFlag,
    tells: &mut dyn FnMut(Told<'_>),
) -> Result<Option<Recovery>, TrialError> {
    let found = record.found.as_ref().filter(|found| found.ended == Search::Found);
    let bounds = found.and_then(|found| found.lower.zip(found.upper));
    let (Some((burst, plays)), Some((lower, upper))) = (&way.burst, bounds) else { return Ok(None) };
    tells(Told::Burst { burst: *burst });
    let middle = (lower.factor * upper.factor).sqrt();
    let folder = free_folder(&way.out, "burst");
    let ended = Child::start(&way.arguments("run", plays, middle, &way.target, &folder))?.wait(stop)?;
    if stop.is_set() {
        return Ok(None);
    }
    if let Ended::Refused { code, text } = ended {
        return Err(TrialError::Refused { is_usage: code == 2, text });
    }
    let opened = RunFolder::open(&folder)?;
    let (profile, rows) = (opened.manifest().profile(&folder)?, opened.timeline()?);
    let capacity = |factor: f64| way.short.per_s * factor;
    let (burst_per_s, base_per_s) = (capacity(middle * burst.times), capacity(middle * crate::capacity::Burst::BASE));
    let formula = |factor| gone_after_s(burst_per_s, burst.lasts.as_secs_f64(), base_per_s, capacity(factor));
    let from = usize::try_from(BURST_FROM_S).unwrap_or_default();
    let to = from + usize::try_from(burst.lasts.as_nanos().div_ceil(1_000_000_000)).unwrap_or_default();
    let worst = worst_place(&profile, &rows, from, to);
    Ok(worst.map(|(place, of)| Recovery {
        burst_per_s,
        times: burst.times,
        burst_s: burst.lasts.as_secs_f64(),
        base_per_s,
        place: Some(place),
        most_waiting: of.most_waiting,
        gone_after_s: of.gone_after_s,
        watched_s: burst.watched().as_secs_f64(),
        held_per_s: of.held_per_s,
        formula_s: [formula(upper.factor), formula(lower.factor)],
        folder: below(&way.out, &folder),
    }))
}

/// The stage at which the most events waited, in words.
fn worst_place(
    profile: &Profile,
    rows: &[TimelineRow],
    from: usize,
    to: usize,
) -> Option<(String, crate::capacity::Recovered)> {
    let at = |stream: &Stream, place: usize| {
        let stage = stream.stages.get(place).filter(|stage| stage.results.is_none())?;
        let named =
            if stream.stages.len() > 1 { format!("{} at {}", stream.name, stage.name) } else { stream.name.clone() };
        Some((named, recovered(&seconds_of(stream, place, rows), from, to)?))
    };
    let places = profile.streams.iter().flat_map(|stream| (0..stream.stages.len()).map(move |place| (stream, place)));
    places.filter_map(|(stream, place)| at(stream, place)).max_by_key(|(_, of)| of.most_waiting)
}
