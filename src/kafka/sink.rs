//! Where a worker puts events: the producing client, with a slot for every event in flight.
//!
//! Two threads share a sink without a lock: the worker fills free slots and hands events over;
//! another one waits for deliveries, reads the slots and returns them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;

use super::batch::{self, Batch, BatchTopic, EventQueue, ProducerNews, Reports};
use super::client::{Client, Quiet, producer};
use super::error::KafkaError;
use super::outcome::{Delivery, Outcome, Outgoing, Rejection, TransactionOutcome};
use super::record::{Beside, Written};
use super::slots::{Reported, Slot};
use super::throttle;

impl ProducerContext for Quiet {
    type DeliveryOpaque = usize;
    /// Only reached for what is purged when the client is dropped; by then every slot has been accounted for.
    fn delivery(&self, _result: &DeliveryResult<'_>, _slot: usize) {}
}

/// How a sink is opened.
#[derive(Debug, Clone)]
pub(crate) struct SinkOptions {
    /// The topic.
    pub topic: String,
    /// The client's settings, resolved.
    pub settings: BTreeMap<String, String>,
    /// Most events in flight.
    pub capacity: usize,
    /// Whether events are sent in transactions.
    pub transactional: bool,
    /// Records have headers or timestamps of their own: they go event by event, since the batch call takes neither.
    pub one_by_one: bool,
}

/// How the client begins to tell that it got no newer token.
const NO_TOKEN: &str = "Failed to acquire SASL OAUTHBEARER token";
/// How many reports are taken in before their slots are read.
const READ_AT_ONCE: usize = 256;
/// Slots of completed events, on their way back to the worker.
struct Returned {
    slots: Vec<u32>,
    /// Their reports; none if the thread that received them had to drop them itself.
    _reports: Option<Reports>,
}

/// The worker's end: takes events.
pub(crate) struct Sink {
    // Dropped in this order: reports and the topic handle before the client.
    returned: Receiver<Returned>,
    topic: BatchTopic,
    producer: Arc<Client<BaseProducer<Quiet>>>,
    topic_name: String,
    one_by_one: bool,
    slots: Arc<[Slot]>,
    free: Vec<u32>,
    /// How many of the slots have ever been in use, from the first on. The slot that was returned last is used
    /// first: a client that keeps up never uses most of them, and a search for events in flight skips those.
    ever_used: Arc<AtomicUsize>,
    batch: Batch,
    pending: Vec<Pending>,
}

/// The other end: reports what became of them.
pub(crate) struct Deliveries {
    // Dropped in this order: the queue before the client.
    queue: EventQueue,
    _producer: Arc<Client<BaseProducer<Quiet>>>,
    slots: Arc<[Slot]>,
    ever_used: Arc<AtomicUsize>,
    returning: Sender<Returned>,
    reported: Reported,
    /// Ending a transaction waits, on the worker's thread, until the reports of all its events have been dropped.
    drops_reports: bool,
    last_error: Option<String>,
    /// How much the last error says about a login: 0 for nothing.
    login_trouble: u8,
    fatal: Option<String>,
    /// The longest that a broker asked the client to wait, since that was last taken.
    throttled_ms: u64,
}

impl Sink {
    /// Opens a producing client, as its two ends.
    ///
    /// # Errors
    /// As in [`KafkaError`]: refused settings, or transactions that cannot be set up within `timeout`.
    pub(crate) fn open(options: &SinkOptions, timeout: Duration) -> Result<(Sink, Deliveries), KafkaError> {
        let producer = producer(&options.settings, Quiet)?;
        if options.transactional {
            let id = options.settings.get("transactional.id").map_or("", String::as_str);
            producer.init_transactions(timeout).map_err(|error| KafkaError::producer_id(&error, id))?;
        }
        let topic = BatchTopic::open(&producer, &options.topic)?;
        // The client knows the topic's partitions, and is connected, before the first event is due.
        producer
            .client()
            .fetch_metadata(Some(&options.topic), timeout)
            .map_err(|error| KafkaError::request(format!("asking for topic {}", options.topic), error))?;
        let producer = Arc::new(producer);
        let slots: Arc<[Slot]> = (0..options.capacity).map(|_| Slot::default()).collect();
        let ever_used = Arc::new(AtomicUsize::new(0));
        let (returning, returned) = channel();
        let deliveries = Deliveries {
            queue: EventQueue::of_producer(&producer),
            _producer: Arc::clone(&producer),
            slots: Arc::clone(&slots),
            ever_used: Arc::clone(&ever_used),
            returning,
            reported: Reported::default(),
            drops_reports: options.transactional,
            last_error: None,
            login_trouble: 0,
            fatal: None,
            throttled_ms: 0,
        };
        let sink = Sink {
            topic,
            producer,
            topic_name: options.topic.clone(),
            one_by_one: options.one_by_one,
            free: (0..options.capacity as u32).rev().collect(),
            slots,
            ever_used,
            returned,
            batch: Batch::default(),
            pending: Vec::new(),
        };
        Ok((sink, deliveries))
    }

