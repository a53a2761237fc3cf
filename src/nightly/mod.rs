//! A night of a suite. Pure: what runs (`suite`), in which order (`turns`), what was done (`record`), the lines of history that come of it (`lines`),
//! what a history says of a night (`decide`), and of the nights before it (`past`).

mod decide;
mod decision;
#[cfg(test)]
pub(crate) mod decision_examples;
mod decisions;
#[cfg(test)]
pub(crate) mod examples;
mod lines;
mod past;
mod record;
mod schema;
mod series;
mod suite;
mod turns;
mod unsteady;

pub(crate) use decide::decide;
pub(crate) use decision::{Broken, FigureDecision, NightDecision, NightFinding, ProfileNight};
pub(crate) use lines::{lines, measured};
pub(crate) use past::{Past, PastAsked, PastChange, PastFigure, PastMark, PastNight, PastPoint, PastRun, past};
pub(crate) use record::{Asked, NIGHT_SCHEMA, NightRecord, NightRun};
pub(crate) use schema::{night_schema, past_schema};
pub(crate) use suite::{Suite, SuiteProfile};
pub(crate) use turns::{Next, Turn, left, next};
