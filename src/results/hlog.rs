//! Interval logs: a histogram of latencies for each second, hop and stream (and stage), in the form that the HdrHistogram tools read.
//!
//! Values are nanoseconds; the column with each interval's maximum is in milliseconds, as in Java's own log writer. Negative latencies,
//! which an HdrHistogram cannot hold, count as 0 there and are kept in comments that other tools ignore.

use std::{
    fmt::Write as _,
    str,
    time::{Duration, UNIX_EPOCH},
};

use hdrhistogram::{
    Histogram,
    serialization::{
        Deserializer, V2DeflateSerializer,
        interval_log::{IntervalLogHistogram, IntervalLogIterator, IntervalLogWriterBuilder, LogEntry},
    },
};

use crate::latency::{Hop, LatencyHistogram};
use crate::mergeable::Merge;

/// Nanoseconds in the unit of the column with the maximum.
const NANOS_PER_MS: f64 = 1e6;
/// The column names, as Java's log writer has them.
const LEGEND: &str = "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n";

/// Which latencies a log holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogKey {
    /// The stream's name.
    pub stream: String,
    /// The stage's name; `None` when the stream is observed in one place only, and for hops that end before any stage.
    pub stage: Option<String>,
    /// The part of the path.
    pub hop: Hop,
}

/// The stage name of the generator's own lateness, which is a part of due to sent.
pub(crate) const GENERATOR: &str = "generator";

impl LogKey {
    /// The log of a stream's hop, at a stage where there are several.
    #[must_use]
    pub fn new(stream: &str, stage: Option<&str>, hop: Hop) -> Self {
        LogKey { stream: stream.to_owned(), stage: stage.map(str::to_owned), hop }
    }

    /// The log of how late the generator itself sent.
    #[must_use]
    pub fn of_generator(stream: &str) -> Self {
        LogKey::new(stream, Some(GENERATOR), Hop::DueToSent)
    }

    /// The log's file name: `stream.hop.hlog`, or `stream@stage.hop.hlog`. No stream's name has an `@`, so that no two logs share a file.
    #[must_use]
    pub fn file_name(&self) -> String {
        let mut name = file_part(&self.stream);
        if let Some(stage) = &self.stage {
            name.push('@');
            name.push_str(&file_part(stage));
        }
        format!("{name}.{}.hlog", self.hop.name())
    }
}

/// A name with every character replaced that does not belong in a file name.
fn file_part(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect()
}

/// A histogram, and when it was measured.
#[derive(Debug, Clone)]
pub struct Interval {
    /// From the start of the run.
    pub start: Duration,
    /// How long the measurement lasted.
    pub length: Duration,
    /// What was measured.
    pub latencies: LatencyHistogram,
}

/// A log that is read interval by interval: a day's log holds more histograms than fit
/// comfortably into memory. Intervals without measurements are absent.
pub struct LogReader<'a> {
    /// Which latencies it holds.
    pub key: LogKey,
    /// When the run started, in nanoseconds since 1970 (the file holds milliseconds).
    pub start_unix_ns: u64,
    lines: Lines<'a>,
    deserializer: Deserializer,
    negative: (u64, u64),
}

/// Encodes one log; the caller writes the bytes.
pub(crate) struct LogEncoder {
    serializer: V2DeflateSerializer,
}

impl Default for LogEncoder {
    fn default() -> Self {
        LogEncoder { serializer: V2DeflateSerializer::new() }
    }
}

impl std::fmt::Debug for LogEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogEncoder")
    }
}

impl LogEncoder {
    /// Appends a log's header.
    ///
    /// # Errors
    /// The encoder's error; writing to memory does not fail.
    pub(crate) fn begin(
        &mut self,
        log: &mut Vec<u8>,
        key: &LogKey,
        run_id: &str,
        start_unix_ns: u64,
    ) -> Result<(), String> {
        let start = UNIX_EPOCH + Duration::from_nanos(start_unix_ns);
        let mut builder = IntervalLogWriterBuilder::new();
        builder.add_comment(&format!("[Latency in nanoseconds, by floodmark, run {run_id}]"));
        builder.add_comment(&format!("[Stream: {}]", key.stream));
        if let Some(stage) = &key.stage {
            builder.add_comment(&format!("[Stage: {stage}]"));
        }
        builder.add_comment(&format!("[Hop: {}]", key.hop.name()));
        builder.with_start_time(start).with_base_time(start).with_max_value_divisor(NANOS_PER_MS);
        builder.begin_log_with(log, &mut self.serializer).map_err(|error| error.to_string())?;
        log.extend_from_slice(LEGEND.as_bytes());
        Ok(())
    }

