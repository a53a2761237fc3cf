//! What a stream has to live up to, where its profile says so in advance of any single limit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// A class of service: a limit on the end-to-end p99 by the use that the events are put to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sla {
    /// Somebody waits for the answer, as in payments and fraud: 500 ms.
    Critical,
    /// Dashboards and alerts: 5 s.
    Analytics,
    /// Logs and archives: 30 s.
    Logs,
}

impl Sla {
    /// The limit on the end-to-end p99.
    #[must_use]
    pub fn end_to_end_p99(self) -> Span {
        match self {
            Sla::Critical => Span::from_millis(500),
            Sla::Analytics => Span::from_secs(5),
            Sla::Logs => Span::from_secs(30),
        }
    }
}

/// A class's median over this share of its limit is the sign to add consumers or partitions.
pub(crate) const SCALE_UP_SHARE: f64 = 0.6;

/// When going on with a run is pointless: it is ended, and fails.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbortWhen {
    /// The p99 of single seconds is over this, counted from due to consumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_p99: Option<Span>,
    /// More events than this wait: acknowledged and not delivered, or not acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lag: Option<u64>,
    /// For how long, second after second. Default 5s.
    #[serde(rename = "for", default = "five_seconds")]
    pub lasts: Span,
}

fn five_seconds() -> Span {
    Span::from_secs(5)
}

impl AbortWhen {
    /// Whether it asks for anything.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.end_to_end_p99.is_none() && self.max_lag.is_none()
    }
}
