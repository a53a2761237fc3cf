//! Several processes that make one run, and the merge of their results.

use std::fs;
use std::path::{Path, PathBuf};

use floodmark::incidents::{Incident, IncidentKind};
use floodmark::results::{Summary, TimelineRow};
use floodmark::verdict::{Effect, ReasonCode, Verdict};

use crate::cluster::Cluster;
use crate::interruption::{own_broker, seconds_into};
use crate::program::{Ended, Running, Workshop, assert_conserved, reasons_but_the_machine};
use crate::reports::page_of;

const RUN_ID: &str = "three-parts";

fn profile_text(topic: &str) -> String {
    format!(
        "seed = 11\nduration = \"2s\"\ndrain = \"20s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"3k/s\"\narrivals = \"poisson\"\n\
         lateness = {{ share = 0.1, median = \"1s\" }}\n\
         [stream.retries]\nshare = 0.05\nattempts = 2\nbase = \"20ms\"\nlost_first = 0.2\n\
         [[stream.stage]]\nname = \"s\"\ntopic = \"{topic}\"\nquiet = \"2s\"\n"
    )
}

struct Parts {
    cluster: Cluster,
    workshop: Workshop,
    profile: PathBuf,
}

impl Parts {
    fn new(subject: &str) -> Self {
        let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
        let profile = workshop.profile(&profile_text(&cluster.topic(subject)));
        Parts { cluster, workshop, profile }
    }

    fn start(&self, verb: &str, more: &[&str]) -> Running {
        self.workshop.start_on(verb, &self.profile, &self.cluster.brokers, more)
    }

    /// An observer that knows the topic's end before the first send.
    fn observer(&self, more: &[&str]) -> Running {
        let mut consume = self.start("consume", &[&["--run-id", RUN_ID], more].concat());
        consume.until("readiness", |consume| consume.stderr().contains("Ready: observing"));
        consume
    }

    /// Both halves and the observer, each to its end.
    fn all_three(&self) -> [Ended; 3] {
        let consume = self.observer(&["--progress", "1s"]);
        let each_second = ["--run-id", RUN_ID, "--progress", "1s", "--shard"];
        let one = self.start("produce", &[&each_second[..], &["0/2"]].concat());
        let other = self.start("produce", &[&each_second[..], &["1/2"]].concat());
        [one.wait(), other.wait(), consume.wait()]
    }

    fn merge(&self, folders: &[&Path]) -> Ended {
        let out = self.workshop.fresh("merged");
        let mut arguments = vec!["merge", "--json", "--out", out.to_str().unwrap()];
        arguments.extend(folders.iter().map(|folder| folder.to_str().unwrap()));
        let ended = self.workshop.call(&arguments);
        Ended { out: Some(out), ..ended }
    }
}

fn out(ended: &Ended) -> &Path {
    ended.out.as_ref().unwrap()
}

/// The summary of a part that did its work: it has no verdict, and its process succeeds.
fn part(ended: &Ended) -> Summary {
    let summary = ended.summary();
    let others = reasons_but_the_machine(&summary);
    assert!(others.iter().all(|reason| reason.code.effect() == Effect::Part), "{others:?}\n{}", ended.stderr);
    assert!(summary.partial, "{others:?}");
    if summary.reasons.len() == 1 {
        assert_eq!((ended.code(), summary.verdict), (Some(0), Verdict::Part), "{}", ended.stderr);
    }
    summary
}

