//! The live view on a terminal: what stands there, and how the terminal is left.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use floodmark::results::{RunFolder, RunState};

use crate::interruption::own_broker;
use crate::program::Workshop;
use crate::terminal::OnTerminal;

/// Two streams, one of them with a phase that follows.
const TWO: &str = "duration = \"1h\"\n[[stream]]\nname = \"orders\"\nrate = \"2k/s\"\nslo = { end_to_end_p99 = \"30s\" }\n\
    phases = [{ name = \"calm\", for = \"30m\" }, { name = \"flood\", for = \"30m\", rate = \"3x\" }]\n\
    [[stream]]\nname = \"clicks\"\nrate = \"500/s\"\n";

/// That the program gave the terminal back, and that its results are complete.
fn assert_given_back(terminal: &OnTerminal, state: RunState) {
    assert!(!terminal.is_alternate(), "{}", terminal.text());
    assert!(!terminal.cursor_is_hidden() && terminal.echoes());
    let folder = RunFolder::open(&terminal.out).unwrap();
    assert_eq!(folder.manifest().state, state);
    assert!(folder.summary().unwrap().unwrap().totals.acked > 0);
}

fn shows_rows(text: &str) -> bool {
    ["orders", "clicks", "p99 ms", "then flood in", "Ctrl-C ends sending"].iter().all(|part| text.contains(part))
}

#[test]
fn the_view_fills_a_screen_of_any_size_and_follows_a_resize() {
    let workshop = Workshop::new();
    let mut terminal = OnTerminal::run(&workshop, TWO, 24, 80, &[]);
    let small = terminal.until("the view", |text| shows_rows(text) && text.contains("0:02/"));
    assert!(terminal.is_alternate() && !terminal.echoes() && terminal.cursor_is_hidden(), "{small}");
    println!("{small}");
    terminal.resize(50, 200);
    let large = terminal.until("a larger view", |text| shows_rows(text) && text.contains("p99, last minute"));
    println!("{large}");
    terminal.resize(5, 20);
    let tiny = terminal.until("a tiny view", |text| text.lines().count() <= 5 && text.contains("orders"));
    println!("{tiny}");
    assert!(tiny.contains("Ctrl-C ends sending") && tiny.lines().all(|line| line.chars().count() <= 20), "{tiny}");
}

#[test]
fn a_signal_ends_sending_and_leaves_the_last_frame_as_text() {
    for (keys, signal) in [("\u{3}", None), ("", Some("TERM"))] {
        let workshop = Workshop::new();
        let mut terminal = OnTerminal::run(&workshop, TWO, 24, 80, &[]);
        terminal.until("the view", shows_rows);
        match signal {
            None => terminal.types(keys),
            Some(signal) => terminal.signal(signal),
        }
        let status = terminal.wait();
        let left = terminal.left_behind();
        assert_eq!(status.code(), Some(3), "{left}");
        assert_given_back(&terminal, RunState::Interrupted);
        let frame = left.find("unacknowledged 0").unwrap_or_else(|| panic!("no last frame: {left}"));
        let table = left.find("VOID").unwrap_or_else(|| panic!("no closing table: {left}"));
        assert!(frame < table, "{left}");
    }
}

#[test]
fn a_quit_ends_the_program_at_once_and_gives_the_terminal_back() {
    for by_key in [true, false] {
        let workshop = Workshop::new();
        let mut terminal = OnTerminal::run(&workshop, TWO, 24, 80, &[]);
        terminal.until("the view", shows_rows);
        if by_key {
            terminal.types("\u{1c}");
        } else {
            terminal.signal("QUIT");
        }
        let status = terminal.wait();
        assert_eq!(status.signal(), Some(3), "{status:?}");
        assert!(!terminal.is_alternate() && !terminal.cursor_is_hidden() && terminal.echoes(), "{}", terminal.text());
        assert_eq!(RunFolder::open(&terminal.out).unwrap().manifest().state, RunState::Running);
    }
}

