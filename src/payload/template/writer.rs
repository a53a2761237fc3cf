//! Writes a template's pieces for an event.

use std::sync::Arc;

use super::{Pick, Piece, Template};
use crate::event::payload::{self, Size, Stamps, TODAYS_ID, TODAYS_STAMPS};
use crate::event::place::Part;
use crate::event::time_form::TimeForm;
use crate::event::time_writer::TimeWriter;
use crate::payload::encoder::EventParts;
use crate::payload::generator::{Drawn, FieldSeeds, Generator};

/// How many events are written to learn a template's mean size.
const SAMPLED: u64 = 256;

/// Writes events; each thread has its own.
#[derive(Debug, Clone)]
pub(in crate::payload) struct TemplateWriter {
    template: Arc<Template>,
    generators: Vec<Generator>,
    times: Vec<TimeWriter>,
}

/// What the pieces of one event are written from.
struct Writing<'w, 'e> {
    kinds: &'w [(Part, TimeForm)],
    generators: &'w mut [Generator],
    times: &'w mut [TimeWriter],
    event: &'w EventParts<'e>,
    /// Where the filler goes, once its place is reached.
    filler_at: Option<usize>,
}

impl TemplateWriter {
    pub(in crate::payload) fn new(template: Arc<Template>) -> Self {
        let writer = |(part, form): &(Part, TimeForm)| TimeWriter::new(form.clone(), part.own_unit());
        let times = template.times.iter().map(writer).collect();
        TemplateWriter { generators: template.generators.clone(), times, template }
    }

    /// Appends the payload of an event. Only a template with a place for filler minds the size.
    pub(in crate::payload) fn write(&mut self, out: &mut Vec<u8>, event: &EventParts<'_>, size: Size) {
        let start = out.len();
        let TemplateWriter { template, generators, times } = self;
        let mut writing = Writing { kinds: &template.times, generators, times, event, filler_at: None };
        writing.pieces(out, template.variant_for(event), 0);
        let Some(at) = writing.filler_at else { return };
        let bytes = match size {
            Size::Filler(bytes) => bytes as usize,
            Size::Whole(bytes) => (bytes as usize).saturating_sub(out.len() - start),
        };
        payload::write_filler(out, event.id, bytes);
        out[at..].rotate_right(bytes);
    }
}

impl Writing<'_, '_> {
    /// `place` tells the turns of repeated parts from each other.
    fn pieces(&mut self, out: &mut Vec<u8>, pieces: &[Piece], place: u64) {
        for piece in pieces {
            self.piece(out, piece, place);
        }
    }

    fn piece(&mut self, out: &mut Vec<u8>, piece: &Piece, place: u64) {
        let EventParts { id, stamps, seeds, .. } = *self.event;
        match piece {
            Piece::Text(text) => out.extend_from_slice(text),
            Piece::Id => {
                let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
                out.extend_from_slice(id.to_uuid().hyphenated().encode_lower(&mut text).as_bytes());
            }
            Piece::Time(slot) => self.times[*slot].write(out, time_of(self.kinds[*slot].0, stamps)),
            Piece::Key => {
                if let Some(key) = self.event.key.clone() {
                    out.extend_from_within(key);
                }
            }
            Piece::Sequence => out.extend_from_slice(itoa::Buffer::new().format(id.sequence).as_bytes()),
            Piece::Filler => self.filler_at = Some(out.len()),
            Piece::Field(field) => self.generators[*field].write(out, seeds, place, stamps),
            Piece::If { holds, body } => {
                if self.generators[*holds].draw(seeds, place, stamps) == Drawn::Boolean(true) {
                    self.pieces(out, body, place);
                }
            }
            Piece::Repeat { times, separator, body } => {
                let Drawn::Integer(turns) = self.generators[*times].draw(seeds, place, stamps) else { return };
                for turn in 0..turns.max(0).cast_unsigned() {
                    if turn > 0 {
                        out.extend_from_slice(separator);
                    }
                    self.pieces(out, body, turn_of(place, turn));
                }
            }
        }
    }
}

/// The place of a turn inside another place: different for each.
fn turn_of(place: u64, turn: u64) -> u64 {
    (place ^ (turn + 1)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn time_of(part: Part, stamps: &Stamps) -> i64 {
    match part {
        Part::Due => stamps.due_us.cast_signed(),
        Part::Sent => stamps.sent_us.cast_signed(),
        Part::EventTime | Part::Id => stamps.event_time_ms.saturating_mul(1_000),
    }
}

impl Template {
    /// The pieces that are written for an event.
    fn variant_for(&self, event: &EventParts<'_>) -> &[Piece] {
        let variants = self.variants.len() as u64;
        let place = match self.pick {
            _ if variants <= 1 => 0,
            // The high half of a product is as even as the bits are (Lemire: Fast random integer generation in an interval, 2019).
            Pick::Drawn => ((u128::from(event.seeds.event) * u128::from(variants)) >> 64) as u64,
            Pick::InOrder { producers } => {
                (event.id.sequence * u64::from(producers) + u64::from(event.id.producer)) % variants
            }
        };
        self.variants.get(place as usize).map_or(&[], Vec::as_slice)
    }

    /// The mean size of some events, in bytes.
    pub(super) fn sampled_mean(&self) -> f64 {
        let mut writer = TemplateWriter::new(Arc::new(self.clone()));
        let mut out = Vec::new();
        for event in 0..SAMPLED {
            let seeds = FieldSeeds { event: event.wrapping_mul(0x9E37_79B9_7F4A_7C15), key: event };
            let key = b"k123";
            let start = out.len();
            out.extend_from_slice(key);
            let parts = EventParts {
                id: TODAYS_ID,
                stamps: &TODAYS_STAMPS,
                key: Some(start..start + key.len()),
                size_bytes: 0,
                seeds,
            };
            writer.write(&mut out, &parts, Size::Filler(0));
        }
        out.len() as f64 / SAMPLED as f64 - 4.0
    }
}
