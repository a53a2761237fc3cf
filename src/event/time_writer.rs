//! Writes times in the forms that messages have them in. Pure.

use jiff::Timestamp;

use super::time_form::{TimeForm, Unit};

/// Writes times in one form. It remembers the text of the second that it wrote last: consecutive events share it.
#[derive(Debug, Clone)]
pub(crate) struct TimeWriter {
    form: TimeForm,
    /// Digits after the second in RFC 3339: three or six.
    digits: u32,
    second: i64,
    text: String,
}

impl TimeWriter {
    /// For times in `form`. RFC 3339 gets as many digits after the second as `precision` has; a form that is to be recognised is `precision`.
    #[must_use]
    pub(crate) fn new(form: TimeForm, precision: Unit) -> Self {
        let form = if form == TimeForm::Recognised { TimeForm::Number(precision) } else { form };
        let digits = if precision == Unit::Ms { 3 } else { 6 };
        TimeWriter { form, digits, second: i64::MIN, text: String::new() }
    }

    /// Appends a time, in microseconds since 1970. A moment that no calendar has is written as a number of milliseconds.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>, us: i64) {
        match &self.form {
            TimeForm::Number(Unit::S) => number(out, us.div_euclid(1_000_000)),
            TimeForm::Number(Unit::Ms) | TimeForm::Recognised => number(out, us.div_euclid(1_000)),
            TimeForm::Number(Unit::Us) => number(out, us),
            TimeForm::Number(Unit::Ns) => number(out, us.saturating_mul(1_000)),
            TimeForm::Rfc3339 => self.write_rfc3339(out, us),
            TimeForm::Pattern(pattern) => match Timestamp::from_microsecond(us) {
                Ok(at) => out.extend_from_slice(at.strftime(pattern).to_string().as_bytes()),
                Err(_) => number(out, us.div_euclid(1_000)),
            },
        }
    }

    fn write_rfc3339(&mut self, out: &mut Vec<u8>, us: i64) {
        let second = us.div_euclid(1_000_000);
        if second != self.second || self.text.is_empty() {
            let Ok(at) = Timestamp::from_second(second) else { return number(out, us.div_euclid(1_000)) };
            self.second = second;
            self.text = at.to_string();
            self.text.truncate(self.text.len() - 1);
        }
        out.extend_from_slice(self.text.as_bytes());
        out.push(b'.');
        let mut fraction = us.rem_euclid(1_000_000) as u32 / if self.digits == 3 { 1_000 } else { 1 };
        let start = out.len();
        out.resize(start + self.digits as usize, b'0');
        for digit in out[start..].iter_mut().rev() {
            *digit += (fraction % 10) as u8;
            fraction /= 10;
        }
        out.push(b'Z');
    }
}

fn number(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(form: TimeForm, precision: Unit, us: &[i64]) -> Vec<String> {
        let mut writer = TimeWriter::new(form, precision);
        let text = |us: &i64| {
            let mut out = Vec::new();
            writer.write(&mut out, *us);
            String::from_utf8(out).unwrap()
        };
        us.iter().map(text).collect()
    }

    #[test]
    fn times_are_written_as_their_form_says() {
        let at = [1_896_087_630_500_007, 1_896_087_630_999_999, -1];
        let in_ms = ["2030-01-31T11:00:30.500Z", "2030-01-31T11:00:30.999Z", "1969-12-31T23:59:59.999Z"];
        assert_eq!(written(TimeForm::Rfc3339, Unit::Ms, &at), in_ms);
        assert_eq!(written(TimeForm::Rfc3339, Unit::Us, &at)[0], "2030-01-31T11:00:30.500007Z");
        assert_eq!(written(TimeForm::Recognised, Unit::Ms, &at), ["1896087630500", "1896087630999", "-1"]);
        assert_eq!(written(TimeForm::Number(Unit::S), Unit::Us, &at), ["1896087630", "1896087630", "-1"]);
        let pattern = TimeForm::Pattern("%d.%m.%Y %H:%M:%S".to_owned());
        assert_eq!(written(pattern, Unit::Ms, &at)[0], "31.01.2030 11:00:30");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(us in prop::collection::vec(-1_000_000_000_000_000..4_000_000_000_000_000_i64, 1..9)) {
            for (form, step) in [
                (TimeForm::Number(Unit::S), 1_000_000), (TimeForm::Number(Unit::Ms), 1_000), (TimeForm::Number(Unit::Us), 1),
                (TimeForm::Number(Unit::Ns), 1), (TimeForm::Rfc3339, 1), (TimeForm::Pattern("%Y-%m-%dT%H:%M:%S%.6f".to_owned()), 1),
            ] {
                for (text, us) in written(form.clone(), Unit::Us, &us).iter().zip(&us) {
                    let expected = i128::from(us.div_euclid(step) * step);
                    prop_assert_eq!(form.us_of_bytes(text.as_bytes()), Some(expected), "{}", text);
                }
            }
        }

        #[test]
        fn nothing_stops_it(us: i64) {
            for form in ["s", "ms", "us", "ns", "rfc3339", "%Y-%m-%d %Q"] {
                let _written = written(form.parse().unwrap(), Unit::Us, &[us]);
            }
        }
    }
}
