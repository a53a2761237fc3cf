//! Messages by a schema: sent and read back by the built program, read by the libraries of each language, and everything that can be wrong.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use floodmark::event::EventId;
use floodmark::verdict::{ReasonCode, Verdict};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};

const PATIENCE: Duration = Duration::from_secs(60);
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/schemas");

/// An order, as short as it may be.
pub(crate) const AVRO: &str = r#"{"type":"record","name":"Order","fields":[
    {"name":"id","type":{"type":"fixed","name":"Id","size":16}},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"note","type":"string"}]}"#;
/// The same after a change: what was first is second.
const EVOLVED: &str = r#"{"type":"record","name":"Order","fields":[{"name":"shop","type":["null","string"],"default":null},
    {"name":"id","type":{"type":"fixed","name":"Id","size":16}},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"note","type":"string"}]}"#;

/// The payloads of a topic, by a client of its own.
fn read_all(cluster: &Cluster, topic: &str, messages: usize) -> Vec<Vec<u8>> {
    let consumer = reader(cluster, topic);
    let (mut read, deadline) = (Vec::new(), Instant::now() + PATIENCE);
    while read.len() < messages {
        assert!(Instant::now() < deadline, "{} of {messages} messages", read.len());
        read.extend(
            consumer.poll(Duration::from_millis(200)).map(|message| message.unwrap().payload().unwrap().to_vec()),
        );
    }
    read
}

pub(crate) fn reader(cluster: &Cluster, topic: &str) -> BaseConsumer {
    let consumer: BaseConsumer = cluster.client().set("group.id", topic).create().unwrap();
    let mut from = TopicPartitionList::new();
    (0..4).for_each(|partition| from.add_partition_offset(topic, partition, Offset::Beginning).unwrap());
    consumer.assign(&from).unwrap();
    consumer
}

fn assert_own(id: Uuid) {
    assert!(EventId::from_uuid(id).is_ok(), "{id}");
}

#[test]
fn each_language_is_sent_read_back_and_read_by_its_own_library() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topics = ["avro", "protobuf", "json-schema"].map(|codec| {
        let topic = cluster.topic(codec);
        let text = fs::read_to_string(format!("{EXAMPLES}/{codec}.toml")).unwrap();
        let text = text
            .replace(&format!("floodmark-orders-{codec}"), &topic)
            .replace("name = \"orders\"", &format!("name = \"{codec}\""));
        (topic, text.replace("schema = \"", &format!("schema = \"{EXAMPLES}/")).replace("1k/s", "200/s"))
    });
    let streams = |text: &str| text.split_once("[[stream]]").unwrap().1.to_owned();
    let mut text = "duration = \"2s\"\n".to_owned();
    topics.iter().for_each(|(_, example)| text.push_str(&format!("[[stream]]{}", streams(example))));
    let text = text.replacen("codec = \"avro\"", "codec = \"avro\"\nschema_id = 258", 1);
    let summary = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.delivered, counts.lost, counts.unreadable), (1200, 0, 0), "{counts:?}");
    for stream in &summary.streams {
        let latencies = &stream.latency_ms;
        assert_eq!(latencies.sent_to_consumed.count, latencies.due_to_consumed.count, "{}", stream.name);
    }
    let [avro, protobuf, json] = topics.map(|(topic, _)| read_all(&cluster, &topic, 400));

    let schema =
        apache_avro::Schema::parse_str(&fs::read_to_string(format!("{EXAMPLES}/order.avsc")).unwrap()).unwrap();
    let avro_reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema).build().unwrap();
    for payload in avro {
        let (frame, mut payload) = payload.split_at(5);
        assert_eq!(frame, [0, 0, 0, 1, 2]);
        let value: Value = avro_reader.read_value(&mut payload).unwrap().try_into().unwrap();
        assert!(payload.is_empty());
        assert_own(value["meta"]["id"].as_str().unwrap().parse().unwrap());
    }
    let pool = protox::compile([format!("{EXAMPLES}/order.proto")], [EXAMPLES]).unwrap();
    let order = prost_reflect::DescriptorPool::from_file_descriptor_set(pool).unwrap();
    let order = order.get_message_by_name("shop.Order").unwrap();
    for payload in protobuf {
        let message = prost_reflect::DynamicMessage::decode(order.clone(), payload.as_slice()).unwrap();
        assert!(message.unknown_fields().next().is_none());
        assert_own(Uuid::from_slice(message.get_field_by_name("id").unwrap().as_bytes().unwrap()).unwrap());
    }
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(format!("{EXAMPLES}/order.schema.json")).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for payload in json {
        let value: Value = serde_json::from_slice(&payload).unwrap();
        assert!(schema.is_valid(&value), "{value}");
        assert_own(value["id"].as_str().unwrap().parse().unwrap());
    }
}

