//! What became of a fault, and what that means for the run. Pure.

use crate::incidents::{FaultSpell, Incident, fault};
use crate::verdict::{Reason, ReasonCode};

/// What became of one of a profile's faults so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Played {
    /// Its name.
    pub(crate) name: String,
    /// When it was begun, in nanoseconds from the start of the run.
    pub(crate) from_ns: Option<u64>,
    /// When it was undone, or could not be.
    pub(crate) to_ns: Option<u64>,
    /// Why it never was there.
    pub(crate) not_injected: Option<String>,
    /// Why it may still be there.
    pub(crate) not_undone: Option<String>,
}

/// What happens to a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is begun, at so many nanoseconds from the start of the run.
    Begun(u64),
    /// It could not be brought about.
    NotInjected(String),
    /// Its undoing begins, which may take its time.
    Undoing,
    /// It is undone.
    Undone(u64),
    /// It could not be undone.
    NotUndone(u64, String),
}

impl Played {
    pub(super) fn new(name: &str) -> Self {
        Played { name: name.to_owned(), ..Played::default() }
    }

    /// Takes in what happened to it; the sentence that people are told.
    pub(super) fn take(&mut self, turn: Turn, what: &str) -> String {
        let name = &self.name;
        match turn {
            Turn::Begun(at_ns) => {
                self.from_ns = Some(at_ns);
                format!("fault {name} begins: {what}")
            }
            Turn::NotInjected(why) => {
                let text = not_injected(name, &why);
                self.not_injected = Some(why);
                text
            }
            Turn::Undoing => format!("fault {name} is being undone"),
            Turn::Undone(at_ns) => {
                self.to_ns = Some(at_ns);
                format!("fault {name} is over")
            }
            Turn::NotUndone(at_ns, why) => {
                let text = not_undone(name, &why);
                (self.to_ns, self.not_undone) = (Some(at_ns), Some(why));
                text
            }
        }
    }

    /// It as something that happened; nothing where it never was there.
    #[must_use]
    pub(crate) fn incident(&self) -> Option<Incident> {
        let from_ns = self.from_ns.filter(|_| self.not_injected.is_none())?;
        let to_ns = self.to_ns.filter(|_| self.not_undone.is_none());
        Some(fault(&FaultSpell { name: self.name.clone(), from_ns, to_ns }))
    }

    /// Why the run says nothing about the fault, or the target may not be what it was.
    pub(crate) fn troubles(&self) -> impl Iterator<Item = Reason> {
        let not_injected = self
            .not_injected
            .as_ref()
            .map(|why| Reason::new(ReasonCode::FaultNotInjected, format!("The {}.", not_injected(&self.name, why))));
        let not_undone = self.not_undone.as_ref().map(|why| {
            Reason::new(ReasonCode::FaultNotUndone, format!("The {}; undo it by hand.", not_undone(&self.name, why)))
        });
        not_injected.into_iter().chain(not_undone)
    }
}

fn not_injected(name: &str, why: &str) -> String {
    format!("fault {name} was not injected: {why}")
}

fn not_undone(name: &str, why: &str) -> String {
    format!("fault {name} was not undone: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(turns: Vec<Turn>) -> (Option<(u64, Option<u64>)>, Vec<String>) {
        let mut played = Played::new("broker-down");
        for turn in turns {
            assert!(played.take(turn, "`kill`").contains("fault broker-down"));
        }
        let lasts = played.incident().map(|incident| (incident.from_s, incident.to_s));
        (lasts, played.troubles().map(|reason| reason.text).collect())
    }

    #[test]
    fn a_fault_that_was_there_is_marked_and_any_other_is_a_trouble() {
        let at = |seconds: u64| seconds * 1_000_000_000;
        assert_eq!(played(vec![]), (None, vec![]), "it was not its turn before the run was stopped");
        assert_eq!(
            played(vec![Turn::Begun(at(20)), Turn::Undoing, Turn::Undone(at(30))]),
            (Some((20, Some(30))), vec![])
        );
        let failed =
            vec![Turn::Begun(at(20)), Turn::NotInjected("`kill` exited with 1".to_owned()), Turn::Undone(at(21))];
        let text = "The fault broker-down was not injected: `kill` exited with 1.";
        assert_eq!(played(failed), (None, vec![text.to_owned()]));
        let left = vec![Turn::Begun(at(20)), Turn::NotUndone(at(30), "`restart` exited with 1".to_owned())];
        let text = "The fault broker-down was not undone: `restart` exited with 1; undo it by hand.";
        assert_eq!(played(left), (Some((20, None)), vec![text.to_owned()]), "it lasts to the end");
    }
}
