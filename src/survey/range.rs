//! Which offsets of a topic lie in a range of time.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Survey, SurveyError};
use crate::capture::CaptureProgress;
use crate::capture::live::runs_between;
use crate::capture::{Edges, Moment, Run, moments};
use crate::curve::moment_text;
use crate::kafka::PartitionRange;
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
    let runs = runs_between(&survey.settings, &survey.topic, &runs, &Edges::one(from_ms, to_ms), progress)?;
    Ok(TopicRange { runs, moments_ms: Some((from_ms, to_ms)) })
}
