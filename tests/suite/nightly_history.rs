//! `floodmark history` and `floodmark accept` by the built program, over a history that is made up.

use std::fs;
use std::path::Path;

use floodmark::compare::{Place, Unit};
use floodmark::history::{FigureLine, HISTORY_SCHEMA, Line, NightLine, ProbeReading, Repetition, Surroundings};
use floodmark::verdict::Verdict;
use serde_json::{Value, json};

use crate::program::{Ended, Workshop};

/// How many nights there are, and the first that is slow.
const NIGHTS: usize = 24;
const SLOW_FROM: usize = 20;
/// The name of that night.
const SLOW: &str = "2026-01-21";

fn night(at: usize) -> String {
    format!("2026-01-{:02}", at + 1)
}

/// What a night measured: end_to_end_p99 is half as much again from `SLOW_FROM` on, and delivered_per_s as always.
fn line(suite: &str, at: usize) -> NightLine {
    let wobble = 1.0 + 0.01 * ((at * 7 % 11) as f64 / 5.0 - 1.0);
    let figure = |name: &str, unit, usual: f64| FigureLine {
        place: Place { stream: Some("orders".to_owned()), ..Place::default() },
        figure: name.to_owned(),
        unit,
        less_is_worse: unit == Unit::PerS,
        values: (0..5).map(|run| usual * wobble * (1.0 + 0.001 * f64::from(run))).collect(),
    };
    let slow = if at >= SLOW_FROM { 1.5 } else { 1.0 };
    let repetition = |number: u32| Repetition {
        number,
        verdict: Verdict::Pass,
        counts: true,
        reasons: Vec::new(),
        run: format!("run-{at}-{number}"),
        folder: format!("nightly/{suite}/{}/average-{number}", night(at)),
    };
    NightLine {
        schema: HISTORY_SCHEMA,
        suite: suite.to_owned(),
        night: night(at),
        profile: "average".to_owned(),
        fingerprint: "0123456789abcdef".to_owned(),
        surroundings: Surroundings { target: "embedded".to_owned(), ..Surroundings::default() },
        host: "night-1".to_owned(),
        started: format!("{}T01:00:00Z", night(at)),
        ended: format!("{}T01:30:00Z", night(at)),
        probes: vec![ProbeReading { after_runs: 0, cpu_us_per_event: 4.0, ack_p50_ms: 1.0, ack_p99_ms: 3.0 }],
        suspect: None,
        repetitions: (1..=5).map(repetition).collect(),
        figures: vec![figure("delivered_per_s", Unit::PerS, 1000.0), figure("end_to_end_p99", Unit::Ms, 20.0 * slow)],
    }
}

/// Writes the nights of a suite into the folder of results.
fn write(workshop: &Workshop, suite: &str, lines: Vec<NightLine>) {
    let folder = workshop.path("results/history").join(suite);
    fs::create_dir_all(&folder).unwrap();
    let lines = lines.into_iter().map(|line| serde_json::to_string(&Line::Night(line)).unwrap() + "\n");
    fs::write(folder.join("average-01234567-night-1.jsonl"), lines.collect::<String>()).unwrap();
}

/// A folder with a history of `staging`.
fn with_history() -> Workshop {
    let workshop = Workshop::new();
    write(&workshop, "staging", (0..NIGHTS).map(|at| line("staging", at)).collect());
    workshop
}

fn told(workshop: &Workshop, more: &[&str]) -> Value {
    let ended = workshop.call(&[&["history", "staging", "--json"], more].concat());
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap()
}

fn refused(workshop: &Workshop, arguments: &[&str]) -> String {
    let ended: Ended = workshop.call(arguments);
    let (code, sentence) = ended.one_sentence();
    assert_eq!(code, Some(2), "{sentence}");
    sentence.to_owned()
}

