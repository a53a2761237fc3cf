//! The profile of a capture: a stream that replays its curve, with keys and payloads as sampled.

use std::fmt::Write as _;

use super::sample::{KeyLaw, LateShape, LatenessFigures, SampleFigures, SizeFigures, SizeLaw};
use crate::profile::bounds::{MAX_PAYLOAD_BYTES, MIN_JSON_BYTES};
use crate::profile::{ByteSize, Span};

/// The start of topic names that floodmark may fill without asking.
const MARK: &str = "floodmark";
/// The most letters of a stream's name.
const LONGEST_NAME: usize = 100;
/// Kafka's limit for a topic name.
const LONGEST_TOPIC: usize = 249;

/// What a profile is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProfileParts<'a> {
    /// The topic that was captured.
    pub topic: &'a str,
    /// How many partitions it has.
    pub partitions: usize,
    /// What was captured, in words, without the topic.
    pub range: &'a str,
    /// How its events come.
    pub traffic: Traffic<'a>,
    /// The sample, if one was taken.
    pub sample: Option<&'a SampleFigures>,
    /// The line of the payload, where it is not to be like the sample's.
    pub payload: Option<&'a str>,
    /// The command that made it.
    pub made_by: &'a str,
}

/// How a profile's events come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Traffic<'a> {
    /// As this curve file has it, relative to the profile's folder.
    Curve(&'a str),
    /// At the mean rate, as a profile writes it; and the rate of the fullest bucket.
    Rate {
        /// The mean.
        mean: &'a str,
        /// The fullest bucket's.
        fullest: &'a str,
    },
}

/// The profile's text. It writes to a topic of floodmark's, never to the captured one.
#[must_use]
pub(crate) fn profile_text(parts: &ProfileParts<'_>) -> String {
    let ProfileParts { topic, partitions, range, traffic, sample, payload, made_by } = *parts;
    let name = stream_name(topic);
    let target = own_topic(&format!("replay-{name}"));
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = write!(
        text,
        "# Made by `{made_by}` from topic {topic}. {}\n\
         description = {}\n{}\n\
         [[stream]]\n\
         name = {}\n\
         # Not the captured topic, which is only read.\n\
         topic = {}\n\
         partitions = {partitions}\n\
         {}\n",
        traffic.remark(),
        quoted(&format!("The traffic of {topic}, {range}")),
        traffic.length(),
        quoted(&name),
        quoted(&target),
        traffic.lines(),
    );
    match sample {
        None => text.push_str("# Keys and payloads were not sampled (--sample N): these are floodmark's defaults.\n"),
        Some(sample) => push_sample(&mut text, sample, payload),
    }
    text
}

/// The text of a profile that sends the records of a file again, byte for byte, to a topic of floodmark's.
#[must_use]
pub(crate) fn records_text(topic: &str, partitions: usize, range: &str, file: &str) -> String {
    let name = stream_name(topic);
    let target = own_topic(&format!("replay-{name}"));
    format!(
        "# Made by `floodmark capture` from topic {topic}. Try `floodmark plan` on it, then `floodmark run`; `speed` may stand beside `file`.\n\
         description = {}\n\n\
         [[stream]]\n\
         name = {}\n\
         # Not the captured topic, which is only read.\n\
         topic = {}\n\
         partitions = {partitions}\n\
         records = {{ file = {} }}\n\n\
         [stream.payload]\n\
         # Payloads are sent as they were, and what floodmark must know in headers. If they are JSON, an id of floodmark's may stand in them\n\
         # instead, and times of this run: id = \"/order/number\", event_time = \"/order/placedAt\".\n\
         headers = [\"id\", \"event-time\", \"due\", \"sent\"]\n",
        quoted(&format!("The records of {topic}, {range}")),
        quoted(&name),
        quoted(&target),
        quoted(file),
    )
}

impl Traffic<'_> {
    fn remark(&self) -> &'static str {
        match self {
            Traffic::Curve(_) => {
                "Try `floodmark plan` on it; `scale`, `speed`, `window` and more\n# may stand beside `file`."
            }
            Traffic::Rate { .. } => "Try `floodmark plan` on it, then `floodmark run`.",
        }
    }

    /// A curve is as long as it is; a rate goes on for as long as is said.
    fn length(&self) -> &'static str {
        match self {
            Traffic::Curve(_) => "",
            Traffic::Rate { .. } => {
                "seed = 7\nduration = \"60s\"\nwarmup = \"3s\"            # sent and checked for loss, left out of latency\n"
            }
        }
    }

    fn lines(&self) -> String {
        match self {
            Traffic::Curve(file) => {
                format!("curve = {{ file = {}, detail = {{ kind = \"poisson-exact\" }} }}", quoted(file))
            }
            Traffic::Rate { mean, fullest } => format!(
                "# The mean of that time; its fullest part had {fullest}. A burst: phases = [{{ for = \"20s\" }}, {{ for = \"20s\", rate = \"3x\" }}]\n\
                 rate = \"{mean}\"\narrivals = \"poisson\""
            ),
        }
    }
}

