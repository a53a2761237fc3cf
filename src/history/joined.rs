//! A night that several machines of a class measured, as one: its runs and figures taken together.

use super::{FigureLine, NightLine, Repetition};

/// Takes lines of one profile, night and fingerprint together; `None` for no lines. A machine that was too noisy counts only where all were.
#[must_use]
pub(super) fn joined(mut lines: Vec<NightLine>) -> Option<NightLine> {
    lines.sort_by(|one, other| (&one.host, &one.started).cmp(&(&other.host, &other.started)));
    let is_calm = lines.iter().any(|line| line.suspect.is_none());
    let mut lines = lines.into_iter().map(|line| if is_calm { without_noise(line) } else { line });
    let first = lines.next()?;
    Some(lines.fold(first, add))
}

/// A line whose runs do not count when its machine was too noisy.
fn without_noise(mut line: NightLine) -> NightLine {
    let Some(why) = line.suspect.take() else { return line };
    for run in line.repetitions.iter_mut().filter(|run| run.counts) {
        run.counts = false;
        run.reasons.push(format!("{} was too noisy: {why}", line.host));
    }
    NightLine { probes: Vec::new(), figures: Vec::new(), ..line }
}

fn add(mut all: NightLine, line: NightLine) -> NightLine {
    all.suspect = match (all.suspect, line.suspect) {
        (Some(one), Some(other)) => Some(format!("{one}; on {}: {other}", line.host)),
        (one, other) => one.or(other),
    };
    all.host = format!("{}, {}", all.host, line.host);
    all.started = all.started.min(line.started);
    all.ended = all.ended.max(line.ended);
    all.probes.extend(line.probes);
    let made = all.repetitions.iter().map(|run| run.number).max().unwrap_or(0);
    let renumbered = |run: Repetition| Repetition { number: made.saturating_add(run.number), ..run };
    all.repetitions.extend(line.repetitions.into_iter().map(renumbered));
    for figure in line.figures {
        add_figure(&mut all.figures, figure);
    }
    all
}

fn add_figure(all: &mut Vec<FigureLine>, figure: FigureLine) {
    let same = all.iter_mut().find(|known| known.place == figure.place && known.figure == figure.figure);
    match same {
        Some(known) => known.values.extend(figure.values),
        None => all.push(figure),
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::night;
    use super::*;

    fn of(host: &str) -> NightLine {
        night("2026-11-25", "average", host)
    }

    #[test]
    fn the_runs_of_all_machines_count_and_each_keeps_its_order() {
        let mut other = of("b");
        other.figures[0].values = vec![9.0];
        other.figures.remove(1);
        other.started = "2026-11-25T00:10:00.000Z".to_owned();
        let all = joined(vec![other, of("a")]).unwrap();
        assert_eq!(all.figures[0].values, [8.03, 8.11, 9.0]);
        assert_eq!(all.figures[1].values, [6.64, 6.7]);
        assert_eq!(all.repetitions.iter().map(|run| run.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!((all.host.as_str(), all.started.as_str()), ("a, b", "2026-11-25T00:10:00.000Z"));
        assert_eq!((all.probes.len(), all.suspect), (2, None));
    }

    #[test]
    fn a_noisy_machine_counts_only_where_all_were_noisy() {
        let noisy = |host: &str| NightLine { suspect: Some("35 % apart".to_owned()), ..of(host) };
        let one = joined(vec![noisy("a"), of("b")]).unwrap();
        assert_eq!((one.suspect, one.figures[0].values.len(), one.probes.len()), (None, 2, 1));
        let counts: Vec<bool> = one.repetitions.iter().map(|run| run.counts).collect();
        assert_eq!(counts, [false, false, true, true]);
        assert_eq!(one.repetitions[0].reasons, ["a was too noisy: 35 % apart"]);
        let both = joined(vec![noisy("b"), noisy("a")]).unwrap();
        assert_eq!(both.suspect.as_deref(), Some("35 % apart; on b: 35 % apart"));
        assert_eq!(both.figures[0].values.len(), 4);
    }
}
