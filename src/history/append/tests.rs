use std::env;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;

use proptest::prelude::*;

use super::super::examples::{file_of_lines, night};
use super::super::{History, NightLine, read};
use super::*;

/// Where another process of this test program adds its lines, and as which machine's nights.
const ANOTHER: &str = "FLOODMARK_TEST_HISTORY";

fn three() -> Vec<NightLine> {
    ["2026-11-24", "2026-11-25", "2026-11-26"].map(|date| night(date, "average", "h")).to_vec()
}

/// A folder of results whose history is this text.
fn with_file(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let results = tempfile::tempdir().unwrap();
    let file = file_of(results.path(), &Line::Night(night("2026-11-24", "average", "h")));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    (results, file)
}

fn history(results: &Path) -> History {
    read(results, "staging", "2027-12-31").unwrap()
}

/// The `number`th night of a long history.
fn numbered(number: usize) -> NightLine {
    night(&format!("2026-{:02}-{:02}", number / 28 + 1, number % 28 + 1), "average", "h")
}

#[test]
fn a_line_that_could_not_be_read_again_is_not_written() {
    let results = tempfile::tempdir().unwrap();
    let mut line = night("2026-11-24", "average", "h");
    line.figures[0].values[1] = f64::NAN;
    let said = append(results.path(), &Line::Night(line)).unwrap_err().to_string();
    assert!(said.starts_with("cannot put the figures into `") && said.contains("invalid type: null"), "{said}");
    assert!(!results.path().join("history").exists());
}

#[test]
fn a_refused_line_names_the_file_and_the_way_out() {
    let results = tempfile::tempdir().unwrap();
    fs::write(results.path().join("history"), "in the way").unwrap();
    let said = append(results.path(), &Line::Night(night("2026-11-24", "average", "h"))).unwrap_err().to_string();
    assert!(said.starts_with("cannot add a line to `") && said.contains("/history/staging/average-"), "{said}");
    assert!(said.contains("with --results") && said.contains("all lines before are kept"), "{said}");
}

#[test]
fn what_was_mended_is_one_sentence() {
    let file = PathBuf::from("results/history/staging/average.jsonl");
    assert_eq!(
        Repaired::HalfLine { file: file.clone(), bytes: 312 }.to_string(),
        "the last line of `results/history/staging/average.jsonl` was only half written: its 312 bytes were moved to \
         `results/history/staging/average.jsonl.broken`, and all lines before it are whole"
    );
    assert_eq!(
        Repaired::LineEnd { file }.to_string(),
        "the last line of `results/history/staging/average.jsonl` lacked its line end, which was added"
    );
}

proptest! {
    // Each case syncs files.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn added_to_a_file_that_was_cut_anywhere_the_whole_lines_and_the_new_one_are_there(share in 0.0..1.0_f64) {
        check_cut((share * file_of_lines(&three()).len() as f64) as usize);
    }
}

#[test]
fn added_to_a_file_that_was_cut_at_the_end_of_a_line_the_whole_lines_and_the_new_one_are_there() {
    let text = file_of_lines(&three());
    let ends = text.match_indices('\n').flat_map(|(at, _)| [at - 1, at, at + 1]);
    ends.chain([0]).for_each(check_cut);
}

fn check_cut(cut: usize) {
    let text = file_of_lines(&three());
    let (results, file) = with_file(&text.as_bytes()[..cut]);
    let whole = history(results.path()).nights.len();
    let new = night("2026-11-27", "average", "h");
    let repaired = append(results.path(), &Line::Night(new.clone())).unwrap();
    let wanted: Vec<NightLine> = three()[..whole].iter().cloned().chain([new]).collect();
    assert_eq!(fs::read_to_string(&file).unwrap(), file_of_lines(&wanted), "cut at {cut}");
    let after = history(results.path());
    assert_eq!((after.nights, after.remarks.len()), (wanted, 0), "cut at {cut}");
    // Nothing of what was there is lost.
    let kept = fs::read_to_string(broken_path(&file)).unwrap_or_default();
    let half = kept.strip_suffix('\n').unwrap_or_default();
    assert!(text[..cut].ends_with(half), "cut at {cut}");
    match repaired {
        Some(Repaired::HalfLine { bytes, .. }) => assert_eq!(half.len(), bytes),
        Some(Repaired::LineEnd { .. }) => assert!(half.is_empty() && text[cut..].starts_with('\n'), "cut at {cut}"),
        None => assert!(half.is_empty() && (cut == 0 || text[..cut].ends_with('\n')), "cut at {cut}"),
    }
}