/// A topic of floodmark's own.
#[must_use]
pub(crate) fn own_topic(name: &str) -> String {
    format!("{MARK}-{name}").chars().take(LONGEST_TOPIC).collect()
}

/// A valid stream name from the topic's, without floodmark's mark.
#[must_use]
pub(crate) fn stream_name(topic: &str) -> String {
    let rest = topic.strip_prefix(MARK).unwrap_or(topic).trim_start_matches(['-', '.']);
    let name = if rest.is_empty() { "captured" } else { rest };
    name.chars().take(LONGEST_NAME).collect()
}

fn push_sample(text: &mut String, sample: &SampleFigures, payload: Option<&str>) {
    let _ = writeln!(text, "# Keys and payloads as in a sample of {} records.", sample.records);
    push_keys(text, sample);
    match (payload, &sample.sizes) {
        (Some(line), _) => text.push_str(line),
        (None, Some(sizes)) => push_payload(text, sizes, sample.json),
        (None, None) => {}
    }
    if let Some(lateness) = &sample.lateness {
        push_lateness(text, lateness);
    }
}

fn push_keys(text: &mut String, sample: &SampleFigures) {
    let keys = &sample.keys;
    if keys.unrepeated && keys.keyed > 0 {
        let _ = writeln!(text, "# No key occurred twice in the sample: there are at least this many.");
    } else if !keys.fits() {
        let _ = writeln!(
            text,
            "# The ten most frequent keys have {:.1} % of the records, but {:.1} % under this law: hot-set may describe them better.",
            100.0 * keys.top_10_share,
            100.0 * keys.law_top_10_share
        );
    }
    let _ = match keys.law {
        KeyLaw::None => writeln!(text, "keys = {{ distribution = \"none\" }}"),
        KeyLaw::One => {
            writeln!(text, "# Every record has the same key.\nkeys = {{ distribution = \"uniform\", count = 1 }}")
        }
        KeyLaw::Uniform { count } => writeln!(text, "keys = {{ distribution = \"uniform\", count = {count} }}"),
        KeyLaw::Zipf { count, exponent } => {
            writeln!(text, "keys = {{ distribution = \"zipf\", count = {count}, exponent = {exponent:.3} }}")
        }
    };
}

fn push_payload(text: &mut String, sizes: &SizeFigures, json: bool) {
    if !sizes.fits() {
        let _ = writeln!(
            text,
            "# Sizes do not follow this law well: percentiles 1, 10, 50, 90, 99 and the largest are {:?} bytes.",
            sizes.quantiles_bytes
        );
    }
    let median = match sizes.law {
        SizeLaw::Fixed { bytes } => bytes,
        SizeLaw::LogNormal { median_bytes, .. } => median_bytes,
    };
    // floodmark's JSON carries an id and times; smaller payloads keep their size as bytes, with id and times in headers.
    let json_fits = median >= MIN_JSON_BYTES;
    if json && !json_fits {
        let _ = writeln!(text, "# They are JSON, but too small for the id and times in floodmark's JSON.");
    }
    let (codec, least) = if json && json_fits { ("json", MIN_JSON_BYTES) } else { ("binary", 0) };
    let size = |bytes: u64| quoted(&ByteSize::from_bytes(bytes.clamp(least, MAX_PAYLOAD_BYTES)).to_string());
    let _ = match sizes.law {
        SizeLaw::Fixed { bytes } => writeln!(text, "payload = {{ codec = \"{codec}\", size = {} }}", size(bytes)),
        SizeLaw::LogNormal { median_bytes, sigma, min_bytes, max_bytes } => writeln!(
            text,
            "payload = {{ codec = \"{codec}\", sizes = \"log-normal\", size = {}, sigma = {sigma:.3}, min = {}, max = {} }}",
            size(median_bytes),
            size(min_bytes),
            size(max_bytes)
        ),
    };
}

fn push_lateness(text: &mut String, lateness: &LatenessFigures) {
    let Some(law) = lateness.late else { return };
    let span = |ms: i64| quoted(&Span::from_millis(ms.max(1) as u64).to_string());
    if !law.fits {
        let _ = writeln!(
            text,
            "# Lateness follows none of the laws that a profile has; this one is the nearest, off by {:.0} %.",
            100.0 * law.distance
        );
    }
    let shape = match law.shape {
        LateShape::Fixed => {
            let _ = writeln!(text, "# All late events are equally late; the narrowest law comes closest to that.");
            "distribution = \"log-normal\", sigma = 0.001".to_owned()
        }
        LateShape::Exponential => "distribution = \"exponential\"".to_owned(),
        LateShape::Uniform => "distribution = \"uniform\"".to_owned(),
        LateShape::LogNormal { sigma } => format!("distribution = \"log-normal\", sigma = {:.3}", sigma.max(0.001)),
        LateShape::Pareto { tail } => format!("distribution = \"pareto\", tail = {tail:.3}"),
    };
    // Events of the law that are less than a second late did not count as late.
    let share = (lateness.late_share / (1.0 - law.on_time_share)).min(1.0);
    let (median, cap) = (span(law.median_ms), span(law.cap_ms));
    let _ = writeln!(text, "lateness = {{ share = {share:.4}, {shape}, median = {median}, cap = {cap} }}");
}

