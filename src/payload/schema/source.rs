//! Where the value of a field comes from: a part of the event, a rule, or the field's type alone. Pure: a value belongs to its event, field and
//! turn, in whatever order fields are written.

use std::fmt;

use jiff::Timestamp;
use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::SplitMix64;
use uuid::Uuid;

use super::Fact;
use crate::event::payload::Stamps;
use crate::event::time_form::{TimeForm, Unit};
use crate::event::time_writer::TimeWriter;
use crate::payload::{Drawn, FieldSeeds, Generator};

/// How much longer than the shortest a text drawn by type may be, in characters.
const TEXT_CHARACTERS: std::ops::RangeInclusive<usize> = 6..=14;
/// Whole numbers by type stay below, where their type does not say more.
const USUAL_NUMBERS: i64 = 1_000_000;
const US_PER_DAY: i64 = 86_400_000_000;

/// All of an event that a payload is filled from.
#[derive(Debug, Clone, Copy)]
pub struct SchemaEvent<'e> {
    /// Its identity.
    pub id: Uuid,
    /// Its times.
    pub stamps: &'e Stamps,
    /// Its key; empty without one.
    pub key: &'e [u8],
    /// Its number among its producer's events.
    pub sequence: u64,
    /// What its fields are drawn from.
    pub seeds: FieldSeeds,
}

impl SchemaEvent<'_> {
    fn time_us(&self, fact: Fact) -> i64 {
        match fact {
            Fact::Due => self.stamps.due_us.cast_signed(),
            Fact::Sent => self.stamps.sent_us.cast_signed(),
            _ => self.stamps.event_time_ms.saturating_mul(1_000),
        }
    }
}

/// What a whole number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Nothing in particular.
    Plain,
    /// Time since 1970.
    Epoch(Unit),
    /// Days since 1970.
    Days,
    /// Time since midnight.
    OfDay(Unit),
}

/// A whole number between bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) count: Count,
    pub(super) min: i64,
    pub(super) max: i64,
}

impl Whole {
    pub(super) const LONG: Whole = Whole { count: Count::Plain, min: i64::MIN, max: i64::MAX };
    pub(super) const INT: Whole = Whole { count: Count::Plain, min: i32::MIN as i64, max: i32::MAX as i64 };

    pub(super) fn counting(self, count: Count) -> Self {
        Whole { count, ..self }
    }

    /// Whether it holds microseconds since 1970.
    pub(super) fn is_long(&self) -> bool {
        self.max >= 1 << 52
    }

    /// Whether it holds seconds since 1970.
    pub(super) fn is_int(&self) -> bool {
        self.max >= i64::from(i32::MAX)
    }

    pub(super) fn takes(&self, number: i64) -> bool {
        (self.min..=self.max).contains(&number)
    }

    /// A moment, in microseconds since 1970, as this number.
    pub(super) fn of_us(&self, us: i64) -> i64 {
        match self.count {
            Count::Plain => us.div_euclid(1_000),
            Count::Epoch(unit) => in_unit(us, unit),
            Count::Days => us.div_euclid(US_PER_DAY),
            Count::OfDay(unit) => in_unit(us.rem_euclid(US_PER_DAY), unit),
        }
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            Count::Days => out.write_str("a day"),
            Count::OfDay(_) => out.write_str("a time of day"),
            Count::Epoch(_) => out.write_str("a timestamp"),
            Count::Plain if *self == Whole::LONG => out.write_str("a whole number of 64 bits"),
            Count::Plain if *self == Whole::INT => out.write_str("a whole number of 32 bits"),
            Count::Plain => write!(out, "a whole number from {} to {}", self.min, self.max),
        }
    }
}

fn in_unit(us: i64, unit: Unit) -> i64 {
    match unit {
        Unit::S => us.div_euclid(1_000_000),
        Unit::Ms => us.div_euclid(1_000),
        Unit::Us => us,
        Unit::Ns => us.saturating_mul(1_000),
    }
}

/// Where the value of a field comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Id,
    Key,
    Sequence,
    Time {
        fact: Fact,
        form: TimeForm,
        writer: Box<TimeWriter>,
    },
    Rule(Box<Generator>),
    /// The field's type alone; the number tells the field from others.
    OfType(u64),
}

impl Source {
    pub(super) fn of_type(path: &str) -> Self {
        Source::OfType(tag(path))
    }

    pub(super) fn of_fact(fact: Fact, form: Option<TimeForm>) -> Self {
        match fact {
            Fact::Id => Source::Id,
            Fact::Key => Source::Key,
            Fact::Sequence => Source::Sequence,
            Fact::Due | Fact::Sent | Fact::EventTime => {
                let form = form.unwrap_or_default();
                let precision = if fact == Fact::EventTime { Unit::Ms } else { Unit::Us };
                Source::Time { fact, writer: Box::new(TimeWriter::new(form.clone(), precision)), form }
            }
        }
    }

