use proptest::prelude::*;

use super::*;
use crate::event_time::CountRange;

const GAP: i64 = 10;
const KEYS: [&[u8]; 3] = [b"a", b"b", b"c"];

fn rule() -> SessionRule {
    SessionRule { gap_ms: GAP, joins_at_gap: true, by_key: true, copies: CopiesRule::Once, most_sessions: 1 << 16 }
}

fn loss(sure: u64, possible: u64) -> BTreeMap<WindowSpan, CountRange> {
    BTreeMap::from([(WindowSpan { start_ms: 0, end_ms: 1 }, CountRange { min: sure, max: possible })])
}

fn result(start_ms: i64, end_ms: i64, count: Option<u64>, offset: u64) -> Counted<'static> {
    Counted { window: WindowSpan { start_ms, end_ms }, key: Some(b"a"), count, offset }
}

/// A pipeline that counts sessions and writes every change of one, as Kafka Streams does: what a session replaces is withdrawn first.
/// Flink's late firings are the same without the withdrawals, and with ends a gap later.
#[derive(Default)]
struct Pipeline {
    sessions: Vec<(usize, i64, i64, u64)>,
    offset: u64,
}

impl Pipeline {
    fn count(&mut self, key: usize, time: i64, like_flink: bool, book: &mut SessionBook) {
        let mut joined = (key, time, time, 1);
        let mut gone = Vec::new();
        self.sessions.retain(|session| {
            let joins = session.0 == key && session.1 <= time + GAP && time <= session.2 + GAP;
            if joins {
                joined = (key, joined.1.min(session.1), joined.2.max(session.2), joined.3 + session.3);
                gone.push(*session);
            }
            !joins
        });
        self.sessions.push(joined);
        let end = |last: i64| if like_flink { last + GAP } else { last };
        let withdrawn = gone.iter().filter(|_| !like_flink).map(|session| (session.1, session.2, None));
        for (start_ms, last_ms, count) in withdrawn.chain([(joined.1, joined.2, Some(joined.3))]) {
            self.offset += 1;
            let window = WindowSpan { start_ms, end_ms: end(last_ms) };
            book.result(&Counted { window, key: Some(KEYS[key]), count, offset: self.offset });
        }
    }
}

/// Keys, times and whether the pipeline drops them.
fn stream() -> impl Strategy<Value = Vec<(usize, i64, bool)>> {
    prop::collection::vec((0..KEYS.len(), 0..300_i64, prop::bool::weighted(0.2)), 0..80)
}

proptest! {
    #[test]
    fn what_a_pipeline_dropped_is_missing_and_nothing_else(stream in stream(), like_flink in any::<bool>(), results_first in any::<bool>()) {
        let (mut book, mut pipeline) = (SessionBook::new(rule()), Pipeline::default());
        let expect = |book: &mut SessionBook| stream.iter().for_each(|(key, time, _)| book.expect(*time, Some(KEYS[*key]), false));
        if !results_first {
            expect(&mut book);
        }
        for (key, time, _) in stream.iter().filter(|(_, _, dropped)| !dropped) {
            pipeline.count(*key, *time, like_flink, &mut book);
        }
        if results_first {
            expect(&mut book);
        }
        let dropped = stream.iter().filter(|(_, _, dropped)| *dropped).count() as u64;
        let whole = book.finish(None, &loss(dropped, dropped));
        prop_assert_eq!((whole.events, whole.missing), (stream.len() as u64, dropped));
        prop_assert_eq!((whole.unexplained, whole.counted_twice, whole.windows_without_events), (0, 0, 0));
        prop_assert_eq!(whole.behind_watermark, CountRange { min: dropped, max: dropped });
        prop_assert_eq!(whole.lost_elsewhere, CountRange { min: 0, max: 0 });
    }

    #[test]
    fn books_of_parts_merge_to_the_whole(stream in stream()) {
        let expect = |keep: &dyn Fn(usize) -> bool| {
            let mut book = SessionBook::new(rule());
            let kept = stream.iter().enumerate().filter(|(place, _)| keep(*place));
            kept.for_each(|(_, (key, time, is_copy))| book.expect(*time, Some(KEYS[*key]), *is_copy));
            book
        };
        let mut merged = expect(&|place| place % 3 == 0);
        merged.merge(expect(&|place| place % 3 != 0));
        prop_assert_eq!(merged, expect(&|_| true));
    }
}

