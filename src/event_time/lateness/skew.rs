//! How wrong each producer's clock is, as its events show it, beside what the profile injected.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::median::median;
use crate::mergeable::Merge;

/// How many events of a producer are kept for the estimate. The median of 512 is, with
/// 95 % probability, between the true quantiles 0.457 and 0.543.
const SAMPLE: usize = 512;
/// How many slices of the observed time are compared.
const SLICES: usize = 8;
/// Pairs closer than this share of the observed time tell nothing about drift, and
/// pairs further apart than the second may have a step between them.
const PAIR_APART: (f64, f64) = (1.0 / 16.0, 0.25);

/// One event, as its producer's clock saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    /// When it was due (or sent), in microseconds since 1970.
    at_us: i64,
    /// Event time minus that.
    offset_us: i64,
}

/// One producer's offsets: event time minus due (or sent). A sample of 512 events, and the extremes of all.
///
/// The sample is the events whose sequence numbers have the lowest hashes (bottom-k sampling; E. Cohen and H. Kaplan, "Summarizing data
/// using bottom-k sketches", PODC 2007). It is uniform, does not depend on the order of reading, and merged parts have the sample of the
/// whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProducerOffsets {
    /// How many events were recorded?
    pub events: u64,
    /// The smallest and the largest offset, in microseconds, including late and absurd events.
    pub extremes_us: Option<(i64, i64)>,
    /// By hash of the sequence number. The hash is one to one, so no two events share it.
    sample: BTreeMap<u64, Reading>,
}

/// The offsets of every producer. Parts merge, however the events are spread over them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offsets {
    /// By logical producer.
    pub producers: BTreeMap<u16, ProducerOffsets>,
}

/// A producer's clock, as estimated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProducerSkew {
    /// The logical producer.
    pub producer: u16,
    /// How many events were seen.
    pub events: u64,
    /// The median of event time minus due, in milliseconds: the clock's offset, unless half of the events are late.
    pub median_ms: f64,
    /// The smallest offset.
    pub min_ms: f64,
    /// The largest offset.
    pub max_ms: f64,
    /// The lowest and the highest of the medians of eight equal slices of the events: they differ when the clock drifts or steps.
    pub lowest_slice_ms: f64,
    /// See `lowest_slice_ms`.
    pub highest_slice_ms: f64,
    /// Parts per million that the clock gains: the median slope of pairs of events that are 1/16 to 1/4 of the observed time apart (H.
    /// Theil 1950, P. K. Sen 1968; the upper limit excludes a step). Absent when the events cannot tell.
    pub drift_ppm: Option<f64>,
    /// The offset that the profile injected, the median over the same events. Absent when it is unknown.
    pub injected_ms: Option<f64>,
    /// The median, over the events, of the observed offset minus the injected one. Far from 0: something else moves the event times.
    pub unexplained_ms: Option<f64>,
}

impl Offsets {
    /// Records an event's first sighting: its event time in milliseconds, and when it was due (or sent) in microseconds, since 1970.
    pub fn observe(&mut self, producer: u16, sequence: u64, event_time_ms: i64, at_us: u64) {
        let at_us = i64::try_from(at_us).unwrap_or(i64::MAX);
        let offset_us = event_time_ms.saturating_mul(1000).saturating_sub(at_us);
        self.producers.entry(producer).or_default().observe(sequence, Reading { at_us, offset_us });
    }

    /// Every producer's clock. `injected_us` returns what the profile injected: the clock's error in microseconds for a producer and the
    /// moment when an event was due, in microseconds since 1970.
    #[must_use]
    pub fn estimate(&self, injected_us: impl Fn(u16, i64) -> Option<i64>) -> Vec<ProducerSkew> {
        let producers = self.producers.iter();
        producers
            .filter_map(|(&producer, offsets)| offsets.estimate(producer, |at| injected_us(producer, at)))
            .collect()
    }
}

impl ProducerOffsets {
    fn observe(&mut self, sequence: u64, reading: Reading) {
        self.events += 1;
        let offset_us = reading.offset_us;
        self.extremes_us = Some(match self.extremes_us {
            None => (offset_us, offset_us),
            Some((min, max)) => (min.min(offset_us), max.max(offset_us)),
        });
        let hash = mixed(sequence);
        let is_full = self.sample.len() >= SAMPLE;
        if is_full && self.sample.last_key_value().is_some_and(|(&highest, _)| hash >= highest) {
            return;
        }
        self.sample.insert(hash, reading);
        self.keep_lowest();
    }

