//! Windows held against the pipeline's results, as a person reads it.

use jiff::Timestamp;

use super::{
    paint::{Ink, Look, paint},
    tables::{line, plain_table, push_table, push_wrapped},
};
use crate::{
    figures,
    report::figures::{count, share},
    results::{
        summary::CountRange,
        windows::{WindowBounds, WindowSummary, WindowsSummary},
    },
};

/// Most windows in the table.
const MOST_WINDOWS: usize = 10;

/// How many windows are right, where the missing went, and which windows are furthest off.
#[must_use]
pub(crate) fn window_report(whole: &WindowsSummary, look: Look) -> String {
    let mut text = String::new();
    if whole.results + whole.unreadable_results + whole.counted == 0 && whole.events > 0 {
        let none = format!("no window result arrived; {} events belong in the windows", count(whole.events));
        line(&mut text, &format!("  {}", paint(&none, Ink::Bad, look)));
        return text;
    }
    let exact = format!("{} of {} windows hold each event once", count(whole.exact), count(whole.compared));
    let ink = if whole.exact == whole.compared { Ink::Good } else { Ink::Bad };
    line(&mut text, &format!("  {}", paint(&exact, ink, look)));
    line(&mut text, "");
    fates(&mut text, whole);
    named(&mut text, &whole.worst);
    for remark in remarks(whole).iter().chain(&whole.notes) {
        push_wrapped(&mut text, remark, look.width);
    }
    text
}

fn fates(text: &mut String, whole: &WindowsSummary) {
    let mut table = plain_table(4, 1..3);
    let mut row = |name: &str, number: String, of: String, meaning: &str| {
        table.add_row([name.to_owned(), number, of, meaning.to_owned()]);
    };
    row("events", count(whole.events), String::new(), "belong in these windows");
    row("counted", count(whole.counted), share(whole.counted, whole.events), "by the pipeline");
    row("missing", count(whole.missing), share(whole.missing, whole.events), "events in too few results");
    if whole.missing > 0 {
        row("  behind watermark", between(whole.missing_behind_watermark), String::new(), "as the model predicts");
        row("  lost elsewhere", between(whole.missing_elsewhere), String::new(), "not predicted");
    }
    row("counted twice", count(whole.counted_twice), share(whole.counted_twice, whole.events), "copies of events");
    if whole.unexplained > 0 {
        row("unexplained", count(whole.unexplained), String::new(), "counted without an event");
    }
    push_table(text, &table);
}

fn named(text: &mut String, windows: &[WindowSummary]) {
    if windows.is_empty() {
        return;
    }
    line(text, "");
    let mut table = plain_table(8, 1..7);
    table.add_row(["window", "events", "counted", "missing", "behind", "elsewhere", "twice", "worst key"]);
    for window in windows.iter().take(MOST_WINDOWS) {
        table.add_row([
            span(WindowBounds { start_ms: window.start_ms, end_ms: window.end_ms }),
            count(window.expected),
            if window.has_result { count(window.observed) } else { "no result".to_owned() },
            count(window.missing),
            between(window.missing_behind_watermark),
            between(window.missing_elsewhere),
            count(window.counted_twice),
            window.key.clone().unwrap_or_default(),
        ]);
    }
    push_table(text, &table);
    if windows.len() > MOST_WINDOWS {
        line(text, "  the furthest off first; summary.json has more");
    }
}

