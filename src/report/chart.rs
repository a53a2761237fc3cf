//! A stream's rate over time, drawn with characters.
//!
//! Each stream has a chart and a scale of its own: beside a flood of 200,000/s, 1,000/s on a common scale would be a line on the axis.

use jiff::tz::TimeZone;
use ratatui_core::{buffer::Buffer, layout::Rect, symbols::Marker, widgets::Widget};
use ratatui_widgets::chart::{Axis, Chart, Dataset, GraphType};

use super::{
    figures::short_rate,
    ticks::{TimeAxis, rate_in_unit_of, round_top, time_axis},
};

/// Charts are not drawn wider than this: more columns show nothing more.
const MAX_WIDTH: u16 = 100;
/// Rows of a chart, axis and labels included.
const HEIGHT: u16 = 10;
/// Rows of each chart when there are many.
const LOW_HEIGHT: u16 = 7;
/// More streams than this get low charts.
const MANY: usize = 3;
/// Marks of the time, at most about this many.
const TIMES: usize = 7;
/// Columns of dots in a braille character.
const DOTS_PER_COLUMN: usize = 2;

/// A stream's rate over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RateSeries {
    /// The stream's name.
    pub name: String,
    /// From the start of the run, in seconds, ascending; and the rate there, in events per second. A step is two points close together.
    pub points: Vec<(f64, f64)>,
}

/// Draws the streams' rates, one chart below the other, `width` columns wide (40 to 100). Plain text without colour.
///
/// Each is drawn over the captured curve that it is held against (marked `•`): `captured` holds them in the order of the streams, empty or absent where
/// there is none.
#[must_use]
pub(crate) fn rate_charts(series: &[RateSeries], captured: &[&[(f64, f64)]], width: usize) -> String {
    let width = u16::try_from(width).unwrap_or(MAX_WIDTH).clamp(40, MAX_WIDTH);
    let height = if series.len() > MANY { LOW_HEIGHT } else { HEIGHT };
    let end_s = series.iter().flat_map(|one| &one.points).map(|(at_s, _)| *at_s).fold(0.0, f64::max);
    let captured = captured.iter().copied().chain(std::iter::repeat(&[][..]));
    let times = time_axis(None, end_s, &TimeZone::UTC, TIMES);
    let chart = |(one, captured)| one_chart(one, captured, &Frame { times: &times, end_s, width, height });
    series.iter().zip(captured).map(chart).collect::<Vec<_>>().join("\n")
}

/// One rate that began at a moment (milliseconds since 1970), with times of the zone below it.
#[must_use]
pub(crate) fn dated_rate_chart(
    series: &RateSeries,
    start_unix_ms: Option<i64>,
    zone: &TimeZone,
    width: usize,
) -> String {
    let width = u16::try_from(width).unwrap_or(MAX_WIDTH).clamp(40, MAX_WIDTH);
    let end_s = series.points.last().map_or(0.0, |(at_s, _)| *at_s);
    let times = time_axis(start_unix_ms, end_s, zone, TIMES);
    let changes =
        times.changes.iter().map(|change| format!("; the clocks change: {}", change.label)).collect::<String>();
    let chart = one_chart(series, &[], &Frame { times: &times, end_s, width, height: HEIGHT });
    format!("{chart}  {}{changes}\n", times.title)
}

/// What a chart is drawn in.
struct Frame<'a> {
    times: &'a TimeAxis,
    end_s: f64,
    width: u16,
    height: u16,
}

fn one_chart(series: &RateSeries, captured: &[(f64, f64)], frame: &Frame<'_>) -> String {
    let Frame { times, end_s, width, height } = *frame;
    let highest = |points: &[(f64, f64)]| points.iter().map(|(_, per_s)| *per_s).fold(0.0, f64::max);
    let planned_per_s = highest(&series.points);
    let peak_per_s = planned_per_s.max(highest(captured));
    let legend = if captured.is_empty() { "" } else { "; • captured, at the run's speed and scale" };
    let title = format!("{}: at most {}{legend}\n", series.name, short_rate(planned_per_s));
    if end_s <= 0.0 || peak_per_s <= 0.0 {
        return format!("{title}  nothing is sent\n");
    }
    let top_per_s = round_top(peak_per_s);
    let dots = highest_per_dot(&series.points, end_s, usize::from(width) * DOTS_PER_COLUMN);
    let columns = highest_per_dot(captured, end_s, usize::from(width));
    let planned = Dataset::default().marker(Marker::Braille).graph_type(GraphType::Area).fill_to_y(0.0).data(&dots);
    let behind = Dataset::default().marker(Marker::Dot).graph_type(GraphType::Scatter).data(&columns);
    let datasets = if captured.is_empty() { vec![planned] } else { vec![planned, behind] };
    let y_labels = [0.0, 0.5, 1.0].map(|share| rate_in_unit_of(top_per_s, top_per_s * share));
    let chart = Chart::new(datasets)
        .legend_position(None)
        // Blank labels keep the line that the marks are written into.
        .x_axis(Axis::default().bounds([0.0, end_s]).labels([" ", " "]))
        .y_axis(Axis::default().bounds([0.0, top_per_s]).labels(y_labels));
    let mut page = Buffer::empty(Rect::new(0, 0, width, height));
    chart.render(page.area, &mut page);
    write_times(&mut page, times, end_s);
    title + &text_of(&page)
}

