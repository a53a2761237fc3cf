//! A quota on what a client sends, as Kafka applies it: over eleven samples of a second, and by waiting after the answer.
//!
//! By Kafka 4.3's `SampledStat`, `Rate` and `QuotaUtils`: the rate is what the samples hold over the time since the oldest began, at least ten
//! seconds; above the quota the client waits for as long as the rate needs to fall to it.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU64;
use std::sync::Mutex;
use std::time::Duration;

use super::locks::lock;

/// Kafka's `quota.window.size.seconds`.
const SAMPLE: Duration = Duration::from_secs(1);
/// Kafka's `quota.window.num`.
const SAMPLES: u32 = 11;

/// What each client sent lately, by its id.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    clients: Mutex<HashMap<String, Window>>,
}

/// The latest samples of one client: when each began, and what it holds.
#[derive(Debug, Default)]
struct Window {
    samples: VecDeque<(Duration, u64)>,
}

impl Quotas {
    /// Counts a request, and says for how long its client waits after the answer. `now` is the time since the broker's start.
    pub(super) fn count(&self, client: &str, bytes: u64, quota: NonZeroU64, now: Duration) -> Duration {
        let mut clients = lock(&self.clients);
        if !clients.contains_key(client) {
            clients.insert(client.to_owned(), Window::default());
        }
        let Some(window) = clients.get_mut(client) else { return Duration::ZERO };
        window.count(bytes, now);
        window.wait(quota, now)
    }
}

impl Window {
    fn count(&mut self, bytes: u64, now: Duration) {
        while self.samples.front().is_some_and(|(begun, _)| now.saturating_sub(*begun) >= SAMPLE * SAMPLES) {
            self.samples.pop_front();
        }
        match self.samples.back_mut().filter(|(begun, _)| now.saturating_sub(*begun) < SAMPLE) {
            Some((_, held)) => *held = held.saturating_add(bytes),
            None => self.samples.push_back((now, bytes)),
        }
    }

    fn wait(&self, quota: NonZeroU64, now: Duration) -> Duration {
        let Some((oldest, _)) = self.samples.front() else { return Duration::ZERO };
        let held: u64 = self.samples.iter().map(|(_, held)| held).sum();
        let elapsed_s = now.saturating_sub(*oldest).max(SAMPLE * (SAMPLES - 1)).as_secs_f64();
        let (rate, quota) = (held as f64 / elapsed_s, quota.get() as f64);
        Duration::from_secs_f64(((rate - quota) / quota * elapsed_s).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_in_the_long_run_is_the_quota() {
        for (quota, request) in [(10_000, 500), (1_000_000, 16_000), (5_000, 20_000)] {
            let (quotas, quota) = (Quotas::default(), NonZeroU64::new(quota).unwrap());
            let (mut now, mut sent) = (Duration::ZERO, 0);
            while now < Duration::from_secs(3_000) {
                now += quotas.count("client", request, quota, now).max(Duration::from_millis(1));
                sent += request;
            }
            let share = sent as f64 / now.as_secs_f64() / quota.get() as f64;
            assert!((0.9..1.1).contains(&share), "{quota}: {share}");
        }
    }

    #[test]
    fn ten_seconds_of_it_may_be_sent_at_once() {
        let (quotas, quota) = (Quotas::default(), NonZeroU64::new(1_000).unwrap());
        assert_eq!(quotas.count("one", 10_000, quota, Duration::ZERO), Duration::ZERO);
        assert_eq!(quotas.count("one", 500, quota, Duration::from_millis(10)), Duration::from_millis(500));
        // Another client has its own.
        assert_eq!(quotas.count("other", 10_000, quota, Duration::from_millis(10)), Duration::ZERO);
    }
}