#[test]
fn a_closed_terminal_stops_no_measurement() {
    let four_seconds = TWO.replace("1h", "4s").replace("30m", "2s");
    for closes in [true, false] {
        let workshop = Workshop::new();
        let mut terminal = OnTerminal::run(&workshop, &four_seconds, 24, 80, &[]);
        terminal.until("the view", |text| text.contains("0:01/"));
        if closes {
            terminal.close();
        } else {
            terminal.signal("HUP");
        }
        terminal.wait();
        let folder = RunFolder::open(&terminal.out).unwrap();
        assert_eq!(folder.manifest().state, RunState::Finished, "closes: {closes}");
        let summary = folder.summary().unwrap().unwrap();
        assert!(!summary.interrupted && summary.totals.planned == 2 * 2500 + 2 * 6500, "{:?}", summary.totals);
        if !closes {
            assert_given_back(&terminal, RunState::Finished);
        }
    }
}

#[test]
fn a_dead_broker_shows_within_two_seconds() {
    let workshop = Workshop::new();
    let (broker, address) = own_broker(&workshop);
    let text = "duration = \"1h\"\n[[stream]]\nname = \"orders\"\nrate = \"500/s\"\n";
    let mut terminal = OnTerminal::run(&workshop, text, 24, 80, &["-b", &address]);
    terminal.until("the view", |text| text.contains("0:02/"));
    broker.signal("STOP");
    let stopped = Instant::now();
    let screen = terminal.until("the outage", |text| text.contains("no acknowledgement for"));
    let took = stopped.elapsed();
    println!("{took:?}\n{screen}");
    // Within two on a quiet machine.
    assert!(took < Duration::from_secs(3), "{took:?}");
    terminal.until("its age", |text| text.contains("no acknowledgement for 3 s"));
    broker.signal("CONT");
    terminal.until("its end", |text| !text.contains("no acknowledgement for"));
    broker.signal("STOP");
    terminal.until("the outage", |text| text.contains("no acknowledgement for"));
    terminal.types("\u{3}");
    let screen =
        terminal.until("what is waited for", |text| text.contains("waiting for acknowledgements of what was sent"));
    println!("{screen}");
    terminal.types("\u{3}");
    terminal.wait();
    broker.signal("CONT");
    assert!(!terminal.is_alternate() && terminal.echoes(), "{}", terminal.text());
}

#[test]
fn the_line_is_there_for_those_who_want_it_and_for_dumb_terminals() {
    let text = "duration = \"2s\"\n[[stream]]\nname = \"orders\"\nrate = \"500/s\"\n";
    let workshop = Workshop::new();
    let mut terminal = OnTerminal::run(&workshop, text, 24, 80, &["--view", "line"]);
    terminal.wait();
    let written = String::from_utf8(terminal.written()).unwrap();
    assert!(written.contains("0:01/0:02") && !written.contains("\x1b[?1049h"), "{written}");
    let mut dumb = OnTerminal::run_with(&workshop, text, "TERM", "dumb");
    dumb.wait();
    let written = String::from_utf8(dumb.written()).unwrap();
    assert!(written.contains("Sending and observing") && !written.contains('\x1b'), "{written}");
}

#[test]
fn without_colour_the_view_has_none() {
    let text =
        "duration = \"2s\"\n[[stream]]\nname = \"orders\"\nrate = \"500/s\"\nslo = { end_to_end_p99 = \"1us\" }\n";
    let is_colour = |written: &str| {
        let codes = written.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m'));
        codes.map(|(codes, _)| codes).any(|codes| codes.split(';').any(|code| matches!(code, "31" | "1" | "38")))
    };
    for (no_colour, value) in [(false, ""), (true, "1")] {
        let workshop = Workshop::new();
        let mut terminal = OnTerminal::run_with(&workshop, text, "NO_COLOR", value);
        terminal.until("a broken limit", |text| text.contains("(limit 1 µs), over since"));
        terminal.wait();
        let written = String::from_utf8(terminal.written()).unwrap();
        assert_eq!(is_colour(&written), !no_colour, "{written:?}");
    }
}
