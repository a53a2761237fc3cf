//! Which offsets of a topic lie in a range of time.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Survey, SurveyError};
use crate::capture::CaptureProgress;
use crate::capture::EdgeOffsets;
use crate::capture::live::{RunReader, look_around};
use crate::capture::{Edges, Moment, Run, moments};
use crate::curve::moment_text;
use crate::kafka::{OffsetFinder, PartitionRange};
use crate::profile::Span;

/// The offsets of each partition, and the moments that their records' timestamps lie between.
pub(super) struct TopicRange {
    pub(super) runs: Vec<Run>,
    moments_ms: Option<(i64, i64)>,
}

impl TopicRange {
    /// How many offsets there are.
    pub(super) fn offsets(&self) -> u64 {
        self.runs.iter().map(|run| (run.until - run.from).max(0) as u64).sum()
    }

    /// Whether a record is in the range. One without a timestamp is where its neighbours are.
    pub(super) fn holds(&self, stamp_ms: Option<i64>) -> bool {
        let Some((from_ms, to_ms)) = self.moments_ms else { return true };
        stamp_ms.is_none_or(|stamp_ms| (from_ms..to_ms).contains(&stamp_ms))
    }

    /// The range in words, with a blank before; empty for all of the topic.
    pub(super) fn said(&self) -> String {
        self.moments_ms.map_or_else(String::new, |(from_ms, to_ms)| {
            format!(" from {} to {}", moment_text(from_ms), moment_text(to_ms))
        })
    }
}

/// The range that is asked for, of what the topic holds.
pub(super) fn range_of(
    survey: &Survey,
    held: &[PartitionRange],
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<TopicRange, SurveyError> {
    let all = |range: &PartitionRange| Run { partition: range.partition as usize, from: range.start, until: range.end };
    let runs: Vec<Run> = held.iter().map(all).collect();
    if survey.from.is_none() && survey.to.is_none() {
        return Ok(TopicRange { runs, moments_ms: None });
    }
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let from = survey.from.unwrap_or(Moment::AtMs(0));
    let to = survey.to.unwrap_or(Moment::Ago(Span::default()));
    let (from_ms, to_ms) =
        moments(from, to, now_ms).map_err(|error| SurveyError::Usage(format!("topic {}: {error}", survey.topic)))?;
    let runs = between(survey, &runs, (from_ms, to_ms), progress)?;
    Ok(TopicRange { runs, moments_ms: Some((from_ms, to_ms)) })
}

/// The broker says where both moments lie; what hides behind its answers is looked for, as a capture does.
fn between(
    survey: &Survey,
    held: &[Run],
    (from_ms, to_ms): (i64, i64),
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<Vec<Run>, SurveyError> {
    let finder = OffsetFinder::open(&survey.settings, &survey.topic)?;
    let at = |ms: i64| -> Result<Vec<i64>, SurveyError> {
        let found = finder.at(ms)?;
        Ok(held.iter().zip(found).map(|(run, found)| found.unwrap_or(run.until).clamp(run.from, run.until)).collect())
    };
    let (first, last) = (at(from_ms)?, at(to_ms)?);
    let length = Span::from_millis((to_ms - from_ms) as u64);
    let edges = Edges::ahead(from_ms, length, length)
        .map_err(|error| SurveyError::Usage(format!("topic {}: {error}", survey.topic)))?;
    let offsets = EdgeOffsets::of(vec![first.clone(), last.clone()]);
    let (oldest, ends): (Vec<i64>, Vec<i64>) = held.iter().map(|run| (run.from, run.until)).unzip();
    let mut reader = RunReader::new(&survey.settings, &survey.topic, false);
    let around = look_around(&mut reader, &edges, &offsets, &oldest, &ends, progress);
    let run = |(run, (from, until)): (&Run, (i64, i64))| Run { from, until: until.max(from), ..*run };
    let mut runs: Vec<Run> = held.iter().zip(first.into_iter().zip(last)).map(run).collect();
    for stretch in around.stretches.iter().map(|stretch| stretch.run) {
        if let Some(run) = runs.get_mut(stretch.partition) {
            run.until = run.until.max(stretch.until);
        }
    }
    Ok(runs)
}
