//! The client's batch calls, which its Rust wrapper does not offer: many events cross into C in one call.
//!
//! All the `unsafe` of the way of an event is in this file. What it relies on:
//! 1. The client handle lives as long as the `BaseProducer` or `BaseConsumer` that is kept beside everything made from it.
//! 2. librdkafka's functions may be called from any thread; a queue or topic handle belongs to us until we destroy it, once.
//! 3. `rd_kafka_produce_batch` with `F_COPY` copies payload and key before it returns, so borrowed buffers need to live no longer.
//! 4. Messages handed out by `rd_kafka_consume_batch_queue` stay valid until `rd_kafka_message_destroy`, which we call once for each,
//!    after the last borrow; messages of a delivery event live as long as the event, destroyed after the last borrow.
#![expect(unsafe_code, reason = "librdkafka's batch calls are the hot path and have no safe wrapper")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ops::Range;
use std::ptr;
use std::slice;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;

use super::error::KafkaError;

/// The client's "unassigned" partition: each message names its own.
const UNASSIGNED: i32 = -1;
/// The timestamp of a record whose producer gave none.
const NO_TIMESTAMP_MS: i64 = -1;

/// Events about to be handed to the client, their bytes in one arena.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) arena: Vec<u8>,
    messages: Vec<Message>,
    /// Partition and place in `messages`, in the order in which they are handed over.
    order: Vec<(i32, u32)>,
    native: NativeMessages,
}

/// The array that the client reads, kept for its capacity only: it is empty outside `produce`.
#[derive(Debug, Default)]
struct NativeMessages(Vec<rd::rd_kafka_message_t>);

// SAFETY: outside of `produce` the vector is empty, so no pointer ever crosses threads.
unsafe impl Send for NativeMessages {}

#[derive(Debug, Clone)]
struct Message {
    key: Option<Range<usize>>,
    /// None for a tombstone.
    payload: Option<Range<usize>>,
    partition: i32,
    opaque: usize,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.arena.clear();
        self.messages.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// An event's key and payload.
    pub(super) fn key_and_payload(&self, place: usize) -> (Option<&[u8]>, Option<&[u8]>) {
        let Message { key, payload, .. } = &self.messages[place];
        let bytes = |range: &Option<Range<usize>>| range.clone().map(|range| &self.arena[range]);
        (bytes(key), bytes(payload))
    }

    /// Adds an event whose key and payload are already in the arena.
    pub(super) fn push(
        &mut self,
        key: Option<Range<usize>>,
        payload: Option<Range<usize>>,
        partition: i32,
        opaque: usize,
    ) {
        self.messages.push(Message { key, payload, partition, opaque });
    }

    /// The client looks a partition up whenever it differs from the last message's, and walks through a partition's messages several times:
    /// sorted, they are adjacent in its memory. The order within each partition stays.
    fn sort_by_partition(&mut self) {
        self.order.clear();
        self.order.extend(self.messages.iter().zip(0..).map(|(message, place)| (message.partition, place)));
        self.order.sort_unstable();
    }
}

/// A topic of a producer, ready for batches.
pub(super) struct BatchTopic {
    handle: *mut rd::rd_kafka_topic_t,
}

// SAFETY: librdkafka's topic handles may be used from any thread (2).
unsafe impl Send for BatchTopic {}
// SAFETY: as above; all operations on them lock inside the library.
unsafe impl Sync for BatchTopic {}

