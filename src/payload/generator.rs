//! Draws a field's values. Pure: the same seeds and place give the same value, in whatever order fields are asked for.

use std::borrow::Cow;

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal, weighted::WeightedAliasIndex};
use rand_xoshiro::SplitMix64;
use uuid::Uuid;

use super::field::{Field, FieldKind, LARGEST, LONGEST_TEXT, Law, Moment};
use crate::event::payload::Stamps;
use crate::event::time_form::{TimeForm, Unit};
use crate::event::time_writer::TimeWriter;

/// The digits after the point of a decimal, by default.
const DIGITS: u8 = 2;
/// The letters of texts: none of them is escaped in JSON, XML or CSV.
const LETTERS: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyzaeiou ";

/// What an event's fields are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSeeds {
    /// Belongs to the event alone.
    pub event: u64,
    /// Belongs to the event's key: the same for all its events. The event's own where there is no key.
    pub key: u64,
}

/// One value, as drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawn<'g> {
    /// A whole number.
    Integer(i64),
    /// `scaled` / 10^`digits`.
    Decimal {
        /// The number without its point.
        scaled: i64,
        /// Digits after the point.
        digits: u8,
    },
    /// A text, not escaped.
    Text(Cow<'g, str>),
    /// True or false.
    Boolean(bool),
    /// A random UUID.
    Uuid(Uuid),
    /// A moment, in microseconds since 1970.
    Time(i64),
}

/// Draws the values of one field.
#[derive(Debug, Clone)]
pub struct Generator {
    /// Tells the field from all others.
    tag: u64,
    by_key: bool,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Choice { values: Vec<String>, weights: Option<WeightedAliasIndex<f64>> },
    Integer(Numbers),
    Decimal { numbers: Numbers, digits: u8 },
    Boolean { share: f64 },
    Text { min: u32, max: u32 },
    Uuid,
    Time { of: Moment, within_us: u64, writer: TimeWriter },
}

/// A law of numbers, cut to its bounds.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    law: Law,
    /// Of the law: mean, median or nothing.
    centre: f64,
    /// Of the law: deviation, sigma or nothing.
    spread: f64,
    min: f64,
    max: f64,
}

impl Generator {
    /// For a field that keeps its rules; `name` tells it from the others.
    #[must_use]
    pub fn new(name: &str, field: &Field) -> Self {
        let kind = match field.kind {
            FieldKind::Choice => Kind::Choice { values: field.values.clone(), weights: weights_of(field) },
            FieldKind::List => Kind::Choice { values: field.listed.clone(), weights: None },
            FieldKind::Integer => Kind::Integer(Numbers::of(field)),
            FieldKind::Decimal => Kind::Decimal { numbers: Numbers::of(field), digits: field.digits.unwrap_or(DIGITS) },
            FieldKind::Boolean => Kind::Boolean { share: field.share.unwrap_or(0.5) },
            FieldKind::Text => {
                let characters = |number: Option<f64>| number.unwrap_or(0.0).clamp(0.0, LONGEST_TEXT) as u32;
                let min = characters(field.min);
                Kind::Text { min, max: characters(field.max).max(min) }
            }
            FieldKind::Uuid => Kind::Uuid,
            FieldKind::Time => {
                let form = field.format.as_deref().and_then(|text| text.parse().ok());
                Kind::Time {
                    of: field.of.unwrap_or(Moment::EventTime),
                    within_us: field.within.map_or(0, |within| within.as_nanos() / 1_000),
                    writer: TimeWriter::new(form.unwrap_or(TimeForm::Number(Unit::Ms)), Unit::Ms),
                }
            }
        };
        let tag = xxhash_rust::xxh3::xxh3_64(name.as_bytes());
        Generator { tag, by_key: field.belongs_to_key(), kind }
    }

    /// The same, with every text as `escape` writes it.
    #[must_use]
    pub(super) fn escaped(mut self, escape: impl Fn(&str) -> String) -> Self {
        if let Kind::Choice { values, .. } = &mut self.kind {
            values.iter_mut().for_each(|value| *value = escape(value));
        }
        self
    }

    /// Whether the field is a whole number.
    pub(super) fn is_integer(&self) -> bool {
        matches!(self.kind, Kind::Integer(_))
    }

    /// Whether the field is true or false.
    pub(super) fn is_boolean(&self) -> bool {
        matches!(self.kind, Kind::Boolean { .. })
    }

