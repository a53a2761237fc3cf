//! What a stage showed beside its counts: why nobody can tell what became of events, and whose messages came in between.

use std::collections::BTreeMap;

use super::StreamFigures;
use crate::check::{Delivered, DueContradiction, Sample, Strangers};
use crate::figures::{count, seconds};
use crate::verdict::{Reason, ReasonCode};

/// Another run's events are load of their own when they are more than this share of what a stage showed.
const OTHER_LOAD_SHARE: f64 = 0.01;
/// Most other runs that are named.
const NAMED_RUNS: usize = 3;
/// Most partitions that are named.
const NAMED_PARTITIONS: usize = 5;

/// How one stage was read, and what was found there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageReading<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Whether this is the topic that the stream is sent to.
    pub is_input: bool,
    /// What was seen.
    pub delivered: &'a Delivered,
    /// By partition of the stream's own topic: the highest offset that was acknowledged.
    pub acked: &'a BTreeMap<u16, u64>,
}

impl StageReading<'_> {
    /// Whether messages with this run's id are somebody else's: in the topic that the stream is sent to nobody rewrites them.
    pub(super) fn is_shared(&self) -> bool {
        self.is_input && (self.delivered.twin.is_some() || self.delivered.contradiction.is_some())
    }

    /// Whether another run's events were load enough to lengthen latencies.
    pub(super) fn has_other_load(&self) -> bool {
        let (others, all) = (self.delivered.strangers.events(), self.delivered.deliveries());
        others as f64 > all as f64 * OTHER_LOAD_SHARE
    }

    /// Whether the stage showed nothing at all, although it was read to its end.
    pub(super) fn is_silent(&self) -> bool {
        !self.is_input && self.delivered.ended_early == 0 && self.delivered.deliveries() == 0
    }

    /// How many messages may be missing events that cannot be read; none where no such message came.
    fn unreadable(&self) -> Option<u64> {
        let Delivered { producers, unreadable, strangers, .. } = self.delivered;
        let none = producers.is_empty() && *unreadable > 0;
        if none {
            Some(*unreadable)
        } else {
            Some(strangers.suspects).filter(|suspects| *suspects > 0 && !self.is_input)
        }
    }

    /// The partitions in which acknowledged events lie at or beyond these ends.
    fn acked_beyond(&self, ends: &BTreeMap<u16, u64>) -> Vec<u16> {
        let beyond = |(partition, acked): (&u16, &u64)| {
            let unread = self.delivered.positions.get(partition).is_none_or(|position| position <= acked);
            (unread && ends.get(partition).is_some_and(|end| end <= acked)).then_some(*partition)
        };
        self.acked.iter().filter_map(beyond).collect()
    }

    /// The partitions whose end for readers of committed records lies below their end.
    fn open(&self) -> Vec<u16> {
        let Delivered { ends, stable_ends, .. } = self.delivered;
        let is_open = |(partition, end): (&u16, &u64)| stable_ends.get(partition).is_some_and(|stable| stable < end);
        ends.iter().filter(|entry| is_open(*entry)).map(|(partition, _)| *partition).collect()
    }
}

/// Why acknowledged events that were not seen may not be lost.
pub(super) fn explain_in_flight(stream: &StreamFigures<'_>, reasons: &mut Vec<Reason>) {
    let in_flight = stream.counts.in_flight;
    if in_flight == 0 {
        return;
    }
    let mut why = stream.reading.map(|reading| causes(stream, &reading)).unwrap_or_default();
    if why.is_empty() {
        let missing = count(in_flight);
        let text =
            format!("{missing} acked events were still in flight when reading ended; set a longer `drain` to see them");
        why.push((ReasonCode::InFlight, text));
    }
    reasons.extend(why.into_iter().map(|(code, text)| stream.reason(code, &text).observed(in_flight as f64)));
}