/// As a TOML string.
#[must_use]
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::sample::{Sighting, Tally};
    use crate::capture::{EdgeOffsets, Edges, count};
    use crate::profile::Profile;

    fn sampled(payload: &[u8], late: bool) -> SampleFigures {
        let mut tally = Tally::new(true, false);
        let edges = Edges::ahead(0, Span::from_secs(1), Span::from_secs(1)).unwrap();
        let counted = count(&edges, &EdgeOffsets::of(vec![vec![0], vec![200]]), &[0], Vec::new()).unwrap();
        for n in 0..200_u32 {
            let (key, event_time_ms) = ((n % 9).to_le_bytes(), if late { 60_000 - i64::from(n) * 100 } else { 60_000 });
            let seen = Sighting {
                key: Some(&key),
                payload: Some(payload),
                stamp_ms: Some(60_000),
                event_time_ms: Some(event_time_ms),
                ..Sighting::default()
            };
            tally.see(&seen, &counted);
        }
        tally.figures(1000)
    }

    fn parts<'a>(topic: &'a str, traffic: Traffic<'a>, sample: Option<&'a SampleFigures>) -> ProfileParts<'a> {
        let made_by = "floodmark capture";
        ProfileParts { topic, partitions: 12, range: "a \"week\"", traffic, sample, payload: None, made_by }
    }

    fn text(topic: &str, sample: Option<&SampleFigures>) -> String {
        profile_text(&parts(topic, Traffic::Curve("c.csv"), sample))
    }

    #[test]
    fn it_replays_the_curve_into_a_topic_of_its_own() {
        let table: toml::Table = text("payments", None).parse().unwrap();
        let stream = &table["stream"][0];
        assert_eq!(stream["curve"]["file"].as_str(), Some("c.csv"));
        assert_eq!(stream["topic"].as_str(), Some("floodmark-replay-payments"));
        assert_eq!((stream["partitions"].as_integer(), stream.get("keys")), (Some(12), None));
    }

    /// The stream checked by the profile's own rules, with a rate instead of the curve.
    fn assert_valid(text: &str) {
        let with_rate = text.lines().map(|line| if line.starts_with("curve") { "rate = \"1/s\"" } else { line });
        let with_rate = format!("duration = \"1s\"\n{}\n", with_rate.collect::<Vec<_>>().join("\n"));
        let loaded = Profile::from_text(&with_rate, "captured.toml");
        assert!(loaded.is_ok(), "{}\n{with_rate}", loaded.map_or_else(|error| error.to_string(), |_| String::new()));
    }

    #[test]
    fn a_rate_is_a_profile_as_it_is() {
        let sample = sampled(b"{\"a\": 1}", false);
        let line = "payload = { codec = \"binary\", size = \"99B\" }\n";
        let text = profile_text(&ProfileParts {
            payload: Some(line),
            ..parts("payments", Traffic::Rate { mean: "90/min", fullest: "4/s" }, Some(&sample))
        });
        let loaded = Profile::from_text(&text, "new.toml").unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(loaded.profile.duration() == Span::from_secs(60) && text.contains(line), "{text}");
    }

    #[test]
    fn topics_of_any_name_make_a_valid_stream() {
        let long = "x".repeat(249);
        for topic in ["payments", "floodmark-average", "floodmark", "-a", ".b", "__consumer_offsets", &long] {
            assert_valid(&text(topic, None));
        }
    }

    #[test]
    fn what_was_sampled_makes_a_profile_that_is_valid() {
        let json = format!("{{\"a\": \"{}\"}}", "x".repeat(400));
        for (sample, said) in [
            (sampled(json.as_bytes(), true), "codec = \"json\", size = \"409B\""),
            (sampled(b"{\"a\": 1}", false), "codec = \"binary\", size = \"8B\""),
            (sampled(b"", false), "codec = \"binary\", size = \"0B\""),
        ] {
            let text = text("payments", Some(&sample));
            assert!(text.contains(said), "{text}");
            let is_late = sample.lateness.as_ref().is_some_and(|found| found.late.is_some());
            assert_eq!(text.contains("lateness"), is_late, "{text}");
            assert_valid(&text);
        }
    }
}
