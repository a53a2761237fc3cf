//! Records that are sent again at the distances at which they were recorded: each with its key and its payload.
//!
//! The doc comments here, too, are what `floodmark schema profile` shows in an editor.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3Default;

use super::{fault::Faults, units::Span};
use crate::event::time_form::TimeForm;

/// As many bytes of records are kept in memory.
pub(crate) const MOST_RECORDS_BYTES: usize = 256 << 20;

/// The payload of each record; none where the file has no column of them.
type Payloads = Option<Vec<Vec<u8>>>;

/// Records to send again, instead of a rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// The file, relative to the profile's folder: CSV with the columns `timestamp`, and `key` and `payload` where events have them; a record without a payload is a tombstone. Without a column of payloads, events carry what `payload` says.
    pub file: String,
    /// Sends them this many times faster: the distances between them are divided by it. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// The fingerprint of the records, as recorded in a run's manifest: a file with others is refused. Default: any are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The file's records, once they are read.
    #[serde(skip)]
    pub(super) read: Option<Arc<Recorded>>,
}

/// Records as they were recorded, in the order of their times.
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    /// How long after the first, in microseconds.
    after_us: Vec<u64>,
    /// Each one's key, by its number in `names`.
    keys: Vec<Option<u32>>,
    /// The keys, in the order in which they come.
    names: Vec<Box<[u8]>>,
    /// Whether each has a payload of its own.
    has_payloads: bool,
    /// Which of them have none after all: tombstones. Empty where none is one.
    are_tombstones: Vec<bool>,
    fingerprint: u64,
    /// The file holds more than are kept in memory.
    is_cut: bool,
}

impl Records {
    /// The records, once they are read.
    #[must_use]
    pub fn recorded(&self) -> Option<&Arc<Recorded>> {
        self.read.as_ref()
    }

    /// How many times faster they are sent.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.speed.unwrap_or(1.0)
    }

    /// When each is due, in nanoseconds from the start of the run, in order.
    pub fn due_ns(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        let (after_us, speed) = (self.read.as_ref().map_or(&[][..], |read| &read.after_us), self.speed());
        after_us.iter().map(move |us| (*us as f64 * 1e3 / speed) as u64)
    }

    /// From the first to the last, to the next whole second: the last one is sent within it.
    #[must_use]
    pub fn length(&self) -> Span {
        let second = 1_000_000_000;
        Span::from_nanos(self.due_ns().last().map_or(0, |last_ns| (last_ns / second + 1) * second))
    }

    /// What a user should know of records that were not all read.
    pub(super) fn cut(&self) -> Option<String> {
        let read = self.read.as_ref().filter(|read| read.is_cut)?;
        let (kept, megabytes) = (read.after_us.len(), MOST_RECORDS_BYTES >> 20);
        Some(format!("the first {kept} records of {} are sent ({megabytes} MB); the others are not read", self.file))
    }

    /// Reads the file. Its payloads are returned; none where it has no column of them.
    pub(super) fn read_file(&mut self, folder: &Path, faults: &mut Faults<'_>) -> Payloads {
        const COLUMNS: &str = "records are a CSV file with the columns timestamp,key,payload";
        let path = folder.join(&self.file);
        let shown = path.display();
        let file = match fs::File::open(&path) {
            Ok(file) if !path.is_dir() => file,
            Ok(_) => return refused(faults, "file", format!("{shown} is a folder"), COLUMNS),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let help = "the path is relative to the profile's folder";
                return refused(faults, "file", format!("the file of records {shown} does not exist"), help);
            }
            Err(error) => return refused(faults, "file", format!("{shown} cannot be read: {error}"), COLUMNS),
        };
        let (recorded, payloads) = match Recorded::read(io::BufReader::new(file), MOST_RECORDS_BYTES) {
            Ok(read) => read,
            Err(why) => return refused(faults, "file", format!("{shown}: {why}"), COLUMNS),
        };
        let found = recorded.fingerprint();
        if let Some(pinned) = self.fingerprint.as_ref().filter(|pinned| **pinned != found) {
            let message = format!("the fingerprint of the records in {shown} is {found}, not {pinned}");
            return refused(faults, "fingerprint", message, "name the right file, or remove `fingerprint`");
        }
        self.read = Some(Arc::new(recorded));
        payloads
    }
}

fn refused<T>(faults: &mut Faults<'_>, key: &'static str, message: String, help: &str) -> Option<T> {
    faults.add_help(key, message, help);
    None
}

impl Recorded {
    /// The key of a record, by its number; none for one without.
    #[must_use]
    pub fn key(&self, place: u64) -> Option<u64> {
        let at = usize::try_from(place).ok()?;
        self.keys.get(at).copied().flatten().map(u64::from)
    }

    /// A key's bytes.
    #[must_use]
    pub fn name(&self, key: u64) -> &[u8] {
        usize::try_from(key).ok().and_then(|key| self.names.get(key)).map_or(&[], |name| name)
    }

