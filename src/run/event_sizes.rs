//! Whether the client and the brokers take a stream's largest event: held against their limits before anything is sent. Pure.

use crate::figures::count;
use crate::kafka::{BatchLimit, ClientSettings, MessageSize};
use crate::load::StreamSchedule;
use crate::produce::largest_event;
use crate::profile::{SizeDistribution, Stream};

/// From this share of oversized events on, a log-normal law is refused: they are no longer its tail.
const HALF: f64 = 0.5;
/// Fewer events over a limit than this come once in a hundred runs, and are not worth a note.
const WORTH_A_NOTE: f64 = 0.01;

/// What is known of the way to a topic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The client's `message.max.bytes`, before compression.
    pub client_bytes: u64,
    /// The topic's or broker's limit on a batch, after compression; none where nobody told.
    pub batch: Option<BatchLimit>,
    /// The client's compression, if there is any.
    pub compression: Option<&'a str>,
    /// The broker is the embedded one, whose limit nobody can raise.
    pub embedded: bool,
}

impl<'a> Way<'a> {
    /// The way of a stream's client with these settings.
    #[must_use]
    pub(crate) fn of(
        settings: &'a ClientSettings,
        stream: &Stream,
        topic: &'a str,
        batch: Option<BatchLimit>,
        embedded: bool,
    ) -> Self {
        let (client_bytes, compression) = (settings.largest_message_bytes(), settings.compression(stream));
        Way { topic, client_bytes, batch, compression, embedded }
    }
}

/// What becomes of a stream's largest events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fit {
    /// They pass, as far as anybody says.
    Passes,
    /// Some will fail, or may: a sentence.
    Doubtful(String),
    /// What the profile asks for fails for certain: a sentence.
    Refused(String),
}

/// A limit that the largest event is over.
struct Over {
    /// What the largest event comes to: `a batch of 1,048,654`.
    needs: String,
    /// Who takes how much: `topic t accepts 100,000 (its max.message.bytes)`.
    takes: String,
    /// What raises it.
    way_out: String,
    /// How many bytes the largest event is over it.
    excess: u64,
    /// The share of events that are over it.
    share: f64,
    /// Compression may bring them below it.
    compressible: bool,
}

/// Holds a stream's largest event against the limits on its way.
#[must_use]
pub(crate) fn fit(stream: &Stream, schedule: &StreamSchedule, way: &Way<'_>) -> Fit {
    let largest = largest_event(stream, schedule);
    let over = [over_client(schedule, &largest, way), over_batch(schedule, &largest, way)];
    let (compressible, certain): (Vec<Over>, Vec<Over>) =
        over.into_iter().flatten().partition(|over| over.compressible);
    if let (Some(mean_bytes), false) = (stream.payload.typical_bytes(), certain.is_empty()) {
        return of_own_size(stream, &largest, &certain, mean_bytes);
    }
    let share = certain.iter().map(|over| over.share).fold(0.0, f64::max);
    let is_tail = stream.payload.sizes == SizeDistribution::LogNormal && share < HALF;
    if share > 0.0 && !is_tail {
        return Fit::Refused(refusal(stream, &largest, &certain));
    }
    let events = schedule.planned();
    let is_worth_a_note = |over: &&Over| over.share * events as f64 >= WORTH_A_NOTE;
    if let Some(over) = certain.iter().filter(is_worth_a_note).max_by(|one, other| one.share.total_cmp(&other.share)) {
        return Fit::Doubtful(tail(stream, over, events));
    }
    match (compressible.iter().find(is_worth_a_note), way.compression) {
        (Some(over), Some(codec)) => Fit::Doubtful(format!(
            "{}: it fits only if {codec} makes it smaller",
            largest_against(stream, &largest, std::slice::from_ref(over)),
        )),
        _ => Fit::Passes,
    }
}

fn over_client(schedule: &StreamSchedule, largest: &MessageSize, way: &Way<'_>) -> Option<Over> {
    let needed = largest.as_client_counts();
    Some(Over {
        share: share_over(schedule, largest, needed, way.client_bytes)?,
        excess: needed.saturating_sub(way.client_bytes),
        needs: format!("a message of {}", count(needed)),
        takes: format!("the client accepts {} (its message.max.bytes)", count(way.client_bytes)),
        way_out: format!("-X message.max.bytes={needed}"),
        compressible: false,
    })
}