#[test]
fn three_processes_count_what_one_process_counts() {
    let parts = Parts::new("parts");
    let three = parts.all_three();
    let [one, other, seen] = three.each_ref().map(part);
    // A live line shows nothing of the other side.
    let [sender, _, observer] = three.each_ref().map(|ended| ended.stderr.as_str());
    assert!(sender.contains("sent ") && !sender.contains("lag ") && !sender.contains("end-to-end"), "{sender}");
    assert!(
        observer.contains("  seen ") && !observer.contains("offered ") && !observer.contains("acked"),
        "{observer}"
    );
    assert!(one.totals.planned > 0 && other.totals.planned > 0 && one.totals.delivered == 0);
    assert_eq!((seen.totals.planned, seen.totals.acked), (0, 0));
    assert_ne!(one.run.fingerprint, other.run.fingerprint);

    let [a, b, c] = three.each_ref().map(out);
    let merged = parts.merge(&[a, b, c]);
    let whole = merged.sound();
    let one_process = parts.workshop.run(&parts.profile, &parts.cluster.brokers, &["--run-id", "one-process"]).sound();
    assert_eq!(whole.totals, one_process.totals);
    assert!(whole.totals.duplicates_injected > 0 && whole.totals.late_injected > 0);
    assert_eq!(whole.run.fingerprint, one_process.run.fingerprint);

    let rows = merged.folder().timeline().unwrap();
    assert!(rows.iter().zip(0..).all(|(row, second)| row.second == second), "one row for each second");
    let sum = |of: fn(&TimelineRow) -> f64| rows.iter().map(of).sum::<f64>() as u64;
    let totals = &whole.totals;
    assert_eq!(sum(|row| row.acked_per_s), totals.acked + totals.copies_acked);
    assert_eq!(sum(|row| row.seen_per_s), totals.delivered + totals.duplicates_injected);
    assert_eq!(rows.last().map(|row| row.lag_events), Some(0));
    assert!(rows[0].due_to_consumed_p99_ms.is_some() && rows[0].sent_to_acked_p99_ms.is_some());

    for order in [[c, b, a], [b, c, a]] {
        let again = parts.merge(&order).sound();
        assert_eq!(again, whole, "the order of the folders does not matter");
    }
}

#[test]
fn a_merge_of_what_does_not_belong_together_is_refused_in_one_sentence() {
    let parts = Parts::new("strange-parts");
    let three = parts.all_three();
    let [a, b, c] = three.each_ref().map(out);
    let stranger = parts.start("produce", &["--run-id", "another"]).wait();
    let other_seed = parts.start("produce", &["--run-id", RUN_ID, "--seed", "12"]).wait();
    let nothing = parts.workshop.path("nothing");
    let empty = parts.workshop.path("empty");
    fs::create_dir(&empty).unwrap();
    let [stranger, other_seed] = [&stranger, &other_seed].map(out);
    let cases: [(&[&Path], i32, &str); 7] = [
        (&[a, b, a, c], 2, "given twice"),
        (&[a, b, c, c], 2, "given twice"),
        (&[a, b, c, stranger], 2, "only parts of one run"),
        (&[a, b, c, other_seed], 2, "different profiles"),
        (&[a, c], 2, "missing"),
        (&[a, b, &nothing], 2, "nothing"),
        (&[a, b, &empty], 2, "no floodmark run"),
    ];
    for (folders, code, said) in cases {
        let ended = parts.merge(folders);
        let (found, told) = ended.one_sentence();
        assert!(found == Some(code) && told.contains(said), "{said}: {found:?} {told}");
    }
}

/// Copies a part and damages the copy.
fn harmed(parts: &Parts, part: &Path, harm: impl FnOnce(&Path)) -> PathBuf {
    let copy = parts.workshop.fresh("harmed");
    let copied = std::process::Command::new("cp").arg("-r").args([part, &copy]).status().unwrap();
    assert!(copied.success());
    harm(&copy);
    copy
}

