//! Recorded records as a person sees them: how many, what they lack, and what is not in the file.

use std::path::Path;

use serde_json::{Value, json};

use crate::capture::live::RecordsTaken;
use crate::curve::moment_text;
use crate::profile::MOST_RECORDS_BYTES;
use crate::report::figures;
use crate::report::terminal::tables::line;

/// What came of recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordsReport<'a> {
    /// The topic.
    pub topic: &'a str,
    /// What was taken.
    pub taken: &'a RecordsTaken,
    /// Where the records are.
    pub file: &'a Path,
    /// Where the profile is.
    pub profile: &'a Path,
}

impl RecordsReport<'_> {
    /// The time that the records are of.
    #[must_use]
    pub(crate) fn range(&self) -> String {
        format!("{} to {}", moment_text(self.taken.from_ms), moment_text(self.taken.to_ms))
    }

    /// For machines.
    #[must_use]
    pub(crate) fn json(&self) -> Value {
        let RecordsReport { topic, taken, file, profile } = self;
        json!({
            "topic": topic,
            "cluster_id": taken.cluster_id,
            "from": moment_text(taken.from_ms),
            "to": moment_text(taken.to_ms),
            "is_limited": taken.is_limited,
            "rows": taken.counts,
            "records_file": file,
            "profile_file": profile,
        })
    }

    /// For people.
    #[must_use]
    pub(crate) fn for_people(&self) -> String {
        let RecordsReport { topic, taken, file, profile } = self;
        let counts = &taken.counts;
        let mut text = String::new();
        let records = figures::count(counts.records);
        line(&mut text, &format!("{topic} of cluster {}: {records} records from {}", taken.cluster_id, self.range()));
        for remark in self.remarks() {
            line(&mut text, &format!("  {remark}"));
        }
        line(&mut text, &format!("records: {}", file.display()));
        line(
            &mut text,
            &format!("profile: {}; `floodmark plan {0} --sample 3` shows what it sends", profile.display()),
        );
        text
    }

    fn remarks(&self) -> Vec<String> {
        let counts = &self.taken.counts;
        let some = |count: u64, what: &str| (count > 0).then(|| format!("{} {what}", figures::count(count)));
        let limited = "the limit is reached: the time ends where the next records would be too many".to_owned();
        let megabytes = MOST_RECORDS_BYTES >> 20;
        let large = format!(
            "a run sends the first {megabytes} MB of the file: record less time, or fewer with --records-limit"
        );
        [
            self.taken.is_limited.then_some(limited),
            some(counts.tombstones, "are tombstones: they have no payload"),
            some(counts.without_key, "have no key"),
            some(counts.not_text, "are not text: they stand in the file byte by byte, so it is not UTF-8"),
            counts.left_out(),
            (counts.bytes > MOST_RECORDS_BYTES as u64).then_some(large),
            Some("headers and partitions are not recorded".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
