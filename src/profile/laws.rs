//! The laws of this room: shipped profiles are valid, errors name their place, and nothing panics.

use std::path::Path as FilePath;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{schema, shape, tree::Node, units::Span, *};
use crate::shipped::{PROFILES, Shipped};

/// The smallest valid profile.
const LEAST: &str = "duration = \"60s\"\n[[stream]]\nname = \"orders\"\nrate = \"1k/s\"\n";

fn load(text: &str) -> Result<Loaded, ProfileError> {
    Profile::from_text(text, "p.toml")
}

fn with(overrides: &Overrides) -> Result<Loaded, ProfileError> {
    Profile::from_text_with(LEAST, "p.toml", overrides)
}

fn set(arguments: &[&str]) -> Result<Loaded, ProfileError> {
    with(&Overrides { set: arguments.iter().map(ToString::to_string).collect(), ..Overrides::default() })
}

#[test]
fn shipped_profiles_load_fit_on_a_screen_and_end_within_a_minute() {
    for Shipped { name, text } in PROFILES {
        let path = format!("{}/profiles/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let loaded = Profile::from_file(FilePath::new(&path)).unwrap();
        assert_eq!((loaded.name.as_str(), loaded.notices.len()), (name, 0));
        assert!(text.lines().count() <= 45 && text.lines().all(|line| line.chars().count() <= 130), "{name}");
        assert!(text.starts_with("#:schema ./profile.schema.json\n"), "{name}");
        assert!(loaded.profile.duration() <= Span::from_secs(60) && loaded.profile.description.is_some(), "{name}");
    }
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let committed = include_str!("../../profiles/profile.schema.json");
    assert!(
        committed == schema::profile_schema_text(),
        "write it anew: floodmark schema profile > profiles/profile.schema.json"
    );
}

fn is_of(kind: &Json, value: &Json) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("unknown type {other}"),
    }
}

/// An independent checker for the part of JSON Schema that the generated schema uses; an unknown keyword is an error.
fn conforms(value: &Json, schema: &Json, root: &Json) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().ok_or("a schema is an object")? {
        let good = match keyword.as_str() {
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").ok_or("an unknown reference")?;
                conforms(value, &root["$defs"][name], root)?;
                true
            }
            "type" => match rule {
                Json::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
                kind => is_of(kind, value),
            },
            "properties" => {
                for (key, inner) in value.as_object().into_iter().flatten() {
                    if let Some(rule) = rule.get(key) {
                        conforms(inner, rule, root).map_err(|why| format!("{key}.{why}"))?;
                    }
                }
                true
            }
            "additionalProperties" if rule.is_object() => {
                value.as_object().into_iter().flatten().try_for_each(|(_, inner)| conforms(inner, rule, root))?;
                true
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                value.as_object().is_none_or(|object| object.keys().all(|key| known.contains_key(key)))
            }
            "required" => rule.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some()),
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|item| conforms(item, rule, root))?;
                true
            }
            "oneOf" => {
                let choices = rule.as_array().unwrap().iter();
                choices.filter(|choice| conforms(value, choice, root).is_ok()).count() == 1
            }
            "const" => value == rule,
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "pattern" => value.as_str().is_none_or(|text| matches_pattern(text, rule.as_str().unwrap())),
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "examples" => true,
            other => return Err(format!("unknown keyword {other}")),
        };
        if !good {
            return Err(format!(": {keyword}: {value} against {rule}"));
        }
    }
    Ok(())
}

fn matches_pattern(text: &str, pattern: &str) -> bool {
    regex_lite::Regex::new(pattern).unwrap().is_match(text)
}

