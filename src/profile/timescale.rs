//! The time scale of a stream's load: how late it may be sent before its shape is another.

use super::{Arrivals, Phase, Profile, Span, Stream};

/// A send that is this much later than due changes no shape that anyone stated, in nanoseconds.
const LEAST_NS: u64 = 10_000_000;
/// However slowly the rate changes: what is sent later than this was not sent when it was due, in nanoseconds.
const MOST_NS: u64 = 1_000_000_000;
/// The part of the shortest stretch that may be late.
const SHARE: u64 = 10;

impl Profile {
    /// How late (p99 of the worst second) a stream may be sent and still count as offered: as the profile sets it, or a tenth of the
    /// stream's shortest stretch, at least 10 ms and at most 1 s.
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
    /// The shortest phase, ramp, burst, pause or curve bucket of the stream; none where its rate never changes.
    #[must_use]
    pub fn shortest_stretch(&self) -> Option<Span> {
        let bursts = self.on_off.filter(|_| self.arrivals == Arrivals::OnOff);
        let bursts = bursts.into_iter().flat_map(|on_off| [on_off.on, on_off.off]);
        let bucket =
            self.curve.as_ref().and_then(|curve| curve.played()).map(|played| Span::from_nanos(played.edge_ns(1)));
        let mut stretches: Vec<Span> = bursts.chain(bucket).collect();
        push_stretches(&self.phases, &mut stretches);
        stretches.into_iter().filter(|stretch| *stretch > Span::default()).min()
    }
}

fn push_stretches(phases: &[Phase], stretches: &mut Vec<Span>) {
    for phase in phases {
        let ramp = phase.ramp.unwrap_or_default();
        stretches.push(ramp);
        if let Some(lasts) = phase.lasts {
            stretches.push(Span::from_nanos(lasts.as_nanos().saturating_sub(ramp.as_nanos())));
        }
        push_stretches(&phase.phases, stretches);
    }
}

/// The phase that a stream is in at `at_ns`, repeats counted; none before, between and after them.
#[must_use]
pub fn phase_at(phases: &[Phase], at_ns: u128) -> Option<&Phase> {
    let mut left_ns = at_ns;
    for phase in phases {
        let once_ns = match phase.phases.is_empty() {
            true => u128::from(phase.lasts.unwrap_or_default().as_nanos()),
            false => super::validate::phases_length_nanos(&phase.phases),
        };
        let all_ns = once_ns.saturating_mul(u128::from(phase.repeat.unwrap_or(1)));
        if left_ns >= all_ns {
            left_ns -= all_ns;
        } else if phase.phases.is_empty() {
            return Some(phase);
        } else {
            return phase_at(&phase.phases, left_ns % once_ns);
        }
    }
    None
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

    #[test]
    fn the_phase_after_a_group_that_repeats_has_its_own_name() {
        let phases = "rate = \"1/s\"\nphases = [{ name = \"a\", for = \"2s\" }, \
            { repeat = 3, phases = [{ name = \"b\", for = \"1s\" }, { name = \"c\", for = \"2s\", repeat = 2 }] }, { name = \"d\", for = \"4s\" }]";
        let profile = profile(phases);
        let name = |at_s: u128| {
            let phase = phase_at(&profile.streams[0].phases, at_s * 1_000_000_000);
            phase.and_then(|phase| phase.name.as_deref()).unwrap_or("-")
        };
        let names: String = (0..23).map(name).collect();
        assert_eq!(names, "aabccccbccccbccccdddd--");
    }
}
