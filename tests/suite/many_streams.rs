//! Many streams start side by side: all of them or none, and their order stays.

use std::fmt::Write as _;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::cluster::Cluster;
use crate::program::Workshop;

const STREAMS: usize = 40;

/// Streams whose topics have three partitions.
fn text(topics: &[String]) -> String {
    let mut text = "duration = \"1s\"\n".to_owned();
    for (number, topic) in topics.iter().enumerate() {
        // Writing into a string cannot fail.
        let _ = write!(text, "[[stream]]\nname = \"s{number}\"\ntopic = \"{topic}\"\nrate = \"5/s\"\npartitions = 3\n");
    }
    text
}

fn topics_of(cluster: &Cluster) -> Vec<String> {
    let client: BaseConsumer = cluster.client().create().unwrap();
    let metadata = client.fetch_metadata(None, Duration::from_secs(30)).unwrap();
    metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
}

#[test]
fn of_many_streams_the_first_at_fault_is_told_and_nothing_is_begun() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topics: Vec<String> = (0..STREAMS).map(|number| cluster.topic(&format!("many-{number}"))).collect();
    for number in [33, 17] {
        cluster.create(&topics[number], 2);
    }
    let ended = workshop.run(&workshop.profile(&text(&topics)), &cluster.brokers, &[]);
    let (code, told) = ended.one_sentence();
    assert!(code == Some(2) && told.contains(&format!("topic {} has 2 partitions", topics[17])), "{told}");
    assert!(!ended.out.as_ref().unwrap().exists());
    let there = topics_of(&cluster);
    let created: Vec<&String> = topics.iter().filter(|topic| there.contains(topic)).collect();
    assert_eq!(created, [&topics[17], &topics[33]]);
}

#[test]
fn many_streams_stand_in_the_profiles_order() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topics: Vec<String> = (0..STREAMS).map(|number| cluster.topic(&format!("order-{number}"))).collect();
    let summary = workshop.run(&workshop.profile(&text(&topics)), &cluster.brokers, &[]).sound();
    let told: Vec<(&str, &str)> =
        summary.streams.iter().map(|stream| (stream.name.as_str(), stream.topic.as_str())).collect();
    let names: Vec<String> = (0..STREAMS).map(|number| format!("s{number}")).collect();
    assert_eq!(told, names.iter().map(String::as_str).zip(topics.iter().map(String::as_str)).collect::<Vec<_>>());
    for stream in &summary.streams {
        assert_eq!((stream.counts.delivered, stream.counts.lost), (5, 0), "{}", stream.name);
    }
}
