//! Runs that do not finish: stopped by hand, killed, or without their broker.

use std::process::Command;

use floodmark::incidents::IncidentKind;
use floodmark::results::RunState;
use floodmark::verdict::{Reason, ReasonCode, Verdict};

use crate::cluster::Cluster;
use crate::program::{Ended, Running, Workshop, as_if_killed, assert_conserved};

/// A run of an hour that has been sending for a second.
fn under_way(cluster: &Cluster, workshop: &Workshop, more: &str) -> Running {
    let topic = cluster.topic("interruption");
    let text = format!("duration = \"1h\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"2k/s\"\n{more}");
    let mut run = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
    run.until_seconds(1);
    run
}

fn assert_interrupted(ended: &Ended) {
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{:?}", summary.reasons);
    assert!(summary.interrupted && summary.reasons.iter().any(|reason| reason.code == ReasonCode::Interrupted));
    assert_conserved(&summary);
    assert_eq!(ended.folder().manifest().state, RunState::Interrupted);
    assert_eq!(ended.folder().summary().unwrap(), Some(summary));
}

/// Whether this process, and so every child process, ignores SIGHUP.
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(ignored.trim(), 16).unwrap() & 1 == 1
}

#[test]
fn the_first_signal_stops_sending_and_drains() {
    let retries = "retries = { share = 0.1, base = \"5s\", jitter = \"none\", lost_first = 0.5 }\n";
    let transactions = "delivery = \"exactly-once\"\n";
    for (signal, more) in [("INT", ""), ("TERM", ""), ("HUP", ""), ("INT", retries), ("INT", transactions)] {
        // Under `nohup` a process should survive, and so should the run.
        if signal == "HUP" && hangups_are_ignored() {
            continue;
        }
        let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
        let run = under_way(&cluster, &workshop, more);
        run.signal(signal);
        let ended = run.wait();
        assert_interrupted(&ended);
        let counts = ended.summary().totals;
        assert!(counts.acked > 0 && counts.delivered == counts.acked, "{signal}: {counts:?}");
        assert_eq!((counts.lost, counts.in_flight, counts.unresolved, counts.phantom), (0, 0, 0, 0), "{signal}");
    }
}

#[test]
fn the_second_signal_ends_the_wait_and_keeps_the_results() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    // A stage in a topic without any sends would be waited for until the end of the hour.
    let output = cluster.topic("output");
    cluster.create(&output, 1);
    let stage = format!("stage = [{{ name = \"out\", topic = \"{output}\", quiet = \"1h\" }}]\n");
    let topic = cluster.topic("twice");
    let text = format!(
        "duration = \"1h\"\ndrain = \"1h\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"2k/s\"\n{stage}"
    );
    let mut run = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
    run.until_seconds(1);
    run.signal("INT");
    // The seconds continue while it drains.
    let rows = |run: &Running| {
        let folder = floodmark::results::RunFolder::open(run.out.as_ref().unwrap()).unwrap();
        folder.timeline().unwrap()
    };
    run.until("a second without sends", |run| rows(run).last().is_some_and(|row| row.sent_per_s == 0.0));
    run.signal("INT");
    let ended = run.wait();
    assert_interrupted(&ended);
    assert!(ended.summary().totals.in_flight > 0);
}

