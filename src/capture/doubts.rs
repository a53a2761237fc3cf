//! The error bar of a capture: what is known to bend counts that are differences of offsets, and by how much.

use std::collections::BTreeMap;

use serde::Serialize;

use super::sample::{Displaced, Gaps};
use crate::curve::moment_text;
use crate::units::Span;

/// A topic's settings, as far as they bear on counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TopicRules {
    /// The broker stamps records when it appends them (`message.timestamp.type = LogAppendTime`), rather than the producer.
    pub stamped_by_broker: bool,
    /// `cleanup.policy` has `compact`.
    pub compacted: bool,
    /// `cleanup.policy` has `delete` and records live for so many milliseconds.
    pub retention_ms: Option<i64>,
}

impl TopicRules {
    /// From the topic's settings by name; one that is missing has Kafka's default.
    #[must_use]
    pub fn of(settings: &BTreeMap<String, String>) -> Self {
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

/// What was found beside the counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The topic's settings, or why they are not known.
    pub rules: Result<TopicRules, String>,
    /// Whether the counts are of ends that were polled live, rather than of offsets by timestamp.
    pub live: bool,
    /// Buckets left out at the beginning, and when the curve begins (milliseconds since 1970).
    pub left_out: Option<(usize, i64)>,
    /// Partitions whose oldest record was deleted during the capture.
    pub trimmed: usize,
    /// Partitions that hold nothing any more, but did.
    pub emptied: usize,
    /// Offsets that lay before an earlier edge's.
    pub backward: u64,
    /// How late the latest poll of a live capture came, in milliseconds.
    pub latest_poll_ms: Option<f64>,
    /// Offsets without a record, if a sample was taken.
    pub gaps: Option<Gaps>,
    /// Records in another bucket than their timestamp's, if a sample was taken.
    pub displaced: Option<Displaced>,
}

/// How far counts may be from the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorBar {
    /// The share by which the total may be too high, 0 to 1; nothing where it is not known.
    pub too_high_share: Option<f64>,
    /// The share of records that may be counted in another bucket than their timestamp's; nothing where it is not known.
    pub moved_share: Option<f64>,
    /// By how much, in milliseconds, as far as it was seen.
    pub moved_by_ms: Option<i64>,
    /// The bar in one line, then what it rests on.
    pub findings: Vec<String>,
}

