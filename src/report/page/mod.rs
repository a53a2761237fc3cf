//! A run as one page for a browser: the verdict, what happened when, charts, limits, counts, and how to run it again. The file needs
//! nothing else and asks nothing of any network. Pure: a summary, a manifest, rows and intervals become bytes.

mod charts;
mod happened;
mod hop;
mod html;
mod humps;
mod phases;
mod place;
mod surroundings;
mod tables;
mod thin;

use std::collections::BTreeMap;

use hop::HopFigures;
use place::{Place, Seconds};

use crate::results::hlog::LogReader;
use crate::results::{LogKey, Manifest, Summary, TimelineRow};

/// A page that is being made: logs are taken in one after the other, because a day's logs do not fit into memory together.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    summary: &'a Summary,
    manifest: &'a Manifest,
    damage: Option<String>,
    seconds: Seconds,
    logs: BTreeMap<LogKey, HopFigures>,
}

impl<'a> Page<'a> {
    /// A page of a run's summary, manifest and timeline, and of what has happened to its files since.
    #[must_use]
    pub(crate) fn new(
        summary: &'a Summary,
        manifest: &'a Manifest,
        rows: &[TimelineRow],
        damage: Option<String>,
    ) -> Self {
        let places = u64::try_from(Place::all(summary).len()).unwrap_or(u64::MAX);
        Page { summary, manifest, damage, seconds: Seconds::of(rows, places), logs: BTreeMap::new() }
    }

    /// Takes the latencies of a hop in.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub(crate) fn take(&mut self, log: LogReader<'_>) -> Result<(), String> {
        let key = log.key.clone();
        let figures = HopFigures::read(log.decoded(), self.seconds.seconds, self.seconds.width_s)?;
        self.logs.insert(key, figures);
        Ok(())
    }

    /// The page's bytes.
    ///
    /// # Errors
    /// What the template's engine said; no run makes it fail.
    pub(crate) fn to_html(&self) -> Result<Vec<u8>, String> {
        html::render(self.summary, self.manifest, self.damage.as_deref(), &self.seconds, &self.logs)
            .map(String::into_bytes)
    }
}
