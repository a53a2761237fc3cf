//! Comparisons to look at, for the tests of reports.

use super::made_up::{runs, scale_latencies, stream};
use super::{Comparison, Rules, Thresholds, compare};

/// Five factors around 1.
const CALM: [f64; 5] = [0.98, 0.99, 1.0, 1.01, 1.02];

fn rules() -> Rules {
    let own = "ack_p50=30%".parse().unwrap();
    Rules { thresholds: Thresholds::of(&[own]), anyway: false }
}

/// New is 20 % slower, lost events, and has another kernel and a hostile name.
pub(crate) fn slower() -> Comparison {
    let base = runs(0..5, |number, run| scale_latencies(run, CALM[number]));
    let new = runs(10..15, |number, run| {
        scale_latencies(run, CALM[number - 10] * 1.2);
        run.manifest.host.kernel = "6.2<script>\u{1b}[2J".to_owned();
        run.summary.streams[0].counts.lost = 3;
        run.folder = format!("results/<b>{number}\nPASS");
    });
    compare(&base, &new, &rules()).unwrap()
}

/// Of 200 streams one is slower.
pub(crate) fn many_streams() -> Comparison {
    let with_streams = |numbers: std::ops::Range<usize>, slower: f64| {
        let first = numbers.start;
        runs(numbers, |number, run| {
            let streams = (0..199).map(|at| format!("s{at}")).map(|name| stream(&name));
            run.summary.streams = vec![stream("slow")];
            scale_latencies(run, CALM[number - first] * slower);
            run.summary.streams.extend(streams);
        })
    };
    compare(&with_streams(0..5, 1.0), &with_streams(10..15, 1.3), &rules()).unwrap()
}
