//! What cannot work ends at once: one sentence that names the cause and the fix, and the right exit code.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use floodmark::broker::BrokerConfig;

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};

/// Keys of the profile and of its stream, the expected message, and what else.
const WRONG_PROFILES: [(&str, &str, &[&str]); 13] = [
    ("duration = \"1s\"", "rate = \"1k/s\"\narrivls = \"poisson\"", &["`arrivls`", "`arrivals`", "line 5"]),
    ("durration = \"1s\"", "rate = \"1k/s\"", &["`durration`", "`duration`"]),
    ("", "rate = \"1k/fortnight\"", &["1k/fortnight", "/s"]),
    ("duration = \"1 parsec\"", "rate = \"1k/s\"", &["1 parsec", "s"]),
    ("duration = \"1s\"", "rate = \"1k/s\"\npayload = { size = \"9 acres\" }", &["9 acres", "B"]),
    ("duration = \"1s\"", "rate = \"0/s\"", &["rate"]),
    ("duration = \"1s\"", "rate = \"-5/s\"", &["-5/s"]),
    ("duration = \"1s\"", "rate = -5", &["rate"]),
    ("duration = \"1000000h\"", "rate = \"1000M/s\"", &["lower the rate", "shorten the run"]),
    ("", "rate = \"1k/s\"\nphases = []", &["phases"]),
    ("", "rate = \"1k/s\"", &["duration"]),
    ("duration = \"1s\"", "rate = \"1k/s\"\npartitions = 0", &["partitions"]),
    ("duration = \"1s\"", "rate = \"1k/s\"\nproducers = 0", &["producers"]),
];

#[test]
fn a_wrong_profile_is_refused_with_what_is_wrong() {
    let workshop = Workshop::new();
    for (head, stream, said) in WRONG_PROFILES {
        let profile = workshop.profile(&format!("{head}\n[[stream]]\nname = \"s\"\n{stream}\n"));
        let name = profile.to_str().unwrap();
        for verb in ["run", "plan"] {
            let ended = workshop.call(&[verb, name, "--json"]);
            let (code, told) = ended.one_sentence();
            assert_eq!(code, Some(2), "{head} {stream}: {told}");
            assert!(said.iter().all(|part| told.contains(part)), "{head} {stream}: {told}");
        }
        assert!(!workshop.path("results").exists(), "{head} {stream}");
    }
}

#[test]
fn wrong_flags_are_refused_with_what_is_wrong() {
    let workshop = Workshop::new();
    let profile = workshop.profile("duration = \"1s\"\n[[stream]]\nname = \"s\"\nrate = \"1k/s\"\n");
    let name = profile.to_str().unwrap();
    let cases: [(&[&str], &str); 10] = [
        (&["run", name, "--json", "--set", "stream.s.rate=0/s"], "rate"),
        (&["run", name, "--json", "--set", "stream.t.rate=1/s"], "stream.t"),
        (&["run", name, "--json", "--rate-scale", "0"], "rate-scale"),
        (&["run", name, "--json", "--rate-scale", "-1"], "rate-scale"),
        (&["run", name, "--json", "--duration", "0s"], "duration"),
        (&["run", name, "--json", "--shard", "0/9"], "--shard 0/9"),
        (&["run", name, "--json", "-X", "linger"], "key=value"),
        (&["run", name, "--json", "-X", "no.such.thing=1"], "no.such.thing"),
        (&["run", name, "--json", "-X", "acks=0"], "acks=1 or acks=all"),
        (&["produce", name, "--json"], "-b HOST:PORT"),
    ];
    for (arguments, said) in cases {
        let ended = workshop.call(arguments);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains(said), "{arguments:?}: {code:?} {told}");
    }
}

/// The content of a curve file, keys of the curve, and the expected message.
const WRONG_CURVES: [(&str, &str, &str); 9] = [
    ("", "", "is empty"),
    ("timestamp,count\n", "", "header"),
    ("timestamp,count\n2030-01-31T11:00:00Z,5\n", "", "one row"),
    ("timestamp;count\n2030-01-31T11:00:00Z;5\n", "", "line 1: the columns are"),
    ("timestamp,count\n31.01.2030,5\n", "", "line 2: "),
    ("timestamp,count\n2030-01-31T11:00:00Z,5\n2030-01-31T11:01:00Z,-5\n", "", "a count of -5"),
    ("timestamp,count\n2030-01-31T11:00:00Z,5\n2030-01-31T11:01:00Z,6e3\n", "", "ceiling of 50/s"),
    (
        "timestamp,count\n2030-01-31T11:00:00Z,5\n2030-01-31T11:01:00Z,5\n",
        "window = [\"12:00\", \"13:00\"]",
        "not within the curve",
    ),
    ("timestamp,count\n2030-01-31T11:00:00Z,0\n2030-01-31T11:01:00Z,0\n", "", "nothing would be sent"),
];

