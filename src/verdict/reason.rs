//! Why a run did not pass: what happened, where, and the figures. What a reason does to the verdict follows from its code alone.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One reason. Programs read the code and the figures; people read the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// What happened.
    pub code: ReasonCode,
    /// In which stream; absent when it concerns the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// At which stage; absent when it concerns the whole stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// In which phase; absent when it concerns all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// The key of the profile's limit that it is about, as in `end_to_end_p99`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<String>,
    /// The most (or, of a rate, the least) that is allowed: milliseconds for latencies, events for counts, events per second for rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What was measured, in the same unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
    /// The reason in words.
    pub text: String,
}

impl Reason {
    /// A reason that concerns the whole run.
    #[must_use]
    pub fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Reason { code, stream: None, stage: None, phase: None, slo: None, limit: None, observed: None, text }
    }

    /// The same, of one stream.
    #[must_use]
    pub fn of_stream(self, stream: &str) -> Self {
        Reason { stream: Some(stream.to_owned()), ..self }
    }

    /// The same, at one stage.
    #[must_use]
    pub fn at_stage(self, stage: Option<&str>) -> Self {
        Reason { stage: stage.map(str::to_owned), ..self }
    }

    /// The same, about one of the profile's limits.
    #[must_use]
    pub fn about(self, slo: &str) -> Self {
        Reason { slo: Some(slo.to_owned()), ..self }
    }

    /// The same, with the limit.
    #[must_use]
    pub fn limit(self, limit: f64) -> Self {
        Reason { limit: Some(limit), ..self }
    }

    /// The same, with what was measured.
    #[must_use]
    pub fn observed(self, observed: f64) -> Self {
        Reason { observed: Some(observed), ..self }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Puts a cause before the first reason of its stream that follows from it. It is then about the same limit.
pub(super) fn causes_first(reasons: &mut [Reason]) {
    for at in 1..reasons.len() {
        let (before, rest) = reasons.split_at_mut(at);
        let Some(cause) = rest.first_mut() else { return };
        let follows = |reason: &Reason| reason.stream == cause.stream && reason.code.follows_from(cause.code);
        if let Some(first) = before.iter().position(follows) {
            cause.slo = cause.slo.take().or_else(|| before[first].slo.clone());
            reasons[first..=at].rotate_right(1);
        }
    }
}

/// What a reason does to the verdict, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing: it explains another reason.
    Remark,
    /// The run is one part of several.
    Part,
    /// The measurement carries no pass.
    Void,
    /// The measurement carries no pass because the machine or the disk failed: the exit code says so.
    Environment,
    /// A limit was broken, for certain.
    Fail,
}

