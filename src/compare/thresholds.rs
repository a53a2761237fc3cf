//! The smallest difference that matters, for all figures and for single ones.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::figure::Figure;

/// What `--threshold` takes: `5%`, or `end_to_end_p99=10%` for one figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The figure; absent for all that have none of their own.
    pub figure: Option<Figure>,
    /// The smallest difference that matters, as a share of base: 0.05.
    pub share: f64,
}

/// The smallest difference that matters, figure by figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    of_all: f64,
    of_single: BTreeMap<Figure, f64>,
}

/// When nothing else is said: 5 %.
const DEFAULT: f64 = 0.05;

impl Thresholds {
    /// From what the command line says; of two for the same figure the later one holds.
    #[must_use]
    pub fn of(given: &[Threshold]) -> Self {
        let mut thresholds = Thresholds { of_all: DEFAULT, of_single: BTreeMap::new() };
        for threshold in given {
            match threshold.figure {
                Some(figure) => {
                    thresholds.of_single.insert(figure, threshold.share);
                }
                None => thresholds.of_all = threshold.share,
            }
        }
        thresholds
    }

    /// That of all figures that have none of their own.
    #[must_use]
    pub fn of_all(&self) -> f64 {
        self.of_all
    }

    /// The figure's, as a share of base.
    #[must_use]
    pub fn of_figure(&self, figure: Figure) -> f64 {
        self.of_single.get(&figure).copied().unwrap_or(self.of_all)
    }
}

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (figure, share) = match text.rsplit_once('=') {
            None => (None, text),
            Some((name, share)) => (Some(figure_named(name.trim())?), share),
        };
        let percent = share.trim().strip_suffix('%').ok_or_else(|| format!("`{share}` is not a share like 5%"))?;
        let percent: f64 =
            percent.trim().parse().map_err(|_| format!("the part of `{share}` before the % is not a number"))?;
        if !(0.0..=1000.0).contains(&percent) {
            return Err(format!("a threshold is from 0% to 1000%, not {share}"));
        }
        Ok(Threshold { figure, share: percent / 100.0 })
    }
}

fn figure_named(name: &str) -> Result<Figure, String> {
    match Figure::named(name) {
        Some(figure) if figure.is_judged() => Ok(figure),
        Some(_) => Err(format!("`{name}` is only shown: one event decides it, so it has no threshold")),
        None => {
            let names: Vec<String> = Figure::all().filter(|figure| figure.is_judged()).map(Figure::name).collect();
            Err(format!("there is no figure `{name}`; there are {}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_its_own_threshold_or_that_of_all() {
        let given: Vec<Threshold> = ["2%", "end_to_end_p99=10%"].iter().map(|text| text.parse().unwrap()).collect();
        let thresholds = Thresholds::of(&given);
        let of = |name| thresholds.of_figure(Figure::named(name).unwrap());
        assert_eq!(format!("{} {}", of("end_to_end_p99"), of("end_to_end_p50")), "0.1 0.02");
        assert_eq!(Thresholds::of(&[]).of_figure(Figure::Lost).to_string(), "0.05");
    }

    #[test]
    fn what_is_no_threshold_is_refused_with_what_is_wrong() {
        let said = |text: &str| text.parse::<Threshold>().unwrap_err();
        assert!(said("5").contains("a share like 5%"));
        assert!(said("x%").contains("not a number"));
        assert!(said("NaN%").contains("from 0% to 1000%") && said("-1%").contains("from 0% to 1000%"));
        assert!(said("end_to_end_p98=5%").contains("end_to_end_p99"));
        assert!(said("end_to_end_max=5%").contains("only shown"));
    }
}
