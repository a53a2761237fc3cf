//! A sweep: a line for each trial, and at the end what each combination and each value is worth.

pub(crate) mod capacities;

use super::paint::{Ink, Look, paint};
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::compare::{PairedRatio, Side};
use crate::figures::{bytes, latency, rate, seconds};
use crate::sweep::{Effect, Figure, Point, Standing, SweepRecord, SweepTrial, Turn, named};

/// The figures whose changes are told.
pub(crate) const CHANGES: [(Figure, &str); 4] = [
    (Figure::DeliveredPerS, "delivered"),
    (Figure::EndToEndP99Ms, "p99"),
    (Figure::AckP99Ms, "acked p99"),
    (Figure::CpuUsPerEvent, "CPU per event"),
];
/// What stands above the columns of a combination, after its settings.
pub(crate) const MEASURED: [&str; 8] = ["delivered", "bytes", "p50", "p99", "from", "to", "acked p99", "CPU per event"];
/// Fewer pairs of trials than this give no interval.
const LEAST_PAIRS: usize = 5;
/// What the CPU time is.
pub(crate) const WHOSE_CPU: &str =
    "CPU per event is the generator's: floodmark's own process, which sends and reads back. The brokers' is not in it.";
/// What throughput is.
pub(crate) const WHICH_BYTES: &str = "Bytes are those of keys and payloads, before compression.";

/// A line of a trial that begins.
#[must_use]
pub(crate) fn begins_line(record: &SweepRecord, turn: Turn, of: usize, left_s: f64) -> String {
    let number = record.trials.len() + 1;
    let round = match turn.round {
        0 => "warm-up".to_owned(),
        round => format!("round {round} of {}", record.repeat),
    };
    let settings = record.combinations.get(turn.combination).map(|of| named(&record.keys, of)).unwrap_or_default();
    format!("trial {number} of {of}, {round}: {settings}, about {} left …", seconds(left_s))
}

/// A line of the last trial, which is over.
#[must_use]
pub(crate) fn over_line(record: &SweepRecord) -> String {
    let Some(trial) = record.trials.last() else { return String::new() };
    let number = record.trials.len();
    match &trial.figures {
        _ if trial.round == 0 => format!("trial {number}: not counted, it warms up"),
        None => format!("trial {number}: does not count: {}", why(trial)),
        Some(figures) => {
            let value = |figure| figures.get(&figure).copied();
            let told = told([Figure::DeliveredPerS, Figure::EndToEndP99Ms, Figure::CpuUsPerEvent].map(value));
            format!("trial {number}: {told}{}", broken(trial))
        }
    }
}

