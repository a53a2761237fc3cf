//! A combination as the profile and the client take it, before anything is sent.

use super::Args;
use crate::commands::flags::{ProfileFlags, TargetFlags};
use crate::direct;
use crate::kafka::{ClientSettings, refuse_contradictions};
use crate::profile::{Isolation, Loaded, Span};
use crate::sweep::{Plan, Role};

/// Longer than any warm-up: how long a trial sends follows from the warm-up, and is not the profile's.
const LONG: Span = Span::from_secs(86_400);

/// A combination that both take.
pub(super) struct Checked {
    /// The profile with its settings.
    pub(super) loaded: Loaded,
    /// The client with its settings.
    pub(super) settings: ClientSettings,
    /// Changes of the profile that give streams a topic of their own.
    pub(super) topics: Vec<String>,
}

/// Loads the profile and the client's settings as the combination's trials will.
///
/// # Errors
/// What one of them refuses, in a sentence.
pub(super) fn checked(args: &Args, plan: &Plan, combination: &[String]) -> Result<Checked, String> {
    let set = [&args.set[..], &plan.settings_for(Role::Profile, combination)].concat();
    let profile =
        ProfileFlags { profile: args.profile.clone(), duration: Some(LONG), seed: args.seed, rate_scale: None, set };
    let loaded = profile.load().map_err(|error| error.to_string())?;
    let target = &args.target;
    let properties = [&target.property[..], &plan.settings_for(Role::Client, combination)].concat();
    let target = TargetFlags { property: properties, ..target.clone() };
    let settings = target.gathered().map_err(|error| error.to_string())?;
    for stream in &loaded.profile.streams {
        refuse_contradictions(&settings, stream.delivery, Isolation::default()).map_err(|error| error.to_string())?;
        direct::refuse(&settings, stream).map_err(|error| format!("stream {}: {error}", stream.name))?;
    }
    let topics = if settings.brokers().is_none() { Vec::new() } else { topics(plan, combination, &loaded) };
    Ok(Checked { loaded, settings, topics })
}

/// A topic keeps its partitions: where they are varied, each number of them has a topic of its own. A stream with stages keeps the topic that its
/// pipeline reads.
fn topics(plan: &Plan, combination: &[String], loaded: &Loaded) -> Vec<String> {
    let varied = |key: &str| plan.keys.iter().any(|of| of.name == key);
    let own = plan.keys.iter().zip(combination).filter_map(|(key, value)| {
        let stream = key.name.strip_prefix("stream.")?.strip_suffix(".partitions")?;
        let place = place(stream, loaded)?;
        let topic = format!("stream.{stream}.topic");
        let is_free = !varied(&topic) && !has_stages(&loaded.table, place);
        is_free.then(|| format!("{topic}={}-{value}-partitions", loaded.profile.streams[place].topic_name()))
    });
    own.collect()
}

/// Where a stream stands in the profile, by its name or number.
fn place(stream: &str, loaded: &Loaded) -> Option<usize> {
    let streams = &loaded.profile.streams;
    let by_number = || stream.parse().ok().filter(|place| *place < streams.len());
    streams.iter().position(|of| of.name == stream).or_else(by_number)
}

fn has_stages(profile: &toml::Table, place: usize) -> bool {
    profile.get("stream").and_then(|streams| streams.get(place)).is_some_and(|stream| stream.get("stage").is_some())
}
