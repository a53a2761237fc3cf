//! Numbers as people's spreadsheets and dashboards write them.

use super::{Decimal, ImportError, Place, error::beginning};

/// What is written where there is no number.
const NOTHING: [&str; 7] = ["", "nan", "null", "undefined", "-", "n/a", "none"];

/// What is known of the commas and points in a file's numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Convention {
    point_line: Option<u64>,
    comma_line: Option<u64>,
    unclear: bool,
    /// Whether there are commas that part thousands, as it turned out.
    any_comma: bool,
}

impl Convention {
    /// Learns from a number.
    pub(super) fn learn(&mut self, cell: &str, line: u64) {
        let Some(comma) = cell.rfind(',') else {
            return self.learn_point(cell, line);
        };
        self.any_comma = true;
        let behind = cell.len() - comma - 1;
        match cell.rfind('.') {
            Some(point) if point > comma => self.point_line = self.point_line.or(Some(line)),
            Some(_) => self.comma_line = self.comma_line.or(Some(line)),
            None if cell.matches(',').count() > 1 => self.point_line = self.point_line.or(Some(line)),
            None if behind == 3 && (1..=4).contains(&comma) && !cell.starts_with('0') => self.unclear = true,
            None => self.comma_line = self.comma_line.or(Some(line)),
        }
    }

    fn learn_point(&mut self, cell: &str, line: u64) {
        match cell.find('.') {
            None => {}
            Some(first) if cell.rfind('.') != Some(first) => self.comma_line = self.comma_line.or(Some(line)),
            // A single group of three may be thousands in a file with decimal commas.
            Some(first) if cell.len() - first - 1 == 3 => {}
            Some(_) => self.point_line = self.point_line.or(Some(line)),
        }
    }

    /// What parts decimals: as the numbers show it; otherwise nothing when it has to be asked.
    ///
    /// Where columns are parted by commas, a comma inside a number is one of thousands: a tool that writes decimal commas parts by semicolons.
    pub(super) fn settle(&self, delimiter: u8) -> Result<Option<Decimal>, ImportError> {
        match (self.point_line, self.comma_line) {
            (Some(point_line), Some(comma_line)) => Err(ImportError::DecimalMixed { point_line, comma_line }),
            (None, Some(_)) => Ok(Some(Decimal::Comma)),
            (None, None) if self.unclear && delimiter != b',' => Ok(None),
            _ => Ok(Some(Decimal::Point)),
        }
    }

    /// Whether commas were taken as separators of thousands.
    pub(super) fn commas_part_thousands(&self, decimal: Option<Decimal>) -> bool {
        self.any_comma && decimal == Some(Decimal::Point)
    }
}

/// Reads a number; one that is not there is not a number. Thousands may be parted by the other mark, a blank or an apostrophe.
pub(super) fn number(cell: &str, decimal: Option<Decimal>, place: Place) -> Result<f64, ImportError> {
    let cell = cell.trim();
    if decimal != Some(Decimal::Comma)
        && let Ok(value) = cell.parse::<f64>()
    {
        return Ok(if value.is_finite() { value } else { f64::NAN });
    }
    if NOTHING.contains(&cell.to_ascii_lowercase().as_str()) {
        return Ok(f64::NAN);
    }
    if decimal.is_none() && cell.contains(',') {
        return Err(ImportError::DecimalWanted { place, text: beginning(cell) });
    }
    let mark = if decimal == Some(Decimal::Comma) { ',' } else { '.' };
    let wrong = || ImportError::Number { place, text: beginning(cell), hint: hint(cell) };
    let (whole, rest) = cell.split_once(mark).map_or((cell, None), |(whole, rest)| (whole, Some(rest)));
    let whole = ungrouped(whole).ok_or_else(wrong)?;
    let plain = rest.map_or_else(|| whole.clone(), |rest| format!("{whole}.{rest}"));
    plain.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(wrong)
}

/// Takes out what parts groups of three digits; nothing if the groups are not of three.
fn ungrouped(whole: &str) -> Option<String> {
    let parts_groups = |c: char| matches!(c, ',' | '.' | ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’');
    let groups: Vec<&str> = whole.split(parts_groups).collect();
    let (first, others) = groups.split_first()?;
    let three = |group: &&str| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    let sound = others.iter().all(three) && (others.is_empty() || first.trim_start_matches(['-', '+']).len() <= 3);
    sound.then(|| groups.concat())
}

fn hint(cell: &str) -> &'static str {
    if cell.starts_with(|c: char| c.is_ascii_digit()) && cell.ends_with(|c: char| c.is_alphabetic() || c == '%') {
        "export raw values, without units (in Grafana: without \"Formatted data\")"
    } else {
        "a value is a number such as 1200 or 12.5, and empty where there is none"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[&str], delimiter: u8) -> Result<Vec<f64>, String> {
        let mut convention = Convention::default();
        (1..).zip(cells).for_each(|(line, cell)| convention.learn(cell, line));
        let decimal = convention.settle(delimiter).map_err(|error| error.to_string())?;
        (1..)
            .zip(cells)
            .map(|(line, cell)| number(cell, decimal, Place::line(line)).map_err(|e| e.to_string()))
            .collect()
    }

    #[test]
    fn thousands_and_decimals_are_told_apart_by_the_whole_column() {
        assert_eq!(read(&["1,234,567", "12"], b';'), Ok(vec![1_234_567.0, 12.0]));
        assert_eq!(read(&["1,234", "5.5"], b';'), Ok(vec![1234.0, 5.5]));
        assert_eq!(read(&["1,234", "5,5"], b';'), Ok(vec![1.234, 5.5]));
        assert_eq!(read(&["1.234", "1.234,5"], b';'), Ok(vec![1234.0, 1234.5]));
        assert_eq!(read(&["1,234"], b','), Ok(vec![1234.0]));
        assert_eq!(read(&["1\u{202f}234,5", "1'234"], b';'), Ok(vec![1234.5, 1234.0]));
        assert_eq!(read(&["94.125", "-3", "1e3"], b','), Ok(vec![94.125, -3.0, 1000.0]));
    }

    #[test]
    fn what_may_be_two_things_is_asked_and_what_is_nothing_refused() {
        assert!(read(&["1,234"], b';').unwrap_err().contains("line 1: the comma in `1,234` may part"));
        assert!(read(&["1.5", "1,5"], b';').unwrap_err().starts_with("line 1 has a decimal point and line 2"));
        assert!(read(&["1.23 K"], b',').unwrap_err().contains("without units"));
        for cell in ["1,23,4", "abc", "1 2", "--1", "1234,567,890"] {
            assert!(
                read(&["1.5", cell], b',').unwrap_err().contains(&format!("line 2: `{cell}` is no number")),
                "{cell}"
            );
        }
    }

    #[test]
    fn no_number_is_not_a_number() {
        for cell in ["", " ", "NaN", "null", "+Inf", "-Inf", "undefined", "-"] {
            assert!(read(&[cell], b',').unwrap()[0].is_nan(), "{cell}");
        }
    }
}
