//! What a trial plays: changes to the profile, as `--set` takes them.
//!
//! Every trial without a curve begins with two calm seconds at a tenth of its load. What waits at their end shows whether the target was idle,
//! or still busy with what the trial before had left.

use super::busiest::{busiest_ns, busiest_per_s, cut, mean, window};
use super::recovery::Burst;
use crate::profile::timeline::Stretch;
use crate::profile::{Phase, Profile, Span, Stream};

/// How long the calm beginning is.
pub(crate) const CALM_S: u64 = 2;
/// Its share of the load.
const CALM_SHARE: f64 = 0.1;
/// How long caches and connections may be cold after it, where the profile has no warm-up of its own.
const WARMUP: Span = Span::from_secs(2);
/// How long a burst is waited for in `recovery`.
const BEFORE_BURST: Span = Span::from_secs(5);

/// What a trial plays.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plays {
    /// Keys of the profile and their values, as TOML.
    pub(crate) changes: Vec<(String, String)>,
    /// How long it sends.
    pub(crate) lasts: Span,
    /// Whether it has a calm beginning.
    pub(crate) is_calm_first: bool,
    /// Events per second over all streams in the profile's busiest stretch, as long as a short trial, at the profile's own rates.
    pub(crate) per_s: f64,
}

/// A trial that plays the busiest stretch of a profile, `lasts` long after its beginning.
#[must_use]
pub(crate) fn busiest_only(profile: &Profile, lasts: Span) -> Plays {
    busiest(profile, lasts, calm(profile))
}

/// The same without a calm beginning.
#[must_use]
pub(crate) fn busiest_at_once(profile: &Profile, lasts: Span) -> Plays {
    busiest(profile, lasts, Span::default())
}

fn busiest(profile: &Profile, lasts: Span, calm: Span) -> Plays {
    let sends = plus(lasts, warmup(profile));
    let from_ns = busiest_ns(profile, sends.as_nanos());
    played(profile, calm, sends, sends, |stream| match &stream.curve {
        Some(_) => Plan::Window(from_ns),
        None if stream.phases.is_empty() => Plan::Phases(vec![held(sends, 1.0)]),
        None => Plan::Phases(in_toml(&cut(stream, from_ns, from_ns.saturating_add(sends.as_nanos())))),
    })
}

/// A trial that plays all of a profile, bursts included; of a curve that takes longer, the busiest part. `busiest` is how long short trials are.
#[must_use]
pub(crate) fn whole(profile: &Profile, lasts: Span, busiest: Span) -> Plays {
    let own = profile.streams.iter().map(Stream::phases_length).max().unwrap_or(0);
    let own = Span::from_nanos(u64::try_from(own).unwrap_or(u64::MAX));
    // Caches are warm by the time that phases of their own begin.
    let sends = if own > Span::default() { lasts } else { plus(lasts, warmup(profile)) };
    let from_ns = busiest_ns(profile, sends.as_nanos());
    played(profile, calm(profile), sends, plus(busiest, warmup(profile)), |stream| match &stream.curve {
        Some(_) => Plan::Window(from_ns),
        None if stream.phases.is_empty() => Plan::Phases(vec![held(sends, 1.0)]),
        None => Plan::Phases(of_its_own(stream)),
    })
}

/// A burst over the capacity and the time after it, for a profile whose busiest stretch is what was searched; none with a curve.
#[must_use]
pub(crate) fn burst(profile: &Profile, busiest: Span, burst: &Burst) -> Option<Plays> {
    if has_curve(profile) {
        return None;
    }
    let [lasts, after] = [burst.lasts, burst.watched()];
    let (sends, busiest) = (plus(plus(BEFORE_BURST, lasts), after), plus(busiest, warmup(profile)));
    Some(played(profile, calm(profile), sends, busiest, |stream| {
        let load = load_of(profile, stream, busiest);
        let base = load * Burst::BASE;
        Plan::Phases(vec![held(BEFORE_BURST, base), held(lasts, load * burst.times), held(after, base)])
    }))
}

/// When the burst of `burst` begins, in seconds from the start.
pub(crate) const BURST_FROM_S: u64 = CALM_S + 5;

enum Plan {
    /// Phases, as TOML.
    Phases(Vec<String>),
    /// The curve's buckets from here on.
    Window(u64),
}

/// How long the calm beginning is: a curve has none.
fn calm(profile: &Profile) -> Span {
    if has_curve(profile) { Span::default() } else { Span::from_secs(CALM_S) }
}