    /// Appends a text.
    pub(super) fn write_text(
        &mut self,
        out: &mut Vec<u8>,
        event: &SchemaEvent<'_>,
        turn: u64,
        least: usize,
        most: Option<usize>,
    ) {
        match self {
            Source::Id => write_uuid(out, event.id),
            Source::Key => out.extend_from_slice(String::from_utf8_lossy(event.key).as_bytes()),
            Source::Sequence => out.extend_from_slice(itoa::Buffer::new().format(event.sequence).as_bytes()),
            Source::Time { fact, writer, .. } => writer.write(out, event.time_us(*fact)),
            Source::Rule(rule) => rule.write(out, event.seeds, turn, event.stamps),
            Source::OfType(tag) => {
                let mut random = random(*tag, event, turn);
                let most = most.unwrap_or(usize::MAX);
                let usual = random.random_range(TEXT_CHARACTERS);
                write_letters(out, usual.clamp(least.min(most), most), &mut random);
            }
        }
    }

    /// Appends a moment as RFC 3339 has it.
    pub(super) fn write_moment(&mut self, out: &mut Vec<u8>, event: &SchemaEvent<'_>, turn: u64) {
        if let Source::Time { fact, writer, .. } = self {
            return writer.write(out, event.time_us(*fact));
        }
        let moment = Timestamp::from_microsecond(self.moment_us(event, turn)).unwrap_or_default();
        out.extend_from_slice(format!("{moment:.3}").as_bytes());
    }

    /// A moment, in microseconds since 1970: by type it is the event time.
    pub(super) fn moment_us(&self, event: &SchemaEvent<'_>, turn: u64) -> i64 {
        match self {
            Source::Time { fact, .. } => event.time_us(*fact),
            Source::Rule(rule) => match rule.draw(event.seeds, turn, event.stamps) {
                Drawn::Time(us) => us,
                _ => event.time_us(Fact::EventTime),
            },
            _ => event.time_us(Fact::EventTime),
        }
    }

    /// A UUID.
    pub(super) fn uuid(&self, event: &SchemaEvent<'_>, turn: u64) -> Uuid {
        match self {
            Source::Id => event.id,
            Source::Rule(rule) => match rule.draw(event.seeds, turn, event.stamps) {
                Drawn::Uuid(uuid) => uuid,
                Drawn::Text(text) => Uuid::try_parse(&text).unwrap_or_default(),
                _ => Uuid::nil(),
            },
            other => {
                let mut random = random(other.tag(), event, turn);
                let bits = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
                uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
            }
        }
    }

    /// A whole number within its bounds.
    pub(super) fn whole(&mut self, event: &SchemaEvent<'_>, turn: u64, whole: &Whole) -> i64 {
        let number = match self {
            Source::Time { fact, form, .. } => {
                let unit = if let TimeForm::Number(unit) = form { *unit } else { Unit::Ms };
                in_unit(event.time_us(*fact), unit)
            }
            Source::Sequence => event.sequence.cast_signed(),
            Source::Rule(rule) => whole_of(rule, event, turn, whole),
            other => match whole.count {
                Count::Plain => usual_number(&mut random(other.tag(), event, turn), whole),
                _ => whole.of_us(event.time_us(Fact::EventTime)),
            },
        };
        number.clamp(whole.min, whole.max)
    }

    /// A number with a fraction.
    pub(super) fn fraction(&self, event: &SchemaEvent<'_>, turn: u64) -> f64 {
        match self {
            Source::Time { fact, form, .. } => {
                let us = event.time_us(*fact) as f64;
                match form {
                    TimeForm::Number(Unit::S) => us / 1e6,
                    TimeForm::Number(Unit::Us) => us,
                    TimeForm::Number(Unit::Ns) => us * 1e3,
                    _ => us / 1e3,
                }
            }
            Source::Rule(rule) => match rule.draw(event.seeds, turn, event.stamps) {
                Drawn::Integer(number) => number as f64,
                Drawn::Decimal { scaled, digits } => scaled as f64 / libm::pow(10.0, f64::from(digits)),
                Drawn::Text(text) => text.parse().unwrap_or_default(),
                _ => 0.0,
            },
            other => random(other.tag(), event, turn).random_range(0..100_000_i32) as f64 / 100.0,
        }
    }

    /// A decimal without its point.
    pub(super) fn unscaled(&self, event: &SchemaEvent<'_>, turn: u64, precision: usize, scale: usize) -> i128 {
        let most = power_of_ten(precision.min(38)) - 1;
        let number = match self {
            Source::Rule(rule) => match rule.draw(event.seeds, turn, event.stamps) {
                Drawn::Integer(number) => i128::from(number).saturating_mul(power_of_ten(scale)),
                Drawn::Decimal { scaled, digits } => rescaled(i128::from(scaled), usize::from(digits), scale),
                _ => 0,
            },
            other => {
                let mut random = random(other.tag(), event, turn);
                // Three digits before the point, as far as there are so many.
                i128::from(random.random_range(0..i64::MAX)) % power_of_ten((scale + 3).min(18)).min(most + 1)
            }
        };
        number.clamp(-most, most)
    }