    /// The value for an event; `place` tells the turns of a repeated part from each other, 0 outside.
    #[must_use]
    pub fn draw(&self, seeds: FieldSeeds, place: u64, stamps: &Stamps) -> Drawn<'_> {
        let seed = if self.by_key { seeds.key } else { seeds.event };
        let mut random = SplitMix64::seed_from_u64(seed ^ self.tag.rotate_left(17) ^ place);
        match &self.kind {
            Kind::Choice { values, weights } => {
                let index = match weights {
                    Some(weights) => weights.sample(&mut random),
                    None => random.random_range(0..values.len().max(1)),
                };
                Drawn::Text(Cow::Borrowed(values.get(index).map_or("", String::as_str)))
            }
            Kind::Integer(numbers) => Drawn::Integer(numbers.draw_whole(1.0, &mut random)),
            Kind::Decimal { numbers, digits } => {
                let scale = libm::pow(10.0, f64::from(*digits));
                Drawn::Decimal { scaled: numbers.draw_whole(scale, &mut random), digits: *digits }
            }
            Kind::Boolean { share } => Drawn::Boolean(random.random::<f64>() < *share),
            Kind::Text { min, max } => {
                let length = random.random_range(*min..=*max) as usize;
                Drawn::Text(Cow::Owned(letters(length, &mut random)))
            }
            Kind::Uuid => Drawn::Uuid(random_uuid(&mut random)),
            Kind::Time { of, within_us, .. } => Drawn::Time(moment(*of, stamps, *within_us, &mut random)),
        }
    }

    /// Appends the value as text. It remembers the second that it wrote last, so each thread has its own.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, seeds: FieldSeeds, place: u64, stamps: &Stamps) {
        let time = self.write_all_but_times(out, seeds, place, stamps);
        if let (Some(us), Kind::Time { writer, .. }) = (time, &mut self.kind) {
            writer.write(out, us);
        }
    }

    /// Appends the value as text, except for a moment: that is returned, in microseconds since 1970.
    pub(super) fn write_all_but_times(
        &self,
        out: &mut Vec<u8>,
        seeds: FieldSeeds,
        place: u64,
        stamps: &Stamps,
    ) -> Option<i64> {
        match self.draw(seeds, place, stamps) {
            Drawn::Integer(number) => write_whole(out, number),
            Drawn::Decimal { scaled, digits } => write_decimal(out, scaled, digits),
            Drawn::Text(text) => out.extend_from_slice(text.as_bytes()),
            Drawn::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Drawn::Uuid(uuid) => {
                let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
                out.extend_from_slice(uuid.hyphenated().encode_lower(&mut text).as_bytes());
            }
            Drawn::Time(us) => return Some(us),
        }
        None
    }

    /// The most bytes that a value takes as text.
    #[must_use]
    pub(super) fn longest_bytes(&self) -> usize {
        match &self.kind {
            Kind::Choice { values, .. } => values.iter().map(String::len).max().unwrap_or(0),
            Kind::Integer(numbers) => numbers.longest_digits(),
            Kind::Decimal { numbers, digits } => numbers.longest_digits() + 1 + usize::from(*digits),
            Kind::Boolean { .. } => 5,
            Kind::Text { max, .. } => *max as usize,
            Kind::Uuid => uuid::fmt::Hyphenated::LENGTH,
            Kind::Time { .. } => 64,
        }
    }

    /// The largest whole number that is drawn.
    pub(super) fn largest(&self) -> u64 {
        match &self.kind {
            Kind::Integer(numbers) => numbers.max.max(0.0) as u64,
            _ => 0,
        }
    }
}

fn weights_of(field: &Field) -> Option<WeightedAliasIndex<f64>> {
    WeightedAliasIndex::new(field.weights.clone()).ok()
}

impl Numbers {
    fn of(field: &Field) -> Self {
        let law = field.law();
        let (centre, spread) = match law {
            Law::Uniform => (0.0, 0.0),
            Law::Normal => (field.mean.unwrap_or(0.0), field.deviation.unwrap_or(1.0)),
            Law::LogNormal => (field.median.unwrap_or(1.0), field.sigma.unwrap_or(1.0)),
            Law::Exponential => (field.mean.unwrap_or(1.0), 0.0),
        };
        let min = field.min.unwrap_or(if law == Law::Normal { -LARGEST } else { 0.0 });
        Numbers { law, centre, spread, min, max: field.max.unwrap_or(LARGEST).max(min) }
    }

    /// A number of the law, times `scale`, as a whole number.
    fn draw_whole(&self, scale: f64, random: &mut SplitMix64) -> i64 {
        let (least, most) = (whole(libm::ceil(self.min * scale)), whole(libm::floor(self.max * scale)));
        let number = match self.law {
            Law::Uniform => return random.random_range(least..=most.max(least)),
            Law::Normal => self.centre + self.spread * normal(random),
            Law::LogNormal => self.centre * libm::exp(self.spread * normal(random)),
            // 1 - u is never 0.
            Law::Exponential => -self.centre * libm::log(1.0 - random.random::<f64>()),
        };
        whole(libm::round(number * scale)).clamp(least, most.max(least))
    }

