//! Everything up to the first send: who the target is, its topics, the schedules, and who this run is.

use std::sync::Arc;
use std::time::Duration;

use super::error::RunError;
use super::event_sizes::{Fit, Way, fit};
use super::groups::notes_on_groups;
use super::request::Request;
use super::streams::{
    PreparedStream, StreamTopic, notes_on_compaction, prepare_streams, prepare_topics, refuse_idle_observer,
};
use crate::broker::{Broker, BrokerConfig};
use crate::clock::Clock;
use crate::conclude::Role;
use crate::event::RunTag;
use crate::faults::Network;
use crate::kafka::{ClientSettings, Operation, Target};
use crate::load::{StreamSchedule, fingerprint, streams_of};
use crate::profile::Span;
use crate::registry::{Purpose, settle_schemas};
use crate::results::stamp::rfc3339;

/// How long the cluster may take to answer at first.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between the end of the preparations and the first due time, for threads to start.
pub(super) const LEAD_NS: u64 = 300_000_000;

/// A run that is ready to start.
pub(crate) struct Prepared {
    pub(super) request: Request,
    pub(super) duration: Span,
    pub(super) run_id: String,
    pub(super) tag: RunTag,
    pub(super) fingerprint: String,
    pub(super) clock: Clock,
    pub(super) settings: ClientSettings,
    /// Shared with the threads that ask it, so that nobody waits for an answer that does not come.
    pub(super) target: Arc<Target>,
    pub(super) streams: Vec<PreparedStream>,
    /// Between the clients that send and observe and the brokers, where the profile has faults on the network.
    pub(super) network: Option<Network>,
    /// What a person should know before the run, a sentence each.
    pub(super) notes: Vec<String>,
    /// Stopped when the run is dropped.
    pub(super) embedded: Option<Broker>,
}

/// Prepares a run. Topics are created where that is permitted; nothing is sent.
///
/// # Errors
/// [`RunError`], one clear sentence.
pub(crate) fn prepare(mut request: Request) -> Result<Prepared, RunError> {
    request.refuse_impossible()?;
    let purpose = if request.role.sends() { Purpose::Send } else { Purpose::Observe };
    let mut notes = settle_schemas(&mut request.loaded, purpose)?;
    let Cluster { embedded, settings, target } = Cluster::reach(&request)?;
    let topics = prepare_topics(&request, &target, embedded.is_some())?;
    let schedules = schedules_of(&request, &topics);
    let streams_and_topics = request.loaded.profile.streams.iter().zip(&topics);
    let ways: Vec<Way<'_>> = streams_and_topics
        .map(|(stream, topic)| Way::of(&settings, stream, &topic.name, topic.config.batch_limit, embedded.is_some()))
        .collect();
    notes.extend(notes_on_sizes(&request, &schedules, &ways)?);
    notes.extend(notes_on_compaction(&request.loaded.profile.streams, &topics));
    if request.role == Role::Run {
        notes.extend(notes_on_groups(&request.loaded.profile, &target));
    }
    let streams = prepare_streams(&request, &target, topics, &schedules)?;
    refuse_missing_rights(request.role, &target, &streams)?;
    refuse_idle_observer(&request, &streams)?;
    let network = network_of(&request, &target)?;
    let run_id = request.run_id();
    Ok(Prepared {
        duration: request.loaded.profile.duration(),
        tag: RunTag::of(&run_id),
        run_id,
        fingerprint: fingerprint::fingerprint(&schedules, request.sent()),
        clock: Clock::anchored_now(),
        settings,
        target: Arc::new(target),
        streams,
        network,
        notes,
        embedded,
        request,
    })
}

/// Puts proxies between the clients and the brokers, if the profile has faults on the network.
fn network_of(request: &Request, target: &Target) -> Result<Option<Network>, RunError> {
    let faults = request.own_faults();
    let mut of_network = faults.iter().filter_map(|fault| Some((fault.name.as_str(), fault.network?))).peekable();
    if of_network.peek().is_none() {
        return Ok(None);
    }
    let known: Vec<String> = target.members().iter().map(|broker| broker.id.to_string()).collect();
    let unknown = of_network
        .find_map(|(name, fault)| Some((name, fault.broker?.to_string())).filter(|(_, id)| !known.contains(id)));
    if let Some((name, id)) = unknown {
        return Err(RunError::Usage(format!(
            "fault {name}: the cluster has no broker {id}; it has {}",
            known.join(", ")
        )));
    }
    Ok(Some(Network::to(target.members())?))
}

