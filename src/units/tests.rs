//! Every unit reads what it writes, and explains what it cannot read.

use proptest::prelude::*;

use super::*;

fn why<T: FromStr<Err = UnitError> + fmt::Debug>(text: &str) -> String {
    text.parse::<T>().expect_err(text).to_string()
}

#[test]
fn a_span_is_the_sum_of_its_parts() {
    let cases = [
        ("0s", 0),
        ("1ns", 1),
        ("2us", 2_000),
        ("2µs", 2_000),
        ("250ms", 250_000_000),
        ("1.5s", 1_500_000_000),
        ("1m30s", 90_000_000_000),
        (" 1m 30s ", 90_000_000_000),
        ("1_000ms", 1_000_000_000),
        ("2h", 7_200_000_000_000),
        ("1d", 86_400_000_000_000),
        ("0.1ns", 0),
        ("0.5ns", 1),
    ];
    for (text, nanos) in cases {
        assert_eq!(text.parse(), Ok(Span::from_nanos(nanos)), "{text}");
    }
}

#[test]
fn a_span_that_cannot_be_read_says_why() {
    for (text, expected) in [
        ("", "empty"),
        ("10", "no unit"),
        ("-3s", "negative"),
        ("1m30", "no unit"),
        ("ten seconds", "does not start with a number"),
        ("10 seconds", "write `s`"),
        ("250", "it has no unit; write `250ms`, `250s` or `250m` (ns, us, ms, s, m, h or d)"),
        ("3 fortnights", "`fortnights` is not a unit of time"),
        ("1..2s", "not a valid number"),
        ("300_000d", "longer than 292 years"),
        ("999999999999999999999s", "not a valid number"),
        ("99999999999999999999d", "longer than 292 years"),
    ] {
        let error = why::<Span>(text);
        assert!(error.contains(expected) && error.contains("like `250ms`"), "{text}: {error}");
    }
}

#[test]
fn a_shift_carries_its_sign() {
    for (text, nanos) in [("-40s", -40_000_000_000), ("+7ms", 7_000_000), ("0s", 0), ("-1m30s", -90_000_000_000)] {
        assert_eq!(text.parse(), Ok(SignedSpan::from_nanos(nanos)), "{text}");
    }
    assert!(why::<SignedSpan>("-40").contains("`-40` is not a shift in time"));
}

#[test]
fn a_rate_is_events_per_second() {
    for (text, per_s) in [
        ("1000/s", 1e3),
        ("200k/s", 2e5),
        ("1.5M/s", 1.5e6),
        ("1G/s", 1e9),
        ("90/min", 1.5),
        ("90/m", 1.5),
        ("3600/h", 1.0),
        ("0/s", 0.0),
        (" 5 k / s ", 5e3),
        ("1_000/s", 1e3),
    ] {
        assert_eq!(text.parse(), Ok(Rate::per_s(per_s)), "{text}");
    }
}

#[test]
fn a_rate_that_cannot_be_read_says_why() {
    for (text, expected) in [
        ("200k", "it has no unit; write `200k/s`"),
        ("-1/s", "negative"),
        ("k/s", "does not start with a number"),
        ("5m/s", "write `M` for a million"),
        ("5x/s", "`x` is not a multiple"),
        ("5/fortnight", "`/fortnight` is not one of"),
        ("NaN/s", "does not start with a number"),
        ("inf/s", "does not start with a number"),
    ] {
        let error = why::<Rate>(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
    let huge = format!("1{}/s", "0".repeat(400));
    assert!(huge.parse::<Rate>().is_err());
    let huge = format!("1{}G/s", "0".repeat(305));
    assert!(why::<Rate>(&huge).contains("too large"));
}

#[test]
fn a_phase_rate_is_relative_or_absolute() {
    assert_eq!("3x".parse(), Ok(PhaseRate::Relative(3.0)));
    assert_eq!("0.5 x".parse(), Ok(PhaseRate::Relative(0.5)));
    assert_eq!("5k/s".parse(), Ok(PhaseRate::Absolute(Rate::per_s(5e3))));
    assert!(why::<PhaseRate>("-3x").contains("negative"));
    assert!(why::<PhaseRate>("threex").contains("not a number"));
    assert!(why::<PhaseRate>("3").contains("`3` is not a phase's rate like `3x`"));
}

#[test]
fn a_size_tells_powers_of_ten_from_powers_of_two() {
    for (text, bytes) in [("512B", 512), ("1kB", 1_000), ("1KiB", 1_024), ("1.5MiB", 1_572_864), ("2GB", 2_000_000_000)]
    {
        assert_eq!(text.parse(), Ok(ByteSize::from_bytes(bytes)), "{text}");
    }
    for (text, expected) in [
        ("512", "no unit"),
        ("512b", "write `B` for bytes"),
        ("4k", "write `kB` or `KiB`"),
        ("-1B", "negative"),
        ("big", "does not start with a number"),
        ("99999999999GiB", "too large"),
    ] {
        let error = why::<ByteSize>(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn what_is_displayed_reads_back_as_the_same(
        nanos in 0..=i64::MAX as u64, signed in -i64::MAX..=i64::MAX, bytes: u64,
        per_s in 0.0..2e9_f64, steps in 0..2_000_000_u32,
    ) {
        let span = Span::from_nanos(nanos);
        prop_assert_eq!(span.to_string().parse(), Ok(span));
        let shift = SignedSpan::from_nanos(signed);
        prop_assert_eq!(shift.to_string().parse(), Ok(shift));
        let size = ByteSize::from_bytes(bytes);
        prop_assert_eq!(size.to_string().parse(), Ok(size));
        for rate in [Rate::per_s(per_s), Rate::per_s(f64::from(steps) / 8.0), Rate::per_s(f64::from(steps) * 100.0)] {
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            prop_assert_eq!(PhaseRate::Absolute(rate).to_string().parse(), Ok(PhaseRate::Absolute(rate)));
        }
        let relative = PhaseRate::Relative(per_s / 1e6);
        prop_assert_eq!(relative.to_string().parse(), Ok(relative));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,12}", tail in "(ns|s|m|k/s|x|B|KiB|/min)?") {
        let text = text + &tail;
        let _ = (text.parse::<Span>(), text.parse::<SignedSpan>(), text.parse::<Rate>());
        let _ = (text.parse::<PhaseRate>(), text.parse::<ByteSize>());
    }

    #[test]
    fn what_is_read_is_finite(digits in "[0-9._]{1,400}", tail in "(k|M|G)?/(s|min|h|d)") {
        if let Ok(rate) = (digits + &tail).parse::<Rate>() {
            prop_assert!(rate.as_per_s().is_finite() && rate.as_per_s() >= 0.0);
        }
    }
}
