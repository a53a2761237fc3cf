//! Flags that several commands share.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::PossibleValuesParser};

use super::CommandError;
use crate::{
    kafka::{ClientSettings, SettingsError},
    load::Shard,
    metrics::MetricsAddress,
    profile::{Loaded, Overrides, Profile, ProfileError, units::Span},
    report::formats::{FORMATS, Format},
    report::output::to_stderr,
    surroundings::{self, Given, Together, together},
};

/// Which traffic: a profile, and what is changed in it.
#[derive(Debug, Clone, Args)]
pub struct ProfileFlags {
    /// The profile: a TOML file, or one inside floodmark: average (`floodmark new --list` shows them)
    pub profile: PathBuf,
    /// Override the profile's duration: 30s, 5m
    #[arg(long, value_name = "SPAN")]
    pub duration: Option<Span>,
    /// Random seed: the same number gives the same events
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Multiply every rate
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    pub rate_scale: Option<f64>,
    /// Override any key: stream.orders.rate=5k/s, stream.0.keys.count=10 (repeatable)
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

impl ProfileFlags {
    /// Reads the profile and applies the changes.
    ///
    /// # Errors
    /// What is wrong in the file or in a change.
    pub fn load(&self) -> Result<Loaded, ProfileError> {
        let overrides =
            Overrides { set: self.set.clone(), duration: self.duration, seed: self.seed, rate_scale: self.rate_scale };
        Profile::from_file_with(&self.profile, &overrides)
    }
}

/// Which part of the traffic this process makes.
#[derive(Debug, Clone, Copy, Args)]
pub struct ShardFlag {
    /// This process's share of a profile that several processes run together: 0/2, 1/2
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    pub shard: Shard,
}

/// Which partitions this process observes.
#[derive(Debug, Clone, Copy, Args)]
pub struct ObserverFlag {
    /// This observer's part of the partitions: 0/2 reads 0, 2, 4, ... of every topic, and 1/2 the others
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE)]
    pub shard: Shard,
}

/// Which cluster, and how the client speaks to it.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetFlags {
    /// Brokers to connect to: HOST:PORT, several with commas between, or `embedded` [env: FLOODMARK_BROKERS]
    #[arg(short, long, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// A client property, by librdkafka's name (repeatable) [env: FLOODMARK_X_LINGER_MS for linger.ms, and so on]
    #[arg(short = 'X', value_name = "KEY=VALUE")]
    pub property: Vec<String>,
    /// A file of client properties, as Kafka's own tools read them [env: FLOODMARK_CLIENT_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub client_config: Option<PathBuf>,
    /// A command that prints a token to log in with (OAUTHBEARER); it is run again before the token expires [env: FLOODMARK_TOKEN_COMMAND]
    #[arg(long, value_name = "CMD")]
    pub token_command: Option<String>,
    /// Confirm a cluster that is not on this machine, by its id [env: FLOODMARK_ALLOW_CLUSTER]
    #[arg(long, value_name = "ID")]
    pub allow_cluster: Option<String>,
    /// Allow a topic whose name does not begin with `floodmark` (repeatable) [env: FLOODMARK_ALLOW_TOPIC, several with commas between]
    #[arg(long, value_name = "TOPIC")]
    pub allow_topic: Vec<String>,
}

impl TargetFlags {
    /// The client's settings: the file's, then `-b`, then each `-X`. What was passed over in the file is said on standard error.
    ///
    /// # Errors
    /// A pair or a file that cannot be read, or that the client does not take.
    pub fn settings(&self) -> Result<ClientSettings, SettingsError> {
        let settings = self.gathered()?;
        settings.remarks().iter().for_each(|remark| note_to_stderr(remark));
        Ok(settings)
    }

    /// The client's settings, without a word on what was passed over.
    pub(super) fn gathered(&self) -> Result<ClientSettings, SettingsError> {
        let (brokers, file) = (self.brokers.as_deref(), self.client_config.as_deref());
        ClientSettings::gather_with_tokens(brokers, file, &self.property, self.token_command.as_deref())
    }

