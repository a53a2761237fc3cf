//! A capture as a person sees it: its progress, and what came of it.

mod records;

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

pub(crate) use self::records::RecordsReport;
use super::Look;
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::capture::sample::{
    Kept, KeyFigures, KeyLaw, LateLaw, LateShape, LatenessFigures, SampleFigures, SizeFigures, SizeLaw,
};
use crate::capture::{CaptureProgress, CaptureStep, Captured};
use crate::curve::{Curve, moment_text};
use crate::report::figures;
use crate::report::output::to_stderr;

/// A progress bar on standard error, where that is a terminal.
#[derive(Default)]
pub(crate) struct ProgressLine {
    drawn: Option<(CaptureStep, ProgressBar)>,
}

impl ProgressLine {
    /// Shows how far it is.
    pub(crate) fn show(&mut self, progress: CaptureProgress) {
        let CaptureProgress { doing, done, of } = progress;
        if self.drawn.as_ref().is_none_or(|(drawn, _)| *drawn != doing) {
            self.close();
            let bar = bar(doing, of);
            if doing == CaptureStep::Watching && bar.is_hidden() {
                // Where there is no bar, that it has begun is said once. Nobody to hear it is no reason to stop.
                let _unheard = to_stderr("watching; press Ctrl-C to end it early\n");
            }
            self.drawn = Some((doing, bar));
        }
        if let Some((_, bar)) = &self.drawn {
            bar.set_position(done);
        }
    }

    /// Clears the line.
    pub(crate) fn close(&mut self) {
        if let Some((_, bar)) = self.drawn.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(doing: CaptureStep, of: u64) -> ProgressBar {
    let (doing, what) = match doing {
        CaptureStep::Edges => ("asking", "edges"),
        CaptureStep::Watching => ("watching", "buckets"),
        CaptureStep::Checking => ("checking", "answers"),
        CaptureStep::ReadingAround => ("reading what hides", "offsets"),
        CaptureStep::Sampling => ("sampling", "records"),
        CaptureStep::Judging => ("reading", "messages"),
        CaptureStep::Recording => ("recording", "records"),
        CaptureStep::Committed => ("sampling what is committed", "records"),
    };
    let bar = ProgressBar::new(of);
    let template = format!("{doing} [{{bar:30}}] {{human_pos}} of {{human_len}} {what}, {{eta}} to go");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// What came of a capture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaptureReport<'a> {
    /// The topic.
    pub topic: &'a str,
    /// What was captured.
    pub captured: &'a Captured,
    /// Where the curve is.
    pub curve_file: &'a Path,
    /// Where the profile is.
    pub profile_file: &'a Path,
    /// Where kept payloads were written.
    pub samples_file: Option<&'a Path>,
}

impl CaptureReport<'_> {
    /// For machines.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        let CaptureReport { topic, captured, curve_file, profile_file, samples_file } = self;
        let Captured { cluster_id, counted, error_bar, held, around, sample, kept, requests, asked_for_s } = captured;
        json!({
            "topic": topic,
            "cluster_id": cluster_id,
            "from": moment_text(counted.edges.at_ms(0)),
            "to": moment_text(counted.edges.at_ms(counted.edges.buckets())),
            "step_ms": counted.curve.step_ms(),
            "buckets": counted.curve.counts().len(),
            "left_out": counted.left_out,
            "records": counted.curve.total(),
            "records_per_partition": counted.per_partition,
            "offsets": held,
            "read_around": around,
            "error_bar": error_bar,
            "sample": sample,
            "requests": requests,
            "asked_for_s": asked_for_s,
            "curve_file": curve_file,
            "profile_file": profile_file,
            "samples_file": samples_file,
            "samples_kept": kept.as_ref().map(|kept| kept.lines.len()),
        })
    }
}

/// For people.
#[must_use]
pub(crate) fn for_people(report: &CaptureReport<'_>, look: Look) -> String {
    let CaptureReport { topic, captured, curve_file, profile_file, samples_file } = report;
    let Captured { cluster_id, counted, error_bar, sample, kept, requests, asked_for_s, .. } = captured;
    let curve = &counted.curve;
    let mut text = String::new();
    line(
        &mut text,
        &format!(
            "{topic} of cluster {cluster_id}: {} records from {}, {} buckets",
            figures::count(curve.total() as u64),
            counted.edges,
            figures::count(curve.counts().len() as u64)
        ),
    );
    line(&mut text, &format!("  {}", heights(curve)));
    line(&mut text, &format!("  {}", partitions(&counted.per_partition)));
    line(&mut text, &format!("  {} requests in {}", figures::count(*requests), figures::seconds(*asked_for_s)));
    text.push('\n');
    error_bar.findings.iter().for_each(|finding| push_wrapped(&mut text, finding, look.width));
    if let Some(sample) = sample {
        text.push('\n');
        push_sample(&mut text, sample, look);
    }
    text.push('\n');
    line(&mut text, &format!("curve    {}", curve_file.display()));
    line(&mut text, &format!("profile  {}", profile_file.display()));
    if let (Some(file), Some(kept)) = (samples_file, kept) {
        line(&mut text, &format!("samples  {}", samples_kept(file, kept)));
    }
    text
}

fn samples_kept(file: &Path, kept: &Kept) -> String {
    let left_out = match kept.not_json {
        0 => String::new(),
        not_json => format!("; {} are not JSON and were not kept", figures::count(not_json)),
    };
    format!("{}: {} payloads{left_out}", file.display(), figures::count(kept.lines.len() as u64))
}

