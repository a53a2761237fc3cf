//! What the broker takes in at most, on purpose: a target whose capacity is known.
//!
//! The broker, and each partition, is a server with one queue: a batch takes as long as its events or bytes need at the ceiling, and is stored
//! and acknowledged when all before it and itself are served (at a partition: when all before it are, so that partitions do not wait for each
//! other on one connection). The queue is kept in numbers, not by waiting: what a timer wakes late is not lost.

use std::num::NonZeroU64;
use std::sync::Mutex;
use std::time::Duration;

use rand::RngExt;

use super::locks::lock;

/// An idle queue catches up with so much of the time in which nothing had come: an answer and the next request take a moment.
const SLACK: Duration = Duration::from_millis(20);

/// What the broker takes in at most. By default everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ceiling {
    /// Events in a second.
    pub events_per_s: Option<NonZeroU64>,
    /// Bytes of batches in a second.
    pub bytes_per_s: Option<NonZeroU64>,
    /// Events in a second, by each partition.
    pub partition_events_per_s: Option<NonZeroU64>,
    /// Bytes of batches in a second, by each partition.
    pub partition_bytes_per_s: Option<NonZeroU64>,
    /// How service times vary.
    pub service: ServiceTimes,
    /// When it takes nothing at all.
    pub pause: Option<Pause>,
    /// Bytes of requests in a second, by each client id, as Kafka's `producer_byte_rate`: what is above it is stored, and then the client waits.
    pub quota_bytes_per_s: Option<NonZeroU64>,
}

/// How the time that an event takes varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ServiceTimes {
    /// Not at all.
    #[default]
    Constant,
    /// Exponentially, around the same mean.
    Exponential,
}

/// The end of each period, in which nothing is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// The period.
    pub every: Duration,
    /// How much of it is a pause; less than all.
    pub lasts: Duration,
}

impl Ceiling {
    fn of_broker(&self) -> Limits {
        Limits { events_per_s: self.events_per_s, bytes_per_s: self.bytes_per_s }
    }

    fn of_partition(&self) -> Limits {
        Limits { events_per_s: self.partition_events_per_s, bytes_per_s: self.partition_bytes_per_s }
    }

    /// When a batch that comes `now` is stored, in time since the broker's start; none for at once.
    pub(super) fn stored_at(&self, broker: &Queue, partition: &Queue, now: Duration, batch: Batch) -> Option<Duration> {
        let whole = self.of_broker().service(self.service, batch);
        let part = self.of_partition().service(self.service, batch);
        let stands_still = self.pause.is_some().then_some(Duration::ZERO);
        let by_broker = whole.or(stands_still).map(|service| broker.take(now, service, self.pause).1);
        let by_partition = part.map(|service| partition.take(now, service, self.pause).0);
        by_broker.max(by_partition).filter(|at| *at > now)
    }
}

/// A batch, as far as it takes time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    pub(super) events: u64,
    pub(super) bytes: u64,
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    events_per_s: Option<NonZeroU64>,
    bytes_per_s: Option<NonZeroU64>,
}

impl Limits {
    /// How long a batch takes: by its events or its bytes, whichever is longer.
    fn service(&self, times: ServiceTimes, batch: Batch) -> Option<Duration> {
        let seconds = |amount: u64, per_s: Option<NonZeroU64>| per_s.map(|per_s| amount as f64 / per_s.get() as f64);
        let by_events = seconds(batch.events, self.events_per_s);
        let by_bytes = seconds(batch.bytes, self.bytes_per_s);
        let mean_s = by_events.into_iter().chain(by_bytes).reduce(f64::max)?;
        let varied = match times {
            ServiceTimes::Constant => 1.0,
            ServiceTimes::Exponential => mean_of_exponentials(batch.events),
        };
        Some(Duration::from_secs_f64(mean_s * varied))
    }
}

/// The mean of `count` service times drawn from an exponential distribution with mean 1.
fn mean_of_exponentials(count: u64) -> f64 {
    let mut random = rand::rng();
    let sum: f64 = (0..count).map(|_| -(1.0 - random.random::<f64>()).ln()).sum();
    sum / count.max(1) as f64
}

/// Who is served after whom.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// When all that came is served.
    free_at: Mutex<Duration>,
}

impl Queue {
    /// Takes a batch in; returns when its service begins and when it ends.
    fn take(&self, now: Duration, service: Duration, pause: Option<Pause>) -> (Duration, Duration) {
        let mut free_at = lock(&self.free_at);
        let begins = (*free_at).max(now.saturating_sub(SLACK));
        let ends = pause.map_or_else(|| begins.saturating_add(service), |pause| pause.ends(begins, service));
        *free_at = ends;
        (begins, ends)
    }
}

