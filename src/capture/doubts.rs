//! The error bar of a capture: what distorts counts that are differences of offsets, and by how much.

use crate::figures::length;
use std::collections::BTreeMap;

use serde::Serialize;

use super::sample::{Displaced, Gaps};
use crate::curve::moment_text;

/// The topic's settings that affect counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct TopicRules {
    /// The broker stamps records when it appends them (`message.timestamp.type = LogAppendTime`), rather than the producer.
    pub stamped_by_broker: bool,
    /// `cleanup.policy` has `compact`.
    pub compacted: bool,
    /// `cleanup.policy` has `delete` and records are kept for this many milliseconds.
    pub retention_ms: Option<i64>,
}

impl TopicRules {
    /// From the topic's settings by name; one that is missing has Kafka's default.
    #[must_use]
    pub(crate) fn of(settings: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| settings.get(name).map(String::as_str);
        let policy = get("cleanup.policy").unwrap_or("delete");
        let has = |wanted: &str| policy.split(',').any(|found| found.trim() == wanted);
        let retention_ms = get("retention.ms").and_then(|text| text.parse().ok()).filter(|ms: &i64| *ms >= 0);
        TopicRules {
            stamped_by_broker: get("message.timestamp.type") == Some("LogAppendTime"),
            compacted: has("compact"),
            retention_ms: retention_ms.filter(|_| has("delete")),
        }
    }
}

/// What was found besides the counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    /// The topic's settings, or why they are unknown.
    pub rules: Result<TopicRules, String>,
    /// Whether the counts are of ends that were polled live, not of offsets by timestamp.
    pub live: bool,
    /// Buckets left out at the beginning, and when the curve begins (milliseconds since 1970).
    pub left_out: Option<(usize, i64)>,
    /// Partitions whose oldest record was deleted during the capture.
    pub trimmed: usize,
    /// Partitions that are empty now, but were not.
    pub emptied: usize,
    /// Offsets below an earlier edge's.
    pub backward: u64,
    /// How late the latest poll of a live capture came, in milliseconds.
    pub latest_poll_ms: Option<f64>,
    /// Offsets without a record, if a sample was taken.
    pub gaps: Option<Gaps>,
    /// Records in another bucket than their timestamp's, if a sample was taken.
    pub displaced: Option<Displaced>,
    /// Sampled records without a timestamp, and all sampled records.
    pub unstamped: (u64, u64),
    /// How the partitions' offsets are distributed.
    pub held: Held,
    /// What was read around.
    pub around: ReadAround,
    /// Why the records after the broker's answers cannot be read, if so.
    pub unreadable: Option<String>,
    /// Partitions that were added during a live capture.
    pub added: usize,
}

/// How a topic's offsets are distributed, all partitions together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Held {
    /// Before the range, as far as the topic still holds them.
    pub before: u64,
    /// Counted in the range.
    pub counted: u64,
    /// After the range.
    pub after: u64,
}

/// What was read because the broker's answers by timestamp do not show where it is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(crate) struct ReadAround {
    /// Answers after which timestamps were read.
    pub looked_behind: usize,
    /// Offsets after answers that were not checked: this many records may be missing.
    pub not_looked_at: u64,
    /// Partitions in which records were hidden.
    pub partitions: usize,
    /// Records that were read to place them.
    pub read: u64,
    /// Records that count in the range by their own timestamps.
    pub counted: f64,
    /// The standard error of that: 0 if all were read.
    pub standard_error: f64,
    /// Records with timestamps after the range, but written among its records: they may belong to it.
    pub ahead: f64,
}

/// How far counts may be from the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ErrorBar {
    /// The least number of records written in the range; nothing where it is unknown.
    pub records_min: Option<f64>,
    /// The most; nothing where it is unknown.
    pub records_max: Option<f64>,
    /// The share by which the total may be too high, 0 to 1; nothing where it is unknown.
    pub too_high_share: Option<f64>,
    /// The share of records that may be counted in another bucket than their timestamp's; nothing where it is unknown.
    pub moved_share: Option<f64>,
    /// By how much, in milliseconds, as far as it was seen.
    pub moved_by_ms: Option<i64>,
    /// The error bar in one line, then the evidence for it.
    pub findings: Vec<String>,
}

