//! Faults that a profile injects: brought about, marked, and undone whatever happens to the run.

use std::fs;
use std::path::Path;
use std::process::Command;

use floodmark::incidents::{Incident, IncidentKind};
use floodmark::results::{Summary, TimelineRow};
use floodmark::verdict::{ReasonCode, Verdict};

use crate::cluster::Cluster;
use crate::program::{Running, Workshop, assert_conserved, until};

/// A stream for so long, with a fault whose commands write a line each into the file `log`.
fn profile(topic: &str, duration: &str, fault: &str) -> String {
    format!(
        "duration = \"{duration}\"\ndrain = \"5s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"500/s\"\n\
         [[fault]]\nname = \"broken\"\n{fault}\n"
    )
}

/// A command that writes a line.
fn writes(line: &str) -> String {
    format!("[\"sh\", \"-c\", \"echo {line} >> log\"]")
}

fn log(workshop: &Workshop) -> Vec<String> {
    let text = fs::read_to_string(workshop.path("log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn faults(summary: &Summary) -> Vec<&Incident> {
    summary.events.iter().filter(|event| event.kind == IncidentKind::Fault).collect()
}

/// A run of an hour in the middle of a fault that is to last half of it.
fn in_the_middle(workshop: &Workshop, cluster: &Cluster, start: &str) -> Running {
    let fault = format!("at = \"1s\"\nfor = \"30m\"\nstart = {start}\nstop = {}", writes("stop"));
    let text = profile(&cluster.topic("faults"), "1h", &fault);
    let mut run = workshop.start_on("run", &workshop.profile(&text), &cluster.brokers, &[]);
    run.until("the fault", |_| log(workshop) == ["start"]);
    run
}

#[test]
fn a_fault_is_there_for_its_time_and_stands_among_what_happened() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let fault = format!("at = \"1s\"\nfor = \"2s\"\nstart = {}\nstop = {}", writes("start"), writes("stop"));
    let text = profile(&cluster.topic("faults"), "5s", &fault);
    let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
    assert_eq!(log(&workshop), ["start", "stop"]);
    let summary = ended.sound();
    let told = faults(&summary);
    assert_eq!(told.len(), 1, "{:?}", summary.events);
    assert_eq!((told[0].fault.as_deref(), told[0].from_s, told[0].stream.as_str()), (Some("broken"), 1, ""));
    assert!(told[0].to_s.is_some_and(|to_s| to_s >= 3) && told[0].figure >= 2.0, "{:?}", told[0]);
    for said in
        ["fault broken begins: sh -c 'echo start >> log', undone by sh -c 'echo stop >> log'", "fault broken is over"]
    {
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
    let shown = workshop.call(&["show", ended.out.as_ref().unwrap().to_str().unwrap(), "--all"]).stdout;
    assert!(shown.contains("the run") && shown.contains("fault broken, on purpose"), "{shown}");
    let page = fs::read_to_string(ended.out.as_ref().unwrap().join("report.html")).unwrap();
    for marked in [r#""kind":"fault","text":"fault broken, on purpose","from_s":1"#, ">the run</td>"] {
        assert!(page.contains(marked), "no {marked} on the page");
    }
}

#[test]
fn the_examples_can_be_planned() {
    let workshop = Workshop::new();
    for name in ["broker-down", "slow-network"] {
        let path = format!("{}/examples/faults/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let plan = workshop.call(&["plan", "--json", &path]);
        assert_eq!(plan.code(), Some(0), "{}", plan.stderr);
    }
}

#[test]
fn a_fault_that_is_not_brought_about_makes_the_run_void_and_is_undone() {
    for (start, why, undone) in [
        (
            "[\"sh\", \"-c\", \"echo start >> log; echo no such broker >&2; exit 7\"]",
            "exited with 7: no such broker",
            true,
        ),
        ("[\"/nowhere/at-all\"]", "`/nowhere/at-all` cannot be started: No such file", false),
        ("[\"sleep\", \"600\"]", "its command did not return within 1s", true),
    ] {
        let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
        let fault = format!("at = \"1s\"\nfor = \"1s\"\nstart = {start}\nstop = {}", writes("stop"));
        let text = profile(&cluster.topic("faults"), "3s", &fault);
        let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
        let summary = ended.summary();
        assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{start}: {:?}", summary.reasons);
        let reason = summary.reasons.iter().find(|reason| reason.code == ReasonCode::FaultNotInjected).unwrap();
        assert!(
            reason.text.starts_with("The fault broken was not injected: ") && reason.text.contains(why),
            "{}",
            reason.text
        );
        assert_eq!(log(&workshop).contains(&"stop".to_owned()), undone, "{start}");
        assert!(faults(&summary).is_empty() && summary.totals.delivered > 0, "what was measured is kept");
        assert_conserved(&summary);
    }
}

#[test]
fn what_cannot_be_undone_is_said() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let stop = "[\"sh\", \"-c\", \"echo the broker does not start >&2; exit 1\"]";
    let fault = format!("at = \"1s\"\nfor = \"1s\"\nstart = {}\nstop = {stop}", writes("start"));
    let text = profile(&cluster.topic("faults"), "3s", &fault);
    let summary = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]).summary();
    assert_eq!(summary.verdict, Verdict::Void);
    let reason = summary.reasons.iter().find(|reason| reason.code == ReasonCode::FaultNotUndone).unwrap();
    assert!(reason.text.ends_with("exited with 1: the broker does not start; undo it by hand."), "{}", reason.text);
    assert_eq!(faults(&summary)[0].to_s, None, "it lasts to the end");
}

