//! The cluster that the suite runs on: the embedded broker, or the real one that FLOODMARK_TEST_BROKERS names.

use std::sync::atomic::{AtomicU32, Ordering};

use floodmark::broker::{Broker, BrokerConfig};

/// A cluster for one test.
pub(crate) struct Cluster {
    /// Kept alive for the test; none when a real cluster is used.
    _embedded: Option<Broker>,
    pub(crate) brokers: String,
}

impl Cluster {
    pub(crate) fn for_a_test() -> Self {
        if let Ok(brokers) = std::env::var("FLOODMARK_TEST_BROKERS") {
            return Cluster { _embedded: None, brokers };
        }
        let broker = Broker::start(BrokerConfig::default()).unwrap();
        let brokers = broker.address().to_string();
        Cluster { _embedded: Some(broker), brokers }
    }
}

/// A topic name that no other test uses, marked as floodmark's.
pub(crate) fn fresh_topic(subject: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("floodmark-test-{subject}-{}-{}-{number}", std::process::id(), since_1970.as_millis())
}
