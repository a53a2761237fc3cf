//! The laws of profiles that replay a captured curve: what is read, what it means, and what is refused.

use super::error::Problem;
use super::{units::Span, *};

/// A profile of one stream that replays the fixture, or the keys that replace its own.
fn replay(top: &str, keys: &str, more: &str) -> Result<Loaded, ProfileError> {
    let origin = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/p.toml");
    let text = format!("{top}\n[[stream]]\nname = \"s\"\n{more}\ncurve = {{ file = \"curves/lunch.csv\", {keys} }}\n");
    Profile::from_text(&text, origin)
}

#[test]
fn a_curve_gives_a_profile_its_rate_and_its_length() {
    let loaded = replay("", "speed = 60, target_peak = \"2k/s\"", "").unwrap();
    assert_eq!(loaded.profile.duration(), Span::from_secs(20));
    // 5,870 events over 20 minutes; the fullest minute has 1,200.
    let planned = loaded.profile.streams[0].planned_events(loaded.profile.duration());
    assert!((planned - 5_870.0 * 2_000.0 / 1_200.0).abs() < 1e-6, "{planned}");
    let windowed = replay("", "window = [\"11:55\", \"12:05\"]", "").unwrap().profile;
    assert_eq!(
        (windowed.duration(), windowed.streams[0].planned_events(Span::default())),
        (Span::from_secs(600), 4_870.0)
    );
}

#[test]
fn curves_of_different_moments_side_by_side_are_noted() {
    let origin = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/p.toml");
    let stream = |name: &str, window: &str| {
        format!("[[stream]]\nname = \"{name}\"\ncurve = {{ file = \"curves/lunch.csv\", window = {window} }}\n")
    };
    let (noon, before) = ("[\"11:55\", \"12:05\"]", "[\"11:50\", \"12:05\"]");
    let notices = |other: &str| {
        Profile::from_text(&format!("{}{}", stream("a", noon), stream("b", other)), origin).unwrap().notices
    };
    assert_eq!(notices(noon), Vec::<String>::new());
    assert_eq!(
        notices(before),
        [
            "the streams replay curves from different times, each starting when the run starts: `a` 2030-01-31T11:55:00Z, `b` 2030-01-31T11:50:00Z; to line them up, set `window`"
        ]
    );
}

#[test]
fn a_replay_is_loaded_again_from_its_table_wherever_that_lies() {
    let loaded = replay("", "speed = 60", "").unwrap();
    let text = toml::to_string(&loaded.table).unwrap();
    assert!(text.contains("fingerprint = "), "{text}");
    let again = Profile::from_text(&text, "somewhere/else.toml").unwrap();
    assert_eq!(
        again.profile.streams[0].curve.as_ref().unwrap().captured(),
        loaded.profile.streams[0].curve.as_ref().unwrap().captured()
    );
    assert_eq!(again.table, loaded.table);
    let other = text.replace("fingerprint = \"", "fingerprint = \"0");
    let error = Profile::from_text(&other, "p.toml").unwrap_err().to_string();
    assert!(error.contains("not the one in the profile"), "{error}");
}

#[test]
fn scaling_the_rate_scales_a_replay() {
    for (keys, expected) in [
        ("clip = \"10/s\"", "scale = 2.5"),
        ("scale = 2", "scale = 5.0"),
        ("target_mean = \"10/s\"", "target_mean = \"25/s\""),
        ("target_peak = \"10/s\", clip = \"8/s\"", "clip = \"20/s\""),
    ] {
        let planned = |loaded: &Loaded| loaded.profile.streams[0].planned_events(loaded.profile.duration());
        let plain = replay("", keys, "").unwrap();
        let text = toml::to_string(&plain.table).unwrap();
        let scaled =
            Profile::from_text_with(&text, "p.toml", &Overrides { rate_scale: Some(2.5), ..Overrides::default() })
                .unwrap();
        assert!(toml::to_string(&scaled.table).unwrap().contains(expected), "{keys}");
        assert!((planned(&scaled) / planned(&plain) - 2.5).abs() < 1e-9, "{keys}");
    }
}