/// Throughput, p99 and CPU in words.
fn told([delivered, p99, cpu]: [Option<f64>; 3]) -> String {
    let parts = [
        delivered.map(|per_s| format!("{} delivered", rate(per_s))),
        p99.map(|ms| format!("p99 {}", latency(ms))),
        cpu.map(|us| format!("{} of CPU per event", latency(us / 1e3))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn broken(trial: &SweepTrial) -> String {
    trial.because.as_ref().map(|because| format!("; a limit was broken: {}", because.text)).unwrap_or_default()
}

fn why(trial: &SweepTrial) -> &str {
    trial.because.as_ref().map_or("nothing was measured", |because| because.text.as_str())
}

/// What a person reads of a sweep.
#[must_use]
pub(crate) fn swept(record: &SweepRecord, look: Look) -> String {
    if record.is_capacity {
        return capacities::capacities(record, look);
    }
    let mut text = String::new();
    let (word, ink, told) = headline(record);
    line(&mut text, &format!("{}  {told}", paint(word, ink, look)));
    for sentence in front(record) {
        push_wrapped(&mut text, &sentence, look.width);
    }
    line(&mut text, "");
    line(&mut text, &surroundings(record));
    push_points(&mut text, record);
    line(&mut text, "");
    line(&mut text, "against the first value of each key, the other keys held");
    push_effects(&mut text, record);
    for sentence in sure(record).into_iter().chain(left_out(record)) {
        push_wrapped(&mut text, &sentence, look.width);
    }
    push_wrapped(&mut text, WHOSE_CPU, look.width);
    text
}

/// How it ended, in a word and a sentence.
#[must_use]
pub(crate) fn headline(record: &SweepRecord) -> (&'static str, Ink, String) {
    let of = record.combinations.len();
    let unknown = record.found.points.iter().filter(|point| point.counted == 0).count();
    let front = record.found.points.iter().filter(|point| point.standing.is_front()).count();
    if !record.found.is_complete {
        let (made, all) = (record.trials.len(), record.trials_in_all());
        let told = format!("{made} of {all} trials are made: the same command with the same --out goes on from them");
        return ("NOT FINISHED", Ink::Doubt, told);
    }
    if unknown > 0 {
        return ("INCOMPLETE", Ink::Doubt, format!("{unknown} of {of} combinations have no trial that counts"));
    }
    let told = format!(
        "{front} of {of} combinations are beaten by no other in delivered throughput, p99 and CPU per event together"
    );
    ("SWEPT", Ink::Good, told)
}

/// The front in words, and what may belong to it.
#[must_use]
pub(crate) fn front(record: &SweepRecord) -> Vec<String> {
    let sentence = |point: &Point| {
        let center = |figure| point.figure(figure).map(|side| side.center);
        let told = told([Figure::DeliveredPerS, Figure::EndToEndP99Ms, Figure::CpuUsPerEvent].map(center));
        let noise = match point.standing {
            Standing::FrontWithinNoise => "; another may beat it, as far as trials vary",
            _ => "",
        };
        format!("{}: {told}{noise}", name(record, point))
    };
    let of = |standing: fn(Standing) -> bool| record.found.points.iter().filter(move |point| standing(point.standing));
    let mut sentences: Vec<String> = of(Standing::is_front).map(sentence).collect();
    let near: Vec<String> =
        of(|standing| standing == Standing::BeatenWithinNoise).map(|point| format!("#{}", point.combination)).collect();
    if !near.is_empty() {
        sentences.push(format!("beaten by less than their trials vary: {}", near.join(", ")));
    }
    sentences
}

fn name(record: &SweepRecord, point: &Point) -> String {
    let settings = record.combinations.get(point.combination - 1).map(|of| named(&record.keys, of)).unwrap_or_default();
    format!("#{} {settings}", point.combination)
}

/// Profile, target and trials.
#[must_use]
pub(crate) fn surroundings(record: &SweepRecord) -> String {
    let target = record.cluster_id.as_ref().map_or_else(
        || "the embedded broker, a new one for each trial".to_owned(),
        |cluster| format!("cluster {cluster}"),
    );
    let offered = record.found.points.iter().filter_map(|point| point.figure(Figure::OfferedPerS));
    let (least, most) =
        offered.fold((f64::INFINITY, 0.0), |(least, most): (f64, f64), side| (least.min(side.min), most.max(side.max)));
    let offered = match (rate(least), rate(most)) {
        _ if most <= 0.0 => String::new(),
        (least, most) if least == most => format!(", {most} offered"),
        (least, most) => format!(", {least} to {most} offered"),
    };
    format!("{} on {target}: trials of {}{offered}", record.profile, seconds(record.trial_s))
}

fn push_points(text: &mut String, record: &SweepRecord) {
    let keys = record.keys.len();
    let mut table = plain_table(keys + MEASURED.len() + 3, keys + 1..keys + MEASURED.len() + 2);
    let heads = record.keys.iter().map(|key| key.name.clone());
    let heads = std::iter::once("#".to_owned()).chain(heads).chain(MEASURED.map(str::to_owned));
    table.add_row(heads.chain(["trials".to_owned(), String::new()]).collect::<Vec<_>>());
    for point in &record.found.points {
        table.add_row(point_row(record, point));
    }
    push_table(text, &table);
}

/// A combination's cells: number, settings, figures, trials, and how it stands.
#[must_use]
pub(crate) fn point_row(record: &SweepRecord, point: &Point) -> Vec<String> {
    let side = |figure, shown: &dyn Fn(&Side) -> String| point.figure(figure).map_or_else(|| "–".to_owned(), shown);
    let settings = record.combinations.get(point.combination - 1).into_iter().flatten().cloned();
    let figures = [
        side(Figure::DeliveredPerS, &|side| rate(side.center)),
        side(Figure::PayloadBytesPerS, &|side| format!("{}/s", bytes(side.center.round() as u64))),
        side(Figure::EndToEndP50Ms, &|side| latency(side.center)),
        side(Figure::EndToEndP99Ms, &|side| latency(side.center)),
        side(Figure::EndToEndP99Ms, &|side| latency(side.min)),
        side(Figure::EndToEndP99Ms, &|side| latency(side.max)),
        side(Figure::AckP99Ms, &|side| latency(side.center)),
        side(Figure::CpuUsPerEvent, &|side| latency(side.center / 1e3)),
        trials(point),
        stands(point.standing).to_owned(),
    ];
    std::iter::once(point.combination.to_string()).chain(settings).chain(figures).collect()
}

fn trials(point: &Point) -> String {
    let all = point.counted + point.invalid;
    let counted = if point.invalid == 0 { all.to_string() } else { format!("{} of {all}", point.counted) };
    if point.failed == 0 { counted } else { format!("{counted}, {} failed", point.failed) }
}

/// How a combination stands, in a word or two.
#[must_use]
pub(crate) fn stands(standing: Standing) -> &'static str {
    match standing {
        Standing::Front => "front",
        Standing::FrontWithinNoise => "front, within noise",
        Standing::BeatenWithinNoise => "near the front",
        Standing::Beaten => "",
        Standing::Unknown => "not measured",
    }
}

fn push_effects(text: &mut String, record: &SweepRecord) {
    let mut table = plain_table(CHANGES.len() + 1, 1..CHANGES.len() + 1);
    let heads = std::iter::once(String::new()).chain(CHANGES.map(|(_, name)| name.to_owned()));
    table.add_row(heads.collect::<Vec<_>>());
    for effect in &record.found.effects {
        table.add_row(effect_row(effect));
    }
    push_table(text, &table);
}

/// An effect's cells: which value, and the change of each figure.
#[must_use]
pub(crate) fn effect_row(effect: &Effect) -> Vec<String> {
    let changes = CHANGES.map(|(figure, _)| effect.ratios.get(&figure).map_or_else(|| "–".to_owned(), changed));
    std::iter::once(format!("{} {} against {}", effect.key, effect.value, effect.against)).chain(changes).collect()
}

/// `+12 % (+9 to +15)`.
fn changed(ratio: &PairedRatio) -> String {
    match ratio.interval {
        None => format!("{} (?)", change(ratio.ratio)),
        Some(interval) => format!("{} ({} to {})", change(ratio.ratio), change(interval.from), change(interval.to)),
    }
}

/// A ratio as a change in percent, and from threefold on as a factor.
fn change(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    match percent.abs() {
        _ if ratio >= 3.0 => format!("{ratio:.1}x"),
        none if none < 0.05 => "0 %".to_owned(),
        small if small < 9.95 => format!("{percent:+.1} %"),
        _ => format!("{percent:+.0} %"),
    }
}

/// How sure the intervals are.
#[must_use]
pub(crate) fn sure(record: &SweepRecord) -> Vec<String> {
    let ratios = || record.found.effects.iter().flat_map(|effect| effect.ratios.values());
    let mut known: Vec<(usize, f64)> =
        ratios().filter_map(|ratio| ratio.interval.map(|interval| (ratio.pairs, interval.misrate))).collect();
    known.sort_by_key(|known| known.0);
    known.dedup();
    let mut sentences: Vec<String> = Vec::new();
    if !known.is_empty() {
        let each = known.iter().map(|(pairs, misrate)| format!("{:.1} % with {pairs} pairs", (1.0 - misrate) * 100.0));
        let each = each.collect::<Vec<_>>().join(", ");
        sentences.push(format!(
            "in brackets, where the true change is, by pairs of trials from one round; confidence of each {each}"
        ));
    }
    if let Some(fewest) = ratios().filter(|ratio| ratio.interval.is_none()).map(|ratio| ratio.pairs).min() {
        let enough = (LEAST_PAIRS * record.repeat).div_ceil(fewest.max(1)).max(record.repeat + 1);
        sentences.push(format!(
            "(?): fewer than {LEAST_PAIRS} pairs of trials give no interval; --repeat {enough} would be enough"
        ));
    }
    sentences
}

/// The trials that do not count, and why.
#[must_use]
pub(crate) fn left_out(record: &SweepRecord) -> Vec<String> {
    let numbered = record.trials.iter().enumerate().filter(|(_, trial)| trial.round > 0 && trial.figures.is_none());
    let sentence = |(at, trial): (usize, &SweepTrial)| {
        format!("trial {} (#{}) does not count: {}", at + 1, trial.combination, why(trial))
    };
    numbered.map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::made_up::record;

    #[test]
    fn a_sweep_reads_like_this() {
        let mut record = record();
        record.trials[5].figures = None;
        record.trials[5].because = Some(crate::capacity::Binding {
            what: "generator_late".to_owned(),
            stream: None,
            stage: None,
            text: "orders: this machine sent late (p99 120 ms in the worst second, allowed 100 ms)".to_owned(),
        });
        record.conclude();
        assert!(swept(&record, Look::PLAIN).starts_with("NOT FINISHED  19 of 20 trials are made"));
        // Made once more, it was late again.
        record.trials.push(record.trials[5].clone());
        record.conclude();
        insta::assert_snapshot!(swept(&record, Look::PLAIN));
    }

    #[test]
    fn a_sweep_that_was_stopped_says_how_it_goes_on() {
        let mut record = record();
        record.trials.truncate(4);
        record.conclude();
        let text = swept(&record, Look::PLAIN);
        assert!(text.starts_with("NOT FINISHED  4 of 19 trials are made: the same command"), "{text}");
        assert!(text.contains("pairs of trials give no interval; --repeat "), "{text}");
    }

    #[test]
    fn a_trial_says_what_is_left() {
        let record = record();
        let turn = Turn { round: 2, combination: 3 };
        let line = begins_line(&record, turn, 19, 75.0);
        assert_eq!(line, "trial 20 of 19, round 2 of 3: linger.ms=5 compression.type=zstd, about 1m 15s left …");
        assert!(over_line(&record).starts_with("trial 19: 1,000/s delivered, p99 "), "{}", over_line(&record));
    }

    #[test]
    fn changes_are_shares_until_they_are_manifold() {
        assert_eq!([1.0, 1.023, 0.8, 2.4, 3.0].map(change), ["0 %", "+2.3 %", "-20 %", "+140 %", "3.0x"]);
    }
}
