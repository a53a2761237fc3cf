//! The busiest stretch of a profile, which short trials play: what holds there holds in the calm before and after it.

use crate::profile::timeline::{Stretch, stretches};
use crate::profile::{Profile, Span, Stream};

/// A stream's part of the busiest stretch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cut {
    /// The stream's name.
    pub(crate) stream: String,
    /// Its rate from the beginning of the stretch on. The rates are multiples of the stream's base rate.
    pub(crate) pieces: Vec<Stretch>,
}

impl Cut {
    /// The phases that play it, as TOML. Before the first phase a stream is at its base rate: a ramp at the start would begin there, so that a
    /// millisecond is held at the rate where it begins.
    #[must_use]
    pub(crate) fn to_toml(&self) -> String {
        let mut phases = Vec::new();
        let mut before = None;
        for piece in &self.pieces {
            let lasts = Span::from_nanos(piece.length_ns);
            let is_level = (piece.from_per_s - piece.to_per_s).abs() < 1e-9;
            if !is_level && before != Some(piece.from_per_s) {
                phases.push(format!("{{ for = \"1ms\", rate = \"{}x\" }}", piece.from_per_s));
            }
            let ramp = if is_level { String::new() } else { format!(", ramp = \"{lasts}\"") };
            phases.push(format!("{{ for = \"{lasts}\", rate = \"{}x\"{ramp} }}", piece.to_per_s));
            before = Some(piece.to_per_s);
        }
        format!("[{}]", phases.join(", "))
    }
}

/// The stretch of `length_ns` in which the most events are due, stream by stream; streams whose rate never changes are not among them.
/// Where there is none, the profile's first `length_ns` are as good as any others.
#[must_use]
pub(crate) fn busiest(profile: &Profile, length_ns: u64) -> Vec<Cut> {
    let changing: Vec<(&Stream, Vec<Stretch>)> = profile
        .streams
        .iter()
        .filter(|stream| !stream.phases.is_empty())
        .map(|stream| (stream, laid_out(stream)))
        .collect();
    let events = |from_ns: u64| -> f64 {
        let until_ns = from_ns.saturating_add(length_ns);
        changing.iter().map(|(stream, all)| stream.base_rate().as_per_s() * events(&cut(all, from_ns, until_ns))).sum()
    };
    let edges = changing.iter().flat_map(|(_, all)| edges_ns(all));
    let starts = edges.flat_map(|edge_ns| [edge_ns, edge_ns.saturating_sub(length_ns)]);
    // Of equals the earliest.
    let mut starts: Vec<(u64, f64)> = starts.map(|from_ns| (from_ns, events(from_ns))).collect();
    starts.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    let Some((from_ns, _)) = starts.first().copied() else { return Vec::new() };
    let of = |(stream, all): &(&Stream, Vec<Stretch>)| Cut {
        stream: stream.name.clone(),
        pieces: cut(all, from_ns, from_ns.saturating_add(length_ns)),
    };
    changing.iter().map(of).collect()
}

/// A stream's stretches with rates as multiples of its base rate; those without length are left out.
fn laid_out(stream: &Stream) -> Vec<Stretch> {
    let base = stream.base_rate();
    let relative = |of: Stretch| Stretch {
        from_per_s: of.from_per_s / base.as_per_s(),
        to_per_s: of.to_per_s / base.as_per_s(),
        ..of
    };
    stretches(&stream.phases, base).filter(|of| of.length_ns > 0).map(relative).collect()
}

fn edges_ns(all: &[Stretch]) -> Vec<u64> {
    let ends = all.iter().scan(0_u64, |at_ns, of| {
        *at_ns = at_ns.saturating_add(of.length_ns);
        Some(*at_ns)
    });
    std::iter::once(0).chain(ends).collect()
}

/// What lies between two moments.
fn cut(all: &[Stretch], from_ns: u64, until_ns: u64) -> Vec<Stretch> {
    let mut pieces = Vec::new();
    let mut begins_ns = 0_u64;
    for of in all {
        let ends_ns = begins_ns.saturating_add(of.length_ns);
        let (low_ns, high_ns) = (from_ns.max(begins_ns), until_ns.min(ends_ns));
        if low_ns < high_ns {
            let rate = |at_ns: u64| {
                let share = (at_ns - begins_ns) as f64 / of.length_ns as f64;
                of.from_per_s + (of.to_per_s - of.from_per_s) * share
            };
            pieces.push(Stretch { length_ns: high_ns - low_ns, from_per_s: rate(low_ns), to_per_s: rate(high_ns) });
        }
        begins_ns = ends_ns;
    }
    pieces
}

fn events(pieces: &[Stretch]) -> f64 {
    pieces.iter().map(|of| (of.from_per_s + of.to_per_s) / 2.0 * of.length_ns as f64 / 1e9).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(streams: &str) -> Profile {
        Profile::from_text(streams, "busiest.toml").unwrap().profile
    }

    const S: u64 = 1_000_000_000;

    #[test]
    fn short_trials_play_the_burst() {
        let of = profile(
            "[[stream]]\nname = \"orders\"\nrate = \"100/s\"\n\
             phases = [{ for = \"20s\" }, { for = \"20s\", rate = \"3x\" }, { for = \"60s\" }]\n\
             [[stream]]\nname = \"steady\"\nrate = \"10/s\"",
        );
        let cuts = busiest(&of, 12 * S);
        assert_eq!(cuts.len(), 1);
        assert_eq!(cuts[0].stream, "orders");
        assert_eq!(cuts[0].pieces, [Stretch { length_ns: 12 * S, from_per_s: 3.0, to_per_s: 3.0 }]);
        let longer = busiest(&of, 30 * S);
        let lengths: Vec<u64> = longer[0].pieces.iter().map(|piece| piece.length_ns / S).collect();
        assert!(lengths == [10, 20] || lengths == [20, 10], "{lengths:?}");
    }

    #[test]
    fn a_cut_through_a_ramp_keeps_its_slope() {
        let of = profile(
            "[[stream]]\nname = \"orders\"\nrate = \"100/s\"\nphases = [{ for = \"40s\", rate = \"5x\", ramp = \"40s\" }]",
        );
        let cuts = busiest(&of, 10 * S);
        assert_eq!(cuts[0].pieces, [Stretch { length_ns: 10 * S, from_per_s: 4.0, to_per_s: 5.0 }]);
    }
}