fn heights(curve: &Curve) -> String {
    let (peak_at, peak) = curve
        .counts()
        .iter()
        .copied()
        .enumerate()
        .fold((0, 0.0), |highest: (usize, f64), here| if here.1 > highest.1 { here } else { highest });
    format!(
        "{} on average, {} in the fullest bucket ({})",
        figures::rate(curve.total() / curve.length_s()),
        figures::rate(peak / curve.step_s()),
        moment_text(curve.bucket_start_ms(peak_at))
    )
}

/// How evenly the partitions are used.
fn partitions(counts: &[u64]) -> String {
    let total: u64 = counts.iter().sum();
    let (least, most) = (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0));
    let mean = total as f64 / counts.len().max(1) as f64;
    format!(
        "{}: {} to {} of the records each, the fullest {:.2} times the mean",
        if counts.len() == 1 { "1 partition".to_owned() } else { format!("{} partitions", counts.len()) },
        figures::share(least, total),
        figures::share(most, total),
        most as f64 / mean.max(1.0)
    )
}

fn push_sample(text: &mut String, sample: &SampleFigures, look: Look) {
    line(text, &format!("sample of {} records", figures::count(sample.records)));
    let mut table = plain_table(2, 0..0);
    let form = if sample.json { "JSON" } else { "opaque bytes" };
    let tombstones = if sample.tombstones > 0 {
        format!(", {} of them tombstones", figures::count(sample.tombstones))
    } else {
        String::new()
    };
    table.add_row(["payloads".to_owned(), format!("{form}{tombstones}")]);
    if let Some(sizes) = &sample.sizes {
        table.add_row(["sizes".to_owned(), size_text(sizes)]);
        let [p1, p10, p50, p90, p99, max] = sizes.quantiles_bytes;
        table.add_row([
            String::new(),
            format!("p1 {p1}, p10 {p10}, p50 {p50}, p90 {p90}, p99 {p99}, max {max} B; mean {:.0} B", sizes.mean_bytes),
        ]);
    }
    table.add_row(["keys".to_owned(), key_text(&sample.keys)]);
    if sample.keys.keyed > 0 {
        table.add_row([String::new(), heavy_text(&sample.keys)]);
    }
    let lateness = sample.lateness.as_ref().map_or("not measured without --event-time".to_owned(), lateness_text);
    table.add_row(["lateness".to_owned(), lateness]);
    push_table(text, &table);
    if !sample.keys.fits() {
        push_wrapped(text, "keys do not follow this law: consider hot-set in the profile", look.width);
    }
    if sample.sizes.as_ref().is_some_and(|sizes| !sizes.fits()) {
        push_wrapped(text, "sizes do not follow this law well", look.width);
    }
}

fn size_text(sizes: &SizeFigures) -> String {
    match sizes.law {
        SizeLaw::Fixed { bytes } => format!("fixed, {} B", figures::count(bytes)),
        SizeLaw::LogNormal { median_bytes, sigma, .. } => format!(
            "log-normal, median {} B, sigma {sigma:.3}; off by {:.1} % at most",
            figures::count(median_bytes),
            sizes.distance * 100.0
        ),
    }
}

fn key_text(keys: &KeyFigures) -> String {
    match keys.law {
        KeyLaw::None => "none".to_owned(),
        KeyLaw::One => "one, the same in every record".to_owned(),
        KeyLaw::Uniform { count } if keys.unrepeated => {
            format!("none occurred twice: at least {}", figures::count(count))
        }
        KeyLaw::Uniform { count } => format!("uniform, about {} keys", figures::count(count)),
        KeyLaw::Zipf { count, exponent } => {
            format!("Zipf, exponent {exponent:.3}, about {} keys", figures::count(count))
        }
    }
}

fn heavy_text(keys: &KeyFigures) -> String {
    format!(
        "{} different keys in {} records; the most frequent has {:.2} %, the ten most frequent {:.2} % ({:.2} % under the law)",
        figures::count(keys.distinct),
        figures::count(keys.distinct_of),
        keys.top_share * 100.0,
        keys.top_10_share * 100.0,
        keys.law_top_10_share * 100.0
    )
}

fn lateness_text(lateness: &LatenessFigures) -> String {
    if lateness.timed == 0 {
        return "no message has an event time in that place".to_owned();
    }
    let [p50, p90, p99, max] = lateness.quantiles_ms.map(|ms| figures::latency(ms as f64));
    let law = lateness.late.map_or(String::new(), |law| late_law_text(&law));
    let ahead = if lateness.ahead_share > 0.0 {
        format!("; {:.2} % are ahead", lateness.ahead_share * 100.0)
    } else {
        String::new()
    };
    let untimed = if lateness.untimed > 0 {
        format!("; {} without an event time", figures::count(lateness.untimed))
    } else {
        String::new()
    };
    format!(
        "{:.2} % more than 1 s late{law}; p50 {p50}, p90 {p90}, p99 {p99}, max {max}{ahead}{untimed}",
        lateness.late_share * 100.0
    )
}

fn late_law_text(law: &LateLaw) -> String {
    let median = figures::latency(law.median_ms as f64);
    let shape = match law.shape {
        LateShape::Fixed => return format!(": all by {median}"),
        LateShape::Exponential => format!("exponential, median {median}"),
        LateShape::Uniform => format!("uniform, median {median}"),
        LateShape::LogNormal { sigma } => format!("log-normal, median {median}, sigma {sigma:.3}"),
        LateShape::Pareto { tail } => format!("Pareto, median {median}, tail {tail:.3}"),
    };
    let off = format!("off by {:.1} % at most", law.distance * 100.0);
    if law.fits { format!(": {shape}; {off}") } else { format!(": none of the laws fits (nearest: {shape}; {off})") }
}
