//! A curve in figures.

use crate::curve::figures::Figures;
use crate::report::figures;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Where there is no figure.
const DASH: &str = "–";

/// Its rates, what to plan for, how bursty it is, its day and its week in a zone.
#[must_use]
pub(crate) fn curve_figures(zone: &str, found: &Figures) -> String {
    let (start, end) = (found.start.as_deref().unwrap_or("no date"), found.end.as_deref().unwrap_or_default());
    let bucket = figures::seconds(found.step_s);
    let mut text = format!("{start} to {end}: {} buckets of {bucket}\n\n", figures::count(found.buckets as u64));
    for (name, value) in rates(found).into_iter().chain(budget(found)) {
        text += &format!("  {name:<13} {value}\n");
    }
    if found.step_s > 1.0 {
        text += &format!(
            "  Rates are means over {bucket}; single seconds inside a bucket are higher. `curve fit` estimates by how much.\n"
        );
    }
    text + &burstiness(found) + &shape(zone, found)
}

/// What was observed, each figure with its name.
fn rates(found: &Figures) -> [(&'static str, String); 7] {
    let times = found.peak_over_mean.map_or_else(|| DASH.to_owned(), |times| format!("{times:.1}"));
    let p99 = |per_s: Option<f64>, least: &str| {
        per_s.map_or_else(|| format!("{DASH} (needs {least} buckets)"), figures::rate)
    };
    let worst = found.worst_minute.as_ref().map_or_else(
        || format!("{DASH} (a bucket is {})", figures::seconds(found.step_s)),
        |minute| format!("{} from {}", figures::rate(minute.per_s), minute.at),
    );
    [
        ("events", figures::rounded(found.total)),
        ("mean", figures::rate(found.mean_per_s)),
        ("peak bucket", format!("{} at {}, {times} times the mean", figures::rate(found.peak.per_s), found.peak.at)),
        ("p99 bucket", p99(found.p99_per_s, "100")),
        ("p99.9 bucket", p99(found.p999_per_s, "1,000")),
        ("worst minute", worst),
        ("silent", format!("{:.2} % of the buckets", found.silent_share * 100.0)),
    ]
}

/// What to plan for.
fn budget(found: &Figures) -> [(&'static str, String); 2] {
    let three_times_peak = figures::rate(found.budget.three_times_peak_per_s);
    let twice_p99 = found
        .budget
        .twice_p99_per_s
        .map_or_else(|| DASH.to_owned(), |per_s| format!("{}, twice the p99 burst", figures::rate(per_s)));
    [("3 x peak", format!("{three_times_peak}, three times the observed maximum")), ("2 x p99", twice_p99)]
}

fn burstiness(found: &Figures) -> String {
    if found.burstiness.is_empty() {
        return "\n  too few buckets to tell how bursty it is\n".to_owned();
    }
    let mut text = format!(
        "\n  {:<10} {:>9} {:>12} {:>13}   1 by chance alone\n",
        "burstiness", "windows", "dispersion", "Allan factor"
    );
    for scale in &found.burstiness {
        let window = figures::seconds(scale.window_s);
        let windows = figures::count(scale.windows as u64);
        text +=
            &format!("  {window:<10} {windows:>9} {:>12.2} {:>13.2}\n", scale.index_of_dispersion, scale.allan_factor);
    }
    text
}

fn shape(zone: &str, found: &Figures) -> String {
    let mut text = String::new();
    let hour = |place: usize| format!("{place:02}:00");
    let day = |place: usize| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][place % 7].to_owned();
    if let Some(hours) = &found.shape.hours_per_s {
        text += &format!("\n  hours 0-23   {}\n", bars(hours, &hour));
    }
    if let Some(days) = &found.shape.weekdays_per_s {
        text += &format!("  Mon-Sun      {}\n", bars(days, &day));
    }
    if text.is_empty() { text } else { text + &format!("  in the zone {zone}\n") }
}

/// A row of bars, and where it is lowest and highest.
fn bars(rates: &[Option<f64>], name: &dyn Fn(usize) -> String) -> String {
    let known = || rates.iter().enumerate().filter_map(|(place, per_s)| per_s.map(|per_s| (place, per_s)));
    let highest = known().max_by(|one, other| one.1.total_cmp(&other.1));
    let lowest = known().min_by(|one, other| one.1.total_cmp(&other.1));
    let (Some(highest), Some(lowest)) = (highest, lowest) else { return String::new() };
    let bar = |per_s: &Option<f64>| {
        per_s.map_or(' ', |per_s| BARS[((per_s / highest.1.max(1e-300) * 7.0).round() as usize).min(7)])
    };
    let row: String = rates.iter().map(bar).collect();
    let said = |(place, per_s): (usize, f64)| format!("{} {}", name(place), figures::rate(per_s));
    format!("{row}  lowest {}, highest {}", said(lowest), said(highest))
}
