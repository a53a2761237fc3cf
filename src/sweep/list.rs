//! Combinations from a file: a column for each key, a row for each combination.

use std::path::Path;

use super::{PlanError, Varied};

/// Reads a CSV file: the keys with all their values in the order in which they appear, and the combinations.
///
/// # Errors
/// A file that cannot be read, without rows, or with an empty cell or a row that stands twice.
pub(crate) fn read_list(file: &Path) -> Result<(Vec<Varied>, Vec<Vec<String>>), PlanError> {
    let wrong = |why: String| PlanError::List { file: file.to_owned(), why };
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).map_err(|error| wrong(plain(&error)))?;
    let keys: Vec<String> = reader.headers().map_err(|error| wrong(plain(&error)))?.iter().map(str::to_owned).collect();
    let mut combinations: Vec<Vec<String>> = Vec::new();
    for (number, row) in reader.records().enumerate() {
        let row = row.map_err(|error| wrong(plain(&error)))?;
        let values: Vec<String> = row.iter().map(str::to_owned).collect();
        if let Some((key, _)) = keys.iter().zip(&values).find(|(_, value)| value.is_empty()) {
            return Err(wrong(format!("combination {} has no value for {key}", number + 1)));
        }
        if combinations.contains(&values) {
            return Err(wrong(format!("combination {} stands twice", number + 1)));
        }
        combinations.push(values);
    }
    if combinations.len() < 2 {
        return Err(wrong(
            "write the keys in the first line, and a combination in each of the next ones, at least two".to_owned(),
        ));
    }
    let varied = keys.into_iter().enumerate().map(|(at, key)| Varied { key, values: seen(&combinations, at) });
    Ok((varied.collect(), combinations))
}

/// The values of a column, each once.
fn seen(combinations: &[Vec<String>], at: usize) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for value in combinations.iter().filter_map(|combination| combination.get(at)) {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    values
}

/// What the reader said, without its own name for where.
fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(system) => system.to_string(),
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map(|pos| format!("line {} ", pos.line())).unwrap_or_default();
            format!("{line}has {len} values for {expected_len} keys")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(Vec<Varied>, Vec<Vec<String>>), PlanError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("list.csv");
        std::fs::write(&file, text).unwrap();
        read_list(&file)
    }

    #[test]
    fn a_row_is_a_combination_and_a_column_a_key() {
        let (varied, combinations) = read("linger.ms, acks\n0,all\n5,all\n5,1\n").unwrap();
        assert_eq!(varied[0], Varied { key: "linger.ms".to_owned(), values: vec!["0".to_owned(), "5".to_owned()] });
        assert_eq!(combinations, [["0", "all"], ["5", "all"], ["5", "1"]]);
    }

    #[test]
    fn what_is_wrong_with_a_list_is_one_sentence() {
        for (text, said) in [
            ("a,b\n1,2\n", "at least two"),
            ("", "at least two"),
            ("a,b\n1,2\n3\n", "line 3 has 1 values for 2 keys"),
            ("a,b\n1,2\n3,\n", "combination 2 has no value for b"),
            ("a,b\n1,2\n1,2\n", "combination 2 stands twice"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
        assert!(read_list(Path::new("absent.csv")).unwrap_err().to_string().starts_with("--list absent.csv: "));
    }
}
