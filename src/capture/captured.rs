//! What a capture came to, and how far it is.

use super::sample::SampleFigures;
use super::{Counted, ErrorBar, Held, ReadAround};

/// How far a capture has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureProgress {
    /// What is done at present.
    pub doing: CaptureStep,
    /// How much of it is done.
    pub done: u64,
    /// How much there is.
    pub of: u64,
}

/// What is done at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureStep {
    /// Offsets are asked for, edge by edge.
    Edges,
    /// Buckets pass.
    Watching,
    /// The records behind the broker's answers are looked at.
    Checking,
    /// Records that hide behind an answer are read.
    ReadingAround,
    /// Records are read.
    Sampling,
    /// Messages are judged.
    Judging,
    /// The same records are read as a reader of what is committed does.
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
    /// Where the topic's offsets lie.
    pub held: Held,
    /// What was read around.
    pub around: ReadAround,
    /// What the sample says.
    pub sample: Option<SampleFigures>,
    /// How many requests for offsets it took.
    pub requests: u64,
    /// How long they took, in seconds.
    pub asked_for_s: f64,
}
