//! The lines of a plan while it is being worked out: each figure remembers all that it rests on.

use super::known::{Basis, Known, Unit};
use super::plan::Refusal;
use super::record::{Line, Missing};
use super::sources::Source;
use super::words::quantity;

/// More than this is a slip of the keyboard: an exabyte, or a billion brokers a billion times.
const MOST: f64 = 1e18;

/// A figure that was worked out, and all that it rests on.
#[derive(Debug, Clone)]
pub(super) struct Worked<'a> {
    pub(super) value: f64,
    pub(super) rests_on: Vec<&'a Known>,
}

impl<'a> Worked<'a> {
    /// Of these figures.
    pub(super) fn of(value: f64, rests_on: &[&'a Known]) -> Self {
        Worked { value, rests_on: rests_on.to_vec() }
    }

    /// With another value, and resting on more.
    pub(super) fn then(&self, value: f64, more: &[&'a Known]) -> Self {
        Worked { value, rests_on: self.rests_on.clone() }.resting_on(more)
    }

    /// Resting on more.
    pub(super) fn resting_on(mut self, more: &[&'a Known]) -> Self {
        for known in more {
            if !self.rests_on.iter().any(|has| has.key == known.key) {
                self.rests_on.push(known);
            }
        }
        self
    }
}

/// A formula: of what, in symbols, and from where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Formula {
    pub(super) key: &'static str,
    pub(super) unit: Unit,
    pub(super) symbols: &'static str,
    pub(super) source: Option<Source>,
}

/// The lines so far.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) lines: Vec<Line>,
    pub(super) missing: Vec<Missing>,
    pub(super) notes: Vec<String>,
}

impl Sheet {
    /// Adds a line; `worked` is the formula with its figures.
    pub(super) fn add(&mut self, formula: Formula, of: &Worked<'_>, worked: String) -> Result<(), Refusal> {
        if !(of.value.is_finite() && of.value < MOST) {
            return Err(Refusal::TooLarge { what: formula.key.replace('_', " "), worked });
        }
        self.push(formula, Some(of.value), &of.rests_on, worked);
        Ok(())
    }

    /// Adds a line without an end.
    pub(super) fn add_endless(&mut self, formula: Formula, rests_on: &[&Known], worked: String) {
        self.push(formula, None, rests_on, worked);
    }

    fn push(&mut self, formula: Formula, value: Option<f64>, rests_on: &[&Known], worked: String) {
        let Formula { key, unit, symbols, source } = formula;
        let known = |basis: &Basis| rests_on.iter().any(|known| known.basis.contains(basis));
        let basis = [Basis::Measured, Basis::Given, Basis::Assumed].into_iter().filter(known).collect();
        let rests_on = rests_on.iter().map(|known| known.key).collect();
        let at_least = false;
        self.lines.push(Line { key, value, unit, basis, at_least, formula: symbols, worked, rests_on, source });
    }

    /// Says of the last line that more may be needed.
    pub(super) fn is_at_least(&mut self) {
        if let Some(line) = self.lines.last_mut() {
            line.at_least = true;
        }
    }

    /// Says what would give a line.
    pub(super) fn lacks(&mut self, key: &'static str, text: impl Into<String>) {
        self.missing.push(Missing { key, text: text.into() });
    }
}

/// A worked figure with its unit.
pub(super) fn figure(of: &Worked<'_>, unit: Unit) -> String {
    quantity(of.value, unit)
}
