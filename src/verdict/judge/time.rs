//! Limits on what happens over time: how much waits, how much of the offered rate is delivered, how fast a stage recovers.

use crate::figures::{count, rate, seconds};
use crate::profile::Slo;
use crate::verdict::{Reason, ReasonCode, SloResult};

/// What a stream's seconds say, or those of one of its phases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeFigures<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The phase, where one is judged for itself.
    pub phase: Option<&'a str>,
    /// The limits.
    pub slo: &'a Slo,
    /// The most events that waited at the end of a second.
    pub most_waiting: u64,
    /// The mean rate that was offered, in events per second.
    pub offered_per_s: f64,
    /// The mean rate that was delivered meanwhile, in events per second.
    pub delivered_per_s: f64,
    /// How each backlog ended.
    pub recoveries: &'a [Recovery],
    /// Why this machine may be to blame for what was not delivered in time.
    pub own_fault: Option<ReasonCode>,
}

/// How a backlog ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Recovery {
    /// From when it began to fall to when the stage was itself again, in seconds; up to the end of the run, if it never was.
    pub took_s: f64,
    /// Whether the stage was itself again.
    pub is_over: bool,
}

/// A limit beside what was observed, and what to say if it is broken.
struct Found {
    key: &'static str,
    limit: f64,
    observed: f64,
    ok: bool,
    code: ReasonCode,
    text: String,
}

/// Judges the limits on time, in the order in which the profile documents them.
pub(crate) fn judge_time(figures: &TimeFigures<'_>) -> (Vec<SloResult>, Vec<Reason>) {
    let mut reasons = Vec::new();
    let results = [lag(figures, &mut reasons), throughput(figures, &mut reasons), recovery(figures, &mut reasons)];
    (results.into_iter().flatten().collect(), reasons)
}

fn lag(figures: &TimeFigures<'_>, reasons: &mut Vec<Reason>) -> Option<SloResult> {
    let limit = figures.slo.max_lag?;
    let observed = figures.most_waiting;
    let text = format!("{} events waited at once (limit {})", count(observed), count(limit));
    let ok = observed <= limit;
    let (limit, observed) = (limit as f64, observed as f64);
    Some(figures.judged(&Found { key: "max_lag", limit, observed, ok, code: ReasonCode::Lag, text }, reasons))
}

fn throughput(figures: &TimeFigures<'_>, reasons: &mut Vec<Reason>) -> Option<SloResult> {
    let least_per_s = figures.slo.throughput? * figures.offered_per_s;
    let observed = figures.delivered_per_s;
    // Figures of a second that come in late move at most a few events out of the run.
    let ok = observed + 1e-9 >= least_per_s;
    let text = format!(
        "{} were delivered of {} offered (limit at least {})",
        rate(observed),
        rate(figures.offered_per_s),
        rate(least_per_s)
    );
    let code = ReasonCode::Throughput;
    Some(figures.judged(&Found { key: "throughput", limit: least_per_s, observed, ok, code, text }, reasons))
}

fn recovery(figures: &TimeFigures<'_>, reasons: &mut Vec<Reason>) -> Option<SloResult> {
    let limit_s = figures.slo.recovers_within?.as_secs_f64();
    let slowest = |is_over: bool| {
        let of = figures.recoveries.iter().filter(move |recovery| recovery.is_over == is_over);
        of.map(|recovery| recovery.took_s).reduce(f64::max)
    };
    let (took_s, waited_s) = (slowest(true).unwrap_or(0.0), slowest(false));
    let key = "recovers_within";
    if let Some(waited_s) = waited_s.filter(|waited_s| *waited_s <= limit_s && took_s <= limit_s) {
        let text = format!(
            "the run ended {} after the backlog began to fall, before it was gone (limit {}); let it run longer",
            seconds(waited_s),
            seconds(limit_s)
        );
        reasons.push(figures.reason(ReasonCode::RecoveryUnknown, &text).about(key).limit(limit_s * 1e3));
        return Some(SloResult { name: key.to_owned(), limit: limit_s * 1e3, observed: None, ok: false });
    }
    let observed_s = took_s.max(waited_s.unwrap_or(0.0));
    let text = match waited_s {
        Some(waited_s) if waited_s >= took_s => {
            format!("not recovered {} after the backlog began to fall (limit {})", seconds(waited_s), seconds(limit_s))
        }
        _ => format!("recovery took {} (limit {})", seconds(took_s), seconds(limit_s)),
    };
    let ok = observed_s <= limit_s;
    let (limit, observed) = (limit_s * 1e3, observed_s * 1e3);
    Some(figures.judged(&Found { key, limit, observed, ok, code: ReasonCode::NotRecovered, text }, reasons))
}

