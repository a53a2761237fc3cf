use proptest::prelude::*;

use super::super::event_times::tests::{figures, flink, profile, sent};
use super::*;
use crate::consume::PartitionsRead;
use crate::consume::window_results::{ResultFault, ResultPart};
use crate::consume::windows::ResultsSeen;
use crate::event_time::windows::{Book, BooksRule, Counted, WindowSpan};

fn read_back(figures: &EventTimeFigures) -> EventTimeFigures {
    let (folder, mut bytes) = (tempfile::tempdir().unwrap(), Vec::new());
    write_event_times(figures, &mut bytes).unwrap();
    let file = folder.path().join("orders.orders.event_times.ledger");
    fs::write(&file, bytes).unwrap();
    read_event_times(&file, &[flink()]).unwrap().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn event_times_are_read_as_they_were_written(events in sent()) {
        let measured = figures(&flink(), &events, &[1, 2]);
        prop_assert_eq!(read_back(&measured), measured);
    }

    #[test]
    fn windows_are_read_as_they_were_written(
        events in prop::collection::vec((-5_000..5_000_i64, 0..9_u8, any::<bool>()), 0..200), most in 1..400_usize,
    ) {
        for rule in rules(most) {
            let seen = windows(rule, &events);
            let mut bytes = Vec::new();
            write_figures(LedgerRole::Windows, &seen, &mut bytes).unwrap();
            let read: WindowsSeen = read_figures(LedgerRole::Windows, &mut bytes.as_slice()).unwrap();
            prop_assert_eq!(read, seen);
        }
    }
}

/// Tumbling windows and sessions, each with room for so many.
fn rules(most: usize) -> [BooksRule; 2] {
    ["tumbling:1s", "session:100ms"].map(|window| {
        let text = format!(
            "duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"s\"\nrate = \"1/s\"\n[[stream.stage]]\nname = \"in\"\ntopic = \"s\"\n\
             [[stream.stage]]\nname = \"out\"\ntopic = \"o\"\n\
             results = {{ start = \"/start\", end = \"/end\", key = \"/key\", count = \"/count\", window = \"{window}\" }}\n"
        );
        let profile = crate::profile::Profile::from_text(&text, "p.toml").unwrap().profile;
        let mut rule = windows_plan(&profile.streams[0], &[], 1).results.unwrap().1;
        match &mut rule {
            BooksRule::Aligned(rule) => rule.most_pairs = most,
            BooksRule::Sessions(rule) => rule.most_sessions = most,
        }
        rule
    })
}

fn windows(rule: BooksRule, events: &[(i64, u8, bool)]) -> WindowsSeen {
    let mut book = Book::new(rule);
    for (offset, (time_ms, key, is_copy)) in (0..).zip(events) {
        let key = format!("key \"{key}\"");
        book.expect(*time_ms, Some(key.as_bytes()), *is_copy);
        let window =
            WindowSpan { start_ms: time_ms.div_euclid(1000) * 1000, end_ms: (time_ms.div_euclid(1000) + 1) * 1000 };
        let count = (!is_copy).then_some(offset % 7);
        book.result(&Counted { window, key: Some(key.as_bytes()), count, offset });
    }
    let results = ResultsSeen {
        book,
        results: events.len() as u64,
        unreadable: 1,
        fault: Some(ResultFault::Seconds(ResultPart::End, -3)),
        last_end_ms: Some(i64::MIN),
    };
    WindowsSeen {
        stages: [(1, results)].into(),
        maxima_ms: [(0, None), (1, Some(i64::MAX))].into(),
        without_event_time: 3,
        cut_short: true,
        partitions: PartitionsRead::new(2, [1]),
    }
}

#[test]
fn a_folder_without_the_figures_that_the_profile_asks_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    make_ledger_folder(folder.path()).unwrap();
    let stream = &profile().streams[0];
    let nothing = stage_of(folder.path(), stream, 0, "orders").unwrap();
    assert!(nothing.delivered.is_none() && nothing.event_times.is_none(), "a sender's folder");
    let mut bytes = Vec::new();
    Delivered::default().write_to(&mut bytes).unwrap();
    fs::write(folder.path().join("ledger/orders.orders.delivered.ledger"), bytes).unwrap();
    let why = stage_of(folder.path(), stream, 0, "orders").unwrap_err().to_string();
    assert!(why.contains("event_times.ledger") && why.contains("an earlier floodmark"), "{why}");
    let mut plain = stream.clone();
    plain.watermarks.clear();
    assert!(stage_of(folder.path(), &plain, 0, "orders").unwrap().delivered.is_some(), "nothing was to be kept");
}
