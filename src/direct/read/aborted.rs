//! Which batches a reader of committed records skips: those of transactions that were aborted. Pure.
//!
//! A fetch of committed records names the aborted transactions in its range by producer and first offset, and ends before the first that is
//! still open. From a transaction's first offset on, its producer's batches are skipped until the marker that ends it.

use std::collections::BTreeSet;

use super::batch::Batch;
use super::record::Records;

/// A marker's kind, in the second half of its key.
const ABORT: i16 = 0;

/// An aborted transaction, as a fetch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AbortedTransaction {
    pub(super) producer_id: i64,
    pub(super) first_offset: i64,
}

/// The aborted transactions of one answer.
#[derive(Debug, Default)]
pub(super) struct Aborted {
    /// Those that come later, the last one first.
    ahead: Vec<AbortedTransaction>,
    open: BTreeSet<i64>,
}

impl Aborted {
    pub(super) fn new(mut transactions: Vec<AbortedTransaction>) -> Self {
        transactions.sort_unstable_by_key(|transaction| std::cmp::Reverse(transaction.first_offset));
        Aborted { ahead: transactions, open: BTreeSet::new() }
    }

    /// Whether the batch is to be skipped. Takes the batches in the order of their offsets, markers included.
    pub(super) fn skips(&mut self, batch: &Batch<'_>) -> bool {
        while let Some(next) = self.ahead.pop_if(|next| next.first_offset <= batch.last_offset()) {
            self.open.insert(next.producer_id);
        }
        if batch.is_control() {
            if is_abort(batch.records(batch.body())) {
                self.open.remove(&batch.producer_id);
            }
            return true;
        }
        batch.is_transactional() && self.open.contains(&batch.producer_id)
    }
}

fn is_abort(mut marker: Records<'_>) -> bool {
    let key = marker.next().and_then(Result::ok).and_then(|record| record.key);
    key.and_then(|key| key.get(2..4)?.try_into().ok()).map(i16::from_be_bytes) == Some(ABORT)
}
