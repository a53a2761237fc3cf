//! A whole client against a broker whose answers to Produce requests cannot be trusted: every event has one outcome, and nothing panics.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsResponse, BrokerId, InitProducerIdResponse, MetadataResponse, ProduceResponse, RequestHeader,
    TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use proptest::prelude::*;

use super::{Deliveries, Sink, open};
use crate::event::Partition;
use crate::kafka::{ErrorCode, Outcome, Outgoing, Written};

const TOPIC: &str = "orders";
const PARTITIONS: i32 = 3;
const EVENTS: u64 = 60;

/// How a Produce request is answered.
#[derive(Debug, Clone)]
enum Answer {
    /// For every partition, with this code and offset.
    Says(i16, i64),
    /// For a partition that was not asked about.
    OfAnother,
    /// Cut short by this many bytes.
    Short(usize),
    /// With these bytes in the place of an answer.
    Bytes(Vec<u8>),
    /// With the number of another request.
    Misnumbered,
    Nothing,
    Close,
    /// In order and with this offset; then it closes.
    LastWords(i64),
    /// The same once another request has come, which it does not read, and it may close.
    LastWordsToTheFirst(i64),
}

/// What a broker has done.
#[derive(Debug, Default)]
struct Done {
    /// Produce requests that it read.
    requests: AtomicUsize,
    /// Connections that have ended.
    closed: AtomicUsize,
    /// The test is ready for that.
    may_close: AtomicBool,
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(Answer::Says(0, 100)),
        3 => (-1_i16..110, any::<i64>()).prop_map(|(code, offset)| Answer::Says(code, offset)),
        1 => Just(Answer::OfAnother),
        1 => (1_usize..40).prop_map(Answer::Short),
        1 => prop::collection::vec(any::<u8>(), 0..60).prop_map(Answer::Bytes),
        1 => Just(Answer::Misnumbered),
        1 => Just(Answer::Nothing),
        1 => Just(Answer::Close),
    ]
}

fn versions() -> ApiVersionsResponse {
    let apis = [(ApiKey::Produce, 8), (ApiKey::Metadata, 8), (ApiKey::InitProducerId, 1)];
    let known = apis.map(|(api, newest)| ApiVersion::default().with_api_key(api as i16).with_max_version(newest));
    ApiVersionsResponse::default().with_api_keys(known.to_vec())
}

fn name() -> TopicName {
    TopicName(StrBytes::from_static_str(TOPIC))
}

fn layout(port: u16) -> MetadataResponse {
    let partition =
        |index| MetadataResponsePartition::default().with_partition_index(index).with_leader_id(BrokerId(1));
    let topic = MetadataResponseTopic::default().with_name(Some(name()));
    let topic = topic.with_partitions((0..PARTITIONS).map(partition).collect());
    let broker = MetadataResponseBroker::default().with_node_id(BrokerId(1)).with_port(port.into());
    let broker = broker.with_host(StrBytes::from_static_str("127.0.0.1"));
    MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![topic])
}

fn produced(partitions: impl Iterator<Item = i32>, code: i16, offset: i64) -> ProduceResponse {
    let of =
        |index| PartitionProduceResponse::default().with_index(index).with_error_code(code).with_base_offset(offset);
    let topic =
        TopicProduceResponse::default().with_name(name()).with_partition_responses(partitions.map(of).collect());
    ProduceResponse::default().with_responses(vec![topic])
}

fn framed(correlation: i32, body: &[u8]) -> Vec<u8> {
    let length = (4 + body.len()) as i32;
    [&length.to_be_bytes()[..], &correlation.to_be_bytes(), body].concat()
}

fn encoded(message: &impl Encodable, version: i16) -> BytesMut {
    let mut body = BytesMut::new();
    message.encode(&mut body, version).unwrap();
    body
}

/// Serves one connection until it ends, with the next answers for its Produce requests, and the last one from then on.
fn serve(mut tcp: TcpStream, port: u16, answers: &mut dyn Iterator<Item = Answer>, done: &Done) -> Option<()> {
    loop {
        let mut length = [0; 4];
        tcp.read_exact(&mut length).ok()?;
        let mut frame = vec![0; i32::from_be_bytes(length) as usize];
        tcp.read_exact(&mut frame).ok()?;
        let mut frame = Bytes::from(frame);
        let header = RequestHeader::decode(&mut frame, 1).unwrap();
        let (number, version) = (header.correlation_id, header.request_api_version);
        let mut is_last = false;
        let says = match ApiKey::try_from(header.request_api_key).unwrap() {
            ApiKey::ApiVersions => framed(number, &encoded(&versions(), version)),
            ApiKey::Metadata => framed(number, &encoded(&layout(port), version)),
            ApiKey::InitProducerId => framed(number, &encoded(&InitProducerIdResponse::default(), version)),
            _ => {
                done.requests.fetch_add(1, Ordering::Relaxed);
                let answer = answers.next()?;
                is_last = matches!(answer, Answer::LastWords(_) | Answer::LastWordsToTheFirst(_));
                if matches!(answer, Answer::LastWordsToTheFirst(_)) {
                    tcp.peek(&mut [0]).ok()?;
                    while !done.may_close.load(Ordering::Acquire) {
                        thread::yield_now();
                    }
                }
                untrue(number, version, frame, answer)?
            }
        };
        tcp.write_all(&says).ok()?;
        if is_last {
            return None;
        }
    }
}