fn played(profile: &Profile, calm: Span, sends: Span, busiest: Span, plan: impl Fn(&Stream) -> Plan) -> Plays {
    let is_calm_first = calm > Span::default();
    let mut changes = vec![
        ("warmup".to_owned(), format!("\"{}\"", plus(calm, warmup(profile)))),
        // What is added must not change by how much the machine may be late.
        ("generator_late_p99".to_owned(), format!("\"{}\"", may_be_late(profile))),
    ];
    for stream in &profile.streams {
        let change = match plan(stream) {
            Plan::Phases(phases) => {
                let load = load_of(profile, stream, busiest);
                let first = is_calm_first.then(|| calm_phase(calm, load));
                let all: Vec<String> = first.into_iter().chain(phases).collect();
                Some(("phases", format!("[{}]", all.join(", "))))
            }
            Plan::Window(from_ns) => stream.curve.as_ref().and_then(|replay| {
                let busy = window(replay, from_ns, sends.as_nanos())?;
                Some(("curve", toml::Value::try_from(busy).ok()?.to_string()))
            }),
        };
        changes.extend(change.map(|(key, value)| (format!("stream.{}.{key}", stream.name), value)));
    }
    Plays { changes, lasts: plus(calm, sends), is_calm_first, per_s: busiest_per_s(profile, busiest.as_nanos()) }
}

fn has_curve(profile: &Profile) -> bool {
    profile.streams.iter().any(|stream| stream.curve.is_some())
}

fn warmup(profile: &Profile) -> Span {
    profile.warmup.max(WARMUP)
}

fn plus(one: Span, other: Span) -> Span {
    Span::from_nanos(one.as_nanos().saturating_add(other.as_nanos()))
}

fn may_be_late(profile: &Profile) -> Span {
    let each = profile.streams.iter().map(|stream| profile.generator_may_be_late(stream));
    each.min().unwrap_or_default()
}

/// The mean multiple of a stream's base rate in the profile's busiest stretch.
fn load_of(profile: &Profile, stream: &Stream, lasts: Span) -> f64 {
    if stream.phases.is_empty() {
        return 1.0;
    }
    let from_ns = busiest_ns(profile, lasts.as_nanos());
    mean(&cut(stream, from_ns, from_ns.saturating_add(lasts.as_nanos())))
}

fn calm_phase(lasts: Span, load: f64) -> String {
    format!("{{ name = \"calm\", for = \"{lasts}\", rate = \"{}x\" }}", load * CALM_SHARE)
}

fn held(lasts: Span, times: f64) -> String {
    format!("{{ for = \"{lasts}\", rate = \"{times}x\" }}")
}

/// A level that a ramp begins at: the phase before it may be at another.
fn level(times: f64) -> String {
    held(Span::from_nanos(1_000_000), times)
}

/// Pieces of a stream's phases as phases.
fn in_toml(pieces: &[Stretch]) -> Vec<String> {
    let mut phases = Vec::new();
    let mut before = None;
    for piece in pieces {
        let lasts = Span::from_nanos(piece.length_ns);
        if (piece.from_per_s - piece.to_per_s).abs() < 1e-9 {
            phases.push(held(lasts, piece.to_per_s));
        } else {
            phases.extend((before != Some(piece.from_per_s)).then(|| level(piece.from_per_s)));
            phases.push(format!("{{ for = \"{lasts}\", rate = \"{}x\", ramp = \"{lasts}\" }}", piece.to_per_s));
        }
        before = Some(piece.to_per_s);
    }
    phases
}

/// A stream's own phases. One that begins with a ramp begins it at the base rate.
fn of_its_own(stream: &Stream) -> Vec<String> {
    let phases = stream.phases.iter().filter_map(|phase| toml::Value::try_from(phase).ok());
    let begins_with_ramp = stream.phases.first().is_some_and(begins_with_ramp);
    begins_with_ramp.then(|| level(1.0)).into_iter().chain(phases.map(|phase| phase.to_string())).collect()
}

