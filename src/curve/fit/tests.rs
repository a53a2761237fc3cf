use rand::{RngExt, SeedableRng, rngs::SmallRng};
use rand_distr::{Binomial, Distribution, Gamma, Poisson};

use super::*;

fn curve(counts: Vec<f64>) -> Curve {
    Curve::new(None, 60_000, counts).unwrap()
}

fn poisson(mean: f64, buckets: usize, seed: u64) -> Vec<f64> {
    let mut random = SmallRng::seed_from_u64(seed);
    (0..buckets).map(|_| Poisson::new(mean).unwrap().sample(&mut random)).collect()
}

/// Events divided by the b-model's rule, randomly in each division.
fn b_model(bias: f64, events: u64, halvings: u32, seed: u64) -> Vec<f64> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut pieces = vec![events];
    for _ in 0..halvings {
        let halve = |piece: u64| {
            let share = if random.random() { bias } else { 1.0 - bias };
            let first = Binomial::new(piece, share).unwrap().sample(&mut random);
            [first, piece - first]
        };
        pieces = pieces.into_iter().flat_map(halve).collect();
    }
    pieces.into_iter().map(|piece| piece as f64).collect()
}

#[test]
fn chance_alone_is_fitted_as_poisson() {
    let fit = Fit::of(&curve(poisson(50.0, 4096, 1))).unwrap();
    assert_eq!(fit.best, Kind::Poisson);
    assert!(fit.dispersion.index < 1.15, "{:?}", fit.dispersion);
    assert!(fit.b_model.is_none_or(|fitted| fitted.bias < 0.52), "{:?}", fit.b_model);
    assert_eq!(fit.detail(Kind::Poisson).unwrap(), "{ kind = \"poisson-exact\" }");
}

#[test]
fn independent_overdispersed_buckets_keep_their_index_down_to_the_second() {
    let mut random = SmallRng::seed_from_u64(3);
    let rates = Gamma::new(10.0, 5.0).unwrap();
    let counts: Vec<f64> =
        (0..8192).map(|_| Poisson::new(rates.sample(&mut random)).unwrap().sample(&mut random)).collect();
    let fit = Fit::of(&curve(counts)).unwrap();
    // 1 + mean / shape.
    assert!((4.5..8.0).contains(&fit.dispersion.index) && fit.dispersion.exponent < 0.1, "{:?}", fit.dispersion);
    assert_eq!(fit.best, Kind::Overdispersed);
}

#[test]
fn a_b_model_is_found_again_with_its_bias() {
    for bias in [0.55, 0.65, 0.8] {
        let fit = Fit::of(&curve(b_model(bias, 50_000_000, 13, 4))).unwrap();
        let found = fit.b_model.unwrap();
        assert!((found.bias - bias).abs() < 0.03, "{bias}: {found:?}");
        assert!((found.bias_by_entropy - bias).abs() < 0.03, "{bias}: {found:?}");
        let trial = fit.trial.unwrap();
        let foretold = trial.b_model.unwrap() / trial.measured;
        assert!((0.4..2.5).contains(&foretold), "{bias}: {trial:?}");
    }
}

#[test]
fn what_is_uneven_by_chance_alone_does_not_bias_the_moments() {
    // A hundred events per bucket: the entropy mistakes chance for bias, the moments do not.
    let found = Fit::of(&curve(poisson(3.0, 8192, 5))).unwrap().b_model;
    assert!(found.is_none_or(|found| found.bias < 0.56 && found.bias_by_entropy > found.bias), "{found:?}");
}