    fn keep_lowest(&mut self) {
        while self.sample.len() > SAMPLE {
            self.sample.pop_last();
        }
    }

    fn estimate(&self, producer: u16, injected_us: impl Fn(i64) -> Option<i64>) -> Option<ProducerSkew> {
        let (min_us, max_us) = self.extremes_us?;
        let mut readings: Vec<Reading> = self.sample.values().copied().collect();
        readings.sort_unstable_by_key(|reading| (reading.at_us, reading.offset_us));
        let median_us =
            |readings: &[Reading]| median(readings.iter().map(|reading| reading.offset_us as f64).collect());
        let slices: Vec<f64> = readings.chunks(readings.len().div_ceil(SLICES)).filter_map(median_us).collect();
        let truths: Option<Vec<i64>> = readings.iter().map(|reading| injected_us(reading.at_us)).collect();
        let unexplained = truths.as_ref().map(|truths| {
            readings
                .iter()
                .zip(truths)
                .map(|(reading, truth)| reading.offset_us.saturating_sub(*truth) as f64)
                .collect::<Vec<_>>()
        });
        let in_ms = |us: f64| us / 1000.0;
        Some(ProducerSkew {
            producer,
            events: self.events,
            median_ms: in_ms(median_us(&readings)?),
            min_ms: in_ms(min_us as f64),
            max_ms: in_ms(max_us as f64),
            lowest_slice_ms: in_ms(slices.iter().copied().fold(f64::INFINITY, f64::min)),
            highest_slice_ms: in_ms(slices.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
            drift_ppm: drift_ppm(&readings),
            injected_ms: truths.and_then(|all| median(all.iter().map(|us| *us as f64).collect())).map(in_ms),
            unexplained_ms: unexplained.and_then(median).map(in_ms),
        })
    }
}

/// The largest difference between the producers' clocks, in milliseconds: the highest
/// slice's median of any minus the lowest of any. `None` without producers.
#[must_use]
pub(crate) fn max_skew_ms(producers: &[ProducerSkew]) -> Option<u64> {
    let highest = producers.iter().map(|skew| skew.highest_slice_ms).reduce(f64::max)?;
    let lowest = producers.iter().map(|skew| skew.lowest_slice_ms).reduce(f64::min)?;
    Some((highest - lowest).ceil() as u64)
}

/// Slopes in microseconds per second, which is parts per million. `readings` are in order of time.
fn drift_ppm(readings: &[Reading]) -> Option<f64> {
    let span_us = (readings.last()?.at_us - readings.first()?.at_us) as f64;
    let (nearest_us, furthest_us) = (span_us * PAIR_APART.0, span_us * PAIR_APART.1);
    let mut slopes = Vec::new();
    for (at, one) in readings.iter().enumerate() {
        for other in &readings[at + 1..] {
            let apart_us = (other.at_us - one.at_us) as f64;
            if apart_us > furthest_us {
                break;
            }
            if apart_us >= nearest_us && apart_us > 0.0 {
                slopes.push(other.offset_us.saturating_sub(one.offset_us) as f64 / (apart_us / 1e6));
            }
        }
    }
    median(slopes)
}

/// The finisher of SplitMix64 (G. Steele et al., 2014): one to one.
fn mixed(number: u64) -> u64 {
    let one = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let two = (one ^ (one >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    two ^ (two >> 31)
}

impl Merge for ProducerOffsets {
    fn merge(&mut self, other: Self) {
        let ProducerOffsets { events, extremes_us, sample } = other;
        self.events += events;
        self.extremes_us = match (self.extremes_us, extremes_us) {
            (Some((min, max)), Some((other_min, other_max))) => Some((min.min(other_min), max.max(other_max))),
            (one, other) => one.or(other),
        };
        self.sample.extend(sample);
        self.keep_lowest();
    }
}

impl Merge for Offsets {
    fn merge(&mut self, other: Self) {
        let Offsets { producers } = other;
        for (producer, offsets) in producers {
            self.producers.entry(producer).or_default().merge(offsets);
        }
    }
}

#[cfg(test)]
mod tests;
