//! A plan as a person sees it: what each stream would send, and a chart of the rates.

mod samples;

pub(crate) use self::samples::samples_json;
use super::Look;
use crate::produce::Sampled;
use crate::report::chart::{RateSeries, rate_charts};
use crate::report::figures;
use crate::run::{CapturedCurve, Plan, PlannedFault, PlannedStream};

/// All of it. `description` is the profile's own.
#[must_use]
pub(crate) fn plan_report(description: Option<&str>, plan: &Plan, look: Look) -> String {
    let mut text = description.map(|description| format!("{description}\n")).unwrap_or_default();
    for note in &plan.notes {
        text += &format!("note: {note}\n");
    }
    text += &format!(
        "{}, seed {}, {}: {} events, {} on average, {} at most, about {}\n\n",
        plan.profile,
        plan.seed,
        figures::seconds(plan.duration_s),
        figures::count(plan.events),
        figures::rate(plan.mean_per_s),
        figures::rate(plan.peak_per_s),
        figures::bytes(plan.bytes)
    );
    text.extend(plan.streams.iter().map(stream));
    text.extend(plan.faults.iter().map(fault));
    text + &format!("\n{}\nfingerprint {}\n", charts(&plan.streams, look), plan.fingerprint)
}

/// Messages of each stream: where each goes, its key and headers, and the payload as it is.
#[must_use]
pub(crate) fn sample_report(streams: &[(String, Vec<Sampled>)]) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, messages) in streams {
        for (number, message) in messages.iter().enumerate() {
            text.extend(record_line(name, number + 1, message).into_bytes());
            for (header, value) in &message.headers {
                text.extend(format!("# {header}: {}\n", shown(value)).into_bytes());
            }
            if let Some(payload) = &message.payload {
                text.extend(message.decoded.clone().unwrap_or_else(|| shown(payload)).into_bytes());
                text.push(b'\n');
            }
        }
    }
    text
}

/// Where a message goes, its key, and how large its payload is.
fn record_line(name: &str, number: usize, message: &Sampled) -> String {
    let key_shown = |key: &Vec<u8>| message.decoded_key.clone().unwrap_or_else(|| shown(key));
    let key = message.key.as_ref().map_or("no key".to_owned(), |key| format!("key {}", key_shown(key)));
    let size = message.payload.as_ref().map_or("tombstone".to_owned(), |payload| figures::bytes(payload.len() as u64));
    let stamp = match message.timestamp_ms {
        None => String::new(),
        Some(-1) => ", no timestamp".to_owned(),
        Some(ms) => format!(", timestamp {ms}"),
    };
    format!("# {name} {number}, partition {}, {key}{stamp}, {size}\n", message.partition)
}

/// A text as it is; of other bytes, how many there are. None of them moves the terminal's cursor.
fn shown(bytes: &[u8]) -> String {
    let is_text = |text: &&str| text.chars().all(|next| !next.is_control() || matches!(next, '\n' | '\t' | '\r'));
    let text = std::str::from_utf8(bytes).ok().filter(is_text);
    text.map_or_else(|| format!("({} that are not text)", figures::bytes(bytes.len() as u64)), str::to_owned)
}

fn stream(stream: &PlannedStream) -> String {
    let copies = stream
        .copies
        .filter(|copies| *copies > 0)
        .map(|copies| format!(" and {} further copies", figures::count(copies)));
    let text = format!(
        "{} → {} ({} partitions, {} producers): {} events{}, {} on average, {} at most, about {}\n",
        stream.name,
        stream.topic,
        stream.partitions,
        stream.producers,
        figures::count(stream.events),
        copies.unwrap_or_default(),
        figures::rate(stream.mean_per_s),
        figures::rate(stream.peak_per_s),
        figures::bytes(stream.bytes)
    );
    text + &stream.captured.as_ref().map(captured).unwrap_or_default()
}

fn fault(fault: &PlannedFault) -> String {
    format!("second {} to {}  fault {}: {}\n", fault.from_s, fault.to_s, fault.name, fault.what)
}

/// What was captured, and how it is played: two lines.
fn captured(captured: &CapturedCurve) -> String {
    let clipped = if captured.clipped > 0.0 {
        format!(", {} events clipped", figures::count(captured.clipped.round() as u64))
    } else {
        String::new()
    };
    let fullest = captured.fullest_second.map(|most| format!("; the fullest second holds {}", figures::count(most)));
    format!(
        "  captured: {}, {} buckets of {}, {} events, {} on average, {} at most\n  played:   {} times as fast, {} times as high{clipped}{}\n",
        captured.file,
        figures::count(captured.buckets as u64),
        figures::seconds(captured.step_s),
        figures::count(captured.events.round() as u64),
        figures::rate(captured.mean_per_s),
        figures::rate(captured.peak_per_s),
        short(captured.speed),
        short(captured.scale),
        fullest.unwrap_or_default(),
    )
}

fn charts(streams: &[PlannedStream], look: Look) -> String {
    let captured: Vec<&[(f64, f64)]> =
        streams.iter().map(|stream| stream.captured.as_ref().map_or(&[][..], |captured| &captured.line)).collect();
    let series: Vec<RateSeries> =
        streams.iter().map(|stream| RateSeries { name: stream.name.clone(), points: stream.rate.clone() }).collect();
    rate_charts(&series, &captured, look.width)
}

/// A factor with four digits at most.
fn short(factor: f64) -> String {
    let decimals = (3 - factor.log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{factor:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_short() {
        assert_eq!([1.0, 60.0, 1.666_666, 0.012_345_6, 12_345.0].map(short), ["1", "60", "1.667", "0.01235", "12345"]);
    }
}