fn over_batch(schedule: &StreamSchedule, largest: &MessageSize, way: &Way<'_>) -> Option<Over> {
    let (limit, needed) = (way.batch?, largest.as_batch());
    let topic = way.topic;
    let (who, of) = match (limit.of_topic, way.embedded) {
        (true, _) => (format!("topic {topic}"), "its max.message.bytes"),
        (false, true) => ("the embedded broker".to_owned(), "it has no other limit"),
        (false, false) => ("the broker".to_owned(), "its message.max.bytes"),
    };
    let way_out = if way.embedded {
        "-b to a cluster that accepts more".to_owned()
    } else {
        format!("max.message.bytes={needed} on topic {topic}")
    };
    Some(Over {
        share: share_over(schedule, largest, needed, limit.bytes)?,
        excess: needed.saturating_sub(limit.bytes),
        needs: format!("a batch of {}", count(needed)),
        takes: format!("{who} accepts {} ({of})", count(limit.bytes)),
        way_out,
        compressible: way.compression.is_some(),
    })
}

/// The share of events that need more than `limit` bytes, where the largest needs `needed`; none where that one passes.
fn share_over(schedule: &StreamSchedule, largest: &MessageSize, needed: u64, limit: u64) -> Option<f64> {
    let around = needed - largest.payload_bytes;
    let drawn = u64::from(schedule.largest_size_bytes());
    // What the payload holds besides the size that is drawn: the envelope, where sizes are of the filler.
    let envelope = largest.payload_bytes - drawn.min(largest.payload_bytes);
    (needed > limit).then(|| schedule.share_larger_than(limit.saturating_sub(around + envelope)))
}

/// Of payloads whose size nobody asks for, the mean and about the largest are known: refused where the mean is over a limit.
fn of_own_size(stream: &Stream, largest: &MessageSize, over: &[Over], mean_bytes: f64) -> Fit {
    let room = largest.payload_bytes.saturating_sub(mean_bytes as u64);
    if over.iter().any(|over| over.excess > room) {
        return Fit::Refused(refusal(stream, largest, over));
    }
    Fit::Doubtful(format!("{}: larger ones fail", largest_against(stream, largest, over)))
}

fn refusal(stream: &Stream, largest: &MessageSize, over: &[Over]) -> String {
    let ways_out: Vec<&str> = over.iter().map(|over| over.way_out.as_str()).collect();
    let against = largest_against(stream, largest, over);
    format!("{against}; make `payload` smaller, or set {}", ways_out.join(" and "))
}

fn largest_against(stream: &Stream, largest: &MessageSize, over: &[Over]) -> String {
    let limits: Vec<String> = over.iter().map(|over| format!("{}, and {}", over.needs, over.takes)).collect();
    let payload = count(largest.payload_bytes);
    format!("stream {}: a payload can have {payload} bytes, with key and framing {}", stream.name, limits.join("; "))
}

