//! Topics: their names, ids, settings and partitions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::{Arc, RwLock};
use std::time::Instant;

use kafka_protocol::ResponseError;
use uuid::Uuid;

use super::locks::{read, write};
use super::partition::Partition;
use super::readers::ReaderId;

const MAX_NAME_BYTES: usize = 249;
/// More than any profile needs, and few enough that one request cannot exhaust the memory.
const MAX_PARTITIONS: i32 = 10_000;

/// A topic's settings that have a default here: name and value.
pub(super) const DEFAULTS: [(&str, &str); 7] = [
    (MAX_MESSAGE_BYTES, "1048588"),
    (MAX_AHEAD_MS, "3600000"),
    (TIMESTAMP_TYPE, "CreateTime"),
    ("cleanup.policy", "delete"),
    ("min.insync.replicas", "1"),
    ("retention.bytes", "-1"),
    ("retention.ms", "-1"),
];
const MAX_MESSAGE_BYTES: &str = "max.message.bytes";
const MAX_AHEAD_MS: &str = "message.timestamp.after.max.ms";
const TIMESTAMP_TYPE: &str = "message.timestamp.type";

/// What was set when the topic was created, and which of it the broker applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// Every given setting, known or not, ordered by name.
    pub(super) given: BTreeMap<String, String>,
    /// The largest batch, in bytes.
    pub(super) max_message_bytes: usize,
    /// How far ahead of the broker's clock a record's timestamp may be.
    pub(super) max_ahead_ms: i64,
}

impl Settings {
    /// # Errors
    /// One sentence that names the setting that is not supported.
    pub(super) fn from_given(given: BTreeMap<String, String>) -> Result<Self, String> {
        let value = |name: &str| {
            let default = DEFAULTS.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
            given.get(name).map_or(default, String::as_str)
        };
        let whole = |name: &str| {
            let text = value(name);
            text.parse::<i64>()
                .ok()
                .filter(|number| *number >= 0)
                .ok_or_else(|| format!("{name} = {text}; it must be a whole number, 0 or more"))
        };
        let max_message_bytes = usize::try_from(whole(MAX_MESSAGE_BYTES)?).unwrap_or(usize::MAX);
        let max_ahead_ms = whole(MAX_AHEAD_MS)?;
        let timestamp_type = value(TIMESTAMP_TYPE);
        if timestamp_type != "CreateTime" {
            return Err(format!("{TIMESTAMP_TYPE} = {timestamp_type}: this broker only supports CreateTime"));
        }
        Ok(Self { max_message_bytes, max_ahead_ms, given })
    }
}

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) id: Uuid,
    pub(super) settings: Settings,
    partitions: RwLock<Vec<Arc<Partition>>>,
}

impl Topic {
    fn new(name: &str, partitions: i32, settings: Settings) -> Self {
        let partitions = RwLock::new((0..partitions).map(|_| Arc::default()).collect());
        Self { name: name.to_owned(), id: random_id(), settings, partitions }
    }

    pub(super) fn partition_count(&self) -> i32 {
        i32::try_from(read(&self.partitions).len()).unwrap_or(i32::MAX)
    }

    pub(super) fn partition(&self, index: i32) -> Option<Arc<Partition>> {
        read(&self.partitions).get(usize::try_from(index).ok()?).cloned()
    }

    /// From now on drops at once what this many consumers have read; not in partitions that come later.
    pub(super) fn drop_when_read_by(&self, readers: usize) {
        read(&self.partitions).iter().for_each(|partition| partition.drop_when_read_by(readers));
    }

    /// # Errors
    /// Fewer than there are, or too many.
    pub(super) fn grow_to(&self, count: i32, only_check: bool) -> Result<(), ResponseError> {
        let mut partitions = write(&self.partitions);
        let wanted = usize::try_from(count).map_err(|_| ResponseError::InvalidPartitions)?;
        if wanted <= partitions.len() || count > MAX_PARTITIONS {
            return Err(ResponseError::InvalidPartitions);
        }
        if !only_check {
            partitions.resize_with(wanted, Arc::default);
        }
        Ok(())
    }
}

/// A random id, never all zeros, which in Kafka means none.
pub(super) fn random_id() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// Whether Kafka would accept the name for a topic.
pub(super) fn is_legal_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME_BYTES && name.bytes().all(legal)
}

#[derive(Debug, Default)]
struct Index {
    by_name: BTreeMap<String, Arc<Topic>>,
    by_id: HashMap<Uuid, Arc<Topic>>,
}

/// All topics.
#[derive(Debug, Default)]
pub(super) struct Topics {
    index: RwLock<Index>,
}

