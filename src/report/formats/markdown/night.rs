//! A night: the answer, what is worse, and each figure in a row, the worse ones first.

use super::budget::Rows;
use super::escape::{name, sentence};
use super::row;
use crate::compare::words;
use crate::nightly::{FigureDecision, NightDecision};
use crate::nights::Judged;
use crate::report::formats::Night;
use crate::report::terminal::compare::place_title;
use crate::report::terminal::nightly::{answer, headline, runs, seen, sentences};

/// How many bytes the figures may take.
const FIGURES_BYTES: usize = 40_000;

#[expect(clippy::unnecessary_wraps, reason = "a form may fail")]
pub(super) fn print(night: &Night<'_>) -> Result<Vec<u8>, String> {
    let decision = night.decision;
    let (word, _) = headline(decision.finding);
    let items: String = sentences(decision).iter().map(|said| format!("- {}\n", sentence(said))).collect();
    let parts = [
        format!("## {word}: {}\n\n", sentence(&answer(decision))),
        items,
        format!("\n{}\n\n{}\n", sentence(&seen(decision)), sentence(&runs(decision))),
        figures(decision),
    ];
    Ok(parts.concat().into_bytes())
}

fn figures(decision: &NightDecision) -> String {
    let mut sorted: Vec<&FigureDecision> = decision.figures.iter().collect();
    sorted.sort_by_key(|figure| !figure.is_worse());
    let mut rows = Rows::within(FIGURES_BYTES);
    for figure in sorted {
        rows.add(&row(&cells(figure).map(|cell| name(&cell))));
    }
    let head = "### Figures\n\n| profile | place | figure | tonight | usual | change | since | could see |\n|---|---|---|---:|---:|---:|---|---:|\n";
    rows.below(head, "")
}

fn cells(figure: &FigureDecision) -> [String; 8] {
    let value = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| words::figure(value, figure.unit));
    let mark = match figure.judged {
        Judged::Worse | Judged::StillWorse => "worse",
        Judged::Better => "better",
        _ => "",
    };
    let by = figure.by.filter(|_| figure.usual.is_some()).map_or_else(|| "–".to_owned(), |by| words::change(1.0 + by));
    [
        words::one_line(&figure.profile),
        place_title(&figure.place),
        figure.figure.clone(),
        value(figure.value),
        value(figure.usual),
        format!("{by} {mark}").trim().to_owned(),
        figure.since.clone().unwrap_or_default(),
        figure.could_see.map_or_else(|| "–".to_owned(), |could_see| words::change(1.0 + could_see.share)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nightly::decision_examples::worse;
    use crate::report::terminal::Look;

    #[test]
    fn the_answer_comes_first_and_what_is_worse_before_what_is_not() {
        let decision = worse();
        let text = String::from_utf8(print(&Night { decision: &decision, look: Look::PLAIN }).unwrap()).unwrap();
        insta::assert_snapshot!(text);
    }
}
