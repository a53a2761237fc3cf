//! Windows: how many events belong in each, held against the results that a pipeline wrote.

pub mod book;
pub mod compare;
pub mod reconciled;
pub mod shape;

pub use book::{BookRule, Counted, Updates, WindowBook};
pub use compare::{CopiesRule, NoPrediction, PredictedLoss, Prediction};
pub use reconciled::{ReconciledWindow, WindowsReconciled};
pub use shape::{WindowShape, WindowSpan};