    /// Adds what the environment and the folder's `floodmark.toml` say, and tells on standard error what was taken from where.
    ///
    /// # Errors
    /// A variable or a file that cannot be used.
    pub fn complete(&mut self) -> Result<(), CommandError> {
        let TargetFlags {
            brokers,
            property: properties,
            client_config,
            token_command,
            allow_cluster,
            allow_topic: allow_topics,
        } = std::mem::take(self);
        let flags = Given { brokers, properties, client_config, token_command, allow_cluster, allow_topics };
        let below = surroundings::read().map_err(CommandError::Usage)?;
        let Together { given, notes } = together(flags, below);
        let Given {
            brokers,
            properties: property,
            client_config,
            token_command,
            allow_cluster,
            allow_topics: allow_topic,
        } = given;
        *self = TargetFlags { brokers, property, client_config, token_command, allow_cluster, allow_topic };
        notes.iter().for_each(|note| note_to_stderr(note));
        Ok(())
    }

    /// The same flags for a `floodmark run`, all but the brokers.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut push = |flag: &str, value: OsString| arguments.extend([flag.into(), value]);
        for property in &self.property {
            push("-X", property.into());
        }
        if let Some(file) = &self.client_config {
            push("--client-config", file.into());
        }
        if let Some(command) = &self.token_command {
            push("--token-command", command.into());
        }
        if let Some(cluster) = &self.allow_cluster {
            push("--allow-cluster", cluster.into());
        }
        for topic in &self.allow_topic {
            push("--allow-topic", topic.into());
        }
        arguments
    }
}

/// The folder of what nobody named one for: below `results`, with the time.
pub(super) fn dated_folder(name: &str) -> PathBuf {
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    PathBuf::from(format!("results/{name}-{now}"))
}

fn note_to_stderr(note: &str) {
    // Nobody to hear it is no reason to stop.
    let _unheard = to_stderr(&format!("note: {note}\n"));
}

/// How a run is watched while it goes on.
#[derive(Debug, Clone, Default, Args)]
pub struct WatchFlags {
    /// Serve metrics for Prometheus while it runs: a port on this machine, or ADDRESS:PORT (0 picks a free port)
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<MetricsAddress>,
    /// How often a line says how it goes, where standard error is not a terminal (default: 10s)
    #[arg(long, value_name = "SPAN")]
    pub progress: Option<Span>,
    /// No line that says how it goes
    #[arg(long, conflicts_with = "progress")]
    pub quiet: bool,
}

/// Where results go, and in which form.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputFlags {
    /// The folder of results (default: results/ and the run's id)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How the result is printed.
    #[command(flatten)]
    pub form: FormatFlags,
}

/// How the end of a run or of a search is printed.
#[derive(Debug, Clone, Default, Args)]
pub struct FormatFlags {
    /// How to print the result (default: text)
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(FORMATS.iter().map(|format| format.name)))]
    pub format: Option<String>,
    /// Print only the result, as JSON; the same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

impl FormatFlags {
    /// The form that was chosen.
    #[must_use]
    pub fn chosen(&self) -> &'static Format {
        let name = if self.json { Some("json") } else { self.format.as_deref() };
        name.and_then(Format::named).unwrap_or(&FORMATS[0])
    }
}

/// Which run this is.
#[derive(Debug, Clone, Default, Args)]
pub struct RunFlag {
    /// The run's id, the same in every process of one run (default: drawn)
    #[arg(long, value_name = "ID")]
    pub run_id: Option<String>,
}

/// How a run is shown on a terminal while it goes on.
#[derive(Debug, Clone, Copy, Args)]
pub struct ViewFlag {
    /// What a terminal shows during the run: `screen` (every stream and stage) or `line` (one line)
    #[arg(long, value_name = "VIEW", value_enum, default_value_t = Viewed::Screen, hide_possible_values = true)]
    pub view: Viewed,
}

/// What a terminal shows during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Viewed {
    /// Streams, stages and troubles on the whole screen
    Screen,
    /// One line over all streams
    Line,
}