impl Pause {
    /// When work of `service` that begins at `begins` is done, pauses left out.
    fn ends(&self, begins: Duration, service: Duration) -> Duration {
        let (every, lasts) = (self.every.as_nanos().max(1), self.lasts.as_nanos());
        let working = every.saturating_sub(lasts).max(1);
        let begins = begins.as_nanos();
        let worked = begins / every * working + (begins % every).min(working) + service.as_nanos();
        let in_pause = begins % every >= working;
        // Work that ends with a period's work ends before its pause; what begins in a pause, after it.
        let (periods, rest) = match (worked / working, worked % working) {
            (periods, 0) if periods > 0 && !in_pause => (periods - 1, working),
            whole => whole,
        };
        Duration::from_nanos(u64::try_from(periods * every + rest).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn per_s(rate: u64) -> Option<NonZeroU64> {
        NonZeroU64::new(rate)
    }

    /// How many events a second are stored when each batch comes as soon as the one before is answered, `late` after that.
    fn throughput(ceiling: &Ceiling, batch: Batch, late: Duration) -> f64 {
        let (broker, partition) = (Queue::default(), Queue::default());
        let mut now = Duration::from_secs(1);
        let mut events = 0;
        while now < Duration::from_secs(601) {
            now = ceiling.stored_at(&broker, &partition, now, batch).unwrap_or(now).max(now) + late;
            events += batch.events;
        }
        events as f64 / (now - Duration::from_secs(1)).as_secs_f64()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_ceiling_is_what_is_stored(rate in 100..20_000_u64, events in 1..200_u64, bytes in 1..2_000_u64, late_us in 0..5_000_u64) {
            let batch = Batch { events, bytes: bytes * events };
            // Whoever waits longer for an answer than the slack allows is not held by the ceiling.
            let late = Duration::from_micros(late_us).min(Duration::from_secs_f64(events as f64 / rate as f64 / 2.0));
            let near = |found: f64, truth: f64| (found / truth - 1.0).abs() < 0.01;
            let by_events = Ceiling { events_per_s: per_s(rate), ..Ceiling::default() };
            prop_assert!(near(throughput(&by_events, batch, late), rate as f64));
            let by_bytes = Ceiling { bytes_per_s: per_s(rate * bytes), ..Ceiling::default() };
            prop_assert!(near(throughput(&by_bytes, batch, late), rate as f64));
            let by_partition = Ceiling { partition_events_per_s: per_s(rate), ..Ceiling::default() };
            prop_assert!(near(throughput(&by_partition, batch, late), rate as f64));
            let pause = Pause { every: Duration::from_secs(2), lasts: Duration::from_millis(500) };
            let paused = Ceiling { pause: Some(pause), ..by_events };
            prop_assert!(near(throughput(&paused, batch, late), rate as f64 * 0.75));
        }

        #[test]
        fn nothing_ends_in_a_pause(begins_ms in 0..20_000_u64, service_ms in 0..10_000_u64, lasts_ms in 1..900_u64) {
            let pause = Pause { every: Duration::from_secs(1), lasts: Duration::from_millis(lasts_ms) };
            let [begins, service] = [begins_ms, service_ms].map(Duration::from_millis);
            let ends = pause.ends(begins, service);
            let in_period = u64::try_from(ends.as_millis()).unwrap() % 1000;
            prop_assert!(in_period <= 1000 - lasts_ms, "{ends:?}");
            // Of the time from beginning to end exactly the service is no pause.
            let worked = (begins_ms..u64::try_from(ends.as_millis()).unwrap()).filter(|ms| ms % 1000 < 1000 - lasts_ms).count();
            prop_assert_eq!(worked as u64, service_ms);
        }
    }

    #[test]
    fn service_times_vary_around_their_mean() {
        let ceiling = Ceiling { events_per_s: per_s(1000), service: ServiceTimes::Exponential, ..Ceiling::default() };
        let found = throughput(&ceiling, Batch { events: 10, bytes: 10 }, Duration::ZERO);
        // 600,000 exponential times: their mean is within 1 % but once in 10^14.
        assert!((found / 1000.0 - 1.0).abs() < 0.01, "{found}");
    }

    #[test]
    fn without_a_ceiling_nothing_waits() {
        let batch = Batch { events: 1_000_000, bytes: 1 << 30 };
        let at = Ceiling::default().stored_at(&Queue::default(), &Queue::default(), Duration::from_secs(5), batch);
        assert_eq!(at, None);
    }
}
