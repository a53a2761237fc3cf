//! What is compared: the figures of a run, their names, units and which way is worse.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::latency::{Hop, Latencies};

/// A figure: each run gives one number for it, at each place where it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Figure {
    /// A percentile of a hop's latencies.
    Latency(Hop, Percentile),
    /// The mean rate that was sent.
    Achieved,
    /// The mean rate that was delivered.
    Delivered,
    /// Acknowledged events that never came.
    Lost,
    /// Further copies that the profile did not ask for.
    Duplicates,
    /// Events that an engine drops behind its watermark, for certain.
    Dropped,
    /// CPU time of floodmark's process.
    Cpu,
}

/// Which of a hop's latencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Percentile {
    /// The median.
    P50,
    /// 90 % are within it.
    P90,
    /// 99 % are within it.
    P99,
    /// 99.9 % are within it.
    P999,
    /// The longest: one event decides it, so it is shown and never judged.
    Max,
}

impl Percentile {
    /// All of them, the lowest first.
    pub const ALL: [Percentile; 5] =
        [Percentile::P50, Percentile::P90, Percentile::P99, Percentile::P999, Percentile::Max];

    fn name(self) -> &'static str {
        match self {
            Percentile::P50 => "p50",
            Percentile::P90 => "p90",
            Percentile::P99 => "p99",
            Percentile::P999 => "p999",
            Percentile::Max => "max",
        }
    }

    /// This one of a hop's latencies, if enough were measured: ten beyond it, as for a limit.
    #[must_use]
    pub fn of(self, latencies: &Latencies) -> Option<f64> {
        let (value, needed) = match self {
            Percentile::P50 => (latencies.p50, 20),
            Percentile::P90 => (latencies.p90, 100),
            Percentile::P99 => (latencies.p99, 1_000),
            Percentile::P999 => (latencies.p999, 10_000),
            Percentile::Max => (latencies.max, 1),
        };
        (latencies.count >= needed).then_some(value)
    }
}

/// What a figure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// Events per second.
    PerS,
    /// Events.
    Events,
    /// Seconds.
    S,
}

impl Figure {
    /// All of them, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = Figure> {
        let latencies = Hop::ALL
            .into_iter()
            .rev()
            .flat_map(|hop| Percentile::ALL.into_iter().map(move |percentile| Figure::Latency(hop, percentile)));
        let others =
            [Figure::Achieved, Figure::Delivered, Figure::Lost, Figure::Duplicates, Figure::Dropped, Figure::Cpu];
        latencies.chain(others)
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Figure> {
        Figure::all().find(|figure| figure.name() == name)
    }

    /// Its name. Latencies that a profile can limit have the limit's name.
    #[must_use]
    pub fn name(self) -> String {
        let hop = |hop| match hop {
            Hop::DueToSent => "due_to_sent",
            Hop::SentToAcked => "ack",
            Hop::SentToConsumed => "sent_to_consumed",
            Hop::DueToConsumed => "end_to_end",
        };
        match self {
            Figure::Latency(of, percentile) => format!("{}_{}", hop(of), percentile.name()),
            Figure::Achieved => "achieved_per_s".to_owned(),
            Figure::Delivered => "delivered_per_s".to_owned(),
            Figure::Lost => "lost".to_owned(),
            Figure::Duplicates => "duplicates".to_owned(),
            Figure::Dropped => "dropped_sure".to_owned(),
            Figure::Cpu => "cpu_s".to_owned(),
        }
    }

    /// What it is counted in.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Figure::Latency(..) => Unit::Ms,
            Figure::Achieved | Figure::Delivered => Unit::PerS,
            Figure::Lost | Figure::Duplicates | Figure::Dropped => Unit::Events,
            Figure::Cpu => Unit::S,
        }
    }

    /// Whether less of it is worse.
    #[must_use]
    pub fn less_is_worse(self) -> bool {
        matches!(self, Figure::Achieved | Figure::Delivered)
    }

    /// Whether a difference can be a regression.
    #[must_use]
    pub fn is_judged(self) -> bool {
        !matches!(self, Figure::Latency(_, Percentile::Max))
    }
}

/// Where a figure was measured. All parts are absent for a figure of the whole run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// The stage, where the stream has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The phase; absent for the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The engine and what it allows, where it is about drops behind a watermark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// A figure at a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Where.
    pub place: Place,
    /// What.
    pub figure: Figure,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_one_figure() {
        for figure in Figure::all() {
            assert_eq!(Figure::named(&figure.name()), Some(figure));
        }
        assert_eq!(Figure::named("end_to_end_p99"), Some(Figure::Latency(Hop::DueToConsumed, Percentile::P99)));
        assert_eq!(Figure::named("end_to_end_p98"), None);
    }

    #[test]
    fn a_percentile_needs_ten_samples_beyond_it() {
        let of = |count| Latencies { count, p99: 5.0, max: 7.0, ..Latencies::default() };
        assert_eq!(Percentile::P99.of(&of(999)), None);
        assert_eq!(Percentile::P99.of(&of(1000)), Some(5.0));
        assert_eq!(Percentile::Max.of(&of(0)), None);
        assert_eq!(Percentile::Max.of(&of(1)), Some(7.0));
    }
}
