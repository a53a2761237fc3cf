//! Both sides of a stream: what one process sent or saw of a stream, to be merged with those of other processes.
//!
//! In the frame of all ledger files, a JSON header holds the counts, for people to read; the sets and histograms follow.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
};

use serde::{Deserialize, Serialize};

use super::frame::{Body, LedgerFileError, Parts, Role, read_body};
use crate::check::delivered::SeenByPhase;
use crate::check::produced::{Copies, ProducerSends};
use crate::check::{Delivered, DueContradiction, Multiset, Produced, SentByPhase, Stall, Strangers};
use crate::latency::{ByDimension, ByPhase, LatencyHistogram};

/// A produced ledger's header.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProducedHeader {
    producers: Vec<ProducerHeader>,
    /// For due to sent and sent to acked: the phases whose histograms follow.
    #[serde(default)]
    phases: [Vec<PhaseHeader>; 2],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProducerHeader {
    producer: u16,
    planned: u64,
    acked: u64,
    copies: Copies,
    /// Run of 65,536 sequence numbers, partition, highest offset.
    bounds: Vec<(u64, u16, u64)>,
}

/// A delivered ledger's header.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveredHeader {
    foreign: u64,
    unreadable: u64,
    phantom: u64,
    reordered_injected: u64,
    reordered_accidental: u64,
    reordered_by_key: u64,
    late_injected: u64,
    warmup: u64,
    untimed: u64,
    due_wrong: u64,
    sent_wrong: u64,
    contradiction: Option<DueContradiction>,
    twin: Option<(i64, u64)>,
    strangers: Strangers,
    positions: BTreeMap<u16, u64>,
    ends: BTreeMap<u16, u64>,
    stable_ends: BTreeMap<u16, u64>,
    topic_changes: u64,
    #[serde(default)]
    unread: u64,
    #[serde(default)]
    ends_unknown: u64,
    #[serde(default)]
    stalls: Vec<Stall>,
    ended_quiet: u64,
    ended_early: u64,
    /// Producer, sightings, how many sets follow for it.
    producers: Vec<(u16, u64, u16)>,
    /// For sent to consumed, due to consumed, and the observer's own delay: how many were negative, and by how many nanoseconds at most.
    negative: [(u64, u64); 3],
    /// For sent to consumed and due to consumed: the phases whose histograms follow.
    #[serde(default)]
    phases: [Vec<PhaseHeader>; 2],
    /// End-to-end latencies by partition, producer, size and time; absent in format 3.
    #[serde(default)]
    groups: ByDimension,
}

/// A phase's place, how many of its latencies were negative, and by how many nanoseconds at most.
type PhaseHeader = (u8, u64, u64);

fn phase_headers(by_phase: &ByPhase) -> Vec<PhaseHeader> {
    let header =
        |(phase, latencies): (u8, &LatencyHistogram)| (phase, latencies.negative(), latencies.most_negative_ns());
    by_phase.iter().map(header).collect()
}

impl Body {
    fn phases(&mut self, by_phase: &ByPhase) -> Result<(), LedgerFileError> {
        by_phase.iter().try_for_each(|(_, latencies)| self.histogram(latencies))
    }
}

impl Parts<'_> {
    fn phases(&mut self, headers: &[PhaseHeader]) -> Result<ByPhase, LedgerFileError> {
        let read = |(phase, negative, most_ns): &PhaseHeader| Ok((*phase, self.histogram((*negative, *most_ns))?));
        headers.iter().map(read).collect()
    }
}