/// What happened. The names are a contract: more may come, none changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// More events were lost than allowed.
    Lost,
    /// More accidental duplicates came than allowed.
    Duplicates,
    /// More events were overtaken by accident than allowed.
    Reordered,
    /// The client gave up on more events than allowed.
    Failed,
    /// The generator dropped more events than allowed.
    Dropped,
    /// More messages with an id that was never sent came than allowed.
    Phantom,
    /// A latency is over its limit.
    Latency,
    /// A watermark drops more events than allowed, for certain.
    WatermarkDrops,
    /// More of the pipeline's windows miss events than allowed.
    WindowsShort,
    /// More events are missing from the pipeline's windows than allowed, and no watermark explains it.
    WindowsLost,
    /// More was counted twice in the pipeline's windows than allowed.
    WindowsDuplicates,
    /// No window result came at all.
    WindowsSilent,
    /// More events waited at once than allowed.
    Lag,
    /// Less of the offered rate was delivered than allowed.
    Throughput,
    /// A stage took longer to recover than allowed.
    NotRecovered,
    /// A limit was so far broken that the run was ended, as the profile asks.
    Aborted,

    /// Too few latencies were measured for the limit.
    TooFewSamples,
    /// Latencies were negative: the clocks disagree.
    NegativeLatency,
    /// A latency spans hosts whose clocks the kernel does not call synchronised.
    ClocksUnsynchronised,
    /// A latency spans hosts and is below the error of their clocks.
    BelowClockError,
    /// Events were seen without their due time.
    WithoutDueTime,
    /// A latency is over its limit by no more than the observer may have added.
    ObserverSlow,
    /// This machine sent late, and that may have changed the answer.
    GeneratorLate,
    /// The profile's ceiling held the load back.
    HeldBackByCeiling,
    /// The target acknowledged so slowly that the client's queue was full, and the offered load was not sent.
    HeldBackByTarget,
    /// The client's queue is too small for the rate, however fast the target acknowledges, and the offered load was not sent.
    HeldBackByQueue,
    /// This machine did not send the offered load.
    HeldBackByMachine,
    /// A limit was broken on the embedded broker, which had to carry more than this machine can.
    EmbeddedBroker,
    /// Nothing was planned.
    NothingPlanned,
    /// Nothing was seen.
    NothingSeen,
    /// Acknowledged events were still in flight when the reading ended.
    InFlight,
    /// Acknowledged events come after a transaction that was still open when the reading ended.
    OpenTransaction,
    /// Acknowledged events are above the high watermark, so readers are not shown them yet.
    NotReplicated,
    /// A topic was deleted or recreated during the run.
    TopicChanged,
    /// Missing events may be among messages in which no event can be read.
    Unreadable,
    /// Another process sends with this run's id.
    SameRunId,
    /// A latency is within its limit for the events that were seen, and others were not seen yet.
    NotAllSeen,
    /// A latency is over its limit while another run's events were in the topic as well.
    OtherRunLoad,
    /// The client does not know whether events were written, and they were not seen.
    Unresolved,
    /// Events that the client called failed were seen.
    FailedButSeen,
    /// A fault that the profile asks for could not be brought about, so the run says nothing about it.
    FaultNotInjected,
    /// A fault that the profile asks for could not be undone.
    FaultNotUndone,
    /// The run was stopped by hand.
    Interrupted,
    /// The run was killed, or the client did not return: figures are known only second by second.
    Unfinished,
    /// No stream was measured.
    NoStreams,
    /// There is a limit on a watermark's drops, but no event was checked against the watermark.
    WatermarkUnknown,
    /// A watermark may drop more events than allowed.
    WatermarkPossible,
    /// No window was compared.
    WindowsNotCompared,
    /// The pipeline's windows were not read to their end.
    WindowsNotRead,
    /// Messages are not window results.
    WindowsUnreadable,
    /// Results are for windows of another length or alignment.
    WindowsStrange,
    /// More was counted in the windows than was sent.
    WindowsUnexplained,
    /// Not all windows and keys could be held.
    WindowsSampled,
    /// Events are missing from the windows, and no watermark model says whether they were dropped.
    WindowsNotPredicted,
    /// Events that are missing from the windows may be lost.
    WindowsPossible,
    /// Where a topic ends is not known.
    EndUnknown,
    /// A stage was not read to its end.
    NotReadToEnd,
    /// Sending ended before the schedule did.
    SendingEnded,
    /// The parts that were merged hold nothing that was observed.
    NotObserved,
    /// The parts that were merged hold nothing that was sent.
    NotSent,

    /// The run ended before a stage had recovered, within the time that it is allowed.
    RecoveryUnknown,

    /// Not all results could be written.
    ResultsNotKept,

    /// This part only sent.
    OnlySent,
    /// This part only observed.
    OnlyObserved,

    /// What the client reported of events that were not acknowledged.
    ClientError,
    /// Another run's events came to the topic.
    OtherRun,
    /// Messages carry a due time that is not the schedule's.
    DueTimeChanged,
    /// Partitions were added to a topic during the run.
    PartitionsAdded,

    /// A code that a later floodmark wrote.
    #[serde(other)]
    #[schemars(skip)]
    Unknown,
}

impl ReasonCode {
    /// Its name in files, as in `too_few_samples`.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// What it does to the verdict.
    #[must_use]
    pub fn effect(self) -> Effect {
        use ReasonCode as Code;
        match self {
            Code::Lost
            | Code::Duplicates
            | Code::Reordered
            | Code::Failed
            | Code::Dropped
            | Code::Phantom
            | Code::Latency
            | Code::WatermarkDrops
            | Code::WindowsShort
            | Code::WindowsLost
            | Code::WindowsDuplicates
            | Code::WindowsSilent
            | Code::Lag
            | Code::Throughput
            | Code::NotRecovered
            | Code::Aborted => Effect::Fail,
            Code::ResultsNotKept => Effect::Environment,
            Code::OnlySent | Code::OnlyObserved => Effect::Part,
            Code::ClientError | Code::OtherRun | Code::DueTimeChanged | Code::PartitionsAdded => Effect::Remark,
            // Whatever else there is to say leaves the claim without support.
            _ => Effect::Void,
        }
    }

    /// Whether it is what a cause leads to: the client says why events failed, or why sending ended, and then they are missing elsewhere, too.
    fn follows_from(self, cause: ReasonCode) -> bool {
        use ReasonCode as Code;
        let is_unacknowledged =
            matches!(self, Code::Failed | Code::Unresolved | Code::FailedButSeen | Code::NothingSeen);
        match cause {
            Code::ClientError => is_unacknowledged,
            Code::SendingEnded => is_unacknowledged || self == Code::Throughput,
            _ => false,
        }
    }

