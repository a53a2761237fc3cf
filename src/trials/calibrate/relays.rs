//! The relays' threads: each reads one topic, asks what becomes of each record, and writes to another.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::refused;
use crate::calibrate::{Books, FAULTS, Load, Record, Relay, input, output};
use crate::clock::Clock;
use crate::event::Partition;
use crate::kafka::{
    ClientSettings, Deliveries, Outcome, Outgoing, PartitionRange, Sink, SinkOptions, Source, SourceEvent, Target,
    Written,
};
use crate::profile::{Delivery, Isolation};
use crate::stop::StopFlag;
use crate::trials::TrialError;

/// How many records a relay has in flight at most.
const IN_FLIGHT: usize = 10_000;
/// How long a relay waits for the next record.
const TICK: Duration = Duration::from_millis(2);
/// How long a relay may take to write what it still has when the run is over.
const LEFT_TO_WRITE: Duration = Duration::from_secs(30);
/// How long a request may take.
const ONE_REQUEST: Duration = Duration::from_secs(10);

/// All relays of a run, one for each fault.
pub(super) struct Relays {
    stop: StopFlag,
    threads: Vec<JoinHandle<Result<Books, String>>>,
}

impl Relays {
    /// Starts them. When this returns, each has a place from which it reads: what comes later, it sees.
    ///
    /// # Errors
    /// Topics that cannot be read or written.
    pub(super) fn start(target: &Target, settings: &ClientSettings, load: Load, seed: u64) -> Result<Self, TrialError> {
        let stop = StopFlag::default();
        let mut threads = Vec::new();
        for (place, fault) in FAULTS.iter().enumerate() {
            let (topic, partitions) = (input(fault.name), u32::from(load.partitions));
            let ranges = target.ranges(&topic, partitions, Isolation::ReadUncommitted, ONE_REQUEST).map_err(refused)?;
            let ends: Vec<(i32, i64)> =
                ranges.iter().map(|PartitionRange { partition, end, .. }| (*partition, *end)).collect();
            let ways = Ways::open(settings, &topic, &output(fault.name), &ends).map_err(refused)?;
            let relay = Relay::new(fault.what, load, seed.wrapping_mul(FAULTS.len() as u64).wrapping_add(place as u64));
            let (stop, name) = (stop.clone(), fault.name);
            let thread = thread::Builder::new().name(format!("relay-{name}"));
            threads.push(
                thread.spawn(move || ways.relay(relay, &stop).map_err(|why| format!("the relay {name}: {why}")))?,
            );
        }
        Ok(Relays { stop, threads })
    }

    /// Ends them, and gives their books, in the order of the faults.
    ///
    /// # Errors
    /// A relay that could not forward what it should have: nothing can be said then.
    pub(super) fn stop(self) -> Result<Vec<Books>, TrialError> {
        self.stop.set();
        let ended = |thread: JoinHandle<Result<Books, String>>| {
            let died = |_| Err("a relay ended before its time".to_owned());
            thread.join().unwrap_or_else(died).map_err(refused)
        };
        self.threads.into_iter().map(ended).collect()
    }
}

/// A relay's two clients.
struct Ways {
    source: Source,
    sink: Sink,
    deliveries: Deliveries,
    clock: Clock,
    sent: u64,
}

impl Ways {
    fn open(
        settings: &ClientSettings,
        from: &str,
        to: &str,
        ends: &[(i32, i64)],
    ) -> Result<Self, crate::kafka::KafkaError> {
        // One request at a time keeps the order, and without retries nothing is written twice. Idempotence would do both, but while a partition's
        // requests wait for their answers, librdkafka's thread asks for work without a pause: eleven of them leave a small machine's broker no time.
        let mut producer = settings.producer(Delivery::AtLeastOnce, IN_FLIGHT, None);
        for (key, value) in [("max.in.flight.requests.per.connection", "1"), ("retries", "0")] {
            producer.insert(key.to_owned(), value.to_owned());
        }
        let options = SinkOptions {
            topic: to.to_owned(),
            settings: producer,
            capacity: IN_FLIGHT,
            transactional: false,
            one_by_one: false,
        };
        let (sink, deliveries) = Sink::open(&options, ONE_REQUEST)?;
        let source = Source::open(&settings.consumer("floodmark-calibrate", Isolation::ReadUncommitted), from, ends)?;
        Ok(Ways { source, sink, deliveries, clock: Clock::anchored_now(), sent: 0 })
    }

    /// Until it is to stop and nothing waits any more.
    fn relay(mut self, mut relay: Relay, stop: &StopFlag) -> Result<Books, String> {
        while !stop.is_set() {
            self.take(&mut relay)?;
            self.forward(&mut relay, Duration::ZERO)?;
        }
        let deadline = Instant::now() + LEFT_TO_WRITE;
        while !relay.is_empty() || self.sink.in_flight() > 0 {
            if Instant::now() > deadline {
                return Err(format!("{} records were not acknowledged in time", self.sink.in_flight()));
            }
            self.forward(&mut relay, TICK)?;
        }
        Ok(relay.into_books())
    }

    fn take(&mut self, relay: &mut Relay) -> Result<(), String> {
        let mut failed = None;
        self.source.poll(TICK, &self.clock, |event| match event {
            SourceEvent::Record { record, consumed_ns, .. } => {
                let (partition, key) = (record.partition(), record.key().map(<[u8]>::to_vec));
                let payload = record.payload().unwrap_or_default().to_vec();
                relay.take(Record { partition, key, payload }, consumed_ns);
            }
            SourceEvent::Error { reason, fatal: true } => failed = Some(reason),
            // The client recovers from the others by itself.
            SourceEvent::Error { .. } | SourceEvent::Unread { .. } | SourceEvent::End { .. } => {}
        });
        failed.map_or(Ok(()), Err)
    }

    /// Writes what is due, and waits so long for what becomes of records.
    fn forward(&mut self, relay: &mut Relay, wait: Duration) -> Result<(), String> {
        let mut failed = None;
        for record in relay.ready(self.clock.now_ns()) {
            while self.sink.room() == 0 && failed.is_none() {
                failed = self.hear(TICK);
            }
            self.stage(&record);
        }
        self.sink.hand_over(|_, why| failed = Some(format!("the client did not take a record: {why:?}")));
        failed.or_else(|| self.hear(wait)).map_or(Ok(()), Err)
    }

    fn stage(&mut self, record: &Record) {
        self.sent += 1;
        let outgoing = Outgoing {
            producer: 0,
            sequence: self.sent,
            attempt: 0,
            partition: Partition::new(record.partition as u16),
            warmup: false,
            phase: None,
            sent_ns: self.clock.now_ns(),
        };
        self.sink.add(outgoing, |arena| {
            let mut append = |bytes: &[u8]| {
                let start = arena.len();
                arena.extend_from_slice(bytes);
                start..arena.len()
            };
            let key = record.key.as_deref().map(&mut append);
            Written { key, payload: Some(append(&record.payload)), ..Written::default() }
        });
    }

    /// What became of records; why one was not written.
    fn hear(&mut self, timeout: Duration) -> Option<String> {
        let mut failed = None;
        self.deliveries.poll(timeout, |delivery| match delivery.outcome {
            Outcome::Acked { .. } => {}
            Outcome::Failed(code) | Outcome::Unresolved(code) => {
                failed = Some(format!("a record was not written: {code}"))
            }
        });
        self.sink.take_back();
        failed.or_else(|| self.deliveries.fatal().map(str::to_owned))
    }
}