#[test]
fn a_sample_shows_what_is_in_the_bytes_and_how_many_there_are() {
    let workshop = Workshop::new();
    let sample = |codec: &str| workshop.call(&["plan", &format!("{EXAMPLES}/{codec}.toml"), "--sample", "2"]);
    for (codec, part) in
        [("avro", "\"meta\":{\"id\":\""), ("protobuf", "\"placed_at\":"), ("json-schema", "\"placedAt\":\"2030-")]
    {
        let shown = sample(codec);
        assert_eq!(shown.code(), Some(0), "{}", shown.stderr);
        assert_eq!(shown.stdout, sample(codec).stdout, "the same again");
        assert!(
            shown.stdout.starts_with("# orders 1, partition ") && shown.stdout.contains(" B\n{"),
            "{}",
            shown.stdout
        );
        assert_eq!(shown.stdout.matches(part).count(), 2, "{}", shown.stdout);
    }
}

/// Payloads that cannot be sent, and what is said of each.
const REFUSED: &[(&str, &str)] = &[
    ("codec = \"avro\"\nid = \"/id\"", "Avro needs a schema, and the stream has none"),
    ("codec = \"avro\"\nschema = \"t.avsc\"", "the id has no place in the schema"),
    ("codec = \"avro\"\nschema = \"t.avsc\"\nid = \"id\"", "`id` is `id`, which is not a JSON pointer"),
    (
        "codec = \"avro\"\nschema = \"t.avsc\"\nid = \"/n\"",
        "`/n` holds a whole number of 32 bits, which cannot carry the id: an id needs a text of 36 characters",
    ),
    (
        "codec = \"avro\"\nschema = \"t.avsc\"\nid = \"/e\"",
        "`/e` holds one of the symbols A, which cannot carry the id",
    ),
    ("codec = \"avro\"\nschema = \"t.avsc\"\nid = \"/l/*\"", "the id would be there several times"),
    (
        "codec = \"avro\"\nschema = \"t.avsc\"\nid = \"/meta/id\"",
        "the schema has no field `/meta/id`: did you mean `/id`?",
    ),
    ("codec = \"avro\"\nschema = \"t.avsc\"\nid = \"/id\"\nsize = \"1kB\"", "`size` does not go with a schema"),
    (
        "codec = \"avro\"\nschema = \"t.avsc\"\nid = \"/id\"\nmessage = \"T\"",
        "`message` only applies with codec = \"protobuf\"",
    ),
    ("codec = \"avro\"\nschema = \"endless.avsc\"\nid = \"/id\"", "`/next` refers to its own type without an end"),
    ("codec = \"avro\"\nschema = \"broken.avsc\"\nid = \"/id\"", "it is not JSON: EOF while parsing a value at line 2"),
    ("codec = \"avro\"\nschema = \"none.avsc\"\nid = \"/id\"", "none.avsc does not exist"),
    (
        "codec = \"json-schema\"\nschema = \"short.json\"\nid = \"/id\"",
        "`/id` holds a text of at most 20 characters, which cannot carry the id",
    ),
    ("codec = \"protobuf\"\nschema = \"two.proto\"\nid = \"/id\"", "line 3: name 'strin' is not defined"),
    (
        "codec = \"protobuf\"\nschema = \"two-good.proto\"\nid = \"/id\"",
        "the schema has several messages (A, B): name the one to send",
    ),
    (
        "codec = \"protobuf\"\nschema = \"two-good.proto\"\nid = \"/id\"\nmessage = \"C\"",
        "the schema has no message `C`: it has A, B",
    ),
    ("schema = \"t.avsc\"", "`schema` only applies with codec = \"avro\""),
    (
        "codec = \"avro\"\nid = \"/id\"\nregistry = { url = \"http://me:hunter2@127.0.0.1:1\" }",
        "the registry's address holds a login",
    ),
];

