//! What a relay did wrong, and what was found of it: a row for each fault.

use comfy_table::Table;

use super::paint::{Ink, Look, paint};
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::calibrate::{BROKER_FAULTS, Calibration, Cell, FAULTS, Row, Standing};
use crate::figures::{count, latency, rounded};
use crate::verdict::Verdict;

/// A line of a run that is over.
#[must_use]
pub(crate) fn over_line(rows: &[Row]) -> String {
    let seed = rows.first().map_or(0, |row| row.seed);
    let wrong: Vec<String> = rows
        .iter()
        .filter(|row| row.standing != Standing::Found)
        .map(|row| format!("{}: {}", row.fault, word(row.standing)))
        .collect();
    let told = if wrong.is_empty() { "all of it was found, and nothing else".to_owned() } else { wrong.join(", ") };
    format!("seed {seed}: {told}")
}

/// What a person reads of a calibration.
#[must_use]
pub(crate) fn calibrated(found: &Calibration, look: Look) -> String {
    let mut text = String::new();
    let (headline, ink) = match found.verdict {
        Verdict::Pass => ("PASS", Ink::Good),
        Verdict::Fail => ("FAIL", Ink::Bad),
        Verdict::Void | Verdict::Part => ("VOID", Ink::Doubt),
    };
    line(&mut text, &format!("{}  {}", paint(headline, ink, look), found.text));
    line(&mut text, "");
    push_faults(&mut text, found);
    for sentence in [
        sees(found),
        "Latencies are those from due. Bytes of the filler are not read, so a change in them is not found.".to_owned(),
    ] {
        push_wrapped(&mut text, &sentence, look.width);
    }
    line(&mut text, &format!("more: {}, --json", found.folder));
    text
}

fn push_faults(text: &mut String, found: &Calibration) {
    let mut table = plain_table(3, 0..0);
    table.add_row(["the relay", "done, and found", ""]);
    for fault in &FAULTS {
        push_fault(&mut table, found, (fault.name, fault.told));
    }
    let of_broker: Vec<_> =
        BROKER_FAULTS.iter().filter(|fault| found.rows.iter().any(|row| row.fault == fault.name)).collect();
    if !of_broker.is_empty() {
        table.add_row(["the broker", "", ""]);
    }
    for fault in of_broker {
        push_fault(&mut table, found, (fault.name, fault.told));
    }
    push_table(text, &table);
}

fn push_fault(table: &mut Table, found: &Calibration, (name, does): (&str, &str)) {
    let rows: Vec<&Row> = found.rows.iter().filter(|row| row.fault == name).collect();
    for (place, (told, standing)) in told(&rows).into_iter().enumerate() {
        table.add_row([if place == 0 { does.to_owned() } else { String::new() }, told, standing]);
    }
    if rows.is_empty() {
        table.add_row([does.to_owned(), "the run has no such stream".to_owned(), String::new()]);
    }
}

/// A fault's rows in words: what is right together, and each that is wrong by itself.
fn told(rows: &[&Row]) -> Vec<(String, String)> {
    let (right, wrong): (Vec<&&Row>, Vec<&&Row>) = rows.iter().partition(|row| row.standing == Standing::Found);
    let together = (!right.is_empty()).then(|| (summed(&right), String::new()));
    let alone = wrong.into_iter().map(|row| (differing(row), format!("{}, seed {}", word(row.standing), row.seed)));
    together.into_iter().chain(alone).collect()
}

/// `missing 17 of 17`, over all runs.
fn summed(rows: &[&&Row]) -> String {
    let mut sums: Vec<(&str, f64, f64)> = Vec::new();
    for cell in rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.allowed == 0.0) {
        match sums.iter_mut().find(|(figure, ..)| *figure == cell.figure) {
            Some((_, injected, found)) => (*injected, *found) = (*injected + cell.injected, *found + cell.found),
            None => sums.push((&cell.figure, cell.injected, cell.found)),
        }
    }
    let is_shown = |figure: &str| !matches!(figure, "taken" | "delivered");
    let shown = sums.iter().filter(|(figure, injected, _)| is_shown(figure) && *injected > 0.0);
    let mut told: Vec<String> = shown.map(|(figure, done, found)| of(figure, *done, *found)).collect();
    if told.is_empty() {
        told.extend(
            sums.iter()
                .find(|(figure, ..)| *figure == "delivered")
                .map(|(figure, done, found)| of(figure, *done, *found)),
        );
    }
    if told.is_empty() || rows.iter().any(|row| row.fault == "delay") {
        told.extend(latest(rows));
    }
    told.join(", ")
}

/// The latency of the newest run that the fault makes longer: `p99 342 ms of 331 ms`.
fn latest(rows: &[&&Row]) -> Option<String> {
    let cell = rows.last()?.cells.iter().rfind(|cell| cell.allowed > 0.0)?;
    Some(timed(cell))
}

fn timed(cell: &Cell) -> String {
    format!("{} {} of {}", name(&cell.figure), latency(cell.found), latency(cell.injected))
}

fn of(figure: &str, done: f64, found: f64) -> String {
    format!("{} {} of {}", name(figure), count(found as u64), count(done as u64))
}

/// The cells that are not as they should be.
fn differing(row: &Row) -> String {
    let is_wrong = |cell: &&Cell| cell.is_missed() || cell.is_too_much();
    let one = |cell: &Cell| match cell.allowed {
        allowed if allowed > 0.0 => timed(cell),
        _ => of(&cell.figure, cell.injected, cell.found),
    };
    row.cells.iter().filter(is_wrong).map(one).collect::<Vec<_>>().join(", ")
}

/// A figure's name as it is said.
fn name(figure: &str) -> String {
    let name = figure.strip_suffix("_accidental").unwrap_or(figure);
    name.replace("due_to_consumed_", "").replace("sent_to_acked_", "acked ").replace('_', " ")
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Found => "found",
        Standing::Missed => "MISSED",
        Standing::FalseAlarm => "FOUND WHAT WAS NOT DONE",
        Standing::WrongPass => "PASSED ALL THE SAME",
        Standing::NotInjected => "not done: too few events",
        Standing::Masked => "cannot be told: target or machine too busy",
    }
}

fn sees(found: &Calibration) -> String {
    let one_in = 1.0 / found.sees_lost_share.max(f64::MIN_POSITIVE);
    format!(
        "Every single lost event is counted. A stream of {} events shows a loss of 1 in {} or more in 19 of 20 runs; a smaller one takes more events.",
        count(found.events),
        rounded(one_in)
    )
}
