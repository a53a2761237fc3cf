//! The time scale of a stream's load: how late it may be sent before its shape changes.

use super::{Profile, Span, Stream, timeline};

/// A send this much later than due does not change the shape, in nanoseconds.
const LEAST_NS: u64 = 10_000_000;
/// However slowly the rate changes, a send later than this does not count as sent when due, in nanoseconds.
const MOST_NS: u64 = 1_000_000_000;
/// The part of the shortest stretch that may be late.
const SHARE: u64 = 10;

impl Profile {
    /// How late (p99 of the worst second) a stream may be sent and still count as offered: the profile's value, or a tenth of the stream's
    /// shortest stretch, at least 10 ms and at most 1 s.
    #[must_use]
    pub fn generator_may_be_late(&self, stream: &Stream) -> Span {
        let by_shape = || {
            let shortest_ns = stream.shortest_stretch().map_or(u64::MAX, Span::as_nanos);
            Span::from_nanos((shortest_ns / SHARE).clamp(LEAST_NS, MOST_NS))
        };
        self.generator_late_p99.unwrap_or_else(by_shape)
    }
}

impl Stream {
    /// The shortest phase, ramp, burst, pause or curve bucket of the stream; none if its rate never changes.
    #[must_use]
    pub fn shortest_stretch(&self) -> Option<Span> {
        let bursts = self.bursts().into_iter().flat_map(|on_off| [on_off.on, on_off.off]);
        let bucket =
            self.curve.as_ref().and_then(|curve| curve.played()).map(|played| Span::from_nanos(played.edge_ns(1)));
        let phases = timeline::stretch_lengths_ns(&self.phases).into_iter().map(Span::from_nanos);
        bursts.chain(bucket).chain(phases).filter(|stretch| *stretch > Span::default()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(stream: &str) -> Profile {
        let text = format!("duration = \"60s\"\n[[stream]]\nname = \"s\"\n{stream}");
        toml::from_str(&text).unwrap()
    }

    fn may_be_late(stream: &str) -> String {
        let profile = profile(stream);
        profile.generator_may_be_late(&profile.streams[0]).to_string()
    }

    #[test]
    fn the_shortest_stretch_decides_how_late_is_late() {
        assert_eq!(may_be_late("rate = \"1k/s\""), "1s");
        assert_eq!(
            may_be_late("rate = \"1k/s\"\nphases = [{ for = \"20s\" }, { for = \"2s\", rate = \"3x\" }]"),
            "200ms"
        );
        assert_eq!(may_be_late("rate = \"1k/s\"\nphases = [{ for = \"20s\", ramp = \"500ms\" }]"), "50ms");
        let group = "rate = \"1k/s\"\nphases = [{ repeat = 3, phases = [{ for = \"5s\" }, { for = \"30ms\", rate = \"9x\" }] }]";
        assert_eq!(may_be_late(group), "10ms");
        let bursts = "rate = \"1k/s\"\narrivals = \"on-off\"\non_off = { on = \"300ms\", off = \"4s\" }";
        assert_eq!(may_be_late(bursts), "30ms");
        let set = "duration = \"60s\"\ngenerator_late_p99 = \"77ms\"\n[[stream]]\nname = \"s\"\nrate = \"1/s\"\n";
        let set: Profile = toml::from_str(set).unwrap();
        assert_eq!(set.generator_may_be_late(&set.streams[0]).to_string(), "77ms");
    }
}
