//! What Kafka Streams 4.3.1 itself computed from small streams, and what holds for every store.

use proptest::prelude::*;

use super::super::claim::Claim;
use super::super::spec::WindowMs;
use super::claims::StreamsClaims;
use super::*;
use crate::profile::Engine;

/// An event's time and key.
type Event = (i64, u64);

fn spec(window: WindowMs, allowed_ms: i64) -> ModelSpec {
    ModelSpec { window, allowed_ms, ..ModelSpec::plain(Engine::KafkaStreams) }
}

fn task(spec: &ModelSpec, record_cache: bool, events: &[Event]) -> (Vec<Taken>, BTreeMap<WindowSpan, u64>) {
    let mut task = StreamsTask::of(spec, record_cache).unwrap().with_results();
    let taken = events.iter().map(|(time_ms, key_hash)| task.take(*time_ms, *key_hash)).collect();
    (taken, task.windows())
}

fn windows(spans: &[(i64, i64, u64)]) -> BTreeMap<WindowSpan, u64> {
    spans.iter().map(|&(start_ms, end_ms, events)| (WindowSpan { start_ms, end_ms }, events)).collect()
}

fn metric(taken: &[Taken]) -> u32 {
    taken.iter().map(|taken| taken.lost + taken.refused_by_store).sum()
}

#[test]
fn a_closed_session_is_joined_in_the_cache_and_its_result_stays_behind() {
    let spec = spec(WindowMs::Session { gap_ms: 14 }, 0);
    let events = [(178, 1), (194, 1), (181, 1)];
    let (taken, found) = task(&spec, true, &events);
    assert_eq!((metric(&taken), found), (0, windows(&[(178, 179, 1), (178, 195, 3)])));
    let (taken, found) = task(&spec, false, &events);
    assert_eq!((metric(&taken), found), (0, windows(&[(178, 179, 1), (181, 195, 2)])));
}

#[test]
fn a_store_in_memory_counts_an_event_that_it_keeps_on_the_edge() {
    let spec = spec(WindowMs::Session { gap_ms: 10 }, 5);
    let events = [(100, 1), (85, 2), (84, 3)];
    let (taken, found) = task(&spec, false, &events);
    assert_eq!((metric(&taken), found.len()), (1, 2), "84 is lost, 85 is not");
    let (taken, found) = task(&ModelSpec { in_memory: true, ..spec }, false, &events);
    assert_eq!((metric(&taken), found.len()), (2, 2), "85 counts and is in a session all the same");
}

#[test]
fn a_sliding_window_ends_with_each_record_and_begins_after_each_that_has_a_follower() {
    let spec = spec(WindowMs::Sliding { size_ms: 10 }, 0);
    let (taken, found) = task(&spec, true, &[(100, 1), (105, 1), (101, 1), (90, 1)]);
    // 101 is late for [91, 101], in time for [95, 105] and [101, 111]; a window after it is created without checking whether it is closed.
    assert_eq!(found, windows(&[(90, 101, 1), (95, 106, 3), (101, 112, 2), (102, 113, 1)]));
    assert_eq!(
        taken.iter().map(|taken| (taken.windows, taken.lost)).collect::<Vec<_>>(),
        [(1, 0), (2, 0), (3, 1), (1, 1)]
    );
}

#[test]
fn records_of_the_first_window_of_1970_share_it() {
    let spec = spec(WindowMs::Sliding { size_ms: 10 }, 0);
    let (taken, found) = task(&spec, true, &[(3, 1), (7, 1), (5, 1)]);
    assert_eq!((metric(&taken), found), (0, windows(&[(0, 11, 3), (4, 15, 2), (6, 17, 1)])));
}

/// A full cache has evicted [397, 406] and still has [396, 405]: 411 is taken to follow 405, and is not offered to the closed window after
/// 406. It loses two windows, and three with both of them or with neither.
#[test]
fn a_cache_that_has_given_up_some_windows_may_lose_fewer_than_one_that_has_all_or_none() {
    let spec = ModelSpec { in_memory: true, ..spec(WindowMs::Sliding { size_ms: 9 }, 4) };
    let mut claims = StreamsClaims::of(&spec).unwrap();
    let events = [401, 405, 406, 418, 421, 411];
    let last = events.map(|time_ms| claims.judge(time_ms, 1, |_| ()))[5];
    assert!((last.sure..=last.possible).contains(&2), "{last:?}");
}

/// Events that are often late by about the grace, or by a window more.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let step = prop_oneof![3 => 0..15_i64, 2 => -40..0_i64, 1 => 15..60_i64];
    prop::collection::vec((step, 0..2_u64), 1..60).prop_map(|steps| {
        let mut newest_ms = 100;
        let event = |(step, key_hash): (i64, u64)| {
            let time_ms = (newest_ms + step).max(0);
            newest_ms = newest_ms.max(time_ms);
            (time_ms, key_hash)
        };
        steps.into_iter().map(event).collect()
    })
}

fn window() -> impl Strategy<Value = WindowMs> {
    prop_oneof![
        (1..15_i64).prop_map(|gap_ms| WindowMs::Session { gap_ms }),
        (1..15_i64).prop_map(|size_ms| WindowMs::Sliding { size_ms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    /// A full cache evicts its least recently used windows: then a closed window is found, or not, by chance.
    #[test]
    fn a_cache_that_forgets_by_chance_lies_between(
        window in window(), allowed_ms in 0..20_i64, in_memory in any::<bool>(), events in events(), coins in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let spec = ModelSpec { in_memory, ..spec(window, allowed_ms) };
        let mut claims = StreamsClaims::of(&spec).unwrap();
        let mut task = StreamsTask::of(&spec, true).unwrap();
        let mut coins = coins.iter().cycle();
        let (mut least, mut most, mut lost) = (0, 0, 0);
        for (time_ms, key_hash) in events {
            let judged = claims.judge(time_ms, key_hash, |_| ());
            let taken = task.take(time_ms, key_hash);
            task.evict(&mut || *coins.next().unwrap());
            let holds = match judged.claim {
                Claim::SureKeep => taken.lost < taken.windows,
                Claim::SureDrop => taken.lost == taken.windows,
                Claim::Race => true,
                Claim::Refused => false,
            };
            prop_assert!(holds, "{time_ms} is {judged:?}, and {taken:?}");
            least += judged.sure + judged.refused_sure;
            most += judged.possible + judged.refused_possible;
            lost += taken.lost + taken.refused_by_store;
        }
        prop_assert!((least..=most).contains(&lost), "{lost} is not in {least}..={most}");
    }

    /// Following sliding windows for ever costs too much. The claims made without following them enclose those made by following them.
    #[test]
    fn what_follows_from_the_times_holds_what_following_the_windows_says(size_ms in 1..15_i64, allowed_ms in 0..20_i64, cache in any::<bool>(), events in events()) {
        let spec = ModelSpec { record_cache: Some(cache), ..spec(WindowMs::Sliding { size_ms }, allowed_ms) };
        let (mut exact, mut coarse) = (StreamsClaims::of(&spec).unwrap(), StreamsClaims::of(&spec).unwrap());
        coarse.give_up();
        for (time_ms, key_hash) in events {
            let (exact, coarse) = (exact.judge(time_ms, key_hash, |_| ()), coarse.judge(time_ms, key_hash, |_| ()));
            prop_assert!(coarse.claim == Claim::Race || coarse.claim == exact.claim, "{time_ms}: {coarse:?}, {exact:?}");
            prop_assert!(coarse.sure <= exact.sure && exact.possible <= coarse.possible, "{time_ms}: {coarse:?}, {exact:?}");
        }
    }
}