/// Writes the marks of the time below the chart; one without room is left out.
fn write_times(page: &mut Buffer, times: &TimeAxis, end_s: f64) {
    let (width, line) = (page.area.width, page.area.height.saturating_sub(2));
    let Some(corner) = (0..width).find(|x| page[(*x, line)].symbol() == "└") else { return };
    let columns = f64::from(width.saturating_sub(corner + 2));
    let mut free_from = 0;
    for tick in &times.ticks {
        let x = corner + 1 + (tick.at / end_s * columns).round() as u16;
        let length = u16::try_from(tick.label.chars().count()).unwrap_or(width);
        let from = x.saturating_sub(length / 2).min(width.saturating_sub(length));
        if from < free_from || x >= width {
            continue;
        }
        page[(x, line)].set_symbol("┴");
        page.set_string(from, line + 1, &tick.label, ratatui_core::style::Style::default());
        free_from = from + length + 2;
    }
}

/// The highest rate in each of so many equal parts of the time: a burst shorter than a dot is still drawn.
fn highest_per_dot(points: &[(f64, f64)], end_s: f64, dots: usize) -> Vec<(f64, f64)> {
    let dot_s = end_s / dots as f64;
    (0..=dots)
        .map(|dot| {
            let at_s = dot as f64 * dot_s;
            let place = |moment_s: f64| points.partition_point(|(point_s, _)| *point_s < moment_s);
            let inside = points.get(place(at_s - dot_s / 2.0)..place(at_s + dot_s / 2.0)).unwrap_or_default();
            (at_s, inside.iter().map(|(_, per_s)| *per_s).fold(at(points, at_s), f64::max))
        })
        .collect()
}

/// The rate at a moment, on the straight line between the points beside it; 0 outside of them.
fn at(points: &[(f64, f64)], at_s: f64) -> f64 {
    let next = points.partition_point(|(point_s, _)| *point_s < at_s);
    match (next.checked_sub(1).and_then(|before| points.get(before)), points.get(next)) {
        (Some((from_s, from)), Some((to_s, to))) if to_s > from_s => {
            from + (to - from) * (at_s - from_s) / (to_s - from_s)
        }
        (_, Some((to_s, to))) if (to_s - at_s).abs() < f64::EPSILON => *to,
        _ => 0.0,
    }
}