fn begins_with_ramp(phase: &Phase) -> bool {
    phase.ramp.is_some() || phase.phases.first().is_some_and(begins_with_ramp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Overrides;

    /// A profile with the changes of a trial, as a run would see it.
    fn with(text: &str, plays: &Plays) -> Profile {
        Profile::from_text_with(text, "plays.toml", &overrides(plays)).unwrap().profile
    }

    fn overrides(plays: &Plays) -> Overrides {
        let set = plays.changes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        Overrides { set, duration: Some(plays.lasts), ..Overrides::default() }
    }

    fn profile(text: &str) -> Profile {
        Profile::from_text(text, "plays.toml").unwrap().profile
    }

    /// The seconds' rates of the first stream.
    fn rates(of: &Profile) -> Vec<u64> {
        let rate = crate::load::rate::RateCurve::of_stream(&of.streams[0], of.duration(), 1.0);
        let at = |second: u64| rate.cumulative(second * 1_000_000_000);
        let seconds = of.duration().as_nanos() / 1_000_000_000;
        (0..seconds).map(|second| (at(second + 1) - at(second)).round() as u64).collect()
    }

    const BURST: &str = "[[stream]]\nname = \"orders\"\nrate = \"100/s\"\n\
                         phases = [{ for = \"20s\" }, { for = \"20s\", rate = \"3x\" }, { for = \"20s\" }]\n";

    #[test]
    fn a_trial_is_calm_first_and_then_plays_the_burst() {
        let short = with(BURST, &busiest_only(&profile(BURST), Span::from_secs(4)));
        assert_eq!(rates(&short), [30, 30, 300, 300, 300, 300, 300, 300]);
        assert_eq!((short.warmup, short.streams[0].phases[0].name.as_deref()), (Span::from_secs(4), Some("calm")));
        let steady = "duration = \"60s\"\n[[stream]]\nname = \"orders\"\nrate = \"100/s\"\n";
        assert_eq!(
            rates(&with(steady, &busiest_only(&profile(steady), Span::from_secs(2)))),
            [10, 10, 100, 100, 100, 100]
        );
        // The machine may be as late as in the profile itself.
        assert_eq!(short.generator_late_p99, Some(Span::from_secs(1)));
    }

    #[test]
    fn a_long_trial_plays_all_of_the_phases() {
        let long = rates(&with(BURST, &whole(&profile(BURST), Span::from_secs(60), Span::from_secs(4))));
        assert_eq!(long[..2], [30, 30]);
        assert_eq!(long[2..], rates(&profile(BURST)));
        // Whatever a trial plays, its load is that of the busiest stretch.
        let loads = [
            busiest_only(&profile(BURST), Span::from_secs(4)),
            whole(&profile(BURST), Span::from_secs(60), Span::from_secs(4)),
        ];
        assert!(loads.iter().all(|plays| (plays.per_s - 300.0).abs() < 1e-6), "{loads:?}");
        let ramp = "[[stream]]\nname = \"orders\"\nrate = \"100/s\"\nphases = [{ for = \"10s\", rate = \"5x\", ramp = \"10s\" }]\n";
        let long = rates(&with(ramp, &whole(&profile(ramp), Span::from_secs(10), Span::from_secs(4))));
        assert_eq!(long[2], 120);
    }

    #[test]
    fn a_burst_is_a_multiple_of_the_busiest_stretch() {
        let of = Burst { times: 2.0, lasts: Span::from_secs(3) };
        let plays = burst(&profile(BURST), Span::from_secs(10), &of).unwrap();
        let rates = rates(&with(BURST, &plays));
        let from = usize::try_from(BURST_FROM_S).unwrap();
        assert_eq!(rates[from - 5..from], [150; 5]);
        assert_eq!(rates[from..from + 3], [600; 3]);
        assert_eq!(rates[from + 3..], vec![150; rates.len() - from - 3]);
    }

    #[test]
    fn a_curve_plays_its_busiest_buckets_and_has_no_calm_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let curve = "timestamp,count\n2030-01-31T11:00:00Z,600\n2030-01-31T11:01:00Z,6000\n2030-01-31T11:02:00Z,1200\n";
        std::fs::write(folder.path().join("a.csv"), curve).unwrap();
        let file = folder.path().join("curve.toml");
        std::fs::write(&file, "[[stream]]\nname = \"orders\"\ncurve = { file = \"a.csv\", smooth = \"step\" }\n")
            .unwrap();
        let of = Profile::from_file(&file).unwrap().profile;
        let plays = busiest_only(&of, Span::from_secs(4));
        let short = Profile::from_file_with(&file, &overrides(&plays)).unwrap().profile;
        assert_eq!(rates(&short), [100; 6]);
        assert_eq!((plays.lasts, plays.is_calm_first), (Span::from_secs(6), false));
        assert!(burst(&of, Span::from_secs(4), &Burst { times: 2.0, lasts: Span::from_secs(3) }).is_none());
    }
}
