//! How many brokers: by each thing that a broker has only so much of, with some of them down.

use super::asked::Asked;
use super::known::Unit;
use super::lines::{Formula, Sheet, Worked, figure};
use super::plan::Refusal;
use super::sources;
use super::spread::Load;
use super::storing::{WRITTEN, Writing};
use super::words::{number, quantity, said};

const fn formula(key: &'static str, unit: Unit, symbols: &'static str, source: sources::Source) -> Formula {
    Formula { key, unit, symbols, source: Some(source) }
}

const NETWORK_IN: Formula =
    formula("network_in_all", Unit::BytesPerS, "produced × replication, into all brokers", sources::BANDWIDTH);
const NETWORK_OUT: Formula = formula(
    "network_out_all",
    Unit::BytesPerS,
    "produced × groups + produced × (replication - 1), out of all brokers",
    sources::BANDWIDTH,
);
const CATCHING_UP: Formula = formula(
    "network_out_catching_up",
    Unit::BytesPerS,
    "produced × groups × taken / peak + produced × (replication - 1), while all groups catch up",
    sources::BANDWIDTH,
);
const BY_RATE: Formula = formula(
    "brokers_by_rate",
    Unit::Count,
    "fewest up with peak × (1 + spare) × (1 + copy_cost × (min(replication, up) - 1)) / up <= per_broker, + brokers_down",
    sources::BANDWIDTH,
);
const BY_IN: Formula = formula(
    "brokers_by_network_in",
    Unit::Count,
    "fewest up with produced × (1 + spare) × min(replication, up) / up <= network_in, + brokers_down",
    sources::BANDWIDTH,
);
const BY_OUT: Formula = formula(
    "brokers_by_network_out",
    Unit::Count,
    "fewest up with produced × (1 + spare) × (groups + min(replication, up) - 1) / up <= network_out, + brokers_down",
    sources::BANDWIDTH,
);
const BY_CATCHING_UP: Formula = formula(
    "brokers_by_catching_up",
    Unit::Count,
    "fewest up with produced × (groups × taken / peak + min(replication, up) - 1) / up <= network_out, + brokers_down",
    sources::BANDWIDTH,
);
const BY_STORAGE: Formula = formula(
    "brokers_by_storage",
    Unit::Count,
    "fewest up with one_copy × min(replication, up) / up <= broker_disk × disk_full, + brokers_down",
    sources::DISK,
);
const BROKERS: Formula = Formula {
    key: "brokers_needed",
    unit: Unit::Count,
    symbols: "the most of these, and one for each copy",
    source: None,
};
const DISK_ON_EACH: Formula = formula(
    "disk_on_each",
    Unit::Bytes,
    "one_copy × min(replication, up) / up / disk_full, up = brokers - brokers_down",
    sources::DISK,
);

/// One thing that brokers have only so much of.
struct Limit<'a> {
    formula: Formula,
    /// What all brokers carry, and all that this rests on.
    load: Load,
    rests_on: Worked<'a>,
    /// What one broker may carry.
    most: f64,
    unit: Unit,
}

/// Adds the lines on brokers; whether all that limits a broker is known.
pub(super) fn brokers<'a>(
    sheet: &mut Sheet,
    asked: &'a Asked,
    writing: Option<&Writing<'a>>,
    taken: Option<&Worked<'a>>,
    one_copy: Option<&Worked<'a>>,
) -> Result<(Worked<'a>, bool), Refusal> {
    let mut limits: Vec<Limit<'a>> = by_rate(sheet, asked).into_iter().collect();
    if let Some(writing) = writing {
        limits.extend(by_network_in(sheet, asked, writing)?);
        limits.extend(by_network_out(sheet, asked, writing, taken)?);
    }
    limits.extend(one_copy.and_then(|one_copy| by_storage(sheet, asked, one_copy)));
    let mut needed = Worked::of(asked.replication.value, &[&asked.replication]);
    let mut each = vec![format!("{} for the copies", said(&asked.replication))];
    for limit in limits {
        let by = by(sheet, asked, &limit)?;
        each.push(format!(
            "{} {}",
            number(by.value),
            limit.formula.key.trim_start_matches("brokers_").replace('_', " ")
        ));
        needed = needed.then(needed.value.max(by.value), &by.rests_on);
    }
    sheet.add(BROKERS, &needed, each.join(", "))?;
    let keys = [BY_RATE.key, BY_IN.key, BY_OUT.key, BY_STORAGE.key, WRITTEN.key];
    let is_whole = !sheet.missing.iter().any(|missing| keys.contains(&missing.key));
    if !is_whole {
        sheet.is_at_least();
    }
    Ok((needed, is_whole))
}

/// Adds how many brokers one limit asks for.
fn by<'a>(sheet: &mut Sheet, asked: &'a Asked, limit: &Limit<'a>) -> Result<Worked<'a>, Refusal> {
    let Asked { replication, brokers_down, .. } = asked;
    let up = limit.load.fewest(replication.value, limit.most);
    let on_each = quantity(limit.load.on_each(replication.value, up), limit.unit);
    let text = format!(
        "{on_each} on each of {} up, at most {}; + {} down",
        number(up),
        quantity(limit.most, limit.unit),
        said(brokers_down)
    );
    let by = limit.rests_on.then(up + brokers_down.value, &[replication, brokers_down]);
    sheet.add(limit.formula, &by, text)?;
    Ok(by)
}

