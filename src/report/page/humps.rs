//! What a reader has to know of two humps, and of what separates them.

use crate::latency::humps::Humps;
use crate::report::figures::{latency, share};

/// Where they are, and how many events are in each.
pub(super) fn words(humps: &Humps) -> String {
    let [first, second] = humps.tops_ms.map(latency);
    let all = humps.events[0] + humps.events[1];
    let [some, others] = humps.events.map(|events| share(events, all));
    format!(
        "two humps, {some} of the events around {first} and {others} around {second} (dip {:.3}): a percentile between them describes neither",
        humps.dip
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_humps_are_said_with_their_shares() {
        let humps = Humps { dip: 0.1234, tops_ms: [5.0, 2000.0], valley_ns: 100_000_000, events: [3000, 1000] };
        let said = words(&humps);
        assert!(
            said.starts_with("two humps, 75.00 % of the events around 5 ms and 25.00 % around 2 s (dip 0.123)"),
            "{said}"
        );
    }
}
