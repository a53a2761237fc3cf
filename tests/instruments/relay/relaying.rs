//! A relay between two topics that misbehaves on purpose and logs it: used to test a checker of pipelines.
//!
//! It knows Kafka's client and the layout of floodmark's ids (documented in `event/identity.rs`), but uses none of floodmark's code.

use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::{Value, json};

/// How long delayed events are held, in milliseconds: each equally often.
pub(crate) const DELAYS_MS: [u64; 3] = [100, 250, 500];
/// The quantiles in the totals; those above 0.96 are among the delayed events if 4 % are delayed.
pub(crate) const QUANTILES: [f64; 7] = [0.5, 0.9, 0.95, 0.97, 0.98, 0.995, 1.0];

/// The settings of a relay.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) brokers: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) partitions: i32,
    pub(crate) seed: u64,
    /// Shares of the events, 0 to 1.
    pub(crate) lose: f64,
    pub(crate) duplicate: f64,
    pub(crate) delay: f64,
    pub(crate) reorder: f64,
    /// How long after the first a copy follows, in milliseconds.
    pub(crate) copy_after_ms: u64,
    /// By how many milliseconds all events are delayed: those of one partition, or of all of them.
    pub(crate) slow: Option<(Option<i32>, u64)>,
    /// The most events that it takes in a second; without it, as many as it can.
    pub(crate) capacity_per_s: Option<f64>,
    /// When it takes nothing, counted from its first event.
    pub(crate) out: Option<Range<Duration>>,
    /// When it forwards nothing to a partition.
    pub(crate) stalls: Vec<Stall>,
    /// It ends after this long without events, once there was one.
    pub(crate) quiet: Duration,
    pub(crate) log: PathBuf,
}

/// A partition to which nothing is forwarded for a while, counted from the relay's first event. What came for it follows later, in order.
#[derive(Debug, Clone)]
pub(crate) struct Stall {
    pub(crate) partition: i32,
    pub(crate) lasts: Range<Duration>,
}

/// Identifies an event: producer, partition that it was sent to, number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Lane {
    producer: u16,
    partition: u16,
}

#[derive(Debug, Clone)]
struct Event {
    id: String,
    lane: Lane,
    sequence: u64,
    due_us: u64,
    received_us: u64,
    partition: i32,
    key: Option<Vec<u8>>,
    payload: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Pass,
    Lose,
    Duplicate,
    Delay(u64),
    HoldBack,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Action::Pass => "pass",
            Action::Lose => "lose",
            Action::Duplicate => "duplicate",
            Action::Delay(_) => "delay",
            Action::HoldBack => "hold_back",
        }
    }
}

/// An event that waits for its time; the heap's greatest is the next one.
struct Waiting {
    at: Instant,
    number: u64,
    event: Event,
    word: &'static str,
    delay_ms: u64,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// Receives when a record was written: its number, and the time.
#[derive(Default)]
struct Written {
    at_us: Mutex<Vec<(usize, u64)>>,
    errors: Mutex<u64>,
}

impl ClientContext for Written {}
impl ProducerContext for Written {
    type DeliveryOpaque = usize;
    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        match result {
            Ok(_) => self.at_us.lock().unwrap().push((number, now_us())),
            Err(_) => *self.errors.lock().unwrap() += 1,
        }
    }
}

/// Creates the two topics if they are missing.
pub(crate) fn create_topics(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let admin: AdminClient<DefaultClientContext> = client(settings).create()?;
    let topics = [&settings.from, &settings.to]
        .map(|topic| NewTopic::new(topic, settings.partitions, TopicReplication::Fixed(1)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for result in runtime.block_on(admin.create_topics(&topics, &AdminOptions::new()))? {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(format!("cannot create topic {topic}: {code}").into()),
        }
    }
    Ok(())
}

fn client(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers).set("client.id", "relay");
    config
}

