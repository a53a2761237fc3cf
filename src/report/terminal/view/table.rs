//! The live view's table: which columns and rows fit, and what stands in them. Columns have fixed widths, so that nothing jumps.

use super::rows::{Row, Seeing, Sending, Times};
use super::{View, seconds_of_ns, whole};
use crate::conclude::Role;
use crate::report::figures::count;

/// A column of figures.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) head: &'static str,
    /// How readily it goes when the screen is too narrow (the highest first).
    goes: u8,
    /// Whether it is about the p99, and red while that is over its limit.
    pub(super) is_of_p99: bool,
    /// What stands there in a row, `now_s` after the start.
    pub(super) cell: fn(row: &Row, now_s: u64) -> String,
}

/// Columns that a figure takes: `999,999`, `9,999.9`.
pub(super) const FIGURE_WIDTH: u16 = 7;
/// Columns between two figures.
pub(super) const GAP: u16 = 1;
/// The names get at least this much.
const LEAST_NAME: u16 = 8;
/// Figures go before names get narrower than this.
const READABLE_NAME: u16 = 16;

const DUE: Column = plain("due/s", 6, |row, _| sent(row, |sending| sending.due_per_s));
const SENT: Column = plain("sent/s", 2, |row, _| sent(row, |sending| sending.sent_per_s));
const ACKED: Column = plain("acked/s", 5, |row, _| sent(row, |sending| sending.acked_per_s));
const UNACKED: Column = plain("unacked", 8, |row, _| sent(row, |sending| sending.unacknowledged.events));
const OLDEST: Column = plain("oldest s", 9, |row, _| row.sending.as_ref().map(oldest_s).unwrap_or_default());
const SEEN: Column = plain("seen/s", 1, |row, _| seen(row, |seeing| Some(seeing.seen_per_s)));
const LAG: Column = plain("lag", 3, |row, _| seen(row, |seeing| seeing.lag));
const P99: Column = Column { head: "p99 ms", goes: 0, is_of_p99: true, cell: p99 };
const ACK_P99: Column = Column { head: "ack p99 ms", ..P99 };
const LIMIT: Column = plain("limit", 4, |row, _| row.limit_ms.map(tenths).unwrap_or_default());
const OVER: Column = Column { head: "over s", goes: 4, is_of_p99: true, cell: over_s };

const fn plain(head: &'static str, goes: u8, cell: fn(&Row, u64) -> String) -> Column {
    Column { head, goes, is_of_p99: false, cell }
}

/// The columns that this process has figures for.
fn columns(role: Role) -> Vec<Column> {
    match role {
        Role::Run => vec![DUE, SENT, ACKED, UNACKED, OLDEST, SEEN, LAG, P99, LIMIT, OVER],
        Role::Produce => vec![DUE, SENT, ACKED, UNACKED, OLDEST, ACK_P99, LIMIT, OVER],
        Role::Consume => vec![SEEN, P99, LIMIT, OVER],
    }
}

impl Column {
    pub(super) fn width(&self) -> u16 {
        FIGURE_WIDTH.max(columns_of(self.head))
    }
}

/// How a table is laid out.
pub(super) struct Layout {
    pub(super) name_width: u16,
    pub(super) columns: Vec<Column>,
    /// What the figures leave at the right.
    pub(super) free: u16,
}

/// The columns that fit into `width`, the least important left out.
pub(super) fn layout(view: &View, width: u16) -> Layout {
    let longest = view.rows.iter().map(|row| columns_of(&row.label)).max().unwrap_or(0).max(columns_of("stream"));
    let mut columns = columns(view.role);
    let taken = |columns: &[Column]| columns.iter().map(|column| column.width() + GAP).sum::<u16>();
    let readable = longest.clamp(LEAST_NAME, READABLE_NAME);
    while columns.len() > 1 && taken(&columns) + readable > width {
        let Some(goes) = (0..columns.len()).max_by_key(|at| columns[*at].goes) else { break };
        columns.remove(goes);
    }
    let name_width = longest.clamp(LEAST_NAME, width.saturating_sub(taken(&columns)).max(LEAST_NAME));
    Layout { name_width, free: width.saturating_sub(taken(&columns) + name_width), columns }
}

