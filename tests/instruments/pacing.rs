//! How evenly a topic was filled: reads the times that floodmark wrote, and prints lateness and bins. It uses only the client.
//!
//! Usage: pacing BROKERS TOPIC OFFERED_PER_S. Prints one line: events, the mean rate relative to the offered one, sent minus due (p50, p99,
//! maximum), and the events in the fullest and the first 10 ms relative to the mean.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

const BIN_US: u64 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [brokers, topic, offered] = arguments.as_slice() else {
        return Err("usage: pacing BROKERS TOPIC OFFERED_PER_S".into());
    };
    let stamps = read_stamps(brokers, topic)?;
    let line = describe(&stamps, offered.parse()?).ok_or("the topic holds no events")?;
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// (due, sent) of every event of a topic, in microseconds since 1970.
fn read_stamps(brokers: &str, topic: &str) -> Result<Vec<(u64, u64)>, Box<dyn Error>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "floodmark-pacing")
        .set("enable.auto.commit", "false")
        .create()?;
    let timeout = Duration::from_secs(10);
    let partitions = consumer.fetch_metadata(Some(topic), timeout)?.topics()[0].partitions().len() as i32;
    let (mut assignment, mut left) = (TopicPartitionList::new(), 0);
    for partition in 0..partitions {
        let (start, end) = consumer.fetch_watermarks(topic, partition, timeout)?;
        assignment.add_partition_offset(topic, partition, Offset::Offset(start))?;
        left += end - start;
    }
    consumer.assign(&assignment)?;
    let mut stamps = Vec::with_capacity(left as usize);
    while left > 0 {
        let message = consumer.poll(timeout).ok_or("the broker went silent")??;
        let event: serde_json::Value = serde_json::from_slice(message.payload().unwrap_or_default())?;
        stamps.push((event["due"].as_u64().ok_or("no due")?, event["sent"].as_u64().ok_or("no sent")?));
        left -= 1;
    }
    Ok(stamps)
}

fn describe(stamps: &[(u64, u64)], offered_per_s: f64) -> Option<String> {
    let mut late_us: Vec<i64> = stamps.iter().map(|(due, sent)| *sent as i64 - *due as i64).collect();
    late_us.sort_unstable();
    let quantile = |share: f64| late_us[((late_us.len() - 1) as f64 * share) as usize] as f64 / 1000.0;
    let first_due = stamps.iter().map(|(due, _)| *due).min()?;
    let last_sent = stamps.iter().map(|(_, sent)| *sent).max()?;
    let seconds = (last_sent - first_due) as f64 / 1e6 + 1.0 / offered_per_s;
    let mut bins: BTreeMap<u64, u64> = BTreeMap::new();
    for (_, sent) in stamps {
        *bins.entry((sent - first_due) / BIN_US).or_default() += 1;
    }
    let mean = offered_per_s * BIN_US as f64 / 1e6;
    let fullest = *bins.values().max()? as f64 / mean;
    let over = bins.values().filter(|events| **events as f64 > 1.3 * mean).count();
    Some(format!(
        "{} events, mean rate {:+.4} % of offered, sent - due p50 {:.3} p99 {:.3} p99.9 {:.3} max {:.3} ms, 10 ms bins: first {:.2} fullest {fullest:.2} of the mean, {over} of {} above 1.3",
        stamps.len(),
        (stamps.len() as f64 / seconds / offered_per_s - 1.0) * 100.0,
        quantile(0.5),
        quantile(0.99),
        quantile(0.999),
        quantile(1.0),
        *bins.get(&0).unwrap_or(&0) as f64 / mean,
        bins.len(),
    ))
}
