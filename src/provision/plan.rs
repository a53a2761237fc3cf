//! The plan: what was asked for is checked, and its lines are worked out one after the other.

use super::asked::Asked;
use super::brokers::{brokers, disk_on_each};
use super::known::{Known, Unit};
use super::lines::{Sheet, Worked};
use super::reading::reading;
use super::record::{Answer, PROVISION_SCHEMA, Provision};
use super::storing::{keeping, writing};
use super::words::{quantity, said};

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nothing is to be planned for.
    #[error("the wanted peak is not above 0 ({from}): a plan needs a rate as in --peak 40k/s")]
    NoPeak {
        /// Where the peak comes from.
        from: String,
    },
    /// A figure that cannot be.
    #[error("{flag} {said}: {wanted}")]
    Impossible {
        /// The flag.
        flag: &'static str,
        /// The figure.
        said: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// More copies than brokers.
    #[error(
        "{copies} copies of each partition need {copies} brokers, and there are {brokers}: set --replication or --brokers"
    )]
    FewBrokers {
        /// How many copies.
        copies: String,
        /// How many brokers.
        brokers: String,
    },
    /// All brokers down.
    #[error("of {brokers} brokers none is left while {down} are down: set --brokers-down or --brokers")]
    NoBrokerLeft {
        /// How many brokers.
        brokers: String,
        /// How many are down.
        down: String,
    },
    /// A result that nobody can order.
    #[error("{what} comes to more than can be planned ({worked}): look at the flags that it rests on")]
    TooLarge {
        /// The line.
        what: String,
        /// Its formula with its figures.
        worked: String,
    },
}

/// Works a plan out.
///
/// # Errors
/// [`Refusal`]: figures that cannot be, or that come to more than anybody can order.
pub(crate) fn plan(asked: &Asked) -> Result<Provision, Refusal> {
    check(asked)?;
    let mut sheet = Sheet::default();
    let read = reading(&mut sheet, asked)?;
    let writing = writing(&mut sheet, asked)?;
    let kept = match &writing {
        Some(writing) => Some(keeping(&mut sheet, asked, &writing.written, read.partitions.as_ref())?),
        None => None,
    };
    let one_copy = kept.as_ref().map(|kept| &kept.one_copy);
    let (needed, is_whole) = brokers(&mut sheet, asked, writing.as_ref(), read.taken.as_ref(), one_copy)?;
    let there = asked.brokers.as_ref().map(|brokers| Worked::of(brokers.value, &[brokers]));
    let answer = there.as_ref().map(|there| match (there.value >= needed.value, is_whole) {
        (false, _) => Answer::NotEnough,
        (true, true) => Answer::Enough,
        (true, false) => Answer::Unknown,
    });
    if let Some(one_copy) = one_copy {
        disk_on_each(&mut sheet, asked, one_copy, there.as_ref().unwrap_or(&needed))?;
    }
    notes(&mut sheet, asked, kept.as_ref().is_some_and(|kept| kept.by_age));
    let used =
        |known: &&Known| !known.is_assumed() || sheet.lines.iter().any(|line| line.rests_on.contains(&known.key));
    let inputs = asked.all().filter(used).cloned().collect();
    Ok(Provision {
        schema: PROVISION_SCHEMA,
        inputs,
        lines: sheet.lines,
        missing: sheet.missing,
        notes: sheet.notes,
        brokers: answer,
    })
}

/// What to know before the order.
fn notes(sheet: &mut Sheet, asked: &Asked, is_kept_by_age: bool) {
    let Asked { outage, retention, replication, brokers_down, segment_roll, .. } = asked;
    if outage.value >= retention.value {
        let (outage, retention) = (said(outage), said(retention));
        sheet.notes.push(format!(
            "an outage of {outage} outlasts the retention of {retention}: what is not read by then is deleted"
        ));
    }
    if is_kept_by_age && segment_roll.value * 2.0 > retention.value {
        let (roll, longest) = (said(segment_roll), quantity(retention.value + segment_roll.value, Unit::Seconds));
        sheet.notes.push(format!(
            "segments fill slowly: each is written to for {roll}, and its events stay up to {longest}; a smaller segment.ms of the topic, and --segment-roll, save disk"
        ));
    }
    if replication.value <= brokers_down.value {
        let (copies, down) = (said(replication), said(brokers_down));
        sheet.notes.push(format!(
            "with --replication {copies} and --brokers-down {down}, all copies of a partition may be down: its events can be neither written nor read meanwhile"
        ));
    }
    for known in asked.all().filter(|known| known.at_least) {
        sheet.notes.push(format!(
            "{} is at least {}: the search ended before a load failed",
            known.key.replace('_', " "),
            said(known)
        ));
    }
}

/// What each figure must be.
fn check(asked: &Asked) -> Result<(), Refusal> {
    if asked.peak.value <= 0.0 {
        return Err(Refusal::NoPeak { from: asked.peak.from.clone() });
    }
    asked.all().try_for_each(|known| match wanted(known) {
        Some(wanted) => Err(Refusal::Impossible { flag: known.flag, said: said(known), wanted }),
        None => Ok(()),
    })?;
    if asked.kept.value > asked.peak.value * (1.0 + 1e-9) {
        let (flag, said) = (asked.kept.flag, said(&asked.kept));
        return Err(Refusal::Impossible { flag, said, wanted: "the mean cannot be above the peak" });
    }
    if let Some(brokers) = &asked.brokers {
        let [there, down] = [brokers, &asked.brokers_down].map(said);
        if asked.replication.value > brokers.value {
            return Err(Refusal::FewBrokers { copies: said(&asked.replication), brokers: there });
        }
        if asked.brokers_down.value >= brokers.value {
            return Err(Refusal::NoBrokerLeft { brokers: there, down });
        }
    }
    Ok(())
}

/// What a figure must be, when it is not.
fn wanted(known: &Known) -> Option<&'static str> {
    let value = known.value;
    if !value.is_finite() {
        return Some("it must be a finite number");
    }
    let (is_good, wanted) = match known.key {
        "spare" | "copy_cost" | "overhead" => (value >= 0.0, "it must be 0 or more"),
        "brokers_down" => return None,
        "skew" => (value >= 1.0, "the fullest partition has at least as much as the mean one: 1 or more"),
        "disk_full" => (value > 0.0 && value <= 1.0, "a share above 0, and at most 1"),
        "groups" => (value >= 1.0, "at least one group reads"),
        "replication" | "brokers" => (value >= 1.0, "it must be 1 or more"),
        _ => (value > 0.0, "it must be above 0"),
    };
    (!is_good).then_some(wanted)
}

#[cfg(test)]
mod laws;
