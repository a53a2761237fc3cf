//! Numbers as spreadsheets and dashboards write them.

use super::{Decimal, Findings, ImportError, Kind, Place, quoted::beginning, stamps::bare};

/// What is written where a number is missing.
const NOTHING: [&str; 7] = ["", "nan", "null", "undefined", "-", "n/a", "none"];

/// What is known of the commas and points in a file's numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Convention {
    point_line: Option<u64>,
    comma_line: Option<u64>,
    /// Numbers in which a single point, and those in which a single comma, may separate thousands or decimals.
    points: Unclear,
    commas: Unclear,
    /// Numbers below 1,000 without either mark, and larger ones.
    small: bool,
    large: bool,
    /// Whether there turned out to be commas that separate thousands.
    any_comma: bool,
}

/// Numbers such as `1.500`, whose mark may be of either kind.
#[derive(Debug, Clone, Default)]
struct Unclear {
    first: Option<(u64, String)>,
    /// One ends in 0: a tool that writes decimals as short as possible never writes that.
    ends_in_0: bool,
}

impl Unclear {
    fn learn(&mut self, cell: &str, line: u64) {
        self.first.get_or_insert_with(|| (line, beginning(cell)));
        self.ends_in_0 |= cell.ends_with('0');
    }
}

impl Convention {
    /// Learns from a number.
    pub(super) fn learn(&mut self, cell: &str, line: u64) {
        self.any_comma |= cell.contains(',');
        match (cell.rfind(','), cell.rfind('.')) {
            (None, None) => self.learn_plain(cell),
            (Some(comma), Some(point)) if point > comma => self.point_line = self.point_line.or(Some(line)),
            (Some(_), Some(_)) => self.comma_line = self.comma_line.or(Some(line)),
            (Some(_), None) if cell.matches(',').count() > 1 => self.point_line = self.point_line.or(Some(line)),
            (None, Some(_)) if cell.matches('.').count() > 1 => self.comma_line = self.comma_line.or(Some(line)),
            (Some(_), None) if may_part_thousands(cell, ',') => self.commas.learn(cell, line),
            (None, Some(_)) if may_part_thousands(cell, '.') => self.points.learn(cell, line),
            (Some(_), None) => self.comma_line = self.comma_line.or(Some(line)),
            (None, Some(_)) => self.point_line = self.point_line.or(Some(line)),
        }
    }

    fn learn_plain(&mut self, cell: &str) {
        if !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()) {
            self.small |= cell.len() <= 3;
            self.large |= cell.len() > 3;
        }
    }

    /// The decimal mark, if the numbers show it; otherwise a question, and a point for now.
    ///
    /// Where columns are separated by commas, a comma inside a number separates thousands: a
    /// tool that writes decimal commas separates columns by semicolons.
    pub(super) fn settle(&self, delimiter: u8, findings: &mut Findings) -> Result<Decimal, ImportError> {
        match (self.point_line, self.comma_line) {
            (Some(point_line), Some(comma_line)) => return Err(ImportError::DecimalMixed { point_line, comma_line }),
            (None, Some(_)) => return Ok(Decimal::Comma),
            (Some(_), None) => return Ok(Decimal::Point),
            (None, None) if delimiter == b',' => return Ok(Decimal::Point),
            (None, None) => {}
        }
        match (&self.points.first, &self.commas.first) {
            (None, None) => Ok(Decimal::Point),
            (Some(point), Some(comma)) => {
                // One of them separates thousands, the other decimals.
                Ok(ask(if point.0 < comma.0 { point } else { comma }, findings))
            }
            (Some(point), None) => Ok(self.one_mark(&self.points, point, Decimal::Comma, Decimal::Point, findings)),
            (None, Some(comma)) => Ok(self.one_mark(&self.commas, comma, Decimal::Point, Decimal::Comma, findings)),
        }
    }

    /// A file with one kind of mark, always before three digits. If there is also a number above 999 without the mark, it separates
    /// decimals. If a number ends in 0 and another has no mark, it separates thousands: decimals are either all written, or none that are
    /// 0.
    fn one_mark(
        &self,
        unclear: &Unclear,
        first: &(u64, String),
        thousands: Decimal,
        decimals: Decimal,
        findings: &mut Findings,
    ) -> Decimal {
        match (self.large, unclear.ends_in_0 && self.small) {
            (true, _) => decimals,
            (false, true) => {
                if thousands == Decimal::Comma {
                    let what = "points in numbers are read as thousands separators";
                    let then = "if they are decimal points, add --decimal point";
                    findings.note(Kind::Commas, Some(Place::line(first.0)), what, then, false);
                }
                thousands
            }
            (false, false) => ask(first, findings),
        }
    }

    /// Whether commas were taken as thousands separators.
    pub(super) fn commas_part_thousands(&self, decimal: Decimal) -> bool {
        self.any_comma && decimal == Decimal::Point
    }
}

