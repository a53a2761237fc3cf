//! What the embedded broker does wrong on purpose, and what a run against it must say.

use std::num::NonZeroU64;
use std::time::Duration;

use super::matrix::{Cell, DATED_WITHIN_S, Row, Standing, is_starved};
use crate::broker::{Ceiling, Done, Misdeeds};
use crate::incidents::IncidentKind;
use crate::results::Summary;
use crate::verdict::Verdict;

/// How long the broker stands still, from when in the run.
pub(crate) const PAUSE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(3));
/// How long what is stored stays hidden, or an answer waits.
const WAIT: Duration = Duration::from_millis(250);
/// By how much a latency may be longer than what the broker adds to each event, in milliseconds: one that comes while another waits for its answer
/// waits for that, too.
const ALLOWED_MS: f64 = 500.0;
/// Less than what the stream's producer sends, but not by much: the rest must be read before the run gives up.
const QUOTA_BYTES_PER_S: u64 = 100_000;

/// A fault of the broker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BrokerFault {
    /// Its name.
    pub(crate) name: &'static str,
    /// What the broker does.
    pub(crate) told: &'static str,
    /// How it must show.
    shows: Shows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    Lost,
    Duplicated,
    LateAtReaders,
    LateAnswers,
    NoAnswers,
    Throttled,
}

/// All of them, each against a broker of its own.
pub(crate) const BROKER_FAULTS: [BrokerFault; 6] = [
    BrokerFault { name: "forgets", told: "acknowledges batches and forgets them", shows: Shows::Lost },
    BrokerFault { name: "cuts", told: "stores batches and cuts the connection", shows: Shows::Duplicated },
    BrokerFault { name: "lags", told: "shows what it stored 250 ms later", shows: Shows::LateAtReaders },
    BrokerFault { name: "slow", told: "answers producers 250 ms later", shows: Shows::LateAnswers },
    BrokerFault { name: "half-open", told: "answers nobody for 3 s", shows: Shows::NoAnswers },
    BrokerFault { name: "quota", told: "lets producers wait, by a quota", shows: Shows::Throttled },
];

impl BrokerFault {
    /// What the broker is to do wrong.
    #[must_use]
    pub(crate) fn misdeeds(&self) -> Misdeeds {
        let every = NonZeroU64::new(25);
        match self.shows {
            Shows::Lost => Misdeeds { forgets_every: every, ..Misdeeds::default() },
            Shows::Duplicated => Misdeeds { cuts_every: every, ..Misdeeds::default() },
            Shows::LateAtReaders => Misdeeds { shows_after: WAIT, ..Misdeeds::default() },
            Shows::LateAnswers => Misdeeds { answers_after: WAIT, ..Misdeeds::default() },
            Shows::NoAnswers | Shows::Throttled => Misdeeds::default(),
        }
    }

    /// What it takes in at most.
    #[must_use]
    pub(crate) fn ceiling(&self) -> Ceiling {
        let quota_bytes_per_s = (self.shows == Shows::Throttled).then(|| NonZeroU64::new(QUOTA_BYTES_PER_S)).flatten();
        Ceiling { quota_bytes_per_s, ..Ceiling::default() }
    }

    /// Properties of the client, beside its usual ones: a broker that answers late has one request at a time to answer.
    #[must_use]
    pub(crate) fn properties(&self) -> &'static [&'static str] {
        if self.shows == Shows::LateAnswers { &["max.in.flight.requests.per.connection=1"] } else { &[] }
    }

    /// Whether it stands still for a while.
    #[must_use]
    pub(crate) fn pauses(&self) -> bool {
        self.shows == Shows::NoAnswers
    }
}

/// The run against such a broker.
#[must_use]
pub(crate) fn broker_profile_text(lasts: Duration, seed: u64) -> String {
    format!(
        r#"description = "Against a broker that does wrong on purpose"
seed = {seed}
duration = "{}ms"
[[stream]]
name = "events"
topic = "floodmark-calibrate-events"
rate = "500/s"
partitions = 1
payload = {{ size = "200B" }}
slo = {{ lost = 0, duplicates = 0 }}
"#,
        lasts.as_millis()
    )
}

/// What the run says, against the broker's books; none where the run has no stream. `paused_s` is when the broker stood still, in seconds
/// since the run's start.
#[must_use]
pub(crate) fn compared_with_broker(
    fault: &BrokerFault,
    seed: u64,
    done: Done,
    paused_s: Option<(f64, f64)>,
    summary: &Summary,
) -> Option<Row> {
    let stream = summary.streams.first()?;
    let counts = &stream.counts;
    let mut cells = vec![
        Cell::count("missing", done.forgotten, counts.lost + counts.in_flight),
        Cell::count("duplicates_accidental", done.unanswered, counts.duplicates_accidental),
        Cell::count("phantom", 0, counts.phantom),
    ];
    let added = |figure: &str, found: f64| {
        let injected = WAIT.as_secs_f64() * 1e3;
        Cell { figure: figure.to_owned(), injected, found, allowed: ALLOWED_MS }
    };
    let happened = |kind: IncidentKind| summary.events.iter().filter(move |event| event.kind == kind);
    match fault.shows {
        Shows::Lost | Shows::Duplicated => {}
        Shows::LateAtReaders => cells.push(added("due_to_consumed_p50", stream.latency_ms.due_to_consumed.p50)),
        Shows::LateAnswers => cells.push(added("sent_to_acked_p50", stream.latency_ms.sent_to_acked.p50)),
        Shows::Throttled => {
            cells.push(Cell::count("throttled", 1, u64::from(happened(IncidentKind::Throttled).next().is_some())));
        }
        Shows::NoAnswers => {
            let is_then = |from_s: f64, to_s: f64| {
                let is_near = |one: f64, other: f64| (one - other).abs() <= DATED_WITHIN_S;
                paused_s.is_some_and(|(from, to)| is_near(from, from_s) && is_near(to, to_s))
            };
            let is_seen = happened(IncidentKind::NoAcknowledgements)
                .any(|event| is_then(event.from_s as f64, event.to_s.map_or(f64::INFINITY, |to_s| to_s as f64)));
            cells.push(Cell::count("no_acknowledgements", 1, u64::from(is_seen)));
        }
    }
    let mut standing = standing(fault, &cells, summary.verdict);
    if standing == Standing::Missed && fault.shows == Shows::NoAnswers && is_starved(stream) {
        standing = Standing::Masked;
    }
    Some(Row { fault: fault.name.to_owned(), seed, told: fault.told.to_owned(), standing, cells })
}

fn standing(fault: &BrokerFault, cells: &[Cell], verdict: Verdict) -> Standing {
    let is_counted = matches!(fault.shows, Shows::Lost | Shows::Duplicated);
    let is_done = cells.iter().any(|cell| cell.injected > 0.0);
    if cells.iter().any(Cell::is_missed) {
        Standing::Missed
    } else if cells.iter().any(|cell| cell.is_too_much() && !cell.is_time()) {
        Standing::FalseAlarm
    } else if fault.shows == Shows::Lost && is_done && verdict == Verdict::Pass {
        Standing::WrongPass
    } else if is_counted && !is_done {
        Standing::NotInjected
    } else if cells.iter().any(Cell::is_too_much) {
        Standing::Masked
    } else {
        Standing::Found
    }
}
