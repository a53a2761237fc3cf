//! Pages of the view at several sizes.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Color;

use super::View;
use super::draw::draw;
use crate::conclude::Role;
use crate::consume::StageFigures;
use crate::produce::Unacknowledged;
use crate::profile::Profile;
use crate::report::chart::text_of;
use crate::run::{SecondSeen, StreamSecond, StreamTotals};

/// A shop: a stream that is read back, and one that runs through two stages.
const SHOP: &str = "duration = \"12m\"\nwarmup = \"5s\"\n\
    [[stream]]\nname = \"orders\"\nrate = \"2k/s\"\nslo = { end_to_end_p99 = \"500ms\" }\n\
    phases = [{ name = \"calm\", for = \"1m\" }, { name = \"flood\", for = \"30s\", rate = \"3x\" }, { for = \"10m30s\" }]\n\
    [[stream]]\nname = \"clicks\"\nrate = \"150k/s\"\nslo = { end_to_end_p99 = \"100ms\" }\n\
    stage = [{ name = \"sessions\", topic = \"floodmark-s\" }, { name = \"clicks-by-country\", topic = \"floodmark-c\" }]\n";

fn profile(text: &str) -> Profile {
    let mut profile: Profile = toml::from_str(text).unwrap();
    profile.imply_stages();
    profile
}

/// One stream's second: this many were sent, acknowledged and seen at each stage, where the slowest took so long.
#[derive(Clone, Copy)]
struct Made {
    sent: u64,
    acked: u64,
    seen: u64,
    p99_ms: f64,
}

impl Made {
    fn steady(sent: u64, p99_ms: f64) -> Self {
        Made { sent, acked: sent, seen: sent, p99_ms }
    }

    fn second(self, stages: usize) -> StreamSecond {
        let mut second = StreamSecond::default();
        (second.sends.due, second.sends.sent, second.acks.acked) = (self.sent, self.sent, self.acked);
        second.sends.own_lateness.record_times(412_000, 100);
        second.acks.sent_to_acked.record((self.p99_ms * 5e5) as i64);
        second.stages = (0..stages).map(|stage| self.seen_at(stage)).collect();
        second
    }

    fn seen_at(self, stage: usize) -> StageFigures {
        let mut figures = StageFigures { stage, ..StageFigures::default() };
        figures.interval.counts.delivered = self.seen;
        if self.seen > 0 {
            figures.interval.due_to_consumed.record((self.p99_ms * 1e6) as i64);
        }
        figures
    }
}

/// A run that is told second by second.
struct Told {
    profile: Profile,
    view: View,
    totals: Vec<StreamTotals>,
    next: u64,
}

impl Told {
    fn new(text: &str, role: Role) -> Self {
        let profile = profile(text);
        let totals = profile
            .streams
            .iter()
            .map(|stream| StreamTotals { seen: vec![0; stream.stages.len()], ..StreamTotals::default() })
            .collect();
        Told { view: View::new("shop", role, &profile), profile, totals, next: 0 }
    }

    fn second(&mut self, streams: &[Made]) {
        let made = streams.iter().zip(&self.totals).map(|(made, totals)| made.second(totals.seen.len()));
        let streams: Vec<StreamSecond> = made.collect();
        for (totals, second) in self.totals.iter_mut().zip(&streams) {
            totals.sent += second.sends.sent;
            totals.acked += second.acks.acked;
            totals.seen.iter_mut().zip(&second.stages).for_each(|(seen, stage)| *seen += stage.interval.counts.seen());
        }
        let seen = SecondSeen { second: self.next, streams, totals: self.totals.clone() };
        self.view.second(&seen, &self.profile);
        self.next += 1;
    }

    fn seconds(&mut self, seconds: u64, streams: impl Fn(u64) -> Vec<Made>) {
        for _ in 0..seconds {
            let made = streams(self.next);
            self.second(&made);
        }
    }

    fn page(&self, width: u16, height: u16) -> String {
        text_of(&self.buffer(width, height, false))
    }

    fn buffer(&self, width: u16, height: u16, colour: bool) -> Buffer {
        let mut page = Buffer::empty(Rect::new(0, 0, width, height));
        draw(&self.view, colour, &mut page);
        page
    }
}

fn waiting(events: u64, oldest_s: f64, silent_s: f64) -> Unacknowledged {
    Unacknowledged { events, oldest_ns: (oldest_s * 1e9) as u64, silent_ns: (silent_s * 1e9) as u64 }
}

/// Forty-eight seconds of the shop, whose clicks have been over their limit for the last eighteen.
fn shop() -> Told {
    let mut told = Told::new(SHOP, Role::Run);
    told.seconds(48, |second| {
        let wave = 1.0 + (second as f64 / 5.0).sin() / 4.0;
        let slow = if second >= 30 { 142.0 } else { 41.94 };
        let clicks = Made::steady((150_000.0 * wave) as u64, slow * wave);
        vec![Made::steady(2000, 3.2 * wave), Made { seen: clicks.sent - 40, ..clicks }]
    });
    told.view.unacknowledged(&[waiting(12, 0.004, 0.004), waiting(1204, 0.0312, 0.002)]);
    told
}

#[test]
fn a_screen_of_the_usual_size_has_the_figures_of_every_stage() {
    insta::assert_snapshot!(shop().page(80, 24));
}

#[test]
fn a_large_screen_has_the_last_minute_beside_them() {
    insta::assert_snapshot!(shop().page(200, 50));
}

#[test]
fn a_tiny_screen_has_what_is_wrong() {
    insta::assert_snapshot!(shop().page(20, 5));
}

