//! What the messages of a topic come to: models, lateness and candidate bounds.

use std::time::{SystemTime, UNIX_EPOCH};

use super::look::{Found, Looked, example};
use super::range::TopicRange;
use super::{EventTimeAt, Survey, SurveyError};
use crate::conclude::{lateness_of, leave_open, watermark_of};
use crate::event_time::lateness::{AHEAD_LIMIT_MS, LatenessMeter, LogRule, Timed, WatermarkLog};
use crate::event_time::watermark::{
    AppendClaim, AppendOrder, AppendTimes, InOrder, ModelSpec, TimedRecord, Watermarks,
};
use crate::figures::{count, length};
use crate::kafka::Record;
use crate::results::summary::{LatenessSummary, Watermark};
use crate::results::verdicts::{AppendSaid, EventTimeForm, TopicWatermarks};

/// Takes in the messages of a topic.
pub(super) struct Judged {
    watermarks: Watermarks,
    append: AppendTimes,
    /// Whether the models get the append times.
    has_append_times: bool,
    order: AppendOrder,
    late: Option<Late>,
    now_ms: i64,
    messages: u64,
    untimed: u64,
    example: Option<String>,
}

/// How late events are, by the first model's rule.
struct Late {
    meter: LatenessMeter,
    log: WatermarkLog,
}

impl Late {
    fn see(&mut self, record: &TimedRecord, clock_ms: i64) {
        let TimedRecord { partition, event_time_ms, .. } = *record;
        self.meter.observe(partition, Some(event_time_ms), clock_ms);
        self.log.observe(&Timed { partition, producer: None, event_time_ms, clock_ms });
    }
}

impl Judged {
    pub(super) fn new(survey: &Survey, partitions: usize, looked: &Looked) -> Self {
        let has_append_times = claim(survey, &looked.append).is_ok();
        // Where one maximum counts for all partitions, their order is that of appending, or not known.
        let is_ordered = |spec: &&ModelSpec| has_append_times || !spec.is_global();
        let late = survey.models.first().filter(is_ordered).map(|spec| {
            let rule = LogRule::of_model(spec);
            Late {
                meter: LatenessMeter::new(rule.late, Some(AHEAD_LIMIT_MS)),
                log: WatermarkLog::new(rule, u16::try_from(partitions).unwrap_or(u16::MAX)),
            }
        });
        Judged {
            watermarks: Watermarks::new(&survey.models, partitions),
            append: AppendTimes::default(),
            has_append_times,
            order: AppendOrder::new(partitions),
            late,
            now_ms: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64),
            messages: 0,
            untimed: 0,
            example: None,
        }
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    pub(super) fn see(&mut self, record: &Record<'_>, found: &Found<'_>) {
        self.messages += 1;
        let stamp = record.timestamp().map(|timestamp| (timestamp.ms, timestamp.by_broker));
        self.append.see(record.partition() as usize, stamp, found.event_time_ms);
        let Some(event_time_ms) = found.event_time_ms else {
            self.untimed += 1;
            self.example.get_or_insert_with(|| example(found.payload.as_deref()));
            return self.watermarks.observe_without_event_time();
        };
        let timed = self.timed(record, event_time_ms, stamp);
        self.watermarks.observe(&timed);
        let Judged { late: Some(late), order, now_ms, .. } = self else { return };
        match timed.appended_ms {
            Some(appended_ms) => {
                order.push(&timed, appended_ms, &mut |next: &InOrder| late.see(&next.record, next.appended_ms));
            }
            None => late.see(&timed, *now_ms),
        }
    }

    /// What the models get of a message. `stamp` is its timestamp, and whether it is the broker's.
    fn timed(&self, record: &Record<'_>, event_time_ms: i64, stamp: Option<(i64, bool)>) -> TimedRecord {
        let by_broker = stamp.filter(|(_, by_broker)| *by_broker);
        TimedRecord {
            partition: record.partition() as u16,
            event_time_ms,
            // No append time lies ahead of the present: a stamp that does is a clock's mistake.
            appended_ms: stamp.filter(|_| self.has_append_times).map(|(stamp_ms, _)| stamp_ms.min(self.now_ms)),
            appended_by_ms: Some(by_broker.map_or(self.now_ms, |(stamp_ms, _)| stamp_ms)),
            key_hash: record.key().map(xxhash_rust::xxh3::xxh3_64),
        }
    }

    /// Nothing more comes of a partition: it holds no other back.
    pub(super) fn partition_ended(&mut self, partition: usize) {
        let partition = u16::try_from(partition).unwrap_or(u16::MAX);
        self.watermarks.reached(partition, i64::MAX);
        self.order.reached(partition, i64::MAX);
    }