impl BatchTopic {
    /// A handle with the client's default topic settings. The caller keeps `producer` alive longer than the handle (1).
    pub(super) fn open<C: ProducerContext>(producer: &BaseProducer<C>, topic: &str) -> Result<Self, KafkaError> {
        let name = CString::new(topic)
            .map_err(|_| KafkaError::Settings(format!("the topic name {topic:?} contains a zero byte")))?;
        // SAFETY: the client handle is live (1), the name is a C string; a null configuration means the default one.
        let handle = unsafe { rd::rd_kafka_topic_new(producer.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        if handle.is_null() {
            return Err(KafkaError::Settings(format!("the client refuses a topic named {topic:?}")));
        }
        Ok(BatchTopic { handle })
    }

    /// Hands a batch to the client. `rejected` is called with the position in the batch and the error of each event that it did not take.
    pub(super) fn produce(&self, batch: &mut Batch, mut rejected: impl FnMut(usize, RDKafkaErrorCode)) {
        batch.sort_by_partition();
        let Batch { arena, messages, order, native } = batch;
        let native = &mut native.0;
        for &(_, place) in order.iter() {
            let message = &messages[place as usize];
            let bytes = |range: &Option<Range<usize>>| range.clone().map(|range| &arena[range]);
            let (key, payload) = (bytes(&message.key), bytes(&message.payload));
            let start = |bytes: Option<&[u8]>| bytes.map_or(ptr::null_mut(), |bytes| bytes.as_ptr().cast_mut().cast());
            native.push(rd::rd_kafka_message_t {
                err: rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
                rkt: ptr::null_mut(),
                partition: message.partition,
                payload: start(payload),
                len: payload.map_or(0, <[u8]>::len),
                key: start(key),
                key_len: key.map_or(0, <[u8]>::len),
                offset: 0,
                _private: ptr::without_provenance_mut::<c_void>(message.opaque),
            });
        }
        let flags = rd::RD_KAFKA_MSG_F_COPY | rd::RD_KAFKA_MSG_F_PARTITION;
        // SAFETY: the topic handle is live; the array holds that many initialised messages whose payloads and keys are null or borrow the
        // arena, which outlives the call, and which the call copies and does not write to (3).
        let taken = unsafe {
            rd::rd_kafka_produce_batch(self.handle, UNASSIGNED, flags, native.as_mut_ptr(), native.len() as c_int)
        };
        if taken as usize != native.len() {
            let mut refused: Vec<(usize, RDKafkaErrorCode)> = order
                .iter()
                .zip(native.iter())
                .map(|((_, place), message)| (*place as usize, RDKafkaErrorCode::from(message.err)))
                .filter(|(_, code)| *code != RDKafkaErrorCode::NoError)
                .collect();
            refused.sort_unstable_by_key(|(place, _)| *place);
            refused.into_iter().for_each(|(place, code)| rejected(place, code));
        }
        native.clear();
    }
}

impl Drop for BatchTopic {
    fn drop(&mut self) {
        // SAFETY: made by `rd_kafka_topic_new`, destroyed once (2).
        unsafe { rd::rd_kafka_topic_destroy(self.handle) };
    }
}

/// The client's report on one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NativeDelivery {
    pub(super) opaque: usize,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) error: RDKafkaErrorCode,
    /// The client does not know whether the broker wrote it.
    pub(super) possibly_written: bool,
}

/// The result of one poll of a producer's queue.
pub(super) enum ProducerNews {
    Nothing,
    Deliveries(Reports),
    Error {
        code: RDKafkaErrorCode,
        reason: String,
        fatal: bool,
    },
    /// What the client counted, as JSON.
    Statistics(String),
}

/// Reports that have been read. Dropping them frees their events' memory and room in the client's queue: cheapest on the thread that makes
/// events, which reuses it at once.
pub(super) struct Reports {
    event: *mut rd::rd_kafka_event_t,
}

// SAFETY: nobody else holds the event, and librdkafka destroys events on any thread (2).
unsafe impl Send for Reports {}

impl Drop for Reports {
    fn drop(&mut self) {
        // SAFETY: destroyed once, after the last borrow (4).
        unsafe { rd::rd_kafka_event_destroy(self.event) };
    }
}

/// Why a transaction could not be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TransactionError {
    pub(super) reason: String,
    pub(super) is_retriable: bool,
    pub(super) requires_abort: bool,
}