    /// How many events can be taken now, as of the last [`Sink::take_back`] or [`Sink::wait_for_room`].
    #[must_use]
    pub(crate) fn room(&self) -> usize {
        self.free.len()
    }

    /// Frees the slots of completed events.
    pub(crate) fn take_back(&mut self) {
        while let Ok(returned) = self.returned.try_recv() {
            self.free.extend(returned.slots);
        }
    }

    /// How many events are in flight.
    #[must_use]
    pub(crate) fn in_flight(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Waits up to `timeout` for an event in flight to complete. Returns whether one did.
    pub(crate) fn wait_for_room(&mut self, timeout: Duration) -> bool {
        let came = self.returned.recv_timeout(timeout).map(|returned| self.free.extend(returned.slots)).is_ok();
        self.take_back();
        came
    }

    /// Adds an event to the next batch. `write` appends its key and payload.
    /// Only call it while there is room; without room it does nothing and returns false.
    pub(crate) fn add(&mut self, event: Outgoing, write: impl FnOnce(&mut Vec<u8>) -> Written) -> bool {
        let Some(slot) = self.free.pop() else { return false };
        let place = slot as usize;
        self.slots[place].fill(event);
        if place >= self.ever_used.load(Ordering::Relaxed) {
            self.ever_used.store(place + 1, Ordering::Release);
        }
        let Written { key, payload, beside } = write(&mut self.batch.arena);
        self.batch.push(key, payload, i32::from(event.partition), slot as usize);
        self.pending.push(Pending { slot, event, beside });
        true
    }

    /// How many events are in the next batch.
    #[must_use]
    pub(crate) fn staged(&self) -> usize {
        self.batch.len()
    }

    /// How large the next batch is, in bytes.
    #[must_use]
    pub(crate) fn staged_bytes(&self) -> usize {
        self.batch.arena.len()
    }

    /// Hands the batch to the client. `rejected` gets each event that it did not take, in order: its place in the batch, and why.
    pub(crate) fn hand_over(&mut self, mut rejected: impl FnMut(usize, Rejection)) {
        let Sink { batch, pending, slots, free, topic, producer, topic_name, one_by_one, .. } = self;
        let mut give_back = |place: usize, code: RDKafkaErrorCode| {
            let Pending { slot, .. } = pending[place];
            slots[slot as usize].in_use.store(false, Ordering::Relaxed);
            free.push(slot);
            rejected(place, Rejection::of(code));
        };
        if *one_by_one {
            for (place, pending) in pending.iter().enumerate() {
                if let Err(code) = send_one(producer, topic_name, batch, place, pending) {
                    give_back(place, code);
                }
            }
        } else {
            topic.produce(batch, give_back);
        }
        pending.clear();
        batch.clear();
    }

    /// Starts a transaction.
    ///
    /// # Errors
    /// When the client cannot, for instance because another process took over its transactional id.
    pub(crate) fn begin_transaction(&self) -> Result<(), KafkaError> {
        self.producer.begin_transaction().map_err(|error| KafkaError::request("beginning a transaction", error))
    }

    /// Commits the transaction, or aborts it when it cannot be committed. Blocks until the broker has answered or `timeout` is over.
    /// When it returns, every event of the transaction has been reported.
    pub(crate) fn commit_transaction(&self, timeout: Duration) -> TransactionOutcome {
        let Err(error) = batch::commit_transaction(&self.producer, timeout) else {
            return TransactionOutcome::Committed;
        };
        if error.requires_abort {
            return self.abort_transaction(timeout, error.reason);
        }
        // A retriable error means that the commit goes on in the background, and that asking again resumes it.
        match error.is_retriable.then(|| batch::commit_transaction(&self.producer, timeout)) {
            Some(Ok(())) => TransactionOutcome::Committed,
            Some(Err(again)) if again.requires_abort => self.abort_transaction(timeout, again.reason),
            Some(Err(again)) => TransactionOutcome::Unknown(again.reason),
            None => TransactionOutcome::Unknown(error.reason),
        }
    }

    fn abort_transaction(&self, timeout: Duration, reason: String) -> TransactionOutcome {
        match batch::abort_transaction(&self.producer, timeout) {
            Ok(()) => TransactionOutcome::Aborted(reason),
            Err(error) => TransactionOutcome::Unknown(format!("{reason}; aborting failed too: {}", error.reason)),
        }
    }
}

#[derive(Debug)]
struct Pending {
    slot: u32,
    event: Outgoing,
    beside: Beside,
}

fn send_one(
    producer: &BaseProducer<Quiet>,
    topic: &str,
    batch: &Batch,
    place: usize,
    pending: &Pending,
) -> Result<(), RDKafkaErrorCode> {
    let (key, payload) = batch.key_and_payload(place);
    let mut record = BaseRecord::with_opaque_to(topic, pending.slot as usize);
    record.partition = Some(i32::from(pending.event.partition));
    (record.key, record.payload) = (key, payload);
    let record = pending.beside.onto(record);
    producer.send(record).map_err(|(error, _)| error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown))
}

impl Deliveries {
    /// Waits up to `timeout` for reports and hands each to `seen`. Returns whether there were any.
    pub(crate) fn poll(&mut self, timeout: Duration, mut seen: impl FnMut(Delivery)) -> bool {
        let Deliveries { slots, reported, .. } = self;
        let (mut given_back, mut acked) = (Vec::new(), false);
        let mut settle = |reported: &mut Reported| {
            given_back.extend(reported.natives.iter().map(|native| native.opaque as u32));
            reported.settle(slots, |delivery| {
                acked |= matches!(delivery.outcome, Outcome::Acked { .. });
                seen(delivery);
            });
        };
        let news = self.queue.poll_producer(timeout, |native| {
            reported.natives.extend((native.opaque < slots.len()).then_some(native));
            if reported.natives.len() == READ_AT_ONCE {
                settle(reported);
            }
        });
        settle(reported);
        let reports = self.take_in(news).filter(|_| !self.drops_reports);
        let came = !given_back.is_empty();
        // A login that works again has nothing to do with what fails later.
        if acked {
            self.login_trouble = 0;
        }
        if came {
            // A worker that has ended needs no slots any more.
            let _worker_ended = self.returning.send(Returned { slots: given_back, _reports: reports });
        }
        came
    }