/// A flood that goes well for nine seconds, and whose broker then dies.
fn dead() -> Told {
    let mut told = Told::new("duration = \"60s\"\n[[stream]]\nname = \"orders\"\nrate = \"600/s\"\n", Role::Run);
    told.seconds(9, |_| vec![Made::steady(600, 3.2)]);
    told.seconds(7, |_| vec![Made { sent: 600, acked: 0, seen: 0, p99_ms: 0.0 }]);
    told.view.unacknowledged(&[waiting(4210, 7.02, 7.015)]);
    told
}

#[test]
fn a_dead_broker_is_named_with_the_age_of_what_waits() {
    let told = dead();
    insta::assert_snapshot!(told.page(80, 24));
    insta::assert_snapshot!(told.page(20, 5));
    assert!(told.page(80, 24).contains("! no acknowledgement for 7 s, 4,210 events wait"));
}

#[test]
fn less_than_a_second_without_an_acknowledgement_is_no_outage() {
    let mut told = dead();
    told.view.unacknowledged(&[waiting(300, 0.99, 0.99)]);
    assert!(!told.page(80, 24).contains("no acknowledgement"));
    // One client of several is still answered.
    told.view.unacknowledged(&[waiting(300, 5.0, 0.2)]);
    assert!(told.page(80, 24).contains("the oldest of 300 events unacknowledged waits 5 s"), "{}", told.page(80, 24));
}

fn many() -> Told {
    let streams: String = (0..200)
        .map(|at| {
            format!("[[stream]]\nname = \"tenant-{at:03}\"\nrate = \"10/s\"\nslo = {{ end_to_end_p99 = \"50ms\" }}\n")
        })
        .collect();
    let mut told = Told::new(&format!("duration = \"10m\"\n{streams}"), Role::Run);
    told.seconds(3, |_| (0..200).map(|at| Made::steady(10, if at == 137 { 71.25 } else { 3.0 })).collect());
    told
}

#[test]
fn of_two_hundred_streams_those_in_trouble_come_first() {
    insta::assert_snapshot!(many().page(80, 24));
    insta::assert_snapshot!(many().page(20, 5));
}

#[test]
fn two_hundred_streams_without_a_broker_are_one_sentence() {
    let mut told = many();
    told.view.unacknowledged(&vec![waiting(30, 3.0, 3.0); 200]);
    assert!(
        told.page(100, 24).contains("tenant-199 and 199 more: no acknowledgement for 3 s, 6,000 events wait"),
        "{}",
        told.page(100, 24)
    );
}

#[test]
fn a_process_shows_only_its_own_side() {
    let mut produce = Told::new(SHOP, Role::Produce);
    produce.seconds(3, |_| vec![Made::steady(2000, 8.0), Made::steady(150_000, 9.0)]);
    insta::assert_snapshot!(produce.page(80, 12));
    let mut consume = Told::new(SHOP, Role::Consume);
    consume.seconds(3, |_| {
        vec![Made { acked: 0, ..Made::steady(2000, 8.0) }, Made { acked: 0, ..Made::steady(150_000, 9.0) }]
    });
    insta::assert_snapshot!(consume.page(80, 12));
}

#[test]
fn every_size_is_legible() {
    for told in [shop(), dead(), many()] {
        for (width, height) in [(1, 1), (10, 3), (20, 5), (39, 8), (64, 14), (80, 24), (132, 43), (300, 100)] {
            let page = told.page(width, height);
            let first = page.lines().next().unwrap_or_default();
            assert!(width < 10 || first.contains("/"), "{width}x{height}:\n{page}");
            assert!(width < 20 || page.contains("Ctrl-C") || page.contains("Ctrl-C ends"), "{width}x{height}:\n{page}");
        }
    }
}

#[test]
fn columns_do_not_jump_from_one_second_to_the_next() {
    let mut told = Told::new(SHOP, Role::Run);
    let mut heads = Vec::new();
    for sent in [0, 7, 999, 123_456, 12_345_678] {
        told.second(&[Made::steady(sent, sent as f64), Made::steady(sent, 1.0)]);
        heads.push(told.page(80, 24).lines().find(|line| line.starts_with("stream")).unwrap().to_owned());
    }
    heads.dedup();
    assert_eq!(heads.len(), 1, "{heads:?}");
}

#[test]
fn what_is_said_and_what_is_waited_for_stands_at_the_foot() {
    let mut told = shop();
    told.view.say("31.0 s after the start topic floodmark-s grew from 4 to 8 partitions; the new ones are read, too");
    told.view.waits_for("acknowledgements of what was sent");
    told.view.stopping();
    insta::assert_snapshot!(told.page(80, 24));
    told.view.end();
    assert!(!told.page(80, 24).contains("Ctrl-C"));
    let mut dropped = Made::steady(2000, 3.2).second(1);
    dropped.sends.dropped = 3;
    let streams = vec![dropped, Made::steady(2000, 3.2).second(2)];
    told.view.second(&SecondSeen { second: told.next, streams, totals: told.totals.clone() }, &told.profile);
    assert!(!told.page(80, 24).contains("dropped"), "what a stop left unsent is nobody's trouble");
}

#[test]
fn a_name_cannot_speak_to_the_terminal() {
    let told = Told::new("duration = \"1s\"\n[[stream]]\nname = \"a\\u001b[2Jb\"\nrate = \"1/s\"\n", Role::Run);
    assert!(told.page(80, 24).contains("a\\u001b[2Jb"), "{}", told.page(80, 24));
}

#[test]
fn colour_marks_what_is_wrong_if_it_is_welcome() {
    let red = |colour| shop().buffer(80, 24, colour).content().iter().any(|cell| cell.fg == Color::Red);
    assert!(red(true) && !red(false));
}