#[test]
fn shipped_profiles_conform_to_the_schema() {
    let schema = schema::profile_schema();
    for Shipped { name, text } in PROFILES {
        let table: toml::Table = toml::from_str(text).unwrap();
        conforms(&serde_json::to_value(table).unwrap(), &schema, &schema).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    let wrong: toml::Table = toml::from_str(&LEAST.replace("1k/s", "1k")).unwrap();
    assert!(conforms(&serde_json::to_value(wrong).unwrap(), &schema, &schema).is_err());
}

#[test]
fn what_is_loaded_loads_again_from_its_table_and_from_its_model() {
    for Shipped { name, text } in PROFILES {
        let loaded = load(text).unwrap();
        for text in [toml::to_string(&loaded.table).unwrap(), toml::to_string(&loaded.profile).unwrap()] {
            let mut again = load(&text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
            // The table pins a curve's counts.
            again.profile.streams.iter_mut().flat_map(|of| &mut of.curve).for_each(|curve| curve.fingerprint = None);
            assert_eq!(again.profile, loaded.profile, "{name}");
        }
    }
}

#[test]
fn a_set_argument_is_the_same_as_an_edit_of_the_file() {
    let cases = [
        ("stream.orders.rate=5k/s", LEAST.replace("1k/s", "5k/s")),
        ("stream.0.rate=5k/s", LEAST.replace("1k/s", "5k/s")),
        ("stream.orders.rate=\"5k/s\"", LEAST.replace("1k/s", "5k/s")),
        ("duration=10s", LEAST.replace("60s", "10s")),
        ("seed=3", format!("seed = 3\n{LEAST}")),
        ("stream.0.keys.count=10", format!("{LEAST}keys = {{ count = 10 }}\n")),
        ("stream.0.keys={ count = 10 }", format!("{LEAST}keys = {{ count = 10 }}\n")),
    ];
    for (argument, text) in &cases {
        assert_eq!(set(&[argument]).unwrap().profile, load(text).unwrap().profile, "{argument}");
    }
    assert!(set(&["stream.orders.topic=a=b"]).unwrap_err().to_string().contains("cannot contain `=`"));
}

#[test]
fn a_stream_whose_name_holds_dots_can_be_set() {
    let text = LEAST.replace("orders", "shop.orders");
    let overrides = Overrides { set: vec!["stream.shop.orders.rate=2/s".to_owned()], ..Overrides::default() };
    let loaded = Profile::from_text_with(&text, "p.toml", &overrides).unwrap();
    assert_eq!(loaded.profile.streams[0].base_rate().to_string(), "2/s");
}

#[test]
fn an_argument_that_cannot_be_applied_is_named() {
    for (argument, expected) in [
        ("rate", "not of the form path=value"),
        ("=3", "empty part"),
        ("stream..rate=1/s", "empty part"),
        ("stream.order.rate=1/s", "did you mean `orders`?"),
        ("stream.7.rate=1/s", "there are 1, counted from 0"),
        ("duration.x=1", "`duration` is a single value"),
        ("sed=1", "did you mean `seed`?"),
        ("stream.0.kys.count=1", "did you mean `keys`?"),
        ("stream.0.rate=fast", "`fast` is not a rate"),
        ("stream.0.rate=5", "add a unit: \"5/s\" or \"5/min\""),
        ("duration=250", "add a unit: \"250ms\", \"250s\" or \"250m\""),
        ("duration=0.5", "add a unit: \"0.5ms\", \"0.5s\" or \"0.5m\""),
        ("stream=[]", "has no stream"),
        ("stream.0=1", "must be a table"),
    ] {
        let error = set(&[argument]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("--set {argument}: ")) && error.contains(expected), "{argument}: {error}");
    }
    let error = with(&Overrides { rate_scale: Some(f64::NAN), ..Overrides::default() }).unwrap_err().to_string();
    assert!(error.starts_with("--rate-scale NaN: "), "{error}");
    let error = with(&Overrides { seed: Some(u64::MAX), ..Overrides::default() }).unwrap_err().to_string();
    assert!(error.starts_with("--seed 18446744073709551615: `seed` must be a whole number"), "{error}");
}

#[test]
fn a_duration_from_the_command_line_cuts_phases_and_says_so() {
    let text = format!("{LEAST}phases = [{{ for = \"90s\" }}]\n");
    assert!(load(&text).unwrap_err().to_string().contains("the phases take 1m30s, longer than the run's 1m"));
    for overrides in [
        Overrides { duration: Some(Span::from_secs(10)), ..Overrides::default() },
        Overrides { set: vec!["duration=10s".to_owned()], ..Overrides::default() },
    ] {
        let loaded = Profile::from_text_with(&text, "p.toml", &overrides).unwrap();
        assert_eq!(loaded.notices, ["stream `orders`: the phases take 1m30s and are cut off at 10s"]);
        assert_eq!(loaded.profile.duration(), Span::from_secs(10));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, b"seed = 1\n\xff\xfe").unwrap();
    for (path, expected) in [
        (folder.path().join("none.toml"), "there is no profile"),
        (folder.path().to_owned(), "is a folder"),
        (binary, "line 2: the profile is not UTF-8 text"),
    ] {
        let error = Profile::from_file(&path).unwrap_err().to_string();
        assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
    }
    let twice = load("seed = 1\nseed = 2\n").unwrap_err().to_string();
    assert_eq!(twice, "p.toml, line 2: the key `seed` is set twice in the same table; remove one of them");
    assert!(load("seed = = 1").unwrap_err().to_string().starts_with("p.toml, line 1: not valid TOML: "));
}

/// Every table of a profile, as `--set` names it, and its schema.
fn tables(root: &Json) -> Vec<(&'static str, &Json)> {
    let defs = &root["$defs"];
    vec![
        ("", root),
        ("fault.0.", &defs["RunFault"]),
        ("fault.0.network.", &defs["NetworkFault"]),
        ("stream.0.", &defs["Stream"]),
        ("stream.0.on_off.", &defs["OnOff"]),
        ("stream.0.keys.", &defs["Keys"]),
        ("stream.0.keys.record.", &defs["KeyRecordUse"]),
        ("stream.0.payload.", &defs["Payload"]),
        ("stream.0.payload.fields.any.", &defs["Field"]),
        ("stream.0.payload.registry.", &defs["RegistryUse"]),
        ("stream.0.skew.", &defs["Skew"]),
        ("stream.0.skew.step.", &defs["ClockStep"]),
        ("stream.0.skew.absurd.", &defs["Absurd"]),
        ("stream.0.lateness.", &defs["Lateness"]),
        ("stream.0.retries.", &defs["Retries"]),
        ("stream.0.slo.", &defs["Slo"]),
        ("stream.0.abort_when.", &defs["AbortWhen"]),
        ("stream.0.phases.0.", &defs["Phase"]),
        ("stream.0.curve.", &defs["Replay"]),
        ("stream.0.curve.detail.", &defs["Detail"]),
        ("stream.0.records.", &defs["Records"]),
        ("stream.0.stage.0.", &defs["Stage"]),
        ("stream.0.stage.0.results.", &defs["WindowResults"]),
        ("stream.0.watermark.0.", &defs["WatermarkModel"]),
    ]
}

#[test]
fn a_key_with_one_wrong_letter_is_recognised_in_every_table() {
    let root = schema::profile_schema();
    let tables = tables(&root);
    let objects = root["$defs"].as_object().unwrap().values().filter(|def| def["type"] == "object").count();
    assert_eq!(tables.len(), objects + 1, "a table is missing here");
    let lists = "stage = [{ name = \"out\", topic = \"t\" }]\nwatermark = [{ engine = \"flink\", bound = \"1s\" }]\n";
    let fault = "[[fault]]\nname = \"f\"\nat = \"1s\"\nfor = \"1s\"\nnetwork = { reset = true }\n";
    let text = format!("{LEAST}phases = [{{ for = \"9s\" }}]\n{lists}{fault}");
    for (path, table) in tables {
        for key in table["properties"].as_object().unwrap().keys() {
            for position in 0..key.len() {
                let mut written = key.clone().into_bytes();
                written[position] = b'q';
                let written = String::from_utf8(written).unwrap();
                if written == *key {
                    continue;
                }
                let argument = format!("{path}{written}=1");
                let overrides = Overrides { set: vec![argument.clone()], ..Overrides::default() };
                let error = Profile::from_text_with(&text, "p.toml", &overrides).unwrap_err();
                let unknown = format!("has no key `{written}`");
                let problem = error.problems().find(|problem| problem.to_string().ends_with(&unknown)).unwrap();
                let meant = problem.way_out().and_then(|help| help.split('`').nth(1)).unwrap_or_default();
                let near = strsim::damerau_levenshtein(&written, meant) <= 1;
                assert!(near, "{argument}: {}", problem.one_line());
            }
        }
    }
}

#[test]
fn a_key_in_the_wrong_table_is_sent_home() {
    for (line, home) in [
        ("exponent = 1.1", "`exponent` belongs in `keys`"),
        ("warmup = \"1s\"", "`warmup` belongs in the profile itself, above the first [[stream]]"),
        ("end_to_end_p99 = \"1s\"", "`end_to_end_p99` belongs in `slo`"),
    ] {
        let error = load(&format!("{LEAST}{line}\n")).unwrap_err().to_string();
        assert!(error.starts_with("p.toml, line 5: ") && error.contains(home), "{error}");
    }
}

#[test]
fn scaling_the_rate_scales_the_events() {
    let phases = "phases = [{ for = \"10s\", rate = \"3x\", ramp = \"5s\" }, { for = \"5s\", rate = \"7k/s\" }, \
                  { repeat = 3, phases = [{ for = \"2s\", rate = \"0/s\", ramp = \"1s\" }, { for = \"1s\" }] }]";
    let text = format!("{LEAST}{phases}\n");
    let planned = |rate_scale| {
        let overrides = Overrides { rate_scale: Some(rate_scale), ..Overrides::default() };
        let profile = Profile::from_text_with(&text, "p.toml", &overrides).unwrap().profile;
        profile.streams[0].planned_events(profile.duration())
    };
    // 5 s from 1k to 3k, 5 s at 3k, 5 s at 7k; then a second down from 7k or 1k to 0, a second of silence, a second at 1k.
    let by_hand = 10_000.0 + 15_000.0 + 35_000.0 + 3_500.0 + 2.0 * 500.0 + 3.0 * 1_000.0;
    assert!((planned(1.0) - by_hand).abs() < 1e-6, "{}", planned(1.0));
    assert!((planned(2.5) - 2.5 * by_hand).abs() < 1e-6);
}

#[test]
fn the_reference_describes_every_key_as_the_schema_does() {
    let reference = include_str!("../../profiles/README.md");
    let root = schema::profile_schema();
    for (path, table) in tables(&root) {
        let heading = match path.trim_end_matches('.').trim_start_matches("stream.0").trim_start_matches('.') {
            "" if path.is_empty() => "### The profile\n".to_owned(),
            "" => "### `[[stream]]`\n".to_owned(),
            "fault.0" => "### `[[fault]]`\n".to_owned(),
            "fault.0.network" => "### `network`\n".to_owned(),
            "stage.0" => "### `[[stream.stage]]`\n".to_owned(),
            "payload.fields.any" => "### `payload.fields.NAME`\n".to_owned(),
            "stage.0.results" => "### `results`\n".to_owned(),
            "watermark.0" => "### `[[stream.watermark]]`\n".to_owned(),
            inner => format!("### `{}`\n", inner.trim_end_matches(".0")),
        };
        let section = reference.split_once(&heading).unwrap_or_else(|| panic!("no {heading}")).1;
        let section = section.split("\n### ").next().unwrap();
        for (key, property) in table["properties"].as_object().unwrap() {
            let row = section.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
            let description = property["description"].as_str().unwrap().replace('\n', " ");
            assert!(row.is_some_and(|row| row.contains(&description)), "{heading} {key}: {description}");
        }
        let rows = section.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, table["properties"].as_object().unwrap().len(), "{heading}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_profile_loads_or_says_where(
        which in 0..PROFILES.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, "[ -~é\n]"), 1..4),
    ) {
        let mut chars: Vec<char> = PROFILES[which].text.chars().collect();
        for (place, kind, replacement) in edits {
            let place = place.index(chars.len());
            let replacement = replacement.chars().next().unwrap();
            match kind {
                0 => { chars.remove(place); }
                1 => chars[place] = replacement,
                _ => chars.insert(place, replacement),
            }
        }
        let text: String = chars.into_iter().collect();
        if let Err(error) = load(&text) {
            for problem in error.problems() {
                let span = problem.span().unwrap();
                prop_assert!(span.end <= text.len() && problem.line().is_some(), "{}", problem.one_line());
            }
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn what_has_the_right_shape_fits_the_model(
        which in 0..PROFILES.len(), line: prop::sample::Index,
        value in prop_oneof!["-?[0-9]{1,20}", "\"[a-z0-9/ ]{0,6}\"", "(nan|inf|true|0\\.5|\\[\\]|\\{\\}|1979-05-27)"],
    ) {
        let mut lines: Vec<String> = PROFILES[which].text.lines().map(str::to_owned).collect();
        let keyed: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].contains(" = ") && !lines[at].starts_with('#')).collect();
        let at = keyed[line.index(keyed.len())];
        let key = lines[at].split(" = ").next().unwrap().to_owned();
        lines[at] = format!("{key} = {value}");
        let text = lines.join("\n");
        let Ok(document) = Node::parse(&text, 0) else { return Ok(()) };
        if shape::check(&document, &schema::profile_schema()).is_empty() {
            let table = document.to_toml();
            prop_assert!(Profile::deserialize(table).is_ok(), "{}", lines[at]);
        }
    }

    #[test]
    fn any_argument_is_applied_or_refused(argument in "(stream|seed|duration)?[.]?(0|orders|1)?[.=]?\\PC{0,12}") {
        let _ = set(&[&argument]);
    }
}