/// Commits the open transaction, after everything in it has been reported. Another thread must be polling the reports. (The wrapper's own
/// call polls them itself, and would take them away from that thread.)
pub(super) fn commit_transaction<C: ProducerContext>(
    producer: &BaseProducer<C>,
    timeout: Duration,
) -> Result<(), TransactionError> {
    // SAFETY: the client handle is live (1).
    transaction_result(unsafe { rd::rd_kafka_commit_transaction(producer.client().native_ptr(), millis(timeout)) })
}

/// Aborts the open transaction, on the same conditions as [`commit_transaction`].
pub(super) fn abort_transaction<C: ProducerContext>(
    producer: &BaseProducer<C>,
    timeout: Duration,
) -> Result<(), TransactionError> {
    // SAFETY: the client handle is live (1).
    transaction_result(unsafe { rd::rd_kafka_abort_transaction(producer.client().native_ptr(), millis(timeout)) })
}

fn transaction_result(error: *mut rd::rd_kafka_error_t) -> Result<(), TransactionError> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: an error that is not null is ours: read here, destroyed once, and its text copied before.
    unsafe {
        let read = TransactionError {
            reason: text(rd::rd_kafka_error_string(error)),
            is_retriable: rd::rd_kafka_error_is_retriable(error) != 0,
            requires_abort: rd::rd_kafka_error_txn_requires_abort(error) != 0,
        };
        rd::rd_kafka_error_destroy(error);
        Err(read)
    }
}

/// A client's event queue.
pub(super) struct EventQueue {
    handle: *mut rd::rd_kafka_queue_t,
}

// SAFETY: librdkafka's queues may be used from any thread (2).
unsafe impl Send for EventQueue {}

impl EventQueue {
    /// The queue on which a producer reports. The caller keeps `producer` alive longer than the queue (1).
    pub(super) fn of_producer<C: ProducerContext>(producer: &BaseProducer<C>) -> Self {
        // SAFETY: the client handle is live (1); the reference that is returned is ours to destroy.
        EventQueue { handle: unsafe { rd::rd_kafka_queue_get_main(producer.client().native_ptr()) } }
    }

