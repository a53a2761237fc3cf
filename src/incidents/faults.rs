//! Faults that were brought about on purpose.

use super::{Incident, IncidentKind};

/// When a fault was there, in nanoseconds from the start of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FaultSpell {
    /// Its name.
    pub(crate) name: String,
    /// When it was begun.
    pub(crate) from_ns: u64,
    /// When it was undone; none where it was not.
    pub(crate) to_ns: Option<u64>,
}

/// The fault as something that happened to the whole run.
#[must_use]
pub(crate) fn fault(of: &FaultSpell) -> Incident {
    const SECOND_NS: u64 = 1_000_000_000;
    let from_s = of.from_ns / SECOND_NS;
    // The nearest second: undoing takes a moment, and one that took 3 ms does not make the next second one of the fault.
    let to_s = of.to_ns.map(|to_ns| (to_ns.saturating_add(SECOND_NS / 2) / SECOND_NS).max(from_s + 1));
    let lasted_s = of.to_ns.map_or(0.0, |to_ns| to_ns.saturating_sub(of.from_ns) as f64 / 1e9);
    let lasted = Incident::new(IncidentKind::Fault, ("", None), (from_s, to_s), lasted_s);
    Incident { fault: Some(of.name.clone()), ..lasted }
}

/// The faults of several parts of a run: one that several of them injected is one.
#[must_use]
pub(crate) fn faults_of_parts(faults: &[Incident]) -> Vec<Incident> {
    let mut joined: Vec<Incident> = Vec::new();
    for fault in faults {
        match joined.iter_mut().find(|other| other.fault == fault.fault) {
            Some(known) => {
                known.from_s = known.from_s.min(fault.from_s);
                known.to_s = known.to_s.zip(fault.to_s).map(|(one, other)| one.max(other));
                known.figure = known.figure.max(fault.figure);
            }
            None => joined.push(fault.clone()),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, from_ms: u64, to_ms: Option<u64>) -> Incident {
        let ns = |ms: u64| ms * 1_000_000;
        fault(&FaultSpell { name: name.to_owned(), from_ns: ns(from_ms), to_ns: to_ms.map(ns) })
    }

    fn lasts(of: &Incident) -> (Option<&str>, u64, Option<u64>, f64) {
        (of.fault.as_deref(), of.from_s, of.to_s, of.figure)
    }

    #[test]
    fn a_fault_lasts_from_the_second_of_its_beginning_to_the_nearest_to_its_end() {
        assert_eq!(lasts(&at("f", 20_003, Some(30_400))), (Some("f"), 20, Some(30), 10.397));
        assert_eq!(lasts(&at("f", 20_900, Some(30_500))), (Some("f"), 20, Some(31), 9.6));
        assert_eq!(lasts(&at("f", 20_000, Some(30_000))), (Some("f"), 20, Some(30), 10.0));
        assert_eq!(lasts(&at("f", 20_000, Some(20_000))), (Some("f"), 20, Some(21), 0.0));
        assert_eq!(lasts(&at("f", 20_000, None)), (Some("f"), 20, None, 0.0));
    }

    #[test]
    fn a_fault_of_several_parts_is_one() {
        let faults = [
            at("a", 2_000, Some(4_000)),
            at("b", 1_000, Some(3_000)),
            at("a", 1_900, Some(5_000)),
            at("b", 1_000, None),
        ];
        let joined = faults_of_parts(&faults);
        assert_eq!(
            joined.iter().map(lasts).collect::<Vec<_>>(),
            [(Some("a"), 1, Some(5), 3.1), (Some("b"), 1, None, 2.0)]
        );
    }
}
