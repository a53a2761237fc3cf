//! What is written and what is kept: bytes of an event, of a second, and on disk.

use super::asked::Asked;
use super::known::Unit;
use super::lines::{Formula, Sheet, Worked, figure};
use super::plan::Refusal;
use super::sources;
use super::words::{quantity, said};

pub(super) const WRITTEN: Formula = Formula {
    key: "written",
    unit: Unit::Bytes,
    symbols: "event × compressed_to + overhead",
    source: Some(sources::RECORD),
};
const PRODUCED: Formula = Formula { key: "produced", unit: Unit::BytesPerS, symbols: "peak × written", source: None };
const ONE_COPY: Formula = Formula {
    key: "one_copy",
    unit: Unit::Bytes,
    symbols: "kept × written × retention + min(partitions × segment, kept × written × segment_roll)",
    source: Some(sources::SEGMENTS),
};
const DISK: Formula = Formula {
    key: "disk",
    unit: Unit::Bytes,
    symbols: "one_copy × replication / disk_full, on all brokers together",
    source: Some(sources::DISK),
};

/// What is written.
pub(super) struct Writing<'a> {
    /// Bytes of an event.
    pub(super) written: Worked<'a>,
    /// Bytes in a second from producers at the peak.
    pub(super) produced: Worked<'a>,
}

/// What is kept.
pub(super) struct Keeping<'a> {
    /// Bytes of one copy of everything.
    pub(super) one_copy: Worked<'a>,
    /// Whether segments are closed for their age, before they are full.
    pub(super) by_age: bool,
}

/// Adds the lines on writing; none without the size of an event.
pub(super) fn writing<'a>(sheet: &mut Sheet, asked: &'a Asked) -> Result<Option<Writing<'a>>, Refusal> {
    let Some(event) = &asked.event else {
        let flags = "--event-bytes SIZE, name a profile, or give a search's folder";
        sheet.lacks("written", format!("network and disk, and brokers by them: set {flags}"));
        return Ok(None);
    };
    let Asked { overhead, compressed_to, peak, .. } = asked;
    let bytes = event.value * compressed_to.value + overhead.value;
    let written = Worked::of(bytes, &[event, compressed_to, overhead]);
    sheet.add(WRITTEN, &written, format!("{} × {} + {}", said(event), said(compressed_to), said(overhead)))?;
    let produced = written.then(peak.value * bytes, &[peak]);
    sheet.add(PRODUCED, &produced, format!("{} × {}", said(peak), quantity(bytes, Unit::Bytes)))?;
    Ok(Some(Writing { written, produced }))
}

/// Adds the lines on what is kept. Retention deletes a segment when the last event in it is old enough, so that one segment of each
/// partition is kept too long: it is as large as a segment grows, or as old.
pub(super) fn keeping<'a>(
    sheet: &mut Sheet,
    asked: &'a Asked,
    written: &Worked<'a>,
    partitions: Option<&Worked<'a>>,
) -> Result<Keeping<'a>, Refusal> {
    let Asked { kept, retention, segment, segment_roll, replication, disk_full, .. } = asked;
    let per_s = kept.value * written.value;
    let by_age = per_s * segment_roll.value;
    let by_size = partitions.map(|partitions| partitions.value * segment.value);
    let is_by_age = by_size.is_none_or(|by_size| by_age <= by_size);
    let value = per_s * retention.value + by_size.map_or(by_age, |by_size| by_size.min(by_age));
    let text = format!(
        "{} × {} × {} and {} of segments",
        said(kept),
        figure(written, Unit::Bytes),
        said(retention),
        quantity(value - per_s * retention.value, Unit::Bytes)
    );
    let mut one_copy = written.then(value, &[kept, retention, segment_roll]);
    if let Some(partitions) = partitions {
        one_copy = one_copy.resting_on(&[segment]).resting_on(&partitions.rests_on);
    }
    sheet.add(ONE_COPY, &one_copy, text)?;
    let disk = one_copy.then(value * replication.value / disk_full.value, &[replication, disk_full]);
    let text = format!("{} × {} / {}", figure(&one_copy, Unit::Bytes), said(replication), said(disk_full));
    sheet.add(DISK, &disk, text)?;
    Ok(Keeping { one_copy, by_age: is_by_age })
}
