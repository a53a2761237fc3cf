//! Quantiles of the interval logs in a run's folder, as lines of JSON in milliseconds:
//! `cargo run --release -p floodmark-instruments --bin quantiles FOLDER [QUANTILE...]` (0 to 1; default 0.5 0.95 0.99 1).
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::path::Path;

use floodmark::results::RunFolder;
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("say which run's folder")?;
    let mut quantiles: Vec<f64> = arguments.map(|text| text.parse()).collect::<Result<_, _>>()?;
    if quantiles.is_empty() {
        quantiles = vec![0.5, 0.95, 0.99, 1.0];
    }
    for log in RunFolder::open(Path::new(&folder))?.logs()? {
        let reader = log.open()?;
        let key = reader.key.clone();
        let sum = reader.sum()?;
        let figures: Map<String, Value> =
            quantiles.iter().map(|quantile| (quantile.to_string(), json!(sum.quantile_ms(*quantile)))).collect();
        println!(
            "{}",
            json!({ "stream": key.stream, "stage": key.stage, "hop": key.hop.name(), "count": sum.count(), "ms": figures })
        );
    }
    Ok(())
}