    fn longest_digits(&self) -> usize {
        let digits = |number: f64| itoa::Buffer::new().format(whole(number)).len();
        digits(self.min).max(digits(self.max))
    }
}

fn normal(random: &mut SplitMix64) -> f64 {
    StandardNormal.sample(random)
}

/// `as` saturates; what is drawn fits 64 bits or ends at their edge.
fn whole(number: f64) -> i64 {
    number as i64
}

fn letters(length: usize, random: &mut SplitMix64) -> String {
    let mut text = String::with_capacity(length + 12);
    while text.len() < length {
        let mut bits = random.next_u64();
        for _ in 0..12 {
            text.push(char::from(LETTERS[(bits & 31) as usize]));
            bits >>= 5;
        }
    }
    text.truncate(length);
    text
}

fn random_uuid(random: &mut SplitMix64) -> Uuid {
    let bits = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}

fn moment(of: Moment, stamps: &Stamps, within_us: u64, random: &mut SplitMix64) -> i64 {
    let us = match of {
        Moment::EventTime => stamps.event_time_ms.saturating_mul(1_000),
        Moment::Due => stamps.due_us.cast_signed(),
        Moment::Sent => stamps.sent_us.cast_signed(),
    };
    let before_us = if within_us == 0 { 0 } else { random.random_range(0..=within_us) };
    us.saturating_sub_unsigned(before_us)
}