/// A page's characters, without blanks at the ends of lines.
/// A page as plain text, without the blanks at the ends of its lines.
pub(crate) fn text_of(page: &Buffer) -> String {
    let mut text = String::new();
    for row in page.content.chunks(usize::from(page.area.width)) {
        let line: String = row.iter().map(ratatui_core::buffer::Cell::symbol).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak() -> RateSeries {
        let points =
            vec![(0.0, 1000.0), (20.0, 1000.0), (25.0, 3000.0), (40.0, 3000.0), (40.0, 1000.0), (60.0, 1000.0)];
        RateSeries { name: "orders".to_owned(), points }
    }

    fn flood() -> RateSeries {
        let points =
            (0..=600).map(|tenth| (f64::from(tenth) / 10.0, if tenth % 150 < 30 { 200_000.0 } else { 0.0 })).collect();
        RateSeries { name: "bots".to_owned(), points }
    }

    #[test]
    fn each_stream_has_a_chart_of_its_own() {
        insta::assert_snapshot!(rate_charts(&[peak(), flood()], &[], 80), @"
        orders: at most 3k/s
        3k/s  │                             ⢀⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
              │                            ⣠⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
              │                           ⣴⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡀
              │                          ⣸⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇
        1.5k/s│                         ⣴⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇
              │⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶
              │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
        0/s   │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
              └┴───────────┴───────────┴───────────┴───────────┴───────────┴───────────┴
               0         10 s        20 s        30 s        40 s        50 s      1 min

        bots: at most 200k/s
        200k/s│⣿⣿⣿⣿              ⣿⣿⣿⣿⡇             ⢸⣿⣿⣿⡇             ⢸⣿⣿⣿⡇             ⢸
              │⣿⣿⣿⣿              ⣿⣿⣿⣿⡇             ⢸⣿⣿⣿⡇             ⢸⣿⣿⣿⡇             ⢸
              │⣿⣿⣿⣿              ⣿⣿⣿⣿⡇             ⢸⣿⣿⣿⡇             ⢸⣿⣿⣿⡇             ⢸
              │⣿⣿⣿⣿              ⣿⣿⣿⣿⡇             ⢸⣿⣿⣿⡇             ⢸⣿⣿⣿⡇             ⢸
        100k/s│⣿⣿⣿⣿⡇            ⢸⣿⣿⣿⣿⡇             ⣿⣿⣿⣿⣿             ⣿⣿⣿⣿⣿             ⣿
              │⣿⣿⣿⣿⡇            ⢸⣿⣿⣿⣿⡇             ⣿⣿⣿⣿⣿             ⣿⣿⣿⣿⣿             ⣿
              │⣿⣿⣿⣿⡇            ⢸⣿⣿⣿⣿⡇             ⣿⣿⣿⣿⣿             ⣿⣿⣿⣿⣿             ⣿
        0/s   │⣿⣿⣿⣿⣇⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣸⣿⣿⣿⣿⣇⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣿⣿⣿⣿⣿⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣿⣿⣿⣿⣿⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣿
              └┴───────────┴───────────┴───────────┴───────────┴───────────┴───────────┴
               0         10 s        20 s        30 s        40 s        50 s      1 min
        ");
    }

    #[test]
    fn a_wide_terminal_gets_a_chart_of_100_columns() {
        insta::assert_snapshot!(rate_charts(&[peak()], &[], 120), @"
        orders: at most 3k/s
        3k/s  │                                     ⢀⣼⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
              │                                    ⣰⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
              │                                  ⢠⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡀
              │                                 ⣠⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇
        1.5k/s│                               ⢀⣴⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇
              │⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶⣶
              │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
        0/s   │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
              └┴──────────────┴───────────────┴──────────────┴──────────────┴───────────────┴──────────────┴
               0            10 s            20 s           30 s           40 s            50 s         1 min
        ");
    }

    #[test]
    fn a_captured_curve_is_drawn_over_its_plan() {
        let captured =
            vec![(0.0, 1000.0), (20.0, 1000.0), (20.0, 4000.0), (40.0, 4000.0), (40.0, 1000.0), (60.0, 1000.0)];
        insta::assert_snapshot!(rate_charts(&[peak()], &[&captured], 60), @"
        orders: at most 3k/s; • captured, at the run's speed and scale
        4k/s│                  •••••••••••••••••••
            │
            │                      ⣸⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
            │                     ⣼⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
        2k/s│                   ⢀⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇
            │••••••••••••••••••⣠⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿••••••••••••••••••
            │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
        0/s │⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿
            └┴────────┴────────┴────────┴────────┴────────┴────────┴
             0      10 s     20 s     30 s     40 s     50 s   1 min
        ");
        let (with, without) = (rate_charts(&[flood()], &[&[]], 80), rate_charts(&[flood()], &[], 80));
        assert_eq!(with, without, "nothing captured, nothing more drawn");
    }

    #[test]
    fn a_burst_shorter_than_a_dot_is_still_drawn() {
        let mut series = RateSeries { name: "day".to_owned(), points: vec![(0.0, 0.0), (86_400.0, 0.0)] };
        series.points.splice(1..1, [(43_200.0, 0.0), (43_200.1, 5000.0), (43_200.2, 0.0)]);
        let text = rate_charts(&[series], &[], 80);
        let top = text.lines().find(|line| line.starts_with("5k/s")).unwrap();
        assert!(top.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "{text}");
    }

    #[test]
    fn silence_and_nothing_at_all_are_said() {
        let silent = RateSeries { name: "quiet".to_owned(), points: vec![(0.0, 0.0), (5.0, 0.0)] };
        assert_eq!(rate_charts(&[silent], &[], 80), "quiet: at most 0/s\n  nothing is sent\n");
        assert_eq!(rate_charts(&[], &[], 80), "");
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        for width in [40, 80, 100, 200] {
            let text = rate_charts(&[peak(), flood()], &[], width);
            assert!(text.lines().all(|line| line.chars().count() <= width.min(100)), "{text}");
        }
    }
}