#[test]
fn history_says_what_is_worse_since_when_and_judges_nothing() {
    let workshop = with_history();
    let kept = workshop.path("results").join("nightly/staging").join(SLOW).join("average-3");
    fs::create_dir_all(&kept).unwrap();
    fs::write(kept.join("report.html"), "a run").unwrap();
    let ended = workshop.call(&["history"]);
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("REGRESSION  night 2026-01-24: "), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("since night {SLOW}.")), "{}", ended.stdout);
    let row = ended.stdout.lines().find(|row| row.starts_with("  end_to_end_p99")).unwrap();
    assert!(row.contains("████") && row.contains("WORSE +"), "{row}");
    assert!(ended.stdout.ends_with("page       results/history/staging.html\n"), "{}", ended.stdout);
    let page = fs::read_to_string(workshop.path("results/history/staging.html")).unwrap();
    assert!(page.contains(&format!("href=\"./../nightly/staging/{SLOW}/average-3/report.html\"")), "{page}");
    assert!(!page.contains("2026-01-20/average-3/report.html"), "a run that was cleaned away has no link");
}

#[test]
fn history_as_json_has_each_figure_night_by_night() {
    let workshop = with_history();
    let whole = told(&workshop, &[]);
    let first = &whole["figures"][0];
    assert_eq!((&first["figure"], &first["changes"][0]["since"]), (&json!("end_to_end_p99"), &json!(SLOW)));
    assert_eq!(first["points"].as_array().unwrap().len(), NIGHTS);
    let before = told(&workshop, &["--night", "2026-01-20", "--figure", "end_to_end_p99", "--nights", "5"]);
    assert_eq!(
        (&before["nights"][4]["night"], &before["nights"][4]["finding"]),
        (&json!("2026-01-20"), &json!("quiet"))
    );
    assert_eq!((before["figures"].as_array().unwrap().len(), before["nights"].as_array().unwrap().len()), (1, 5));
}

#[test]
fn a_suite_file_brings_its_own_thresholds() {
    let workshop = with_history();
    let suite = "name = \"staging\"\nthreshold = [\"80%\"]\n[[profile]]\nfile = \"average.toml\"\n";
    fs::write(workshop.path("suite.toml"), suite).unwrap();
    let ended = workshop.call(&["history", "suite.toml"]);
    assert!(ended.code() == Some(0) && ended.stdout.starts_with("QUIET  "), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn what_has_no_history_is_one_sentence() {
    let workshop = Workshop::new();
    assert!(
        refused(&workshop, &["history"]).contains("there is no history in results: run `floodmark nightly SUITE.toml`")
    );
    write(&workshop, "staging", vec![line("staging", 0)]);
    assert!(
        refused(&workshop, &["history", "stagin"])
            .contains("no night of the suite stagin; it has the histories of staging")
    );
    write(&workshop, "launch", vec![line("launch", 0)]);
    assert!(refused(&workshop, &["history"]).contains("the histories of 2 suites: name one of them: launch, staging"));
    assert!(refused(&workshop, &["history", "absent.toml"]).contains("absent.toml"));
    let only = workshop.call(&["history", "launch"]);
    assert!(only.code() == Some(0) && only.stdout.contains("too few nights"), "{}", only.stdout);
}

#[test]
fn what_is_not_in_a_history_is_named_with_what_is() {
    let workshop = with_history();
    let of = |more: &[&str]| refused(&workshop, &[&["history", "staging"], more].concat());
    assert!(
        of(&["--profile", "averag"])
            .contains("there is no profile `averag` in the history of staging; there is average")
    );
    assert!(of(&["--figure", "p99"]).contains("there is delivered_per_s, end_to_end_p99"));
    assert!(of(&["--night", "2026-02-27"]).contains("the nearest of its nights is 2026-01-24"));
}

#[test]
fn an_accepted_change_ends_its_alarm_and_its_reason_stays() {
    let workshop = with_history();
    let accepted = workshop.call(&["accept", "staging", "--since", SLOW, "--why", "orders carry signatures now"]);
    assert_eq!(accepted.code(), Some(0), "{}", accepted.stderr);
    assert!(
        accepted.stdout.starts_with("ACCEPTED  from night 2026-01-21 on: orders carry signatures now\n"),
        "{}",
        accepted.stdout
    );
    assert!(accepted.stdout.contains("average, orders: end_to_end_p99 (+"), "{}", accepted.stdout);
    assert!(accepted.stdout.contains("is no alarm any more"), "{}", accepted.stdout);
    let after = workshop.call(&["history", "staging"]);
    assert!(after.stdout.starts_with("QUIET  ") && !after.stdout.contains("WORSE"), "{}", after.stdout);
    assert!(
        after.stdout.contains("From night 2026-01-21 on: orders carry signatures now (all figures; accepted"),
        "{}",
        after.stdout
    );
    let page = fs::read_to_string(workshop.path("results/history/staging.html")).unwrap();
    assert!(page.contains("accepted from night 2026-01-21 on: orders carry signatures now"), "{page}");
    let again = workshop.call(&["accept", "staging", "--since", SLOW, "--why", "still so"]);
    assert!(
        again.code() == Some(0) && again.stdout.contains("No figure was worse in night 2026-01-24"),
        "{}",
        again.stdout
    );
}

#[test]
fn an_accepted_figure_leaves_the_alarms_of_the_others() {
    let workshop = with_history();
    let figure = ["accept", "staging", "--since", SLOW, "--why", "x", "--figure", "delivered_per_s"];
    let accepted = workshop.call(&figure);
    assert!(accepted.stdout.contains("end_to_end_p99 is still worse: +"), "{}", accepted.stdout);
    assert!(workshop.call(&["history", "staging"]).stdout.starts_with("REGRESSION  "));
}

/// All files of a history, with what stands in them.
fn files(workshop: &Workshop) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = below(&workshop.path("results/history"));
    files.sort();
    files
}

fn below(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { below(&path) } else { vec![(path.clone(), fs::read(&path).unwrap())] })
        .collect()
}

