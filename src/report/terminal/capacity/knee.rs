//! The knee on a screen: the p99 of each trial against its load.

use crate::capacity::{Outcome, SearchRecord};
use crate::figures::latency;
use crate::report::knee::Knee;
use crate::report::scale::Scale;

/// Rows of the plot, without its axis.
const ROWS: usize = 9;
/// Wider than this it shows nothing more.
const MOST_WIDTH: usize = 80;
/// Columns for the figures at the left.
const LEFT: usize = 8;
/// Columns that a label below takes.
const LABEL: usize = 10;
/// Fewer loads have no knee.
const LEAST_LOADS: usize = 3;

/// The knee in characters, as wide as the screen; none of a search with few loads.
#[must_use]
pub(crate) fn knee(record: &SearchRecord, width: usize) -> Option<String> {
    let knee = Knee::of(record);
    let mut loads: Vec<f64> = knee.points.iter().map(|point| point.factor).collect();
    loads.sort_by(f64::total_cmp);
    loads.dedup();
    if loads.len() < LEAST_LOADS {
        return None;
    }
    let figures: Vec<f64> = knee.points.iter().map(|point| point.worst.p99_ms).chain(knee.p99_limit_ms).collect();
    let grid = Grid {
        loads: Scale::over(loads.iter().map(|factor| knee.loads.at(*factor)))?,
        figures: Scale::over(figures.into_iter())?,
        columns: width.min(MOST_WIDTH).saturating_sub(LEFT + 2),
    };
    Some([legend(&knee, width), grid.plot(&knee), grid.axis(&knee)].concat())
}

fn legend(knee: &Knee, width: usize) -> String {
    let is_there = |outcome| knee.points.iter().any(|point| point.outcome == outcome);
    let sign = |sign: &str, is_there: bool| is_there.then(|| sign.to_owned());
    let signs = [
        sign("o pass", is_there(Outcome::Pass)),
        sign("x fail", is_there(Outcome::Fail)),
        sign("? nothing", is_there(Outcome::Invalid)),
        knee.p99_limit_ms.map(|limit_ms| format!("· limit {}", latency(limit_ms))),
        sign("░ capacity", knee.lower.is_some() || knee.upper.is_some()),
    ];
    let (title, signs) = ("p99 against load", signs.into_iter().flatten().collect::<Vec<_>>().join(", "));
    // A legend may take two lines.
    let gap = if title.len() + 2 + signs.chars().count() <= width { ": " } else { "\n" };
    format!("{title}{gap}{signs}\n")
}

/// Where figures stand on the screen.
struct Grid {
    loads: Scale,
    figures: Scale,
    columns: usize,
}

impl Grid {
    fn column(&self, load: f64) -> usize {
        (self.loads.share(load) * self.columns.saturating_sub(1) as f64).round() as usize
    }

    /// The row, from the top.
    fn row(&self, ms: f64) -> usize {
        ((1.0 - self.figures.share(ms)) * (ROWS - 1) as f64).round() as usize
    }

    fn plot(&self, knee: &Knee) -> String {
        let mut rows = vec![vec![' '; self.columns]; ROWS];
        let zone = self.zone(knee);
        rows.iter_mut().flat_map(|row| &mut row[zone.clone()]).for_each(|place| *place = '░');
        if let Some(limit_ms) = knee.p99_limit_ms {
            rows[self.row(limit_ms)].iter_mut().filter(|place| **place == ' ').for_each(|place| *place = '·');
        }
        // Where several fall together, what failed is seen before what passed.
        for outcome in [Outcome::Invalid, Outcome::Pass, Outcome::Fail] {
            for point in knee.points.iter().filter(|point| point.outcome == outcome) {
                rows[self.row(point.worst.p99_ms)][self.column(knee.loads.at(point.factor))] = sign(outcome);
            }
        }
        let line = |(row, places): (usize, Vec<char>)| {
            let line: String = places.into_iter().collect();
            format!("{:>LEFT$}│{}\n", self.figure_at(row), line.trim_end())
        };
        rows.into_iter().enumerate().map(line).collect()
    }

    /// The columns between the bounds, or to the end where one is open.
    fn zone(&self, knee: &Knee) -> std::ops::Range<usize> {
        let at = |factor: Option<f64>| factor.map(|factor| self.column(knee.loads.at(factor)));
        match (at(knee.lower), at(knee.upper)) {
            (Some(lower), Some(upper)) => lower..(upper + 1),
            (Some(lower), None) => lower..self.columns,
            (None, Some(upper)) => 0..(upper + 1),
            (None, None) => 0..0,
        }
    }

    /// The figure that is written beside a row, if there is one.
    fn figure_at(&self, row: usize) -> String {
        let marks = self.figures.marks(ROWS / 2).into_iter().filter(|mark| mark.is_written);
        marks.map(|mark| mark.at).find(|at| self.row(*at) == row).map(latency).unwrap_or_default()
    }

    fn axis(&self, knee: &Knee) -> String {
        let mut line: Vec<char> = vec!['─'; self.columns];
        let mut labels = String::new();
        for mark in self.loads.marks(self.columns / LABEL).into_iter().filter(|mark| mark.is_written) {
            let (column, label) = (self.column(mark.at), knee.loads.label(mark.at));
            let from = (column + LEFT + 1).saturating_sub(label.chars().count() / 2);
            let used = labels.chars().count();
            if used > 0 && from <= used {
                continue;
            }
            line[column] = '┴';
            labels.push_str(&" ".repeat(from - used));
            labels.push_str(&label);
        }
        let line: String = line.into_iter().collect();
        format!("{:LEFT$}└{line}\n{labels}\n", "")
    }
}

fn sign(outcome: Outcome) -> char {
    match outcome {
        Outcome::Pass => 'o',
        Outcome::Fail => 'x',
        Outcome::Invalid => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::examples::{found, record, trial};
    use crate::capacity::{Conclusion, Length};

    #[test]
    fn the_knee_shows_where_the_latency_turns_up() {
        insta::assert_snapshot!(knee(&found("3x"), 80).unwrap());
    }

    #[test]
    fn it_fits_every_width_and_is_left_out_where_there_is_none() {
        let mut search = found("3x");
        for width in [60, 80, 200] {
            let text = knee(&search, width).unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= width.min(MOST_WIDTH)), "{text}");
        }
        let below =
            vec![0.001, 1.0, 1000.0].into_iter().map(|factor| trial(factor, Length::Short, Outcome::Fail)).collect();
        let below = knee(&record(below, Some(Conclusion::Below(0.001))), 40).unwrap();
        assert!(below.lines().skip(2).all(|line| line.chars().count() <= 40), "{below}");
        search.trials.truncate(4);
        assert_eq!(knee(&search, 80), None);
    }
}