#[test]
fn of_writers_that_find_a_half_line_at_the_same_time_none_loses_a_line() {
    for _ in 0..20 {
        let (results, file) = with_file(b"{\"half\":");
        let (writers, start) = (6, Barrier::new(6));
        thread::scope(|scope| {
            for writer in 0..writers {
                let (results, start) = (results.path(), &start);
                scope.spawn(move || {
                    start.wait();
                    append(results, &Line::Night(numbered(writer))).unwrap();
                });
            }
        });
        let after = history(results.path());
        assert_eq!((after.nights.len(), after.remarks.len()), (writers, 0));
        assert_eq!(fs::read_to_string(broken_path(&file)).unwrap(), "{\"half\":\n");
    }
}

/// This test program once more, to do one thing in the folder.
fn another(test: &str, results: &Path, before: &[&str]) -> Child {
    let this = env::current_exe().unwrap();
    let of = |name: &str| format!("history::append::tests::{name}");
    let mut command = match before.split_first() {
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(results).arg(&this);
            command
        }
        None => Command::new(&this),
    };
    command.args(["--exact", &of(test), "--nocapture"]).env(ANOTHER, results);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Where this process adds its lines, if it is another one's.
fn as_another() -> Option<PathBuf> {
    env::var_os(ANOTHER).map(PathBuf::from)
}

#[test]
fn lines_of_several_processes_do_not_mix() {
    if let Some(results) = as_another() {
        for number in 0..20 {
            let mut line = numbered(number);
            line.repetitions[0].run = std::process::id().to_string();
            append(&results, &Line::Night(line)).unwrap();
        }
        return;
    }
    let results = tempfile::tempdir().unwrap();
    let writers: Vec<Child> =
        (0..4).map(|_| another("lines_of_several_processes_do_not_mix", results.path(), &[])).collect();
    for writer in writers {
        let ended = writer.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let text = fs::read_to_string(file_of(results.path(), &Line::Night(numbered(0)))).unwrap();
    let lines: Vec<Line> = text.lines().map(|line| line_of(line.as_bytes()).unwrap()).collect();
    assert_eq!(lines.len(), 4 * 20);
}

#[test]
fn a_full_disk_leaves_every_line_whole_and_is_said() {
    if let Some(results) = as_another() {
        return fill(&results);
    }
    let disk = tempfile::tempdir().unwrap();
    // A disk of three pages that only the other process sees.
    let script = "mount -t tmpfs -o size=12k none \"$1\" || exit 77; shift; exec \"$@\"";
    let before = ["unshare", "-rm", "sh", "-c", script, "sh"];
    let ended =
        another("a_full_disk_leaves_every_line_whole_and_is_said", disk.path(), &before).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    if ended.status.code() == Some(77) || said.contains("unshare") {
        println!("skipped: this system lets nobody mount a small disk");
        return;
    }
    assert!(ended.status.success(), "{said}");
}

/// Adds lines until the disk is full.
fn fill(results: &Path) {
    let mut written = Vec::new();
    let refused = loop {
        let line = numbered(written.len());
        match append(results, &Line::Night(line.clone())) {
            Ok(repaired) => assert_eq!(repaired, None),
            Err(refused) => break refused.to_string(),
        }
        written.push(line);
    };
    assert!(refused.contains("No space left on device") && refused.contains("free some space"), "{refused}");
    let file = file_of(results, &Line::Night(numbered(0)));
    assert!(!written.is_empty());
    assert_eq!(fs::read_to_string(&file).unwrap(), file_of_lines(&written));
    assert_eq!(history(results).nights, written);
}
