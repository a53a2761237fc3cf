//! Starts the threads of a profile's streams, and gathers what they measured.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::acks::{AckReport, Acks};
use super::ceiling::Ceiling;
use super::client::{self, Deliveries, OpenError, Sink};
use super::figures::FiguresTo;
use super::plan::StreamPlan;
use super::worker::{State, Worker, WorkerReport};
use crate::kafka::SinkOptions;
use crate::profile::Delivery;
use crate::side_by_side::all_side_by_side;
use crate::stop::StopFlag;

/// How long setting up transactions may take.
const TRANSACTIONS_TIMEOUT: Duration = Duration::from_secs(30);

/// Sending that could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// A client could not be made.
    #[error("stream {stream}: {source}")]
    Client {
        /// The stream.
        stream: String,
        /// What the client says.
        source: OpenError,
    },
    /// The system gives no more threads.
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Threads that are sending.
pub struct Producing {
    threads: Vec<(usize, JoinHandle<WorkerReport>, JoinHandle<AckReport>)>,
}

/// What was measured of one stream by one worker.
#[derive(Debug)]
pub struct ProduceReport {
    /// The stream's position in the profile.
    pub stream: usize,
    /// What the worker measured.
    pub worker: WorkerReport,
    /// What became of its events.
    pub acks: AckReport,
}

/// Clients that are ready to send. Opening them takes time (a transactional one asks its coordinator, which may not exist yet): only when
/// all are open can the start of the schedule be set.
pub struct Ready {
    streams: Vec<(StreamPlan, Vec<Client>)>,
}

/// A worker's client, with both its ends.
struct Client {
    producers: Vec<u16>,
    sink: Sink,
    deliveries: Deliveries,
}

/// Opens all clients. Nothing is sent yet.
///
/// # Errors
/// [`ProduceError`] when a client cannot be opened.
pub fn open(plans: Vec<StreamPlan>) -> Result<Ready, ProduceError> {
    let numbered: Vec<(&StreamPlan, usize)> =
        plans.iter().flat_map(|plan| (0..plan.workers).map(move |number| (plan, number))).collect();
    let mut clients = all_side_by_side(&numbered, |(plan, number)| open_client(plan, *number))?.into_iter();
    let with_clients = |plan: StreamPlan| {
        let clients = clients.by_ref().take(plan.workers).collect();
        (plan, clients)
    };
    Ok(Ready { streams: plans.into_iter().map(with_clients).collect() })
}

fn open_client(plan: &StreamPlan, number: usize) -> Result<Client, ProduceError> {
    let producers: Vec<u16> = plan.producers.iter().copied().skip(number).step_by(plan.workers).collect();
    let mut settings = plan.settings.clone();
    if let Some(id) = settings.get_mut("transactional.id") {
        // Each worker is a transactional producer of its own; its first logical producer names it across shards.
        id.push_str(&format!("-{}", producers.first().copied().unwrap_or_default()));
    }
    let options = SinkOptions {
        topic: plan.topic.clone(),
        settings,
        capacity: plan.capacity,
        transactional: plan.delivery == Delivery::ExactlyOnce,
        one_by_one: plan.records.needs_one_by_one(),
    };
    let (sink, deliveries) = client::open(plan.client, &options, TRANSACTIONS_TIMEOUT)
        .map_err(|source| ProduceError::Client { stream: plan.name.clone(), source })?;
    Ok(Client { producers, sink, deliveries })
}

impl Ready {
    /// Starts all threads; they begin with the schedule at `start_ns` (since 1970).
    ///
    /// # Errors
    /// [`ProduceError`] when a thread cannot be started.
    pub fn start(
        self,
        start_ns: u64,
        ceiling: Option<&Arc<Ceiling>>,
        stop: &StopFlag,
        figures: &FiguresTo,
    ) -> Result<Producing, ProduceError> {
        let mut threads = Vec::new();
        for (plan, clients) in self.streams {
            let plan = Arc::new(StreamPlan { start_ns, ..plan });
            for client in clients {
                let (worker, acks) = put_to_work(&plan, client, ceiling, stop, figures);
                let name = &plan.name;
                let acks = thread::Builder::new().name(format!("acks-{name}")).spawn(move || acks.run())?;
                let worker = thread::Builder::new().name(format!("send-{name}")).spawn(move || worker.run())?;
                threads.push((plan.stream, worker, acks));
            }
        }
        Ok(Producing { threads })
    }
}

fn put_to_work(
    plan: &Arc<StreamPlan>,
    client: Client,
    ceiling: Option<&Arc<Ceiling>>,
    stop: &StopFlag,
    figures: &FiguresTo,
) -> (Worker, Acks) {
    let Client { producers, sink, deliveries } = client;
    let (notes, notes_read) = channel();
    let name = producers.first().copied().unwrap_or_default();
    let worker = Worker {
        plan: Arc::clone(plan),
        cursors: producers.iter().map(|producer| plan.schedule.sends(*producer, 0)).collect(),
        sink,
        notes,
        seconds: figures.sends.clone(),
        stop: stop.clone(),
        ceiling: ceiling.cloned(),
        state: State::new(producers.into_iter(), plan.records.clone()),
    };
    (worker, Acks::new(deliveries, notes_read, figures, name, Arc::clone(plan)))
}

impl Producing {
    /// Whether every worker has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(|(_, worker, acks)| worker.is_finished() && acks.is_finished())
    }

    /// Waits for all threads and returns what they measured. Passes the panic of a thread on.
    #[must_use]
    pub fn join(self) -> Vec<ProduceReport> {
        self.threads
            .into_iter()
            .map(|(stream, worker, acks)| ProduceReport { stream, worker: joined(worker), acks: joined(acks) })
            .collect()
    }
}

fn joined<T>(thread: JoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