#[test]
fn what_a_schema_cannot_do_is_one_sentence() {
    let workshop = Workshop::new();
    let record = |fields: &str| format!("{{\"type\":\"record\",\"name\":\"T\",\"fields\":[{fields}]}}");
    let field = |name: &str, holds: &str| format!("{{\"name\":\"{name}\",\"type\":{holds}}}");
    let own = [
        field("id", "\"string\""),
        field("n", "\"int\""),
        field("e", r#"{"type":"enum","name":"E","symbols":["A"]}"#),
        field("l", r#"{"type":"array","items":"string"}"#),
    ];
    fs::write(workshop.path("t.avsc"), record(&own.join(","))).unwrap();
    fs::write(workshop.path("endless.avsc"), record(&[field("id", "\"string\""), field("next", "\"T\"")].join(",")))
        .unwrap();
    fs::write(workshop.path("broken.avsc"), "{\"type\":\n").unwrap();
    fs::write(workshop.path("short.json"), r#"{"type":"object","properties":{"id":{"type":"string","maxLength":20}}}"#)
        .unwrap();
    fs::write(
        workshop.path("two.proto"),
        "syntax = \"proto3\";\nmessage A { string id = 1; }\nmessage B { strin id = 1; }\n",
    )
    .unwrap();
    fs::write(
        workshop.path("two-good.proto"),
        "syntax = \"proto3\";\nmessage A { string id = 1; }\nmessage B { string id = 1; }\n",
    )
    .unwrap();
    for (payload, expected) in REFUSED {
        let text =
            format!("duration = \"2s\"\n[[stream]]\nname = \"s\"\nrate = \"10/s\"\n[stream.payload]\n{payload}\n");
        let ended = workshop.call(&["plan", workshop.profile(&text).to_str().unwrap()]);
        assert_eq!(ended.code(), Some(2), "{payload}: {}", ended.stderr);
        let told = ended.stderr.replace("\n  │ ", " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(expected) && !told.contains("hunter2"), "{payload}: {}", ended.stderr);
    }
}

#[test]
fn headers_tombstones_and_the_fields_of_a_schema_stand_side_by_side() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("headers-avro");
    fs::write(workshop.path("t.avsc"), AVRO).unwrap();
    let text = |fields: &str| {
        format!(
            "duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"500/s\"\nheaders = {{ trace = \"{{{{trace}}}} of {{{{key}}}}\" }}\n\
             [stream.payload]\ncodec = \"avro\"\nschema = \"t.avsc\"\nid = \"/id\"\nevent_time = \"/at\"\ntombstone_share = 0.1\n\
             [stream.payload.fields]\ntrace = {{ kind = \"uuid\" }}\n\"/note\" = {{ kind = \"choice\", values = [\"as drawn\"] }}\n{fields}"
        )
    };
    let summary = workshop.run(&workshop.profile(&text("")), &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.delivered, counts.lost, counts.unreadable), (1000, 0, 0), "{counts:?}");

    let (consumer, deadline) = (reader(&cluster, &topic), Instant::now() + PATIENCE);
    let (mut tombstones, mut payloads) = (0, 0);
    while tombstones + payloads < 1000 {
        assert!(Instant::now() < deadline, "{tombstones} tombstones and {payloads} payloads");
        let Some(message) = consumer.poll(Duration::from_millis(200)) else { continue };
        let message = message.unwrap();
        let key = String::from_utf8(message.key().unwrap().to_vec()).unwrap();
        let headers = message.headers().unwrap();
        let trace = headers.iter().find(|header| header.key == "trace").unwrap().value.unwrap().to_vec();
        let trace = String::from_utf8(trace).unwrap();
        let (uuid, of) = trace.split_once(" of ").unwrap();
        assert!(uuid.parse::<Uuid>().is_ok() && of == key, "{trace}");
        match message.payload() {
            Some(payload) => {
                assert!(payload.ends_with(b"\x10as drawn"), "{payload:?}");
                payloads += 1;
            }
            None => tombstones += 1,
        }
    }
    assert!((50..200).contains(&tombstones), "{tombstones}");

    let unused = workshop.profile(&text("extra = { kind = \"uuid\" }\n"));
    let refused = workshop.call(&["plan", unused.to_str().unwrap()]);
    assert!(
        refused.code() == Some(2) && refused.stderr.contains("has a place for the field `extra`"),
        "{}",
        refused.stderr
    );
}

/// A registry that answers as a test wants, on loopback.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicBool>,
}

/// `answer` makes a status and a body of a path; a body of nothing is never sent.
pub(crate) fn serve(answer: impl Fn(&str) -> (&'static str, String) + Send + 'static) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let served = Served { address: listener.local_addr().unwrap(), asked: Arc::default() };
    let asked = Arc::clone(&served.asked);
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for client in listener.incoming() {
            let Ok(mut client) = client else { continue };
            let Some(path) = path_of(&mut client) else { continue };
            asked.store(true, Ordering::Relaxed);
            let (status, body) = answer(&path);
            if body.is_empty() {
                silent.push(client);
                continue;
            }
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            // A client that has gone away is not the server's concern.
            let _gone = client.write_all(answer.as_bytes());
        }
    });
    served
}

