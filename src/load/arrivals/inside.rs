//! How events cluster inside a captured curve's bucket. Each law moves places within the bucket, never out of it, keeps their order, and
//! treats all producers of a stream alike.

use rand::RngExt;
use rand_distr::{Beta, Distribution};

use crate::curve::Played;
use crate::load::random::{Purpose, Source, number_in};
use crate::load::rate::{RateCurve, Segment};
use crate::profile::{Detail, Span};

/// The most halvings of a bucket.
const MOST_LEVELS: u32 = 22;
/// Halving ends with stretches no longer than this by default.
const FINEST: Span = Span::from_millis(10);
/// A gamma process is drawn down to stretches no longer than this: short compared with the second that `dispersion` refers to.
const FINEST_OF_DISPERSION: Span = Span::from_nanos(62_500_000);
/// Below this parameter a beta law is practically a coin.
const LEAST_BETA: f64 = 1e-3;

/// How events cluster inside buckets.
#[derive(Debug, Clone)]
pub(super) enum Inside {
    /// They do not.
    Even,
    /// The rate is split between the halves of each bucket, and of each half again.
    Halved { levels: u32, law: Halving, source: Source },
    /// Each bucket is a series of cycles, and a cycle's events are squeezed into one burst.
    Bursts { cycles: u64, duty: f64, source: Source },
}

/// How a stretch's mass is divided between its halves.
#[derive(Debug, Clone)]
pub(super) enum Halving {
    /// A random half gets this share: the b-model (Wang, Madhyastha, Chan, Papadimitriou, Faloutsos, Data mining meets performance
    /// evaluation: fast algorithms for modeling bursty traffic, ICDE 2002).
    Bias(f64),
    /// As a gamma process divides it, given its sum: by a symmetric beta law, whose parameter depends on the stretch. Counts are then
    /// negative binomial with one dispersion at every scale, given the bucket's. Contains, for each bucket of the curve, the gamma
    /// process's shape: captured events / (dispersion - 1).
    Gamma(Vec<f64>),
}

impl Inside {
    /// A gamma process, whose counts per captured second have the profile's dispersion.
    pub(super) fn overdispersed(detail: &Detail, played: &Played, source: Source) -> Self {
        let excess = detail.dispersion.map_or(f64::MIN_POSITIVE, |dispersion| dispersion - 1.0);
        let shapes = played.counts().iter().map(|count| count / played.scale() / excess).collect();
        let levels = levels(played.captured_step_ns(), FINEST_OF_DISPERSION);
        Inside::Halved { levels, law: Halving::Gamma(shapes), source }
    }

    /// The b-model with the profile's bias.
    pub(super) fn b_model(detail: &Detail, played: &Played, source: Source) -> Self {
        let levels = levels(played.captured_step_ns(), detail.finest.unwrap_or(FINEST));
        Inside::Halved { levels, law: Halving::Bias(detail.bias.unwrap_or(0.5)), source }
    }

    /// The number of cycles in each bucket that comes closest to the profile's length.
    pub(super) fn on_off(detail: &Detail, played: &Played, source: Source) -> Self {
        let (on, off) = (detail.on.unwrap_or(FINEST).as_nanos() as f64, detail.off.unwrap_or(FINEST).as_nanos() as f64);
        let cycles = (played.captured_step_ns() / (on + off)).round().max(1.0) as u64;
        Inside::Bursts { cycles, duty: on / (on + off), source }
    }

    /// The highest rate inside a bucket over the bucket's own; 1 where a random rate has no maximum.
    pub(super) fn peak_factor(&self) -> f64 {
        match self {
            Inside::Halved { levels, law: Halving::Bias(bias), .. } => {
                (1..=*levels).fold(1.0, |peak, _| peak * 2.0 * bias)
            }
            Inside::Bursts { duty, .. } => 1.0 / duty,
            Inside::Even | Inside::Halved { .. } => 1.0,
        }
    }
}

/// How often a bucket is halved until its stretches are short enough.
fn levels(step_ns: f64, finest: Span) -> u32 {
    (0..MOST_LEVELS).find(|&level| step_ns / (1_u64 << level) as f64 <= finest.as_nanos() as f64).unwrap_or(MOST_LEVELS)
}

/// A stretch of a bucket: the share of the bucket's events that it holds, and its place on the bucket's mass.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    level: u32,
    index: u64,
    from_share: f64,
    to_share: f64,
}

