//! The command line: one file for each command. Commands only wire rooms together.

use std::io::Write;

use clap::{Parser, Subcommand};

use crate::report::formats::Format;
use crate::results::Summary;
use crate::verdict::{Effect, Verdict};

pub(crate) mod accept;
pub(crate) mod broker;
mod by_registry;
pub(crate) mod calibrate;
pub(crate) mod capacity;
pub(crate) mod capture;
mod carry_out;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod consume;
pub(crate) mod curve;
mod error;
pub(crate) mod flags;
pub(crate) mod history;
pub(crate) mod inspect;
pub(crate) mod man;
pub(crate) mod merge;
pub(crate) mod new;
pub(crate) mod nightly;
pub(crate) mod plan;
pub(crate) mod produce;
mod progress;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod sweep;
pub(crate) mod watermark;

pub use error::{CommandError, usage_instead_of_a_result};

/// Loads Kafka with synthetic traffic and bursts, and checks what comes out: loss, duplicates, order and latency.
#[derive(Debug, Parser)]
#[command(name = "floodmark", version, arg_required_else_help = true, max_term_width = 110, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  floodmark run average                      on the embedded broker, nothing to install
  floodmark run peak3x -b localhost:9092     on your broker
  floodmark plan bot-flood                   what it would send

Exit codes: 0 pass; 1 fail (a limit broken, events lost); 2 wrong usage or profile; 3 void (the run cannot tell pass from fail);
4 the environment failed (no broker, refused, no disk)";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send a profile's traffic and check what arrives
    Run(run::Args),
    /// Send only, as one of several processes that run a profile together
    Produce(produce::Args),
    /// Observe only, beside the processes that `produce`
    Consume(consume::Args),
    /// Join the results of several processes into one verdict
    Merge(merge::Args),
    /// Print the results in a folder, even of a run that was killed
    Show(show::Args),
    /// Make a page for a browser of the results in each folder
    Report(report::Args),
    /// Tell whether a run, or a set of runs, is worse than another
    Compare(compare::Args),
    /// Tell whether floodmark finds, on your cluster, what a relay does wrong on purpose
    Calibrate(calibrate::Args),
    /// Find how much a target can take: the largest multiple of a profile's rates at which its limits hold
    Capacity(capacity::Args),
    /// Tell which setting buys how much: trials of each combination of a profile's and the client's settings
    Sweep(sweep::Args),
    /// Run a suite of profiles and tell whether tonight is worse than the nights before
    Nightly(Box<nightly::Args>),
    /// Show the last nights of a suite, figure by figure
    History(history::Args),
    /// Accept a change as the new usual, from a night on, for a reason that stays in the history
    Accept(accept::Args),
    /// Show what a profile would send, without sending anything
    Plan(plan::Args),
    /// Predict which events an engine drops as too late, from a recorded stream or a topic
    Watermark(watermark::Args),
    /// Captured rate curves: import them, look at them, fit arrivals to them
    Curve(curve::Args),
    /// Capture a topic's rate as a curve, with a profile that replays it
    Capture(Box<capture::Args>),
    /// Look at a topic's messages: format, fields, headers, keys, and what to write about them in a profile
    Inspect(Box<inspect::Args>),
    /// Begin a profile: from one inside floodmark, from a topic, or from a schema
    New(Box<new::Args>),
    /// Run the embedded broker alone
    Broker(broker::Args),
    /// Print the JSON Schema of a file format
    Schema(schema::Args),
    /// Print what a shell completes
    Completions(completions::Args),
    /// Print the manual page of a command, or write all of them to a folder
    Man(man::Args),
}

impl Command {
    /// Which cluster it asks for: nothing of one that needs none.
    fn target(&mut self) -> Option<&mut flags::TargetFlags> {
        match self {
            Command::Run(args) => Some(&mut args.target),
            Command::Produce(args) => Some(&mut args.target),
            Command::Consume(args) => Some(&mut args.target),
            Command::Calibrate(args) => Some(&mut args.target),
            Command::Capacity(args) => args.verb.is_none().then_some(&mut args.target),
            Command::Sweep(args) => Some(&mut args.target),
            Command::Nightly(args) => Some(&mut args.target),
            Command::Watermark(args) => args.topic.is_some().then_some(&mut args.target),
            Command::Capture(args) => Some(&mut args.target),
            Command::Inspect(args) => Some(&mut args.target),
            Command::New(args) => args.from_topic.is_some().then_some(&mut args.target),
            Command::Merge(_)
            | Command::Show(_)
            | Command::Report(_)
            | Command::Compare(_)
            | Command::History(_)
            | Command::Accept(_)
            | Command::Plan(_)
            | Command::Curve(_)
            | Command::Broker(_)
            | Command::Schema(_)
            | Command::Completions(_)
            | Command::Man(_) => None,
        }
    }
}