fn tail(stream: &Stream, over: &Over, events: u64) -> String {
    let expected = over.share * events as f64;
    let number = if expected < 1.0 { "one".to_owned() } else { count(expected.round() as u64) };
    format!(
        "stream {}: about {number} of {} events will be too large and fail: {}; cut the sizes with payload.max, or set {}",
        stream.name,
        count(events),
        over.takes,
        over.way_out
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Profile, Span};

    fn of(payload: &str, batch: Option<u64>, compression: Option<&str>) -> Fit {
        let text =
            format!("duration = \"10s\"\n[[stream]]\nname = \"s\"\nrate = \"1k/s\"\npayload = {{ {payload} }}\n");
        of_text(&text, "p.toml", batch, compression)
    }

    fn of_text(text: &str, origin: &str, batch: Option<u64>, compression: Option<&str>) -> Fit {
        let profile = Profile::from_text(text, origin).unwrap().profile;
        let schedule = StreamSchedule::new(&profile.streams[0], 0, 1, Span::from_secs(10), 4);
        let batch = batch.map(|bytes| BatchLimit { bytes, of_topic: bytes < 1_000_000 });
        let way = Way { topic: "t", client_bytes: 1_000_000, batch, compression, embedded: false };
        fit(&profile.streams[0], &schedule, &way)
    }

    fn refused(fit: Fit) -> String {
        match fit {
            Fit::Refused(text) => text,
            other => panic!("{other:?}"),
        }
    }

    fn doubtful(fit: Fit) -> String {
        match fit {
            Fit::Doubtful(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_payload_that_fits_passes_and_one_byte_more_is_refused() {
        // Key k999, client's framing: 36 + 4; a batch of one record: 61 + 3 (length) + 3 + 1 + 4 + 3 + 1.
        assert_eq!(of("size = \"999960B\"", Some(1_048_588), None), Fit::Passes);
        refused(of("size = \"999961B\"", Some(1_048_588), None));
        assert_eq!(of("size = \"99924B\"", Some(100_000), None), Fit::Passes);
        refused(of("size = \"99925B\"", Some(100_000), None));
    }

    #[test]
    fn what_is_refused_is_told_with_whose_limit_it_is_and_the_way_out() {
        let text = refused(of("size = \"1MiB\"", None, None));
        for part in ["stream s", "1,048,576 bytes", "the client accepts 1,000,000", "-X message.max.bytes=1048616"] {
            assert!(text.contains(part) && !text.contains("broker"), "{part}: {text}");
        }
        let text = refused(of("filler = \"100KiB\"", Some(100_000), None));
        for part in ["102,5", "topic t accepts 100,000 (its max.message.bytes)", "max.message.bytes=10", "on topic t"] {
            assert!(text.contains(part) && !text.contains("client"), "{part}: {text}");
        }
        let text = refused(of("size = \"2MiB\"", Some(1_048_588), None));
        for part in
            ["the client accepts 1,000,000", "the broker accepts 1,048,588", "-X message.max.bytes=2097192 and max.m"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn payloads_by_a_schema_are_refused_where_their_mean_is_too_large() {
        let folder = tempfile::tempdir().unwrap();
        // One to three items of 60,000 bytes.
        let schema = r#"{"type":"record","name":"T","fields":[{"name":"id","type":"string"},
            {"name":"f","type":{"type":"array","items":{"type":"fixed","name":"F","size":60000}}}]}"#;
        std::fs::write(folder.path().join("t.avsc"), schema).unwrap();
        let text = "duration = \"10s\"\n[[stream]]\nname = \"s\"\nrate = \"1k/s\"\n\
             payload = { codec = \"avro\", schema = \"t.avsc\", id = \"/id\" }\n";
        let origin = folder.path().join("p.toml");
        let of = |topic_takes| of_text(text, origin.to_str().unwrap(), Some(topic_takes), None);
        assert_eq!(of(190_000), Fit::Passes);
        assert!(doubtful(of(150_000)).contains("180,039 bytes"));
        assert!(refused(of(100_000)).contains("topic t accepts 100,000"));
    }

    #[test]
    fn headers_count_where_the_payload_is_opaque() {
        assert_eq!(of("codec = \"binary\", size = \"99700B\"", Some(100_000), None), Fit::Passes);
        refused(of("codec = \"binary\", size = \"99900B\"", Some(100_000), None));
    }

    #[test]
    fn bounded_sizes_are_refused_and_a_tail_is_told() {
        refused(of("sizes = \"uniform\", min = \"1KiB\", max = \"110000B\"", Some(100_000), None));
        let law = |median: u32, limit| {
            of(&format!("sizes = \"log-normal\", sigma = 0.5, size = \"{median}B\""), Some(limit), None)
        };
        // ln(99,925 / 30,000) is 2.4 standard deviations: 0.8 % of 10,000 events.
        let text = doubtful(law(30_000, 100_000));
        assert!(text.contains("about 80 of 10,000 events") || text.contains("about 81 of 10,000 events"), "{text}");
        assert!(text.contains("payload.max"), "{text}");
        assert_eq!(law(1000, 100_000), Fit::Passes, "nine standard deviations");
        assert!(refused(law(120_000, 100_000)).contains("1,048,576 bytes"));
    }

    #[test]
    fn what_compression_may_bring_below_a_batchs_limit_is_not_refused() {
        let text = doubtful(of("size = \"120KiB\"", Some(100_000), Some("lz4")));
        assert!(text.contains("only if lz4 makes it smaller"), "{text}");
        let text = refused(of("size = \"1MiB\"", Some(100_000), Some("lz4")));
        assert!(text.contains("the client accepts") && !text.contains("topic t accepts"), "it counts before: {text}");
    }

    #[test]
    fn a_broker_that_does_not_tell_its_limit_refuses_nothing() {
        assert_eq!(of("size = \"900KB\"", None, None), Fit::Passes);
    }
}