/// Relays until `stop` is set or no more events come. Returns the totals, as JSON; the log has the same, event by event.
pub(crate) fn relay(settings: &Settings, stop: &AtomicBool) -> Result<Value, Box<dyn Error>> {
    let consumer: BaseConsumer = client(settings)
        .set("group.id", "relay")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "50")
        .create()?;
    let mut from = TopicPartitionList::new();
    for partition in 0..settings.partitions {
        from.add_partition_offset(&settings.from, partition, Offset::Beginning)?;
    }
    consumer.assign(&from)?;
    let mut relay = Relay::new(settings)?;
    let mut last_news: Option<Instant> = None;
    let mut strength = Strength::new(settings);
    while !stop.load(Ordering::Relaxed) && last_news.is_none_or(|last| last.elapsed() < settings.quiet) {
        let taken = if strength.rests() { None } else { consumer.poll(relay.patience()) };
        match taken {
            // Resting is no silence.
            None if strength.rests() => last_news = last_news.map(|_| Instant::now()),
            None => {}
            Some(Ok(message)) => {
                last_news = Some(Instant::now());
                strength.take();
                relay.take(&message)?;
            }
            // The client recovers by itself from most errors; an event that it misses would count as lost for everyone else.
            Some(Err(error)) => eprintln!("relay: {error}"),
        }
        relay.release_stalled(false)?;
        relay.release(false)?;
        relay.producer.poll(if strength.rests() { Duration::from_millis(1) } else { Duration::ZERO });
    }
    relay.finish()
}

/// How many events it may take, and when it takes none.
struct Strength {
    capacity_per_s: Option<f64>,
    out: Option<Range<Duration>>,
    first: Option<Instant>,
    /// Events that it may take by now; of a pause no more than 10 ms are caught up with.
    may_take: f64,
    at: Instant,
}

impl Strength {
    fn new(settings: &Settings) -> Self {
        let Settings { capacity_per_s, out, .. } = settings.clone();
        Strength { capacity_per_s, out, first: None, may_take: 1.0, at: Instant::now() }
    }

    fn take(&mut self) {
        self.first.get_or_insert_with(Instant::now);
        self.may_take -= 1.0;
    }

    fn rests(&mut self) -> bool {
        let now = Instant::now();
        let since_s = now.duration_since(std::mem::replace(&mut self.at, now)).as_secs_f64();
        if let Some(capacity_per_s) = self.capacity_per_s {
            self.may_take = (self.may_take + since_s * capacity_per_s).min((capacity_per_s / 100.0).max(1.0));
        }
        let is_out = |first: Instant| self.out.as_ref().is_some_and(|out| out.contains(&now.duration_since(first)));
        self.first.is_some_and(is_out) || (self.capacity_per_s.is_some() && self.may_take < 1.0)
    }
}

struct Relay<'a> {
    settings: &'a Settings,
    producer: BaseProducer<Written>,
    log: BufWriter<File>,
    random: Xoshiro256PlusPlus,
    waiting: BinaryHeap<Waiting>,
    held_back: HashMap<i32, Event>,
    first: Option<Instant>,
    /// What waits for the end of its partition's stall.
    stalled: VecDeque<Event>,
    number: u64,
    books: Books,
}

/// What a reader of the second topic will see, in that order.
#[derive(Default)]
struct Books {
    taken: HashSet<String>,
    given: HashSet<String>,
    highest: HashMap<Lane, u64>,
    actions: BTreeMap<&'static str, u64>,
    sends: u64,
    reordered: u64,
    /// For first deliveries, in microseconds, with the number of the send.
    due_to_received: Vec<u64>,
    due_to_forwarded: Vec<u64>,
    due_us_of_send: HashMap<usize, u64>,
    /// What the relay itself added to every delay.
    own: Vec<u64>,
}

impl<'a> Relay<'a> {
    fn new(settings: &'a Settings) -> Result<Self, Box<dyn Error>> {
        let mut config = client(settings);
        // Idempotence keeps the order within each partition, and adds no copies.
        config.set("enable.idempotence", "true").set("linger.ms", "0");
        let mut log = BufWriter::new(File::create(&settings.log)?);
        writeln!(log, "id,action,delay_ms,due_us,received_us,forwarded_us")?;
        Ok(Relay {
            settings,
            producer: BaseProducer::from_config_and_context(&config, Written::default())?,
            log,
            random: Xoshiro256PlusPlus::seed_from_u64(settings.seed),
            waiting: BinaryHeap::new(),
            held_back: HashMap::new(),
            first: None,
            stalled: VecDeque::new(),
            number: 0,
            books: Books::default(),
        })
    }