/// A text that fits, marked where it was cut.
pub(super) fn cut(text: &str, width: u16) -> String {
    if columns_of(text) <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    for next in text.chars() {
        if columns_of(&cut) + columns_of(next.encode_utf8(&mut [0; 4])) >= width {
            break;
        }
        cut.push(next);
    }
    cut + "…"
}

fn columns_of(text: &str) -> u16 {
    u16::try_from(ratatui_core::text::Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// The rows to show where only `most` fit: those in trouble first, streams with their stages; in the profile's order when all fit.
pub(super) fn rows_in_order(view: &View, most: usize) -> Vec<&Row> {
    let mut rows: Vec<&Row> = view.rows.iter().collect();
    if rows.len() > most {
        let rank = |row: &Row| view.worst_of(row).map_or(u8::MAX, |trouble| trouble.rank());
        let of_stream = |stream: usize| view.rows.iter().filter(|row| row.stream == stream).map(rank).min();
        let ranks: Vec<Option<u8>> = (0..=rows.last().map_or(0, |row| row.stream)).map(of_stream).collect();
        rows.sort_by_key(|row| ranks[row.stream]);
    }
    rows
}

fn sent(row: &Row, figure: fn(&Sending) -> u64) -> String {
    row.sending.as_ref().map(|sending| compact(figure(sending))).unwrap_or_default()
}

fn seen(row: &Row, figure: fn(&Seeing) -> Option<u64>) -> String {
    row.seeing.as_ref().and_then(figure).map(compact).unwrap_or_default()
}

fn p99(row: &Row, _now_s: u64) -> String {
    let unmeasured = if row.times == Times::Nothing { "" } else { "–" };
    row.p99_ms.map_or_else(|| unmeasured.to_owned(), tenths)
}

fn over_s(row: &Row, now_s: u64) -> String {
    row.over_since_s.map(|since_s| compact(now_s.saturating_sub(since_s))).unwrap_or_default()
}

fn oldest_s(sending: &Sending) -> String {
    if sending.unacknowledged.events == 0 {
        "–".to_owned()
    } else {
        tenths(seconds_of_ns(sending.unacknowledged.oldest_ns))
    }
}

/// A count in the width of a figure: `999,999`, then `1.23M`, cut and not rounded, for a thousand millions are a figure of their own.
fn compact(number: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M")];
    let Some((size, unit)) = UNITS.into_iter().find(|(size, _)| number >= *size) else { return count(number) };
    let hundredths = number / (size / 100);
    format!("{}.{:02}{unit}", hundredths / 100, hundredths % 100)
}

/// A figure with one decimal, so that decimal points stand below each other; whole ones from 10,000 on.
pub(super) fn tenths(figure: f64) -> String {
    if figure >= 9999.95 {
        return compact(whole(figure + 0.5));
    }
    let mut text = format!("{:.1}", figure.max(0.0));
    // Four digits, a point and one digit.
    if text.len() == 6 {
        text.insert(1, ',');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_never_leaves_its_column() {
        for exponent in 0..14 {
            for number in [10_u64.pow(exponent), 10_u64.pow(exponent + 1) - 1] {
                let texts = [compact(number), tenths(number as f64), tenths(number as f64 + 0.949)];
                assert!(texts.iter().all(|text| text.len() <= usize::from(FIGURE_WIDTH)), "{texts:?}");
            }
        }
        assert_eq!([0.04, 0.06, 41.94, 1800.0, 12_345.6].map(tenths), ["0.0", "0.1", "41.9", "1,800.0", "12,346"]);
        assert_eq!([999_999, 1_000_000, 999_999_999].map(compact), ["999,999", "1.00M", "999.99M"]);
    }
}
