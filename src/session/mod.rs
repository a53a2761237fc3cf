//! A run from its beginning to its end: wires the rooms together for `run`, `produce` and `consume`.

mod capture;
mod conclude;
mod event_times;
mod joined;
mod limits;
mod measured;
mod offline;
mod parts;
mod patience;
mod plans;
mod prepare;
mod reading;
mod record;
mod seconds;
mod signals;
mod survey;
mod topics;
mod unfinished;
mod watch;
mod watermarks;
mod windows;

pub use capture::{Capture, CaptureError, CaptureProgress, CaptureRange, CaptureStep, Captured, capture};
pub use conclude::{Facts, conclude};
pub use event_times::event_times_of;
pub use limits::{outlive_full_files, refuse_few_files};
pub use measured::{Measured, StageMeasured, StreamMeasured};
pub use offline::{Reading, judge_recorded};
pub use parts::{MergeError, merge_parts};
pub use prepare::{Prepared, Request, Role, SessionError, prepare};
pub use seconds::{SecondSeen, StreamSecond, StreamTotals};
pub use signals::Asked;
pub use survey::{EventTimeAt, Survey, SurveyError, survey};
pub use unfinished::read_run;
pub use watch::{Ended, News, carry_out};
pub use watermarks::{models_at, watermark_of};