fn untrue(number: i32, version: i16, mut request: Bytes, answer: Answer) -> Option<Vec<u8>> {
    let request = kafka_protocol::messages::ProduceRequest::decode(&mut request, version).unwrap();
    let asked = || request.topic_data[0].partition_data.iter().map(|of| of.index).collect::<Vec<_>>().into_iter();
    let proper = encoded(&produced(asked(), 0, 7), version);
    Some(match answer {
        Answer::Says(code, offset) => framed(number, &encoded(&produced(asked(), code, offset), version)),
        Answer::OfAnother => framed(number, &encoded(&produced([77, -1].into_iter(), 0, 7), version)),
        Answer::Short(bytes) => framed(number, &proper[..proper.len().saturating_sub(bytes)]),
        Answer::Bytes(bytes) => bytes,
        Answer::Misnumbered => framed(number.wrapping_add(1), &proper),
        Answer::Nothing => Vec::new(),
        Answer::LastWords(offset) | Answer::LastWordsToTheFirst(offset) => {
            framed(number, &encoded(&produced(asked(), 0, offset), version))
        }
        Answer::Close => return None,
    })
}

/// A broker that serves connections one after another until its client is gone.
fn broker(answers: Vec<Answer>) -> u16 {
    watched(answers).0
}

/// One that does everything properly.
pub(super) fn honest() -> u16 {
    broker(Vec::new())
}

/// The same, and what it does.
fn watched(answers: Vec<Answer>) -> (u16, Arc<Done>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let done = Arc::new(Done::default());
    let doing = Arc::clone(&done);
    thread::spawn(move || {
        // From the last answer on everything is in order.
        let mut answers = answers.into_iter().chain(std::iter::repeat(Answer::Says(0, 9)));
        for tcp in listener.incoming() {
            serve(tcp.unwrap(), port, &mut answers, &doing);
            doing.closed.fetch_add(1, Ordering::Release);
        }
    });
    (port, done)
}

pub(super) fn event(sequence: u64) -> Outgoing {
    let partition = Partition::new((sequence % PARTITIONS.unsigned_abs() as u64) as u16);
    Outgoing { producer: 0, sequence, attempt: 0, partition, warmup: false, phase: None, sent_ns: 1 }
}

/// A hasty client, with these settings beside.
pub(super) fn client(port: u16, more: &[(&str, &str)]) -> (Sink, Deliveries) {
    let address = format!("127.0.0.1:{port}");
    let settings = [
        ("bootstrap.servers", address.as_str()),
        ("linger.ms", "1"),
        ("retry.backoff.ms", "1"),
        ("reconnect.backoff.ms", "1"),
        ("delivery.timeout.ms", "300"),
        ("socket.timeout.ms", "300"),
        ("batch.num.messages", "4"),
    ];
    let settings = settings.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    open(TOPIC, &settings, 1000, Duration::from_secs(10)).unwrap()
}

fn add(sink: &mut Sink, sequences: Range<u64>) {
    for sequence in sequences {
        sink.add(event(sequence), |out| {
            out.extend_from_slice(b"value");
            Written { payload: Some(0..5), ..Written::default() }
        });
    }
    sink.hand_over(|place, why| panic!("{place}: {why:?}"));
}

/// Waits until the connection that the client opened first for its requests is gone.
fn until_closed(done: &Done) {
    let deadline = Instant::now() + Duration::from_secs(20);
    // The one before asked for the leaders.
    while done.closed.load(Ordering::Acquire) < 2 {
        assert!(Instant::now() < deadline, "{done:?}");
        thread::yield_now();
    }
}

/// Sends without waiting, and takes in what is there already.
fn send(deliveries: &mut Deliveries, told: &mut BTreeMap<u64, Outcome>) {
    deliveries.poll(Duration::ZERO, |delivery| {
        told.insert(delivery.event.sequence, delivery.outcome);
    });
}

/// Takes in the outcome of each event, until there are so many.
fn hear(deliveries: &mut Deliveries, told: &mut BTreeMap<u64, Outcome>, events: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while told.len() < events {
        assert!(Instant::now() < deadline, "{} of {events} events have an outcome", told.len());
        deliveries.poll(Duration::from_millis(5), |delivery| {
            let before = told.insert(delivery.event.sequence, delivery.outcome);
            assert!(before.is_none(), "{} has two outcomes", delivery.event.sequence);
        });
    }
}