/// The error bar. Shares are upper ends: two standard errors above the observed share, or three in the number observed if there was none.
#[must_use]
pub(crate) fn error_bar(evidence: &Evidence) -> ErrorBar {
    let too_high_share = evidence.gaps.filter(|gaps| gaps.offsets > 0).map(|gaps| {
        let share = share(gaps.too_much(), gaps.offsets);
        (share + (2.0 * gaps.standard_error).max(rule_of_three(gaps.too_much(), gaps.offsets))).min(1.0)
    });
    let by_broker = matches!(evidence.rules, Ok(rules) if rules.stamped_by_broker);
    let displaced = evidence.displaced.filter(|displaced| displaced.records > 0);
    let moved = |displaced: Displaced| {
        let moved = displaced.later + displaced.earlier;
        let (share, records) = (share(moved, displaced.records), displaced.records as f64);
        let error = (share * (1.0 - share) / records).sqrt();
        (share + (2.0 * error).max(rule_of_three(moved, displaced.records))).min(1.0)
    };
    let moved_share = if evidence.live || by_broker { Some(0.0) } else { displaced.map(moved) };
    let (records_min, records_max) = total_range(evidence, too_high_share);
    let mut bar = ErrorBar {
        records_min,
        records_max,
        too_high_share,
        moved_share,
        moved_by_ms: displaced.filter(|_| !evidence.live && !by_broker).map(|displaced| displaced.longest_ms),
        findings: Vec::new(),
    };
    bar.findings.push(in_one_line(&bar, evidence));
    bar.findings.extend(about_end_offsets(evidence));
    bar.findings.extend(about_stamps(evidence, by_broker));
    bar.findings.push(about_gaps(evidence));
    bar.findings.extend(about_deletions(evidence));
    bar.findings.extend(about_asking(evidence));
    bar
}

fn is_compacted(evidence: &Evidence) -> bool {
    matches!(evidence.rules, Ok(rules) if rules.compacted)
}