#[test]
fn a_curve_that_cannot_be_played_is_refused_with_its_file() {
    let workshop = Workshop::new();
    let profile = |file: &str, keys: &str| {
        let curve = format!("curve = {{ file = \"{file}\", {keys} }}");
        workshop.profile(&format!("ceiling = \"50/s\"\n[[stream]]\nname = \"s\"\n{curve}\n"))
    };
    for (bytes, keys, said) in WRONG_CURVES {
        fs::write(workshop.path("curve.csv"), bytes).unwrap();
        let ended = workshop.call(&["plan", profile("curve.csv", keys).to_str().unwrap(), "--json"]);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains(said) && told.contains("line 4"), "{bytes}: {code:?} {told}");
    }
    let ended = workshop.call(&["run", profile("absent.csv", "").to_str().unwrap(), "--json"]);
    let (code, told) = ended.one_sentence();
    assert!(code == Some(2) && told.contains("does not exist") && told.contains("absent.csv"), "{told}");
}

fn text(topic: &str, more: &str) -> String {
    format!("duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"100/s\"\n{more}")
}

/// A listener that answers the first bytes as a TLS one answers plain text: with an alert, and the end.
fn tls_listener() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut first = [0; 64];
            let _read = stream.read(&mut first);
            let _written = stream.write_all(&[0x15, 3, 3, 0, 2, 2, 0x46]);
        }
    });
    address
}

#[test]
fn an_event_that_nobody_would_take_is_refused_before_anything_is_sent() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("large");
    cluster.create_with(&topic, 1, "max.message.bytes", "20000");
    let run = |payload: &str, more: &[&str]| {
        let text = text(&topic, &format!("partitions = 1\npayload = {{ size = \"{payload}\" }}\n"));
        workshop.run(&workshop.profile(&text), &cluster.brokers, more)
    };
    let of_topic = format!("a batch of 20,001, and topic {topic} accepts 20,000 (its max.message.bytes)");
    let cases: [(&str, &[&str], &str); 3] = [
        ("19925B", &[], &of_topic),
        ("2MiB", &[], "the client accepts 1,000,000 (its message.max.bytes)"),
        ("19000B", &["-X", "message.max.bytes=19000"], "the client accepts 19,000 (its message.max.bytes)"),
    ];
    for (payload, more, said) in cases {
        let ended = run(payload, more);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains(said) && told.contains("stream s"), "{payload}: {told}");
        assert!(!ended.out.unwrap().exists(), "{payload}: the run began");
    }
    assert_eq!(run("19924B", &[]).sound().totals.delivered, 100);
}

#[test]
fn a_topics_small_batches_are_kept_to() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("small-batches");
    cluster.create_with(&topic, 1, "max.message.bytes", "20000");
    let text =
        format!("duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"20k/s\"\npartitions = 1\n");
    let totals = workshop.run(&workshop.profile(&text), &cluster.brokers, &["-X", "linger.ms=50"]).summary().totals;
    assert_eq!((totals.acked, totals.failed), (20_000, 0));
}

#[test]
fn a_broker_that_cannot_be_reached_is_named_with_the_cause() {
    let workshop = Workshop::new();
    let profile = workshop.profile(&text("floodmark-nowhere", ""));
    let (plain, tls) = (floodmark::broker::Broker::start(BrokerConfig::default()).unwrap(), tls_listener());
    let plain = plain.address().to_string();
    let login =
        ["-X", "security.protocol=sasl_plaintext", "-X", "sasl.mechanism=PLAIN", "-X", "sasl.username=me", "-X"];
    let cases: [(&str, &[&str], &str); 5] = [
        ("127.0.0.1:1", &[], "connection refused"),
        ("no-such-host.invalid:9092", &[], "no host has that name"),
        (&plain, &["-X", "security.protocol=ssl"], "does not speak TLS"),
        (&tls, &[], "as a TLS listener does"),
        (&plain, &[&login[..], &["sasl.password=hush"]].concat(), "login"),
    ];
    let running: Vec<_> =
        cases.iter().map(|(brokers, more, _)| workshop.start_on("run", &profile, brokers, more)).collect();
    for ((brokers, _, cause), running) in cases.iter().zip(running) {
        let ended = running.wait();
        let (code, told) = ended.one_sentence();
        assert_eq!(code, Some(4), "{told}");
        assert!(told.contains(brokers) && told.contains(cause), "{cause}: {told}");
        assert!(told.contains("check -b") || told.contains("security.protocol="), "no way out: {told}");
        assert!(!told.contains("BrokerTransportFailure") && !told.contains("hush"), "{told}");
    }
}

