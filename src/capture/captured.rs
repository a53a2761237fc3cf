//! The result of a capture, and its progress.

use super::sample::{Kept, SampleFigures};
use super::{Counted, ErrorBar, Held, ReadAround};

/// The progress of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureProgress {
    /// The current step.
    pub doing: CaptureStep,
    /// How much of it is done.
    pub done: u64,
    /// How much there is.
    pub of: u64,
}

/// The steps of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureStep {
    /// Offsets are asked for, edge by edge.
    Edges,
    /// Buckets pass.
    Watching,
    /// The records after the broker's answers are checked.
    Checking,
    /// Records that hide after an answer are read.
    ReadingAround,
    /// Records are read.
    Sampling,
    /// Messages are evaluated.
    Judging,
    /// Records are written into a file.
    Recording,
    /// The same records are read again, only committed ones.
    Committed,
}

/// What was captured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Captured {
    /// The cluster's id.
    pub cluster_id: String,
    /// The counts.
    pub counted: Counted,
    /// How far they may be from the truth.
    pub error_bar: ErrorBar,
    /// How the topic's offsets are distributed.
    pub held: Held,
    /// What was read around.
    pub around: ReadAround,
    /// The figures of the sample.
    pub sample: Option<SampleFigures>,
    /// The payloads that were kept, if any were asked for.
    pub kept: Option<Kept>,
    /// How many requests for offsets it took.
    pub requests: u64,
    /// How long they took, in seconds.
    pub asked_for_s: f64,
}