/// How a command ended, when it did not end in an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was asked; there is nothing to judge.
    Done,
    /// It judged.
    Judged(Verdict),
    /// It judged, nothing was broken for certain, and the disk or another part of the environment failed it.
    EnvironmentFailed,
}

impl Outcome {
    /// What a summary makes of the command.
    #[must_use]
    pub fn of(summary: &Summary) -> Self {
        let failed = summary.reasons.iter().any(|reason| reason.code.effect() == Effect::Environment);
        match summary.verdict {
            Verdict::Void if failed => Outcome::EnvironmentFailed,
            verdict => Outcome::Judged(verdict),
        }
    }

    /// What the process says to its caller.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Outcome::Done | Outcome::Judged(Verdict::Pass | Verdict::Part) => 0,
            Outcome::Judged(Verdict::Fail) => 1,
            Outcome::Judged(Verdict::Void) => 3,
            Outcome::EnvironmentFailed => 4,
        }
    }
}

impl Cli {
    /// Runs the command. What it prints goes to `out`.
    ///
    /// # Errors
    /// [`CommandError`], which knows its exit code.
    pub fn run(&mut self, out: &mut dyn Write) -> Result<Outcome, CommandError> {
        if let Some(target) = self.command.target() {
            target.complete()?;
        }
        match &self.command {
            Command::Run(args) => run::run(args, out),
            Command::Produce(args) => produce::run(args, out),
            Command::Consume(args) => consume::run(args, out),
            Command::Merge(args) => merge::run(args, out),
            Command::Show(args) => show::run(args, out),
            Command::Report(args) => report::run(args, out),
            Command::Compare(args) => compare::run(args, out),
            Command::Calibrate(args) => calibrate::run(args, out),
            Command::Capacity(args) => capacity::run(args, out),
            Command::Sweep(args) => sweep::run(args, out),
            Command::Nightly(args) => nightly::run(args, out),
            Command::History(args) => history::run(args, out),
            Command::Accept(args) => accept::run(args, out),
            Command::Plan(args) => plan::run(args, out),
            Command::Watermark(args) => watermark::run(args, out),
            Command::Curve(args) => curve::run(args, out),
            Command::Capture(args) => capture::run(args, out),
            Command::Inspect(args) => inspect::run(args, out),
            Command::New(args) => new::run(args, out),
            Command::Broker(args) => broker::run(args, out),
            Command::Schema(args) => schema::run(args, out),
            Command::Completions(args) => completions::run(args, out),
            Command::Man(args) => man::run(args, out),
        }
    }

    /// Whether machines read the output: errors are then one plain line.
    #[must_use]
    pub fn wants_json(&self) -> bool {
        match &self.command {
            Command::Compare(args) => args.json,
            Command::Calibrate(args) => args.json,
            Command::Capacity(args) => args.wants_json(),
            Command::Sweep(args) => args.json,
            Command::History(args) => args.json,
            Command::Plan(args) => args.json,
            Command::Watermark(args) => args.json,
            Command::Curve(args) => args.wants_json(),
            Command::Capture(args) => args.json,
            Command::Inspect(args) => args.json,
            _ => self.form().is_some_and(|form| form.is_for_machines),
        }
    }

    /// The form that the end of a run is printed in; none for a command that ends none.
    fn form(&self) -> Option<&'static Format> {
        let form = match &self.command {
            Command::Run(args) => &args.output.form,
            Command::Produce(args) => &args.output.form,
            Command::Consume(args) => &args.output.form,
            Command::Merge(args) => &args.output.form,
            Command::Show(args) => &args.form,
            Command::Capacity(args) => args.form()?,
            Command::Nightly(args) => &args.form,
            Command::Report(_)
            | Command::Compare(_)
            | Command::Calibrate(_)
            | Command::Sweep(_)
            | Command::History(_)
            | Command::Accept(_)
            | Command::Plan(_)
            | Command::Watermark(_)
            | Command::Curve(_)
            | Command::Capture(_)
            | Command::Inspect(_)
            | Command::New(_)
            | Command::Broker(_)
            | Command::Schema(_)
            | Command::Completions(_)
            | Command::Man(_) => return None,
        };
        Some(form.chosen())
    }

    /// What an error leaves on standard output, where machines look for a result.
    #[must_use]
    pub fn instead_of_a_result(&self, error: &CommandError) -> Vec<u8> {
        if self.wants_json() {
            return error.to_json().into_bytes();
        }
        self.form().map(|form| error.in_form(form)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_flag_explains_itself() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for flag in command.get_arguments() {
                assert!(flag.get_help().is_some(), "{} {}", command.get_name(), flag.get_id());
            }
        }
    }

    #[test]
    fn what_is_certain_decides_the_exit_code() {
        let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Void, Verdict::Part];
        assert_eq!(verdicts.map(|verdict| Outcome::Judged(verdict).exit_code()), [0, 1, 3, 0]);
        assert_eq!(Outcome::EnvironmentFailed.exit_code(), 4);
    }
}
