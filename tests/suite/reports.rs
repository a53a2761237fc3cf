//! `report.html`: what stands in it is what the run's files say.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};

/// A page, and the figures that its charts are drawn from.
pub(crate) fn page_of(file: &Path) -> (String, Value) {
    let page = fs::read_to_string(file).unwrap();
    let (_, after) = page.split_once("<script type=\"application/json\" id=\"figures\">").unwrap();
    let (figures, _) = after.split_once("</script>").unwrap();
    let figures = serde_json::from_str(figures).unwrap();
    (page, figures)
}

fn short_run(cluster: &Cluster, workshop: &Workshop) -> Ended {
    let topic = cluster.topic("report");
    let text = format!("duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"2k/s\"\n");
    workshop.run(&workshop.profile(&text), &cluster.brokers, &[])
}

/// The sum of a column of the timeline.
fn sum_of(ended: &Ended, of: fn(&floodmark::results::TimelineRow) -> f64) -> f64 {
    ended.folder().timeline().unwrap().iter().map(of).sum()
}

/// Whether two sums are of the same events.
fn is_same(one: f64, other: f64) -> bool {
    one > 0.0 && (one - other).abs() < 0.5
}

#[test]
fn a_run_leaves_a_page_with_its_own_figures() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let ended = short_run(&cluster, &workshop);
    let (page, figures) = page_of(&ended.out.as_ref().unwrap().join("report.html"));
    let place = &figures["places"][0];
    let sum = |name: &str| place["counts"][name].as_array().unwrap().iter().filter_map(Value::as_f64).sum::<f64>();
    assert!(is_same(sum("offered"), sum_of(&ended, |row| row.offered_per_s)));
    assert!(is_same(sum("delivered"), sum_of(&ended, |row| row.delivered_per_s)));
    let timed: u64 = place["hops"][0]["count"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
    assert_eq!(
        (place["hops"][0]["name"].as_str(), timed),
        (Some("due → consumed"), ended.summary().streams[0].latency_ms.due_to_consumed.count)
    );
    assert!(page.contains("default-src &#x27;none&#x27;") && !page.contains(" src=") && !page.contains("<link"));
    ended.folder().verify().unwrap();
}

#[test]
fn a_page_can_be_made_again_also_of_a_killed_run() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("killed");
    let text = format!("duration = \"1h\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"2k/s\"\n");
    let mut run = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
    run.until_seconds(2);
    run.signal("KILL");
    let killed = run.wait();
    let folder = killed.out.as_ref().unwrap();
    assert!(!folder.join("report.html").exists());
    let ended = short_run(&cluster, &workshop);
    let whole = ended.out.as_ref().unwrap();
    let before = fs::read(whole.join("report.html")).unwrap();
    let both = workshop.call(&["report", folder.to_str().unwrap(), whole.to_str().unwrap()]);
    assert_eq!((both.code(), both.stdout.lines().count()), (Some(0), 2), "{}{}", both.stdout, both.stderr);
    assert!(fs::read(whole.join("report.html")).unwrap() == before, "the same files make the same page");
    let (page, figures) = page_of(&folder.join("report.html"));
    assert!(page.contains("The run was killed or is still going"), "{page}");
    let offered = figures["places"][0]["counts"]["offered"].as_array().unwrap();
    let offered: f64 = offered.iter().filter_map(Value::as_f64).sum();
    assert!(is_same(offered, sum_of(&killed, |row| row.offered_per_s)), "{offered}");
}

#[test]
fn a_page_that_cannot_be_written_is_one_sentence_and_the_verdict_stands() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("refused");
    let text = format!("duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"2k/s\"\n");
    let mut run = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
    run.until_seconds(1);
    fs::create_dir_all(run.out.as_ref().unwrap().join("report.html/taken")).unwrap();
    let ended = run.wait();
    ended.sound();
    let told: Vec<&str> = ended.stderr.lines().filter(|line| line.contains("report.html")).collect();
    assert!(
        told.len() == 1 && told[0].starts_with("note: there is no report.html, everything else is there: "),
        "{told:?}"
    );
}

#[test]
fn one_folder_that_cannot_be_read_does_not_keep_the_others_from_their_page() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let ended = short_run(&cluster, &workshop);
    let whole = ended.out.as_ref().unwrap();
    fs::remove_file(whole.join("report.html")).unwrap();
    let both = workshop.call(&["report", "absent", whole.to_str().unwrap()]);
    let (code, told) = both.one_sentence();
    assert!(code == Some(2) && told.contains("`absent` has no floodmark run in it"), "{told}");
    assert!(whole.join("report.html").is_file());
}

#[test]
fn what_has_happened_to_the_files_since_is_said() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let ended = short_run(&cluster, &workshop);
    let folder = ended.out.as_ref().unwrap();
    let made_again = || {
        workshop.call(&["report", folder.to_str().unwrap()]);
        fs::read_to_string(folder.join("report.html")).unwrap()
    };
    let said = |page: &str| page.contains("is not as the run left it");
    assert!(!said(&made_again()), "nothing has happened");
    fs::remove_file(folder.join("s.due_to_consumed.hlog")).unwrap();
    let page = made_again();
    assert!(said(&page) && page.contains("s.due_to_consumed.hlog"), "a log is missing");

    fs::remove_file(folder.join("summary.json")).unwrap();
    for command in ["show", "report"] {
        let refused = workshop.call(&[command, folder.to_str().unwrap()]);
        let (code, told) = refused.one_sentence();
        assert!(code == Some(2) && told.contains("summary.json` is not as the run left it: it is missing"), "{told}");
    }
}

#[test]
fn damaged_files_are_named_in_one_sentence_and_leave_no_page() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let ended = short_run(&cluster, &workshop);
    let folder = ended.out.as_ref().unwrap();
    let damages: [(&str, &str); 4] = [
        ("summary.json", "{\"schema\": 3}"),
        ("summary.json", "{\"schema\": 2"),
        ("timeline.csv", "time,second\n1,many\n"),
        ("s.due_to_consumed.hlog", "#[Stream: s]\n#[Hop: due_to_consumed]\n\"x\"\n0.0,1.0,5.0,%%%\n"),
    ];
    for (name, content) in damages {
        let whole = fs::read(folder.join(name)).unwrap();
        fs::write(folder.join(name), content).unwrap();
        let page = workshop.fresh("page");
        let told = workshop.call(&["report", folder.to_str().unwrap(), "--out", page.to_str().unwrap()]);
        let (code, sentence) = told.one_sentence();
        assert!(code == Some(2) && sentence.contains(name) && !page.exists(), "{name}: {sentence}");
        fs::write(folder.join(name), whole).unwrap();
    }
}
