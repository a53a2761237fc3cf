//! What a stage of window results says for itself: windows that are short for certain fail, and what cannot be told makes it void.

use super::{Judgement, NOT_ONE, duplicates_allowed, judgement};
use crate::figures::count;
use crate::profile::{CountLimit, Delivery, Slo};
use crate::verdict::{Reason, ReasonCode, SloResult};

/// What was found of a pipeline's windows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WindowFigures<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The stage's name.
    pub name: &'a str,
    /// The limits, as the profile sets them.
    pub slo: &'a Slo,
    /// What the client was asked to guarantee: exactly-once limits duplicates to 0 by default.
    pub delivery: Delivery,
    /// Windows that were compared.
    pub compared: u64,
    /// Windows that the pipeline had not closed yet.
    pub not_closed: u64,
    /// Events in the windows that were compared.
    pub events: u64,
    /// Windows in which an event is missing.
    pub short: u64,
    /// Missing events that the watermark does not explain, at least.
    pub elsewhere_min: u64,
    /// Missing events that the watermark does not explain, at most.
    pub elsewhere_max: u64,
    /// Missing events.
    pub missing: u64,
    /// Whether a model was asked what the watermark drops.
    pub is_predicted: bool,
    /// Copies that were counted as well.
    pub counted_twice: u64,
    /// Counted without an event or a copy.
    pub unexplained: u64,
    /// Results for windows of another length or alignment.
    pub strange_results: u64,
    /// Messages that are not window results.
    pub unreadable_results: u64,
    /// Results that were read.
    pub results: u64,
    /// The share of windows and keys that was compared, 0 to 1.
    pub held_share: f64,
    /// Whether events and results were read to their ends.
    pub read_to_end: bool,
}

impl WindowFigures<'_> {
    fn reason(&self, code: ReasonCode, text: &str) -> Reason {
        Reason::new(code, format!("{} at {}: {text}", self.stream, self.name))
            .of_stream(self.stream)
            .at_stage(Some(self.name))
    }
}

/// Judges a stage of window results, by `windows_short`, and by `lost` and `duplicates` of the stream: what the watermark does not explain is lost,
/// and what is counted beyond once is a duplicate.
#[must_use]
pub(crate) fn judge_windows(figures: &WindowFigures<'_>) -> Judgement {
    if let Some(silent) = nothing_came(figures) {
        return silent;
    }
    let mut reasons = Vec::new();
    let results = limits(figures).iter().filter_map(|limit| judge_limit(figures, limit, &mut reasons)).collect();
    find_doubts(figures, &mut reasons);
    judgement(reasons, vec![results])
}

/// A limit on what the windows count.
struct WindowLimit {
    key: &'static str,
    code: ReasonCode,
    limit: Option<CountLimit>,
    observed: u64,
    /// Of how many a share is.
    of: u64,
    /// The subject after the number: "of 10 windows miss events".
    what: String,
}

fn limits(figures: &WindowFigures<'_>) -> [WindowLimit; 3] {
    let WindowFigures { slo, compared, events, .. } = *figures;
    [
        WindowLimit {
            key: "windows_short",
            code: ReasonCode::WindowsShort,
            limit: slo.windows_short,
            observed: figures.short,
            of: compared,
            what: format!("of {} windows miss events", count(compared)),
        },
        WindowLimit {
            key: "windows_lost",
            code: ReasonCode::WindowsLost,
            limit: slo.lost.or(NOT_ONE),
            observed: figures.elsewhere_min,
            of: events,
            what: "events are missing from the windows, which the watermark does not explain".to_owned(),
        },
        WindowLimit {
            key: "windows_duplicates",
            code: ReasonCode::WindowsDuplicates,
            limit: duplicates_allowed(slo, figures.delivery),
            observed: figures.counted_twice + figures.unexplained,
            of: events,
            what: "events were counted too often in the windows".to_owned(),
        },
    ]
}

fn judge_limit(
    figures: &WindowFigures<'_>,
    WindowLimit { key, code, limit, observed, of, what }: &WindowLimit,
    reasons: &mut Vec<Reason>,
) -> Option<SloResult> {
    let limit = (*limit)?;
    let (most, observed) = (limit.most(*of).floor(), *observed);
    let ok = observed as f64 <= most;
    // Results that are still to come, or cannot be read, may be those that seem to be missing.
    let is_certain = figures.read_to_end && figures.strange_results == 0 && figures.unreadable_results == 0;
    if !ok && is_certain {
        let reason = figures.reason(*code, &format!("{} {what} (limit {limit})", count(observed)));
        reasons.push(reason.about(key).limit(most).observed(observed as f64));
    }
    let observed = (ok || is_certain).then_some(observed as f64);
    Some(SloResult { name: (*key).to_owned(), limit: most, observed, ok })
}