/// What the reading of a stage shows that may have hidden events.
fn causes(stream: &StreamFigures<'_>, reading: &StageReading<'_>) -> Vec<(ReasonCode, String)> {
    let missing = count(stream.counts.in_flight);
    let unreadable = reading.unreadable().map(|number| unreadable_text(stream, reading, number));
    let causes = [
        (ReasonCode::TopicChanged, topic_changed_text(reading, &missing)),
        (ReasonCode::Unreadable, unreadable),
        (ReasonCode::NotReadToEnd, unread_text(reading, &missing)),
        (ReasonCode::EndUnknown, end_unknown_text(reading, &missing)),
        (ReasonCode::NotReplicated, not_replicated_text(reading, &missing)),
        (ReasonCode::OpenTransaction, open_transaction_text(reading, &missing)),
    ];
    causes.into_iter().filter_map(|(code, text)| Some((code, text?))).collect()
}

fn unread_text(reading: &StageReading<'_>, missing: &str) -> Option<String> {
    (reading.delivered.unread > 0)
        .then(|| format!("{missing} acked events were not seen; they may be in batches that could not be read"))
}

fn end_unknown_text(reading: &StageReading<'_>, missing: &str) -> Option<String> {
    (!reading.is_input && reading.delivered.ends_unknown > 0).then(|| {
        format!(
            "{missing} acked events were not seen; no broker said where topic {} ends, so they may still be in it",
            reading.topic
        )
    })
}

fn topic_changed_text(reading: &StageReading<'_>, missing: &str) -> Option<String> {
    (reading.delivered.topic_changes > 0).then(|| {
        format!(
            "{missing} acked events were not seen; topic {} was deleted or recreated meanwhile, so what became of them is unknown",
            reading.topic
        )
    })
}

fn not_replicated_text(reading: &StageReading<'_>, missing: &str) -> Option<String> {
    let not_replicated = reading.acked_beyond(&reading.delivered.ends);
    (reading.is_input && !not_replicated.is_empty()).then(|| {
        format!(
            "{missing} acked events are not visible to readers yet: they are above the high watermark of {} of topic {}, as when a replica lags",
            partitions(&not_replicated),
            reading.topic
        )
    })
}

fn open_transaction_text(reading: &StageReading<'_>, missing: &str) -> Option<String> {
    let open = reading.open();
    let is_behind = !reading.is_input || !reading.acked_beyond(&reading.delivered.stable_ends).is_empty();
    (!open.is_empty() && is_behind).then(|| {
        format!(
            "{missing} acked events were not seen; a transaction is open in {} of topic {}, and readers of committed records do not see past it",
            partitions(&open),
            reading.topic
        )
    })
}

/// "none of the 1,600 messages in topic orders can be read as an event", and where the id may be.
fn unreadable_text(stream: &StreamFigures<'_>, reading: &StageReading<'_>, unreadable: u64) -> String {
    let messages = if stream.counts.delivered == 0 {
        format!("none of the {} messages in topic {} can be read as an event", count(unreadable), reading.topic)
    } else {
        format!(
            "{} of {} messages in topic {} cannot be read as events, and the {} missing events may be among them",
            count(unreadable),
            count(reading.delivered.deliveries()),
            reading.topic,
            count(stream.counts.in_flight)
        )
    };
    messages + &reading.delivered.strangers.sample.as_ref().map(sample_text).unwrap_or_default()
}

/// One of the messages, and how its id could be read.
fn sample_text(sample: &Sample) -> String {
    let Sample { partition, offset, fault, text, id_at } = sample;
    let hint = match id_at {
        Some(place) if place.starts_with('/') || place.starts_with("header:") => {
            format!(
                ". An id of this run is at {place}: set id = \"{place}\" for the stage, and its other places in the same way"
            )
        }
        Some(place) => format!(". An id of this run is {place}"),
        None => ". It has no id of this run: let the pipeline keep the id, and set `id` to where it is".to_owned(),
    };
    format!("; in partition {partition} at offset {offset}, {fault}: {text}{hint}")
}

