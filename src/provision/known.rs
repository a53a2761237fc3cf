//! A figure that a plan rests on: how much it is, and how it is known.

use schemars::JsonSchema;
use serde::Serialize;

/// How a figure is known; the weakest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Basis {
    /// By floodmark: in a search's trials, a captured curve, or a profile's own schedule.
    Measured,
    /// By the one who asked, on the command line.
    Given,
    /// By nobody: what is usual, until somebody says otherwise.
    Assumed,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// Events in a second.
    EventsPerS,
    /// Bytes.
    Bytes,
    /// Bytes in a second.
    BytesPerS,
    /// Seconds.
    Seconds,
    /// A whole number of things.
    Count,
    /// A factor or a share.
    Factor,
}

/// A kind of figure: its name, the flag that sets it, and what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    /// Its name, in JSON and (with blanks) on the screen.
    pub(crate) key: &'static str,
    /// The flag that sets it.
    pub(crate) flag: &'static str,
    /// What it counts.
    pub(crate) unit: Unit,
}

/// A figure that a plan rests on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Known {
    /// Its name.
    pub(crate) key: &'static str,
    /// The flag that sets it.
    pub(crate) flag: &'static str,
    /// How much it is.
    pub(crate) value: f64,
    /// What it counts.
    pub(crate) unit: Unit,
    /// How it is known: in one way, or as a multiple that was given of what was measured.
    pub(crate) basis: Vec<Basis>,
    /// Whether it may be more: a search that ended before a load failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) at_least: bool,
    /// Where it comes from, or why it is assumed.
    pub(crate) from: String,
}

impl Figure {
    /// A figure of the command line.
    #[must_use]
    pub(crate) fn given(self, value: f64) -> Known {
        self.known(value, &[Basis::Given], self.flag)
    }

    /// A figure that floodmark measured.
    #[must_use]
    pub(crate) fn measured(self, value: f64, from: &str) -> Known {
        self.known(value, &[Basis::Measured], from)
    }

    /// A figure that nobody knows.
    #[must_use]
    pub(crate) fn assumed(self, value: f64, why: &str) -> Known {
        self.known(value, &[Basis::Assumed], why)
    }

    /// A multiple that was given of what floodmark measured.
    #[must_use]
    pub(crate) fn multiplied(self, value: f64, from: &str) -> Known {
        self.known(value, &[Basis::Measured, Basis::Given], from)
    }

    fn known(self, value: f64, basis: &[Basis], from: &str) -> Known {
        let Figure { key, flag, unit } = self;
        Known { key, flag, value, unit, basis: basis.to_vec(), at_least: false, from: from.to_owned() }
    }
}

impl Known {
    /// Whether nobody knows anything of it.
    #[must_use]
    pub(crate) fn is_assumed(&self) -> bool {
        self.basis == [Basis::Assumed]
    }

    /// The same, of how many things it was measured being given by these flags, or else assumed to be one.
    #[must_use]
    pub(crate) fn divided_by(mut self, told: &[(Option<u32>, &'static str)]) -> Self {
        let flags = |is_told: bool| -> Vec<&str> {
            told.iter().filter(|(told, _)| told.is_some() == is_told).map(|(_, flag)| *flag).collect()
        };
        if !flags(true).is_empty() {
            self.basis.push(Basis::Given);
        }
        let assumed = flags(false);
        if !assumed.is_empty() {
            self.basis.push(Basis::Assumed);
            self.from = format!("{}, as nobody said otherwise ({})", self.from, assumed.join(", "));
        }
        self
    }
}

/// Figures that have no usual value.
impl Figure {
    /// The wanted peak.
    pub(crate) const PEAK: Figure = Figure { key: "peak", flag: "--peak", unit: Unit::EventsPerS };
    /// The mean rate over the retention.
    pub(crate) const KEPT: Figure = Figure { key: "kept", flag: "--mean", unit: Unit::EventsPerS };
    /// The bytes of an event, payload and key.
    pub(crate) const EVENT: Figure = Figure { key: "event", flag: "--event-bytes", unit: Unit::Bytes };
    /// What producers get into one partition.
    pub(crate) const PER_PARTITION: Figure =
        Figure { key: "per_partition", flag: "--per-partition", unit: Unit::EventsPerS };
    /// What one consumer gets through.
    pub(crate) const PER_CONSUMER: Figure =
        Figure { key: "per_consumer", flag: "--per-consumer", unit: Unit::EventsPerS };
    /// What one broker takes from producers, without replication.
    pub(crate) const PER_BROKER: Figure = Figure { key: "per_broker", flag: "--per-broker", unit: Unit::EventsPerS };
    /// One broker's disk.
    pub(crate) const BROKER_DISK: Figure = Figure { key: "broker_disk", flag: "--broker-disk", unit: Unit::Bytes };
    /// What one broker may receive.
    pub(crate) const NETWORK_IN: Figure = Figure { key: "network_in", flag: "--network-in", unit: Unit::BytesPerS };
    /// What one broker may send.
    pub(crate) const NETWORK_OUT: Figure = Figure { key: "network_out", flag: "--network-out", unit: Unit::BytesPerS };
    /// How long catching up may take.
    pub(crate) const CATCH_UP_WITHIN: Figure =
        Figure { key: "catch_up_within", flag: "--catch-up-within", unit: Unit::Seconds };
    /// The brokers that there are.
    pub(crate) const BROKERS: Figure = Figure { key: "brokers", flag: "--brokers", unit: Unit::Count };
}
