//! The figures of one run: one number for each.

use super::figure::{Figure, Percentile, Place, Subject};
use crate::check::Counts;
use crate::latency::Hop;
use crate::results::summary::{HopLatencies, PhaseSummary, StreamSummary, Summary, Watermark};

/// Every figure of a run, in the order of its summary. What was not measured, or is no number, is absent.
#[must_use]
pub fn figures_of(summary: &Summary) -> Vec<(Subject, f64)> {
    let mut gathered = Gathered { duration_s: summary.run.duration_s, figures: Vec::new() };
    for stream in &summary.streams {
        gathered.stream(stream);
    }
    if let Some(cpu_s) = summary.generator.cpu_s {
        gathered.add(&Place::default(), Figure::Cpu, cpu_s);
    }
    gathered.figures
}

struct Gathered {
    duration_s: f64,
    figures: Vec<(Subject, f64)>,
}

impl Gathered {
    fn stream(&mut self, stream: &StreamSummary) {
        let place = Place { stream: Some(stream.name.clone()), ..Place::default() };
        if stream.stages.is_empty() {
            self.arrival(&place, &stream.latency_ms, &stream.counts, &stream.watermarks);
        }
        for stage in stream.stages.iter().filter(|stage| stage.windows.is_none()) {
            let place = Place { stage: Some(stage.name.clone()), ..place.clone() };
            self.arrival(&place, &stage.latency_ms, &stage.counts, &stage.watermarks);
        }
        self.latencies(&place, &stream.latency_ms, &[Hop::SentToAcked, Hop::DueToSent]);
        self.add(&place, Figure::Achieved, stream.achieved_per_s);
        for phase in &stream.phases {
            self.phase(&Place { phase: Some(phase.name.clone()), ..place.clone() }, phase);
        }
    }

    /// What is known of a phase: its duplicates and drops are not told apart.
    fn phase(&mut self, place: &Place, phase: &PhaseSummary) {
        if let Some(latency_ms) = &phase.latency_ms {
            let hops = [Hop::DueToConsumed, Hop::SentToConsumed, Hop::SentToAcked, Hop::DueToSent];
            self.latencies(place, latency_ms, &hops);
        }
        let lost = phase.counts.map(|counts| counts.lost as f64);
        let known = [
            (Figure::Delivered, phase.delivered_per_s),
            (Figure::Lost, lost),
            (Figure::Achieved, phase.achieved_per_s),
        ];
        for (figure, value) in known {
            if let Some(value) = value {
                self.add(place, figure, value);
            }
        }
    }

    /// What was seen where events arrive.
    fn arrival(&mut self, place: &Place, latency_ms: &HopLatencies, counts: &Counts, watermarks: &[Watermark]) {
        self.latencies(place, latency_ms, &[Hop::DueToConsumed, Hop::SentToConsumed]);
        if self.duration_s > 0.0 {
            self.add(place, Figure::Delivered, counts.delivered as f64 / self.duration_s);
        }
        self.add(place, Figure::Lost, counts.lost as f64);
        self.add(place, Figure::Duplicates, counts.duplicates_accidental as f64);
        for watermark in watermarks {
            let place = Place { model: Some(model_name(watermark)), ..place.clone() };
            self.add(&place, Figure::Dropped, watermark.dropped_sure as f64);
        }
    }

    fn latencies(&mut self, place: &Place, latency_ms: &HopLatencies, hops: &[Hop]) {
        for hop in hops {
            for percentile in Percentile::ALL {
                if let Some(value) = percentile.of(latency_ms.get(*hop)) {
                    self.add(place, Figure::Latency(*hop, percentile), value);
                }
            }
        }
    }

    fn add(&mut self, place: &Place, figure: Figure, value: f64) {
        if value.is_finite() {
            self.figures.push((Subject { place: place.clone(), figure }, value));
        }
    }
}

/// "flink, tumbling 10s, bound 5000 ms"
fn model_name(watermark: &Watermark) -> String {
    let window = watermark.window.iter().map(|window| format!(", {window}")).collect::<String>();
    format!("{}{window}, {} {} ms", watermark.engine, watermark.scope, watermark.bound_ms)
}
