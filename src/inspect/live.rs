//! Reads a topic's newest messages. Writes nothing to the cluster, and commits no offsets.

use std::time::Duration;

use super::look::Message;
use crate::capture::Run;
use crate::capture::live::RunReader;
use crate::consume::reading::ReadError;
use crate::kafka::{ClientSettings, KafkaError, OffsetFinder, OffsetsError, Operation, Record, Target, TargetError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How many times as far back the reading goes where offsets hold no records: transaction markers, and what compaction removed.
const FURTHER: i64 = 16;
/// How often it goes further back.
const TRIES: usize = 4;

/// Which messages to read.
#[derive(Debug, Clone)]
pub(crate) struct Order<'a> {
    /// The client's settings.
    pub(crate) settings: &'a ClientSettings,
    /// The cluster that may be read although it is not on this machine.
    pub(crate) allow_cluster: Option<&'a str>,
    /// The topic.
    pub(crate) topic: &'a str,
    /// About how many, spread over the partitions.
    pub(crate) messages: u64,
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The cluster cannot be used.
    #[error("topic {topic} cannot be inspected: {why}")]
    Cluster {
        /// The topic.
        topic: String,
        /// Why not.
        why: TargetError,
    },
    /// Offsets cannot be determined.
    #[error(transparent)]
    Offsets(#[from] OffsetsError),
    /// The messages cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There are none.
    #[error("topic {topic} has no messages to look at")]
    Empty {
        /// The topic.
        topic: String,
    },
}

impl InspectError {
    /// Whether the user can fix it on the command line, rather than in the environment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            InspectError::Cluster { why: TargetError::Kafka(error), .. } => matches!(error, KafkaError::Settings(_)),
            InspectError::Cluster { .. } => true,
            InspectError::Offsets(error) => matches!(error, OffsetsError::NoTopic { .. }),
            InspectError::Read(error) => error.is_usage(),
            InspectError::Empty { .. } => false,
        }
    }
}

/// The newest messages of each partition, in the order of their partitions, and how many partitions there are.
///
/// # Errors
/// [`InspectError`], with the topic named.
pub(crate) fn newest(order: &Order<'_>) -> Result<(usize, Vec<Message>), InspectError> {
    let topic = || order.topic.to_owned();
    Target::connect(order.settings, CONNECT_TIMEOUT)
        .map_err(TargetError::from)
        .and_then(|target| {
            target.confirm(order.allow_cluster)?;
            Ok(target.require(&[(order.topic, Operation::Read)])?)
        })
        .map_err(|why| InspectError::Cluster { topic: topic(), why })?;
    let finder = OffsetFinder::open(order.settings, order.topic)?;
    let (oldest, ends) = (finder.oldest()?, finder.ends()?);
    let holding = oldest.iter().zip(&ends).filter(|(oldest, end)| end > oldest).count() as u64;
    let mut reader = RunReader::new(order.settings, order.topic, true);
    let mut back = order.messages.div_ceil(holding.max(1)).cast_signed();
    for _ in 0..TRIES {
        let runs: Vec<(Run, u64)> = (0..)
            .zip(oldest.iter().zip(&ends))
            .map(|(partition, (oldest, end))| {
                (Run { partition, from: (end - back).max(*oldest), until: *end }, order.messages)
            })
            .collect();
        let mut messages = Vec::new();
        reader.read(&runs, |_, record| messages.push(message_of(record)))?;
        if !messages.is_empty() {
            messages.sort_by_key(|message| message.partition);
            return Ok((oldest.len(), messages));
        }
        back = back.saturating_mul(FURTHER);
    }
    Err(InspectError::Empty { topic: topic() })
}

fn message_of(record: &Record<'_>) -> Message {
    let stamp = record.timestamp();
    let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    Message {
        partition: record.partition(),
        stamp_ms: stamp.map(|stamp| stamp.ms),
        is_appended: stamp.is_some_and(|stamp| stamp.by_broker),
        key: owned(record.key()),
        payload: owned(record.payload()),
        headers: record.headers().into_iter().map(|(name, value)| (name, owned(value))).collect(),
    }
}