    /// Whether a record, by its number, is a tombstone: it has no payload, where others have one of their own.
    #[must_use]
    pub fn is_tombstone(&self, place: u64) -> bool {
        usize::try_from(place).ok().and_then(|at| self.are_tombstones.get(at)).is_some_and(|is_one| *is_one)
    }

    /// Whether any is a tombstone.
    #[must_use]
    pub fn has_tombstones(&self) -> bool {
        !self.are_tombstones.is_empty()
    }

    /// How many different keys there are.
    #[must_use]
    pub fn key_count(&self) -> u64 {
        self.names.len() as u64
    }

    /// Whether every record has a key.
    #[must_use]
    pub fn all_have_keys(&self) -> bool {
        self.keys.iter().all(Option::is_some)
    }

    /// Whether each has a payload of its own.
    #[must_use]
    pub fn has_payloads(&self) -> bool {
        self.has_payloads
    }

    /// Equal for equal records.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("{:016x}", self.fingerprint)
    }

    /// Reads records and their payloads, up to a number of bytes. The error is one sentence.
    fn read(source: impl Read, most_bytes: usize) -> Result<(Self, Payloads), String> {
        let mut reader = csv::ReaderBuilder::new().from_reader(source);
        let columns = Columns::find(reader.byte_headers().map_err(|error| error.to_string())?)?;
        let mut rows = Rows { columns, keys: HashMap::new(), names: Vec::new(), bytes: 0 };
        let (mut row, mut all, mut is_cut) = (csv::ByteRecord::new(), Vec::new(), false);
        while !is_cut && reader.read_byte_record(&mut row).map_err(|error| error.to_string())? {
            let line = row.position().map_or(0, csv::Position::line);
            all.push(rows.one(&row).map_err(|why| format!("line {line}: {why}"))?);
            is_cut = rows.bytes > most_bytes;
        }
        // Of records of one moment the first in the file stays the first.
        all.sort_by_key(|record| record.at_us);
        let first_us = all.first().map(|record| record.at_us).ok_or("it holds no records")?;
        let mut hash = Xxh3Default::new();
        for record in &all {
            record.add_to(&mut hash, &rows.names);
        }
        let has_payloads = rows.columns.payload.is_some();
        let is_tombstone = |record: &Record| has_payloads && record.payload.is_empty();
        let has_tombstones = all.iter().any(is_tombstone);
        let recorded = Recorded {
            after_us: all.iter().map(|record| record.at_us.abs_diff(first_us)).collect(),
            keys: all.iter().map(|record| record.key).collect(),
            names: rows.names,
            has_payloads,
            are_tombstones: if has_tombstones { all.iter().map(is_tombstone).collect() } else { Vec::new() },
            fingerprint: hash.digest(),
            is_cut,
        };
        Ok((recorded, has_payloads.then(|| all.into_iter().map(|record| record.payload).collect())))
    }
}

/// A row of the file.
struct Record {
    at_us: i64,
    key: Option<u32>,
    payload: Vec<u8>,
}

impl Record {
    fn add_to(&self, hash: &mut Xxh3Default, names: &[Box<[u8]>]) {
        let name = self.key.and_then(|key| names.get(key as usize));
        hash.update(&self.at_us.to_le_bytes());
        hash.update(&name.map_or(u64::MAX, |name| name.len() as u64).to_le_bytes());
        hash.update(name.map_or(&[], |name| name));
        hash.update(&(self.payload.len() as u64).to_le_bytes());
        hash.update(&self.payload);
    }
}

struct Columns {
    timestamp: usize,
    key: Option<usize>,
    payload: Option<usize>,
}

impl Columns {
    fn find(names: &csv::ByteRecord) -> Result<Self, String> {
        let find = |wanted: &str| {
            names.iter().position(|name| name.strip_prefix("\u{feff}".as_bytes()).unwrap_or(name) == wanted.as_bytes())
        };
        let timestamp = find("timestamp").ok_or_else(|| {
            let names: Vec<_> = names.iter().map(String::from_utf8_lossy).collect();
            format!("there is no column `timestamp`; the columns are: {}", names.join(", "))
        })?;
        Ok(Columns { timestamp, key: find("key"), payload: find("payload") })
    }
}

/// What rows have in common.
struct Rows {
    columns: Columns,
    keys: HashMap<Box<[u8]>, u32>,
    names: Vec<Box<[u8]>>,
    bytes: usize,
}

