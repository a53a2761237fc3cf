//! One line, read: strict about what it must have, and without a guess about what it may mean.

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{Accepted, HISTORY_SCHEMA, Line, NightLine};

/// Why a line says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is not what a line must be.
    Malformed(String),
    /// A later floodmark wrote it, in this schema.
    Later(u32),
    /// It is another suite's.
    OtherSuite(String),
    /// Its night has not come yet.
    Future(String),
}

/// What every line has, whatever its version.
#[derive(Deserialize)]
struct Head {
    schema: u32,
    #[serde(default)]
    kind: String,
}

/// Where a file's bytes end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With a line, or there is none.
    Whole,
    /// With a line that lacks only its line end, as an editor may leave it: no part of a line is a JSON object.
    Unended,
    /// With a part of a line, from this byte on.
    Half(usize),
}

impl End {
    /// Looks at the end of a file.
    #[must_use]
    pub(super) fn of(bytes: &[u8]) -> Self {
        let from = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = &bytes[from..];
        let is_object = rest.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(rest).is_ok();
        match rest.len() {
            0 => End::Whole,
            _ if is_object => End::Unended,
            _ => End::Half(from),
        }
    }
}

/// Reads a line.
///
/// # Errors
/// Why it says nothing.
pub(super) fn line_of(text: &[u8]) -> Result<Line, Unread> {
    let head: Head = parsed(text)?;
    if head.schema > HISTORY_SCHEMA {
        return Err(Unread::Later(head.schema));
    }
    let line = match head.kind.as_str() {
        "night" => Line::Night(parsed::<NightLine>(text)?),
        "accepted" => Line::Accepted(parsed::<Accepted>(text)?),
        other => return Err(Unread::Malformed(format!("its `kind` is neither `night` nor `accepted` but `{other}`"))),
    };
    match &line {
        Line::Night(NightLine { night: date, .. }) | Line::Accepted(Accepted { since: date, .. }) if !is_date(date) => {
            Err(Unread::Malformed(format!("`{date}` is not a date like 2026-11-25")))
        }
        _ => Ok(line),
    }
}

/// Nights are compared as text, so they have one spelling.
fn is_date(text: &str) -> bool {
    text.parse::<Date>().is_ok_and(|date| date.to_string() == text)
}

fn parsed<T: DeserializeOwned>(text: &[u8]) -> Result<T, Unread> {
    // It is one line: only the column helps.
    serde_json::from_slice(text).map_err(|error| Unread::Malformed(error.to_string().replace(" at line 1 ", " at ")))
}

#[cfg(test)]
mod tests {
    use super::super::examples::{accepted, night, text_of};
    use super::*;

    fn malformed(text: &str) -> String {
        match line_of(text.as_bytes()) {
            Err(Unread::Malformed(why)) => why,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        for line in [Line::Night(night("2026-11-25", "average", "h")), Line::Accepted(accepted("2026-11-25"))] {
            assert_eq!(line_of(text_of(&line).as_bytes()), Ok(line));
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let line = text_of(&Line::Night(night("2026-11-25", "average", "h")));
        assert!(malformed("{]").starts_with("key must be a string at column 2"), "{}", malformed("{]"));
        assert_eq!(malformed("{}"), "missing field `schema` at column 2");
        assert!(malformed(&line.replace("\"profile\"", "\"profil\"")).starts_with("missing field `profile`"));
        assert!(malformed(&line.replace("\"night\":\"2026-11-25\"", "\"night\":\"20261125\"")).contains("not a date"));
        assert!(malformed(&line.replace("\"kind\":\"night\"", "\"kind\":\"day\"")).contains("but `day`"));
        assert_eq!(line_of(b"{\"schema\": 2, \"kind\": \"new\"}"), Err(Unread::Later(2)));
    }

    #[test]
    fn a_part_of_a_line_is_never_taken_for_a_line() {
        let text = format!("{}\n", text_of(&Line::Night(night("2026-11-25", "aver}age", "h{"))));
        for cut in 0..=text.len() {
            let expected = match text.len() - cut {
                0 => End::Whole,
                1 => End::Unended,
                _ if cut == 0 => End::Whole,
                _ => End::Half(0),
            };
            assert_eq!(End::of(&text.as_bytes()[..cut]), expected, "cut at {cut}");
        }
    }
}