/// Whether the mark is before three digits and after one to three, the first of them not 0.
fn may_part_thousands(cell: &str, mark: char) -> bool {
    let Some((whole, rest)) = cell.trim_start_matches(['-', '+']).split_once(mark) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(rest) && rest.len() == 3 && digits(whole) && whole.len() <= 3 && !whole.starts_with('0')
}

fn ask((line, cell): &(u64, String), findings: &mut Findings) -> Decimal {
    let mark = if cell.contains(',') { "comma" } else { "point" };
    let what = format!("the {mark} in `{cell}` may be a thousands separator or a decimal mark");
    findings.note(Kind::DecimalWanted, Some(Place::line(*line)), &what, "add --decimal point or --decimal comma", true);
    Decimal::Point
}

/// Reads a number; NaN if there is none. Thousands may be separated by the other mark, a blank or an apostrophe.
pub(super) fn number(cell: &str, decimal: Decimal, place: Place) -> Result<f64, ImportError> {
    let cell = bare(cell);
    if decimal != Decimal::Comma
        && let Ok(value) = cell.parse::<f64>()
    {
        return Ok(if value.is_finite() { value } else { f64::NAN });
    }
    if NOTHING.contains(&cell.to_ascii_lowercase().as_str()) {
        return Ok(f64::NAN);
    }
    let mark = if decimal == Decimal::Comma { ',' } else { '.' };
    let wrong = || ImportError::Number { place, text: beginning(cell), hint: hint(cell) };
    let (whole, rest) = cell.split_once(mark).map_or((cell, None), |(whole, rest)| (whole, Some(rest)));
    let whole = ungrouped(whole).ok_or_else(wrong)?;
    let plain = rest.map_or_else(|| whole.clone(), |rest| format!("{whole}.{rest}"));
    plain.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(wrong)
}

/// Removes what separates groups of three digits; nothing if the groups are not of three.
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
        "a value must be a number such as 1200 or 12.5, or empty"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cells: &[&str], delimiter: u8) -> Result<Vec<f64>, String> {
        let mut convention = Convention::default();
        (1..).zip(cells).for_each(|(line, cell)| convention.learn(cell, line));
        let mut findings = Findings::default();
        let decimal = convention.settle(delimiter, &mut findings).map_err(|error| error.to_string())?;
        if findings.stop() {
            return Err(findings.stops().concat());
        }
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
        // 1.500 beside 980: decimals would be written for both, or as 1.5.
        assert_eq!(read(&["1.500", "2.250", "980"], b';'), Ok(vec![1500.0, 2250.0, 980.0]));
        assert_eq!(read(&["980", "1,500"], b'\t'), Ok(vec![980.0, 1500.0]));
        // A number above 999 without the mark: the mark separates decimals.
        assert_eq!(read(&["1.500", "12000"], b';'), Ok(vec![1.5, 12_000.0]));
        assert_eq!(read(&["1\u{202f}234,5", "1'234"], b';'), Ok(vec![1234.5, 1234.0]));
        assert_eq!(read(&["94.125", "-3", "1e3"], b','), Ok(vec![94.125, -3.0, 1000.0]));
    }

    #[test]
    fn what_may_be_two_things_is_asked_and_what_is_nothing_refused() {
        assert!(read(&["1,234"], b';').unwrap_err().contains("line 1: the comma in `1,234` may be"));
        assert!(read(&["1.250", "2.375"], b';').unwrap_err().contains("line 1: the point in `1.250` may be"));
        assert!(read(&["980", "2.375"], b'\t').unwrap_err().contains("line 2: the point in `2.375` may be"));
        assert!(read(&["-1,234"], b';').unwrap_err().contains("the comma in `-1,234` may be"));
        assert!(read(&["1.5", "1,5"], b';').unwrap_err().starts_with("line 1 has a decimal point, but line 2"));
        assert!(read(&["1.23 K"], b',').unwrap_err().contains("without units"));
        for cell in ["1,23,4", "abc", "1 2", "--1", "1234,567,890"] {
            assert!(
                read(&["1.5", cell], b',').unwrap_err().contains(&format!("line 2: `{cell}` is not a number")),
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