#[test]
fn a_copy_that_counts_and_an_event_from_nowhere_are_told_apart() {
    let mut book = SessionBook::new(rule());
    book.expect(100, Some(b"a"), false);
    book.expect(105, Some(b"a"), true);
    book.result(&result(100, 105, Some(3), 0));
    book.result(&result(500, 500, Some(1), 1));
    let whole = book.finish(None, &loss(0, 0));
    assert_eq!((whole.counted_twice, whole.unexplained, whole.windows_without_events), (1, 1, 1));
}

#[test]
fn sessions_that_may_go_on_are_not_compared() {
    let mut book = SessionBook::new(rule());
    book.expect(100, Some(b"a"), false);
    book.expect(200, Some(b"a"), false);
    book.result(&result(100, 100, Some(1), 0));
    let whole = book.finish(Some(209), &loss(1, 1));
    assert_eq!((whole.windows, whole.windows_open, whole.events_open, whole.missing), (1, 1, 1, 0));
    // The open one is too young to have lost an event: what the model drops must be missing from the other.
    assert_eq!(whole.counted_although_sure_to_drop, 1);
}

#[test]
fn an_open_session_may_have_lost_its_first_events() {
    let mut book = SessionBook::new(rule());
    (0..10).for_each(|n| book.expect(100 + n * 9, Some(b"a"), false));
    let whole = book.finish(Some(150), &loss(1, 1));
    assert_eq!((whole.windows, whole.windows_open, whole.counted_although_sure_to_drop), (0, 1, 0));
}

#[test]
fn what_is_missing_beyond_the_prediction_is_lost_elsewhere() {
    let mut book = SessionBook::new(rule());
    (0..10).for_each(|_| book.expect(100, Some(b"a"), false));
    book.result(&result(100, 110, Some(4), 0));
    let whole = book.clone().finish(None, &loss(1, 2));
    assert_eq!(
        (whole.behind_watermark, whole.lost_elsewhere),
        (CountRange { min: 1, max: 2 }, CountRange { min: 4, max: 5 })
    );
    let unknown = book.finish(None, &NoPrediction);
    assert_eq!(unknown.lost_elsewhere, CountRange { min: 0, max: 6 });
}

#[test]
fn too_many_sessions_are_sampled_by_key() {
    let mut book = SessionBook::new(SessionRule { most_sessions: 100, ..rule() });
    for n in 0..1000_i64 {
        let key = n.to_string();
        book.expect(n, Some(key.as_bytes()), false);
        let window = WindowSpan { start_ms: n, end_ms: n };
        book.result(&Counted { window, key: Some(key.as_bytes()), count: Some(1), offset: n as u64 });
    }
    let whole = book.finish(None, &loss(0, 0));
    assert!(whole.held_share < 0.2 && whole.windows <= 50 && whole.windows > 5, "{whole:?}");
    assert_eq!((whole.windows, whole.windows_exact), (whole.events, whole.windows_exact));
    assert_eq!(whole.events + whole.events_not_held, 1000);
}

#[test]
fn what_a_merged_part_cannot_hold_is_counted_too() {
    let part = |keys: std::ops::Range<i64>| {
        let mut book = SessionBook::new(SessionRule { most_sessions: 100, ..rule() });
        keys.for_each(|n| book.expect(n, Some(n.to_string().as_bytes()), false));
        book
    };
    let mut merged = part(0..1000);
    merged.merge(part(1000..1090));
    let whole = merged.finish(None, &NoPrediction);
    assert_eq!(whole.events + whole.events_not_held, 1090);
}