    /// The queue on which a consumer's messages arrive; none for a consumer without a group. The caller keeps `consumer` alive longer (1).
    pub(super) fn of_consumer<C: ConsumerContext>(consumer: &BaseConsumer<C>) -> Option<Self> {
        // SAFETY: as above.
        let handle = unsafe { rd::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        (!handle.is_null()).then_some(EventQueue { handle })
    }

    /// How many messages and events wait on it.
    pub(super) fn length(&self) -> usize {
        // SAFETY: the queue is live.
        unsafe { rd::rd_kafka_queue_length(self.handle) }
    }

    /// Waits up to `timeout` for news of a producer. Drop the reports it returns before the client (1).
    pub(super) fn poll_producer(&self, timeout: Duration, mut delivery: impl FnMut(NativeDelivery)) -> ProducerNews {
        // SAFETY: the queue is live; the event is ours, and `owned` destroys it.
        let event = unsafe { rd::rd_kafka_queue_poll(self.handle, millis(timeout)) };
        if event.is_null() {
            return ProducerNews::Nothing;
        }
        let owned = Reports { event };
        // SAFETY: the event is live.
        match unsafe { rd::rd_kafka_event_type(event) } {
            rd::RD_KAFKA_EVENT_DR => {
                for_each_delivery(event, &mut delivery);
                ProducerNews::Deliveries(owned)
            }
            rd::RD_KAFKA_EVENT_ERROR => error_of(event),
            // SAFETY: the event is a live statistics event, whose text lives as long as it.
            rd::RD_KAFKA_EVENT_STATS => ProducerNews::Statistics(unsafe { text(rd::rd_kafka_event_stats(event)) }),
            _ => ProducerNews::Nothing,
        }
    }

    /// Takes up to `most` messages off the queue and hands each to `seen`; `arrived` is called first, when they have all been taken.
    /// The client waits until `most` are there or `timeout` is over: ask for one to wait, for many not to. Returns how many there were.
    pub(super) fn poll_consumer(
        &self,
        most: usize,
        timeout: Duration,
        scratch: &mut MessageBuffer,
        arrived: impl FnOnce(),
        mut seen: impl FnMut(NativeRecord<'_>),
    ) -> usize {
        let room = most.min(scratch.0.len());
        let buffer = &mut scratch.0[..room];
        // SAFETY: the queue is live and the buffer has room for as many pointers as it says.
        let count = unsafe {
            rd::rd_kafka_consume_batch_queue(self.handle, millis(timeout), buffer.as_mut_ptr(), buffer.len())
        };
        arrived();
        let count = usize::try_from(count).unwrap_or(0);
        for message in &buffer[..count] {
            // SAFETY: the first `count` pointers are live messages (4), borrowed for this call only.
            seen(NativeRecord { message: unsafe { &**message } });
            // SAFETY: destroyed once, after the borrow above ended (4).
            unsafe { rd::rd_kafka_message_destroy(*message) };
        }
        count
    }
}

impl Drop for EventQueue {
    fn drop(&mut self) {
        // SAFETY: our reference, given back once (2).
        unsafe { rd::rd_kafka_queue_destroy(self.handle) };
    }
}

/// Room for the messages of one poll.
pub(super) struct MessageBuffer(Box<[*mut rd::rd_kafka_message_t]>);

// SAFETY: between polls the pointers are stale and never read; nothing is shared.
unsafe impl Send for MessageBuffer {}

impl MessageBuffer {
    pub(super) fn with_room_for(messages: usize) -> Self {
        MessageBuffer(vec![ptr::null_mut(); messages].into_boxed_slice())
    }
}

/// A message as the client holds it.
pub(super) struct NativeRecord<'a> {
    message: &'a rd::rd_kafka_message_t,
}

impl<'a> NativeRecord<'a> {
    pub(super) fn error(&self) -> RDKafkaErrorCode {
        RDKafkaErrorCode::from(self.message.err)
    }

    pub(super) fn partition(&self) -> i32 {
        self.message.partition
    }

    pub(super) fn offset(&self) -> i64 {
        self.message.offset
    }

    pub(super) fn payload(&self) -> Option<&'a [u8]> {
        // SAFETY: payload and len describe one buffer that lives as long as the message.
        unsafe { bytes(self.message.payload, self.message.len) }
    }

    pub(super) fn key(&self) -> Option<&'a [u8]> {
        // SAFETY: as for the payload. (In an error message these bytes are not a key, but nobody reads them.)
        unsafe { bytes(self.message.key, self.message.key_len) }
    }

    /// The record's timestamp in milliseconds since 1970, if it has one, and whether the broker set it when it appended the record.
    pub(super) fn timestamp(&self) -> Option<(i64, bool)> {
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is live, and the call writes the kind only.
        let timestamp_ms = unsafe { rd::rd_kafka_message_timestamp(self.message, &raw mut kind) };
        let by_broker = kind == rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
        let is_known = kind != rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // A producer may write -1, Kafka's value for none.
        (is_known && timestamp_ms != NO_TIMESTAMP_MS).then_some((timestamp_ms, by_broker))
    }

    /// The client's own text for an error.
    pub(super) fn error_text(&self) -> String {
        // SAFETY: the message is live; the text is a C string that lives as long as it.
        unsafe { text(rd::rd_kafka_message_errstr(self.message)) }
    }

    /// The value of the last header of this name.
    pub(super) fn header(&self, name: &CStr) -> Option<&'a [u8]> {
        let (mut headers, mut value, mut size) = (ptr::null_mut(), ptr::null(), 0);
        // SAFETY: the message is live; headers and values that are found live as long as it.
        unsafe {
            let found = rd::rd_kafka_message_headers(self.message, &raw mut headers);
            if RDKafkaErrorCode::from(found) != RDKafkaErrorCode::NoError {
                return None;
            }
            let found = rd::rd_kafka_header_get_last(headers, name.as_ptr(), &raw mut value, &raw mut size);
            if RDKafkaErrorCode::from(found) != RDKafkaErrorCode::NoError {
                return None;
            }
            bytes(value, size)
        }
    }

    /// All headers, in their order.
    pub(super) fn headers(&self) -> Vec<(String, Option<&'a [u8]>)> {
        let (mut headers, mut found) = (ptr::null_mut(), Vec::new());
        // SAFETY: the message is live; headers, names and values that are found live as long as it, and an index behind the last is answered
        // with an error.
        unsafe {
            let there = rd::rd_kafka_message_headers(self.message, &raw mut headers);
            if RDKafkaErrorCode::from(there) != RDKafkaErrorCode::NoError {
                return found;
            }
            loop {
                let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
                let next = found.len();
                let there = rd::rd_kafka_header_get_all(headers, next, &raw mut name, &raw mut value, &raw mut size);
                if RDKafkaErrorCode::from(there) != RDKafkaErrorCode::NoError {
                    return found;
                }
                found.push((text(name), bytes(value, size)));
            }
        }
    }
}