    /// Appends bytes: `exactly` so many, or as many as there are.
    pub(super) fn write_bytes(
        &mut self,
        out: &mut Vec<u8>,
        event: &SchemaEvent<'_>,
        turn: u64,
        exactly: Option<usize>,
    ) {
        let start = out.len();
        match self {
            Source::Id => out.extend_from_slice(event.id.as_bytes()),
            Source::Key => out.extend_from_slice(event.key),
            Source::Rule(rule) => match rule.draw(event.seeds, turn, event.stamps) {
                Drawn::Uuid(uuid) => out.extend_from_slice(uuid.as_bytes()),
                Drawn::Text(text) => out.extend_from_slice(text.as_bytes()),
                _ => {}
            },
            other => {
                let mut random = random(other.tag(), event, turn);
                let length = exactly.unwrap_or(16);
                while out.len() < start + length {
                    out.extend_from_slice(&random.next_u64().to_le_bytes());
                }
                out.truncate(start + length);
            }
        }
        if let Some(bytes) = exactly {
            out.resize(start + bytes, 0);
        }
    }

    /// True or false.
    pub(super) fn boolean(&self, event: &SchemaEvent<'_>, turn: u64) -> bool {
        match self {
            Source::Rule(rule) => rule.draw(event.seeds, turn, event.stamps) == Drawn::Boolean(true),
            other => random(other.tag(), event, turn).random(),
        }
    }

    /// The position of one of `symbols`.
    pub(super) fn symbol(&self, event: &SchemaEvent<'_>, turn: u64, symbols: &[String]) -> usize {
        match self {
            Source::Rule(rule) => match rule.draw(event.seeds, turn, event.stamps) {
                Drawn::Text(text) => symbols.iter().position(|symbol| *symbol == text).unwrap_or(0),
                _ => 0,
            },
            other => other.up_to(event, turn, symbols.len().max(1)),
        }
    }

    /// A number below `count`.
    pub(super) fn up_to(&self, event: &SchemaEvent<'_>, turn: u64, count: usize) -> usize {
        random(self.tag(), event, turn).random_range(0..count.max(1))
    }

    fn tag(&self) -> u64 {
        if let Source::OfType(tag) = self { *tag } else { 0 }
    }
}

/// How many items a list or map has, which nothing else says.
pub(super) fn usual_length(tag: u64, event: &SchemaEvent<'_>, turn: u64) -> u64 {
    random(tag, event, turn).random_range(1..=3)
}

/// The turn of an item: the place of the list itself, and the item's in it.
pub(super) fn turn_of(turn: u64, item: u64) -> u64 {
    turn.wrapping_mul(0x100_0001).wrapping_add(item + 1)
}

/// Tells a field from all others.
pub(super) fn tag(path: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(path.as_bytes())
}

fn random(tag: u64, event: &SchemaEvent<'_>, turn: u64) -> SplitMix64 {
    SplitMix64::seed_from_u64(event.seeds.event ^ tag.rotate_left(17) ^ turn)
}

fn whole_of(rule: &mut Generator, event: &SchemaEvent<'_>, turn: u64, whole: &Whole) -> i64 {
    let us = match rule.draw(event.seeds, turn, event.stamps) {
        Drawn::Integer(number) => return number,
        Drawn::Text(text) => return text.parse().unwrap_or_default(),
        Drawn::Time(us) if whole.count != Count::Plain => return whole.of_us(us),
        Drawn::Time(us) => us,
        _ => return 0,
    };
    // As the rule's own form has it.
    let mut text = Vec::new();
    rule.write(&mut text, event.seeds, turn, event.stamps);
    std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| whole.of_us(us))
}

fn usual_number(random: &mut SplitMix64, whole: &Whole) -> i64 {
    let least = whole.min.max(0.min(whole.max));
    let most = whole.max.min(least.saturating_add(USUAL_NUMBERS - 1)).max(least);
    random.random_range(least..=most)
}

pub(super) fn power_of_ten(digits: usize) -> i128 {
    10_i128.checked_pow(u32::try_from(digits).unwrap_or(u32::MAX)).unwrap_or(i128::MAX)
}

fn rescaled(scaled: i128, from: usize, to: usize) -> i128 {
    if to >= from { scaled.saturating_mul(power_of_ten(to - from)) } else { scaled / power_of_ten(from - to) }
}

pub(super) fn write_uuid(out: &mut Vec<u8>, uuid: Uuid) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    out.extend_from_slice(uuid.hyphenated().encode_lower(&mut text).as_bytes());
}

fn write_letters(out: &mut Vec<u8>, characters: usize, random: &mut SplitMix64) {
    let end = out.len() + characters;
    while out.len() < end {
        let mut bits = random.next_u64();
        for _ in 0..12 {
            out.push(b'a' + (bits & 31) as u8 % 26);
            bits >>= 5;
        }
    }
    out.truncate(end);
}
