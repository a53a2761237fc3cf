//! Which setting buys how much: combinations of settings, trials of each in rounds, and what came of them. Pure; the trials themselves are
//! runs.

mod effect;
mod error;
mod figure;
mod front;
mod grid;
mod list;
#[cfg(test)]
pub(crate) mod made_up;
mod measured;
mod point;
mod record;
mod role;
mod rounds;
mod vary;

pub(crate) use effect::Effect;
pub(crate) use error::PlanError;
pub(crate) use figure::Figure;
pub(crate) use front::Standing;
pub(crate) use grid::{Plan, named, refuse_twins};
pub(crate) use list::read_list;
pub(crate) use measured::measured;
pub(crate) use point::Point;
pub(crate) use record::{CapacityOf, SWEEP_SCHEMA, SweepFound, SweepRecord, SweepTrial, sweep_schema};
pub(crate) use role::{Role, filled_in, role_of, variable};
pub(crate) use rounds::{BESIDE_S, Turn, next_turn};
pub(crate) use vary::Varied;
