//! How well the records of a topic show when they were appended.

/// An event later than this in its partition shows whether its timestamp is its event time, or the time of sending.
const LATE_MS: i64 = 1000;

/// What the timestamps of a topic's records are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AppendTimes {
    /// Records that the broker stamped when it appended them.
    pub by_broker: u64,
    /// Records that their producer stamped.
    pub by_producer: u64,
    /// Records without a timestamp.
    pub unstamped: u64,
    /// Producers' timestamps that go back within their partition: those records were really appended later.
    pub backward: u64,
    /// By how much at most, in milliseconds.
    pub most_back_ms: i64,
    /// Events that are late in their partition.
    late: u64,
    /// Those of them whose producer's timestamp is their event time: it does not show when they were sent.
    late_as_stamped: u64,
    /// By partition, the latest timestamp and event time before.
    partitions: Vec<(Option<i64>, Option<i64>)>,
}

/// Whether a topic shows when its records were appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AppendClaim {
    /// The broker stamped them.
    Exact,
    /// Producers did: an estimate.
    Estimate,
    /// Some carry no timestamp.
    Unstamped,
    /// The timestamps are the event times, even of late events: nothing shows when those arrived.
    EventTimes,
}

impl AppendTimes {
    /// Takes in the next record of a partition: its timestamp and whether that is the broker's, and its event time.
    pub(crate) fn see(&mut self, partition: usize, stamp: Option<(i64, bool)>, event_time_ms: Option<i64>) {
        if partition >= self.partitions.len() {
            self.partitions.resize(partition + 1, (None, None));
        }
        let (last_ms, max_ms) = &mut self.partitions[partition];
        match stamp {
            None => self.unstamped += 1,
            Some((_, true)) => self.by_broker += 1,
            Some((stamp_ms, false)) => {
                self.by_producer += 1;
                if let Some(back_ms) = last_ms.map(|last_ms| last_ms.saturating_sub(stamp_ms)).filter(|back| *back > 0)
                {
                    self.backward += 1;
                    self.most_back_ms = self.most_back_ms.max(back_ms);
                }
                *last_ms = (*last_ms).max(Some(stamp_ms));
                let is_late = |time_ms: i64| max_ms.is_some_and(|max_ms| max_ms.saturating_sub(time_ms) > LATE_MS);
                if let Some(time_ms) = event_time_ms.filter(|time_ms| is_late(*time_ms)) {
                    self.late += 1;
                    self.late_as_stamped += u64::from(time_ms == stamp_ms);
                }
            }
        }
        *max_ms = (*max_ms).max(event_time_ms);
    }

    /// Whether the topic shows when its records were appended.
    #[must_use]
    pub(crate) fn claim(&self) -> AppendClaim {
        match () {
            () if self.unstamped > 0 => AppendClaim::Unstamped,
            () if self.by_producer == 0 => AppendClaim::Exact,
            () if self.late > 0 && self.late_as_stamped * 2 >= self.late => AppendClaim::EventTimes,
            () => AppendClaim::Estimate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(records: &[(i64, bool, i64)]) -> AppendTimes {
        let mut times = AppendTimes::default();
        records.iter().for_each(|(stamp, by_broker, time)| times.see(0, Some((*stamp, *by_broker)), Some(*time)));
        times
    }

    #[test]
    fn the_brokers_word_is_exact_and_a_producers_an_estimate() {
        assert_eq!(seen(&[(5, true, 9000), (6, true, 1)]).claim(), AppendClaim::Exact);
        let times = seen(&[(5000, false, 5000), (7000, false, 100), (6500, false, 6500)]);
        assert_eq!((times.claim(), times.backward, times.most_back_ms), (AppendClaim::Estimate, 1, 500));
    }

    #[test]
    fn timestamps_that_are_the_event_times_of_late_events_tell_nothing() {
        assert_eq!(seen(&[(9000, false, 9000), (1000, false, 1000)]).claim(), AppendClaim::EventTimes);
        let in_order = seen(&[(1000, false, 1000), (1990, false, 1990), (1900, false, 1900)]);
        assert_eq!(in_order.claim(), AppendClaim::Estimate, "within a second they may well be both");
    }

    #[test]
    fn one_record_without_a_timestamp_is_one_too_many() {
        let mut times = seen(&[(5, true, 5)]);
        times.see(3, None, Some(5));
        assert_eq!((times.claim(), times.unstamped), (AppendClaim::Unstamped, 1));
    }
}