    /// Whether the machine that measured is to blame, and not what it measured.
    #[must_use]
    pub fn is_of_this_machine(self) -> bool {
        matches!(
            self,
            ReasonCode::GeneratorLate
                | ReasonCode::HeldBackByMachine
                | ReasonCode::ObserverSlow
                | ReasonCode::EmbeddedBroker
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    #[test]
    fn the_strongest_effect_is_the_verdict() {
        let reasons = |codes: &[ReasonCode]| codes.iter().map(|code| Reason::new(*code, "")).collect::<Vec<_>>();
        let verdict = |codes: &[ReasonCode]| Verdict::of(&reasons(codes));
        assert_eq!(verdict(&[]), Verdict::Pass);
        assert_eq!(verdict(&[ReasonCode::ClientError]), Verdict::Pass);
        assert_eq!(verdict(&[ReasonCode::OnlySent]), Verdict::Part);
        assert_eq!(verdict(&[ReasonCode::OnlySent, ReasonCode::InFlight]), Verdict::Void);
        assert_eq!(verdict(&[ReasonCode::ResultsNotKept, ReasonCode::InFlight]), Verdict::Void);
        assert_eq!(verdict(&[ReasonCode::InFlight, ReasonCode::Lost, ReasonCode::ResultsNotKept]), Verdict::Fail);
    }

    #[test]
    fn the_strongest_reasons_stand_first_and_equals_keep_their_order() {
        use ReasonCode as Code;
        let codes =
            [Code::OtherRun, Code::InFlight, Code::Lost, Code::ResultsNotKept, Code::TooFewSamples, Code::Failed];
        let mut reasons: Vec<Reason> = codes.iter().map(|code| Reason::new(*code, "")).collect();
        assert_eq!(Verdict::weigh(&mut reasons), Verdict::Fail);
        let weighed: Vec<Code> = reasons.iter().map(|reason| reason.code).collect();
        let strongest_first =
            [Code::Lost, Code::Failed, Code::ResultsNotKept, Code::InFlight, Code::TooFewSamples, Code::OtherRun];
        assert_eq!(weighed, strongest_first);
    }

    #[test]
    fn a_cause_stands_before_what_follows_from_it_in_its_stream() {
        use ReasonCode as Code;
        let of = |code: Code, stream: &str| Reason::new(code, "").of_stream(stream);
        let mut reasons = vec![
            of(Code::Latency, "a"),
            of(Code::Failed, "a"),
            of(Code::Failed, "b").about("failed"),
            of(Code::NothingSeen, "b"),
            of(Code::ClientError, "b"),
            of(Code::ClientError, "c"),
        ];
        let placed = [
            (Code::Latency, "a"),
            (Code::Failed, "a"),
            (Code::ClientError, "b"),
            (Code::Failed, "b"),
            (Code::NothingSeen, "b"),
            (Code::ClientError, "c"),
        ];
        for _ in 0..2 {
            assert_eq!(Verdict::weigh(&mut reasons), Verdict::Fail);
            let weighed: Vec<(Code, &str)> =
                reasons.iter().map(|reason| (reason.code, reason.stream.as_deref().unwrap())).collect();
            assert_eq!(weighed, placed, "weighed again, they stay");
        }
        assert_eq!(reasons[2].slo.as_deref(), Some("failed"), "and it is about the limit that it broke");
    }

    /// Every code by its name, as the schema lists them.
    fn codes_with(effect: Effect) -> Vec<String> {
        let schema = serde_json::to_value(schemars::schema_for!(ReasonCode)).unwrap();
        let names = schema["oneOf"].as_array().unwrap().iter().map(|of| of["const"].as_str().unwrap().to_owned());
        let code = |name: &String| serde_json::from_value::<ReasonCode>(name.clone().into()).unwrap();
        names.filter(|name| code(name).effect() == effect).collect()
    }

    #[test]
    fn a_code_does_not_change_what_it_does_to_the_verdict() {
        let fail = "lost duplicates reordered failed dropped phantom latency watermark_drops windows_short windows_lost windows_duplicates windows_silent lag throughput not_recovered aborted";
        assert_eq!(codes_with(Effect::Fail).join(" "), fail);
        assert_eq!(codes_with(Effect::Environment), ["results_not_kept"]);
        assert_eq!(codes_with(Effect::Part), ["only_sent", "only_observed"]);
        let remarks = ["client_error", "other_run", "due_time_changed", "partitions_added"];
        assert_eq!(codes_with(Effect::Remark), remarks);
        assert_eq!(codes_with(Effect::Void).len(), 45, "every other code leaves the claim without support");
    }

    #[test]
    fn a_code_that_came_later_can_be_read() {
        let later = r#"{"code": "invented_later", "text": "so it is"}"#;
        let reason: Reason = serde_json::from_str(later).unwrap();
        assert_eq!((reason.code, reason.text.as_str()), (ReasonCode::Unknown, "so it is"));
        let known = serde_json::to_string(&Reason::new(ReasonCode::NotReadToEnd, "").of_stream("s")).unwrap();
        assert_eq!(known, r#"{"code":"not_read_to_end","stream":"s","text":""}"#);
    }
}
