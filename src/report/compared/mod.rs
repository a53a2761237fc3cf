//! A comparison as one small page for a browser, with no script. The file needs nothing else and asks nothing of any network.

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::browser::{filled_in, line, ours, policy};
use super::terminal::compare::{headline, place_title, places, row, rule, worse};
use super::terminal::paint::Ink;
use crate::compare::{Compared, Comparison, Judgement, Place, RunUsed, words::in_one_line};

const TEMPLATE: &str = include_str!("page.html");
/// The style of a run's page.
const STYLE: &str = include_str!("../page/page.css");

/// The figures of a place.
#[derive(Serialize)]
struct Table {
    title: String,
    rows: Vec<Row>,
}

/// A figure, and how it is marked.
#[derive(Serialize)]
struct Row {
    mark: &'static str,
    cells: [String; 6],
}

/// A run, and its side.
#[derive(Serialize)]
struct Listed<'a> {
    side: &'static str,
    folder: String,
    id: String,
    verdict: &'a crate::verdict::Verdict,
    used: bool,
}

/// The page's bytes.
///
/// # Errors
/// What the template's engine said; no comparison makes it fail.
pub(crate) fn compared_page(found: &Comparison) -> Result<Vec<u8>, String> {
    let (word, ink) = headline(found);
    let page = context! {
        policy => policy(&[], &[STYLE]),
        title => format!("{word} · floodmark compare"),
        styles => [ours(STYLE)],
        word,
        mark => mark(ink),
        text => line(&found.text),
        rule => rule(found),
        worse => worse(found).iter().map(|sentence| line(sentence)).collect::<Vec<_>>(),
        differences => found.differences.iter().map(|difference| line(&difference.text)).collect::<Vec<_>>(),
        places => Value::from(Serde(places(&found.figures).into_iter().map(|place| table(found, place)).collect::<Vec<_>>())),
        runs => Value::from(Serde(runs("base", &found.base).chain(runs("new", &found.new)).collect::<Vec<_>>())),
    };
    filled_in(TEMPLATE, page).map(String::into_bytes)
}

fn table(found: &Comparison, place: &Place) -> Table {
    let rows = found.figures.iter().filter(|figure| figure.place == *place).map(marked).collect();
    Table { title: line(&place_title(place)), rows }
}

fn marked(figure: &Compared) -> Row {
    let mark = match figure.judgement {
        Judgement::Worse => "bad",
        Judgement::Better | Judgement::NotWorse => "good",
        Judgement::Unclear | Judgement::MayBeChance => "doubt",
        Judgement::TooFewRuns | Judgement::NotMeasured | Judgement::Shown => "",
    };
    Row { mark, cells: row(figure) }
}

fn runs<'a>(side: &'static str, runs: &'a [RunUsed]) -> impl Iterator<Item = Listed<'a>> {
    runs.iter().map(move |run| Listed {
        side,
        folder: line(&in_one_line(&run.folder)),
        id: line(&run.id),
        verdict: &run.verdict,
        used: run.used,
    })
}

fn mark(ink: Ink) -> &'static str {
    match ink {
        Ink::Good => "good",
        Ink::Bad => "bad",
        _ => "doubt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::examples;

    #[test]
    fn a_page_says_what_the_comparison_says_and_escapes_what_others_wrote() {
        let page = String::from_utf8(compared_page(&examples::slower()).unwrap()).unwrap();
        for said in [
            "REGRESSION",
            "3 events were lost",
            "The kernel differs",
            "end_to_end_p99",
            "results&#x2f;&lt;b&gt;10 PASS",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains('\u{1b}'), "{page}");
        assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    }
}
