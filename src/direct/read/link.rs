//! A broker as a reader sees it: its connection, the session there, and the one request that waits for its answer.

use std::collections::BTreeMap;
use std::io::IoSlice;

use bytes::{Buf, BytesMut};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::{ApiKey, BrokerId, FetchRequest, FetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::super::cluster::Linked;
use super::super::wire::{Connection, WireError};
use super::batch::NO_EPOCH;
use super::options::ReadOptions;
use super::session::{Ask, Session, Wanted};

/// From here on a broker is told the epoch of what was read last, and says if it has something else there.
const SINCE_LAST_FETCHED_EPOCH: i16 = 12;
/// A consumer, not a follower.
const CONSUMER: BrokerId = BrokerId(-1);

/// A request that has not been answered.
#[derive(Debug, Clone, Copy)]
struct Asked {
    correlation: i32,
    /// Of the topic that was asked for.
    incarnation: u64,
    at_ns: u64,
    /// Without an answer by then the connection is given up.
    deadline_ns: u64,
}

/// A connection that is read from.
#[derive(Debug)]
pub(super) struct FetchLink {
    pub(super) connection: Connection,
    version: i16,
    pub(super) session: Session,
    asked: Option<Asked>,
    out: BytesMut,
    /// When the first bytes of the next answer were read.
    begun_ns: Option<u64>,
    /// The broker wants nothing before that.
    pub(super) muted_until_ns: u64,
}

/// An answer, and since when it may have been there.
pub(super) struct Fetched {
    pub(super) response: FetchResponse,
    /// Of the topic that was asked for.
    pub(super) incarnation: u64,
    pub(super) begun_ns: u64,
}

impl Linked for FetchLink {
    fn over(connection: Connection) -> Result<Self, WireError> {
        let version = connection.version(ApiKey::Fetch)?;
        let connection = connection.without_waiting()?;
        Ok(FetchLink {
            connection,
            version,
            session: Session::new(),
            asked: None,
            out: BytesMut::new(),
            begun_ns: None,
            muted_until_ns: 0,
        })
    }

    fn owes(&self) -> bool {
        self.asked.is_some()
    }
}

impl FetchLink {
    /// Whether there is something to write.
    pub(super) fn wants_to_write(&self) -> bool {
        !self.out.is_empty()
    }

    /// Asks for what comes next in these partitions of the topic as it is now.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(super) fn ask(
        &mut self,
        wanted: &BTreeMap<i32, Wanted>,
        options: &ReadOptions,
        incarnation: u64,
        now_ns: u64,
    ) -> Result<(), WireError> {
        let request = request(self.session.ask(wanted), options, self.version);
        let (correlation, frame) = self.connection.frame(&request, self.version)?;
        let deadline_ns = now_ns.saturating_add(options.answer_within_ns);
        self.asked = Some(Asked { correlation, incarnation, at_ns: now_ns, deadline_ns });
        self.out.unsplit(frame);
        self.write()
    }

    /// Writes what is taken at once.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(super) fn write(&mut self) -> Result<(), WireError> {
        while !self.out.is_empty() {
            match self.connection.write(&[IoSlice::new(&self.out)])? {
                0 => break,
                written => self.out.advance(written),
            }
        }
        Ok(())
    }

    /// Reads what has come by `now_ns`. Returns the answer, if all of it is there.
    ///
    /// # Errors
    /// When the connection has ended, or an answer makes no sense.
    pub(super) fn read(&mut self, now_ns: u64) -> Result<Option<Fetched>, WireError> {
        let (came, ended) = self.connection.drain();
        if came {
            self.begun_ns.get_or_insert(now_ns);
        }
        // An answer that came before the end is one.
        let Some(answer) = self.connection.next_answer()? else { return ended.map_or(Ok(None), Err) };
        let Some(asked) = self.asked.take().filter(|asked| asked.correlation == answer.correlation) else {
            return Err(self.connection.malformed(format!("nothing of number {} was asked", answer.correlation)));
        };
        let response = self.connection.understood(ApiKey::Fetch, self.version, answer.body)?;
        let incarnation = asked.incarnation;
        Ok(Some(Fetched { response, incarnation, begun_ns: self.begun_ns.take().unwrap_or(now_ns) }))
    }

    /// Whether the broker has not answered what it was asked by then.
    pub(super) fn is_slow(&self, asked_by_ns: u64) -> bool {
        self.asked.is_some_and(|asked| asked.at_ns <= asked_by_ns)
    }

    /// Whether the broker has been silent for too long.
    pub(super) fn is_silent(&self, now_ns: u64) -> bool {
        self.asked.is_some_and(|asked| asked.deadline_ns <= now_ns)
    }
}

fn request(ask: Ask, options: &ReadOptions, version: i16) -> FetchRequest {
    let Ask { number, listed, forgotten } = ask;
    let topic = TopicName(StrBytes::from_string(options.contact.topic.clone()));
    let partition = |(partition, Wanted { offset, epoch }): (i32, Wanted)| {
        FetchPartition::default()
            .with_partition(partition)
            .with_current_leader_epoch(NO_EPOCH)
            .with_last_fetched_epoch(if version >= SINCE_LAST_FETCHED_EPOCH { epoch } else { NO_EPOCH })
            .with_fetch_offset(offset)
            .with_partition_max_bytes(options.partition_bytes)
    };
    let of_topic = |partitions: Vec<FetchPartition>| {
        vec![FetchTopic::default().with_topic(topic.clone()).with_partitions(partitions)]
    };
    let listed: Vec<FetchPartition> = listed.into_iter().map(partition).collect();
    let forgotten_of =
        |partitions| vec![ForgottenTopic::default().with_topic(topic.clone()).with_partitions(partitions)];
    FetchRequest::default()
        .with_replica_id(CONSUMER)
        .with_max_wait_ms(options.wait_ms)
        .with_min_bytes(options.least_bytes)
        .with_max_bytes(options.most_bytes)
        .with_isolation_level(i8::from(options.committed_only))
        .with_session_id(number.id)
        .with_session_epoch(number.epoch)
        .with_topics(if listed.is_empty() { Vec::new() } else { of_topic(listed) })
        .with_forgotten_topics_data(if forgotten.is_empty() { Vec::new() } else { forgotten_of(forgotten) })
}