#[test]
fn a_killed_run_is_readable_up_to_its_last_second() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let mut run = under_way(&cluster, &workshop, "");
    run.until_seconds(2);
    run.signal("KILL");
    let ended = run.wait();
    let folder = ended.folder();
    assert!(!folder.ended_in_order() && folder.standing().contains("killed"), "{}", folder.standing());
    assert_eq!(folder.summary().unwrap(), None);
    let rows = folder.timeline().unwrap();
    assert!(rows.len() >= 2 && rows.iter().zip(0..).all(|(row, second)| row.second == second));
    assert!(rows[1].sent_per_s > 0.0 && !folder.logs().unwrap().is_empty());
    let shown = workshop.call(&["show", "--json", ended.out.as_ref().unwrap().to_str().unwrap()]);
    let summary = shown.summary();
    assert_eq!((shown.code(), summary.verdict), (Some(3), Verdict::Void), "{}", shown.stderr);
    assert!(summary.partial && summary.reasons[0].code == ReasonCode::Unfinished, "{:?}", summary.reasons);
    assert_conserved(&summary);
    assert!(
        summary.totals.acked > 0 && summary.totals.delivered > 0 && summary.totals.lost == 0,
        "{:?}",
        summary.totals
    );
    assert!(summary.streams[0].latency_ms.due_to_consumed.count > 0);
    let for_people = workshop.call(&["show", ended.out.as_ref().unwrap().to_str().unwrap()]);
    assert!(for_people.code() == Some(3) && for_people.stdout.contains("killed"), "{}", for_people.stdout);
    let merged = workshop.call(&["merge", ended.out.as_ref().unwrap().to_str().unwrap()]);
    let (code, told) = merged.one_sentence();
    assert!(code == Some(2) && told.contains("killed"), "{told}");
}

/// A broker in a process of its own, and its address.
pub(crate) fn own_broker(workshop: &Workshop) -> (Running, String) {
    own_broker_with(workshop, &[])
}

/// The same with these flags.
pub(crate) fn own_broker_with(workshop: &Workshop, flags: &[&str]) -> (Running, String) {
    let mut broker = workshop.start(&[&["broker", "--listen", "127.0.0.1:0"], flags].concat());
    broker.until("an address", |broker| broker.stdout().contains(" (cluster"));
    let told = broker.stdout();
    let address = told.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).unwrap().to_owned();
    (broker, address)
}

#[test]
fn beside_a_broker_that_answers_nothing_the_second_signal_says_what_it_waited_for_and_ends() {
    for delivery in ["at-least-once", "exactly-once"] {
        let workshop = Workshop::new();
        let (broker, address) = own_broker(&workshop);
        let text = format!(
            "duration = \"1h\"\ndrain = \"1h\"\n[[stream]]\nname = \"s\"\nrate = \"2k/s\"\ndelivery = \"{delivery}\"\n"
        );
        let small = ["-X", "queue.buffering.max.messages=1000", "--progress", "1s"];
        let mut run = workshop.start_on("run", &workshop.profile(&text), &address, &small);
        run.until_seconds(2);
        broker.signal("STOP");
        if delivery == "at-least-once" {
            run.until("a backlog", |run| run.stderr().contains(" s behind"));
        }
        run.signal("INT");
        run.until("that it stops", |run| run.stderr().contains("press Ctrl-C again"));
        run.signal("INT");
        let ended = run.wait();
        broker.signal("CONT");
        assert!(ended.stderr.contains("without waiting for acknowledgements"), "{delivery}: {}", ended.stderr);
        let summary = ended.summary();
        assert_conserved(&summary);
        assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{delivery}: {:?}", summary.reasons);
        assert!(summary.interrupted && summary.totals.acked > 0 && summary.totals.lost == 0, "{:?}", summary.totals);
        assert_eq!(ended.folder().manifest().state, RunState::Interrupted);
        assert_eq!(ended.folder().summary().unwrap(), Some(summary));
        assert!(!ended.folder().timeline().unwrap().is_empty());
    }
}

#[test]
fn a_broker_that_dies_ends_the_run_with_what_was_measured() {
    for delivery in ["at-least-once", "best-effort", "exactly-once"] {
        let workshop = Workshop::new();
        let (broker, address) = own_broker(&workshop);
        let text = format!(
            "duration = \"4s\"\ndrain = \"2s\"\n[[stream]]\nname = \"s\"\nrate = \"2k/s\"\ndelivery = \"{delivery}\"\n"
        );
        let mut run = workshop.start_on("run", &workshop.profile(&text), &address, &[]);
        run.until_seconds(2);
        broker.signal("KILL");
        let ended = run.wait();
        let summary = ended.summary();
        assert_conserved(&summary);
        assert!(summary.totals.acked > 0 && summary.totals.lost == 0, "{delivery}: {:?}", summary.totals);
        assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{delivery}: {:?}", summary.reasons);
        assert!(summary.reasons.iter().any(|reason| reason.code == ReasonCode::EndUnknown), "{:?}", summary.reasons);
        assert_eq!(ended.folder().summary().unwrap(), Some(summary));
    }
}