    /// What they come to.
    pub(super) fn figures(
        mut self,
        survey: &Survey,
        partitions: u32,
        range: &TopicRange,
        looked: Looked,
    ) -> Result<TopicWatermarks, SurveyError> {
        if self.messages == self.untimed {
            return Err(self.nothing_timed(&survey.topic, range));
        }
        let claim = claim(survey, &self.append);
        let knows_append_times = claim.is_ok() && self.has_append_times;
        let (messages, append_times) = (self.messages, said(&self.append, claim));
        let event_time_forms = forms(survey, &looked);
        let unreadable_example = self.example.take().or(looked.example);
        let (watermarks, lateness) = self.by_model(survey, knows_append_times);
        Ok(TopicWatermarks {
            topic: survey.topic.clone(),
            partitions,
            messages,
            range: Some(range.said().trim().to_owned()).filter(|said| !said.is_empty()),
            sampled_of: (survey.sample > 0).then(|| range.offsets()),
            watermarks,
            event_time_forms,
            append_times,
            lateness,
            unreadable_example,
        })
    }

    fn nothing_timed(&self, topic: &str, range: &TopicRange) -> SurveyError {
        SurveyError::Nothing(format!(
            "topic {topic}: none of {} messages{} has a readable event time, so nothing was judged",
            self.messages,
            range.said()
        ))
    }

    /// What each model makes of the topic, and how late events are by the first.
    fn by_model(mut self, survey: &Survey, knows_append_times: bool) -> (Vec<Watermark>, Option<LatenessSummary>) {
        if let Some(late) = &mut self.late {
            self.order.finish(&mut |next: &InOrder| late.see(&next.record, next.appended_ms));
        }
        let tallies = self.watermarks.finish();
        let lateness = self
            .late
            .zip(tallies.first())
            .map(|(Late { meter, log }, model)| lateness_of(model, &meter.finish(), &log.finish(), &[]));
        let mut watermarks: Vec<_> = tallies.iter().map(|tally| watermark_of(tally, "")).collect();
        for watermark in &mut watermarks {
            if !knows_append_times || survey.sample > 0 {
                watermark.expected = None;
            }
            if survey.sample > 0 {
                // What was left out may be later than anything that was read: any event may be dropped for it.
                leave_open(watermark);
            }
        }
        (watermarks, lateness)
    }
}

fn forms(survey: &Survey, looked: &Looked) -> Vec<EventTimeForm> {
    if survey.event_time == EventTimeAt::Record {
        return Vec::new();
    }
    looked.forms.iter().map(|(form, messages)| EventTimeForm { form: form.clone(), messages: *messages }).collect()
}

/// Whether the topic tells when its records were appended, or why it does not.
fn claim(survey: &Survey, append: &AppendTimes) -> Result<AppendClaim, &'static str> {
    match append.claim() {
        AppendClaim::Unstamped => Err("some records have no timestamp"),
        AppendClaim::EventTimes => {
            Err("the records' timestamps are the event times even of late events, so when those arrived is unknown")
        }
        AppendClaim::Estimate if survey.event_time == EventTimeAt::Record => {
            Err("the records' timestamps are the event times (CreateTime), so when they arrived is unknown")
        }
        claim => Ok(claim),
    }
}

/// What the append times are worth, in words.
fn worth_of(append: &AppendTimes, claim: Result<AppendClaim, &'static str>) -> String {
    let AppendTimes { by_producer, backward, most_back_ms, .. } = append;
    match claim {
        Err(why) => return format!("the expected range is unknown: {why}"),
        Ok(AppendClaim::Exact) => {
            return "the expected range uses the broker's append times (LogAppendTime), which are exact".to_owned();
        }
        Ok(_) => {}
    }
    let good = match backward {
        0 => "none of them goes back within its partition".to_owned(),
        _ => format!(
            "{} of {} go back within their partition by up to {}, and are wrong by at least that",
            count(*backward),
            count(*by_producer),
            length(most_back_ms.unsigned_abs())
        ),
    };
    format!(
        "the expected range is an estimate: it takes the producers' timestamps (CreateTime) as append times; {good}"
    )
}

fn said(append: &AppendTimes, claim: Result<AppendClaim, &'static str>) -> AppendSaid {
    let AppendTimes { by_broker, by_producer, unstamped, backward, most_back_ms, .. } = append;
    AppendSaid {
        exact: claim == Ok(AppendClaim::Exact),
        known: claim.is_ok(),
        by_broker: *by_broker,
        by_producer: *by_producer,
        unstamped: *unstamped,
        backward: *backward,
        most_back_ms: *most_back_ms,
        text: worth_of(append, claim),
    }
}