impl Produced {
    /// Writes the ledger as one file.
    ///
    /// # Errors
    /// [`LedgerFileError::Io`] when the writer fails.
    pub fn write_to(&self, to: &mut impl Write) -> Result<(), LedgerFileError> {
        let Produced { producers, phases: SentByPhase { due_to_sent, sent_to_acked } } = self;
        let mut headers = Vec::with_capacity(producers.len());
        let mut sets = Vec::new();
        for (&producer, sends) in producers {
            let ProducerSends { planned, acked, failed, dropped, unresolved, copies, bounds } = sends;
            headers.push(ProducerHeader {
                producer,
                planned: *planned,
                acked: acked.len(),
                copies: *copies,
                bounds: bounds.iter().map(|(&(run, partition), &highest)| (run, partition, highest)).collect(),
            });
            sets.extend([acked, failed, dropped, unresolved]);
        }
        let mut body = Body::default();
        let phases = [due_to_sent, sent_to_acked].map(phase_headers);
        body.json(&ProducedHeader { producers: headers, phases })?;
        for set in sets {
            body.set(set)?;
        }
        body.phases(due_to_sent)?;
        body.phases(sent_to_acked)?;
        body.write_to(Role::Produced, to)
    }

    /// Reads a ledger's file.
    ///
    /// # Errors
    /// [`LedgerFileError`], which says what is wrong with the file.
    pub fn read_from(from: &mut impl Read) -> Result<Self, LedgerFileError> {
        let body = read_body(Role::Produced, from)?;
        let mut parts = Parts { rest: &body };
        let header: ProducedHeader = parts.json()?;
        let mut produced = Produced::default();
        for of_one in header.producers {
            let sends = ProducerSends {
                planned: of_one.planned,
                acked: parts.set()?,
                failed: parts.set()?,
                dropped: parts.set()?,
                unresolved: parts.set()?,
                copies: of_one.copies,
                bounds: of_one.bounds.into_iter().map(|(run, partition, high)| ((run, partition), high)).collect(),
            };
            produced.producers.insert(of_one.producer, sends);
        }
        let [due_to_sent, sent_to_acked] = &header.phases;
        produced.phases =
            SentByPhase { due_to_sent: parts.phases(due_to_sent)?, sent_to_acked: parts.phases(sent_to_acked)? };
        parts.end()?;
        Ok(produced)
    }
}

impl Delivered {
    /// Writes the ledger as one file.
    ///
    /// # Errors
    /// [`LedgerFileError::Io`] when the writer fails.
    pub fn write_to(&self, to: &mut impl Write) -> Result<(), LedgerFileError> {
        let producers = self.producers.iter();
        let header = DeliveredHeader {
            foreign: self.foreign,
            unreadable: self.unreadable,
            phantom: self.phantom,
            reordered_injected: self.reordered_injected,
            reordered_accidental: self.reordered_accidental,
            reordered_by_key: self.reordered_by_key,
            late_injected: self.late_injected,
            warmup: self.warmup,
            untimed: self.untimed,
            due_wrong: self.due_wrong,
            sent_wrong: self.sent_wrong,
            contradiction: self.contradiction,
            twin: self.twin,
            strangers: self.strangers.clone(),
            positions: self.positions.clone(),
            ends: self.ends.clone(),
            stable_ends: self.stable_ends.clone(),
            topic_changes: self.topic_changes,
            unread: self.unread,
            ends_unknown: self.ends_unknown,
            stalls: self.stalls.clone(),
            ended_quiet: self.ended_quiet,
            ended_early: self.ended_early,
            producers: producers
                .map(|(&producer, events)| (producer, events.observations(), events.levels().len() as u16))
                .collect(),
            negative: [&self.sent_to_consumed, &self.due_to_consumed, &self.observer_behind]
                .map(|latencies| (latencies.negative(), latencies.most_negative_ns())),
            phases: [&self.phases.sent_to_consumed, &self.phases.due_to_consumed].map(phase_headers),
            groups: self.groups.clone(),
        };
        let mut body = Body::default();
        body.json(&header)?;
        for level in self.producers.values().flat_map(Multiset::levels) {
            body.set(level)?;
        }
        body.histogram(&self.sent_to_consumed)?;
        body.histogram(&self.due_to_consumed)?;
        body.histogram(&self.observer_behind)?;
        body.phases(&self.phases.sent_to_consumed)?;
        body.phases(&self.phases.due_to_consumed)?;
        body.write_to(Role::Delivered, to)
    }