#[test]
fn a_token_that_is_not_to_be_had_is_said_without_what_its_command_printed() {
    let workshop = Workshop::new();
    let profile = workshop.profile(&text("floodmark-nowhere", ""));
    let sasl = ["-X", "security.protocol=sasl_plaintext"];
    let by = |command: &'static str| [&sasl[..], &["--token-command", command]].concat();
    for (more, code, said) in [
        (by("echo hush; echo hush >&2; exit 3"), 4, "the token command `echo …` ended with exit code 3"),
        (by("echo hush"), 4, "printed a token that does not say when it expires"),
        (by("true"), 4, "printed no token"),
        (["--token-command", "echo hush"].to_vec(), 2, "but security.protocol = plaintext"),
        ([&sasl[..], &["-X", "sasl.mechanism=OAUTHBEARER"]].concat(), 2, "--token-command"),
    ] {
        let ended = workshop.run(&profile, "127.0.0.1:1", &more);
        let (ended_with, told) = ended.one_sentence();
        assert!(ended_with == Some(code) && told.contains(said) && !told.contains("hush"), "{more:?}: {told}");
    }
}

#[test]
fn topics_that_do_not_fit_are_named() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, missing) = (cluster.topic("fit"), cluster.topic("missing"));
    cluster.create(&topic, 3);
    let stage = format!("stage = [{{ name = \"out\", topic = \"{missing}\" }}]\n");
    for (more, said) in [
        ("partitions = 5\n", ["has 3 partitions", "partitions = 3"]),
        (stage.as_str(), ["does not exist", "stage out"]),
    ] {
        let ended = workshop.run(&workshop.profile(&text(&topic, more)), &cluster.brokers, &[]);
        let (code, told) = ended.one_sentence();
        assert_eq!(code, Some(2), "{told}");
        assert!(said.iter().all(|part| told.contains(part)), "{told}");
    }
}

#[test]
fn a_folder_that_cannot_take_results_is_named_and_left_alone() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let profile = workshop.profile(&text(&cluster.topic("folder"), ""));
    let file = workshop.path("a-file");
    fs::write(&file, "mine").unwrap();
    let occupied = workshop.path("occupied");
    fs::create_dir(&occupied).unwrap();
    fs::write(occupied.join("notes.txt"), "mine").unwrap();
    let earlier = workshop.run(&profile, &cluster.brokers, &["--run-id", "the-first"]).out.unwrap();
    let manifest = fs::read(earlier.join("manifest.toml")).unwrap();
    let cases = [
        (file.join("below"), 4, "cannot create"),
        (occupied.clone(), 2, "not empty"),
        (earlier.clone(), 2, "run the-first"),
    ];
    for (out, wanted, said) in cases {
        let (profile, out) = (profile.to_str().unwrap(), out.to_str().unwrap());
        let ended = workshop.call(&["run", profile, "--json", "-b", &cluster.brokers, "--out", out]);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(wanted) && told.contains(said) && told.contains("--out") && told.contains(out), "{told}");
        assert!(ended.stdout.contains("\"error\""), "{}", ended.stdout);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(fs::read_dir(&occupied).unwrap().count(), 1);
    assert_eq!(fs::read(earlier.join("manifest.toml")).unwrap(), manifest);
}

/// The program under limits of the shell's `ulimit`.
fn limited(workshop: &Workshop, limit: &str, arguments: &[&str]) -> Ended {
    let mut command = Command::new("sh");
    // Files that the test's own parent left open would count, too.
    let script = format!("exec >/dev/null 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; ulimit {limit}; exec \"$@\"");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_floodmark")]).args(arguments);
    workshop.start_command(command).wait()
}

#[test]
fn a_system_that_gives_too_little_is_said_in_one_sentence() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let profile = workshop.profile(&text(&cluster.topic("limits"), ""));
    let run = ["run", profile.to_str().unwrap(), "--json", "-b", &cluster.brokers];
    // A parent may leave its own files open.
    let taken = (3..8).map(|last| (3..last).fold("8".to_owned(), |all, file| format!("{all}; exec {file}</dev/null")));
    for files in ["5", "16", "32"].map(str::to_owned).into_iter().chain(taken) {
        let ended = limited(&workshop, &format!("-n {files}"), &run);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(4) && told.contains("ulimit -n"), "{files}: {code:?} {told}");
    }
    // In blocks of 512 bytes: not even the manifest fits, and then the manifest but not everything else.
    let ended = limited(&workshop, "-f 1", &run);
    let (code, told) = ended.one_sentence();
    assert!(code == Some(4) && told.contains("manifest.toml") && told.contains("ulimit -f"), "{code:?} {told}");
    let ended = limited(&workshop, "-f 8", &run);
    assert!(matches!(ended.code(), Some(0 | 3 | 4)), "{:?}: {}", ended.status, ended.stderr);
}

#[test]
fn a_run_id_that_leads_out_of_the_results_is_refused() {
    let workshop = Workshop::new();
    let profile = workshop.profile(&text("floodmark-nowhere", ""));
    for id in ["../../x", "/tmp/x", "a b", ""] {
        let ended = workshop.call(&["run", profile.to_str().unwrap(), "--json", "--run-id", id]);
        let (code, told) = ended.one_sentence();
        assert!(code == Some(2) && told.contains("--run-id"), "{id}: {code:?} {told}");
    }
    assert!(!workshop.path("results").exists());
}