/// Where nothing at all came, that is all there is to say: that each window misses its events follows from it.
fn nothing_came(figures: &WindowFigures<'_>) -> Option<Judgement> {
    if figures.results > 0 || figures.unreadable_results > 0 || figures.events == 0 || !figures.read_to_end {
        return None;
    }
    let text = format!(
        "nothing arrived, though {} events belong in its windows. Is the pipeline running, and does it write to this topic?",
        count(figures.events)
    );
    let reason = figures.reason(ReasonCode::WindowsSilent, &text).observed(0.0);
    let limit = figures.slo.lost.map_or(0.0, |limit| limit.most(figures.events).floor());
    let result = SloResult { name: "windows_lost".to_owned(), limit, observed: None, ok: false };
    Some(judgement(vec![reason.about("windows_lost").limit(limit)], vec![vec![result]]))
}

/// What is missing for a pass.
fn find_doubts(figures: &WindowFigures<'_>, reasons: &mut Vec<Reason>) {
    let doubts = [
        (ReasonCode::WindowsNotCompared, not_compared(figures)),
        (ReasonCode::WindowsNotRead, not_read(figures)),
        (ReasonCode::WindowsUnreadable, unreadable(figures)),
        (ReasonCode::WindowsStrange, strange(figures)),
        (ReasonCode::WindowsUnexplained, unexplained(figures)),
        (ReasonCode::WindowsSampled, sampled(figures)),
        (ReasonCode::WindowsNotPredicted, not_predicted(figures)),
        (ReasonCode::WindowsPossible, possibly_lost(figures)),
    ];
    let said = doubts.into_iter().filter_map(|(code, text)| Some(figures.reason(code, &text?)));
    reasons.extend(said);
}

fn not_compared(figures: &WindowFigures<'_>) -> Option<String> {
    let not_closed = count(figures.not_closed);
    (figures.compared == 0)
        .then(|| format!("no window was compared ({not_closed} not closed yet), so nothing was measured"))
}

fn not_read(figures: &WindowFigures<'_>) -> Option<String> {
    let text = "the windows were not read to their end; results that seem to be missing may still come";
    (!figures.read_to_end).then(|| text.to_owned())
}

fn unreadable(figures: &WindowFigures<'_>) -> Option<String> {
    let number = some_of(figures.unreadable_results)?;
    Some(format!("{number} messages are not window results, and results that seem to be missing may be in them"))
}

fn strange(figures: &WindowFigures<'_>) -> Option<String> {
    let number = some_of(figures.strange_results)?;
    Some(format!("{number} results are for windows of another length or alignment than the profile's"))
}

fn unexplained(figures: &WindowFigures<'_>) -> Option<String> {
    let number = some_of(figures.unexplained)?;
    Some(format!(
        "the windows count {number} more than there are events and copies: the pipeline counted some twice, or counted events from before the run"
    ))
}

fn sampled(figures: &WindowFigures<'_>) -> Option<String> {
    let percent = figures.held_share * 100.0;
    (figures.held_share < 1.0).then(|| {
        format!("only {percent:.2} % of windows and keys fit in memory; a sample cannot show that all are right")
    })
}

fn not_predicted(figures: &WindowFigures<'_>) -> Option<String> {
    let number = some_of(figures.missing).filter(|_| !figures.is_predicted)?;
    Some(format!("{number} events are missing from the windows; to tell dropped from lost, add a watermark model"))
}

/// That more than allowed may be lost, though it is not certain. Without a model nobody can tell, which is said already.
fn possibly_lost(figures: &WindowFigures<'_>) -> Option<String> {
    let WindowFigures { elsewhere_min, elsewhere_max, .. } = *figures;
    let is_told = figures.missing > 0 && !figures.is_predicted;
    let most = figures.slo.lost.filter(|_| !is_told)?.most(figures.events);
    (elsewhere_max as f64 > most && elsewhere_min as f64 <= most).then(|| {
        format!(
            "up to {} of the events missing from the windows may be lost, but the model also allows that they were dropped",
            count(elsewhere_max)
        )
    })
}