    /// How long to wait for the next event.
    fn patience(&self) -> Duration {
        let next =
            self.waiting.peek().map_or(Duration::MAX, |waiting| waiting.at.saturating_duration_since(Instant::now()));
        next.min(Duration::from_millis(1))
    }

    fn take(&mut self, message: &impl Message) -> Result<(), Box<dyn Error>> {
        let event = read(message)?;
        if self.books.taken.insert(event.id.clone()) {
            self.books.due_to_received.push(event.received_us.saturating_sub(event.due_us));
        }
        self.first.get_or_insert_with(Instant::now);
        if self.is_stalled(event.partition) {
            self.stalled.push_back(event);
            return Ok(());
        }
        self.release_stalled(false)?;
        let action = self.draw(event.partition);
        *self.books.actions.entry(action.name()).or_default() += 1;
        let partition = event.partition;
        match action {
            Action::Lose => self.write_log(&event, action.name(), 0, None)?,
            Action::HoldBack => {
                self.held_back.insert(partition, event);
                return Ok(());
            }
            Action::Delay(delay_ms) => {
                self.hold(event, action.name(), delay_ms);
                return Ok(());
            }
            Action::Duplicate => {
                self.forward(&event, action.name(), 0)?;
                self.hold(event, "copy", self.settings.copy_after_ms);
            }
            Action::Pass => self.forward(&event, action.name(), 0)?,
        }
        if action != Action::Lose
            && let Some(held_back) = self.held_back.remove(&partition)
        {
            self.forward(&held_back, Action::HoldBack.name(), 0)?;
        }
        Ok(())
    }

    fn is_stalled(&self, partition: i32) -> bool {
        let since = self.first.map_or(Duration::ZERO, |first| first.elapsed());
        self.settings.stalls.iter().any(|stall| stall.partition == partition && stall.lasts.contains(&since))
    }

    /// Forwards what waited for the end of a stall; with `all`, everything.
    fn release_stalled(&mut self, all: bool) -> Result<(), Box<dyn Error>> {
        for event in std::mem::take(&mut self.stalled) {
            if !all && self.is_stalled(event.partition) {
                self.stalled.push_back(event);
            } else {
                self.forward(&event, "stall", 0)?;
            }
        }
        Ok(())
    }

    fn draw(&mut self, partition: i32) -> Action {
        let Settings { lose, duplicate, delay, reorder, .. } = *self.settings;
        let (drawn, which) = (self.random.random::<f64>(), self.random.random_range(0..DELAYS_MS.len()));
        if let Some((_, delay_ms)) = self.settings.slow.filter(|(slow, _)| slow.is_none_or(|slow| slow == partition)) {
            Action::Delay(delay_ms)
        } else if drawn < lose {
            Action::Lose
        } else if drawn < lose + duplicate {
            Action::Duplicate
        } else if drawn < lose + duplicate + delay {
            Action::Delay(DELAYS_MS[which])
        } else if drawn < lose + duplicate + delay + reorder && !self.held_back.contains_key(&partition) {
            Action::HoldBack
        } else {
            Action::Pass
        }
    }

    fn hold(&mut self, event: Event, word: &'static str, delay_ms: u64) {
        self.number += 1;
        let at = Instant::now() + Duration::from_millis(delay_ms);
        self.waiting.push(Waiting { at, number: self.number, event, word, delay_ms });
    }

    /// Forwards events that have waited long enough; with `all`, waits for the rest.
    fn release(&mut self, all: bool) -> Result<(), Box<dyn Error>> {
        while let Some(next) = self.waiting.peek() {
            let left = next.at.saturating_duration_since(Instant::now());
            if !left.is_zero() && !all {
                return Ok(());
            }
            self.producer.poll(left);
            if left.is_zero()
                && let Some(Waiting { event, word, delay_ms, .. }) = self.waiting.pop()
            {
                self.forward(&event, word, delay_ms)?;
            }
        }
        Ok(())
    }