fn path_of(client: &mut TcpStream) -> Option<String> {
    let (mut head, mut reader) = (String::new(), BufReader::new(client));
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    reader.take(length.unwrap_or(0)).read_to_end(&mut Vec::new()).ok()?;
    head.split(' ').nth(1).map(str::to_owned)
}

pub(crate) fn schema_answer(id: u32, schema: &str) -> (&'static str, String) {
    ("200 OK", serde_json::json!({ "id": id, "version": id, "subject": "s", "schema": schema }).to_string())
}

pub(crate) fn by_registry(served: &Served, topic: &str, more: &str) -> String {
    let url = format!("http://{}", served.address);
    format!(
        "duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"500/s\"\narrivals = \"poisson\"\n[stream.payload]\ncodec = \"avro\"\n\
         id = \"/id\"\ndue = \"/at\"\nregistry = {{ url = \"{url}\", timeout = \"2s\" }}\n{more}"
    )
}

/// Passes on a topic's messages by hand, each as `rewrite` makes it of its number and payload.
fn pass_on(cluster: &Cluster, from: &str, to: &str, stop: &AtomicBool, rewrite: impl Fn(usize, &[u8]) -> Vec<u8>) {
    let consumer = reader(cluster, from);
    let producer: BaseProducer = cluster.client().create().unwrap();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let Some(message) = consumer.poll(Duration::from_millis(20)) else { continue };
        let message = message.unwrap();
        let payload = rewrite(number, message.payload().unwrap());
        producer.send(BaseRecord::<[u8], [u8]>::to(to).key(message.key().unwrap()).payload(&payload)).unwrap();
        producer.poll(Duration::ZERO);
        number += 1;
    }
    producer.flush(PATIENCE).unwrap();
}

