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
        unstamped: (0, 0),
        held: Held { before: 100, counted: 1000, after: 50 },
        around: ReadAround { looked_behind: 2, ..ReadAround::default() },
        unreadable: None,
        added: 0,
    }
}

fn seen(offsets: u64, missing: u64, standard_error: f64) -> Gaps {
    Gaps { offsets, missing, aborted: Some(0), undecided: 0, standard_error }
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
    let gaps = seen(10_000, 0, 0.0);
    let bar = error_bar(&Evidence { gaps: Some(gaps), ..plain(rules(&[BY_BROKER])) });
    assert_eq!((bar.too_high_share, bar.moved_share), (Some(3e-4), Some(0.0)));
    assert!(
        bar.findings[0].contains("up to 0.030 % too high") && bar.findings[0].contains("in which it was appended"),
        "{bar:?}"
    );
}

#[test]
fn markers_and_late_stamps_make_the_bar() {
    let gaps = seen(10_000, 300, 0.002);
    let displaced = Displaced { records: 9700, later: 97, earlier: 0, longest_ms: 4200 };
    let bar = error_bar(&Evidence { gaps: Some(gaps), displaced: Some(displaced), ..plain(rules(&[])) });
    assert!((bar.too_high_share.unwrap() - 0.034).abs() < 1e-9);
    let moved = bar.moved_share.unwrap();
    assert!(moved > 0.01 && moved < 0.0125, "{moved}");
    assert_eq!(bar.moved_by_ms, Some(4200));
    let all = bar.findings.join("\n");
    for said in ["up to 3.4 % too high", "up to 4.2 s later", "CreateTime", "3.0 ± 0.4 %", "transaction markers"] {
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
        "is unknown: the cluster",
        "3 buckets are left out",
        "1970-01-01T00:00:00Z",
        "of 2 partitions",
        "1 partition of the existing ones",
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

#[test]
fn of_a_compacted_topic_it_never_says_that_the_total_is_right() {
    let compacted = plain(rules(&[("cleanup.policy", "compact")]));
    let held = Held { before: 5980, counted: 20, after: 1 };
    for gaps in [None, Some(seen(20, 3, 0.0))] {
        let bar = error_bar(&Evidence { held, gaps, ..compacted.clone() });
        assert_eq!(bar.records_max, Some(6000.0), "all that was written before may have been in the range");
        assert!(bar.records_min.is_none_or(|least| least <= 20.0));
        let said = &bar.findings[0];
        assert!(
            said.contains("the topic is compacted") && said.contains("up to 6000") && !said.contains("too high"),
            "{said}"
        );
    }
    // What moved the ends that are polled live was appended, whatever is deleted later.
    let live = error_bar(&Evidence { held, live: true, ..compacted });
    assert_eq!(live.records_max, Some(20.0));
}

#[test]
fn aborted_records_count_and_that_is_said() {
    let gaps = Gaps { aborted: Some(900), undecided: 7, ..seen(10_000, 100, 0.001) };
    let bar = error_bar(&Evidence { gaps: Some(gaps), ..plain(rules(&[])) });
    assert!((bar.too_high_share.unwrap() - 0.102).abs() < 1e-9, "{bar:?}");
    assert!((bar.records_min.unwrap() - 898.0).abs() < 1e-6, "{bar:?}");
    let all = bar.findings.join("\n");
    for said in ["900 (9.0 %) are records of aborted transactions", "7 are of transactions that are still open"] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[test]
fn what_hides_makes_the_bar_wider() {
    let around = ReadAround {
        looked_behind: 400,
        not_looked_at: 30,
        partitions: 1,
        read: 500,
        counted: 600.0,
        standard_error: 10.0,
        ahead: 3.0,
    };
    let bar = error_bar(&Evidence { around, gaps: Some(seen(1000, 100, 0.0)), ..plain(rules(&[])) });
    // Of 1000 counted records 600 were placed one by one, and contain no markers.
    assert_eq!((bar.records_min, bar.records_max), (Some(1000.0 - 40.0 - 20.0), Some(1053.0)));
    let all = bar.findings.join("\n");
    for said in
        ["100 offsets before the range, 1000 in it, 50 after", "600 ± 20 count in the range", "up to 30 may be missing"]
    {
        assert!(all.contains(said), "{said}: {all}");
    }
}
