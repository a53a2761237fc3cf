//! What a stage showed, and what nobody knows of.

use super::*;

/// What a stage showed, for judging: everything was seen and timed.
fn seen(change: impl FnOnce(&mut crate::check::Delivered)) -> crate::check::Delivered {
    let mut delivered = crate::check::Delivered::default();
    let mut events = crate::check::sequences::SequenceSet::default();
    for sequence in 0..2000 {
        events.observe(sequence);
    }
    delivered.producers.insert(0, events.finish());
    delivered.positions.insert(0, 1500);
    change(&mut delivered);
    delivered
}

fn judge_seen(measured: &Measured, delivered: &crate::check::Delivered, is_input: bool) -> Judgement {
    let acked = [(0, 1999)].into();
    let stream = StreamFigures {
        name: "orders",
        stage: None,
        phase: None,
        phases: &[],
        sides: measured.sides,
        slo: &measured.slo,
        delivery: measured.delivery,
        counts: &measured.counts,
        lost: &[],
        failed_but_delivered: 0,
        due_to_consumed: Some(&measured.end_to_end),
        untimed: 0,
        observer_behind_ms: 0.0,
        sent_to_acked: None,
        generator: None,
        watermarks: &[],
        reading: Some(StageReading { topic: "orders", is_input, delivered, acked: &acked }),
    };
    judge(&RunFigures { streams: &[stream], interrupted: false, embedded: false, clocks: None })
}

#[test]
fn what_readers_are_not_shown_is_in_flight_with_its_cause() {
    let counts = Counts { delivered: 1500, in_flight: 500, ..healthy().counts };
    let measured = Measured { counts, end_to_end: latencies(1500, 5), ..healthy() };
    type Change = fn(&mut crate::check::Delivered);
    let causes: [(Change, ReasonCode); 5] = [
        (|of| of.unread = 7, ReasonCode::NotReadToEnd),
        (|of| of.ends = [(0, 1500)].into(), ReasonCode::NotReplicated),
        (|of| (of.ends, of.stable_ends) = ([(0, 2000)].into(), [(0, 1500)].into()), ReasonCode::OpenTransaction),
        (|of| of.topic_changes = 1, ReasonCode::TopicChanged),
        (|of| of.ends = [(0, 2000)].into(), ReasonCode::InFlight),
    ];
    for (change, code) in causes {
        let judgement = judge_seen(&measured, &seen(change), true);
        let codes: Vec<_> = judgement.reasons.iter().map(|reason| reason.code).collect();
        assert_eq!(judgement.verdict, Verdict::Void, "{codes:?}");
        assert_eq!(codes, [ReasonCode::NotAllSeen, code], "a latency within its limit is that of the seen only");
    }
}

#[test]
fn an_output_whose_end_nobody_tells_hides_what_was_not_seen() {
    let counts = Counts { delivered: 1500, in_flight: 500, ..healthy().counts };
    let measured = Measured { counts, slo: Slo::default(), ..healthy() };
    let judgement = judge_seen(&measured, &seen(|of| of.ends_unknown = 1), false);
    let [reason] = &judgement.reasons[..] else { panic!("{:?}", judgement.reasons) };
    assert_eq!((judgement.verdict, reason.code), (Verdict::Void, ReasonCode::EndUnknown));
    assert!(reason.text.contains("500 acked events were not seen; no broker said where topic orders ends"), "{reason}");
}

#[test]
fn the_unseen_void_only_a_latency_that_they_could_break() {
    let counts = Counts { delivered: 1999, in_flight: 1, ..healthy().counts };
    let measured = Measured { counts, end_to_end: latencies(1999, 5), ..healthy() };
    let judgement = judge_seen(&measured, &seen(|_| {}), true);
    assert_eq!(judgement.reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(), [ReasonCode::InFlight]);
    let slow = Measured { end_to_end: latencies(1999, 30), ..measured };
    assert_eq!(judge_seen(&slow, &seen(|_| {}), true).verdict, Verdict::Fail, "more unseen would not make it shorter");
}

#[test]
fn a_stage_that_cannot_be_read_is_shown_with_where_its_ids_are() {
    let counts = Counts { delivered: 0, in_flight: 2000, unreadable: 2000, ..healthy().counts };
    let delivered = seen(|of| {
        of.producers.clear();
        (of.unreadable, of.foreign) = (2000, 2000);
        of.strangers.sample = Some(crate::check::Sample {
            partition: 0,
            offset: 7,
            fault: "the message has no id at its place".to_owned(),
            text: "{payload: {after: {id: (36 characters)}}}".to_owned(),
            id_at: Some("/payload/after/id".to_owned()),
        });
    });
    let judgement = judge_seen(&Measured { counts, slo: Slo::default(), ..healthy() }, &delivered, false);
    let reason = judgement.reasons.iter().find(|reason| reason.code == ReasonCode::Unreadable).unwrap();
    assert_eq!(judgement.verdict, Verdict::Void);
    assert!(reason.text.contains("none of the 2,000 messages in topic orders can be read as an event"), "{reason}");
    assert!(reason.text.contains("set id = \"/payload/after/id\""), "{reason}");
}

#[test]
fn other_runs_are_named_and_a_broken_latency_beside_them_is_void() {
    let delivered = seen(|of| {
        of.foreign = 500;
        (0..500).for_each(|_| of.strangers.event_of(crate::event::RunTag(0xBEEF)));
    });
    let kept = judge_seen(&healthy(), &delivered, true);
    assert_eq!((kept.verdict, kept.reasons[0].code), (Verdict::Pass, ReasonCode::OtherRun));
    assert!(kept.reasons[0].text.contains("500 events of another run (tag 0000beef)"), "{}", kept.reasons[0]);
    let broken = judge_seen(&Measured { end_to_end: latencies(2000, 30), ..healthy() }, &delivered, true);
    assert_eq!((broken.verdict, broken.reasons[0].code), (Verdict::Void, ReasonCode::OtherRunLoad));
}

#[test]
fn a_run_id_that_another_process_uses_leaves_no_copy_certain() {
    let counts = Counts { duplicates_accidental: 400, ..healthy().counts };
    let measured = Measured { counts, delivery: Delivery::ExactlyOnce, ..healthy() };
    let judgement = judge_seen(&measured, &seen(|of| of.twin = Some((2_300_000_000, 400))), true);
    assert_eq!((judgement.verdict, judgement.reasons[0].code), (Verdict::Void, ReasonCode::SameRunId));
    assert!(judgement.reasons[0].text.contains("started 2.3 s later"), "{}", judgement.reasons[0]);
}

#[test]
fn a_due_time_that_was_changed_on_the_way_is_named_with_its_unit() {
    let counts = Counts { due_wrong: 100, ..healthy().counts };
    let contradiction = crate::check::DueContradiction { claimed_us: 1_760_000_000_123, due_us: 1_760_000_000_123_456 };
    let delivered = seen(|of| of.contradiction = Some(contradiction));
    let judgement = judge_seen(&Measured { counts, ..healthy() }, &delivered, false);
    assert_eq!((judgement.verdict, judgement.reasons[0].code), (Verdict::Pass, ReasonCode::DueTimeChanged));
    assert!(judgement.reasons[0].text.contains("it looks like milliseconds"), "{}", judgement.reasons[0]);
}
