//! Requests offsets at the edges of buckets: for the past all at once, for the present each when it comes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{CaptureError, CaptureProgress, CaptureStep, now_ms};
use crate::capture::{EdgeOffsets, Edges};
use crate::kafka::{OffsetFinder, OffsetsError};
use crate::stop::StopFlag;
use crate::stop::signals::listen;

/// How many requests are in flight at once, each over its own connection.
const ON_THE_WAY: usize = 4;

/// Offsets at edges, and what else was learned with them.
pub(super) struct Asked {
    pub(super) edges: Edges,
    pub(super) offsets: EdgeOffsets,
    pub(super) requests: u64,
    pub(super) asked_for_s: f64,
    pub(super) latest_poll_ms: Option<f64>,
    /// Partitions that were added to the topic meanwhile.
    pub(super) added: usize,
}

/// Requests the offsets at every edge: several requests in flight, and together no more per second than allowed.
pub(super) fn ask_edges(
    finder: &OffsetFinder,
    edges: Edges,
    ends: &[i64],
    max_requests_per_s: u32,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<Asked, OffsetsError> {
    let begun = Instant::now();
    let each = finder.requests_per_question().max(1) as u64;
    let gap = Duration::from_secs_f64(each as f64 / f64::from(max_requests_per_s.max(1)));
    let questions = Questions { edges: &edges, next: AtomicUsize::new(0), pace: Pace { gap, next: Mutex::new(begun) } };
    let count = questions.count();
    let mut at: Vec<Vec<i64>> = vec![Vec::new(); count];
    let finders = (0..ON_THE_WAY.min(count)).map(|_| finder.another()).collect::<Result<Vec<_>, _>>()?;
    thread::scope(|scope| {
        let (answers, answered) = mpsc::channel();
        for finder in &finders {
            let (answers, questions) = (answers.clone(), &questions);
            scope.spawn(move || questions.ask(finder, &answers));
        }
        drop(answers);
        for (done, (edge, found)) in (1..).zip(answered) {
            // If no record has that timestamp or a later one, the edge is after everything that was there when the capture began.
            let found = found?.into_iter().zip(ends).map(|(found, end)| found.unwrap_or(*end)).collect();
            if let Some(row) = at.get_mut(edge) {
                *row = found;
            }
            progress(CaptureProgress { doing: CaptureStep::Edges, done, of: count as u64 });
        }
        Ok::<(), OffsetsError>(())
    })?;
    Ok(Asked {
        edges,
        offsets: EdgeOffsets::of(at),
        requests: count as u64 * each,
        asked_for_s: begun.elapsed().as_secs_f64(),
        latest_poll_ms: None,
        added: 0,
    })
}

/// An edge, and the offset there in each partition; none where no record has that timestamp or a later one.
type Answer = (usize, Result<Vec<Option<i64>>, OffsetsError>);

/// The edges that are still to be requested.
struct Questions<'a> {
    edges: &'a Edges,
    next: AtomicUsize,
    pace: Pace,
}

impl Questions<'_> {
    fn count(&self) -> usize {
        self.edges.buckets() + 1
    }

    /// Requests one edge after another, until none is left or the receiver is gone: after an answer that was an error.
    fn ask(&self, finder: &OffsetFinder, answers: &mpsc::Sender<Answer>) {
        loop {
            let edge = self.next.fetch_add(1, Ordering::Relaxed);
            if edge >= self.count() {
                return;
            }
            self.pace.wait();
            if answers.send((edge, finder.at(self.edges.at_ms(edge)))).is_err() {
                return;
            }
        }
    }
}

/// When the next request may be sent: never sooner after the last one than the gap, even when they fell behind.
struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// Takes the next turn, and sleeps until it is due.
    fn wait(&self) {
        let due = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let due = (*next).max(Instant::now());
            *next = due + self.gap;
            due
        };
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Requests the ends at every edge, when it comes. Ctrl-C stops it early: the edges so far make a curve.
pub(super) fn watch_ends(
    finder: &OffsetFinder,
    edges: Edges,
    topic: &str,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<Asked, CaptureError> {
    let stop = StopFlag::default();
    listen(&stop, None);
    // The first edge is where the first answer is known to be: between a request and its answer.
    let begun = Instant::now();
    let begun_ms = now_ms();
    let edges = edges.starting_at(begun_ms);
    let step = Duration::from_millis(edges.step_ms());
    let mut finder = finder.another()?;
    let mut at = vec![finder.ends()?];
    let mut latest_ms = begun.elapsed().as_secs_f64() * 1e3;
    for edge in 1..=edges.buckets() {
        let due = begun + step * u32::try_from(edge).unwrap_or(u32::MAX);
        if !stop.sleeps_until(due) {
            break;
        }
        finder.look_for_more_partitions()?;
        at.push(finder.ends()?);
        latest_ms = latest_ms.max(due.elapsed().as_secs_f64() * 1e3);
        progress(CaptureProgress { doing: CaptureStep::Watching, done: edge as u64, of: edges.buckets() as u64 });
    }
    let partitions = finder.partitions();
    let added = partitions - at.first().map_or(partitions, Vec::len);
    // A partition that did not exist yet held nothing.
    at.iter_mut().for_each(|row| row.resize(partitions, 0));
    if at.len() < 2 {
        return Err(CaptureError::TooShort { topic: topic.to_owned() });
    }
    Ok(Asked {
        edges: edges.cut_to(at.len() - 1),
        // Each request but the first follows one for the topic's partitions.
        requests: (at.len() * (finder.requests_per_question() + 1) - 1) as u64,
        offsets: EdgeOffsets::of(at),
        asked_for_s: begun.elapsed().as_secs_f64(),
        latest_poll_ms: Some(latest_ms),
        added,
    })
}
