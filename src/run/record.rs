//! Writes a run down while it goes on and when it has ended, and reads the parts of runs back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::RunError;
use super::plans::{producer_settings, stage_settings};
use super::prepare::Prepared;
use super::seconds::{SecondSeen, StreamSecond, StreamTotals};
use super::streams::PreparedStream;
use crate::clock::kernel::kernel_clock;
use crate::conclude::{
    Ended, Measured, Role, empty_summary, make_ledger_folder, summary_of_seconds, tell_seconds, write_ledgers,
};
use crate::direct;
use crate::latency::Hop;
use crate::profile::{Client, Isolation};
use crate::results::hlog::Interval;
use crate::results::manifest::{ClockFacts, HostFacts, MANIFEST_SCHEMA, TargetFacts, TopicFacts};
use crate::results::stamp::rfc3339;
use crate::results::summary::RunFacts;
use crate::results::{
    LogKey, Manifest, ResultsError, RunFolder, RunState, RunWriter, Summary, TimelineRow, WatermarkRow,
};
use crate::verdict::{Reason, ReasonCode};

/// Where runs are kept when nobody says otherwise.
const RESULTS: &str = "results";
/// How long a topic's offsets may take to be told when everything else is over.
pub(super) const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// Nanoseconds in a second.
const SECOND_NS: u64 = 1_000_000_000;

/// Keeps the record of a run.
pub(super) struct Recorder {
    writer: RunWriter,
    start_ns: u64,
}

impl Recorder {
    /// Makes the run's folder, with a manifest that says `running`.
    pub(super) fn begin(prepared: &Prepared, start_ns: u64) -> Result<Self, RunError> {
        let folder = prepared.request.out.clone().unwrap_or_else(|| default_folder(prepared));
        let mut manifest = manifest_of(prepared, start_ns);
        prepared.streams.iter().for_each(|stream| set_clients(&mut manifest, prepared, stream));
        let writer = RunWriter::create(&folder, manifest, start_ns)?;
        make_ledger_folder(&folder)?;
        Ok(Recorder { writer, start_ns })
    }

    /// Writes a second down.
    pub(super) fn second(&mut self, prepared: &Prepared, seen: &SecondSeen) {
        for ((stream, second), totals) in prepared.streams.iter().zip(&seen.streams).zip(&seen.totals) {
            let seen_of = StreamSeen { number: seen.second, stream, second, totals };
            self.rows(prepared.request.role, &seen_of);
            self.intervals(stream, second, seen.second);
            self.watermark_rows(stream, second);
        }
        self.writer.flush();
    }

    /// A row for each stage that shows events.
    fn rows(&mut self, role: Role, seen: &StreamSeen<'_>) {
        let time = rfc3339(self.start_ns + seen.number * SECOND_NS);
        let StreamSeen { stream, totals, .. } = seen;
        for (place, stage) in stream.stages.iter().enumerate().filter(|(_, stage)| !stage.shows_windows()) {
            let row = TimelineRow {
                time: time.clone(),
                stage: if stream.stages.len() > 1 { stage.name.clone() } else { String::new() },
                lag_events: if role == Role::Run { lag(totals.acked, totals.seen[place]) } else { 0 },
                ..seen.row(place)
            };
            self.writer.row(&row);
        }
    }

    fn intervals(&mut self, stream: &PreparedStream, second: &StreamSecond, number: u64) {
        let name = &stream.stream.name;
        let mut logs = vec![
            (LogKey::new(name, None, Hop::DueToSent), &second.sends.due_to_sent),
            (LogKey::of_generator(name), &second.sends.own_lateness),
            (LogKey::new(name, None, Hop::SentToAcked), &second.acks.sent_to_acked),
        ];
        for (stage, seen) in stream.stages.iter().zip(&second.stages).filter(|(stage, _)| !stage.shows_windows()) {
            let stage = (stream.stages.len() > 1).then_some(stage.name.as_str());
            logs.push((LogKey::new(name, stage, Hop::DueToConsumed), &seen.interval.due_to_consumed));
        }
        for (key, latencies) in logs {
            let interval = Interval {
                start: Duration::from_secs(number),
                length: Duration::from_secs(1),
                latencies: latencies.clone(),
            };
            self.writer.interval(&key, &interval);
        }
    }

    fn watermark_rows(&mut self, stream: &PreparedStream, second: &StreamSecond) {
        for (stage, seen) in stream.stages.iter().zip(&second.stages) {
            for row in &seen.watermarks {
                self.writer.watermark_row(&WatermarkRow {
                    time: rfc3339(self.start_ns + row.second * SECOND_NS),
                    second: row.second,
                    stream: stream.stream.name.clone(),
                    stage: stage.name.clone(),
                    partition: row.partition,
                    records: row.records,
                    max_event_time_ms: row.max_event_time_ms,
                    watermark_ms: row.watermark_ms,
                    lag_ms: row.lag_ms,
                    stalled: row.stalled,
                });
            }
        }
    }

