//! What `run`, `produce` and `consume` share: from flags to a run, its live line and its closing table.

use std::io::{Write, stderr};

use super::flags::{FormatFlags, OutputFlags, ProfileFlags, RunFlag, TargetFlags};
use super::{CommandError, Outcome};
use crate::check::{LatencyHistogram, Merge};
use crate::conclude::{Ended, Role};
use crate::load::Shard;
use crate::profile::timeline::phase_at as phase_of_stream_at;
use crate::profile::{Loaded, Profile};
use crate::report::formats::Ending;
use crate::report::terminal::{LiveFigures, LiveLine, Look};
use crate::run::{self, News, Prepared, Request, RunError, SecondSeen};

/// The flags of the three commands, put together.
pub(super) struct Wanted<'a> {
    pub(super) role: Role,
    pub(super) profile: &'a ProfileFlags,
    pub(super) target: &'a TargetFlags,
    pub(super) run: &'a RunFlag,
    pub(super) output: &'a OutputFlags,
    pub(super) shard: Shard,
    pub(super) start_at: Option<jiff::Timestamp>,
    pub(super) workers: Option<usize>,
    pub(super) from_beginning: bool,
}

/// Carries out what is wanted and prints what came of it.
pub(super) fn carry_out(wanted: &Wanted<'_>, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let loaded = wanted.profile.load()?;
    if wanted.role.sends() {
        refuse_needless_shards(&loaded, wanted.shard)?;
    }
    let request = Request {
        role: wanted.role,
        settings: wanted.target.settings()?,
        allow_cluster: wanted.target.allow_cluster.clone(),
        allow_topics: wanted.target.allow_topic.clone(),
        from_beginning: wanted.from_beginning,
        shard: wanted.shard,
        run_id: wanted.run.run_id.clone(),
        start_at_ns: wanted.start_at.map(|at| u64::try_from(at.as_nanosecond()).unwrap_or(0)),
        out: wanted.output.out.clone(),
        workers: wanted.workers,
        loaded: loaded.clone(),
    };
    let prepared = run::prepare(request)?;
    let mut line = LiveLine::new(stderr(), Look::of_stderr());
    // A screen that cannot be written is no reason to end a run, nor to lose its verdict.
    for text in opening(&prepared, &loaded, wanted.role) {
        let _unwritten = line.say(&text);
    }
    let total_s = loaded.profile.duration().as_secs_f64();
    let ended = run::carry_out(&prepared, &mut |news| {
        let _unwritten = match news {
            News::Second(seen) => line.show(&live_figures(seen, wanted.role, &loaded.profile, total_s)),
            News::Said(text) => line.say(text),
        };
    })?;
    if ended.given_up {
        // Closing the clients waits for brokers that do not answer; the process is over in a moment, and they with it.
        std::mem::forget(prepared);
    }
    let _unwritten = line.close();
    print_end(&ended, &wanted.output.form, out)
}

/// What is about to happen, in a few lines.
fn opening(prepared: &Prepared, loaded: &Loaded, role: Role) -> Vec<String> {
    let mut lines: Vec<String> = loaded.profile.description.iter().cloned().collect();
    let verb = match role {
        Role::Run => "Sending and observing",
        Role::Produce => "Sending",
        Role::Consume => "Ready: observing",
    };
    lines.push(format!(
        "{verb} {} on {} (cluster {}), run {}",
        loaded.name,
        prepared.where_to(),
        prepared.cluster_id(),
        prepared.run_id()
    ));
    lines.extend(loaded.notices.iter().chain(prepared.notes()).map(|notice| format!("note: {notice}")));
    lines
}

/// Prints what came of a run, in the form that was asked for.
pub(super) fn print_end(ended: &Ended, form: &FormatFlags, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let ending = Ending { summary: &ended.summary, folder: &ended.folder, look: Look::of_stdout() };
    let bytes = (form.chosen().print)(&ending).map_err(CommandError::Environment)?;
    out.write_all(&bytes)?;
    Ok(Outcome::of(&ended.summary))
}

fn refuse_needless_shards(loaded: &Loaded, shard: Shard) -> Result<(), CommandError> {
    let most = loaded.profile.streams.iter().map(|stream| stream.producers).max().unwrap_or(1);
    if shard.count() > most {
        return Err(CommandError::Usage(format!(
            "--shard {shard}: there are only {most} logical producers for {} shards; set a stream's `producers` to at least {}",
            shard.count(),
            shard.count()
        )));
    }
    Ok(())
}

fn live_figures(seen: &SecondSeen, role: Role, profile: &Profile, total_s: f64) -> LiveFigures {
    let mut figures = LiveFigures {
        sends: role != Role::Consume,
        observes: role != Role::Produce,
        elapsed_s: (seen.second + 1) as f64,
        total_s: Some(total_s),
        phase: phase_at(seen.second as f64, profile, total_s),
        ..LiveFigures::default()
    };
    let (mut end_to_end, mut lateness) = (LatencyHistogram::default(), LatencyHistogram::default());
    for ((stream, totals), of) in seen.streams.iter().zip(&seen.totals).zip(&profile.streams) {
        figures.offered_per_s += stream.sends.due as f64;
        figures.sent_per_s += stream.sends.sent as f64;
        figures.acked_per_s += stream.acks.acked as f64;
        figures.behind_s = figures.behind_s.max(stream.sends.behind_ns as f64 / 1e9);
        figures.troubled += totals.failed + stream.sends.dropped;
        let place = of.last_of_events();
        if let (Some(stage), Some(seen)) = (stream.stages.get(place), totals.seen.get(place)) {
            figures.lag_events += (totals.acked as i64 - *seen as i64).max(0);
            figures.seen_per_s += stage.interval.counts.seen() as f64;
            end_to_end.merge(stage.interval.due_to_consumed.clone());
        }
        lateness.merge(stream.sends.own_lateness.clone());
    }
    // A worker whose client takes nothing says every second how far it is behind.
    let is_quiet = figures.offered_per_s + figures.sent_per_s + figures.behind_s == 0.0;
    figures.all_sent = is_quiet && seen.second as f64 >= total_s;
    figures.end_to_end_p50_ms = end_to_end.measured_quantile_ms(0.5);
    figures.end_to_end_p99_ms = end_to_end.measured_quantile_ms(0.99);
    figures.lateness_p99_ms = lateness.measured_quantile_ms(0.99);
    figures
}

/// What goes on: warm-up, the first stream's named phase, or the drain.
fn phase_at(second: f64, profile: &Profile, total_s: f64) -> Option<String> {
    if second >= total_s {
        return Some("draining".to_owned());
    }
    if second < profile.warmup.as_secs_f64() {
        return Some("warmup".to_owned());
    }
    let phased = profile.streams.iter().find(|stream| !stream.phases.is_empty())?;
    phase_of_stream_at(&phased.phases, (second * 1e9) as u128).and_then(|phase| phase.name.clone())
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        if error.is_usage() {
            CommandError::Usage(error.to_string())
        } else {
            CommandError::Environment(error.to_string())
        }
    }
}
