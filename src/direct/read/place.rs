//! Where a partition is read, and what is in an answer from there on. Pure.

use super::aborted::Aborted;
use super::batch::{Batch, BatchFault, NO_EPOCH, Next, next, span};
use super::record::Record;

/// A partition's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The offset of the next record.
    pub(super) offset: i64,
    /// The leader's epoch of the record before it, if that was read here.
    pub(super) epoch: i32,
    /// The end that was last told of.
    told_end: Option<i64>,
}

/// An answer that cannot be true, or begins with what cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Disorder {
    #[error("offset {start} follows {before}, and the partition ends at {end}")]
    Offsets { start: i64, before: i64, end: i64 },
    #[error("after offset {0} there is not one whole batch")]
    Cut(i64),
    #[error("the batch at offset {at} cannot be read: {fault}")]
    Faulty { at: i64, fault: BatchFault },
}

/// What is found.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'a> {
    Record {
        record: Record<'a>,
        timestamp_ms: i64,
        by_broker: bool,
    },
    /// A batch that cannot be read, and how many records it may have; [`u64::MAX`] if what it says of itself may be wrong.
    Unread {
        base_offset: i64,
        events: u64,
        why: String,
    },
}

impl Place {
    pub(super) fn at(offset: i64) -> Self {
        Place { offset, epoch: NO_EPOCH, told_end: None }
    }

    /// Moves on behind the batches of an answer, whatever is in them. Reads only where they begin and end. `end` is the partition's, as the
    /// broker noted it before it read.
    ///
    /// # Errors
    /// When the batches do not follow each other and what was read before, or when there is none to move on behind.
    pub(super) fn pass(&mut self, answer: &[u8], end: i64) -> Result<(), Disorder> {
        let (mut place, mut rest) = (*self, answer);
        // Only the first answer may begin before the place, in the middle of a batch.
        let mut least = if self.epoch == NO_EPOCH { 0 } else { self.offset };
        while let Some((span, epoch, after)) = span(rest) {
            // Beyond the end, as it was noted, nothing is missing yet.
            if span.start < least || span.start > place.offset.max(end) {
                return Err(Disorder::Offsets { start: span.start, before: place.offset.max(least) - 1, end });
            }
            (place.offset, place.epoch, rest) = (place.offset.max(span.end), epoch, after);
            least = span.end;
        }
        if rest.len() == answer.len() && !answer.is_empty() {
            return Err(match next(answer) {
                Next::Faulty { base_offset, fault, .. } => Disorder::Faulty { at: base_offset, fault },
                Next::Batch(..) | Next::Cut => Disorder::Cut(self.offset - 1),
            });
        }
        *self = place;
        Ok(())
    }

    /// The end, if it was reached and has not been told of. Readable records end at `readable_end`.
    pub(super) fn reached_end(&mut self, readable_end: i64) -> Option<i64> {
        let is_news = self.offset >= readable_end && self.told_end != Some(self.offset);
        is_news.then(|| *self.told_end.insert(self.offset))
    }
}

/// Hands over what an answer has from an offset on. `plain` gives a compressed batch's records.
pub(super) fn walk(
    from: i64,
    mut answer: &[u8],
    mut aborted: Option<Aborted>,
    mut plain: impl FnMut(&Batch<'_>, &mut Vec<u8>) -> Result<(), String>,
    mut found: impl FnMut(Found<'_>),
) {
    let mut space = Vec::new();
    loop {
        let batch = match next(answer) {
            Next::Cut => return,
            Next::Faulty { base_offset, fault, rest } => {
                found(Found::Unread { base_offset, events: u64::MAX, why: fault.to_string() });
                answer = rest;
                continue;
            }
            Next::Batch(batch, rest) => {
                answer = rest;
                batch
            }
        };
        let is_skipped = aborted.as_mut().map_or(batch.is_control(), |aborted| aborted.skips(&batch));
        if is_skipped || batch.last_offset() < from {
            continue;
        }
        if let Err(why) = records(&batch, from, &mut space, &mut plain, &mut found) {
            let events = batch.last_offset().abs_diff(batch.base_offset).saturating_add(1);
            found(Found::Unread { base_offset: batch.base_offset, events, why });
        }
    }
}

fn records(
    batch: &Batch<'_>,
    from: i64,
    space: &mut Vec<u8>,
    plain: &mut impl FnMut(&Batch<'_>, &mut Vec<u8>) -> Result<(), String>,
    found: &mut impl FnMut(Found<'_>),
) -> Result<(), String> {
    let bytes = if batch.compression() == 0 {
        batch.body()
    } else {
        space.clear();
        plain(batch, space)?;
        &*space
    };
    let by_broker = batch.has_brokers_time();
    let mut least = batch.base_offset;
    for record in batch.records(bytes) {
        let record = record.map_err(|fault| fault.to_string())?;
        if !(least..=batch.last_offset()).contains(&record.offset) {
            return Err(format!("it has a record at offset {}, out of its order", record.offset));
        }
        least = record.offset + 1;
        if record.offset >= from {
            let timestamp_ms = if by_broker { batch.max_timestamp_ms } else { record.timestamp_ms };
            found(Found::Record { record, timestamp_ms, by_broker });
        }
    }
    Ok(())
}