/// A run through a pipeline that rewrites messages, with a registry that knows both schemas.
fn run_through(rewrite: impl Fn(usize, &[u8]) -> Vec<u8> + Send) -> Ended {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (source, target) = (cluster.topic("schema-in"), cluster.topic("schema-out"));
    cluster.create(&source, 4);
    cluster.create(&target, 4);
    let served = serve(|path| match path {
        "/schemas/ids/2" => schema_answer(2, EVOLVED),
        _ if path.ends_with("/versions/latest") => schema_answer(1, AVRO),
        _ => ("404 Not Found", "{\"error_code\":40403,\"message\":\"no schema\"}".to_owned()),
    });
    let stages = format!(
        "[[stream.stage]]\nname = \"input\"\ntopic = \"{source}\"\n\
         [[stream.stage]]\nname = \"output\"\ntopic = \"{target}\"\nquiet = \"2s\"\n"
    );
    let profile = workshop.profile(&by_registry(&served, &source, &stages));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| pass_on(&cluster, &source, &target, &stop, rewrite));
        let ended = workshop.run(&profile, &cluster.brokers, &[]);
        stop.store(true, Ordering::Relaxed);
        ended
    })
}

/// As by the changed schema: the id of that, and a null for the new field.
fn evolved(payload: &[u8]) -> Vec<u8> {
    assert_eq!(payload[..5], [0, 0, 0, 0, 1]);
    [&[0, 0, 0, 0, 2, 0], &payload[5..]].concat()
}

#[test]
fn a_schema_that_changes_in_mid_run_is_asked_for_and_read() {
    let summary = run_through(|number, payload| if number < 300 { payload.to_vec() } else { evolved(payload) }).sound();
    let counts = summary.totals;
    assert_eq!((counts.delivered, counts.lost, counts.unreadable), (counts.planned, 0, 0), "{counts:?}");
    assert_eq!(counts.due_wrong, 0, "in milliseconds a due time is the same time");
}

#[test]
fn what_cannot_be_decoded_at_a_stage_makes_the_run_void_and_is_not_lost() {
    for (rewrite, said) in [
        (
            (|_, payload| payload[..payload.len() - 1].to_vec()) as fn(usize, &[u8]) -> Vec<u8>,
            "by schema 1, which it names: it ends in the middle of a field",
        ),
        (|_, payload| [&[0, 0, 0, 0, 9], &payload[5..]].concat(), "has no schema 9 (404)"),
    ] {
        let ended = run_through(rewrite);
        let summary = ended.summary();
        assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{}", ended.stderr);
        let counts = summary.streams[0].counts;
        assert_eq!((counts.lost, counts.unreadable), (0, counts.planned), "{counts:?}");
        let told = summary.reasons.iter().find(|reason| reason.code == ReasonCode::Unreadable).unwrap();
        assert!(told.text.contains("the message cannot be decoded") && told.text.contains(said), "{told}");
        assert_eq!(summary.streams[0].stages[0].counts.delivered, counts.planned);
    }
}