    /// Reads a ledger's file.
    ///
    /// # Errors
    /// [`LedgerFileError`], which says what is wrong with the file.
    pub fn read_from(from: &mut impl Read) -> Result<Self, LedgerFileError> {
        let body = read_body(Role::Delivered, from)?;
        let mut parts = Parts { rest: &body };
        let header: DeliveredHeader = parts.json()?;
        let mut producers = BTreeMap::new();
        for (producer, observations, levels) in header.producers {
            let levels = (0..levels).map(|_| parts.set()).collect::<Result<Vec<_>, _>>()?;
            producers.insert(producer, Multiset::from_levels(levels, observations));
        }
        let delivered = Delivered {
            producers,
            foreign: header.foreign,
            unreadable: header.unreadable,
            phantom: header.phantom,
            reordered_injected: header.reordered_injected,
            reordered_accidental: header.reordered_accidental,
            reordered_by_key: header.reordered_by_key,
            late_injected: header.late_injected,
            sent_to_consumed: parts.histogram(header.negative[0])?,
            due_to_consumed: parts.histogram(header.negative[1])?,
            warmup: header.warmup,
            untimed: header.untimed,
            due_wrong: header.due_wrong,
            sent_wrong: header.sent_wrong,
            contradiction: header.contradiction,
            twin: header.twin,
            observer_behind: parts.histogram(header.negative[2])?,
            phases: SeenByPhase {
                sent_to_consumed: parts.phases(&header.phases[0])?,
                due_to_consumed: parts.phases(&header.phases[1])?,
            },
            groups: header.groups,
            strangers: header.strangers,
            positions: header.positions,
            ends: header.ends,
            stable_ends: header.stable_ends,
            topic_changes: header.topic_changes,
            unread: header.unread,
            ends_unknown: header.ends_unknown,
            stalls: header.stalls,
            ended_quiet: header.ended_quiet,
            ended_early: header.ended_early,
        };
        parts.end()?;
        Ok(delivered)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::ProducedRecorder;

    fn produced() -> Produced {
        let mut recorder = ProducedRecorder::default();
        recorder.planned(3, 200_000);
        for sequence in (0..150_000).filter(|sequence| sequence % 1000 != 7) {
            recorder.acked(3, sequence, 0, crate::event::Partition::of_number(sequence, 3), sequence / 3);
        }
        recorder.failed(3, 7, 0);
        recorder.dropped(0, 1, 0);
        recorder.unresolved(3, 1007, 1);
        let mut produced = recorder.finish();
        produced.phases.due_to_sent.record(Some(3), -7, 2);
        produced.phases.sent_to_acked.record(Some(1), 9_000, 1);
        produced
    }

    fn delivered() -> Delivered {
        let mut delivered = Delivered {
            foreign: 4,
            unreadable: 2,
            late_injected: 9,
            untimed: 3,
            unread: 13,
            ends_unknown: 14,
            ended_early: 1,
            ..Delivered::default()
        };
        delivered.observer_behind.record(12_345);
        (delivered.warmup, delivered.due_wrong, delivered.sent_wrong, delivered.topic_changes) = (5, 6, 7, 1);
        delivered.contradiction = Some(DueContradiction { claimed_us: 8, due_us: 9 });
        delivered.twin = Some((10, 11));
        delivered.strangers.event_of(crate::event::RunTag(12));
        delivered.stalls = vec![Stall { partition: 3, from_s: 21, to_s: None, missed: 812.5 }];
        (delivered.ends, delivered.stable_ends) = ([(1, 90)].into(), [(1, 80)].into());
        let mut events = crate::check::sequences::SequenceSet::default();
        for sequence in (0..100_000).chain([5, 5, 99]) {
            events.observe(sequence);
        }
        delivered.producers.insert(2, events.finish());
        delivered.positions.insert(1, 77);
        for latency_ns in [-5_000, 3_000_000, 70_000_000_000] {
            delivered.due_to_consumed.record(latency_ns);
            delivered.phases.due_to_consumed.record(Some(2), latency_ns, 1);
        }
        delivered.phases.sent_to_consumed.record(Some(0), 5_000, 3);
        delivered.groups = groups();
        delivered
    }

    fn groups() -> ByDimension {
        let kept = "{\"too_many\":false,\"groups\":[[3,[[0,2],[1183,1]]],[9,[[77,5]]]]}";
        let many = "{\"too_many\":true,\"groups\":[]}";
        let json = format!(
            "{{\"partition\":{kept},\"sent_partition\":{many},\"producer\":{kept},\"size\":{kept},\"time\":{{\"slices\":{kept},\"doubled\":3}}}}"
        );
        serde_json::from_str(&json).unwrap()
    }

    fn files() -> [Vec<u8>; 2] {
        let (mut sent, mut seen) = (Vec::new(), Vec::new());
        produced().write_to(&mut sent).unwrap();
        delivered().write_to(&mut seen).unwrap();
        [sent, seen]
    }

    #[test]
    fn ledgers_survive_their_files() {
        let [sent, seen] = files();
        assert_eq!(Produced::read_from(&mut sent.as_slice()).unwrap(), produced());
        assert_eq!(Delivered::read_from(&mut seen.as_slice()).unwrap(), delivered());
    }

    #[test]
    fn a_file_of_format_3_has_no_groups_and_is_read() {
        let [_, mut seen] = files();
        let (head, body) = seen.split_at(27);
        let length = usize::try_from(u64::from_le_bytes(*body.first_chunk::<8>().unwrap())).unwrap();
        let mut header: serde_json::Value = serde_json::from_slice(&body[8..8 + length]).unwrap();
        assert!(header.as_object_mut().unwrap().remove("groups").is_some());
        let header = serde_json::to_vec(&header).unwrap();
        let body =
            [&u64::try_from(header.len()).unwrap().to_le_bytes(), header.as_slice(), &body[8 + length..]].concat();
        let hash = xxhash_rust::xxh3::xxh3_64(&body).to_le_bytes();
        let length = u64::try_from(body.len()).unwrap().to_le_bytes();
        seen = [&head[..8], &[3, 0, head[10]], &length, &hash, &body].concat();
        let expected = Delivered { groups: ByDimension::default(), ..delivered() };
        assert_eq!(Delivered::read_from(&mut seen.as_slice()).unwrap(), expected);
        seen[8] = 2;
        assert!(Delivered::read_from(&mut seen.as_slice()).unwrap_err().to_string().contains("has format 2"));
    }

    #[test]
    fn another_file_is_named() {
        let [sent, mut seen] = files();
        let message = |result: Result<Delivered, LedgerFileError>| result.unwrap_err().to_string();
        assert!(message(Delivered::read_from(&mut sent.as_slice())).contains("what was sent"));
        assert!(message(Delivered::read_from(&mut &b"{\"schema\": 1}"[..])).contains("not a ledger file"));
        assert!(message(Delivered::read_from(&mut &b""[..])).contains("not a ledger file"));
        seen[8] = 9;
        assert!(message(Delivered::read_from(&mut seen.as_slice())).contains("format 9"));
    }

    proptest! {
        #[test]
        fn a_cut_file_says_so(cut in any::<prop::sample::Index>()) {
            for file in files() {
                let cut = 1 + cut.index(file.len() - 1);
                let is_cut = |error: &LedgerFileError| matches!(error, LedgerFileError::Cut { .. });
                let as_produced = Produced::read_from(&mut &file[..cut]).unwrap_err();
                let as_delivered = Delivered::read_from(&mut &file[..cut]).unwrap_err();
                prop_assert!(is_cut(&as_produced) || is_cut(&as_delivered), "{as_produced}; {as_delivered}");
            }
        }

        #[test]
        fn a_changed_byte_is_noticed(place in any::<prop::sample::Index>(), by in 1..=255_u8) {
            for mut file in files() {
                let place = place.index(file.len());
                file[place] ^= by;
                prop_assert!(Produced::read_from(&mut file.as_slice()).is_err());
                prop_assert!(Delivered::read_from(&mut file.as_slice()).is_err());
            }
        }
    }
}
