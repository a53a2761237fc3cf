//! How fast events are made where nobody takes them: schedule, keys, payloads and headers, on one core.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::record::RecordWriter;
use crate::event::payload::Stamps;
use crate::event::{EventId, RunTag};
use crate::kafka::Written;
use crate::load::{PlannedSend, StreamSchedule, streams_of};
use crate::profile::{Codec, Profile, Stream};

/// How many events are made between two looks at the clock.
const AT_ONCE: usize = 256;

/// How many events per second one core makes of a profile's, in the proportions of its streams. Takes about `lasts`. None where nothing is due, or
/// where a schema is not known yet.
pub(crate) fn made_per_s(profile: &Profile, lasts: Duration) -> Option<f64> {
    let partitions: Vec<u16> = profile.streams.iter().map(Stream::planned_partitions).collect();
    let schedules = streams_of(profile, profile.duration(), &partitions);
    let due: Vec<f64> = profile.streams.iter().map(|stream| stream.planned_events(profile.duration())).collect();
    let total: f64 = due.iter().sum();
    let takes_s = profile.streams.iter().zip(&schedules).zip(&due).filter(|(_, due)| **due > 0.0);
    let takes_s: Option<Vec<f64>> = takes_s
        .map(|((stream, schedule), due)| Some(due * seconds_each(stream, schedule, lasts.mul_f64(due / total))?))
        .collect();
    let takes_s: f64 = takes_s?.iter().sum();
    (takes_s > 0.0).then(|| total / takes_s)
}

/// How long one event of a stream takes, in seconds.
fn seconds_each(stream: &Stream, schedule: &Arc<StreamSchedule>, lasts: Duration) -> Option<f64> {
    if stream.payload.encoding().is_none() && !matches!(stream.payload.codec, Codec::Json | Codec::Binary) {
        return None;
    }
    let mut records = RecordWriter::new(stream, schedule);
    let mut out = Vec::new();
    let mut sends =
        (0..stream.producers).flat_map(|producer| schedule.sends(producer, 0).map(move |send| (producer, send)));
    let (begun, mut made) = (Instant::now(), 0_u64);
    loop {
        out.clear();
        let before = made;
        for (producer, send) in sends.by_ref().take(AT_ONCE) {
            black_box(make(&mut records, &mut out, producer, &send));
            made += 1;
        }
        let took = begun.elapsed();
        if took >= lasts || made == before {
            return (made > 0).then(|| took.as_secs_f64() / made as f64);
        }
    }
}

/// Makes one event, as if it were sent when it is due.
fn make(records: &mut RecordWriter, out: &mut Vec<u8>, producer: u16, send: &PlannedSend) -> Written {
    let id = EventId { run: RunTag(0), stream: 0, producer, partition: send.partition, sequence: send.sequence };
    let due_us = send.due_ns / 1000;
    let event_time_ms = send.event_time_ns.div_euclid(1_000_000);
    records.write(out, id, &Stamps { event_time_ms, due_us, sent_us: due_us }, send)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(streams: &str) -> Option<f64> {
        let profile = Profile::from_text(&format!("duration = \"20s\"\n{streams}"), "made.toml").unwrap().profile;
        made_per_s(&profile, Duration::from_millis(20))
    }

    #[test]
    fn streams_count_by_their_share_and_what_is_not_due_by_nothing() {
        let stream = |name: &str, rate: &str| format!("[[stream]]\nname = \"{name}\"\nrate = \"{rate}\"\n");
        let alone = made(&stream("a", "1k/s")).unwrap();
        assert!(alone > 1_000.0, "{alone}");
        let large = "payload = { size = \"1MB\" }\n";
        let large_alone = made(&(stream("b", "1k/s") + large)).unwrap();
        // Half of the events are large, and take nearly all of the time.
        let both = made(&(stream("a", "1k/s") + &stream("b", "1k/s") + large)).unwrap();
        assert!(large_alone < both && both < alone, "{large_alone} {both} {alone}");
        assert_eq!(made(&(stream("a", "1k/s") + "phases = [{ for = \"20s\", rate = \"0/s\" }]\n")), None);
    }
}