/// The least and the most records written in the range.
fn total_range(evidence: &Evidence, too_high_share: Option<f64>) -> (Option<f64>, Option<f64>) {
    let (around, counted) = (evidence.around, evidence.held.counted as f64);
    let error = 2.0 * around.standard_error;
    // What was read one by one contains no markers.
    let by_offsets = (counted - around.counted).max(0.0);
    let least = too_high_share.map(|share| (counted - share * by_offsets - error).max(0.0));
    // In a compacted topic the first remaining record answers for all before it, in the range or not.
    let taken = if is_compacted(evidence) && !evidence.live { evidence.held.before } else { 0 };
    // If the settings are unknown, the topic may be compacted.
    let most = (evidence.rules.is_ok() || evidence.live)
        .then(|| counted + error + around.ahead + (around.not_looked_at + taken) as f64);
    (least, most)
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// If none in n was seen, the share is below 3 / n with 95 % confidence.
fn rule_of_three(seen: u64, of: u64) -> f64 {
    if seen == 0 { 3.0 / of.max(1) as f64 } else { 0.0 }
}

fn in_one_line(bar: &ErrorBar, evidence: &Evidence) -> String {
    let moved = match (bar.moved_share, bar.moved_by_ms) {
        (Some(share), _) if share <= 0.0 => "each record counts in the bucket in which it was appended".to_owned(),
        (Some(share), Some(by_ms)) => {
            format!(
                "at most {} % of the records count in a bucket other than their timestamp's, up to {} later in the sample",
                percent(share),
                span(by_ms)
            )
        }
        _ => "only --sample can tell how many records count in a bucket later than their timestamp's".to_owned(),
    };
    format!("error bar: {}; {moved}", about_the_total(bar, evidence))
}

fn about_the_total(bar: &ErrorBar, evidence: &Evidence) -> String {
    let counted = evidence.held.counted as f64;
    if is_compacted(evidence) && !evidence.live {
        let most = bar.records_max.map_or_else(String::new, |most| format!(", up to {most:.0}"));
        return format!(
            "the topic is compacted: {counted:.0} offsets are counted from the first record that is left; more may have been written in the range{most}, and when is unknown"
        );
    }
    let too_low = bar.records_max.map(|most| (most - counted) / counted.max(1.0));
    match (bar.records_min, too_low) {
        (None, Some(low)) if low > 0.0 => format!(
            "the total may be up to {} % too low, and too high by transaction markers and aborted records; only --sample can tell by how much",
            percent(low)
        ),
        (None, _) => {
            "the total may be too high by transaction markers and aborted records; only --sample can tell by how much"
                .to_owned()
        }
        (Some(least), low) => {
            let high = (counted - least) / counted.max(1.0);
            match low {
                Some(low) if low <= 0.0 => format!("the total may be up to {} % too high", percent(high)),
                Some(low) => {
                    format!("the total may be up to {} % too high or {} % too low", percent(high), percent(low))
                }
                None => format!(
                    "the total may be up to {} % too high, and too low if the topic is compacted",
                    percent(high)
                ),
            }
        }
    }
}

/// The sum compared with the ends of the partitions.
fn about_end_offsets(evidence: &Evidence) -> Vec<String> {
    let Held { before, counted, after } = evidence.held;
    let around = evidence.around;
    let mut found = Vec::new();
    if evidence.added > 0 {
        found.push(format!("{} added to the topic meanwhile, and read from the beginning", partitions(evidence.added)));
    }
    if evidence.live {
        return found;
    }
    let mut text = format!(
        "end offsets: {before} offsets before the range, {counted} in it, {after} after it; the timestamps after {} answers of the broker were read",
        around.looked_behind
    );
    if around.partitions == 0 {
        text.push_str(", and no record is hidden");
    } else {
        text.push_str(&format!(
            ": records in {} are hidden by a timestamp ahead or a transaction's marker. {} were read, and {:.0}{} count in the range by their own timestamps",
            partitions(around.partitions),
            around.read,
            around.counted,
            if around.standard_error > 0.0 { format!(" ± {:.0}", 2.0 * around.standard_error) } else { String::new() },
        ));
    }
    found.push(text);
    if around.ahead > 0.0 {
        found.push(format!(
            "{:.0} of them have timestamps after the range and are not counted, though they were written before others in it",
            around.ahead
        ));
    }
    if let Some(why) = &evidence.unreadable {
        found.push(format!(
            "the records after the broker's answers could not be read, so up to {} may be hidden there: {why}",
            around.not_looked_at
        ));
    } else if around.not_looked_at > 0 {
        found.push(format!(
            "records may be hidden after more answers than are checked: up to {} may be missing",
            around.not_looked_at
        ));
    }
    found
}

fn partitions(count: usize) -> String {
    if count == 1 { "1 partition".to_owned() } else { format!("{count} partitions") }
}

fn about_stamps(evidence: &Evidence, by_broker: bool) -> Option<String> {
    if evidence.live {
        return None;
    }
    Some(match &evidence.rules {
        Ok(_) if by_broker => "LogAppendTime: each record has the broker's time when it was appended".to_owned(),
        Ok(_) => {
            let seen = match evidence.displaced.filter(|displaced| displaced.records > 0) {
                None => String::new(),
                Some(Displaced { records, later, earlier, longest_ms }) => format!(
                    "; of {records} sampled records {later} count later than their timestamp (by at most {}) and {earlier} earlier",
                    span(longest_ms)
                ),
            };
            format!(
                "CreateTime: records have their producers' timestamps, which offsets do not follow; a late record counts when the first record with a later timestamp arrived{seen}"
            )
        }
        Err(why) => format!("whether records have CreateTime or LogAppendTime is unknown: {why}"),
    })
}

fn about_gaps(evidence: &Evidence) -> String {
    let compacted = is_compacted(evidence);
    let Some(gaps) = evidence.gaps else {
        return if compacted {
            "cleanup.policy is compact: offsets count from the first record that is left in the range, and records deleted before it are not counted; missing offsets after it were deleted records, or transaction markers".to_owned()
        } else {
            "offsets without a record (transaction markers) and records of aborted transactions count; only --sample measures them".to_owned()
        };
    };
    let whose = if compacted {
        "their records were removed by compaction, or they are transaction markers"
    } else {
        "transaction markers, which count as if they were records"
    };
    let mut text = match gaps.missing {
        0 => format!("each of {} sampled offsets has a record: no transaction markers seen", gaps.offsets),
        missing => format!(
            "{missing} of {} sampled offsets ({} %) have no record: {whose}",
            gaps.offsets,
            percent(share(missing, gaps.offsets)),
        ),
    };
    match gaps.aborted {
        None if compacted => text.push_str("; aborted records cannot be told apart in a compacted topic"),
        None => {}
        Some(0) => text.push_str("; no record of an aborted transaction seen"),
        Some(aborted) => text.push_str(&format!(
            "; {aborted} ({} %) are records of aborted transactions: they count, but readers of committed records do not get them",
            percent(share(aborted, gaps.offsets)),
        )),
    }
    if gaps.standard_error > 0.0 {
        text.push_str(&format!(
            "; both together {} ± {} %",
            percent(share(gaps.too_much(), gaps.offsets)),
            percent(2.0 * gaps.standard_error)
        ));
    }
    if gaps.undecided > 0 {
        text.push_str(&format!("; {} are of transactions that are still open", gaps.undecided));
    }
    text
}

fn about_deletions(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((buckets, begins_ms)) = evidence.left_out {
        found.push(format!(
            "{buckets} buckets are left out at the beginning, because the topic no longer has all of their records; the curve begins at {}",
            moment_text(begins_ms)
        ));
    }
    if let Ok(TopicRules { retention_ms: Some(ms), .. }) = evidence.rules {
        found.push(format!("retention.ms is {}: older records may be deleted, a whole segment at a time", span(ms)));
    }
    if evidence.emptied > 0 {
        found.push(format!(
            "{} of the existing ones are empty now: records that they had in the range are not counted",
            partitions(evidence.emptied)
        ));
    }
    if evidence.trimmed > 0 {
        found.push(format!(
            "the oldest records of {} were deleted during the capture: the first buckets may be too low",
            partitions(evidence.trimmed)
        ));
    }
    found
}

fn about_asking(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    if evidence.backward > 0 {
        found.push(format!(
            "{} offsets were below an earlier edge's and were raised to it: the broker finds compressed batches only by their beginning, or the log was cut",
            evidence.backward
        ));
    }
    let (unstamped, sampled) = evidence.unstamped;
    if unstamped > 0 {
        found.push(format!(
            "{unstamped} of {sampled} sampled records have no timestamp: they count with the records before them"
        ));
    }
    if let Some(late_ms) = evidence.latest_poll_ms {
        found.push(format!("polled live: the answer for a bucket's edge came at most {late_ms:.1} ms after the edge"));
    }
    found
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 0.1 || percent <= 0.0 { format!("{percent:.1}") } else { format!("{percent:.3}") }
}

fn span(ms: i64) -> String {
    length(ms.max(0).unsigned_abs())
}

#[cfg(test)]
mod tests;