/// The outcome of each event.
fn outcomes(port: u16) -> BTreeMap<u64, Outcome> {
    let (mut sink, mut deliveries) = client(port, &[]);
    add(&mut sink, 0..EVENTS);
    let mut told = BTreeMap::new();
    hear(&mut deliveries, &mut told, EVENTS as usize);
    assert_eq!(deliveries.still_in_flight().count(), 0);
    sink.take_back();
    assert_eq!((sink.in_flight(), sink.room()), (0, 1000));
    told
}

#[test]
fn an_honest_broker_gets_everything() {
    let told = outcomes(honest());
    assert!(told.values().all(|outcome| matches!(outcome, Outcome::Acked { .. })), "{told:?}");
}

#[test]
fn what_was_sent_and_never_answered_is_not_known_and_the_rest_certainly_failed() {
    let told = outcomes(broker(vec![Answer::Close; 10_000]));
    let is_open = |outcome: &Outcome| matches!(outcome, Outcome::Unresolved(_));
    let is_certain = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    assert!(told.values().all(|outcome| is_open(outcome) || is_certain(outcome)), "{told:?}");
    let in_first_batches = told.iter().take(PARTITIONS as usize).map(|(_, outcome)| outcome);
    assert!(in_first_batches.clone().all(is_open), "{told:?}");
    // One batch is under way in each partition until one is acknowledged.
    let batch = 4 * PARTITIONS as usize;
    assert_eq!(told.values().filter(|outcome| is_certain(outcome)).count(), EVENTS as usize - batch, "{told:?}");
}

/// A client that is given time, and sends at once.
const PATIENT: [(&str, &str); 3] =
    [("linger.ms", "0"), ("delivery.timeout.ms", "20000"), ("socket.timeout.ms", "20000")];

#[test]
fn what_was_answered_before_the_connection_ended_is_known() {
    let (port, done) = watched(vec![Answer::LastWords(100)]);
    let (mut sink, mut deliveries) = client(port, &PATIENT);
    add(&mut sink, 0..3);
    let mut told = BTreeMap::new();
    send(&mut deliveries, &mut told);
    until_closed(&done);
    hear(&mut deliveries, &mut told, 3);
    assert!(told.values().all(|outcome| *outcome == Outcome::Acked { offset: 100 }), "{told:?}");
    assert_eq!(done.requests.load(Ordering::Relaxed), 1);
}

#[test]
fn what_was_answered_is_known_even_if_nothing_more_can_be_written() {
    let (port, done) = watched(vec![Answer::LastWordsToTheFirst(100)]);
    let (mut sink, mut deliveries) = client(port, &PATIENT);
    let mut told = BTreeMap::new();
    for sequence in 0..2 {
        add(&mut sink, sequence..sequence + 1);
        send(&mut deliveries, &mut told);
    }
    done.may_close.store(true, Ordering::Release);
    until_closed(&done);
    add(&mut sink, 2..3);
    hear(&mut deliveries, &mut told, 3);
    assert_eq!(told[&0], Outcome::Acked { offset: 100 });
    assert!(told.values().all(|outcome| matches!(outcome, Outcome::Acked { .. })), "{told:?}");
}

#[test]
fn what_is_over_is_not_sent() {
    let (port, done) = watched(Vec::new());
    let (mut sink, mut deliveries) = client(port, &[("linger.ms", "0"), ("delivery.timeout.ms", "1")]);
    add(&mut sink, 0..3);
    let added = Instant::now();
    while added.elapsed() < Duration::from_millis(2) {
        thread::yield_now();
    }
    let mut told = BTreeMap::new();
    hear(&mut deliveries, &mut told, 3);
    let late = Outcome::Failed(ErrorCode::MessageTimedOut);
    assert!(told.values().all(|outcome| *outcome == late), "{told:?}");
    assert_eq!(done.requests.load(Ordering::Relaxed), 0);
}

#[test]
fn a_broker_is_not_said_to_have_been_silent_for_longer_than_it_was() {
    let (mut sink, mut deliveries) =
        client(broker(vec![Answer::Nothing; 100]), &[("delivery.timeout.ms", "20"), ("socket.timeout.ms", "200")]);
    let begun = Instant::now();
    add(&mut sink, 0..3);
    let mut told = BTreeMap::new();
    hear(&mut deliveries, &mut told, 3);
    let error = deliveries.last_error().unwrap_or_default();
    let waited_ms = error.split_once("did not answer within ").and_then(|(_, rest)| rest.strip_suffix(" ms"));
    let waited_ms: u128 = waited_ms.and_then(|ms| ms.parse().ok()).unwrap();
    assert!((200..=begun.elapsed().as_millis()).contains(&waited_ms), "{error} after {:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]
    #[test]
    fn every_event_has_one_outcome_whatever_the_broker_says(answers in prop::collection::vec(answer(), 0..25)) {
        outcomes(broker(answers));
    }
}