impl TimeFigures<'_> {
    fn judged(&self, found: &Found, reasons: &mut Vec<Reason>) -> SloResult {
        let Found { key, limit, observed, ok, code, text } = found;
        if !ok {
            let reason = match self.own_fault {
                Some(own) => self.reason(own, &format!("{text}, but this machine may be to blame: not judged")),
                None => self.reason(*code, text),
            };
            reasons.push(reason.about(key).limit(*limit).observed(*observed));
        }
        SloResult { name: (*key).to_owned(), limit: *limit, observed: Some(*observed), ok: *ok }
    }

    fn reason(&self, code: ReasonCode, text: &str) -> Reason {
        let place = match self.phase {
            Some(phase) => format!("{} in {phase}", self.stream),
            None => self.stream.to_owned(),
        };
        let reason = Reason::new(code, format!("{place}: {text}")).of_stream(self.stream);
        Reason { phase: self.phase.map(str::to_owned), ..reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Span;

    fn judge(slo: Slo, recoveries: &[Recovery], own_fault: Option<ReasonCode>) -> (Vec<SloResult>, Vec<Reason>) {
        judge_time(&TimeFigures {
            stream: "orders",
            phase: Some("burst"),
            slo: &slo,
            most_waiting: 4707,
            offered_per_s: 1200.0,
            delivered_per_s: 640.0,
            recoveries,
            own_fault,
        })
    }

    fn texts(reasons: &[Reason]) -> Vec<(ReasonCode, &str)> {
        reasons.iter().map(|reason| (reason.code, reason.text.as_str())).collect()
    }

    #[test]
    fn what_is_over_says_where_how_much_and_the_limit() {
        let slo = Slo { max_lag: Some(1000), throughput: Some(0.9), ..Slo::default() };
        let (results, reasons) = judge(slo, &[], None);
        assert_eq!(
            results.iter().map(|of| (of.limit, of.observed, of.ok)).collect::<Vec<_>>(),
            [(1000.0, Some(4707.0), false), (1080.0, Some(640.0), false)]
        );
        assert_eq!(
            texts(&reasons),
            [
                (ReasonCode::Lag, "orders in burst: 4,707 events waited at once (limit 1,000)"),
                (
                    ReasonCode::Throughput,
                    "orders in burst: 640/s were delivered of 1,200/s offered (limit at least 1,080/s)"
                ),
            ]
        );
        let kept = Slo { max_lag: Some(4707), throughput: Some(0.5), ..Slo::default() };
        assert_eq!(judge(kept, &[], None).1, []);
        let doubtful = judge(slo, &[], Some(ReasonCode::GeneratorLate));
        assert!(doubtful.1.iter().all(|reason| reason.code == ReasonCode::GeneratorLate));
    }

    #[test]
    fn a_recovery_is_judged_by_the_slowest_and_never_by_what_was_cut_off() {
        let slo = Slo { recovers_within: Some(Span::from_secs(10)), ..Slo::default() };
        let recovery = |took_s: f64, is_over: bool| Recovery { took_s, is_over };
        let code = |recoveries: &[Recovery]| judge(slo, recoveries, None).1.first().map(|reason| reason.code);
        assert_eq!(code(&[]), None, "nothing to recover from");
        assert_eq!(code(&[recovery(3.0, true), recovery(10.0, true)]), None);
        assert_eq!(code(&[recovery(3.0, true), recovery(11.0, true)]), Some(ReasonCode::NotRecovered));
        assert_eq!(code(&[recovery(4.0, false)]), Some(ReasonCode::RecoveryUnknown));
        assert_eq!(code(&[recovery(12.0, false)]), Some(ReasonCode::NotRecovered));
        assert_eq!(code(&[recovery(12.0, true), recovery(4.0, false)]), Some(ReasonCode::NotRecovered));
    }
}