#[test]
fn a_registry_that_does_not_help_ends_the_run_before_anything_is_sent() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("no-registry");
    for (status, body, said) in [
        ("401 Unauthorized", "{}", "asks for a login (401)"),
        ("404 Not Found", "{\"error_code\":40401,\"message\":\"no\"}", "has no subject"),
        ("500 Oops", "{\"message\":\"starting\"}", "answered 500 (starting): try again later"),
        ("200 OK", "", "did not answer within 2 s"),
    ] {
        let served = serve(move |_| (status, body.to_owned()));
        let profile = workshop.profile(&by_registry(&served, &topic, ""));
        let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
        command.args(["run", profile.to_str().unwrap(), "-b", &cluster.brokers]);
        command.env("FLOODMARK_REGISTRY_USER", "me").env("FLOODMARK_REGISTRY_PASSWORD", "hunter2");
        let ended = workshop.start_command(command).wait();
        let (code, sentence) = ended.one_sentence();
        assert_eq!(code, Some(4), "{sentence}");
        assert!(sentence.contains(said) && sentence.contains("stream `s`"), "{sentence}");
        assert!(!ended.stderr.contains("hunter2") && served.asked.load(Ordering::Relaxed), "{sentence}");
    }
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = Served { address: away, asked: Arc::default() };
    let ended = workshop.run(&workshop.profile(&by_registry(&away, &topic, "")), &cluster.brokers, &[]);
    assert_eq!(ended.code(), Some(4));
    assert!(ended.stdout.contains("cannot be reached (Connection refused"), "{}", ended.stdout);
}

/// What a pipeline makes of floodmark's own JSON: Avro of its own schema, without a frame.
fn as_avro(_: usize, payload: &[u8]) -> Vec<u8> {
    let event: Value = serde_json::from_slice(payload).unwrap();
    let (id, sent_us) = (event["id"].as_str().unwrap(), event["sent"].as_i64().unwrap());
    let mut out = vec![id.len() as u8 * 2];
    out.extend_from_slice(id.as_bytes());
    // As Avro writes a whole number.
    let mut number = (sent_us / 1_000 * 2).cast_unsigned();
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

#[test]
fn a_stage_has_a_schema_of_its_own_behind_a_stream_of_json() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (source, target) = (cluster.topic("json-in"), cluster.topic("avro-out"));
    cluster.create(&source, 4);
    cluster.create(&target, 4);
    let schema = r#"{"type":"record","name":"Out","fields":[{"name":"event","type":"string"},
        {"name":"sent_ms","type":{"type":"long","logicalType":"timestamp-millis"}}]}"#;
    fs::write(workshop.path("out.avsc"), schema).unwrap();
    let profile = workshop.profile(&format!(
        "duration = \"2s\"\n[[stream]]\nname = \"s\"\ntopic = \"{source}\"\nrate = \"500/s\"\n\
         [[stream.stage]]\nname = \"input\"\ntopic = \"{source}\"\n\
         [[stream.stage]]\nname = \"output\"\ntopic = \"{target}\"\nquiet = \"2s\"\n\
         codec = \"avro\"\nschema = \"out.avsc\"\nid = \"/event\"\nsent = \"/sent_ms\"\ndue = \"header:none\"\n"
    ));
    let stop = AtomicBool::new(false);
    let ended = std::thread::scope(|scope| {
        scope.spawn(|| pass_on(&cluster, &source, &target, &stop, as_avro));
        let ended = workshop.run(&profile, &cluster.brokers, &[]);
        stop.store(true, Ordering::Relaxed);
        ended
    });
    let summary = ended.sound();
    assert_eq!((summary.totals.delivered, summary.totals.lost), (1000, 0));
    let latency = summary.streams[0].latency_ms.sent_to_consumed;
    // How many are timed depends on the machine.
    assert!(latency.count > 0 && latency.max < 60_000.0, "milliseconds are recognised: {latency:?}");
}

/// A registry that knows a schema by id 1, and by a GUID where there is one.
fn with_guid(schema: &'static str, kind: &'static str, guid: Option<Uuid>) -> Served {
    let answer = move || {
        let mut answer = serde_json::json!({ "id": 1, "version": 1, "schema": schema, "schemaType": kind });
        if let Some(guid) = guid {
            answer["guid"] = guid.to_string().into();
        }
        ("200 OK", answer.to_string())
    };
    let of_guid = guid.map_or_else(String::new, |guid| format!("/schemas/guids/{guid}"));
    serve(
        move |path| {
            if path.starts_with("/subjects/") || path == of_guid {
                answer()
            } else {
                ("404 Not Found", "{}".to_owned())
            }
        },
    )
}