    fn forward(&mut self, event: &Event, word: &'static str, delay_ms: u64) -> Result<(), Box<dyn Error>> {
        let number = self.books.sends as usize;
        let mut record =
            BaseRecord::with_opaque_to(&self.settings.to, number).partition(event.partition).payload(&event.payload);
        record.key = event.key.as_deref();
        let forwarded_us = now_us();
        while let Err((error, returned)) = self.producer.send(record) {
            if error != KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            self.producer.poll(Duration::from_millis(1));
            record = returned;
        }
        self.write_log(event, word, delay_ms, Some(forwarded_us))?;
        self.books.enter(number, event, delay_ms, forwarded_us);
        Ok(())
    }

    fn write_log(
        &mut self,
        event: &Event,
        word: &str,
        delay_ms: u64,
        forwarded_us: Option<u64>,
    ) -> std::io::Result<()> {
        let forwarded = forwarded_us.map(|us| us.to_string()).unwrap_or_default();
        writeln!(self.log, "{},{word},{delay_ms},{},{},{forwarded}", event.id, event.due_us, event.received_us)
    }

    fn finish(mut self) -> Result<Value, Box<dyn Error>> {
        self.release_stalled(true)?;
        self.release(true)?;
        for held_back in std::mem::take(&mut self.held_back).into_values() {
            self.forward(&held_back, Action::HoldBack.name(), 0)?;
        }
        self.producer.flush(Duration::from_secs(30))?;
        self.log.flush()?;
        let written = self.producer.context();
        let at_us = std::mem::take(&mut *written.at_us.lock().unwrap());
        let errors = *written.errors.lock().unwrap();
        Ok(self.books.totals(&at_us, errors))
    }
}

impl Books {
    fn enter(&mut self, number: usize, event: &Event, delay_ms: u64, forwarded_us: u64) {
        self.sends += 1;
        if !self.given.insert(event.id.clone()) {
            return;
        }
        let highest = self.highest.entry(event.lane).or_default();
        self.reordered += u64::from(event.sequence < *highest);
        *highest = event.sequence.max(*highest);
        self.due_to_forwarded.push(forwarded_us.saturating_sub(event.due_us));
        self.due_us_of_send.insert(number, event.due_us);
        self.own.push((forwarded_us - event.received_us).saturating_sub(delay_ms * 1000));
    }

    fn totals(self, written_us: &[(usize, u64)], write_errors: u64) -> Value {
        let delivered = self.given.len() as u64;
        let first = |(number, at_us): &(usize, u64)| Some(at_us.saturating_sub(*self.due_us_of_send.get(number)?));
        json!({
            "taken": self.taken.len(),
            "delivered": delivered,
            "lost": self.taken.len() as u64 - delivered,
            "duplicates": self.sends - delivered,
            "reordered": self.reordered,
            "write_errors": write_errors,
            "actions": self.actions,
            "ms": {
                "due_to_received": quantiles(self.due_to_received),
                "due_to_forwarded": quantiles(self.due_to_forwarded),
                "due_to_written": quantiles(written_us.iter().filter_map(first).collect()),
                "own": quantiles(self.own),
            },
        })
    }
}

/// By quantile, in milliseconds: the smallest value that this share does not exceed.
fn quantiles(mut us: Vec<u64>) -> Value {
    us.sort_unstable();
    let at = |quantile: f64| {
        let rank = (quantile * us.len() as f64).ceil().max(1.0) as usize;
        us.get(rank - 1).map(|us| *us as f64 / 1000.0)
    };
    QUANTILES
        .iter()
        .map(|quantile| (quantile.to_string(), json!(at(*quantile))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn read(message: &impl Message) -> Result<Event, Box<dyn Error>> {
    let received_us = now_us();
    let payload = message.payload().ok_or("an event without a payload")?;
    let value: Value = serde_json::from_slice(payload)?;
    let id = value["id"].as_str().ok_or("an event without an id")?.to_owned();
    let (high, low) = id.parse::<uuid::Uuid>()?.as_u64_pair();
    Ok(Event {
        id,
        lane: Lane { producer: (high & 0xFFF) as u16, partition: (low >> 42 & 0x3FFF) as u16 },
        sequence: low & ((1 << 42) - 1),
        due_us: value["due"].as_u64().ok_or("an event without a due time")?,
        received_us,
        partition: message.partition(),
        key: message.key().map(<[u8]>::to_vec),
        payload: payload.to_vec(),
    })
}

fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
