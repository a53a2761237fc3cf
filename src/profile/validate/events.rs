//! Keys, and what is done to events on purpose: skew, lateness, retries.

use crate::profile::{
    KeyDistribution, Keys, Lateness, LatenessDistribution, Retries, Skew, Stream, bounds::MAX_ATTEMPTS, fault::Faults,
    units::Span,
};

/// The most bytes of a key's prefix.
const MAX_PREFIX_BYTES: usize = 64;
/// Above this a Zipf distribution is practically its first key.
const MAX_ZIPF_EXPONENT: f64 = 10.0;
/// A clock that drifts by more than a tenth is not a clock.
const MAX_DRIFT_PPM: f64 = 100_000.0;
const MAX_SIGMA: f64 = 10.0;
const MAX_TAIL: f64 = 100.0;

/// How keys are drawn.
pub(super) fn keys(keys: &Keys, faults: &mut Faults<'_>) {
    if keys.count == 0 {
        let help = "for events without a key, write distribution = \"none\"";
        faults.add_help("count", "`count` is 0; there must be at least one key", help);
    }
    if keys.prefix.len() > MAX_PREFIX_BYTES {
        faults.add("prefix", format!("the prefix is {} bytes long (limit {MAX_PREFIX_BYTES})", keys.prefix.len()));
    }
    // Payloads hold the key as it is.
    if let Some(odd) = keys.prefix.chars().find(|next| matches!(next, '"' | '\\') || next.is_control()) {
        let message =
            format!("the prefix cannot contain `{}`: payloads are JSON and hold it as it is", odd.escape_debug());
        faults.add_help("prefix", message, "use letters, digits, `-` and `_`");
    }
    match keys.exponent {
        Some(exponent) if keys.distribution == KeyDistribution::Zipf => {
            faults.positive("exponent", exponent, MAX_ZIPF_EXPONENT);
        }
        exponent => faults.only_with("exponent", exponent.is_some(), "distribution = \"zipf\""),
    }
    if keys.distribution == KeyDistribution::HotSet {
        hot_set(keys, faults);
    } else {
        for (key, present) in [("hot", keys.hot.is_some()), ("hot_share", keys.hot_share.is_some())] {
            faults.only_with(key, present, "distribution = \"hot-set\"");
        }
    }
}

fn hot_set(keys: &Keys, faults: &mut Faults<'_>) {
    match keys.hot {
        None => faults.add_help("distribution", "a hot set needs `hot`, the number of hot keys", "add hot = 10"),
        Some(hot) if hot == 0 || hot >= keys.count => {
            let message = format!(
                "`hot` is {hot} of {} keys; at least one key must be hot, and at least one must not",
                keys.count
            );
            faults.add("hot", message);
        }
        Some(_) => {}
    }
    match keys.hot_share {
        None => {
            let help = "add hot_share = 0.9";
            faults.add_help(
                "distribution",
                "a hot set needs `hot_share`, the share of events that go to hot keys",
                help,
            );
        }
        Some(share) => faults.share("hot_share", share),
    }
}

/// Clocks that are wrong.
pub(super) fn skew(skew: &Skew, stream: &Stream, faults: &mut Faults<'_>) {
    if skew.spread.is_some() && !skew.offsets.is_empty() {
        let help = "remove one of them: `offsets` sets each clock's error, `spread` draws it at random";
        faults.add_help("spread", "`offsets` and `spread` cannot be set together", help);
    }
    if skew.offsets.len() > usize::from(stream.producers) {
        let message =
            format!("{} offsets for {} producers: some would never be used", skew.offsets.len(), stream.producers);
        faults.add_help("offsets", message, format!("set producers = {}", skew.offsets.len()));
    }
    if skew.drift_ppm.is_nan() || skew.drift_ppm.abs() > MAX_DRIFT_PPM {
        faults.add("drift_ppm", format!("`drift_ppm` is {}; it must be from 0 to {MAX_DRIFT_PPM}", skew.drift_ppm));
    } else if skew.drift_ppm < 0.0 {
        faults.add_help(
            "drift_ppm",
            format!("`drift_ppm` is {}; it must not be negative", skew.drift_ppm),
            "it is the largest drift, in either direction",
        );
    }
    if let Some(step) = skew.step {
        faults.at("step").share("share", step.share);
    }
    if let Some(absurd) = skew.absurd {
        faults.at("absurd").share("share", absurd.share);
    }
}

/// Events that happened earlier than they are sent.
pub(super) fn lateness(lateness: &Lateness, faults: &mut Faults<'_>) {
    faults.share("share", lateness.share);
    if lateness.median == Span::default() {
        faults.add_help("median", "`median` is 0s, so no event would be late", "raise it, or remove `lateness`");
    }
    match lateness.sigma {
        Some(sigma) if lateness.distribution == LatenessDistribution::LogNormal => {
            faults.positive("sigma", sigma, MAX_SIGMA);
        }
        sigma => faults.only_with("sigma", sigma.is_some(), "distribution = \"log-normal\""),
    }
    match lateness.tail {
        Some(tail) if lateness.distribution == LatenessDistribution::Pareto => faults.positive("tail", tail, MAX_TAIL),
        tail => faults.only_with("tail", tail.is_some(), "distribution = \"pareto\""),
    }
    if let Some(cap) = lateness.cap
        && cap < lateness.median
    {
        faults.add("cap", format!("`cap` is {cap}, below the median of {}", lateness.median));
    }
}

/// Events that are sent again.
pub(super) fn retries(retries: &Retries, faults: &mut Faults<'_>) {
    for (key, share) in [("share", retries.share), ("again", retries.again), ("lost_first", retries.lost_first)] {
        faults.share(key, share);
    }
    if !(1..=MAX_ATTEMPTS).contains(&retries.attempts) {
        faults.add("attempts", format!("`attempts` is {}; it must be from 1 to {MAX_ATTEMPTS}", retries.attempts));
    }
    if retries.base == Span::default() {
        faults.add("base", "`base` is 0s; the first backoff must be longer");
    }
    if retries.base > retries.cap {
        let message = format!("`base` is {}, longer than `cap`, which is {}", retries.base, retries.cap);
        faults.add_help("base", message, "lower `base`, or raise `cap`");
    }
}
