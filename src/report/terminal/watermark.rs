//! What engines drop behind their watermarks, as a person reads it.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets::NOTHING};

use super::event_times::late;
use super::paint::{Ink, Look, paint};
use super::tables::push_wrapped;
use crate::event_time::watermark::tolerance_text;
use crate::figures;
use crate::report::figures::{count, share};
use crate::results::summary::{CountRange, Watermark};
use crate::results::verdicts::{EventFate, TopicWatermarks, WatermarkVerdicts};

/// Most single events, and most windows, that are listed.
const MOST_ROWS: usize = 30;

/// The models of a stream or topic, a row each; empty without any.
#[must_use]
pub(crate) fn watermark_table(watermarks: &[Watermark]) -> String {
    if watermarks.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(vec![""; 7]);
    for column in 1..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.add_row(vec!["would drop", "allows for", "at least", "at most", "expected", "of events", "windows"]);
    for watermark in watermarks {
        let expected = watermark.expected.map_or_else(|| "–".to_owned(), |expected| range(expected.records));
        table.add_row(vec![
            called(watermark),
            tolerance_text(&watermark.tolerance),
            count(watermark.dropped_sure),
            count(watermark.dropped_possible),
            expected,
            share(watermark.dropped_possible, watermark.records),
            count(watermark.windows_affected),
        ]);
    }
    let mut text = String::new();
    for row in table.lines().filter(|row| !row.trim().is_empty()) {
        text.push_str(&format!(" {}\n", row.trim_end()));
    }
    text
}

/// A model's name, with its window.
pub(crate) fn called(watermark: &Watermark) -> String {
    let window = watermark.window.as_deref().map(|window| format!(", {window}")).unwrap_or_default();
    format!("{}{window}", watermark.engine)
}

fn range(range: CountRange) -> String {
    figures::range(range.min, range.max)
}

/// A topic that was read once.
#[must_use]
pub(crate) fn topic_watermarks(of: &TopicWatermarks, look: Look) -> String {
    let mut text = format!(
        "{}: {} messages in {} {}{}\n",
        paint(&of.topic, Ink::Strong, look),
        count(of.messages),
        of.partitions,
        if of.partitions == 1 { "partition" } else { "partitions" },
        of.range.as_deref().map(|range| format!(", {range}")).unwrap_or_default()
    );
    if let Some(offsets) = of.sampled_of {
        text.push_str(&format!(
            "  a sample of {} offsets: drops are counted among the messages read; those between may cause more\n",
            count(offsets)
        ));
    }
    let forms: Vec<String> =
        of.event_time_forms.iter().map(|of| format!("{} ({} messages)", of.form, count(of.messages))).collect();
    if !forms.is_empty() {
        text.push_str(&format!("  event times, in a sample: {}\n", forms.join(", ")));
    }
    text.push('\n');
    text.push_str(&watermark_table(&of.watermarks));
    text.push_str(
        "\n  at least: in any order of reading; at most: in some order; expected: for an engine that keeps up\n",
    );
    push_wrapped(&mut text, &of.append_times.text, look.width);
    for watermark in &of.watermarks {
        let (metric, pairs) = (&watermark.engine_metric, watermark.pairs_lost);
        let expected = watermark.expected.map(|of| format!(", expected {}", range(of.metric))).unwrap_or_default();
        text.push_str(&format!(
            "  {}, {}: {} shows {}{expected}; {} of {} (event, window) pairs are lost\n",
            called(watermark),
            tolerance_text(&watermark.tolerance),
            metric.name,
            range(CountRange { min: metric.min, max: metric.max }),
            range(pairs),
            count(watermark.pairs),
        ));
    }
    let first = of.watermarks.first();
    if let Some(missing) = first.map(|watermark| watermark.without_event_time).filter(|missing| *missing > 0) {
        let example = of.unreadable_example.as_deref().map(|example| format!("; one looks like {example}"));
        let example = example.unwrap_or_default();
        push_wrapped(
            &mut text,
            &format!("{} messages have no readable event time{example}", count(missing)),
            look.width,
        );
    }
    if let Some(lateness) = &of.lateness {
        text.push('\n');
        late(&mut text, lateness, look);
    }
    let mut notes: Vec<&String> = of.watermarks.iter().flat_map(|watermark| &watermark.notes).collect();
    notes.dedup();
    notes.iter().for_each(|note| text.push_str(&format!("  note: {note}\n")));
    text
}

/// The verdicts on a recorded stream: every event that is not simply kept, the windows, and the engine's metric.
#[must_use]
pub(crate) fn recorded_verdicts(of: &WatermarkVerdicts, look: Look) -> String {
    let window = of.window.as_deref().map(|window| format!(", {window}")).unwrap_or_default();
    let how = if of.exact { "exact" } else { "what is certain of each event, in any order of reading" };
    let mut text =
        format!("{}{window}, {}: {how}\n\n", paint(&of.engine, Ink::Strong, look), tolerance_text(&of.tolerance));
    let is_plain = |verdict| matches!(verdict, EventFate::Kept | EventFate::SureKeep);
    let odd: Vec<_> = of.events.iter().filter(|event| !is_plain(event.verdict)).collect();
    for event in odd.iter().take(MOST_ROWS) {
        let time = event.time_ms.map_or_else(|| "–".to_owned(), |time_ms| time_ms.to_string());
        let verdict = verdict_text(event.verdict);
        text.push_str(&format!("  line {:<6} partition {:<4} {time:>15}  {verdict}\n", event.line, event.partition));
    }
    more(&mut text, odd.len(), "events");
    for window in of.windows.iter().take(MOST_ROWS) {
        let events = figures::range(window.count, window.count_max.unwrap_or(window.count).max(window.count));
        text.push_str(&format!("  [{}, {})  {events}\n", window.start_ms, window.end_ms));
    }
    more(&mut text, of.windows.len(), "windows");
    let (counts, metric) = (&of.counts, &of.metric);
    text.push_str(&format!("\n  {} events, dropped {}", count(counts.events), range(counts.dropped)));
    text.push_str(&format!("; {} (event, window) pairs, lost {}\n", count(counts.pairs), range(counts.pairs_lost)));
    let least = metric.value.or(metric.min).unwrap_or(0);
    let most = metric.value.or(metric.max).unwrap_or(0);
    text.push_str(&format!("  {} shows {}\n", metric.name, range(CountRange { min: least, max: most })));
    of.notes.iter().for_each(|note| text.push_str(&format!("  note: {note}\n")));
    text
}

fn more(text: &mut String, rows: usize, what: &str) {
    if rows > MOST_ROWS {
        text.push_str(&format!("  and {} more {what}; --json lists all\n", rows - MOST_ROWS));
    }
    if rows > 0 {
        text.push('\n');
    }
}

fn verdict_text(verdict: EventFate) -> &'static str {
    match verdict {
        EventFate::Kept => "kept",
        EventFate::LateAllowed => "late but allowed",
        EventFate::Dropped => "dropped",
        EventFate::SureKeep => "SURE_KEEP",
        EventFate::SureDrop => "SURE_DROP",
        EventFate::Race => "RACE",
        EventFate::Refused => "refused by the engine",
        EventFate::NoEventTime => "no event time",
    }
}
