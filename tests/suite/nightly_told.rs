//! Who else hears of a night: a webhook and a file for Prometheus. Neither changes what the night came to.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Ended, Workshop};

const NIGHT: &str = "2030-01-31";

/// A suite whose night is in the history already: it is shown and told, and nothing is measured.
fn measured() -> Workshop {
    let workshop = Workshop::new();
    let profile = "duration = \"2s\"\n[[stream]]\nname = \"orders\"\nrate = \"1k/s\"\n";
    fs::write(workshop.path("average.toml"), profile).unwrap();
    fs::write(workshop.path("staging.toml"), "[[profile]]\nfile = \"average.toml\"\n").unwrap();
    let figure = json!({
        "place": { "stream": "orders" }, "figure": "end_to_end_p99", "unit": "ms", "less_is_worse": false, "values": [12.0, 13.0],
    });
    let run =
        |number| json!({ "number": number, "verdict": "pass", "counts": true, "run": "r", "folder": "nightly/r" });
    let line = json!({
        "kind": "night", "schema": 1, "suite": "staging", "night": NIGHT, "profile": "average", "fingerprint": "f",
        "surroundings": { "load": "l", "target": "embedded", "floodmark": "0", "librdkafka": "0", "machine": "m" },
        "host": "elsewhere", "started": "2030-01-31T02:00:00Z", "ended": "2030-01-31T02:10:00Z",
        "probes": [], "repetitions": [run(1), run(2)], "figures": [figure],
    });
    let folder = workshop.path("results/history/staging");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("elsewhere.jsonl"), format!("{line}\n")).unwrap();
    workshop
}

fn night(workshop: &Workshop, more: &[&str]) -> Ended {
    let suite = workshop.path("staging.toml");
    workshop.call(&[&["nightly", suite.to_str().unwrap(), "--night", NIGHT], more].concat())
}

/// A webhook that answers with these in turn, and the bodies that it was sent.
fn webhook(answers: &'static [&'static str]) -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hooks/hunter2", listener.local_addr().unwrap());
    let (told, bodies) = channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut client, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&mut client);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(reader.read_line(&mut head).unwrap() > 0);
            }
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            // Not every test reads what was sent.
            let _unread = told.send(serde_json::from_slice::<Value>(&body).unwrap());
            write!(client, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    (url, bodies)
}

/// Every file below a folder.
fn texts(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                texts(&path)
            } else {
                vec![String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()]
            }
        })
        .collect()
}

#[test]
fn a_webhook_and_a_file_hear_of_a_night() {
    let workshop = measured();
    let alone = night(&workshop, &[]);
    let (url, bodies) = webhook(&["503 Service Unavailable", "200 OK"]);
    let file = workshop.path("floodmark.prom");
    let told = night(&workshop, &["--notify-url", &url, "--metrics-file", file.to_str().unwrap()]);
    assert_eq!((told.code(), &told.stdout), (alone.code(), &alone.stdout), "{}", told.stderr);
    assert!(!told.stderr.contains("was not told"), "{}", told.stderr);
    // The first was refused for the time being, the second was taken.
    let next = || bodies.recv_timeout(Duration::from_secs(30)).unwrap();
    let [first, body] = [next(), next()];
    assert_eq!(first, body);
    assert_eq!((&body["suite"], &body["night"], &body["schema"]), (&json!("staging"), &json!(NIGHT), &json!(1)));
    assert_eq!(body["exit_code"], json!(told.code().unwrap()));
    assert!(body["text"].as_str().unwrap().contains("staging, night 2030-01-31"), "{body}");
    let metrics = fs::read_to_string(file).unwrap();
    assert!(
        metrics.contains(&format!("floodmark_nightly_finding{{suite=\"staging\"}} {}.0\n", told.code().unwrap())),
        "{metrics}"
    );
    assert!(metrics.contains("floodmark_nightly_duration_seconds{suite=\"staging\"} 600.0\n"), "{metrics}");
}

#[test]
fn who_cannot_be_told_changes_nothing_and_no_secret_is_said() {
    let workshop = measured();
    let alone = night(&workshop, &[]);
    for answer in [&["404 Not Found"], &["302 Found\r\nLocation: http://127.0.0.1:1/hunter2"]] {
        let (url, _) = webhook(answer);
        let told = night(&workshop, &["--notify-url", &url, "--metrics-file", "/no/such/folder/x.prom"]);
        assert_eq!((told.code(), &told.stdout), (alone.code(), &alone.stdout), "{}", told.stderr);
        let said = format!("was not told: it answered {}", &answer[0][..9]);
        assert!(told.stderr.contains(&said), "{}", told.stderr);
        assert!(told.stderr.contains("note: cannot write `/no/such/folder/x.prom`"), "{}", told.stderr);
        assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
    }
    assert!(texts(&workshop.path("results")).iter().all(|text| !text.contains("hunter2")));
}

#[test]
fn what_is_no_address_is_refused_before_anything_is_measured() {
    let workshop = measured();
    for wrong in
        ["hooks.example.com/hunter2", "ftp://hooks.example.com/hunter2", "https:///hunter2", "https://x:99999/hunter2"]
    {
        for more in [&[][..], &["--json"]] {
            let refused = night(&workshop, &[&["--notify-url", wrong], more].concat());
            let (code, said) = refused.one_sentence();
            assert!(code == Some(2) && said.contains("--notify-url: the address to notify "), "{said}");
            assert!(
                !format!("{}{}", refused.stdout, refused.stderr).contains("hunter2"),
                "{wrong}: {}",
                refused.stderr
            );
        }
    }
}