/// What the figures leave out, or cannot carry.
fn remarks(whole: &WindowsSummary) -> Vec<String> {
    let strange = whole.strange_window.map(span).unwrap_or_default();
    let held = format!("only {:.1} % of the pairs of window and key fit in memory", whole.held_share * 100.0);
    let one_or =
        |number: u64, one: &str, many: &str| format!("{} {}", count(number), if number == 1 { one } else { many });
    let windows = |number| one_or(number, "window was", "windows were");
    let all = [
        (
            whole.not_closed,
            format!(
                "{} not closed at the end and left out, with {} events.",
                windows(whole.not_closed),
                count(whole.events_not_closed)
            ),
        ),
        (
            whole.without_result,
            format!("{} without any result, although events belong there.", windows(whole.without_result)),
        ),
        (
            whole.without_events,
            format!(
                "{} without any event of this run, and left out although results came.",
                windows(whole.without_events)
            ),
        ),
        (
            whole.strange_results,
            format!(
                "{} for windows of another length or alignment, such as {strange}: compare the pipeline's windows with the profile's.",
                one_or(whole.strange_results, "result was", "results were")
            ),
        ),
        (
            whole.counted_although_sure_to_drop,
            format!(
                "{} counted although the model says it is dropped for certain: the model's settings are not the pipeline's.",
                one_or(whole.counted_although_sure_to_drop, "event was", "events were")
            ),
        ),
        (
            whole.events_not_held + whole.results_not_held,
            format!(
                "{} left out, and {}: {held}. The figures are from a random sample.",
                one_or(whole.events_not_held, "event was", "events were"),
                one_or(whole.results_not_held, "result", "results")
            ),
        ),
    ];
    all.into_iter().filter(|(number, _)| *number > 0).map(|(_, remark)| remark).collect()
}

fn between(counts: CountRange) -> String {
    figures::range(counts.min, counts.max)
}

/// `2026-01-31T10:00:00Z +10 s`; milliseconds where a year has more than four digits.
fn span(window: WindowBounds) -> String {
    let WindowBounds { start_ms, end_ms } = window;
    let length_ms = end_ms.abs_diff(start_ms);
    let start =
        Timestamp::from_millisecond(start_ms).map_or_else(|_| format!("{start_ms} ms"), |time| time.to_string());
    format!("{start} +{}", figures::exact_length(length_ms))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::event_time::windows::{BookRule, Counted, WindowBook, WindowShape, WindowSpan};
    use crate::profile::{CopiesRule, Updates};

    const START_MS: i64 = 1_767_225_600_000; // 2026-01-01T00:00:00Z

    fn reconciled() -> WindowsSummary {
        let shape = WindowShape::tumbling(10_000).unwrap();
        let mut book = WindowBook::new(BookRule {
            shape,
            by_key: true,
            updates: Updates::Replace,
            copies: CopiesRule::Once,
            most_pairs: 1000,
        });
        let mut predicted = BTreeMap::new();
        for window in 0..14_i64 {
            let start_ms = START_MS + window * 10_000;
            let span = WindowSpan { start_ms, end_ms: start_ms + 10_000 };
            (0..1000).for_each(|n| book.expect(start_ms + n * 10, Some(b"k7"), false));
            book.expect(start_ms, Some(b"k7"), true);
            predicted.insert(span, CountRange { min: window as u64, max: 2 * window as u64 });
            let counted = match window {
                0..3 => 1001 - window as u64,
                _ => 1000 - 3 * window as u64,
            };
            if window != 9 {
                book.result(&Counted { window: span, key: Some(b"k7"), count: Some(counted), offset: window as u64 });
            }
        }
        let strange = WindowSpan { start_ms: START_MS, end_ms: START_MS + 5000 };
        book.result(&Counted { window: strange, key: Some(b"k7"), count: Some(5), offset: 99 });
        book.finish(Some(START_MS + 130_000), &predicted).into()
    }

    #[test]
    fn windows_that_came_up_short() {
        let text = window_report(&reconciled(), Look::PLAIN);
        assert!(text.lines().all(|line| line.chars().count() <= Look::PLAIN.width), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn windows_that_are_right_have_little_to_say() {
        let all = WindowsSummary { compared: 6, exact: 6, events: 60_000, counted: 60_000, ..Default::default() };
        insta::assert_snapshot!(window_report(&all, Look::PLAIN));
    }
}
