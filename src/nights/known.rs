//! What is known of a figure from the nights that were judged: the change that goes on, and which nights say what is usual.

use super::judge::{FigureNight, Judged};
use super::{LASTING_NIGHTS, Series};

/// A figure that came back by half of its change is as usual again; after so many such nights its change is over.
const BACK_NIGHTS: usize = 2;

/// What is known of a figure from the nights that were judged.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// A change that is going on.
    pub(super) change: Option<Change>,
    /// Nights that are no part of any usual.
    pub(super) left_out: Vec<usize>,
    /// The first nights of new levels: improvements that lasted.
    pub(super) levels: Vec<usize>,
}

/// A change of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Change {
    /// Its first night.
    pub(super) since: usize,
    /// How far, as a logarithm.
    pub(super) by: f64,
    /// To which side.
    is_worse: bool,
    /// For how many nights the figure has been back.
    back: usize,
}

impl Known {
    /// The change for the worse that is going on.
    pub(super) fn worse(&self) -> Option<Change> {
        self.change.filter(|change| change.is_worse)
    }

    /// Takes in what was said of a night.
    pub(super) fn keep(&mut self, night: &FigureNight, at: usize, series: &Series) {
        self.take(night, at, series.less_is_worse);
        // What comes from the next night on is the new usual.
        if series.accepted.contains(&(at + 1)) {
            self.change = None;
        }
    }

    fn take(&mut self, night: &FigureNight, at: usize, less_is_worse: bool) {
        match night.judged {
            Judged::Worse | Judged::Better => {
                let (since, by) = (night.since.unwrap_or(at), night.by.unwrap_or(0.0));
                let is_worse = (by > 0.0) != less_is_worse;
                let since =
                    self.change.filter(|change| change.is_worse == is_worse).map_or(since, |change| change.since);
                self.change = Some(Change { since, by: by.ln_1p(), is_worse, back: 0 });
                self.left_out.extend(since..=at);
                if night.judged == Judged::Better && at + 1 - since >= LASTING_NIGHTS {
                    self.levels.push(since);
                    self.left_out.retain(|night| *night < since);
                    self.change = None;
                }
            }
            Judged::StillWorse => {
                self.left_out.push(at);
                self.change = self.change.map(|change| Change { back: 0, ..change });
            }
            Judged::Back => {
                self.left_out.push(at);
                let back = self.change.map_or(0, |change| change.back + 1);
                self.change =
                    self.change.map(|change| Change { back, ..change }).filter(|change| change.back < BACK_NIGHTS);
            }
            Judged::AsUsual | Judged::TooNoisy => {
                self.change = self.change.filter(|change| change.is_worse);
            }
            Judged::Suspect | Judged::TooFewNights | Judged::NotMeasured => {}
        }
    }
}