/// A number as people read it, unless it is 0.
fn some_of(number: u64) -> Option<String> {
    (number > 0).then(|| count(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn judged(change: impl FnOnce(&mut WindowFigures<'_>, &mut Slo)) -> (Verdict, Vec<Reason>, Vec<SloResult>) {
        let mut slo = Slo::default();
        let mut figures = WindowFigures {
            stream: "s",
            name: "windows",
            slo: &Slo::default(),
            delivery: Delivery::AtLeastOnce,
            compared: 10,
            not_closed: 1,
            events: 1000,
            short: 0,
            elsewhere_min: 0,
            elsewhere_max: 0,
            missing: 0,
            is_predicted: true,
            counted_twice: 0,
            unexplained: 0,
            strange_results: 0,
            unreadable_results: 0,
            results: 10,
            held_share: 1.0,
            read_to_end: true,
        };
        change(&mut figures, &mut slo);
        let Judgement { verdict, reasons, slo: mut results, .. } =
            judge_windows(&WindowFigures { slo: &slo, ..figures });
        (verdict, reasons, results.pop().unwrap())
    }

    #[test]
    fn windows_that_are_right_pass_and_drops_that_are_predicted_are_no_loss() {
        assert_eq!(judged(|_, _| ()).0, Verdict::Pass);
        let predicted = judged(|of, _| (of.short, of.missing) = (3, 40));
        assert_eq!(predicted.0, Verdict::Pass);
        let allowed = judged(|of, slo| (of.short, of.missing, slo.windows_short) = (3, 40, Some(CountLimit::Count(3))));
        assert_eq!((allowed.0, allowed.2[0].ok), (Verdict::Pass, true));
    }

    #[test]
    fn what_is_short_lost_or_counted_twice_for_certain_fails() {
        let short = judged(|of, slo| (of.short, of.missing, slo.windows_short) = (3, 40, Some(CountLimit::Count(2))));
        assert_eq!(short.0, Verdict::Fail);
        assert_eq!(short.1[0].text, "s at windows: 3 of 10 windows miss events (limit 2)");
        let share =
            judged(|of, slo| (of.short, of.missing, slo.windows_short) = (3, 40, Some(CountLimit::Percent(20.0))));
        assert_eq!((share.0, share.2[0].limit), (Verdict::Fail, 2.0));
        let lost = judged(|of, _| (of.short, of.missing, of.elsewhere_min, of.elsewhere_max) = (1, 4, 4, 4));
        assert_eq!(lost.0, Verdict::Fail);
        assert_eq!(judged(|of, _| (of.delivery, of.counted_twice) = (Delivery::ExactlyOnce, 1)).0, Verdict::Fail);
        assert_eq!(judged(|of, _| of.counted_twice = 1).0, Verdict::Pass, "at least once");
    }

    #[test]
    fn where_nothing_came_that_is_said_first_and_alone() {
        let change = |of: &mut WindowFigures<'_>, _: &mut Slo| {
            (of.results, of.short, of.missing, of.elsewhere_min, of.elsewhere_max) = (0, 10, 1000, 1000, 1000);
        };
        let (verdict, reasons, results) = judged(change);
        assert_eq!((verdict, reasons.len(), results.len()), (Verdict::Fail, 1, 1), "{reasons:?}");
        assert!(reasons[0].text.contains("nothing arrived") && reasons[0].text.contains("Is the pipeline running"));
        let unread = judged(|of, slo| {
            change(of, slo);
            of.read_to_end = false;
        });
        assert_eq!(unread.0, Verdict::Void, "results may still come");
    }

    #[test]
    fn what_cannot_be_told_is_void_and_no_failure() {
        type Change = fn(&mut WindowFigures<'_>);
        let doubts: [Change; 7] = [
            |of| of.compared = 0,
            |of| of.read_to_end = false,
            |of| of.unreadable_results = 1,
            |of| of.strange_results = 1,
            |of| of.unexplained = 1,
            |of| of.held_share = 0.5,
            |of| (of.short, of.missing, of.elsewhere_max, of.is_predicted) = (1, 4, 4, false),
        ];
        for (number, doubt) in doubts.iter().enumerate() {
            let (verdict, reasons, _) = judged(|of, _| doubt(of));
            assert_eq!((verdict, reasons.len()), (Verdict::Void, 1), "{number}: {reasons:?}");
        }
        let unfinished =
            judged(|of, slo| (of.short, of.read_to_end, slo.windows_short) = (3, false, Some(CountLimit::Count(0))));
        assert_eq!((unfinished.0, unfinished.2[0].observed, unfinished.2[0].ok), (Verdict::Void, None, false));
        let possibly = judged(|of, slo| (of.missing, of.elsewhere_max, slo.lost) = (4, 4, Some(CountLimit::Count(0))));
        assert_eq!(possibly.0, Verdict::Void);
    }
}