    /// Which run this is, for its summary.
    pub(super) fn run_facts(&self, prepared: &Prepared, start_ns: u64, sending_ns: u64) -> RunFacts {
        RunFacts {
            id: prepared.run_id.clone(),
            profile: prepared.request.loaded.name.clone(),
            seed: prepared.request.loaded.profile.seed,
            fingerprint: prepared.fingerprint.clone(),
            started: rfc3339(start_ns),
            duration_s: sending_ns as f64 / 1e9,
            cluster_id: prepared.target.cluster_id().to_owned(),
            embedded: prepared.embedded.is_some(),
        }
    }

    /// Writes everything that is left. What cannot be written counts in the verdict; the summary is handed over whatever happens.
    pub(super) fn end(
        mut self,
        prepared: &Prepared,
        measured: &Measured,
        mut summary: Summary,
        given_up: bool,
    ) -> Ended {
        let folder = self.writer.folder().to_owned();
        let mut refusals = Vec::new();
        for (stream, measured) in prepared.streams.iter().zip(&measured.streams) {
            let stages: Vec<&str> = stream.stages.iter().map(|stage| stage.name.as_str()).collect();
            refusals.extend(write_ledgers(&self.writer, &stream.stream.name, &stages, measured).err());
        }
        refusals.extend(self.writer.complete().err());
        refusals.extend(self.tell_seconds(prepared, &mut summary).err());
        if let Some(refusal) = refusals.first() {
            summary.add_trouble(not_kept(refusal));
        }
        self.complete_manifest(prepared, given_up);
        let state = if measured.interrupted { RunState::Interrupted } else { RunState::Finished };
        if let Err(refusal) = self.writer.finish(state, &rfc3339(prepared.clock.now_ns()), &summary)
            && refusals.is_empty()
        {
            summary.add_trouble(not_kept(&refusal));
        }
        Ended { summary, folder, given_up }
    }

    /// Adds what the seconds say that were written down.
    fn tell_seconds(&self, prepared: &Prepared, summary: &mut Summary) -> Result<(), ResultsError> {
        let rows = RunFolder::open(self.writer.folder())?.timeline()?;
        let request = &prepared.request;
        tell_seconds(summary, request.role == Role::Run, &request.loaded.profile, &rows);
        Ok(())
    }

    /// Ends a run whose threads did not come back, with what its files hold by the second, and what was measured without the threads.
    pub(super) fn end_unfinished(mut self, prepared: &Prepared, why: Reason, measured: Measured) -> Ended {
        let folder = self.writer.folder().to_owned();
        let mut refusals: Vec<ResultsError> = self.writer.complete().err().into_iter().collect();
        self.complete_manifest(prepared, true);
        let summary = RunFolder::open(&folder).and_then(|run| summary_of_seconds(&run, why.clone()));
        let mut summary = summary.unwrap_or_else(|unreadable| {
            refusals.push(unreadable);
            // Not even the files can be read: the reason is all there is to say.
            empty_summary(self.run_facts(prepared, self.start_ns, 0), why)
        });
        summary.events.splice(0..0, measured.faults);
        summary.events.sort_by_key(|incident| incident.from_s);
        measured.troubles.into_iter().for_each(|trouble| summary.add_trouble(trouble));
        if let Some(refusal) = refusals.first() {
            summary.add_trouble(not_kept(refusal));
        }
        let ended = rfc3339(prepared.clock.now_ns());
        if let Err(refusal) = self.writer.finish(RunState::Interrupted, &ended, &summary)
            && refusals.is_empty()
        {
            summary.add_trouble(not_kept(&refusal));
        }
        Ended { summary, folder, given_up: true }
    }

    /// `given_up`: nobody is asked any more.
    fn complete_manifest(&mut self, prepared: &Prepared, given_up: bool) {
        let manifest = self.writer.manifest_mut();
        manifest.clock.at_end = kernel_clock();
        manifest.clock.wall_moved_us = Some(prepared.clock.wall_minus_clock_ns() / 1000);
        for (facts, stream) in manifest.topics.iter_mut().zip(&prepared.streams).filter(|_| !given_up) {
            // A broker that has died does not say where its topics end; the manifest then does not, either.
            if let Ok(ranges) =
                prepared.target.ranges(&stream.topic, stream.partitions, Isolation::ReadUncommitted, LAST_PATIENCE)
            {
                facts.end_offsets = ranges.iter().map(|range| range.end).collect();
            }
        }
    }
}

/// What happened to a stream in a second.
struct StreamSeen<'a> {
    /// The second, counted from the start of the run.
    number: u64,
    stream: &'a PreparedStream,
    second: &'a StreamSecond,
    totals: &'a StreamTotals,
}