#[test]
fn a_fault_is_undone_after_every_signal() {
    for signals in [&["INT"][..], &["TERM"], &["INT", "INT"], &["KILL"]] {
        let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
        let run = in_the_middle(&workshop, &cluster, &writes("start"));
        signals.iter().for_each(|signal| run.signal(signal));
        let ended = run.wait();
        until("the undoing", || log(&workshop) == ["start", "stop"]);
        if signals[0] == "KILL" {
            until("a word on it", || {
                fs::read_to_string(&ended.stderr_path).unwrap().contains("during the fault broken, which is undone now")
            });
            continue;
        }
        let summary = ended.summary();
        assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{signals:?}");
        assert!(
            summary.reasons.iter().all(|reason| reason.code != ReasonCode::FaultNotInjected),
            "{:?}",
            summary.reasons
        );
        if signals.len() == 1 {
            assert_eq!(faults(&summary).len(), 1, "{:?}", summary.events);
        }
    }
}

#[test]
fn a_kill_while_the_fault_is_being_brought_about_leaves_nothing_of_it() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    // It would break more after a while, if it were left.
    let start = "[\"sh\", \"-c\", \"echo start >> log; sleep 3; echo more >> log\"]";
    let run = in_the_middle(&workshop, &cluster, start);
    run.signal("KILL");
    run.wait();
    until("the undoing", || log(&workshop).len() > 1);
    assert_eq!(log(&workshop), ["start", "stop"], "the undoing came last, and nothing after it");
}

#[test]
fn a_kill_of_the_whole_process_group_spares_the_guard() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let fault = format!("at = \"1s\"\nfor = \"30m\"\nstart = {}\nstop = {}", writes("start"), writes("stop"));
    let profile = workshop.profile(&profile(&cluster.topic("faults"), "1h", &fault));
    let mut command = Command::new("setsid");
    command.arg(env!("CARGO_BIN_EXE_floodmark")).args(["run", "--json", "-b", &cluster.brokers, "--out"]);
    command.arg(workshop.path("out")).arg(profile);
    let mut run = workshop.start_command(command);
    run.until("the fault", |_| log(&workshop) == ["start"]);
    run.signal_group("KILL");
    run.wait();
    until("the undoing", || log(&workshop) == ["start", "stop"]);
}

#[test]
fn a_run_that_is_a_part_of_another_process_has_guards_that_outlive_both() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let fault = format!("at = \"1s\"\nfor = \"1s\"\nstart = {}\nstop = {}", writes("start"), writes("stop"));
    let profile = workshop.profile(&profile(&cluster.topic("faults"), "3s", &fault));
    let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
    command.args(["run", "--json", "-b", &cluster.brokers, "--out"]).arg(workshop.path("out")).arg(profile);
    command.env("FLOODMARK_PARENT", std::process::id().to_string());
    let ended = workshop.start_command(command).wait();
    assert_eq!(log(&workshop), ["start", "stop"], "{}", ended.stderr);
}

#[test]
fn of_several_processes_the_first_runs_the_commands_and_the_whole_has_the_fault_once() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let fault = format!("at = \"1s\"\nfor = \"1s\"\nstart = {}\nstop = {}", writes("start"), writes("stop"));
    let profile = workshop.profile(&profile(&cluster.topic("faults"), "3s", &fault));
    let at = (jiff::Timestamp::now() + std::time::Duration::from_secs(4)).to_string();
    let shared = ["--run-id", "night", "--start-at", &at];
    let consume = workshop.start_on("consume", &profile, &cluster.brokers, &shared);
    let sends = ["0/2", "1/2"].map(|shard| {
        workshop.start_on("produce", &profile, &cluster.brokers, &[&shared[..], &["--shard", shard]].concat())
    });
    let parts: Vec<_> = sends.into_iter().chain([consume]).map(Running::wait).collect();
    assert_eq!(log(&workshop), ["start", "stop"], "only one of them runs the commands");
    let folders: Vec<String> = parts.iter().map(|part| part.out.as_ref().unwrap().display().to_string()).collect();
    let out = workshop.fresh("merged");
    let mut arguments = vec!["merge", "--json", "--out", out.to_str().unwrap()];
    arguments.extend(folders.iter().map(String::as_str));
    let merged = workshop.call(&arguments);
    let summary = merged.summary();
    let told: Vec<_> = faults(&summary).iter().map(|fault| (fault.fault.as_deref(), fault.from_s)).collect();
    assert_eq!(told, [(Some("broken"), 1)], "{}", merged.stderr);
}

