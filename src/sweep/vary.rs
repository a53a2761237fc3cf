//! `KEY=V1,V2`: a key and its values, as they are typed.

use super::PlanError;

/// A key and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Varied {
    /// The key.
    pub(crate) key: String,
    /// Its values, the baseline first.
    pub(crate) values: Vec<String>,
}

impl Varied {
    /// Reads `KEY=V1,V2`. A comma within brackets, braces or quotes belongs to the value.
    ///
    /// # Errors
    /// Another form, a single value, or one that stands twice.
    pub(crate) fn parse(text: &str) -> Result<Self, PlanError> {
        let wrong = || PlanError::NotVaried { text: text.to_owned() };
        let (key, values) = text.split_once('=').ok_or_else(wrong)?;
        let key = key.trim().to_owned();
        let values: Vec<String> = split(values).iter().map(|value| value.trim().to_owned()).collect();
        if key.is_empty() || values.iter().any(String::is_empty) {
            return Err(wrong());
        }
        if values.len() < 2 {
            return Err(PlanError::OneValue { key });
        }
        match twice(&values) {
            Some(value) => Err(PlanError::ValueTwice { key, value: value.clone() }),
            None => Ok(Varied { key, values }),
        }
    }
}

/// The first value that stands twice.
fn twice(values: &[String]) -> Option<&String> {
    values.iter().enumerate().find(|(at, value)| values[..*at].contains(value)).map(|(_, value)| value)
}

fn split(values: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_u32, None);
    for (at, sign) in values.char_indices() {
        match (quote, sign) {
            (Some(open), _) if open == sign => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(sign),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&values[start..at]);
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(&values[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        Varied::parse(text).unwrap().values
    }

    #[test]
    fn values_are_parted_by_commas_that_stand_in_no_brackets_or_quotes() {
        assert_eq!(values("linger.ms=0, 5,20"), ["0", "5", "20"]);
        assert_eq!(values("stream.a.keys={ count = 1, exponent = 2 },{ count = 2 }").len(), 2);
        assert_eq!(values("stream.a.phases=[{ for = \"1s\" }, { for = \"2s\" }],[]").len(), 2);
        assert_eq!(values("note=\"a,b\",'c,d'"), ["\"a,b\"", "'c,d'"]);
    }

    #[test]
    fn what_varies_nothing_is_refused() {
        let said = |text| Varied::parse(text).unwrap_err().to_string();
        assert!(said("linger.ms").starts_with("--vary linger.ms: write it as KEY=V1,V2"));
        assert!(said("linger.ms=0,,5").contains("write it as"));
        assert!(said("linger.ms=5").contains("one value varies nothing"));
        assert_eq!(said("linger.ms=5,0, 5"), "--vary linger.ms: the value 5 stands twice");
    }
}