#[test]
fn a_header_names_the_schema_by_its_guid_and_the_payload_stands_alone() {
    const PROTOBUF: &str =
        "syntax = \"proto3\"; message A { string x = 1; } message T { string id = 1; int64 at = 2; }";
    let guid = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    for (codec, schema, kind, indexes) in [("avro", AVRO, "AVRO", &[][..]), ("protobuf", PROTOBUF, "PROTOBUF", &[2, 2])]
    {
        let (topic, served) = (cluster.topic(codec), with_guid(schema, kind, Some(guid)));
        let text =
            by_registry(&served, &topic, if codec == "avro" { "tombstone_share = 0.1\n" } else { "message = \"T\"\n" });
        let text = text
            .replace("codec = \"avro\"", &format!("codec = \"{codec}\""))
            .replace("timeout", "id_in = \"header\", timeout");
        let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
        let counts = ended.sound().totals;
        assert_eq!((counts.delivered, counts.unreadable), (counts.planned, 0), "{codec}");
        assert!(ended.stderr.contains(&format!("messages name it in a header, as {guid}")), "{}", ended.stderr);
        let (consumer, deadline) = (reader(&cluster, &topic), Instant::now() + PATIENCE);
        let named = [&[1][..], guid.as_bytes(), indexes].concat();
        for _ in 0..counts.planned {
            let message = loop {
                assert!(Instant::now() < deadline);
                if let Some(message) = consumer.poll(Duration::from_millis(200)) {
                    break message.unwrap();
                }
            };
            let header = message.headers().and_then(|all| all.iter().find(|header| header.key == "__value_schema_id"));
            let Some(payload) = message.payload() else {
                assert!(header.is_none(), "a tombstone has no schema");
                continue;
            };
            assert_eq!(header.unwrap().value.unwrap(), named);
            assert!(codec == "protobuf" || EventId::from_uuid(Uuid::from_slice(&payload[..16]).unwrap()).is_ok());
        }
    }
}

#[test]
fn a_registry_without_guids_ends_a_run_that_names_schemas_in_headers() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let (topic, served) = (cluster.topic("no-guid"), with_guid(AVRO, "AVRO", None));
    let text = by_registry(&served, &topic, "").replace("timeout", "id_in = \"header\", timeout");
    let ended = workshop.call(&["run", workshop.profile(&text).to_str().unwrap(), "-b", &cluster.brokers]);
    let (code, sentence) = ended.one_sentence();
    assert_eq!(code, Some(4), "{sentence}");
    let expected = format!("gives no GUID for the schema of subject `{topic}-value`");
    assert!(sentence.contains(&expected) && sentence.contains("remove `registry.id_in`"), "{sentence}");
}

#[test]
fn a_file_that_the_registry_does_not_take_is_the_profiles_fault_only_where_it_is_invalid() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("not-taken");
    fs::write(workshop.path("t.avsc"), AVRO).unwrap();
    for (status, code, said) in [
        ("422 Unprocessable Entity", 2, "(422): it is not valid there (no default of `note`); change it"),
        ("409 Conflict", 4, "(409): it is not compatible with the versions there (no default of `note`)"),
        ("500 Oops", 4, "answered 500 (no default of `note`): try again later"),
    ] {
        let served = serve(move |_| (status, "{\"error_code\":42201,\"message\":\"no default of `note`\"}".to_owned()));
        let text = by_registry(&served, &topic, "").replace("registry =", "schema = \"t.avsc\"\nregistry =");
        let profile = workshop.profile(&text.replace("timeout", "register = true, timeout"));
        let ended = workshop.call(&["run", profile.to_str().unwrap(), "-b", &cluster.brokers]);
        let (found, sentence) = ended.one_sentence();
        assert_eq!(found, Some(code), "{sentence}");
        assert!(sentence.contains(said) && sentence.contains("stream `s`"), "{sentence}");
    }
}