    /// Appends an interval. One without latencies adds nothing.
    ///
    /// # Errors
    /// The encoder's error.
    pub(crate) fn append(&mut self, log: &mut Vec<u8>, interval: &Interval) -> Result<(), String> {
        let Interval { start, length, latencies } = interval;
        if latencies.count() == 0 {
            return Ok(());
        }
        if latencies.negative() > 0 {
            // Before its interval: a reader of the complete interval has also read its comment.
            let mut comment = String::new();
            let (negative, most_ns) = (latencies.negative(), latencies.most_negative_ns());
            let _ = writeln!(comment, "{NEGATIVE}{negative},{most_ns}]");
            log.extend_from_slice(comment.as_bytes());
        }
        let mut builder = IntervalLogWriterBuilder::new();
        builder.with_max_value_divisor(NANOS_PER_MS);
        let divisor_line = log.len();
        let mut writer = builder.begin_log_with(log, &mut self.serializer).map_err(|error| error.to_string())?;
        writer.write_histogram(latencies.nanos(), *start, *length, None).map_err(|error| error.to_string())?;
        drop_first_line(log, divisor_line);
        Ok(())
    }
}

/// The comment that says how many latencies of the next interval were negative, and how far below zero the most negative one was (ns).
const NEGATIVE: &str = "#[Negative: ";

/// The writer states its divisor each time it begins, and here it begins for every interval: once per file is enough.
fn drop_first_line(log: &mut Vec<u8>, from: usize) {
    if let Some(end) = log[from..].iter().position(|byte| *byte == b'\n') {
        log.drain(from..=from + end);
    }
}

/// The lines of a log, each with its number.
type Lines<'a> = std::iter::Peekable<std::iter::Enumerate<str::SplitInclusive<'a, char>>>;

impl<'a> LogReader<'a> {
    /// Reads a log's header. A last line without its end (the process was killed while writing) is left out.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub fn open(file: &'a [u8]) -> Result<Self, String> {
        let text = str::from_utf8(super::whole_lines(file)).map_err(|error| error.to_string())?;
        let mut lines: Lines<'a> = text.split_inclusive('\n').enumerate().peekable();
        let (mut stream, mut stage, mut hop, mut start_unix_ns) = (None, None, None, 0);
        while let Some((number, line)) = lines.next_if(|(_, line)| is_head(line)) {
            if let Some(value) = comment_value(line, "#[Stream: ") {
                stream = Some(value.to_owned());
            } else if let Some(value) = comment_value(line, "#[Stage: ") {
                stage = Some(value.to_owned());
            } else if let Some(value) = comment_value(line, "#[Hop: ") {
                hop = Hop::ALL.into_iter().find(|hop| hop.name() == value);
            } else if let Some(LogEntry::StartTime(start)) = entry_of(line).map_err(|why| at_line(number, &why))? {
                start_unix_ns = start.as_nanos() as u64;
            }
        }
        let (Some(stream), Some(hop)) = (stream, hop) else {
            return Err("it does not name its stream and hop".to_owned());
        };
        let key = LogKey { stream, stage, hop };
        Ok(LogReader { key, start_unix_ns, lines, deserializer: Deserializer::new(), negative: (0, 0) })
    }

    /// All intervals together: the run's histogram.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub fn sum(self) -> Result<LatencyHistogram, String> {
        let mut sum = LatencyHistogram::default();
        for interval in self {
            sum.merge(interval?.latencies);
        }
        Ok(sum)
    }

    /// The intervals as they stand in the file. A day's log has 86,400 of them, and most hold a few hundred of a histogram's 40,000 buckets:
    /// whoever asks only for those is spared a whole histogram for each.
    pub(crate) fn decoded(mut self) -> impl Iterator<Item = Result<Decoded, String>> {
        std::iter::from_fn(move || self.next_decoded())
    }

    fn next_decoded(&mut self) -> Option<Result<Decoded, String>> {
        loop {
            let (number, line) = self.lines.next()?;
            match self.take(number, line) {
                Ok(None) => {}
                Ok(Some(decoded)) => return Some(Ok(decoded)),
                Err(why) => return Some(Err(at_line(number, &why))),
            }
        }
    }

    fn take(&mut self, number: usize, line: &str) -> Result<Option<Decoded>, String> {
        if let Some(value) = comment_value(line, NEGATIVE) {
            self.negative = read_pair(value).ok_or_else(|| format!("`{value}` is not a pair of numbers"))?;
            return Ok(None);
        }
        let Some(LogEntry::Interval(interval)) = entry_of(line)? else { return Ok(None) };
        let (start, length) = (interval.start_timestamp(), interval.duration());
        let nanos = self.decode(&interval)?;
        let negative = std::mem::take(&mut self.negative);
        Ok(Some(Decoded { number, start, length, nanos, negative }))
    }

    fn decode(&mut self, interval: &IntervalLogHistogram<'_>) -> Result<Histogram<u64>, String> {
        let encoded = interval.encoded_histogram();
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded)
            .map_err(|error| error.to_string())?;
        let mut nanos: Histogram<u64> =
            self.deserializer.deserialize(&mut bytes.as_slice()).map_err(|error| error.to_string())?;
        if interval.max() <= 0.0 {
            // Only zeros. The decoder knows only that they are in the lowest bucket, and would take its upper end for their maximum.
            let zeros = nanos.len();
            nanos.reset();
            nanos.record_n(0, zeros).map_err(|error| error.to_string())?;
        }
        Ok(nanos)
    }
}

