//! How long brokers asked a client to wait: what a quota does, by the client's own statistics.

use std::collections::BTreeMap;

use serde::Deserialize;

/// How often a producer counts, in milliseconds.
pub(super) const EVERY_MS: &str = "1000";

/// The part of librdkafka's statistics (its STATISTICS.md) that is read here.
#[derive(Debug, Deserialize)]
struct Statistics {
    #[serde(default)]
    brokers: BTreeMap<String, Broker>,
}

#[derive(Debug, Deserialize)]
struct Broker {
    #[serde(default)]
    throttle: Window,
}

#[derive(Debug, Default, Deserialize)]
struct Window {
    #[serde(default)]
    max: i64,
}

/// The longest that a broker asked the client to wait since the statistics before, in milliseconds; 0 where none did, or where they cannot be read.
pub(super) fn longest_ms(statistics: &str) -> u64 {
    let read: Option<Statistics> = serde_json::from_str(statistics).ok();
    let waits = read.into_iter().flat_map(|read| read.brokers.into_values()).map(|broker| broker.throttle.max);
    waits.max().and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_of_all_brokers_counts() {
        let of = |first: i64, second: i64| {
            let broker = |ms: i64| {
                format!(r#"{{"name":"b","throttle":{{"min":0,"max":{ms},"avg":1,"cnt":2}},"rtt":{{"max":9000}}}}"#)
            };
            longest_ms(&format!(
                r#"{{"ts":1,"brokers":{{"a/1":{},"b/2":{}}},"topics":{{}}}}"#,
                broker(first),
                broker(second)
            ))
        };
        assert_eq!((of(0, 0), of(70, 1_200), of(-1, -1)), (0, 1_200, 0));
        assert_eq!((longest_ms("{}"), longest_ms("no JSON")), (0, 0));
    }
}
