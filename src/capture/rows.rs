//! Records as the rows of a file that a profile replays: `timestamp,key,payload`. Pure.

use std::io::{self, Write};

use serde::Serialize;

use super::sample::{Sighting, masked_payload};
use crate::curve::moment_text;

/// Of what was read, what is in the file, and what is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct RowCounts {
    /// Records in the file.
    pub records: u64,
    /// Those of them without a payload.
    pub tombstones: u64,
    /// Those of them without a key.
    pub without_key: u64,
    /// Those of them whose key or payload is not text: byte by byte as they were.
    pub not_text: u64,
    /// The bytes of their keys and payloads.
    pub bytes: u64,
    /// Left out: their timestamp is of another time.
    pub of_another_time: u64,
    /// Left out: they have no timestamp.
    pub unstamped: u64,
    /// Left out: something of them was to be masked, and their payload is not JSON.
    pub not_maskable: u64,
    /// Left out: as many as were asked for had come before them.
    pub over_limit: u64,
}

impl RowCounts {
    /// What was left out, in a sentence; nothing if nothing was.
    #[must_use]
    pub(crate) fn left_out(&self) -> Option<String> {
        let parts = [
            (self.of_another_time, "with timestamps outside of that time"),
            (self.unstamped, "without a timestamp"),
            (self.over_limit, "that came after the limit was reached"),
            (self.not_maskable, "with payloads that are not JSON, in which nothing can be masked"),
        ];
        let told: Vec<String> = parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", crate::figures::count(count)))
            .collect();
        (!told.is_empty()).then(|| format!("left out: {}", told.join(", ")))
    }
}

/// Writes rows.
pub(crate) struct RecordRows<W: Write> {
    csv: csv::Writer<W>,
    between_ms: (i64, i64),
    most: u64,
    masked: Vec<String>,
    counts: RowCounts,
}

impl<W: Write> RecordRows<W> {
    /// Takes at most this many records with timestamps between two moments, and masks the values at these JSON pointers in their payloads.
    ///
    /// # Errors
    /// When the names of the columns cannot be written.
    pub(crate) fn new(out: W, between_ms: (i64, i64), most: u64, masked: &[String]) -> io::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["timestamp", "key", "payload"])?;
        Ok(RecordRows { csv, between_ms, most, masked: masked.to_vec(), counts: RowCounts::default() })
    }

    /// Takes in the next record.
    ///
    /// # Errors
    /// When its row cannot be written.
    pub(crate) fn see(&mut self, seen: &Sighting<'_>) -> io::Result<()> {
        let Some(stamp_ms) = seen.stamp_ms else {
            self.counts.unstamped += 1;
            return Ok(());
        };
        let (key, payload) = (seen.key.unwrap_or_default(), seen.payload.unwrap_or_default());
        if !(self.between_ms.0..self.between_ms.1).contains(&stamp_ms) {
            self.counts.of_another_time += 1;
        } else if self.counts.records == self.most {
            self.counts.over_limit += 1;
        } else if self.masked.is_empty() || payload.is_empty() {
            self.write(stamp_ms, key, payload)?;
        } else if let Some(payload) = masked_payload(payload, &self.masked) {
            self.write(stamp_ms, key, &payload)?;
        } else {
            self.counts.not_maskable += 1;
        }
        Ok(())
    }

    fn write(&mut self, stamp_ms: i64, key: &[u8], payload: &[u8]) -> io::Result<()> {
        // In RFC 3339, which cannot be taken for seconds or microseconds.
        self.csv.write_record([moment_text(stamp_ms).as_bytes(), key, payload])?;
        self.counts.add(key, payload);
        Ok(())
    }

    /// Writes what is left, and says what the file holds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<RowCounts> {
        self.csv.flush()?;
        Ok(self.counts)
    }
}

impl RowCounts {
    fn add(&mut self, key: &[u8], payload: &[u8]) {
        let is_text = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok();
        self.records += 1;
        self.tombstones += u64::from(payload.is_empty());
        self.without_key += u64::from(key.is_empty());
        self.not_text += u64::from(!is_text(key) || !is_text(payload));
        self.bytes += (key.len() + payload.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(records: &[Sighting<'_>], masked: &[&str]) -> (Vec<u8>, RowCounts) {
        let masked: Vec<String> = masked.iter().map(|mask| (*mask).to_owned()).collect();
        let mut out = Vec::new();
        let mut rows = RecordRows::new(&mut out, (1_000, 2_000), 5, &masked).unwrap();
        records.iter().for_each(|seen| rows.see(seen).unwrap());
        let counts = rows.finish().unwrap();
        (out, counts)
    }

    fn record<'a>(stamp_ms: i64, key: &'a [u8], payload: &'a [u8]) -> Sighting<'a> {
        Sighting { stamp_ms: Some(stamp_ms), key: Some(key), payload: Some(payload), ..Sighting::default() }
    }

    #[test]
    fn what_is_left_out_is_counted_and_said() {
        let unstamped = Sighting { payload: Some(b"{}"), ..Sighting::default() };
        let tombstone = Sighting { payload: None, ..record(1_002, b"k", b"") };
        let records = [
            record(1_001, b"a,b", b"{\"name\": \"Zoe\"}"),
            tombstone,
            record(2_000, b"k", b"{}"),
            record(1_003, b"k", b"no JSON"),
            unstamped,
        ];
        let (text, counts) = rows(&records, &["/name"]);
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "timestamp,key,payload\n1970-01-01T00:00:01.001Z,\"a,b\",\"{\"\"name\"\": \"\"xxx\"\"}\"\n1970-01-01T00:00:01.002Z,k,\n"
        );
        assert_eq!((counts.records, counts.tombstones), (2, 1));
        assert_eq!(
            counts.left_out().unwrap(),
            "left out: 1 with timestamps outside of that time, 1 without a timestamp, 1 with payloads that are not JSON, in which nothing can be masked"
        );
        assert_eq!(rows(&records[..1], &[]).1.left_out(), None);
        let seven = rows(&[records[0]; 7], &[]).1;
        assert_eq!((seven.records, seven.over_limit), (5, 2));
    }

    proptest! {
        #[test]
        fn keys_and_payloads_are_read_back_byte_by_byte(records in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..9), prop::collection::vec(any::<u8>(), 0..30)), 1..6)) {
            let seen: Vec<Sighting<'_>> = records.iter().map(|(key, payload)| record(1_500, key, payload)).collect();
            let (text, counts) = rows(&seen, &[]);
            let read: Vec<(Vec<u8>, Vec<u8>)> = csv::Reader::from_reader(text.as_slice())
                .byte_records()
                .map(|row| row.map(|row| (row[1].to_vec(), row[2].to_vec())).unwrap())
                .collect();
            prop_assert_eq!(&read, &records);
            prop_assert_eq!(counts.records, records.len() as u64);
        }
    }
}