impl StreamSeen<'_> {
    /// The figures of the second, as they were at a stage.
    fn row(&self, place: usize) -> TimelineRow {
        let StreamSeen { number, stream, second: StreamSecond { sends, acks, stages }, totals } = self;
        let seen = &stages[place].interval;
        TimelineRow {
            second: *number,
            stream: stream.stream.name.clone(),
            offered_per_s: sends.due as f64,
            sent_per_s: sends.sent as f64,
            acked_per_s: acks.acked as f64,
            delivered_per_s: seen.counts.delivered as f64,
            seen_per_s: seen.counts.seen() as f64,
            failed: acks.failed,
            dropped: sends.dropped,
            outstanding: totals.sent.saturating_sub(totals.acked + totals.failed),
            sent_bytes: sends.sent_bytes,
            due_to_consumed_p50_ms: seen.due_to_consumed.measured_quantile_ms(0.5),
            due_to_consumed_p99_ms: seen.due_to_consumed.measured_quantile_ms(0.99),
            due_to_consumed_max_ms: seen.due_to_consumed.measured_quantile_ms(1.0),
            sent_to_acked_p99_ms: acks.sent_to_acked.measured_quantile_ms(0.99),
            generator_lateness_p99_ms: sends.own_lateness.measured_quantile_ms(0.99),
            generator_lateness_max_ms: sends.own_lateness.measured_quantile_ms(1.0),
            ..TimelineRow::default()
        }
    }
}

/// Acknowledged and not yet seen. What was seen before its acknowledgement was heard of is no lag.
pub(super) fn lag(acked: u64, seen: u64) -> i64 {
    i64::try_from(acked.saturating_sub(seen)).unwrap_or(i64::MAX)
}

/// That the disk did not take all results.
pub(super) fn not_kept(refusal: &ResultsError) -> Reason {
    Reason::new(ReasonCode::ResultsNotKept, format!("Not all results could be kept: {refusal}."))
}

fn default_folder(prepared: &Prepared) -> PathBuf {
    let request = &prepared.request;
    let part = match request.role {
        Role::Run if request.shard.count() == 1 => String::new(),
        role if request.shard.count() == 1 => format!("-{}", role.name()),
        role => format!("-{}-{}", role.name(), request.shard.to_string().replace('/', "-of-")),
    };
    Path::new(RESULTS).join(format!("{}{part}", prepared.run_id))
}

/// All but the settings of the clients, which are still to be set.
fn manifest_of(prepared: &Prepared, start_ns: u64) -> Manifest {
    let request = &prepared.request;
    Manifest {
        schema: MANIFEST_SCHEMA,
        run_id: prepared.run_id.clone(),
        state: RunState::Running,
        command: request.role.name().to_owned(),
        shard: (request.shard.count() > 1).then(|| request.shard.to_string()),
        seed: request.loaded.profile.seed,
        fingerprint: prepared.fingerprint.clone(),
        started: rfc3339(start_ns),
        ended: None,
        profile_name: request.loaded.name.clone(),
        floodmark: env!("CARGO_PKG_VERSION").to_owned(),
        librdkafka: crate::kafka::client_version(),
        host: HostFacts::of_this_machine(),
        clock: ClockFacts { wall_moved_us: None, at_start: kernel_clock(), at_end: None },
        target: target_facts(prepared),
        topics: prepared.streams.iter().map(topic_facts).collect(),
        client: std::collections::BTreeMap::new(),
        files: std::collections::BTreeMap::new(),
        profile: request.loaded.table.clone(),
    }
}

fn target_facts(prepared: &Prepared) -> TargetFacts {
    TargetFacts {
        brokers: prepared.settings.brokers().unwrap_or_default().to_owned(),
        cluster_id: prepared.target.cluster_id().to_owned(),
        embedded: prepared.embedded.is_some(),
    }
}

fn topic_facts(stream: &PreparedStream) -> TopicFacts {
    TopicFacts {
        name: stream.topic.clone(),
        partitions: stream.partitions,
        start_offsets: stream.ranges.iter().map(|range| range.end).collect(),
        end_offsets: Vec::new(),
    }
}

fn set_clients(manifest: &mut Manifest, prepared: &Prepared, stream: &PreparedStream) {
    let name = &stream.stream.name;
    let pairs = |settings: &std::collections::BTreeMap<String, String>| -> Vec<(String, String)> {
        settings.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    if prepared.request.role.sends() {
        let mut settings = producer_settings(prepared, stream);
        if stream.stream.client == Client::Direct {
            settings = direct::resolved(settings);
        }
        let pairs = pairs(&settings);
        manifest
            .set_client(&format!("producer {name}"), pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
    if prepared.request.role.observes() {
        for stage in &stream.stages {
            let pairs = pairs(&stage_settings(prepared, stage));
            let client = match stage.spec.written_name() {
                Some(stage) => format!("consumer {name} {stage}"),
                None => format!("consumer {name}"),
            };
            manifest.set_client(&client, pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        }
    }
}
