//! Windows: how many events belong in each, compared with the results that a pipeline wrote.

pub(crate) mod book;
pub(crate) mod compare;
mod pair;
pub(crate) mod reconciled;
pub(crate) mod sessions;
pub(crate) mod shape;

pub(crate) use book::{BookRule, Counted, WindowBook};
pub(crate) use compare::{NoPrediction, Prediction};
pub(crate) use reconciled::{ReconciledWindow, WindowsReconciled};
pub(crate) use sessions::{SessionBook, SessionRule};
pub(crate) use shape::{Edges, WindowShape, WindowSpan};

use serde::{Deserialize, Serialize};

use crate::mergeable::Merge;

/// How the windows of a pipeline are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BooksRule {
    /// Tumbling or hopping windows.
    Aligned(BookRule),
    /// Sessions.
    Sessions(SessionRule),
}

/// The book of a pipeline's windows, of either kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Book {
    /// Tumbling or hopping windows.
    Aligned(WindowBook),
    /// Sessions.
    Sessions(SessionBook),
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new(rule: BooksRule) -> Self {
        match rule {
            BooksRule::Aligned(rule) => Book::Aligned(WindowBook::new(rule)),
            BooksRule::Sessions(rule) => Book::Sessions(SessionBook::new(rule)),
        }
    }

    /// An event is in the pipeline's input: its first sighting, or a further copy of it.
    pub fn expect(&mut self, event_time_ms: i64, key: Option<&[u8]>, is_copy: bool) {
        match self {
            Book::Aligned(book) => book.expect(event_time_ms, key, is_copy),
            Book::Sessions(book) => book.expect(event_time_ms, key, is_copy),
        }
    }

    /// The pipeline wrote a result.
    pub fn result(&mut self, counted: &Counted<'_>) {
        match self {
            Book::Aligned(book) => book.result(counted),
            Book::Sessions(book) => book.result(counted),
        }
    }

    /// Compares all windows that end at or before the pipeline's last watermark; without it, all.
    #[must_use]
    pub fn finish(self, watermark_ms: Option<i64>, prediction: &impl Prediction) -> WindowsReconciled {
        match self {
            Book::Aligned(book) => book.finish(watermark_ms, prediction),
            Book::Sessions(book) => book.finish(watermark_ms, prediction),
        }
    }
}

impl Merge for Book {
    /// The other part's book is of the same kind and rule.
    fn merge(&mut self, other: Self) {
        match (self, other) {
            (Book::Aligned(own), Book::Aligned(other)) => own.merge(other),
            (Book::Sessions(own), Book::Sessions(other)) => own.merge(other),
            (Book::Aligned(_), Book::Sessions(_)) | (Book::Sessions(_), Book::Aligned(_)) => {}
        }
    }
}
