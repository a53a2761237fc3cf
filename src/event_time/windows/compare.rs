//! One window: compares what belongs in it with what the pipeline counted.

use std::collections::BTreeMap;

use super::{
    pair::Keys,
    reconciled::{ReconciledWindow, WindowsReconciled},
    shape::WindowSpan,
};
use crate::event_time::CountRange;
use crate::mergeable::Merge;
use crate::profile::{CopiesRule, Updates};

/// What a model of an engine predicts.
pub trait Prediction {
    /// How many events the window misses behind the watermark, over all keys: the minimum over all reading orders, and the maximum in any
    /// of them; if nothing is predicted, `Some` of zeros. `None`: unknown.
    fn loss(&self, window: WindowSpan) -> Option<CountRange>;

    /// How many events are lost from all their windows, over the whole stream. `None`: unknown.
    fn total(&self) -> Option<CountRange>;
}

/// Without a model: any missing event may have been dropped behind the watermark, or lost elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NoPrediction;

impl Prediction for NoPrediction {
    fn loss(&self, _window: WindowSpan) -> Option<CountRange> {
        None
    }

    fn total(&self) -> Option<CountRange> {
        None
    }
}

/// Windows that a model says miss records; the others miss none.
impl Prediction for BTreeMap<WindowSpan, CountRange> {
    fn loss(&self, window: WindowSpan) -> Option<CountRange> {
        Some(self.get(&window).copied().unwrap_or_default())
    }

    fn total(&self) -> Option<CountRange> {
        let mut total = CountRange::default();
        self.values().for_each(|loss| total.merge(*loss));
        Some(total)
    }
}

/// What a pipeline's results mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counting {
    pub(super) updates: Updates,
    pub(super) copies: CopiesRule,
}

/// Compares a window and adds it to the rest.
///
/// For each key with `E` events, `C` copies and `O` counted: `short = max(0, E - O)`, `over = max(0, O - E)`, of which up to `C` are copies
/// that were counted and the rest has no known cause. (With [`CopiesRule::Counted`] `E` includes the copies and `C` is 0.)
///
/// For the window, with predicted losses from `s` (sure) to `p` (possible):
/// - the model drops records, copies as well as events: `free = C - copies counted`
///   of the dropped may have been copies, which are not missed.
/// - behind the watermark are at least `min(max(0, s - free), missing)` and at most `min(p, missing)`; the rest of the missing is lost
///   elsewhere.
/// - `max(0, s - free - missing)` were counted although the model says they are
///   certainly dropped: model and pipeline contradict each other.
///
/// A window without any event is not compared: it belongs to events from before the run.
pub(super) fn compare(
    span: WindowSpan,
    keys: &Keys,
    rule: Counting,
    prediction: &impl Prediction,
    names: &BTreeMap<u64, Box<str>>,
    sampled: bool,
    done: &mut WindowsReconciled,
) {
    let mut window = ReconciledWindow { window: span, ..ReconciledWindow::default() };
    let (mut worst, mut free) = (None, 0);
    for (&key_hash, pair) in keys {
        let counted = pair.counted(rule.updates);
        let (events, copies) = match rule.copies {
            CopiesRule::Once => (pair.events, pair.copies),
            CopiesRule::Counted => (pair.events + pair.copies, 0),
        };
        let (short_here, over_here) = (events.saturating_sub(counted), counted.saturating_sub(events));
        let copies_counted = over_here.min(copies);
        window.keys += 1;
        window.keys_off += u64::from(counted != events);
        window.events += events;
        window.counted += counted;
        window.results |= pair.last.is_some();
        window.counted_twice += copies_counted;
        window.unexplained += over_here - copies_counted;
        free += copies - copies_counted;
        window.missing += short_here;
        // The largest difference; of equal ones the lowest hash, so that the choice is not random.
        worst = worst.max(Some((short_here.max(over_here), std::cmp::Reverse(key_hash))));
    }
    if keys.values().all(|pair| pair.events + pair.copies == 0) {
        done.windows_without_events += 1;
        return;
    }
    let predicted = prediction.loss(span);
    // In a sample of the keys, none may be among the certain ones.
    let sure = if sampled { 0 } else { predicted.map_or(0, |loss| loss.min) };
    let events_sure = sure.saturating_sub(free);
    window.counted_although_sure_to_drop = events_sure.saturating_sub(window.missing);
    let possible = predicted.map_or(window.missing, |loss| loss.max.max(sure));
    window.predicted = predicted.map(|_| CountRange { min: sure, max: possible });
    window.behind_watermark = CountRange { min: events_sure.min(window.missing), max: possible.min(window.missing) };
    window.lost_elsewhere = CountRange {
        min: window.missing - window.behind_watermark.max,
        max: window.missing - window.behind_watermark.min,
    };
    let worst = worst.filter(|(difference, _)| *difference > 0);
    window.worst_key = worst.and_then(|(_, std::cmp::Reverse(hash))| names.get(&hash).map(|name| name.to_string()));
    done.add(window);
}
