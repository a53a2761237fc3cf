//! Does the detector detect? A relay does wrong what it is told to, and keeps its own books; what a run finds is held against them. Pure.
//!
//! `fault` lists what a relay does wrong, one thing for each stream of one run; `relay` decides what becomes of each record, and `books` keeps
//! what it did; `matrix` holds a run's figures against the books, and `profile` is the run. `brokers` is the same with an embedded broker that
//! does wrong.

mod books;
mod brokers;
mod draws;
mod fault;
mod matrix;
mod profile;
mod relay;

pub(crate) use books::Books;
pub(crate) use brokers::{BROKER_FAULTS, BrokerFault, PAUSE, broker_profile_text, compared_with_broker};
pub(crate) use draws::Load;
pub(crate) use fault::FAULTS;
pub(crate) use matrix::{Calibration, Cell, Of, Row, Standing, compared, concluded};
pub(crate) use profile::{input, output, profile_text};
pub(crate) use relay::{Record, Relay};

/// The layout of a calibration's JSON.
pub(crate) const CALIBRATION_SCHEMA: u32 = 1;

/// The JSON Schema of what `floodmark calibrate --json` prints.
#[must_use]
pub(crate) fn calibration_schema() -> String {
    format!("{:#}\n", schemars::schema_for!(Calibration).to_value())
}
