//! A scale that a chart is drawn on: even steps, or even ratios where the figures are far apart.

/// From this ratio of the greatest to the least figure on, ratios are drawn and not differences.
const FAR_APART: f64 = 5.0;
/// How much room there is beside the outermost figures, as a share of the scale.
const ROOM: f64 = 0.06;

/// What is greater is no figure of anything measured.
const MOST: f64 = 1e300;
/// With more marks than this, only those that are written are drawn.
const MANY: usize = 60;

/// Where a figure stands between the ends of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    is_logarithmic: bool,
    /// The ends; of a logarithmic scale, their decimal logarithms.
    from: f64,
    to: f64,
}

/// A mark on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mark {
    /// The figure.
    pub(crate) at: f64,
    /// Whether there is room to write it.
    pub(crate) is_written: bool,
}

impl Scale {
    /// A scale for these figures, all of them above 0; none without any.
    #[must_use]
    pub(crate) fn over(figures: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let figures = figures.filter(|figure| *figure > 0.0 && *figure < MOST);
        let least = figures.clone().min_by(f64::total_cmp)?;
        let most = figures.max_by(f64::total_cmp)?;
        if most >= least * FAR_APART {
            return Some(Scale::with_room(true, least.log10(), most.log10()));
        }
        // One figure alone has no width of its own.
        let (least, most) = if most > least * 1.000_001 { (least, most) } else { (least * 0.8, most * 1.2) };
        Some(Scale::with_room(false, least, most))
    }

    fn with_room(is_logarithmic: bool, from: f64, to: f64) -> Self {
        let room = (to - from) * ROOM;
        Scale { is_logarithmic, from: from - room, to: to + room }
    }

    /// Where a figure stands: 0 at the beginning of the axis, 1 at its end, and never outside.
    #[must_use]
    pub(crate) fn share(&self, figure: f64) -> f64 {
        let place = if self.is_logarithmic { figure.max(f64::MIN_POSITIVE).log10() } else { figure };
        ((place - self.from) / (self.to - self.from)).clamp(0.0, 1.0)
    }

    /// The marks of the axis, ascending; about `most` of them are written, at least one.
    #[must_use]
    pub(crate) fn marks(&self, most: usize) -> Vec<Mark> {
        if self.is_logarithmic { self.marks_of_ratios(most) } else { self.marks_of_steps(most) }
    }

    fn marks_of_steps(&self, most: usize) -> Vec<Mark> {
        let least_step = (self.to - self.from) / most.max(1) as f64;
        let power = 10_f64.powf(least_step.log10().floor());
        let steps = [10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1].map(|digit| digit * power);
        let widest = steps.iter().rposition(|step| *step >= least_step).unwrap_or_default();
        // Between two multiples of a step there may be none: a finer one then has some.
        steps[widest..].iter().map(|step| self.multiples(*step)).find(|marks| !marks.is_empty()).unwrap_or_default()
    }

    fn multiples(&self, step: f64) -> Vec<Mark> {
        let (first, last) = ((self.from / step).ceil() as i64, (self.to / step).floor() as i64);
        (first..=last).map(|number| Mark { at: number as f64 * step, is_written: true }).collect()
    }

    fn marks_of_ratios(&self, most: usize) -> Vec<Mark> {
        let decades = (self.from.floor() as i32)..=(self.to.floor() as i32);
        let all: Vec<(i32, u8)> = decades.flat_map(|decade| (1..=9).map(move |digit| (decade, digit))).collect();
        let at = |(decade, digit): (i32, u8)| f64::from(digit) * 10_f64.powi(decade);
        let inside: Vec<(i32, u8)> =
            all.into_iter().filter(|mark| (self.from..=self.to).contains(&at(*mark).log10())).collect();
        let is_written = written(&inside, most.max(1));
        let all = inside.iter().map(|mark| Mark { at: at(*mark), is_written: is_written(*mark) });
        all.filter(|mark| mark.is_written || inside.len() <= MANY).collect()
    }
}

/// Which marks of a logarithmic axis are written: 1, 2 and 5 of each decade if there is room, else fewer.
fn written(inside: &[(i32, u8)], most: usize) -> impl Fn((i32, u8)) -> bool + use<> {
    let choices: [(&[u8], i32); 5] = [(&[1, 2, 5], 1), (&[1, 3], 1), (&[1], 1), (&[1], 2), (&[1], 4)];
    let is_of = |(digits, every): (&'static [u8], i32), (decade, digit): (i32, u8)| {
        digits.contains(&digit) && decade.rem_euclid(every) == 0
    };
    let fits = |choice: &(&'static [u8], i32)| inside.iter().filter(|mark| is_of(*choice, **mark)).count() <= most;
    let choice = choices.into_iter().find(fits).unwrap_or((&[1], 8));
    move |mark| is_of(choice, mark)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written_of(figures: &[f64], most: usize) -> Vec<f64> {
        let marks = Scale::over(figures.iter().copied()).unwrap().marks(most);
        marks.into_iter().filter(|mark| mark.is_written).map(|mark| mark.at).collect()
    }

    #[test]
    fn figures_far_apart_get_ratios_and_others_steps() {
        assert_eq!(written_of(&[480.0, 4100.0], 8), [500.0, 1000.0, 2000.0]);
        assert_eq!(written_of(&[3.0, 40_000.0], 5), [10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(written_of(&[1500.0, 4000.0], 6), [1500.0, 2000.0, 2500.0, 3000.0, 3500.0, 4000.0]);
        assert_eq!(written_of(&[941_602_910.9, 566_807_104.3], 2), [600_000_000.0, 800_000_000.0]);
        assert_eq!(Scale::over([0.0, f64::NAN].into_iter()), None);
    }

    proptest! {
        #[test]
        fn every_figure_is_inside_and_a_greater_one_further(
            figures in prop::collection::vec(1e-6..1e9_f64, 1..20), most in 2..12_usize
        ) {
            let scale = Scale::over(figures.iter().copied()).unwrap();
            let mut sorted = figures;
            sorted.sort_by(f64::total_cmp);
            let shares: Vec<f64> = sorted.iter().map(|figure| scale.share(*figure)).collect();
            prop_assert!(shares.iter().all(|share| (0.01..=0.99).contains(share)), "{shares:?}");
            prop_assert!(shares.windows(2).all(|pair| pair[0] <= pair[1]), "{shares:?}");
            let written = scale.marks(most).iter().filter(|mark| mark.is_written).count();
            prop_assert!((1..=most + 1).contains(&written), "{written} of {most}");
        }
    }
}