#[test]
fn a_part_that_is_not_as_it_was_left_is_refused() {
    let parts = Parts::new("harmed-parts");
    let three = parts.all_three();
    let [a, b, c] = three.each_ref().map(out);
    let log = c.join("s.due_to_consumed.hlog");
    let log = log.file_name().unwrap();
    type Harm<'a> = &'a dyn Fn(&Path);
    let shorter = |file: &Path| fs::write(file, &fs::read(file).unwrap()[..40]).unwrap();
    let cut = |at: &Path| shorter(&at.join(log));
    let gone = |at: &Path| fs::remove_file(at.join(log)).unwrap();
    let last_byte = |at: &Path| {
        let mut bytes = fs::read(at.join(log)).unwrap();
        let place = bytes.len() - 2;
        bytes[place] ^= 1;
        fs::write(at.join(log), bytes).unwrap();
    };
    let no_ledger = |at: &Path| fs::remove_file(at.join("ledger/s.s.delivered.ledger")).unwrap();
    let summary = |at: &Path| {
        let file = at.join("summary.json");
        fs::write(
            &file,
            fs::read_to_string(&file).unwrap().replace("\"interrupted\": false", "\"interrupted\": true "),
        )
        .unwrap();
    };
    let manifest = |at: &Path| {
        let file = at.join("manifest.toml");
        fs::write(&file, fs::read_to_string(&file).unwrap().replace("\"finished\"", "\"interrupted\"")).unwrap();
    };
    let of_another = |at: &Path| fs::write(at.join("t.due_to_consumed.hlog"), fs::read(at.join(log)).unwrap()).unwrap();
    let harms: [(Harm<'_>, &str); 7] = [
        (&cut, "has 40 bytes"),
        (&gone, "is missing"),
        (&last_byte, "has changed"),
        (&no_ledger, "is missing"),
        (&summary, "has changed"),
        (&manifest, "manifest.toml"),
        (&of_another, "did not complete this file"),
    ];
    for (harm, said) in harms {
        let ended = parts.merge(&[a, b, &harmed(&parts, c, harm)]);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains(said), "{said}: {code:?} {told}");
        assert!(!out(&ended).exists(), "{said}: nothing was written");
    }
    parts.merge(&[a, b, &harmed(&parts, c, |_| ())]).sound();
}

#[test]
fn a_merge_without_an_observer_or_a_sender_is_void() {
    let parts = Parts::new("one-sided");
    let three = parts.all_three();
    let [a, b, c] = three.each_ref().map(out);
    for (folders, code) in [(&[a, b][..], ReasonCode::NotObserved), (&[c], ReasonCode::NotSent)] {
        let ended = parts.merge(folders);
        let summary = ended.summary();
        assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{:?}", summary.reasons);
        assert!(summary.reasons.iter().any(|reason| reason.code == code), "{:?}", summary.reasons);
    }
}

#[test]
fn an_observer_follows_the_producers_start_and_ends_by_itself() {
    let parts = Parts::new("late-start");
    let mut consume = parts.observer(&[]);
    // The schedule would be over by the observer's own start.
    consume.until_seconds(3);
    let sent = part(&parts.start("produce", &["--run-id", RUN_ID]).wait());
    let seen = part(&consume.wait());
    assert_eq!(seen.totals.delivered, sent.totals.acked);
}

#[test]
fn processes_that_agree_on_a_start_make_one_run() {
    let parts = Parts::new("agreed-start");
    let start = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3)).to_string();
    let consume = parts.observer(&["--start-at", &start]);
    let sent = parts.start("produce", &["--run-id", RUN_ID, "--start-at", &start]).wait();
    let seen = consume.wait();
    assert_eq!(part(&sent).run.started, part(&seen).run.started);
    let whole = parts.merge(&[out(&sent), out(&seen)]).sound();
    assert_conserved(&whole);
    assert_eq!(whole.totals.delivered, whole.totals.planned);
}

