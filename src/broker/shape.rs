//! The shape of a message: which parts it has, one after the other, and whether bytes contain all that their lengths claim.
//!
//! The decoder reserves memory for as many elements as an array claims to have. A frame of a few bytes could claim two thousand million,
//! and kill the process. So every length is first compared with what the frame really contains.

use bytes::Buf;

/// More elements than any message has, and few enough to fit into memory.
const MAX_ELEMENTS: usize = 1_000_000;

/// A part of a message.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// Numbers: this many bytes.
    Fixed(usize),
    /// A string or null.
    Text,
    /// Bytes or null.
    Blob,
    /// An array of numbers of this many bytes, or null.
    Numbers(usize),
    /// An array of strings, or null.
    Texts,
    /// An array of structures, or null.
    List(&'static [Field]),
}

use Part::{Blob, Fixed, List, Numbers, Text, Texts};

/// A part, and the first and last version that have it.
#[derive(Debug, Clone, Copy)]
pub struct Field(i16, i16, Part);

const LAST: i16 = i16::MAX;

/// A part that every version has.
#[must_use]
pub const fn all(part: Part) -> Field {
    Field(0, LAST, part)
}

/// A part that has been there since this version.
#[must_use]
pub const fn since(version: i16, part: Part) -> Field {
    Field(version, LAST, part)
}

/// A part that has been gone after this version.
#[must_use]
pub const fn until(version: i16, part: Part) -> Field {
    Field(0, version, part)
}

/// A part that only these versions have.
#[must_use]
pub const fn between(first: i16, last: i16, part: Part) -> Field {
    Field(first, last, part)
}

/// What follows a message in `body`; none if it does not end within it. `flexible` versions have compact lengths and tagged fields.
#[must_use]
pub fn after<'a>(fields: &[Field], version: i16, flexible: bool, body: &'a [u8]) -> Option<&'a [u8]> {
    let mut walk = Walk { rest: body, version, flexible, elements_left: MAX_ELEMENTS };
    walk.structure(fields)?;
    Some(walk.rest)
}

struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    flexible: bool,
    elements_left: usize,
}

/// Each step returns none if the frame is too short for it.
impl Walk<'_> {
    fn structure(&mut self, fields: &[Field]) -> Option<()> {
        for Field(first, last, part) in fields {
            if (*first..=*last).contains(&self.version) {
                self.part(*part)?;
            }
        }
        if self.flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let size = self.varint()?;
                self.skip(size as usize)?;
            }
        }
        Some(())
    }

    fn part(&mut self, part: Part) -> Option<()> {
        match part {
            Fixed(bytes) => self.skip(bytes),
            Text => {
                let length = if self.flexible { self.compact_length()? } else { self.rest.try_get_i16().ok()?.into() };
                self.skip_nullable(length)
            }
            Blob => {
                let length = self.length()?;
                self.skip_nullable(length)
            }
            Numbers(bytes) => {
                let count = self.count()?;
                self.skip(count.checked_mul(bytes)?)
            }
            Texts => (0..self.count()?).try_for_each(|_| self.part(Text)),
            List(fields) => (0..self.count()?).try_for_each(|_| self.structure(fields)),
        }
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.rest = self.rest.get(bytes..)?;
        Some(())
    }

    /// -1 is null.
    fn skip_nullable(&mut self, length: i64) -> Option<()> {
        if length == -1 { Some(()) } else { self.skip(usize::try_from(length).ok()?) }
    }

    fn length(&mut self) -> Option<i64> {
        if self.flexible { self.compact_length() } else { self.rest.try_get_i32().ok().map(i64::from) }
    }

    fn compact_length(&mut self) -> Option<i64> {
        Some(i64::from(self.varint()?) - 1)
    }

    /// The number of an array's elements; none for null.
    fn count(&mut self) -> Option<usize> {
        let length = self.length()?;
        let count = if length == -1 { 0 } else { usize::try_from(length).ok()? };
        self.elements_left = self.elements_left.checked_sub(count)?;
        Some(count)
    }

    fn varint(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.rest.try_get_u8().ok()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}
