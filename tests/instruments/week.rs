//! Fills a topic with records whose timestamps spread over the last seven days, for timing and checking `floodmark capture`.
//!
//! `cargo run --release -p floodmark-instruments --bin week -- 127.0.0.1:9092 floodmark-week 12 2000000 20 truth.csv` creates the topic (it
//! must not exist), writes this many records of 100 B in a daily wave, at most 20 to a batch (so a batch spans about a minute; within one,
//! a broker looks for a timestamp record by record), and saves the records per minute as a curve file.

use std::error::Error;
use std::f64::consts::TAU;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use floodmark::curve::{Curve, Origin};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

const MINUTES: usize = 7 * 24 * 60;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, topic, partitions, records, batch, truth] = arguments.as_slice() else {
        return Err("say BROKERS TOPIC PARTITIONS RECORDS RECORDS-PER-BATCH TRUTH-FILE".into());
    };
    let (partitions, records): (i32, f64) = (partitions.parse()?, records.parse()?);
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", brokers)
        .set("linger.ms", "50")
        .set("batch.num.messages", batch)
        .set("queue.buffering.max.messages", "200000");
    create(&client, topic, partitions)?;
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let begin_ms = (now_ms / 60_000 - MINUTES as i64) * 60_000;
    let producer: BaseProducer = client.create()?;
    let payload = [b'x'; 100];
    let mut counts = Vec::with_capacity(MINUTES);
    let mut next = 0_usize;
    for minute in 0..MINUTES {
        // Between a tenth and nineteen tenths of the mean, once a day.
        let height = 1.0 + 0.9 * (TAU * minute as f64 / 1440.0).sin();
        let count = (records / MINUTES as f64 * height).round() as i64;
        for number in 0..count {
            let stamp_ms = begin_ms + minute as i64 * 60_000 + number * 60_000 / count;
            let mut record = BaseRecord::<[u8], [u8]>::to(topic).timestamp(stamp_ms).payload(&payload);
            record = record.partition((next % partitions as usize) as i32);
            while let Err((_, refused)) = producer.send(record) {
                producer.poll(Duration::from_millis(10));
                record = refused;
            }
            next += 1;
        }
        counts.push(count as f64);
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(120))?;
    let curve = Curve::new(Some(begin_ms), 60_000, counts)?;
    std::fs::write(truth, curve.write(&Origin::default())?)?;
    Ok(())
}

/// A topic that deletes nothing, however old.
fn create(client: &ClientConfig, topic: &str, partitions: i32) -> Result<(), Box<dyn Error>> {
    let admin: AdminClient<DefaultClientContext> = client.create()?;
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1)).set("retention.ms", "-1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let created = runtime.block_on(admin.create_topics([&new], &AdminOptions::new()))?;
    created.into_iter().next().ok_or("no answer")?.map_err(|(topic, code)| format!("{topic}: {code}"))?;
    Ok(())
}