#[test]
fn a_full_disk_stops_no_measurement_and_is_said_at_the_end() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, disk) = (cluster.topic("disk"), workshop.path("disk"));
    std::fs::create_dir(&disk).unwrap();
    let text = format!(
        "duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"5k/s\"\narrivals = \"poisson\"\n"
    );
    let profile = workshop.profile(&text);
    // A disk of three pages that only this run sees: the manifest fits, the rest does not.
    let script = "mount -t tmpfs -o size=12k none \"$1\" || exit 77; shift; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(&disk).arg(env!("CARGO_BIN_EXE_floodmark"));
    command.args(["run", "--json", "-b", &cluster.brokers, "--out"]).arg(disk.join("out")).arg(&profile);
    let ended = workshop.start_command(command).wait();
    if ended.code() == Some(77) || ended.stderr.contains("unshare") {
        println!("skipped: this system lets nobody mount a small disk");
        return;
    }
    assert_eq!(ended.code(), Some(4), "{}", ended.stderr);
    let summary = ended.summary();
    assert_conserved(&summary);
    assert_eq!(summary.totals.delivered, summary.totals.planned);
    assert_eq!(summary.verdict, Verdict::Void);
    let kept = |reason: &&Reason| reason.code == ReasonCode::ResultsNotKept;
    let told: Vec<&Reason> = summary.reasons.iter().filter(kept).collect();
    assert!(told.len() == 1 && told[0].text.contains("No space left"), "{told:?}");
}

/// Seconds from the start of a run until now.
pub(crate) fn seconds_into(run: &Running) -> f64 {
    let folder = floodmark::results::RunFolder::open(run.out.as_ref().unwrap()).unwrap();
    let started: jiff::Timestamp = folder.manifest().started.parse().unwrap();
    jiff::Timestamp::now().duration_since(started).as_secs_f64()
}

#[test]
fn a_broker_that_stands_still_is_an_outage_with_its_times() {
    let workshop = Workshop::new();
    let mut broker = workshop.start(&["broker", "--listen", "127.0.0.1:0"]);
    broker.until("an address", |broker| broker.stdout().contains("listening on "));
    let address = broker.stdout().split_whitespace().nth(2).unwrap().to_owned();
    let text = "duration = \"14s\"\n[[stream]]\nname = \"s\"\ntopic = \"floodmark-still\"\nrate = \"500/s\"\n";
    let mut run = workshop.start_on("run", &workshop.profile(text), &address, &[]);
    run.until_seconds(3);
    broker.signal("STOP");
    let stopped_s = seconds_into(&run);
    run.until_seconds(stopped_s as u64 + 6);
    broker.signal("CONT");
    let continued_s = seconds_into(&run);
    let ended = run.wait();

    let events = ended.summary().events;
    let of_kind = |kind| events.iter().filter(move |event| event.kind == kind).collect::<Vec<_>>();
    let outage = of_kind(IncidentKind::NoAcknowledgements);
    assert_eq!(outage.len(), 1, "{events:?}");
    let (from_s, to_s) = (outage[0].from_s as f64, outage[0].to_s.unwrap() as f64);
    // Within a second on a quiet machine.
    let is_near = |found_s: f64, truth_s: f64| (found_s - truth_s).abs() <= 2.0;
    assert!(is_near(from_s, stopped_s) && is_near(to_s, continued_s), "{stopped_s} {continued_s} {events:?}");
    assert_eq!(of_kind(IncidentKind::Recovered).len(), 1, "{events:?}");
    assert_eq!(of_kind(IncidentKind::Saturation).len(), 0, "{events:?}");

    // The same is found again in the files of a run that has no summary.
    let folder = ended.out.as_ref().unwrap();
    as_if_killed(folder);
    let shown = workshop.call(&["show", folder.to_str().unwrap(), "--json"]);
    assert_eq!(shown.summary().events, events);
}
