//! Limits and what was measured against them, in words.

use super::figures::{count, latency, rate};

/// A limit's figure in the unit of its key: latencies are in milliseconds, throughput in events per second, the others are numbers of events.
#[must_use]
pub(crate) fn limit_figure(key: &str, value: f64) -> String {
    match key {
        "throughput" => rate(value),
        _ if is_latency(key) => latency(value),
        _ => count(value.max(0.0).round() as u64),
    }
}

fn is_latency(key: &str) -> bool {
    key.starts_with("end_to_end_") || key.starts_with("ack_") || key == "recovers_within"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_shown_in_the_unit_of_its_key() {
        assert_eq!([limit_figure("ack_p99", 250.0), limit_figure("lost", 1234.0)], ["250 ms", "1,234"]);
        assert_eq!([limit_figure("recovers_within", 9000.0), limit_figure("throughput", 950.0)], ["9 s", "950/s"]);
    }
}