impl Rows {
    fn one(&mut self, row: &csv::ByteRecord) -> Result<Record, String> {
        let at = |column: usize| row.get(column).unwrap_or_default();
        let written = String::from_utf8_lossy(at(self.columns.timestamp)).into_owned();
        let at_us = TimeForm::Recognised.us_of_bytes(written.as_bytes()).and_then(|us| i64::try_from(us).ok());
        let at_us = at_us.ok_or_else(|| {
            format!("`{written}` is not a time: write milliseconds since 1970, or RFC 3339 as in 2030-01-31T11:00:00Z")
        })?;
        let payload = self.columns.payload.map_or_else(Vec::new, |column| at(column).to_vec());
        let key = self.columns.key.map(at).filter(|key| !key.is_empty());
        // Floodmark's own payloads name the key.
        if self.columns.payload.is_none() && key.is_some_and(|key| std::str::from_utf8(key).is_err()) {
            return Err("the key is not UTF-8 text".to_owned());
        }
        self.bytes += payload.len() + size_of::<Record>();
        Ok(Record { at_us, key: key.map(|key| self.number(key)).transpose()?, payload })
    }

    fn number(&mut self, key: &[u8]) -> Result<u32, String> {
        if let Some(number) = self.keys.get(key) {
            return Ok(*number);
        }
        let number = u32::try_from(self.names.len()).map_err(|_| "there are too many different keys".to_owned())?;
        self.bytes += key.len() * 2 + 64;
        self.names.push(key.into());
        self.keys.insert(key.into(), number);
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, most_bytes: usize) -> Result<(Recorded, Payloads), String> {
        Recorded::read(text.as_bytes(), most_bytes)
    }

    #[test]
    fn records_keep_their_distances_keys_and_payloads() {
        let text = "timestamp,key,payload\n1760000000500,b,\"{\"\"n\"\":1}\"\n2025-10-09T08:53:20Z,a,two\n1760000000500,,three\n";
        let (recorded, payloads) = read(text, 1 << 20).unwrap();
        assert_eq!(recorded.after_us, [0, 500_000, 500_000]);
        let keys: Vec<Option<&[u8]>> = (0..3).map(|place| recorded.key(place).map(|key| recorded.name(key))).collect();
        assert_eq!(keys, [Some(&b"a"[..]), Some(b"b"), None]);
        assert_eq!(payloads.unwrap(), [&b"two"[..], b"{\"n\":1}", b"three"]);
        let records =
            Records { file: String::new(), speed: Some(2.0), fingerprint: None, read: Some(Arc::new(recorded)) };
        assert_eq!(records.due_ns().collect::<Vec<_>>(), [0, 250_000_000, 250_000_000]);
        assert_eq!(records.length(), Span::from_secs(1));
    }

    #[test]
    fn a_record_without_a_payload_is_a_tombstone_where_others_have_one() {
        let (recorded, payloads) = read("timestamp,key,payload\n2,b,\n1,a,one\n3,,\n", 1 << 20).unwrap();
        assert_eq!((0..3).map(|place| recorded.is_tombstone(place)).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(payloads.unwrap(), [&b"one"[..], b"", b""]);
        assert!(!read("timestamp,key,payload\n1,a,one\n", 1 << 20).unwrap().0.has_tombstones());
        assert!(!read("timestamp,key\n1,a\n", 1 << 20).unwrap().0.has_tombstones());
    }

    #[test]
    fn a_key_that_is_not_text_is_a_key_unless_a_payload_names_it() {
        let of = |names: &str, row: &[u8]| Recorded::read([names.as_bytes(), row].concat().as_slice(), 1 << 20);
        assert_eq!(of("timestamp,key,payload\n", b"1,\xff,x\n").unwrap().0.name(0), [0xff]);
        assert!(of("timestamp,key\n", b"1,\xff\n").unwrap_err().contains("line 2: the key is not UTF-8 text"));
    }

    #[test]
    fn a_fingerprint_tells_records_apart() {
        let of = |text: &str| read(text, 1 << 20).unwrap().0.fingerprint();
        let whole = of("timestamp,key,payload\n1760000000500,b,x\n1760000000600,a,y\n");
        assert_eq!(
            whole,
            of("key,payload,timestamp\na,y,1760000000600\nb,x,1760000000500\n"),
            "the order of a file says nothing"
        );
        for other in [
            "1760000000501,b,x\n1760000000600,a,y",
            "1760000000500,c,x\n1760000000600,a,y",
            "1760000000500,b,z\n1760000000600,a,y",
        ] {
            assert_ne!(whole, of(&format!("timestamp,key,payload\n{other}\n")), "{other}");
        }
    }

    #[test]
    fn a_large_file_is_cut_and_says_so() {
        let text: String = (0..100).map(|n| format!("{},k,payload\n", 1_760_000_000_000_u64 + n)).collect();
        let (recorded, payloads) = read(&format!("timestamp,key,payload\n{text}"), 1000).unwrap();
        assert!(recorded.is_cut && recorded.keys.len() < 100 && payloads.unwrap().len() == recorded.keys.len());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, expected) in [
            ("time,key\n1,2\n", "there is no column `timestamp`; the columns are: time, key"),
            ("timestamp,key\n", "it holds no records"),
            ("timestamp,key\n1760000000500,a\nnoon,b\n", "line 3: `noon` is not a time"),
        ] {
            let error = read(text, 1 << 20).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