/// An interval as it stands in the file.
pub(crate) struct Decoded {
    /// The number of its line.
    number: usize,
    /// From the start of the run.
    pub(crate) start: Duration,
    length: Duration,
    /// In nanoseconds; what was negative counts as 0.
    pub(crate) nanos: Histogram<u64>,
    /// How many were negative, and how far the most negative one was below zero, in nanoseconds.
    negative: (u64, u64),
}

impl Decoded {
    fn into_interval(self) -> Result<Interval, String> {
        let Decoded { number, start, length, nanos, negative: (negative, most_negative_ns) } = self;
        let latencies = LatencyHistogram::from_parts(&nanos, negative, most_negative_ns)
            .map_err(|error| at_line(number, &error.to_string()))?;
        Ok(Interval { start, length, latencies })
    }
}

impl Iterator for LogReader<'_> {
    type Item = Result<Interval, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_decoded().map(|decoded| decoded.and_then(Decoded::into_interval))
    }
}

fn at_line(number: usize, why: &str) -> String {
    format!("line {}: {why}", number + 1)
}

/// Whether a line comes before the first interval.
fn is_head(line: &str) -> bool {
    line.starts_with(['#', '"']) && !line.starts_with(NEGATIVE)
}

/// The content of a line; nothing for comments and the column names.
fn entry_of(line: &str) -> Result<Option<LogEntry<'_>>, String> {
    IntervalLogIterator::new(line.as_bytes())
        .next()
        .transpose()
        .map_err(|_| "this is not a line of an interval log".to_owned())
}

/// The value in a comment of the form `#[Name: value]`.
fn comment_value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name)?.trim_end().strip_suffix(']')
}

fn read_pair(text: &str) -> Option<(u64, u64)> {
    let (first, second) = text.split_once(',')?;
    Some((first.parse().ok()?, second.parse().ok()?))
}