/// "partition 0", "partitions 0, 3, 4, 5, 9 and 3 more"
fn partitions(of: &[u16]) -> String {
    let named: Vec<String> = of.iter().take(NAMED_PARTITIONS).map(ToString::to_string).collect();
    let more = of.len().saturating_sub(NAMED_PARTITIONS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{more}", if of.len() == 1 { "partition" } else { "partitions" }, named.join(", "))
}

/// Whose messages came in between, and what messages claim that is not so.
pub(super) fn find_strangers(stream: &StreamFigures<'_>, reasons: &mut Vec<Reason>) {
    let Some(reading) = &stream.reading else { return };
    let Delivered { strangers, contradiction, .. } = reading.delivered;
    if strangers.events() > 0 {
        let text =
            format!("{}; latencies and rates are those under the combined load", other_runs(strangers, reading.topic));
        reasons.push(stream.reason(ReasonCode::OtherRun, &text).observed(strangers.events() as f64));
    }
    if reading.is_shared() {
        reasons.push(stream.reason(ReasonCode::SameRunId, &shared_id_text(reading.delivered)));
    } else if let (Some(contradiction), true) = (contradiction, stream.counts.due_wrong > 0) {
        let text = due_changed_text(stream, reading.delivered, contradiction);
        reasons.push(stream.reason(ReasonCode::DueTimeChanged, &text).observed(stream.counts.due_wrong as f64));
    }
}

/// "2,000 events of another run (tag 1a2b3c4d) came to topic orders"
pub(super) fn other_runs(strangers: &Strangers, topic: &str) -> String {
    let events = count(strangers.events());
    let runs = strangers.runs.len() + usize::from(strangers.of_more_runs > 0);
    let tags: Vec<String> = strangers.runs.keys().take(NAMED_RUNS).map(|tag| format!("{tag:08x}")).collect();
    let more = if runs > NAMED_RUNS { ", …" } else { "" };
    let (whose, tag) = if runs == 1 { ("another run", "tag") } else { ("other runs", "tags") };
    format!("{events} events of {whose} ({tag} {}{more}) came to topic {topic}", tags.join(", "))
}

fn shared_id_text(delivered: &Delivered) -> String {
    let whose = match delivered.twin {
        Some((after_ns, messages)) => format!(
            "at least {} messages follow the same schedule, started {} {}",
            count(messages),
            seconds(after_ns.unsigned_abs() as f64 / 1e9),
            if after_ns < 0 { "earlier" } else { "later" }
        ),
        None => "there are messages with it whose due times are not this run's".to_owned(),
    };
    format!("another process sends with this run's id: {whose}. Counts and latencies cover both")
}

fn due_changed_text(stream: &StreamFigures<'_>, delivered: &Delivered, contradiction: &DueContradiction) -> String {
    let DueContradiction { claimed_us, due_us } = *contradiction;
    let how = match contradiction.unit() {
        Some(unit) => format!("it looks like {unit}, but floodmark writes microseconds"),
        None if claimed_us > due_us => format!("{} later", seconds((claimed_us - due_us) as f64 / 1e6)),
        None => format!("{} earlier", seconds((due_us - claimed_us) as f64 / 1e6)),
    };
    let sent = sent_wrong_text(delivered);
    format!(
        "{} of {} events carry a `due` that is not the schedule's (the first: {claimed_us} instead of {due_us}; {how}). Their latency runs from the schedule's.{sent}",
        count(stream.counts.due_wrong),
        count(stream.counts.delivered)
    )
}

fn sent_wrong_text(delivered: &Delivered) -> String {
    if delivered.sent_wrong == 0 {
        return String::new();
    }
    let wrong = count(delivered.sent_wrong);
    format!(" {wrong} of them have a send time before they were due, and so no latency from sent.")
}