    /// Remembers what the client says beside reports, which are returned.
    fn take_in(&mut self, news: ProducerNews) -> Option<Reports> {
        match news {
            ProducerNews::Deliveries(read) => return Some(read),
            ProducerNews::Error { reason, fatal: true, .. } => self.fatal = Some(reason),
            ProducerNews::Error { code, reason, .. } => self.hear(code, &reason),
            ProducerNews::Statistics(json) => self.throttled_ms = self.throttled_ms.max(throttle::longest_ms(&json)),
            ProducerNews::Nothing => {}
        }
        None
    }

    /// Keeps why a login failed: what follows are connections that end because of it, and refusals of a token that could not be renewed.
    fn hear(&mut self, code: RDKafkaErrorCode, reason: &str) {
        let rank = match code {
            RDKafkaErrorCode::Authentication if reason.starts_with(NO_TOKEN) => 2,
            RDKafkaErrorCode::Authentication => 1,
            _ => 0,
        };
        if rank >= self.login_trouble {
            self.last_error = Some(format!("{code}: {reason}"));
            self.login_trouble = rank;
        }
    }

    /// The events that are still in flight: their outcome is not known.
    pub(crate) fn still_in_flight(&self) -> impl Iterator<Item = Outgoing> {
        let ever_used = self.ever_used.load(Ordering::Acquire);
        self.slots[..ever_used].iter().filter(|slot| slot.in_use.load(Ordering::Acquire)).map(Slot::read)
    }

    /// The longest that a broker asked the client to wait since the last call, in milliseconds; 0 where none did.
    pub(crate) fn take_throttled_ms(&mut self) -> u64 {
        std::mem::take(&mut self.throttled_ms)
    }

    /// The last error that the client reported apart from deliveries, such as brokers that cannot be reached.
    #[must_use]
    pub(crate) fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Why the client stopped for good, if it did.
    #[must_use]
    pub(crate) fn fatal(&self) -> Option<&str> {
        self.fatal.as_deref()
    }
}