#[test]
fn a_fault_changes_no_event_and_stands_in_the_plan() {
    let workshop = Workshop::new();
    let plan = |text: &str| workshop.call(&["plan", "--json", workshop.profile(text).to_str().unwrap()]);
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(&plan(text).stdout).unwrap();
    let fault = format!("at = \"1s\"\nfor = \"2s\"\nstart = {}\nstop = {}", writes("start"), writes("stop"));
    let with = profile("t", "5s", &fault);
    let without = with.split_once("[[fault]]").unwrap().0;
    assert_eq!(json(&with)["fingerprint"], json(without)["fingerprint"]);
    assert_eq!(json(&with)["faults"][0]["name"], "broken");
    assert_eq!(json(without).get("faults"), None);
    let shown = workshop.call(&["plan", workshop.profile(&with).to_str().unwrap()]).stdout;
    let line = "second 1 to 3  fault broken: sh -c 'echo start >> log', undone by sh -c 'echo stop >> log'";
    assert!(shown.contains(line), "{shown}");
    assert!(!Path::new(&workshop.path("log")).exists(), "a plan does nothing");
}

/// A stream of 500/s for 9 s, with a fault of the network from second 3 to 6: second 4 is in the middle of it.
fn on_the_network(topic: &str, more: &str, network: &str) -> String {
    let stream = format!("[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"500/s\"\n{more}\n");
    let fault = format!("[[fault]]\nname = \"broken\"\nat = \"3s\"\nfor = \"3s\"\nnetwork = {{ {network} }}\n");
    format!("duration = \"9s\"\ndrain = \"20s\"\n{stream}{fault}")
}

fn run_on_the_network(more: &str, network: &str) -> (Summary, Vec<TimelineRow>) {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let text = on_the_network(&cluster.topic("faults"), more, network);
    let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
    let (summary, rows) = (ended.sound(), ended.folder().timeline().unwrap());
    let told: Vec<_> = faults(&summary).iter().map(|fault| (fault.from_s, fault.to_s)).collect();
    assert_eq!(told, [(3, Some(6))], "{:?}", summary.events);
    assert_eq!(summary.totals.delivered, summary.totals.planned, "nothing is lost on the way");
    (summary, rows)
}

#[test]
fn a_delay_is_there_in_each_direction_and_only_for_its_time() {
    let (_, rows) = run_on_the_network("", "delay = \"300ms\"");
    let acked_ms = |second: usize| rows[second].sent_to_acked_p99_ms.unwrap_or_default();
    // Sent in second 3 and acknowledged in second 4: there and back.
    assert!(acked_ms(4) >= 600.0, "{rows:?}");
    assert!(acked_ms(2) < 600.0 && acked_ms(8) < 600.0, "{rows:?}");
}

#[test]
fn a_bandwidth_is_kept() {
    let (_, rows) = run_on_the_network("payload = { size = \"1KiB\" }\n", "bandwidth = \"200KiB/s\"");
    // 1,500 KiB are due in its three seconds and 600 may pass, some of them the protocol's; what was under way before adds a little.
    let acked: f64 = rows[3..6].iter().map(|row| row.acked_per_s).sum();
    assert!((50.0..=650.0).contains(&acked), "{acked}: {rows:?}");
}

#[test]
fn nothing_passes_a_black_hole_and_everything_arrives_after_it() {
    let (summary, rows) = run_on_the_network("", "black_hole = true");
    assert_eq!((rows[4].acked_per_s, rows[4].seen_per_s), (0.0, 0.0), "{rows:?}");
    let kinds: Vec<IncidentKind> = summary.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds.first(), Some(&IncidentKind::Fault), "{kinds:?}");
    for kind in [IncidentKind::NoAcknowledgements, IncidentKind::Recovered] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[test]
fn connections_are_reset_and_made_again_whatever_is_promised() {
    for delivery in ["at-least-once", "exactly-once"] {
        let (summary, rows) = run_on_the_network(&format!("delivery = \"{delivery}\"\n"), "reset = true");
        assert_eq!((rows[4].acked_per_s, rows[4].seen_per_s), (0.0, 0.0), "{rows:?}");
        if delivery == "exactly-once" {
            assert_eq!(summary.totals.duplicates_accidental, 0);
        }
    }
}

#[test]
fn a_network_that_cannot_be_broken_is_refused_before_anything_is_sent() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("faults");
    let refused = |network: &str, more: &[&str]| {
        let profile = workshop.profile(&on_the_network(&topic, "", network));
        let ended = workshop.run(&profile, &cluster.brokers, more);
        let (code, told) = ended.one_sentence();
        (code, told.to_owned())
    };
    let (code, told) = refused("reset = true, broker = 77", &[]);
    assert!(code == Some(2) && told.starts_with("fault broken: the cluster has no broker 77; it has 1"), "{told}");
    let (code, told) = refused("reset = true", &["-X", "security.protocol=SSL"]);
    assert!(code == Some(2) && told.starts_with("fault broken: with TLS nothing can stand between"), "{told}");
}
