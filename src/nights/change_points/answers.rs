//! Our change points as lines of JSON, for series that scripts/prove-changes lets Apache Otava answer, too.

use serde_json::{Value, json};

use super::change_points;

/// Where the file with the series is: their `values`, with which `level` and `least` they are asked, and from how many values `since` on each
/// beginning of them is asked as well.
const FILE: &str = "FLOODMARK_SERIES";

#[test]
#[ignore = "prints what scripts/prove-changes compares"]
fn answers() {
    let file = std::fs::read_to_string(std::env::var(FILE).expect(FILE)).unwrap();
    let all: Value = serde_json::from_str(&file).unwrap();
    for series in all.as_array().unwrap() {
        let number = |key: &str| usize::try_from(series[key].as_u64().unwrap()).unwrap();
        let values: Vec<f64> = series["values"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        let level = series["level"].as_f64().unwrap();
        let of = |count: usize| {
            let points = change_points(&values[..count], level, number("least"));
            points.iter().map(|point| point.at).collect::<Vec<_>>()
        };
        println!("\n{}", json!({ "points": (number("since")..=values.len()).map(of).collect::<Vec<_>>() }));
    }
}