/// Places events one after another, bucket by bucket. It keeps the path to the stretch that was last needed, which the next event usually
/// needs again; the result does not depend on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Placing {
    bucket: usize,
    way: Vec<Stretch>,
    /// The cycle of the last burst, and the burst's place in it.
    cycle: Option<(u64, f64)>,
}

impl Placing {
    /// When the event at a share of a bucket's events is due.
    pub(super) fn due_ns(&mut self, inside: &Inside, curve: &RateCurve, bucket: usize, share: f64) -> u64 {
        let Some(segment) = curve.segments().get(bucket) else { return curve.end_ns() };
        if bucket != self.bucket {
            self.bucket = bucket;
            self.way.clear();
            self.cycle = None;
        }
        match inside {
            Inside::Even => due_ns(curve, segment, share),
            Inside::Halved { levels, law, source } => due_ns(curve, segment, self.halved(*levels, law, *source, share)),
            Inside::Bursts { cycles, duty, source } => {
                let even_ns = due_ns(curve, segment, share) - segment.start_ns;
                let length_ns = segment.length_ns as f64 / *cycles as f64;
                let cycle = ((even_ns as f64 / length_ns) as u64).min(cycles - 1);
                let place = self.burst_place(*source, cycle);
                let start_ns = cycle as f64 * length_ns;
                let moved_ns = start_ns + length_ns * (1.0 - duty) * place + (even_ns as f64 - start_ns) * duty;
                segment.start_ns + (moved_ns as u64).min(segment.length_ns - 1)
            }
        }
    }

    /// The place of the burst in the room that its cycle has.
    fn burst_place(&mut self, source: Source, cycle: u64) -> f64 {
        if let Some((same, place)) = self.cycle
            && same == cycle
        {
            return place;
        }
        let place = source.sequence(Purpose::Inside, 0, number_in(self.bucket, cycle)).random();
        self.cycle = Some((cycle, place));
        place
    }

    /// The place, as a share of the bucket's mass, of the event at a share of its events.
    fn halved(&mut self, levels: u32, law: &Halving, source: Source, share: f64) -> f64 {
        while self.way.last().is_some_and(|stretch| share < stretch.from_share || share >= stretch.to_share) {
            self.way.pop();
        }
        let mut stretch =
            self.way.last().copied().unwrap_or(Stretch { level: 0, index: 0, from_share: 0.0, to_share: 1.0 });
        if self.way.is_empty() {
            self.way.push(stretch);
        }
        while stretch.level < levels {
            let left = law.left_half(source, self.bucket, &stretch);
            let middle = stretch.from_share + left * (stretch.to_share - stretch.from_share);
            let half = Stretch { level: stretch.level + 1, index: stretch.index * 2, ..stretch };
            stretch = if share < middle {
                Stretch { to_share: middle, ..half }
            } else {
                Stretch { index: half.index + 1, from_share: middle, ..half }
            };
            self.way.push(stretch);
        }
        let width = 1.0 / (1_u64 << levels) as f64;
        let held = stretch.to_share - stretch.from_share;
        let within = if held > 0.0 { ((share - stretch.from_share) / held).clamp(0.0, 1.0) } else { 0.5 };
        (stretch.index as f64 + within) * width
    }
}

/// When a place in a bucket, given as a share of its mass, is due.
fn due_ns(curve: &RateCurve, segment: &Segment, place: f64) -> u64 {
    curve.when_in(segment, place * segment.mass())
}

impl Halving {
    /// The share of a stretch's mass that its first half gets.
    fn left_half(&self, source: Source, bucket: usize, stretch: &Stretch) -> f64 {
        let number = number_in(bucket, 1_u64 << stretch.level | stretch.index);
        match self {
            Halving::Bias(bias) => {
                let is_left = source.bits(Purpose::Inside, 0, number) >> 63 == 1;
                if is_left { *bias } else { 1.0 - bias }
            }
            Halving::Gamma(shapes) => {
                let shape = shapes[bucket % shapes.len()] / (2_u64 << stretch.level) as f64;
                let mut random = source.sequence(Purpose::Inside, 0, number);
                if shape < LEAST_BETA {
                    return if random.random() { 1.0 } else { 0.0 };
                }
                Beta::new(shape, shape).map_or(0.5, |law| law.sample(&mut random)).clamp(0.0, 1.0)
            }
        }
    }
}
