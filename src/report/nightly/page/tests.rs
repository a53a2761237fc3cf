use super::*;
use crate::nightly::examples::{history, nothing_of, past_of, shown};
use crate::nightly::past;

fn page_text(past: &Past) -> String {
    String::from_utf8(past_page(past).unwrap()).unwrap()
}

/// The page without its styles, which change for other reasons.
fn body(past: &Past) -> String {
    page_text(past).split_once("<body>").unwrap().1.to_owned()
}

#[test]
fn a_page_has_what_is_worse_the_figures_and_the_nights() {
    insta::assert_snapshot!(body(&past_of()));
}

#[test]
fn every_night_of_every_figure_is_drawn_and_leads_to_its_run() {
    let past = past_of();
    let page = body(&past);
    let (nights, figures) = (past.nights.len(), past.figures.len());
    assert_eq!(page.matches("class=\"at\"").count(), nights * figures);
    // Of the 30 nights the first 10 were cleaned away.
    assert_eq!(
        page.matches("<a href=\"./../nightly/staging/2030-01-11/profile-0-3/report.html\" tabindex").count(),
        figures
    );
    assert!(!page.contains("nightly/staging/2030-01-10/"), "{page}");
    // A night without a number is a gap of every figure.
    let drawings = page.split_once("<h3>").unwrap().1;
    assert_eq!(drawings.matches("<path class=\"void\"").count(), figures);
}

#[test]
fn what_others_wrote_is_never_markup_and_nothing_is_loaded() {
    let hostile = "<b>\u{1b}[2J\"'>javascript:alert(1)</style></svg><script>";
    let mut lines = history(12, &|_| 1.0);
    for line in &mut lines {
        line.suite = hostile.to_owned();
        line.profile = hostile.to_owned();
        line.host = hostile.to_owned();
        line.surroundings.machine = hostile.to_owned();
        line.suspect = Some(hostile.to_owned());
        line.repetitions.iter_mut().for_each(|run| run.folder = hostile.replace('/', ""));
        line.figures[0].figure = hostile.to_owned();
        line.figures[0].place.stream = Some(hostile.to_owned());
    }
    let page = page_text(&past(&lines, &[], &shown(50), &|_| true));
    assert!(page.contains("&lt;b&gt;"), "{page}");
    for forbidden in ["<b>", "<script", "\u{1b}", "http://", "https://", "href=\"javascript"] {
        assert!(!page.contains(forbidden), "{forbidden}: {page}");
    }
    assert_eq!(page.matches("</style>").count(), STYLES.len());
}

#[test]
fn fifty_nights_of_sixty_figures_stay_below_a_megabyte() {
    let mut lines = history(50, &|night| if night > 45 { 1.5 } else { 1.0 });
    for line in &mut lines {
        let one = line.figures[0].clone();
        let named = |at: usize| {
            let mut figure = one.clone();
            figure.place.phase = Some(format!("phase-{}", at / 5));
            figure.figure =
                ["end_to_end_p50", "end_to_end_p99", "ack_p50", "ack_p99", "delivered_per_s"][at % 5].to_owned();
            figure
        };
        line.figures = (0..60).map(named).collect();
        let night = line.night.clone();
        line.repetitions
            .iter_mut()
            .for_each(|run| run.folder = format!("nightly/staging/{night}/average-{}", run.number));
    }
    let page = page_text(&past(&lines, &[], &shown(50), &|_| true));
    assert_eq!(page.matches("class=\"at\"").count(), 3000);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn little_is_said_of_little() {
    let nothing = body(&nothing_of());
    assert!(nothing.contains("No night is in the history yet.") && !nothing.contains("class=\"nights\""), "{nothing}");
    let first = body(&past(&history(1, &|_| 1.0), &[], &shown(50), &|_| true));
    assert!(first.contains("QUIET") && first.contains("too few nights to judge") && !first.contains("NaN"), "{first}");
}