fn by_rate<'a>(sheet: &mut Sheet, asked: &'a Asked) -> Option<Limit<'a>> {
    let Some(most) = &asked.per_broker else {
        let flags = "--per-broker RATE, or --per-broker-from DIR of a search on one broker";
        sheet.lacks("brokers_by_rate", format!("brokers by the rate that one takes: set {flags}"));
        return None;
    };
    let Asked { peak, spare, copy_cost, .. } = asked;
    let first = peak.value * (1.0 + spare.value);
    let load = Load { first, copy: first * copy_cost.value };
    let rests_on = Worked::of(first, &[peak, spare, copy_cost, most]);
    Some(Limit { formula: BY_RATE, load, rests_on, most: most.value, unit: Unit::EventsPerS })
}

fn by_network_in<'a>(sheet: &mut Sheet, asked: &'a Asked, writing: &Writing<'a>) -> Result<Option<Limit<'a>>, Refusal> {
    let Asked { replication, spare, .. } = asked;
    let produced = &writing.produced;
    let all = produced.then(produced.value * replication.value, &[replication]);
    sheet.add(NETWORK_IN, &all, format!("{} × {}", figure(produced, Unit::BytesPerS), said(replication)))?;
    let Some(most) = &asked.network_in else {
        sheet.lacks(BY_IN.key, "brokers by network in: set --network-in SIZE/s, what one may use");
        return Ok(None);
    };
    let first = produced.value * (1.0 + spare.value);
    let (load, rests_on) = (Load { first, copy: first }, all.resting_on(&[spare, most]));
    Ok(Some(Limit { formula: BY_IN, load, rests_on, most: most.value, unit: Unit::BytesPerS }))
}

fn by_network_out<'a>(
    sheet: &mut Sheet,
    asked: &'a Asked,
    writing: &Writing<'a>,
    taken: Option<&Worked<'a>>,
) -> Result<Vec<Limit<'a>>, Refusal> {
    let (spare, produced) = (1.0 + asked.spare.value, writing.produced.value);
    let read = produced * asked.groups.value;
    let all = at_peak(sheet, asked, writing)?;
    let catching_up = match taken {
        Some(taken) => Some((catching_up(sheet, asked, writing, taken)?, taken.value / asked.peak.value)),
        None => None,
    };
    let Some(most) = &asked.network_out else {
        sheet.lacks(BY_OUT.key, "brokers by network out: set --network-out SIZE/s, what one may use");
        return Ok(Vec::new());
    };
    let limit = |formula, load, rests_on: Worked<'a>| Limit {
        formula,
        load,
        rests_on: rests_on.resting_on(&[most]),
        most: most.value,
        unit: Unit::BytesPerS,
    };
    let load = Load { first: read * spare, copy: produced * spare };
    let mut limits = vec![limit(BY_OUT, load, all.resting_on(&[&asked.spare]))];
    limits.extend(
        catching_up.map(|(all, times)| limit(BY_CATCHING_UP, Load { first: read * times, copy: produced }, all)),
    );
    Ok(limits)
}

/// Adds what all brokers send at the peak.
fn at_peak<'a>(sheet: &mut Sheet, asked: &'a Asked, writing: &Writing<'a>) -> Result<Worked<'a>, Refusal> {
    let Asked { replication, groups, .. } = asked;
    let (produced, copies) = (&writing.produced, replication.value - 1.0);
    let all = produced.then(produced.value * (groups.value + copies), &[groups, replication]);
    let each = figure(produced, Unit::BytesPerS);
    sheet.add(NETWORK_OUT, &all, format!("{each} × {} + {each} × {}", said(groups), number(copies)))?;
    Ok(all)
}

/// Adds what all brokers send while every group catches up at once: after an outage they all do.
fn catching_up<'a>(
    sheet: &mut Sheet,
    asked: &'a Asked,
    writing: &Writing<'a>,
    taken: &Worked<'a>,
) -> Result<Worked<'a>, Refusal> {
    let Asked { replication, groups, peak, .. } = asked;
    let (produced, copies) = (&writing.produced, replication.value - 1.0);
    let value = produced.value * (groups.value * taken.value / peak.value + copies);
    let all = produced.then(value, &[groups, replication]).resting_on(&taken.rests_on);
    let (each, takes) = (figure(produced, Unit::BytesPerS), quantity(taken.value, Unit::EventsPerS));
    let text = format!("{each} × {} × {takes} / {} + {each} × {}", said(groups), said(peak), number(copies));
    sheet.add(CATCHING_UP, &all, text)?;
    Ok(all)
}

fn by_storage<'a>(sheet: &mut Sheet, asked: &'a Asked, one_copy: &Worked<'a>) -> Option<Limit<'a>> {
    let Some(disk) = &asked.broker_disk else {
        sheet.lacks(BY_STORAGE.key, "brokers by storage: set --broker-disk SIZE, what one has");
        return None;
    };
    let load = Load { first: one_copy.value, copy: one_copy.value };
    let rests_on = one_copy.clone().resting_on(&[&asked.disk_full, disk]);
    Some(Limit { formula: BY_STORAGE, load, rests_on, most: disk.value * asked.disk_full.value, unit: Unit::Bytes })
}

/// Adds the disk that each broker needs. The brokers that are up take over the copies of those that are down, unless they already have one.
pub(super) fn disk_on_each<'a>(
    sheet: &mut Sheet,
    asked: &'a Asked,
    one_copy: &Worked<'a>,
    brokers: &Worked<'a>,
) -> Result<(), Refusal> {
    let Asked { replication, disk_full, brokers_down, .. } = asked;
    let up = (brokers.value - brokers_down.value).max(1.0);
    let load = Load { first: one_copy.value, copy: one_copy.value };
    let value = load.on_each(replication.value, up) / disk_full.value;
    let worked = one_copy.then(value, &[replication, disk_full, brokers_down]).resting_on(&brokers.rests_on);
    let copies = number(replication.value.min(up));
    let text = format!("{} × {copies} / {} / {}", figure(one_copy, Unit::Bytes), number(up), said(disk_full));
    sheet.add(DISK_ON_EACH, &worked, text)
}