/// The error bar. Shares are upper ends: two standard errors above what was seen, or three in as many as were looked at, when none was.
#[must_use]
pub fn error_bar(evidence: &Evidence) -> ErrorBar {
    let too_high_share = evidence.gaps.filter(|gaps| gaps.offsets > 0).map(|gaps| {
        let share = share(gaps.missing, gaps.offsets);
        (share + (2.0 * gaps.standard_error).max(rule_of_three(gaps.missing, gaps.offsets))).min(1.0)
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
    let mut bar = ErrorBar {
        too_high_share,
        moved_share,
        moved_by_ms: displaced.filter(|_| !evidence.live && !by_broker).map(|displaced| displaced.longest_ms),
        findings: Vec::new(),
    };
    bar.findings.push(in_one_line(&bar));
    bar.findings.extend(about_stamps(evidence, by_broker));
    bar.findings.push(about_gaps(evidence));
    bar.findings.extend(about_deletions(evidence));
    bar.findings.extend(about_asking(evidence));
    bar
}

fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Of none in n, the share is below 3 / n with 95 % confidence.
fn rule_of_three(seen: u64, of: u64) -> f64 {
    if seen == 0 { 3.0 / of.max(1) as f64 } else { 0.0 }
}

fn in_one_line(bar: &ErrorBar) -> String {
    let total = match bar.too_high_share {
        None => {
            "the total may be too high by what transaction markers and compaction leave, which only --sample can tell"
                .to_owned()
        }
        Some(share) => format!("the total is right to −{} %", percent(share)),
    };
    let moved = match (bar.moved_share, bar.moved_by_ms) {
        (Some(share), _) if share <= 0.0 => "each record counts in the bucket in which it was appended".to_owned(),
        (Some(share), Some(by_ms)) => {
            format!(
                "at most {} % of the records count in another bucket than their timestamp's, seen up to {} later",
                percent(share),
                span(by_ms)
            )
        }
        _ => "how many records count in a later bucket than their timestamp's, only --sample can tell".to_owned(),
    };
    format!("error bar: {total}; {moved}")
}

fn about_stamps(evidence: &Evidence, by_broker: bool) -> Option<String> {
    if evidence.live {
        return None;
    }
    Some(match &evidence.rules {
        Ok(_) if by_broker => "LogAppendTime: the broker's clock stamped each record when it was appended".to_owned(),
        Ok(_) => {
            let seen = match evidence.displaced.filter(|displaced| displaced.records > 0) {
                None => String::new(),
                Some(Displaced { records, later, earlier, longest_ms }) => format!(
                    "; of {records} sampled records {later} count later than their timestamp (by {} at most) and {earlier} earlier",
                    span(longest_ms)
                ),
            };
            format!(
                "CreateTime: producers stamped the records, and offsets do not follow their stamps; a record that came late counts when the first with a later stamp was there{seen}"
            )
        }
        Err(why) => format!("whether records carry CreateTime or LogAppendTime is not known: {why}"),
    })
}

fn about_gaps(evidence: &Evidence) -> String {
    let compacted = matches!(evidence.rules, Ok(rules) if rules.compacted);
    let whose = if compacted {
        "compaction took their records, which were appended all the same, or they are transaction markers, which count too much"
    } else {
        "transaction markers, which count as if they were records"
    };
    match evidence.gaps {
        None if compacted => "cleanup.policy is compact: offsets of deleted records count as they were appended, transaction markers too; not looked at without --sample".to_owned(),
        None => "offsets without a record (transaction markers) count; not looked at without --sample".to_owned(),
        Some(gaps) if gaps.missing == 0 => format!("none of {} sampled offsets is without a record: no transaction markers seen", gaps.offsets),
        Some(gaps) => format!(
            "{} of {} sampled offsets ({} ± {} %) hold no record: {whose}",
            gaps.missing,
            gaps.offsets,
            percent(share(gaps.missing, gaps.offsets)),
            percent(2.0 * gaps.standard_error)
        ),
    }
}

fn about_deletions(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((buckets, begins_ms)) = evidence.left_out {
        found.push(format!(
            "{buckets} buckets are left out at the beginning: the topic no longer holds all of their records; the curve begins at {}",
            moment_text(begins_ms)
        ));
    }
    if let Ok(TopicRules { retention_ms: Some(ms), .. }) = evidence.rules {
        found.push(format!("retention.ms is {}: what is older may be deleted, a whole segment at a time", span(ms)));
    }
    if evidence.emptied > 0 {
        found.push(format!(
            "{} partitions hold nothing any more: what they held in the range is not counted",
            evidence.emptied
        ));
    }
    if evidence.trimmed > 0 {
        found.push(format!(
            "the oldest records of {} partitions were deleted during the capture: the first buckets may be too low",
            evidence.trimmed
        ));
    }
    found
}

fn about_asking(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    if evidence.backward > 0 {
        found.push(format!(
            "{} offsets lay before an earlier edge's and were raised to it: the broker knows compressed batches only by their beginning, or the log was cut",
            evidence.backward
        ));
    }
    if let Some(late_ms) = evidence.latest_poll_ms {
        found.push(format!(
            "polled live: the answer at a bucket's edge was there {late_ms:.1} ms after the edge at the latest"
        ));
    }
    found
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent >= 0.1 || percent <= 0.0 { format!("{percent:.1}") } else { format!("{percent:.3}") }
}

fn span(ms: i64) -> String {
    Span::from_millis(ms.max(0) as u64).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(pairs: &[(&str, &str)]) -> TopicRules {
        TopicRules::of(&pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn plain(rules: TopicRules) -> Evidence {
        Evidence {
            rules: Ok(rules),
            live: false,
            left_out: None,
            trimmed: 0,
            emptied: 0,
            backward: 0,
            latest_poll_ms: None,
            gaps: None,
            displaced: None,
        }
    }

    const BY_BROKER: (&str, &str) = ("message.timestamp.type", "LogAppendTime");

    #[test]
    fn settings_say_who_stamps_and_what_is_deleted() {
        let default = TopicRules { stamped_by_broker: false, compacted: false, retention_ms: None };
        assert_eq!(rules(&[]), default);
        assert_eq!(rules(&[BY_BROKER, ("retention.ms", "-1")]), TopicRules { stamped_by_broker: true, ..default });
        let both = rules(&[("cleanup.policy", "compact,delete"), ("retention.ms", "1000")]);
        assert_eq!(both, TopicRules { compacted: true, retention_ms: Some(1000), ..default });
        let compact = rules(&[("cleanup.policy", "compact"), ("retention.ms", "1000")]);
        assert_eq!((compact.compacted, compact.retention_ms), (true, None), "retention.ms deletes nothing there");
    }

    #[test]
    fn without_a_sample_it_says_what_is_not_known() {
        let bar = error_bar(&plain(rules(&[])));
        assert_eq!((bar.too_high_share, bar.moved_share), (None, None));
        assert!(bar.findings[0].matches("only --sample can tell").count() == 2, "{bar:?}");
    }

    #[test]
    fn a_topic_that_the_broker_stamps_and_that_has_no_gaps_is_counted_right() {
        let gaps = Gaps { offsets: 10_000, missing: 0, standard_error: 0.0 };
        let bar = error_bar(&Evidence { gaps: Some(gaps), ..plain(rules(&[BY_BROKER])) });
        assert_eq!((bar.too_high_share, bar.moved_share), (Some(3e-4), Some(0.0)));
        assert!(
            bar.findings[0].contains("−0.030 %") && bar.findings[0].contains("in which it was appended"),
            "{bar:?}"
        );
    }

    #[test]
    fn markers_and_late_stamps_make_the_bar() {
        let gaps = Gaps { offsets: 10_000, missing: 300, standard_error: 0.002 };
        let displaced = Displaced { records: 9700, later: 97, earlier: 0, longest_ms: 4200 };
        let bar = error_bar(&Evidence { gaps: Some(gaps), displaced: Some(displaced), ..plain(rules(&[])) });
        assert!((bar.too_high_share.unwrap() - 0.034).abs() < 1e-9);
        let moved = bar.moved_share.unwrap();
        assert!(moved > 0.01 && moved < 0.0125, "{moved}");
        assert_eq!(bar.moved_by_ms, Some(4200));
        let all = bar.findings.join("\n");
        for said in ["−3.4 %", "up to 4s200ms later", "CreateTime", "3.0 ± 0.4 %", "transaction markers"] {
            assert!(all.contains(said), "{said}: {all}");
        }
    }

    #[test]
    fn whatever_was_found_is_said() {
        let evidence = Evidence {
            rules: Err("the cluster does not let this user describe its settings".to_owned()),
            left_out: Some((3, 0)),
            trimmed: 2,
            emptied: 1,
            backward: 4,
            latest_poll_ms: Some(1.25),
            ..plain(rules(&[]))
        };
        let all = error_bar(&evidence).findings.join("\n");
        for said in [
            "not known: the cluster",
            "3 buckets are left out",
            "1970-01-01T00:00:00Z",
            "of 2 partitions",
            "1 partitions hold nothing",
            "4 offsets",
            "1.2 ms",
        ] {
            assert!(all.contains(said), "{said}: {all}");
        }
        let compacted = error_bar(&plain(rules(&[("cleanup.policy", "compact"), BY_BROKER]))).findings.join("\n");
        assert!(compacted.contains("cleanup.policy is compact"), "{compacted}");
        let live = error_bar(&Evidence { live: true, ..plain(rules(&[])) });
        assert_eq!(live.moved_share, Some(0.0));
    }
}