#[test]
fn a_replay_that_cannot_be_is_refused_at_its_key() {
    let refused = |top: &str, keys: &str, more: &str, expected: &str| {
        let error = replay(top, keys, more).expect_err(keys);
        let said: Vec<String> = error.problems().map(Problem::one_line).collect();
        assert!(said.len() == 1 && said[0].contains(expected), "wanted `{expected}`: {said:?}");
    };
    let refused_keys = |keys: &str, expected: &str| refused("", keys, "", expected);
    refused("duration = \"20m\"", "", "rate = \"1/s\"", "`rate` and `curve` cannot be set together");
    refused("", "", "phases = [{ for = \"1s\" }]", "`phases` and `curve` cannot be set together");
    refused("", "", "arrivals = \"on-off\"\non_off = { on = \"1s\", off = \"1s\" }", "detail = { kind = \"on-off\"");
    refused("", "detail = { kind = \"paced\" }", "arrivals = \"poisson\"", "`arrivals` and the curve's `detail`");
    refused_keys("scale = 0", "`scale` is 0; it must be above 0");
    refused_keys("speed = nan", "`speed` is NaN");
    refused_keys("speed = 1e8", "would be shorter than 1ms");
    refused_keys("clip = \"0/s\"", "`clip` is 0/s");
    refused_keys("scale = 2.0, target_peak = \"1/s\"", "both set the curve's height");
    refused_keys("target_mean = \"2/s\", target_peak = \"1/s\"", "both set the curve's height");
    refused_keys("target_peak = \"2G/s\"", "above the highest possible rate");
    refused_keys("window = [\"11:50\"]", "`window` needs two times, not 1");
    refused_keys("window = [\"11:00\", \"13:00\"]", "goes from 2030-01-31T11:50:00Z to 2030-01-31T12:10:00Z");
    refused_keys("window = [\"12:04\", \"12:06\"]", "nothing would be sent");
    refused_keys("window = [\"noon\", \"12:06\"]", "`noon` is not a time of day");
    refused_keys("loop = true", "add duration");
    refused("duration = \"1000d\"", "loop = true, speed = 10000", "", "buckets would be played");
    refused("duration = \"10m\"", "", "", "the curve takes 20m, longer than the run's 10m");
    refused("ceiling = \"10/s\"", "", "", "above the profile's ceiling of 10/s; raise `ceiling`");
    refused("ceiling = \"10/s\"", "speed = 0.77", "", "would be played at 15.4/s");
    refused("ceiling = \"10/s\"", "target_peak = \"11/s\"", "", "would be played at 11/s");
    for (detail, expected) in [
        ("kind = \"b-model\"", "\"b-model\" needs `bias`"),
        ("kind = \"b-model\", bias = 0.4", "at least 0.5"),
        ("kind = \"b-model\", bias = 1", "below 1"),
        ("kind = \"b-model\", bias = 0.6, finest = \"0s\"", "`finest` is 0s"),
        ("kind = \"overdispersed\"", "needs `dispersion`"),
        ("kind = \"overdispersed\", dispersion = 1", "must be above 1"),
        ("kind = \"overdispersed\", dispersion = nan", "must be above 1"),
        ("kind = \"on-off\", on = \"1s\"", "needs `off`"),
        ("kind = \"on-off\", on = \"0s\", off = \"1s\"", "`on` is 0s"),
        ("kind = \"paced\", bias = 0.6", "only applies with kind = \"b-model\""),
        ("kind = \"b-modle\"", "did you mean \"b-model\"?"),
    ] {
        refused_keys(&format!("detail = {{ {detail} }}"), expected);
    }
}

#[test]
fn a_curve_file_that_cannot_be_read_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let origin = folder.path().join("p.toml");
    let text = |file: &str| format!("[[stream]]\nname = \"s\"\ncurve = {{ file = \"{file}\" }}\n");
    for (name, bytes, expected) in [
        ("empty.csv", "", "is empty"),
        ("header.csv", "timestamp,count\n", "header"),
        ("one.csv", "timestamp,count\n2030-01-31T11:00:00Z,5\n", "one row"),
        ("silent.csv", "timestamp,count\n2030-01-31T11:00:00Z,0\n2030-01-31T11:01:00Z,0\n", "has no events there"),
        ("semicolon.csv", "timestamp;count\n", "the columns are `timestamp;count`"),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        let error = Profile::from_text(&text(name), origin.to_str().unwrap()).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("line 3") && error.lines().count() == 1, "{name}: {error}");
    }
    let error = Profile::from_text(&text("none.csv"), origin.to_str().unwrap()).unwrap_err().to_string();
    assert!(
        error.contains("curve file") && error.contains("does not exist") && error.contains("the profile's folder"),
        "{error}"
    );
    let error = Profile::from_text(&text("."), origin.to_str().unwrap()).unwrap_err().to_string();
    assert!(error.contains("is a folder"), "{error}");
}