#[test]
fn what_cannot_be_accepted_is_refused_and_leaves_the_history_as_it_was() {
    let workshop = with_history();
    let before = files(&workshop);
    let of = |more: &[&str]| refused(&workshop, &[&["accept", "staging"], more].concat());
    let unsaid = workshop.call(&["accept", "staging", "--since", SLOW]);
    assert!(unsaid.code() == Some(2) && unsaid.stderr.contains("--why"), "{}", unsaid.stderr);
    assert!(of(&["--since", SLOW, "--why", "  "]).contains("--why is empty"));
    let between = of(&["--since", "2026-02-27", "--why", "x"]);
    assert!(between.contains("night 2026-02-27 is not in the history of staging"), "{between}");
    assert!(of(&["--since", SLOW, "--why", "x", "--profile", "peak"]).contains("there is no profile `peak`"));
    assert!(of(&["--since", SLOW, "--why", "x", "--figure", "p99"]).contains("there is no figure `p99`"));
    assert_eq!(files(&workshop), before);
}

#[test]
fn hostile_names_stay_in_their_line_and_out_of_the_markup() {
    let workshop = Workshop::new();
    let hostile = "</script><script>x\u{1b}[2J\n\u{202e}";
    let lines = (0..NIGHTS).map(|at| {
        let mut line = line("staging", at);
        line.profile = hostile.to_owned();
        line.host = hostile.to_owned();
        line.figures[0].place.stream = Some(hostile.to_owned());
        line
    });
    write(&workshop, "staging", lines.collect());
    let shown = workshop.call(&["history", "staging"]);
    assert_eq!(shown.code(), Some(0), "{}", shown.stderr);
    assert!(!shown.stdout.contains(['\u{1b}', '\u{202e}']), "{}", shown.stdout);
    let page = fs::read_to_string(workshop.path("results/history/staging.html")).unwrap();
    assert!(!page.contains("<script") && !page.contains(['\u{1b}', '\u{202e}']), "{page}");
}

#[test]
fn a_page_that_cannot_be_written_takes_nothing_from_the_answer() {
    let workshop = with_history();
    fs::create_dir_all(workshop.path("results/history/staging.html/in-the-way")).unwrap();
    let ended = workshop.call(&["history", "staging"]);
    assert!(ended.code() == Some(0) && ended.stdout.starts_with("REGRESSION  "), "{}", ended.stdout);
    assert!(ended.stderr.contains("note: the page of the nights is not written: "), "{}", ended.stderr);
}