impl Topics {
    /// Creates a topic, or only checks whether it could be created.
    ///
    /// # Errors
    /// Kafka's error for the name, the number of partitions, or a topic that exists.
    pub(super) fn create(
        &self,
        name: &str,
        partitions: i32,
        settings: Settings,
        only_check: bool,
    ) -> Result<Arc<Topic>, ResponseError> {
        if !is_legal_name(name) {
            return Err(ResponseError::InvalidTopicException);
        }
        let mut index = write(&self.index);
        if index.by_name.contains_key(name) {
            return Err(ResponseError::TopicAlreadyExists);
        }
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            return Err(ResponseError::InvalidPartitions);
        }
        let topic = Arc::new(Topic::new(name, partitions, settings));
        if !only_check {
            index.by_name.insert(name.to_owned(), Arc::clone(&topic));
            index.by_id.insert(topic.id, Arc::clone(&topic));
        }
        Ok(topic)
    }

    /// Removes a topic and empties it. Returns how much of the memory cap that frees.
    pub(super) fn delete(&self, topic: &Topic) -> u64 {
        {
            let mut index = write(&self.index);
            index.by_id.remove(&topic.id);
            if index.by_name.get(&topic.name).is_some_and(|named| named.id == topic.id) {
                index.by_name.remove(&topic.name);
            }
        }
        read(&topic.partitions).iter().map(|partition| partition.delete()).sum()
    }

    pub(super) fn named(&self, name: &str) -> Option<Arc<Topic>> {
        read(&self.index).by_name.get(name).cloned()
    }

    pub(super) fn with_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        read(&self.index).by_id.get(&id).cloned()
    }

    /// By id if the request uses ids, by name otherwise.
    ///
    /// # Errors
    /// Kafka's error for a topic that does not exist.
    pub(super) fn find(&self, name: &str, id: Uuid) -> Result<Arc<Topic>, ResponseError> {
        if id.is_nil() {
            self.named(name).ok_or(ResponseError::UnknownTopicOrPartition)
        } else {
            self.with_id(id).ok_or(ResponseError::UnknownTopicId)
        }
    }

    /// # Errors
    /// Kafka's error for a partition that does not exist.
    pub(super) fn partition(&self, name: &str, index: i32) -> Result<Arc<Partition>, ResponseError> {
        let topic = self.named(name).ok_or(ResponseError::UnknownTopicOrPartition)?;
        topic.partition(index).ok_or(ResponseError::UnknownTopicOrPartition)
    }

    /// Ordered by name.
    pub(super) fn all(&self) -> Vec<Arc<Topic>> {
        read(&self.index).by_name.values().cloned().collect()
    }

    fn all_partitions(&self) -> Vec<Arc<Partition>> {
        self.all().iter().flat_map(|topic| read(&topic.partitions).clone()).collect()
    }

    /// A connection has closed: nothing waits for it to read any more.
    pub(super) fn forget_reader(&self, reader: ReaderId) {
        self.all_partitions().iter().for_each(|partition| partition.forget_reader(reader));
    }

    /// Drops the oldest batches that the consumers have read, in any partition, until `wanted_bytes` are free or none is left.
    /// Returns what was freed.
    pub(super) fn drop_read(&self, wanted_bytes: u64) -> u64 {
        let now = Instant::now();
        let partitions = self.all_partitions();
        let entry = |index: usize| partitions[index].oldest_droppable(now).map(|arrival| Reverse((arrival, index)));
        let mut oldest: BinaryHeap<_> = (0..partitions.len()).filter_map(entry).collect();
        let mut freed_bytes = 0;
        while freed_bytes < wanted_bytes
            && let Some(Reverse((_, index))) = oldest.pop()
        {
            freed_bytes += partitions[index].drop_oldest(now);
            oldest.extend(entry(index));
        }
        freed_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::from_given(BTreeMap::new()).unwrap()
    }

    #[test]
    fn names_follow_kafkas_rule() {
        for name in ["a", "a.b_c-9", &"x".repeat(249)] {
            assert!(is_legal_name(name), "{name}");
        }
        for name in ["", ".", "..", "a b", "ä", "a/b", &"x".repeat(250)] {
            assert!(!is_legal_name(name), "{name}");
        }
    }

    #[test]
    fn creating_answers_as_kafka_does() {
        let topics = Topics::default();
        topics.create("a", 3, settings(), false).unwrap();
        assert_eq!(topics.create("a", 3, settings(), false).unwrap_err(), ResponseError::TopicAlreadyExists);
        assert_eq!(topics.create("b", 0, settings(), false).unwrap_err(), ResponseError::InvalidPartitions);
        assert_eq!(topics.create("b!", 1, settings(), false).unwrap_err(), ResponseError::InvalidTopicException);
        topics.create("c", 1, settings(), true).unwrap();
        assert!(topics.named("c").is_none(), "only checked");
    }

    #[test]
    fn a_topic_created_again_is_another() {
        let topics = Topics::default();
        let first = topics.create("a", 1, settings(), false).unwrap();
        topics.delete(&first);
        let second = topics.create("a", 1, settings(), false).unwrap();
        assert_ne!(first.id, second.id);
        topics.delete(&first);
        assert!(topics.named("a").is_some(), "deleting the first again leaves the second");
    }

    #[test]
    fn settings_are_kept_and_checked() {
        let given =
            BTreeMap::from([("x.mark".to_owned(), "yes".to_owned()), (MAX_MESSAGE_BYTES.to_owned(), "99".to_owned())]);
        let settings = Settings::from_given(given.clone()).unwrap();
        assert_eq!((settings.max_message_bytes, &settings.given), (99, &given));
        for (name, value) in [(MAX_MESSAGE_BYTES, "-1"), (MAX_MESSAGE_BYTES, "many"), (TIMESTAMP_TYPE, "LogAppendTime")]
        {
            let given = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            assert!(Settings::from_given(given).unwrap_err().contains(name));
        }
    }
}
