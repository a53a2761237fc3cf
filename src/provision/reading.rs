//! What reads and what is read: consumers, partitions, and the time to catch up.

use super::asked::Asked;
use super::known::{Known, Unit};
use super::lines::{Formula, Sheet, Worked};
use super::plan::Refusal;
use super::queue::{catch_up_s, taken_to_catch_up_per_s, whole};
use super::sources;
use super::words::{number, quantity, said};

const CONSUMERS: Formula = Formula {
    key: "consumers",
    unit: Unit::Count,
    symbols: "ceil(peak × (1 + spare) × skew / per_consumer), in each group",
    source: Some(sources::PARTITIONS),
};
const CONSUMERS_IN_TIME: Formula = Formula {
    symbols: "ceil(peak × (1 + outage / catch_up_within) × skew / per_consumer), in each group",
    source: Some(sources::QUEUE),
    ..CONSUMERS
};
const PARTITIONS: Formula = Formula {
    key: "partitions",
    unit: Unit::Count,
    symbols: "max(ceil(peak × (1 + spare) × skew / per_partition), consumers)",
    source: Some(sources::PARTITIONS),
};
const TAKEN: Formula = Formula {
    key: "taken",
    unit: Unit::EventsPerS,
    symbols: "consumers × per_consumer / skew, by each group at most",
    source: None,
};
const CATCH_UP: Formula = Formula {
    key: "catch_up",
    unit: Unit::Seconds,
    symbols: "outage × peak / (taken - peak)",
    source: Some(sources::QUEUE),
};

/// What is read by, and from.
pub(super) struct Reading<'a> {
    /// Partitions.
    pub(super) partitions: Option<Worked<'a>>,
    /// Events in a second that a group takes at most.
    pub(super) taken: Option<Worked<'a>>,
}

/// Adds the lines on reading.
pub(super) fn reading<'a>(sheet: &mut Sheet, asked: &'a Asked) -> Result<Reading<'a>, Refusal> {
    let consumers = consumers(sheet, asked)?;
    let partitions = partitions(sheet, asked, consumers.as_ref())?;
    let taken = taken(sheet, asked, consumers.as_ref())?;
    if let Some(taken) = &taken {
        catch_up(sheet, asked, taken)?;
    }
    Ok(Reading { partitions, taken })
}

/// Enough for the peak with its spare, and to catch up in time where that is asked for.
fn consumers<'a>(sheet: &mut Sheet, asked: &'a Asked) -> Result<Option<Worked<'a>>, Refusal> {
    let Some(each) = &asked.per_consumer else {
        let flags = "--per-consumer RATE, or --per-consumer-from DIR of a search through one consumer";
        sheet.lacks("consumers", format!("consumers and the time to catch up: set {flags}"));
        return Ok(None);
    };
    let Asked { peak, spare, skew, outage, .. } = asked;
    let at_peak = peak.value * (1.0 + spare.value) * skew.value / each.value;
    let in_time = asked.catch_up_within.as_ref().map(|within| {
        (taken_to_catch_up_per_s(outage.value, peak.value, within.value) * skew.value / each.value, within)
    });
    let (formula, worked, text) = match in_time {
        Some((exact, within)) if exact > at_peak => {
            let worked = Worked::of(whole(exact), &[peak, outage, within, skew, each]);
            let share = format!("(1 + {} / {})", said(outage), said(within));
            let text = format!("{} × {share} × {} / {} = {}", said(peak), said(skew), said(each), number(exact));
            (CONSUMERS_IN_TIME, worked, text)
        }
        _ => (CONSUMERS, Worked::of(whole(at_peak), &[peak, spare, skew, each]), with_spare(asked, each, at_peak)),
    };
    sheet.add(formula, &worked, text)?;
    Ok(Some(worked))
}

/// `6.56/s × 1.2 × 1 / 2/s = 3.94`
fn with_spare(asked: &Asked, each: &Known, exact: f64) -> String {
    let Asked { peak, spare, skew, .. } = asked;
    let with_spare = number(1.0 + spare.value);
    format!("{} × {with_spare} × {} / {} = {}", said(peak), said(skew), said(each), number(exact))
}

/// Enough for what is produced, and one for each consumer of a group.
fn partitions<'a>(
    sheet: &mut Sheet,
    asked: &'a Asked,
    consumers: Option<&Worked<'a>>,
) -> Result<Option<Worked<'a>>, Refusal> {
    let Asked { peak, spare, skew, .. } = asked;
    let by_producing = asked.per_partition.as_ref().map(|each| {
        let exact = peak.value * (1.0 + spare.value) * skew.value / each.value;
        (Worked::of(whole(exact), &[peak, spare, skew, each]), with_spare(asked, each, exact))
    });
    if by_producing.is_none() {
        let flags = "--per-partition RATE, or --per-partition-from DIR of a search";
        let what = if consumers.is_some() { "whether partitions take what is produced" } else { "partitions" };
        sheet.lacks("partitions", format!("{what}: set {flags}"));
    }
    let is_whole = by_producing.is_some() && consumers.is_some();
    let (worked, text) = match (by_producing, consumers) {
        (Some((producing, text)), Some(reading)) => {
            let worked = producing.then(producing.value.max(reading.value), &[]).resting_on(&reading.rests_on);
            (worked, format!("{text}; {} consumers", number(reading.value)))
        }
        (Some((producing, text)), None) => (producing, format!("{text}; consumers are not known")),
        (None, Some(reading)) => (reading.clone(), format!("one for each of {} consumers", number(reading.value))),
        (None, None) => return Ok(None),
    };
    sheet.add(PARTITIONS, &worked, text)?;
    if !is_whole {
        sheet.is_at_least();
    }
    Ok(Some(worked))
}

/// What a group takes. The consumer with the fullest partition is full first, so that skew leaves the others idle.
fn taken<'a>(
    sheet: &mut Sheet,
    asked: &'a Asked,
    consumers: Option<&Worked<'a>>,
) -> Result<Option<Worked<'a>>, Refusal> {
    let (Some(consumers), Some(each)) = (consumers, &asked.per_consumer) else { return Ok(None) };
    let worked = consumers.then(consumers.value * each.value / asked.skew.value, &[each, &asked.skew]);
    let text = format!("{} × {} / {}", number(consumers.value), said(each), said(&asked.skew));
    sheet.add(TAKEN, &worked, text)?;
    Ok(Some(worked))
}

fn catch_up<'a>(sheet: &mut Sheet, asked: &'a Asked, taken: &Worked<'a>) -> Result<(), Refusal> {
    let Asked { peak, outage, .. } = asked;
    let takes = quantity(taken.value, Unit::EventsPerS);
    let Some(seconds) = catch_up_s(outage.value, peak.value, taken.value) else {
        let rests_on = taken.then(0.0, &[peak, outage]).rests_on;
        let text = format!("never: {takes} are taken and {} arrive; set --spare or --catch-up-within", said(peak));
        sheet.add_endless(CATCH_UP, &rests_on, text);
        return Ok(());
    };
    let text = format!("{} × {} / ({takes} - {})", said(outage), said(peak), said(peak));
    sheet.add(CATCH_UP, &taken.then(seconds, &[peak, outage]), text)
}
