//! From a prepared run to what its threads need to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::prepare::Prepared;
use super::streams::{PreparedStage, PreparedStream};
use crate::check::Observed;
use crate::conclude::{StreamMeasured, models_at, windows_plan};
use crate::consume::StagePlan;
use crate::event_time::lateness::Disturbed;
use crate::produce::{RecordWriter, StreamPlan};
use crate::profile::Delivery;

/// The plan of a stream's workers, whose start is still to be named; none when this shard has none of its logical producers.
pub(super) fn stream_plan(prepared: &Prepared, index: usize) -> Option<StreamPlan> {
    let producers: Vec<u16> = prepared.request.shard.producers_of(prepared.streams[index].stream.producers).collect();
    (!producers.is_empty()).then(|| plan_of_producers(prepared, index, producers))
}

fn plan_of_producers(prepared: &Prepared, index: usize, producers: Vec<u16>) -> StreamPlan {
    let PreparedStream { stream, topic, schedule, .. } = &prepared.streams[index];
    let workers = prepared.request.workers.unwrap_or_else(default_workers).clamp(1, producers.len());
    let profile = &prepared.request.loaded.profile;
    StreamPlan {
        stream: index,
        name: stream.name.clone(),
        schedule: Arc::clone(schedule),
        producers,
        workers,
        run: prepared.tag,
        clock: prepared.clock,
        start_ns: 0,
        warmup_ns: profile.warmup.as_nanos(),
        drain_ns: profile.drain.as_nanos(),
        client: stream.client,
        delivery: stream.delivery,
        transaction_ns: stream.transaction.as_nanos(),
        when_full: stream.when_full,
        records: RecordWriter::new(stream, schedule),
        counts_injected: !stream.watermarks.is_empty() && Disturbed::any_of(schedule),
        topic: topic.clone(),
        settings: producer_settings(prepared, &prepared.streams[index]),
        capacity: prepared.settings.queue_capacity(),
    }
}

/// How many events the queues of a stream's clients hold, over all workers, and how long a client lingers over a batch, in milliseconds.
pub(super) fn queue_of(prepared: &Prepared, stream: &PreparedStream, measured: &StreamMeasured) -> (u64, f64) {
    let settings = producer_settings(prepared, stream);
    let number = |key: &str| settings.get(key).and_then(|value| value.trim().parse::<f64>().ok());
    let mean_bytes = measured.sent_bytes as f64 / measured.sent.max(1) as f64;
    let by_bytes =
        number("queue.buffering.max.kbytes").map_or(f64::INFINITY, |kbytes| kbytes * 1024.0 / mean_bytes.max(1.0));
    let events = by_bytes.min(prepared.settings.queue_capacity() as f64) * measured.workers as f64;
    (events as u64, number("linger.ms").unwrap_or(0.0))
}

/// The plan of a stage's thread.
pub(super) fn stage_plan(prepared: &Prepared, index: usize, stage_index: usize, start_ns: Option<u64>) -> StagePlan {
    let prepared_stream = &prepared.streams[index];
    let PreparedStream { stream, models, schedule, .. } = prepared_stream;
    let stage = &prepared_stream.stages[stage_index];
    let profile = &prepared.request.loaded.profile;
    StagePlan {
        stream: index,
        stage: stage_index,
        name: stage.name.clone(),
        topic: stage.topic.clone(),
        from: stage.from.clone(),
        partitions: stage.partitions,
        client: stage.spec.client,
        settings: stage_settings(prepared, stage),
        extractor: stage.extractor.clone(),
        observed: observed_at(prepared, index, stage),
        schedule: Arc::clone(schedule),
        clock: prepared.clock,
        start_ns,
        warmup_ns: profile.warmup.as_nanos(),
        quiet_ns: stage.spec.quiet.as_nanos(),
        drain_ns: profile.drain.as_nanos(),
        models: models_at(stream, stage_index).map(|at| models[at]).collect(),
        windows: windows_plan(stream, models, stage_index),
    }
}

/// Which events are looked for at a stage.
fn observed_at(prepared: &Prepared, index: usize, stage: &PreparedStage) -> Observed {
    Observed {
        run: prepared.tag,
        stream: index as u8,
        streams: prepared.streams.len() as u8,
        partitions: Some(prepared.streams[index].partitions as u16),
        is_input: stage.is_input,
    }
}

/// The settings of a stage's client.
pub(super) fn stage_settings(prepared: &Prepared, stage: &PreparedStage) -> BTreeMap<String, String> {
    let group = format!("floodmark-{}-{}", prepared.run_id, stage.name);
    through_the_network(prepared, prepared.settings.consumer(&group, stage.isolation))
}

/// Clients that send and observe go by the proxies, if there are any. The one that asks about the cluster does not: what it says is the truth.
fn through_the_network(prepared: &Prepared, mut settings: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if let Some(network) = &prepared.network {
        settings.insert("bootstrap.servers".to_owned(), network.bootstrap().to_owned());
    }
    settings
}

/// The settings of a stream's producing clients, as they are for the first of them.
pub(super) fn producer_settings(prepared: &Prepared, stream: &PreparedStream) -> BTreeMap<String, String> {
    let PreparedStream { stream, batch_limit, .. } = stream;
    let transactional_id =
        (stream.delivery == Delivery::ExactlyOnce).then(|| format!("floodmark-{}-{}", prepared.run_id, stream.name));
    let settings = &prepared.settings;
    let mut producer = settings.producer(stream.delivery, settings.queue_capacity(), transactional_id.as_deref());
    settings.fit_batches(&mut producer, *batch_limit);
    settings.compress(&mut producer, stream);
    through_the_network(prepared, producer)
}

/// One worker keeps well over half a million events per second; more of them help only where there are cores to spare.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() / 4).max(1)
}