#[cfg(test)]
impl From<Interval> for Decoded {
    fn from(of: Interval) -> Self {
        let Interval { start, length, latencies } = of;
        let negative = (latencies.negative(), latencies.most_negative_ns());
        Decoded { number: 0, start, length, nanos: latencies.nanos().clone(), negative }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(stage: Option<&str>) -> LogKey {
        LogKey { stream: "orders.v2".to_owned(), stage: stage.map(str::to_owned), hop: Hop::DueToConsumed }
    }

    pub(crate) fn interval(second: u64, latencies_ns: &[i64]) -> Interval {
        let mut latencies = LatencyHistogram::default();
        latencies_ns.iter().for_each(|latency| latencies.record(*latency));
        Interval { start: Duration::from_secs(second), length: Duration::from_secs(1), latencies }
    }

    fn log_of(seconds: &[Vec<i64>], stage: Option<&str>) -> Vec<u8> {
        let (mut log, mut encoder) = (Vec::new(), LogEncoder::default());
        encoder.begin(&mut log, &key(stage), "r1", 1_700_000_000_123_000_000).unwrap();
        for (second, latencies) in seconds.iter().enumerate() {
            encoder.append(&mut log, &interval(second as u64, latencies)).unwrap();
        }
        log
    }

    /// Every bucket's upper end and count. (The histograms' own equality also asks for the exact smallest value, which no log keeps.)
    fn buckets(of: &LatencyHistogram) -> Vec<(u64, u64)> {
        of.nanos().iter_recorded().map(|one| (one.value_iterated_to(), one.count_at_value())).collect()
    }

    fn latency() -> impl Strategy<Value = i64> {
        prop_oneof![-5_000_000..0_i64, 0..2_000_000_i64, 0..100_000_000_000_000_i64]
    }

    proptest! {
        #[test]
        fn the_sum_of_a_log_is_the_runs_histogram(
            seconds in prop::collection::vec(prop::collection::vec(latency(), 0..30), 0..6), staged: bool,
        ) {
            let stage = staged.then_some("output of b");
            let log = log_of(&seconds, stage);
            let read = LogReader::open(&log).unwrap();
            prop_assert_eq!(&read.key, &key(stage));
            prop_assert_eq!(read.start_unix_ns, 1_700_000_000_123_000_000);
            let whole = interval(0, &seconds.concat()).latencies;
            let sum = read.sum().unwrap();
            prop_assert_eq!(buckets(&sum), buckets(&whole));
            prop_assert_eq!((sum.negative(), sum.most_negative_ns()), (whole.negative(), whole.most_negative_ns()));
            prop_assert_eq!(sum.summary(), whole.summary());
        }

        #[test]
        fn a_log_cut_anywhere_keeps_every_whole_interval(cut in 0.0..1.0_f64) {
            let seconds = vec![vec![5_000_000, -3], vec![7_000_000], vec![9_000_000, -1]];
            let log = log_of(&seconds, None);
            let header = log_of(&[], None).len();
            let kept = &log[..header + ((log.len() - header) as f64 * cut) as usize];
            let whole = str::from_utf8(kept).unwrap().split_inclusive('\n')
                .filter(|line| line.ends_with('\n') && line.starts_with(|c: char| c.is_ascii_digit())).count();
            prop_assert_eq!(LogReader::open(kept).unwrap().map(Result::unwrap).count(), whole);
        }
    }

    #[test]
    fn a_log_begins_with_what_it_is() {
        let text = String::from_utf8(log_of(&[vec![5_000_000, -2_000]], Some("output"))).unwrap();
        let (head, _histogram) = text.rsplit_once(',').unwrap();
        insta::assert_snapshot!(head, @r#"
        #[Latency in nanoseconds, by floodmark, run r1]
        #[Stream: orders.v2]
        #[Stage: output]
        #[Hop: due_to_consumed]
        #[StartTime: 1700000000.123 (seconds since epoch)]
        #[BaseTime: 1700000000.123 (seconds since epoch)]
        #[MaxValueDivisor: 1000000.000]
        "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
        #[Negative: 1,2000]
        0.000,1.000,5.001
        "#);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let mut log = log_of(&[vec![1_000_000]], None);
        log.extend_from_slice(b"1.000,1.000,5.0,not base64!\n");
        let lines = log.iter().filter(|byte| **byte == b'\n').count();
        assert!(LogReader::open(&log).unwrap().sum().unwrap_err().starts_with(&format!("line {lines}: ")));
    }

    #[test]
    fn no_two_logs_share_a_file() {
        let dotted = LogKey { stream: "a.b".to_owned(), stage: None, hop: Hop::DueToSent };
        let staged = LogKey { stream: "a".to_owned(), stage: Some("b".to_owned()), hop: Hop::DueToSent };
        assert_eq!(dotted.file_name(), "a.b.due_to_sent.hlog");
        assert_eq!(staged.file_name(), "a@b.due_to_sent.hlog");
        let hostile = LogKey { stream: "../x/y".to_owned(), stage: None, hop: Hop::DueToSent };
        assert_eq!(hostile.file_name(), ".._x_y.due_to_sent.hlog");
    }
}