/// # Safety
/// `start` is null or points at `len` bytes that live for `'a`.
unsafe fn bytes<'a>(start: *const c_void, len: usize) -> Option<&'a [u8]> {
    // SAFETY: guaranteed by the caller.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast(), len) })
}

/// # Safety
/// `start` is null or a C string.
unsafe fn text(start: *const c_char) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: guaranteed by the caller.
    unsafe { CStr::from_ptr(start) }.to_string_lossy().into_owned()
}

fn for_each_delivery(event: *mut rd::rd_kafka_event_t, delivery: &mut impl FnMut(NativeDelivery)) {
    loop {
        // SAFETY: the event is a live delivery event; its messages live as long as it (4). Each call hands out the next one.
        let Some(message) = (unsafe { rd::rd_kafka_event_message_next(event).as_ref() }) else { return };
        let error = RDKafkaErrorCode::from(message.err);
        let possibly_written = error != RDKafkaErrorCode::NoError && {
            // SAFETY: the message is live.
            let status = unsafe { rd::rd_kafka_message_status(message) };
            status != rd::rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED
        };
        delivery(NativeDelivery {
            opaque: message._private.addr(),
            partition: message.partition,
            offset: message.offset,
            error,
            possibly_written,
        });
    }
}

fn error_of(event: *mut rd::rd_kafka_event_t) -> ProducerNews {
    // SAFETY: the event is a live error event; its text lives as long as it.
    unsafe {
        ProducerNews::Error {
            code: RDKafkaErrorCode::from(rd::rd_kafka_event_error(event)),
            reason: text(rd::rd_kafka_event_error_string(event)),
            fatal: rd::rd_kafka_event_error_is_fatal(event) != 0,
        }
    }
}

fn millis(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_event_is_handed_over_once_and_in_its_partitions_order(partitions in prop::collection::vec(0..5_i32, 0..300)) {
            let mut batch = Batch::default();
            partitions.iter().for_each(|partition| batch.push(None, Some(0..0), *partition, 0));
            batch.sort_by_partition();
            let mut places: Vec<u32> = batch.order.iter().map(|(_, place)| *place).collect();
            for (partition, in_it) in batch.order.chunk_by(|a, b| a.0 == b.0).map(|run| (run[0].0, run)) {
                prop_assert!(in_it.is_sorted_by_key(|(_, place)| *place));
                let expected = partitions.iter().filter(|other| **other == partition).count();
                prop_assert_eq!(in_it.len(), expected);
            }
            places.sort_unstable();
            prop_assert!(places.into_iter().eq(0..partitions.len() as u32));
        }
    }
}
