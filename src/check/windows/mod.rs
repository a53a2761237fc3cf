//! Windows: how many events belong in each, held against the results that a pipeline wrote.

pub mod book;
pub mod compare;
pub mod reconciled;
pub mod shape;

pub use crate::profile::{CopiesRule, Updates};
pub use book::{BookRule, Counted, WindowBook};
pub use compare::{NoPrediction, PredictedLoss, Prediction};
pub use reconciled::{ReconciledWindow, WindowsReconciled};
pub use shape::{WindowShape, WindowSpan};