#[test]
fn minutes_foretell_their_seconds() {
    let mut random = SmallRng::seed_from_u64(8);
    let rates = Gamma::new(4.0, 5.0).unwrap();
    let overdispersed: Vec<f64> =
        (0..122_880).map(|_| Poisson::new(rates.sample(&mut random)).unwrap().sample(&mut random)).collect();
    let halved = b_model(0.6, 20_000_000, 17, 9);
    let seconds = |counts: Vec<f64>| Curve::new(None, 1000, counts).unwrap();
    let of_minutes = |counts: &[f64]| Fit::of(&seconds(counts.to_vec()).coarser(64)).unwrap();
    let of_seconds = |counts: &[f64]| levels(&seconds(counts.to_vec())).unwrap()[0].local_dispersion;

    let (foretold, real) = (of_minutes(&overdispersed).dispersion.index, of_seconds(&overdispersed));
    assert!((0.7..1.4).contains(&(foretold / real)), "{foretold} {real}");
    let (foretold, real) = (of_minutes(&halved).b_model.unwrap().dispersion_at_1_s, of_seconds(&halved));
    assert!((0.5..2.0).contains(&(foretold / real)) && real > 3.0, "{foretold} {real}");
    assert_eq!([&overdispersed, &halved].map(|counts| of_minutes(counts).best), [Kind::Overdispersed, Kind::BModel]);
}

#[test]
fn a_trend_is_not_taken_for_bursts() {
    let mut random = SmallRng::seed_from_u64(7);
    let day = |bucket: u32| 5000.0 * (2.0 + (f64::from(bucket) / 120.0 * std::f64::consts::TAU).sin());
    let counts = (0..14_400).map(|bucket| Poisson::new(day(bucket)).unwrap().sample(&mut random)).collect();
    let fit = Fit::of(&curve(counts)).unwrap();
    assert!(fit.levels[0].local_dispersion < 1.1 && fit.dispersion.index < 1.1, "{fit:?}");
    assert_eq!(fit.best, Kind::Poisson);
}

#[test]
fn bursts_have_the_dispersion_that_they_were_made_for() {
    let fitted = OnOff::of(60.0, 5.0, 8.0).unwrap();
    let (duty, rate) = (fitted.on_s / 60.0, 5.0 * 60.0 / fitted.on_s);
    // Windows of 1 s over one cycle, in steps of a millisecond: the rate relative to the mean.
    let overlap = |at_s: f64| (fitted.on_s.min(at_s + 1.0) - at_s.max(0.0)).max(0.0);
    let squares: f64 =
        (0..60_000).map(|step| (rate * overlap(f64::from(step) / 1e3 - 1.0)).powi(2)).sum::<f64>() / 60_000.0;
    let dispersion = (5.0 + squares - 25.0) / 5.0;
    assert!((dispersion - 8.0).abs() < 0.01, "{dispersion} {duty}");
    assert_eq!(OnOff::of(60.0, 5.0, 1.0), None);
    assert_eq!(OnOff::of(1.0, 5.0, 8.0), None);
}

#[test]
fn details_are_toml_that_a_profile_can_take() {
    let fit = Fit::of(&curve(b_model(0.7, 1_000_000, 10, 6))).unwrap();
    for (kind, detail) in
        [(Kind::Poisson, "poisson-exact"), (Kind::Overdispersed, "overdispersed"), (Kind::BModel, "b-model")]
    {
        let text = format!("detail = {}", fit.detail(kind).unwrap());
        let parsed: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(parsed["detail"]["kind"].as_str(), Some(detail), "{text}");
    }
    let without = Fit::of(&curve(vec![10.0; 64])).unwrap();
    assert!(without.detail(Kind::BModel).unwrap_err().to_string().contains("only by chance"));
    assert!(without.detail(Kind::Overdispersed).unwrap_err().to_string().contains("only by chance"));
    assert!(without.detail(Kind::OnOff).unwrap_err().to_string().starts_with("on-off cannot be fitted"));
}

#[test]
fn too_little_is_refused() {
    assert_eq!(Fit::of(&curve(vec![1.0; 19])), Err(FitError::TooShort { buckets: 19 }));
    assert_eq!(Fit::of(&curve(vec![0.0; 64])), Err(FitError::Silent));
}
