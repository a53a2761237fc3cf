//! Plan, sends and observations agree, whatever the traffic looks like; and all files of the run contain the same.

use std::collections::BTreeMap;

use floodmark::check::Counts;
use floodmark::latency::Hop;
use floodmark::results::{LogKey, RunState, Summary};

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop, schedules};

/// Runs one stream for a second on 4 partitions; `more` are further keys and tables of the stream.
fn run_stream(more: &str) -> (Ended, String) {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("agreement");
    let text = format!("seed = 7\nduration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\n{more}");
    (workshop.run(&workshop.profile(&text), &cluster.brokers, &[]).keeping(&workshop), text)
}

impl Ended {
    /// Reads the files of the run, before they are deleted with the workshop, and compares them with what was printed.
    fn keeping(self, _workshop: &Workshop) -> Self {
        if let Ok(summary) = serde_json::from_str::<Summary>(&self.stdout) {
            let folder = self.folder();
            assert_eq!(folder.summary().unwrap().as_ref(), Some(&summary));
            assert_eq!(folder.manifest().state, RunState::Finished);
            assert_eq!(folder.manifest().fingerprint, summary.run.fingerprint);
            for stream in &summary.streams {
                let rows: Vec<_> =
                    folder.timeline().unwrap().into_iter().filter(|row| row.stream == stream.name).collect();
                let sum = |of: fn(&floodmark::results::TimelineRow) -> f64| rows.iter().map(of).sum::<f64>() as u64;
                let counts = stream.counts;
                assert_eq!(sum(|row| row.sent_per_s), stream.sends, "{}", stream.name);
                assert_eq!(sum(|row| row.acked_per_s), counts.acked + counts.copies_acked, "{}", stream.name);
                assert_eq!(sum(|row| row.delivered_per_s), counts.delivered, "{}", stream.name);
                let key = LogKey { stream: stream.name.clone(), stage: None, hop: Hop::DueToConsumed };
                assert_eq!(folder.latencies(&key).unwrap().count(), counts.delivered, "{}", stream.name);
            }
        }
        self
    }
}

/// Every planned event was acked and seen once, and nothing else.
fn all_once(planned: u64) -> Counts {
    Counts { planned, sent: planned, acked: planned, delivered: planned, ..Counts::default() }
}

#[test]
fn what_is_planned_arrives_once_for_every_kind_of_traffic() {
    let kinds = [
        ("paced", "rate = \"5k/s\"\n"),
        ("poisson", "rate = \"5k/s\"\narrivals = \"poisson\"\nkeys = { distribution = \"zipf\", count = 100 }\n"),
        ("on-off", "rate = \"10k/s\"\narrivals = \"on-off\"\non_off = { on = \"100ms\", off = \"100ms\" }\n"),
        ("binary", "rate = \"3k/s\"\npayload = { codec = \"binary\", size = \"200B\" }\n"),
        ("no key", "rate = \"5k/s\"\nkeys = { distribution = \"none\" }\n"),
        (
            "sizes",
            "rate = \"2k/s\"\npayload = { sizes = \"log-normal\", size = \"500B\", sigma = 0.8, min = \"200B\", max = \"50KB\" }\n",
        ),
        ("best-effort", "rate = \"5k/s\"\ndelivery = \"best-effort\"\n"),
        (
            "ramp",
            "rate = \"2k/s\"\nphases = [{ for = \"300ms\" }, { for = \"700ms\", rate = \"3x\", ramp = \"300ms\" }]\n",
        ),
    ];
    for (kind, more) in kinds {
        let (ended, text) = run_stream(more);
        let planned = schedules(&text, 4)[0].planned();
        assert!(planned > 0, "{kind}");
        assert_eq!(ended.sound().totals, all_once(planned), "{kind}");
    }
}

#[test]
fn several_streams_at_once_do_not_mix_their_counts() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let [one, two, three] = ["one", "two", "three"].map(|subject| cluster.topic(subject));
    let text = format!(
        "seed = 3\nduration = \"1s\"\n\
         [[stream]]\nname = \"a\"\ntopic = \"{one}\"\nrate = \"3k/s\"\n\
         [[stream]]\nname = \"b\"\ntopic = \"{two}\"\nrate = \"2k/s\"\narrivals = \"poisson\"\n\
         [[stream]]\nname = \"c\"\ntopic = \"{three}\"\nrate = \"1k/s\"\nproducers = 2\n"
    );
    let summary = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]).keeping(&workshop).sound();
    let planned: Vec<u64> = schedules(&text, 4).iter().map(|schedule| schedule.planned()).collect();
    for (stream, planned) in summary.streams.iter().zip(&planned) {
        assert_eq!(stream.counts, all_once(*planned), "{}", stream.name);
    }
    assert_eq!(summary.totals, all_once(planned.iter().sum()));
}

#[test]
fn exactly_once_passes_without_duplicates() {
    let (ended, text) = run_stream("rate = \"5k/s\"\ndelivery = \"exactly-once\"\n");
    let summary = ended.sound();
    assert_eq!(summary.totals, all_once(schedules(&text, 4)[0].planned()));
    let limit = summary.streams[0].slo.iter().find(|slo| slo.name == "duplicates").unwrap();
    assert!(limit.ok && limit.observed == Some(0.0));
}

#[test]
fn injected_repeats_and_disorder_are_told_from_accidents() {
    let (ended, text) = run_stream(
        "rate = \"5k/s\"\n[stream.retries]\nshare = 0.1\nagain = 0.5\nattempts = 3\nbase = \"50ms\"\nlost_first = 0.3\n",
    );
    let counts = ended.sound().totals;
    let (mut copies, mut behind) = (0, 0);
    let schedule = schedules(&text, 4).remove(0);
    for producer in 0..schedule.producers() {
        let (mut highest, mut seen) = (BTreeMap::new(), std::collections::BTreeSet::new());
        for send in schedule.sends(producer, 0) {
            let highest = highest.entry(send.partition).or_insert(send.sequence);
            let first = seen.insert(send.sequence);
            copies += u64::from(!first);
            behind += u64::from(first && send.sequence < *highest);
            *highest = send.sequence.max(*highest);
        }
    }
    assert!(copies > 0 && behind > 0);
    let planned = schedule.planned();
    let expected = Counts {
        duplicates_injected: copies,
        reordered_injected: behind,
        copies_planned: copies,
        copies_acked: copies,
        ..all_once(planned)
    };
    assert_eq!(counts, expected);
}

#[test]
fn late_events_are_the_ones_that_the_seed_makes_late() {
    let (ended, text) = run_stream("rate = \"5k/s\"\nlateness = { share = 0.2, median = \"2s\" }\n");
    let schedule = schedules(&text, 4).remove(0);
    let late = (0..schedule.producers())
        .flat_map(|producer| (0..schedule.planned_by(producer)).map(move |sequence| (producer, sequence)))
        .filter(|(producer, sequence)| schedule.injections().of(*producer, *sequence).late)
        .count() as u64;
    assert!(late > 0);
    assert_eq!(ended.sound().totals, Counts { late_injected: late, ..all_once(schedule.planned()) });
}
