//! The tables of a profile that replay a captured curve.
//!
//! The doc comments here, too, are what `floodmark schema profile` shows in an editor.

use std::{fs, io, path::Path, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    fault::Faults,
    units::{Rate, Span},
    window::{self, WindowEdge},
};
use crate::curve::{Curve, Height, Played, Playing};
use crate::shipped::{self, Shipped};

/// The largest curve file. A week of one-second buckets has 20 MB.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// The replay of a captured curve. Each bucket keeps its number of events, regardless of
/// the interpolation between buckets and the bursts inside them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The curve file, relative to the profile's folder: CSV with the columns `timestamp,count`, as `floodmark curve import` writes it.
    pub file: String,
    /// Multiplies the counts. Default 1. Not with `target_peak` or `target_mean`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Plays the curve this many times faster: times are divided by it, rates multiplied. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Instead of `scale`: the fullest bucket is played at this rate, before `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_peak: Option<Rate>,
    /// Instead of `scale`: the whole is played at this rate on average, before `clip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_mean: Option<Rate>,
    /// No bucket is played at a higher rate than this; events above it are not sent. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Rate>,
    /// The part that is played, as in `["11:00", "13:00"]`: the buckets that begin between two times of day (UTC), moments (`2030-01-31T11:00:00Z`) or offsets from the curve's start (`"90m"`). Default the whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 2))]
    pub window: Vec<WindowEdge>,
    /// The interpolation between buckets. Default parabola.
    #[serde(default)]
    pub smooth: Smooth,
    /// Starts again at its end, until the profile's `duration` is over. Default false.
    #[serde(rename = "loop", default)]
    pub loops: bool,
    /// How single events fall inside the buckets. Default: the stream's `arrivals`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
    /// The fingerprint of the counts, as recorded in a run's manifest: a file with other counts is refused. Default: any counts are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The file's counts, once they are read.
    #[serde(skip)]
    pub(super) captured: Option<Arc<Curve>>,
}

/// The interpolation between the buckets of a captured curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Smooth {
    /// A parabola in each bucket that joins its neighbours, never overshoots and keeps the bucket's mass.
    #[default]
    Parabola,
    /// Each bucket at its mean rate.
    Step,
}

/// How single events fall inside the buckets of a captured curve. Spans and `dispersion` are those of the captured curve: `speed` and
/// `scale` do not change them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// Which law.
    pub kind: DetailKind,
    /// overdispersed: variance over mean of the counts per second of the captured curve, above 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispersion: Option<f64>,
    /// b-model: the share of a stretch's events, 0.5 to 1, that falls into one of its halves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<f64>,
    /// b-model: the halving ends with stretches no longer than this. Default 10ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finest: Option<Span>,
    /// on-off: length of a burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Span>,
    /// on-off: silence around a burst.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Span>,
}

/// How single events fall inside the buckets of a captured curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DetailKind {
    /// Independent of each other; a bucket's count is kept on average.
    Poisson,
    /// Evenly along the curve.
    Paced,
    /// Independent of each other; a bucket's count is kept exactly, as it is with all kinds below.
    PoissonExact,
    /// The rate itself varies at random (gamma): counts are negative binomial, with `dispersion`.
    Overdispersed,
    /// One burst of `on` in each cycle of `on` + `off`, at a random place.
    OnOff,
    /// One half of a bucket gets the share `bias` of its events; each half is split in the same way, and so on.
    BModel,
}

impl Replay {
    /// The captured counts; nothing before the file is read.
    #[must_use]
    pub fn captured(&self) -> Option<&Curve> {
        self.captured.as_deref()
    }

    /// Replaces the file's counts.
    pub fn set_captured(&mut self, curve: Curve) {
        self.captured = Some(Arc::new(curve));
    }

    /// Which of the captured buckets are played: all, or those of the window.
    ///
    /// # Errors
    /// One sentence why the window is not within the curve.
    pub fn buckets(&self) -> Result<std::ops::Range<usize>, String> {
        match (self.captured(), self.window.as_slice()) {
            (Some(curve), [from, to]) => window::buckets(*from, *to, curve),
            (curve, _) => Ok(0..curve.map_or(0, |curve| curve.counts().len())),
        }
    }

    /// How many times faster it is played.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed.unwrap_or(1.0)
    }

    /// The curve as it is played; nothing if it has not been read, or its window is not within it.
    #[must_use]
    pub fn played(&self) -> Option<Played> {
        let height = match (self.target_peak, self.target_mean) {
            (Some(peak), _) => Height::PeakPerS(peak.as_per_s()),
            (None, Some(mean)) => Height::MeanPerS(mean.as_per_s()),
            (None, None) => Height::Scale(self.scale.unwrap_or(1.0)),
        };
        let playing = Playing {
            buckets: self.buckets().ok()?,
            speed: self.speed(),
            height,
            clip_per_s: self.clip.map(Rate::as_per_s),
        };
        Some(Played::new(self.captured()?, &playing))
    }

    /// The curve inside the program that `file` means, where no file has its name.
    pub(super) fn shipped(&self, folder: &Path) -> Option<&'static Shipped> {
        shipped::file(Path::new(&self.file), &folder.join(&self.file))
    }

    /// Reads the curve file.
    pub(super) fn read(&mut self, folder: &Path, faults: &mut Faults<'_>) {
        let path = folder.join(&self.file);
        match self
            .shipped(folder)
            .map_or_else(|| read_curve(&path), |inside| curve_of(inside.text.as_bytes(), inside.name))
        {
            Ok(curve) => self.captured = Some(Arc::new(curve)),
            Err((message, help)) => return faults.add_help("file", message, help),
        }
        if let (Some(pinned), Some(curve)) = (&self.fingerprint, &self.captured)
            && *pinned != curve.fingerprint()
        {
            let message = format!(
                "the fingerprint of the counts in {} is {}, not the one in the profile",
                path.display(),
                curve.fingerprint()
            );
            faults.add_help("fingerprint", message, "name the right file, or remove `fingerprint`");
        }
    }
}

const IMPORT: &str = "make curve files with `floodmark curve import`";

/// A curve file's counts, or what is wrong and how to fix it.
fn read_curve(path: &Path) -> Result<Curve, (String, &'static str)> {
    let shown = path.display();
    let unreadable = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            (format!("curve file {shown} does not exist"), "the path is relative to the profile's folder")
        }
        _ => (format!("the curve file {shown} cannot be read: {error}"), IMPORT),
    };
    let facts = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if facts.is_dir() {
        return Err((format!("{shown} is a folder; a curve is a CSV file"), IMPORT));
    }
    if facts.len() > MAX_FILE_BYTES {
        let message = format!("{shown} is {} MB; a curve file may be at most 512 MB", facts.len() >> 20);
        return Err((message, "import it with longer buckets"));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(&error))?;
    curve_of(&bytes, &shown.to_string())
}

fn curve_of(bytes: &[u8], shown: &str) -> Result<Curve, (String, &'static str)> {
    Curve::read(bytes).map_err(|error| (format!("{shown}: {error}"), IMPORT))
}
