//! What `run`, `produce` and `consume` share: from flags to a run, its live line and its closing table.

use std::io::Write;

use super::flags::{FormatFlags, OutputFlags, ProfileFlags, RunFlag, TargetFlags, ViewFlag, Viewed, WatchFlags};
use super::progress::Cadence;
use super::report::add_report;
use super::{CommandError, Outcome};
use crate::conclude::{Ended, Role};
use crate::load::Shard;
use crate::metrics::{Endpoint, MetricsAddress, RunMetrics, Subject};
use crate::profile::Loaded;
use crate::report::formats::Ending;
use crate::report::terminal::{Look, Shown};
use crate::run::{self, News, Prepared, Request, RunError};

/// The flags of the three commands, put together.
pub(super) struct Wanted<'a> {
    pub(super) role: Role,
    pub(super) profile: &'a ProfileFlags,
    pub(super) target: &'a TargetFlags,
    pub(super) run: &'a RunFlag,
    pub(super) watch: &'a WatchFlags,
    pub(super) output: &'a OutputFlags,
    pub(super) view: ViewFlag,
    pub(super) shard: Shard,
    pub(super) start_at: Option<jiff::Timestamp>,
    pub(super) workers: Option<usize>,
    pub(super) from_beginning: bool,
}

impl Wanted<'_> {
    fn request(&self, loaded: &Loaded, outlives_terminal: bool) -> Result<Request, CommandError> {
        Ok(Request {
            role: self.role,
            settings: self.target.settings()?,
            allow_cluster: self.target.allow_cluster.clone(),
            allow_topics: self.target.allow_topic.clone(),
            from_beginning: self.from_beginning,
            shard: self.shard,
            run_id: self.run.run_id.clone(),
            start_at_ns: self.start_at.map(|at| u64::try_from(at.as_nanosecond()).unwrap_or(0)),
            out: self.output.out.clone(),
            outlives_terminal,
            workers: self.workers,
            loaded: loaded.clone(),
        })
    }

    /// The port for metrics, taken before anything else happens.
    fn endpoint(&self) -> Result<Option<Endpoint>, CommandError> {
        let Some(MetricsAddress(address)) = self.watch.metrics else { return Ok(None) };
        let refused = |error: std::io::Error| {
            let hint = "another port, or port 0 for any free one, may work";
            CommandError::Environment(format!("--metrics: cannot listen on {address}: {error}; {hint}"))
        };
        Endpoint::open(address).map(Some).map_err(refused)
    }

    fn serve(&self, endpoint: Endpoint, prepared: &Prepared, loaded: &Loaded) -> Result<RunMetrics, CommandError> {
        let (metrics, registry) = RunMetrics::of(&Subject {
            run_id: prepared.run_id(),
            profile_name: &loaded.name,
            profile: &loaded.profile,
            role: self.role,
            cluster_id: prepared.cluster_id(),
        });
        let refused = |error| CommandError::Environment(format!("--metrics: no thread to serve them: {error}"));
        endpoint.serve(registry).map_err(refused)?;
        Ok(metrics)
    }
}

/// Carries out what is wanted and prints what came of it.
pub(super) fn carry_out(wanted: &Wanted<'_>, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let loaded = wanted.profile.load()?;
    if wanted.role.sends() {
        refuse_needless_shards(&loaded, wanted.shard)?;
    }
    let endpoint = wanted.endpoint()?;
    // Quiet means quiet, on a terminal, too.
    let wants_view = wanted.view.view == Viewed::Screen && !wanted.watch.quiet;
    let mut shown = Shown::new(&loaded.name, &loaded.profile, wanted.role, wants_view);
    let prepared = run::prepare(wanted.request(&loaded, shown.outlives_terminal())?)?;
    // A screen that cannot be written is no reason to end a run, nor to lose its verdict.
    let metrics_at = endpoint.as_ref().map(|endpoint| format!("metrics at {}", endpoint.url()));
    for text in opening(&prepared, &loaded, wanted.role).into_iter().chain(metrics_at) {
        let _unwritten = shown.say(&text);
    }
    let mut metrics = endpoint.map(|endpoint| wanted.serve(endpoint, &prepared, &loaded)).transpose()?;
    let cadence = Cadence::of(wanted.watch, Look::of_stderr());
    let ended = run::carry_out(&prepared, &mut |news| {
        if let (News::Second(seen), Some(metrics)) = (&news, &mut metrics) {
            metrics.take_in(seen);
        }
        let is_left_out = matches!(news, News::Second(seen) if !shown.is_view() && !cadence.shows(seen.second));
        let _unwritten = if is_left_out { Ok(()) } else { shown.hear(news) };
    })?;
    let _unwritten = shown.close();
    if ended.given_up {
        // Closing the clients waits for brokers that do not answer; the process is over in a moment, and they with it.
        std::mem::forget(prepared);
    }
    if wanted.role == Role::Run {
        add_report(&ended);
    }
    print_end(&ended, &wanted.output.form, false, out)
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
pub(super) fn print_end(
    ended: &Ended,
    form: &FormatFlags,
    is_whole: bool,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let (summary, folder) = (&ended.summary, ended.folder.as_path());
    let ending = Ending { summary, folder, is_whole, look: Look::of_stdout() };
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

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        if error.is_usage() {
            CommandError::Usage(error.to_string())
        } else {
            CommandError::Environment(error.to_string())
        }
    }
}
