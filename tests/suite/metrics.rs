//! The metrics of a run while it goes on, as Prometheus reads them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::cluster::Cluster;
use crate::program::{Running, Workshop};

const OPEN_METRICS: &str = "Accept: application/openmetrics-text\r\n";

/// A run of an hour whose metrics are served, and where.
fn watched(workshop: &Workshop, cluster: &Cluster) -> (Running, String) {
    let topic = cluster.topic("metrics");
    let profile = workshop.profile(&format!(
        "duration = \"1h\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"1k/s\"\nphases = [{{ name = 'calm \"sea\"', for = \"1h\" }}]\nslo = {{ end_to_end_p99 = \"77s\" }}\n"
    ));
    let mut run = workshop.start_on("run", &profile, &cluster.brokers, &["--metrics", "0"]);
    run.until("an address", |run| address(&run.stderr()).is_some());
    let address = address(&run.stderr()).unwrap();
    (run, address)
}

/// "metrics at http://127.0.0.1:40123/metrics"
fn address(told: &str) -> Option<String> {
    let url = told.lines().find_map(|line| line.strip_prefix("metrics at http://"))?;
    Some(url.strip_suffix("/metrics")?.to_owned())
}

/// What the server answers to a request; empty when it closes the connection.
fn ask(address: &str, request: &str) -> String {
    let mut answer = Vec::new();
    let asked = TcpStream::connect(address).and_then(|mut connection| {
        connection.write_all(request.as_bytes())?;
        connection.read_to_end(&mut answer)
    });
    asked.map_or_else(|_| String::new(), |_| String::from_utf8(answer).unwrap())
}

fn scrape(address: &str, headers: &str) -> String {
    ask(address, &format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{headers}\r\n"))
}

/// The value of a series, by its name and labels as they are written.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn a_run_tells_its_figures_while_it_goes_on() {
    let (workshop, cluster) = (Workshop::new(), Cluster::for_a_test());
    let (mut run, address) = watched(&workshop, &cluster);
    let (stream, stage) = ("{stream=\"s\"}", "{stream=\"s\",stage=\"s\"}");
    let delivered = format!("floodmark_events_delivered_total{stage}");
    run.until("deliveries", |_| value(&scrape(&address, ""), &delivered).is_some_and(|events| events >= 1000.0));
    let page = scrape(&address, "");
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("text/plain; version=0.0.4"), "{page}");
    for counter in ["offered", "sent", "acked"] {
        let counted = value(&page, &format!("floodmark_events_{counter}_total{stream}"));
        assert!(counted.is_some_and(|events| events > 0.0), "{counter}: {page}");
    }
    for nothing in ["failed", "dropped"] {
        assert_eq!(value(&page, &format!("floodmark_events_{nothing}_total{stream}")), Some(0.0), "{page}");
    }
    assert_eq!(value(&page, "floodmark_phase{stream=\"s\",phase=\"calm \\\"sea\\\"\"}"), Some(1.0), "{page}");
    let bucket = |le: &str| {
        value(&page, &format!("floodmark_end_to_end_latency_seconds_bucket{{stream=\"s\",stage=\"s\",le=\"{le}\"}}"))
    };
    assert!(bucket("77").is_some() && bucket("77") <= bucket("+Inf"), "{page}");
    assert_eq!(bucket("+Inf"), value(&page, &format!("floodmark_end_to_end_latency_seconds_count{stage}")));
    let timed = |hop: &str| value(&page, &format!("floodmark_{hop}_latency_seconds_count{stage}"));
    assert_eq!(timed("sent_to_consumed"), timed("end_to_end"), "both are of the events that were seen: {page}");
    let sum = |hop: &str| value(&page, &format!("floodmark_{hop}_latency_seconds_sum{stage}")).unwrap();
    assert!(
        0.0 < sum("sent_to_consumed") && sum("sent_to_consumed") <= sum("end_to_end"),
        "none is sent early: {page}"
    );
    assert!(page.contains("floodmark_run_info{run_id=\""), "{page}");
    let open = scrape(&address, OPEN_METRICS);
    assert!(open.contains("application/openmetrics-text; version=1.0.0") && open.ends_with("# EOF\n"), "{open}");
    assert!(value(&open, &delivered).is_some_and(|events| events >= 1000.0), "{open}");
    run.signal("INT");
    assert_eq!(run.wait().code(), Some(3));
}

#[test]
fn who_asks_for_something_else_is_told_so() {
    let (workshop, cluster) = (Workshop::new(), Cluster::for_a_test());
    let (_run, address) = watched(&workshop, &cluster);
    let answers = [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 "),
        ("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405 "),
        ("what?\r\n\r\n", "HTTP/1.1 400 "),
        ("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 "),
    ];
    for (request, expected) in answers {
        let answer = ask(&address, request);
        assert!(answer.starts_with(expected), "{request}: {answer}");
    }
    let endless = format!("GET /metrics HTTP/1.1\r\nX: {}", "x".repeat(1 << 20));
    assert!(!ask(&address, &endless).contains("HTTP/1.1 200"));
}

#[test]
fn clients_that_say_nothing_keep_neither_the_run_nor_prometheus_from_its_work() {
    let (workshop, cluster) = (Workshop::new(), Cluster::for_a_test());
    let (mut run, address) = watched(&workshop, &cluster);
    let _silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&address).unwrap()).collect();
    run.until_seconds(2);
    run.until("that they are let go", |_| scrape(&address, "").starts_with("HTTP/1.1 200"));
    run.signal("INT");
    let ended = run.wait();
    assert_eq!((ended.code(), ended.summary().totals.lost), (Some(3), 0), "{}", ended.stderr);
}

#[test]
fn a_port_that_is_in_use_is_told_before_anything_is_sent() {
    let (workshop, cluster) = (Workshop::new(), Cluster::for_a_test());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let profile = workshop.profile("duration = \"1s\"\n[[stream]]\nname = \"s\"\nrate = \"1/s\"\n");
    let refused = workshop.start_on("run", &profile, &cluster.brokers, &["--metrics", &port]).wait();
    let (code, told) = refused.one_sentence();
    assert!(code == Some(4) && told.contains(&format!("--metrics: cannot listen on 127.0.0.1:{port}")), "{told}");
    assert!(!refused.out.as_ref().unwrap().exists());
}

#[test]
fn a_log_has_a_line_as_often_as_it_is_asked_for() {
    let (workshop, cluster) = (Workshop::new(), Cluster::for_a_test());
    let lines = |more: &[&str]| {
        let topic = cluster.topic("progress");
        let text = format!("duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"10/s\"\n");
        let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, more);
        ended.stderr.lines().filter(|line| line.contains("  acked ")).count()
    };
    assert!(lines(&["--progress", "1s"]) >= 2);
    assert_eq!((lines(&[]), lines(&["--quiet"])), (0, 0));
}
