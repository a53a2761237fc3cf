//! The form of every ledger file: a frame that reveals damaged, cut or foreign files, and the parts of its body.
//!
//! A file is: the magic bytes, the format's version, the role, the length and the XXH3 hash of the body, then the body.
//! The body is a JSON header, the sets in roaring's portable format and the histograms in HdrHistogram's V2 format, which other tools read;
//! for event times and windows, the header holds everything. Each part is preceded by its length. All numbers are little-endian.

use std::io::{self, Read, Write};

use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use roaring::RoaringTreemap;
use serde::{Serialize, de::DeserializeOwned};

use crate::latency::LatencyHistogram;

const MAGIC: [u8; 8] = *b"FLOODLED";
const VERSION: u16 = 4;
/// The oldest that is read: what was added since may be absent.
const OLDEST_VERSION: u16 = 3;

/// Which side of a stream a ledger file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What was sent.
    Produced,
    /// What was seen at a stage.
    Delivered,
    /// The figures of the event times at a stage.
    EventTimes,
    /// What a stage recorded for a pipeline's windows.
    Windows,
}

impl Role {
    fn tag(self) -> u8 {
        match self {
            Role::Produced => b'P',
            Role::Delivered => b'D',
            Role::EventTimes => b'E',
            Role::Windows => b'W',
        }
    }

    fn of(tag: u8) -> Option<Self> {
        [Role::Produced, Role::Delivered, Role::EventTimes, Role::Windows].into_iter().find(|role| role.tag() == tag)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Role::Produced => "what was sent",
            Role::Delivered => "what was seen",
            Role::EventTimes => "event times",
            Role::Windows => "windows",
        })
    }
}

/// Why a ledger file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerFileError {
    /// The file system fails.
    #[error("the ledger file cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// Another kind of file.
    #[error("this is not a ledger file; floodmark writes ledger files to a run's folder `ledger/`")]
    Foreign,
    /// Of a newer floodmark.
    #[error(
        "the ledger file has format {found}, but this version of floodmark reads formats {OLDEST_VERSION} to {VERSION}; use the version that wrote it"
    )]
    Version {
        /// The format's number in the file.
        found: u16,
    },
    /// The other side's file.
    #[error("the ledger file holds {found}, but {wanted} is needed here; use the other file")]
    OtherRole {
        /// What the file holds.
        found: Role,
        /// What was asked for.
        wanted: Role,
    },
    /// The end is missing.
    #[error("the ledger file is cut short: it has {have} of {wanted} bytes; copy it again")]
    Cut {
        /// Bytes that are there.
        have: u64,
        /// Bytes that should be.
        wanted: u64,
    },
    /// Something in it was changed.
    #[error("the ledger file is damaged ({what}); copy it again")]
    Damaged {
        /// What does not fit.
        what: String,
    },
}

/// Writes figures as one file, all in its header.
///
/// # Errors
/// [`LedgerFileError::Io`] when the writer fails.
pub(crate) fn write_figures(role: Role, figures: &impl Serialize, to: &mut impl Write) -> Result<(), LedgerFileError> {
    let mut body = Body::default();
    body.json(figures)?;
    body.write_to(role, to)
}

/// Reads a file of [`write_figures`].
///
/// # Errors
/// [`LedgerFileError`], which says what is wrong with the file.
pub(crate) fn read_figures<T: DeserializeOwned>(role: Role, from: &mut impl Read) -> Result<T, LedgerFileError> {
    let body = read_body(role, from)?;
    let mut parts = Parts { rest: &body };
    let figures = parts.json()?;
    parts.end()?;
    Ok(figures)
}

/// A body under construction.
#[derive(Default)]
pub(super) struct Body {
    bytes: Vec<u8>,
}

impl Body {
    fn part(&mut self, bytes: &[u8]) {
        self.bytes.extend((bytes.len() as u64).to_le_bytes());
        self.bytes.extend(bytes);
    }

    pub(super) fn json(&mut self, header: &impl Serialize) -> Result<(), LedgerFileError> {
        let json = serde_json::to_vec(header).map_err(io::Error::from)?;
        self.part(&json);
        Ok(())
    }

    pub(super) fn set(&mut self, set: &RoaringTreemap) -> Result<(), LedgerFileError> {
        self.bytes.extend((set.serialized_size() as u64).to_le_bytes());
        Ok(set.serialize_into(&mut self.bytes)?)
    }