fn write_whole(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// `-0.05`, `12.30`: as many digits after the point as `digits` says.
fn write_decimal(out: &mut Vec<u8>, scaled: i64, digits: u8) {
    if scaled < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(scaled.unsigned_abs()).as_bytes();
    let digits = usize::from(digits);
    if digits == 0 {
        return out.extend_from_slice(text);
    }
    if text.len() > digits {
        out.extend_from_slice(&text[..text.len() - digits]);
    } else {
        out.push(b'0');
    }
    out.push(b'.');
    out.resize(out.len() + digits.saturating_sub(text.len()), b'0');
    out.extend_from_slice(&text[text.len().saturating_sub(digits)..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAMPS: Stamps =
        Stamps { event_time_ms: 1_760_000_000_123, due_us: 1_760_000_001_000_000, sent_us: 1_760_000_002_000_000 };

    fn field(toml: &str) -> Field {
        let field: Field = toml::from_str(toml).unwrap();
        assert_eq!(field.faults(), [], "{toml}");
        field
    }

    fn texts(toml: &str, events: u64) -> Vec<String> {
        let mut generator = Generator::new("f", &field(toml));
        let text = |event| {
            let mut out = Vec::new();
            generator.write(&mut out, FieldSeeds { event, key: event % 3 }, 0, &STAMPS);
            String::from_utf8(out).unwrap()
        };
        (0..events).map(text).collect()
    }

    fn mean(toml: &str) -> f64 {
        let numbers = texts(toml, 20_000);
        numbers.iter().map(|text| text.parse::<f64>().unwrap()).sum::<f64>() / numbers.len() as f64
    }

    #[test]
    fn numbers_follow_their_law() {
        for (toml, expected) in [
            ("kind = 'integer'\nmin = 1\nmax = 9", 5.0),
            ("kind = 'decimal'\nmax = 10", 5.0),
            ("kind = 'decimal'\nlaw = 'normal'\nmean = 20\ndeviation = 2", 20.0),
            ("kind = 'decimal'\nlaw = 'exponential'\nmean = 20", 20.0),
            // The mean of a log-normal law is its median times exp(sigma^2 / 2).
            ("kind = 'decimal'\nlaw = 'log-normal'\nmedian = 20\nsigma = 0.5", 20.0 * (0.125_f64).exp()),
        ] {
            assert!((mean(toml) / expected - 1.0).abs() < 0.03, "{toml}: {} against {expected}", mean(toml));
        }
        let cut = texts("kind = 'integer'\nlaw = 'normal'\nmean = 0\ndeviation = 100\nmin = -3\nmax = 4", 200);
        assert!(cut.iter().all(|text| (-3..=4).contains(&text.parse().unwrap())), "{cut:?}");
    }

    #[test]
    fn weights_are_kept() {
        let drawn = texts("kind = 'choice'\nvalues = ['a', 'b', 'never']\nweights = [3, 1, 0]", 20_000);
        let share = |value: &str| drawn.iter().filter(|text| *text == value).count() as f64 / drawn.len() as f64;
        assert!((share("a") - 0.75).abs() < 0.02 && share("never") == 0.0, "{}", share("a"));
    }

    #[test]
    fn a_field_by_key_is_the_same_for_the_same_key() {
        let drawn = texts("kind = 'uuid'\nby = 'key'", 9);
        assert_eq!(drawn[..3], drawn[3..6]);
        assert_ne!(drawn[0], drawn[1]);
        assert!(drawn.iter().all(|text| Uuid::try_parse(text).unwrap().get_version_num() == 4));
    }

    #[test]
    fn a_moment_is_before_the_events_by_at_most_what_it_says() {
        let drawn = texts("kind = 'time'\nwithin = '5m'\nformat = 'rfc3339'", 500);
        let at = |text: &String| i64::try_from(TimeForm::Rfc3339.us_of_bytes(text.as_bytes()).unwrap()).unwrap();
        let event_us = STAMPS.event_time_ms * 1_000;
        let before: Vec<i64> = drawn.iter().map(|text| event_us - at(text)).collect();
        assert!(before.iter().all(|us| (0..=300_000_999).contains(us)), "{before:?}");
        assert!(before.iter().any(|us| *us > 200_000_000) && before.iter().any(|us| *us < 100_000_000));
    }

    #[test]
    fn what_a_field_needs_is_named() {
        for (toml, key, said) in [
            ("kind = 'choice'", "kind", "a choice needs `values`"),
            ("kind = 'choice'\nvalues = ['a']\nweights = [1, 2]", "weights", "there are 2 `weights` for 1 `values`"),
            ("kind = 'choice'\nvalues = ['a']\nweights = [0]", "weights", "at least one above 0"),
            ("kind = 'list'", "kind", "a list needs `file`"),
            ("kind = 'integer'", "kind", "uniform numbers need `max`"),
            ("kind = 'integer'\nlaw = 'normal'\nmean = 5", "law", "normal numbers need `deviation`"),
            ("kind = 'integer'\nmax = 9\nsigma = 1", "sigma", "does not apply to uniform numbers"),
            ("kind = 'integer'\nmin = 9\nmax = 1", "min", "`min` is 9, above `max`, which is 1"),
            ("kind = 'integer'\nmax = 1e300", "max", "limit 9007199254740992"),
            ("kind = 'decimal'\nmax = 1\ndigits = 12", "digits", "limit 9"),
            ("kind = 'text'\nmax = 2.5", "max", "whole numbers"),
            ("kind = 'boolean'\nshare = 7", "share", "from 0 to 1"),
            ("kind = 'uuid'\nmax = 7", "max", "only applies with kind = \"integer\" or"),
            ("kind = 'time'\nformat = 'soon'", "format", "is not a time format"),
            ("kind = 'time'\nby = 'key'", "by", "differs from event to event"),
        ] {
            let faults = toml::from_str::<Field>(toml).unwrap().faults();
            let found = faults.iter().any(|fault| fault.key == key && fault.message.contains(said));
            assert!(found, "{toml}: {faults:?}");
        }
    }

    proptest! {
        #[test]
        fn a_decimal_is_written_as_its_number(scaled in -1_000_000_000_i64..1_000_000_000, digits in 0..=9_u8) {
            let mut out = Vec::new();
            write_decimal(&mut out, scaled, digits);
            let text = String::from_utf8(out).unwrap();
            let expected = format!("{:.*}", usize::from(digits), scaled as f64 / 10_f64.powi(i32::from(digits)));
            prop_assert_eq!(text.trim_start_matches('-'), expected.trim_start_matches('-'));
            prop_assert!(serde_json::from_str::<f64>(&text).is_ok());
        }

        #[test]
        fn values_belong_to_their_event_field_and_place(event: u64, other: u64, place in 1..1000_u64) {
            prop_assume!(event != other);
            let rule = Field::of(FieldKind::Uuid);
            let (one, two) = (Generator::new("one", &rule), Generator::new("two", &rule));
            let seeds = FieldSeeds { event, key: 0 };
            let drawn = one.draw(seeds, 0, &STAMPS);
            prop_assert_eq!(&drawn, &one.draw(seeds, 0, &STAMPS));
            prop_assert_ne!(&drawn, &one.draw(FieldSeeds { event: other, key: 0 }, 0, &STAMPS));
            prop_assert_ne!(&drawn, &two.draw(seeds, 0, &STAMPS));
            prop_assert_ne!(&drawn, &one.draw(seeds, place, &STAMPS));
        }

        #[test]
        fn no_value_is_longer_than_it_says(event: u64) {
            for toml in [
                "kind = 'integer'\nlaw = 'normal'\nmean = 0\ndeviation = 1000", "kind = 'decimal'\nmin = -5\nmax = 12",
                "kind = 'text'\nmin = 1\nmax = 30", "kind = 'choice'\nvalues = ['a', 'bcd']", "kind = 'uuid'", "kind = 'boolean'",
            ] {
                let mut generator = Generator::new("f", &field(toml));
                let mut out = Vec::new();
                generator.write(&mut out, FieldSeeds { event, key: 0 }, 0, &STAMPS);
                prop_assert!(out.len() <= generator.longest_bytes(), "{toml}");
            }
        }
    }
}
