use proptest::prelude::*;

use super::*;
use crate::event_time::{
    CountRange,
    windows::{NoPrediction, ReconciledWindow},
};

const SIZE: i64 = 10_000;

fn rule() -> BookRule {
    BookRule {
        shape: WindowShape::tumbling(SIZE).unwrap(),
        by_key: true,
        updates: Updates::Replace,
        copies: CopiesRule::Once,
        most_pairs: 1 << 16,
    }
}

fn span(n: i64) -> WindowSpan {
    WindowSpan { start_ms: n * SIZE, end_ms: (n + 1) * SIZE }
}

fn result(n: i64, key: &'static str, count: Option<u64>, offset: u64) -> Counted<'static> {
    Counted { window: span(n), key: Some(key.as_bytes()), count, offset }
}

/// Window 0 has `events` events and `copies` copies of key `a`, and the pipeline counted `counted`.
fn one_window(events: u64, copies: u64, counted: u64, loss: Option<(u64, u64)>) -> ReconciledWindow {
    let mut book = WindowBook::new(rule());
    (0..events).for_each(|n| book.expect(n as i64, Some(b"a"), false));
    (0..copies).for_each(|n| book.expect(n as i64, Some(b"a"), true));
    book.result(&result(0, "a", Some(counted), 0));
    let whole = match loss {
        None => book.finish(None, &NoPrediction),
        Some((sure, possible)) => {
            book.finish(None, &BTreeMap::from([(span(0), CountRange { min: sure, max: possible })]))
        }
    };
    assert_eq!(whole.windows, 1);
    whole
        .named
        .into_iter()
        .next()
        .unwrap_or_else(|| ReconciledWindow { window: span(0), ..ReconciledWindow::default() })
}

fn between(min: u64, max: u64) -> CountRange {
    CountRange { min, max }
}

#[test]
fn what_the_model_predicted_is_behind_the_watermark_and_the_rest_is_lost_elsewhere() {
    let window = one_window(1000, 0, 880, Some((100, 115)));
    assert_eq!(
        (window.missing, window.behind_watermark, window.lost_elsewhere),
        (120, between(100, 115), between(5, 20))
    );
    assert_eq!(
        window.to_string(),
        "120 of 1000 events are missing, 100 to 115 of them dropped as too late, 5 to 20 of them lost elsewhere"
    );
    let window = one_window(1000, 0, 990, Some((10, 10)));
    assert_eq!((window.missing, window.behind_watermark, window.lost_elsewhere), (10, between(10, 10), between(0, 0)));
    let window = one_window(1000, 0, 990, Some((0, 0)));
    assert_eq!((window.behind_watermark, window.lost_elsewhere), (between(0, 0), between(10, 10)));
    let window = one_window(1000, 0, 990, None);
    assert_eq!((window.behind_watermark, window.lost_elsewhere), (between(0, 10), between(0, 10)), "nobody knows");
}

#[test]
fn copies_that_were_counted_are_told_from_what_nobody_sent() {
    let window = one_window(100, 7, 109, Some((0, 0)));
    assert_eq!((window.missing, window.counted_twice, window.unexplained), (0, 7, 2));
    assert_eq!(window.to_string(), "7 copies counted as well, 2 counted without an event");
    assert!(one_window(100, 7, 100, Some((0, 3))).is_exact(), "copies were removed");
}

#[test]
fn what_is_sure_to_be_dropped_may_have_been_copies_that_nobody_misses() {
    assert!(one_window(100, 7, 100, Some((5, 5))).is_exact(), "5 late copies were dropped");
    let window = one_window(100, 7, 102, Some((5, 5)));
    assert_eq!((window.missing, window.counted_twice, window.counted_although_sure_to_drop), (0, 2, 0));
    let window = one_window(100, 7, 103, Some((5, 5)));
    assert_eq!((window.counted_twice, window.counted_although_sure_to_drop), (3, 1), "only 102 are left of 107");
    let window = one_window(100, 7, 90, Some((9, 9)));
    assert_eq!((window.missing, window.behind_watermark, window.lost_elsewhere), (10, between(2, 9), between(1, 8)));
}

#[test]
fn windows_without_any_event_are_of_another_time_and_not_compared() {
    let mut book = WindowBook::new(rule());
    book.expect(10_005, Some(b"a"), false);
    book.result(&result(0, "a", Some(7), 0));
    book.result(&result(1, "a", Some(1), 1));
    let whole = book.finish(None, &NoPrediction);
    assert_eq!((whole.windows, whole.windows_exact, whole.windows_without_events), (1, 1, 1));
    assert_eq!((whole.unexplained, whole.counted), (0, 1));
}

#[test]
fn a_model_that_the_pipeline_contradicts_is_reported() {
    let window = one_window(100, 0, 98, Some((5, 8)));
    assert_eq!((window.missing, window.counted_although_sure_to_drop), (2, 3));
    assert_eq!((window.behind_watermark, window.lost_elsewhere), (between(2, 2), between(0, 0)));
}

#[test]
fn the_last_result_counts_and_a_withdrawn_one_counts_nothing() {
    let told = |results: &[Counted<'_>], updates| {
        let mut book = WindowBook::new(BookRule { updates, ..rule() });
        (0..10).for_each(|n| book.expect(n, Some(b"a"), false));
        results.iter().for_each(|result| book.result(result));
        let whole = book.finish(None, &NoPrediction);
        (whole.counted, whole.missing, whole.windows_without_result)
    };
    // They may be read in any order: their offsets decide which is the last.
    assert_eq!(told(&[result(0, "a", Some(10), 8), result(0, "a", Some(4), 3)], Updates::Replace), (10, 0, 0));
    assert_eq!(told(&[result(0, "a", Some(10), 8), result(0, "a", None, 9)], Updates::Replace), (0, 10, 0));
    assert_eq!(told(&[result(0, "a", Some(6), 8), result(0, "a", Some(4), 3)], Updates::Add), (10, 0, 0));
    assert_eq!(told(&[], Updates::Replace), (0, 10, 1));
}

#[test]
fn one_key_too_many_does_not_make_up_for_one_too_few() {
    let mut book = WindowBook::new(rule());
    (0..10).for_each(|n| book.expect(n, Some(if n < 5 { b"a" } else { b"b" }), false));
    book.result(&result(0, "a", Some(3), 0));
    book.result(&result(0, "b", Some(7), 1));
    let whole = book.finish(None, &BTreeMap::new());
    assert_eq!((whole.missing, whole.unexplained, whole.named[0].keys_off), (2, 2, 2));
    assert!(whole.named[0].worst_key.is_some());
}

#[test]
fn windows_that_are_open_and_windows_of_another_shape_are_not_compared() {
    let mut book = WindowBook::new(rule());
    [5, 10_005, 20_005].iter().for_each(|&time| book.expect(time, Some(b"a"), false));
    book.result(&result(0, "a", Some(1), 0));
    book.result(&result(1, "a", Some(1), 1));
    let off = WindowSpan { start_ms: 5000, end_ms: 10_000 };
    book.result(&Counted { window: off, key: None, count: Some(3), offset: 2 });
    let whole = book.finish(Some(20_500), &NoPrediction);
    assert_eq!((whole.windows, whole.windows_exact, whole.windows_open, whole.events_open), (2, 2, 1, 1));
    assert_eq!((whole.strange_windows, whole.strange_example), (1, Some(off)));
}

#[test]
fn what_comes_for_a_closed_window_is_counted_and_memory_given_back() {
    let mut book = WindowBook::new(rule());
    for n in 0..100 {
        book.expect(n * SIZE, Some(b"a"), false);
        book.result(&result(n, "a", Some(1), n as u64));
        book.close((n - 2) * SIZE, &NoPrediction);
        assert!(book.pairs() <= 3, "{} pairs", book.pairs());
    }
    book.expect(0, Some(b"a"), false);
    book.result(&result(0, "a", Some(2), 1000));
    let whole = book.finish(None, &NoPrediction);
    assert_eq!((whole.windows, whole.windows_exact), (100, 100));
    assert_eq!((whole.events_after_close, whole.results_after_close), (1, 1));
}

#[derive(Debug, Clone)]
enum Step {
    Event { time: i64, key: u8, copy: bool },
    Result { window: i64, key: u8, count: u64, offset: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let event =
        (-30_000..30_000_i64, 0..6_u8, any::<bool>()).prop_map(|(time, key, copy)| Step::Event { time, key, copy });
    let result = (-4..4_i64, 0..6_u8, 0..5_u64, any::<u64>()).prop_map(|(window, key, count, offset)| Step::Result {
        window,
        key,
        count,
        offset,
    });
    prop::collection::vec(prop_oneof![event, result], 0..120)
}

fn book_of(rule: BookRule, steps: &[Step]) -> WindowBook {
    let mut book = WindowBook::new(rule);
    for step in steps {
        match *step {
            Step::Event { time, key, copy } => book.expect(time, Some(&[b'a' + key]), copy),
            Step::Result { window, key, count, offset } => book.result(&Counted {
                window: span(window),
                key: Some(&[b'a' + key]),
                count: (count > 0).then_some(count),
                offset,
            }),
        }
    }
    book
}

proptest! {
    /// However they are dealt out, with and without room for everything.
    #[test]
    fn books_of_parts_merge_to_the_whole(steps in steps(), deal in any::<u64>(), most_pairs in prop_oneof![Just(1000_usize), 0..20_usize]) {
        let rule = BookRule { most_pairs, ..rule() };
        let (mut one, mut two) = (Vec::new(), Vec::new());
        for (n, step) in steps.iter().enumerate() {
            if deal >> (n % 64) & 1 == 0 { one.push(step.clone()) } else { two.push(step.clone()) }
        }
        let whole = book_of(rule, &steps);
        prop_assert!(whole.pairs() <= most_pairs);
        let mut merged = book_of(rule, &one);
        merged.merge(book_of(rule, &two));
        let mut other_way = book_of(rule, &two);
        other_way.merge(book_of(rule, &one));
        let finish = |book: WindowBook| {
            let mut told = book.finish(None, &NoPrediction);
            // Which keys' names are kept depends on who came first, once there is no room.
            told.named.iter_mut().for_each(|window| window.worst_key = None);
            told
        };
        let whole = finish(whole);
        prop_assert_eq!(&finish(merged), &whole);
        prop_assert_eq!(&finish(other_way), &whole);
    }

    #[test]
    fn every_event_and_every_count_is_accounted_for(
        steps in steps(), most_pairs in prop_oneof![Just(1000_usize), 0..20_usize], close in prop::option::of(-30_000..30_000_i64),
        sure in 0..4_u64, race in 0..4_u64,
    ) {
        let rule = BookRule { most_pairs, ..rule() };
        let (early, late) = steps.split_at(steps.len() / 2);
        let prediction: BTreeMap<_, _> =
            (-4..4).map(|n| (span(n), CountRange { min: sure, max: sure + race })).collect();
        let mut book = book_of(rule, early);
        if let Some(close_ms) = close {
            book.close(close_ms, &prediction);
        }
        for step in late {
            if let Step::Event { time, key, copy } = *step {
                book.expect(time, Some(&[b'a' + key]), copy);
            }
        }
        let told = book.finish(Some(20_000), &prediction);
        let events = early.iter().chain(late).filter(|step| matches!(step, Step::Event { copy: false, .. })).count() as u64;
        let copies = early.iter().chain(late).filter(|step| matches!(step, Step::Event { copy: true, .. })).count() as u64;
        let accounted = told.events + told.events_open + told.events_not_held + told.events_after_close;
        prop_assert!((events..=events + copies).contains(&accounted), "{accounted} of {events} to {}", events + copies);
        prop_assert_eq!(told.events + told.unexplained + told.counted_twice, told.counted + told.missing);
        prop_assert_eq!(told.behind_watermark.min + told.lost_elsewhere.max, told.missing);
        prop_assert_eq!(told.behind_watermark.max + told.lost_elsewhere.min, told.missing);
        prop_assert_eq!(told.held_share < 1.0, told.events_not_held + told.results_not_held > 0);
    }
}