    pub(super) fn histogram(&mut self, latencies: &LatencyHistogram) -> Result<(), LedgerFileError> {
        let mut bytes = Vec::new();
        let serialized = V2Serializer::new().serialize(latencies.nanos(), &mut bytes);
        serialized.map_err(|error| io::Error::other(format!("a histogram: {error}")))?;
        self.part(&bytes);
        Ok(())
    }

    pub(super) fn write_to(self, role: Role, to: &mut impl Write) -> Result<(), LedgerFileError> {
        to.write_all(&MAGIC)?;
        to.write_all(&VERSION.to_le_bytes())?;
        to.write_all(&[role.tag()])?;
        to.write_all(&(self.bytes.len() as u64).to_le_bytes())?;
        to.write_all(&xxhash_rust::xxh3::xxh3_64(&self.bytes).to_le_bytes())?;
        Ok(to.write_all(&self.bytes)?)
    }
}

/// Reads up to the end of the body, and checks that it is whole.
pub(super) fn read_body(wanted: Role, from: &mut impl Read) -> Result<Vec<u8>, LedgerFileError> {
    let mut head = Vec::new();
    from.take(27).read_to_end(&mut head)?;
    let known = head.len().min(MAGIC.len());
    if known == 0 || head[..known] != MAGIC[..known] {
        return Err(LedgerFileError::Foreign);
    }
    let &[_, _, _, _, _, _, _, _, v0, v1, role, ref rest @ ..] = head.as_slice() else {
        return Err(LedgerFileError::Cut { have: head.len() as u64, wanted: 27 });
    };
    let found = u16::from_le_bytes([v0, v1]);
    if !(OLDEST_VERSION..=VERSION).contains(&found) {
        return Err(LedgerFileError::Version { found });
    }
    let role = Role::of(role).ok_or_else(|| damaged("its role is unknown"))?;
    if role != wanted {
        return Err(LedgerFileError::OtherRole { found: role, wanted });
    }
    let Some((length, hash)) = rest
        .split_first_chunk::<8>()
        .zip(rest.last_chunk::<8>())
        .filter(|_| rest.len() == 16)
        .map(|((length, _), hash)| (u64::from_le_bytes(*length), u64::from_le_bytes(*hash)))
    else {
        return Err(LedgerFileError::Cut { have: head.len() as u64, wanted: 27 });
    };
    let mut body = Vec::new();
    from.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err(LedgerFileError::Cut { have: 27 + body.len() as u64, wanted: length.saturating_add(27) });
    }
    if xxhash_rust::xxh3::xxh3_64(&body) != hash {
        return Err(damaged("its bytes do not match its hash"));
    }
    Ok(body)
}

pub(super) fn damaged(what: impl Into<String>) -> LedgerFileError {
    LedgerFileError::Damaged { what: what.into() }
}

/// The parts of a body that have not been read yet.
pub(super) struct Parts<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn part(&mut self) -> Result<&'a [u8], LedgerFileError> {
        let (length, rest) = self.rest.split_first_chunk::<8>().ok_or_else(|| damaged("a part is missing"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged("a part is too long"))?;
        let (part, rest) = rest.split_at_checked(length).ok_or_else(|| damaged("a part is too long"))?;
        self.rest = rest;
        Ok(part)
    }

    pub(super) fn json<T: DeserializeOwned>(&mut self) -> Result<T, LedgerFileError> {
        serde_json::from_slice(self.part()?).map_err(|error| damaged(format!("its header: {error}")))
    }

    pub(super) fn set(&mut self) -> Result<RoaringTreemap, LedgerFileError> {
        RoaringTreemap::deserialize_from(self.part()?).map_err(|error| damaged(format!("a set: {error}")))
    }

    pub(super) fn histogram(
        &mut self,
        (negative, most_negative_ns): (u64, u64),
    ) -> Result<LatencyHistogram, LedgerFileError> {
        let read = Deserializer::new()
            .deserialize::<u64, _>(&mut self.part()?)
            .map_err(|error| damaged(format!("a histogram: {error}")))?;
        LatencyHistogram::from_parts(&read, negative, most_negative_ns)
            .map_err(|error| damaged(format!("a histogram: {error}")))
    }

    pub(super) fn end(&self) -> Result<(), LedgerFileError> {
        if self.rest.is_empty() { Ok(()) } else { Err(damaged("there is more after its last part")) }
    }
}