/// Where a run goes.
struct Cluster {
    embedded: Option<Broker>,
    /// The user's, with the embedded broker's address where there is one.
    settings: ClientSettings,
    target: Target,
}

impl Cluster {
    /// Connects to the user's cluster, if it may be loaded, or starts the embedded broker.
    fn reach(request: &Request) -> Result<Self, RunError> {
        let embedded = start_embedded(request)?;
        let mut settings = request.settings.clone();
        if let Some(broker) = &embedded {
            settings.set("bootstrap.servers", &broker.address().to_string());
        }
        let target = Target::connect(&settings, CONNECT_TIMEOUT)?;
        target.confirm(request.allow_cluster.as_deref())?;
        Ok(Cluster { embedded, settings, target })
    }
}

fn start_embedded(request: &Request) -> Result<Option<Broker>, RunError> {
    if request.settings.brokers().is_some() {
        return Ok(None);
    }
    if request.role != Role::Run {
        let name = request.role.name();
        return Err(RunError::Usage(format!(
            "`{name}` needs a broker that several processes share: name it with -b HOST:PORT (`floodmark broker` runs one)"
        )));
    }
    Ok(Some(Broker::start(BrokerConfig::default())?))
}

/// Refuses a run that would find out in its midst what it is not allowed to do.
fn refuse_missing_rights(role: Role, target: &Target, streams: &[PreparedStream]) -> Result<(), RunError> {
    let sends = streams.iter().filter(|_| role.sends()).map(|stream| (stream.topic.as_str(), Operation::Write));
    let observed = streams.iter().filter(|_| role.observes()).flat_map(|stream| &stream.stages);
    let stages = observed.map(|stage| (stage.topic.as_str(), Operation::Read));
    Ok(target.require(&sends.chain(stages).collect::<Vec<_>>())?)
}

/// What is due when on the topics that there are.
fn schedules_of(request: &Request, topics: &[StreamTopic]) -> Vec<Arc<StreamSchedule>> {
    let profile = &request.loaded.profile;
    let partitions: Vec<u16> = topics.iter().map(|topic| topic.partitions as u16).collect();
    streams_of(profile, profile.duration(), &partitions)
}

/// Refuses a stream whose largest event nobody would take; what is only doubtful becomes a sentence.
fn notes_on_sizes(
    request: &Request,
    schedules: &[Arc<StreamSchedule>],
    ways: &[Way<'_>],
) -> Result<Vec<String>, RunError> {
    let mut notes = Vec::new();
    if !request.role.sends() {
        return Ok(notes);
    }
    for ((stream, schedule), way) in request.loaded.profile.streams.iter().zip(schedules).zip(ways) {
        match fit(stream, schedule, way) {
            Fit::Passes => {}
            Fit::Doubtful(note) => notes.push(note),
            Fit::Refused(why) => return Err(RunError::Usage(why)),
        }
    }
    Ok(notes)
}

impl Prepared {
    /// The run's id.
    #[must_use]
    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    /// What a person should know before the run, a sentence each.
    #[must_use]
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The cluster's id.
    #[must_use]
    pub(crate) fn cluster_id(&self) -> &str {
        self.target.cluster_id()
    }

    /// The cluster's address, or that it is the embedded broker.
    #[must_use]
    pub(crate) fn where_to(&self) -> String {
        let brokers = self.settings.brokers().unwrap_or_default();
        if self.embedded.is_some() { format!("the embedded broker at {brokers}") } else { brokers.to_owned() }
    }

    /// When the run starts, in nanoseconds since 1970, if everything stands ready now.
    ///
    /// # Errors
    /// When a moment was agreed on that has passed: the other processes have begun, and a backlog sent at once would be no schedule.
    pub(super) fn start_ns(&self) -> Result<u64, RunError> {
        let now_ns = self.clock.now_ns();
        match self.request.start_at_ns {
            None => Ok(now_ns + LEAD_NS),
            Some(at_ns) if at_ns < now_ns && self.request.role.sends() => {
                Err(RunError::TooLate { agreed: rfc3339(at_ns), late_ms: (now_ns - at_ns).div_ceil(1_000_000) })
            }
            Some(at_ns) => Ok(at_ns),
        }
    }
}
