//! A search: the answer first, then why, what is needed, and the trials.

use super::budget::Rows;
use super::escape::{name, sentence};
use super::row;
use crate::capacity::SearchRecord;
use crate::report::formats::Searched;
use crate::report::terminal::capacity::{cells, facts, words};

/// How many bytes the trials may take.
const TRIALS_BYTES: usize = 24_000;

#[expect(clippy::unnecessary_wraps, reason = "a form may fail")]
pub(super) fn print(searched: &Searched<'_>) -> Result<Vec<u8>, String> {
    let record = searched.record;
    let parts = [
        answer(record),
        need(record),
        list(&words::afterwards(record)),
        format!("\n{}\n", sentence(&facts(record))),
        trials(record),
        format!("\nTrials: {}\n", sentence(&searched.folder.display().to_string())),
    ];
    Ok(parts.concat().into_bytes())
}

fn answer(record: &SearchRecord) -> String {
    let (word, _) = words::headline(record);
    format!("## {word}: {}\n{}", words::answer(record), list(&words::sentences(record)))
}

fn list(sentences: &[String]) -> String {
    let items: String = sentences.iter().map(|said| format!("- {}\n", sentence(said))).collect();
    if items.is_empty() { items } else { format!("\n{items}") }
}

fn need(record: &SearchRecord) -> String {
    let line = record.headroom.as_ref().map(|of| {
        let (word, _) = words::standing(of.standing);
        format!("\n**{word}** {}\n", sentence(&words::headroom(of)))
    });
    line.unwrap_or_default()
}

fn trials(record: &SearchRecord) -> String {
    let mut rows = Rows::within(TRIALS_BYTES);
    for (_, trial) in words::by_load(record) {
        rows.add(&row(&cells(trial).map(|cell| name(&cell))));
    }
    let head = "### Trials\n\n| load | offered | p50 | p99 | waiting | trial | said | limit |\n|---:|---:|---:|---:|---:|---|---|---|\n";
    rows.below(head, "")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::capacity::examples::{found, hostile, with_afterwards};
    use crate::report::terminal::Look;

    fn of(record: &SearchRecord) -> String {
        let searched = Searched { record, folder: Path::new("results/night"), look: Look::PLAIN };
        String::from_utf8(print(&searched).unwrap()).unwrap()
    }

    #[test]
    fn the_answer_comes_first_and_the_trials_last() {
        insta::assert_snapshot!(of(&with_afterwards()));
    }

    #[test]
    fn what_others_wrote_is_never_markup() {
        let text = of(&hostile("<b>|*a*\n# `x` [l](http://x)"));
        assert!(text.contains("&lt;b&gt;") && !text.contains("<b>") && !text.contains("\n# "), "{text}");
        assert!(
            text.lines()
                .filter(|line| line.starts_with('|'))
                .all(|line| line.replace("\\|", "").matches('|').count() == 9),
            "{text}"
        );
        assert!(text.contains("\\[l\\](") && !text.contains("http://"), "{text}");
    }

    #[test]
    fn a_summary_page_takes_the_longest_search() {
        let mut record = found("3x");
        record.trials = record.trials.iter().cycle().take(5000).cloned().collect();
        let text = of(&record);
        assert!(text.len() < 64_000 && text.contains("more in `"), "{}", text.len());
    }
}