/// The merged folder of two senders and an observer beside a broker that stood still, and from when to when it did.
fn outage_in_parts(workshop: &Workshop) -> ([Ended; 3], Ended, (f64, f64)) {
    let (broker, brokers) = own_broker(workshop);
    let text = "duration = \"10s\"\n[[stream]]\nname = \"s\"\ntopic = \"floodmark-still-parts\"\nrate = \"500/s\"\n";
    let profile = workshop.profile(text);
    let start = |verb: &str, more: &[&str]| {
        workshop.start_on(verb, &profile, &brokers, &[&["--run-id", RUN_ID], more].concat())
    };
    let mut consume = start("consume", &[]);
    consume.until("readiness", |consume| consume.stderr().contains("Ready: observing"));
    let (mut one, other) = (start("produce", &["--shard", "0/2"]), start("produce", &["--shard", "1/2"]));
    one.until_seconds(3);
    broker.signal("STOP");
    let stopped_s = seconds_into(&one);
    one.until_seconds(stopped_s as u64 + 4);
    broker.signal("CONT");
    let continued_s = seconds_into(&one);
    let parts = [one.wait(), other.wait(), consume.wait()];
    let merged = workshop.fresh("merged");
    let mut arguments = vec!["merge", "--json", "--out", merged.to_str().unwrap()];
    arguments.extend(parts.iter().map(|part| out(part).to_str().unwrap()));
    let ended = workshop.call(&arguments);
    (parts, Ended { out: Some(merged), ..ended }, (stopped_s, continued_s))
}

#[test]
fn a_merged_run_names_an_outage_with_its_times_and_shows_it_on_its_page() {
    let workshop = Workshop::new();
    let (parts, merged, (stopped_s, continued_s)) = outage_in_parts(&workshop);
    assert!(parts.iter().all(|part| part.summary().events.is_empty()), "one side cannot tell what waits");
    let events = merged.summary().events;
    let of_kind = |kind| events.iter().filter(|event| event.kind == kind).collect::<Vec<&Incident>>();
    let outage = of_kind(IncidentKind::NoAcknowledgements);
    assert_eq!(outage.len(), 1, "{events:?}");
    let (from_s, to_s) = (outage[0].from_s as f64, outage[0].to_s.unwrap() as f64);
    // Within a second on a quiet machine, and the parts stand at the nearest second of the whole.
    let is_near = |found_s: f64, truth_s: f64| (found_s - truth_s).abs() <= 2.0;
    assert!(is_near(from_s, stopped_s) && is_near(to_s, continued_s), "{stopped_s} {continued_s} {events:?}");
    // Both senders' events waited.
    assert!(outage[0].figure > 500.0 * (to_s - from_s - 1.0) * 0.75, "{events:?}");
    assert_eq!(of_kind(IncidentKind::Recovered).len(), 1, "{events:?}");

    let (page, figures) = page_of(&out(&merged).join("report.html"));
    assert!(page.contains("no acknowledgements; at most "), "{page}");
    let marked = figures["places"][0]["events"].as_array().unwrap();
    let marked: Vec<_> = marked.iter().map(|event| (event["from_s"].as_u64(), event["to_s"].as_u64())).collect();
    assert_eq!(marked, events.iter().map(|event| (Some(event.from_s), event.to_s)).collect::<Vec<_>>());
}

#[test]
fn a_start_that_has_passed_is_refused() {
    let parts = Parts::new("passed-start");
    let late = parts.start("produce", &["--run-id", RUN_ID, "--start-at", "2020-01-31T22:00:00Z"]).wait();
    let (code, told) = late.one_sentence();
    assert!(code == Some(2) && told.contains("--start-at 2020-01-31T22:00:00.000Z"), "{code:?} {told}");
    assert!(!out(&late).exists(), "nothing was begun");
}

#[test]
fn an_observer_that_nobody_sends_to_says_so_and_ends() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("nobody");
    let text =
        format!("duration = \"1s\"\ndrain = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"1k/s\"\n");
    let ended = workshop.start_on("consume", &workshop.profile(&text), &cluster.brokers, &[]).wait();
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void));
    assert!(summary.reasons.iter().any(|reason| reason.code == ReasonCode::NothingSeen), "{:?}", summary.reasons);
}
