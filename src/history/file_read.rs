//! One file of lines, read: what it says, and what is left out of it. Pure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file::broken_path;
use super::line_read::{End, Unread, line_of};
use super::remark::{Remark, RemarkCode};
use super::{Accepted, HISTORY_SCHEMA, Line, NightLine};

/// What a file says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct FileRead {
    /// Its path.
    pub(super) file: PathBuf,
    /// Its nights, in its order.
    pub(super) nights: Vec<NightLine>,
    /// Its accepted changes, in its order.
    pub(super) accepted: Vec<Accepted>,
    /// What was left out.
    pub(super) remarks: Vec<Remark>,
}

/// Lines that were left out for one reason: the first one's number, why, and how many there are.
type LeftOut = BTreeMap<RemarkCode, (usize, Unread, usize)>;

impl FileRead {
    /// Reads a file of a suite. `today` is the last night that there can be.
    #[must_use]
    pub(super) fn of(file: &Path, bytes: &[u8], suite: &str, today: &str) -> Self {
        let mut read = FileRead { file: file.to_owned(), ..FileRead::default() };
        let mut left_out = LeftOut::new();
        let end = End::of(bytes);
        let whole = if let End::Half(from) = end { &bytes[..from] } else { bytes };
        for (at, text) in whole.split(|byte| *byte == b'\n').enumerate() {
            if text.trim_ascii().is_empty() {
                continue;
            }
            match line_of(text).and_then(|line| of_history(line, suite, today)) {
                Ok(Line::Night(line)) => read.nights.push(line),
                Ok(Line::Accepted(line)) => read.accepted.push(line),
                Err(why) => left_out.entry(code_of(&why)).or_insert((at + 1, why, 0)).2 += 1,
            }
        }
        read.remarks = left_out.into_iter().map(|(code, found)| remark(code, file, found, today)).collect();
        if end != End::Whole && end != End::Unended {
            read.remarks.push(half_line(file));
        }
        read
    }
}

/// A line, if it is one of this suite's history by today.
fn of_history(line: Line, suite: &str, today: &str) -> Result<Line, Unread> {
    if line.suite() != suite {
        return Err(Unread::OtherSuite(line.suite().to_owned()));
    }
    match line {
        Line::Night(line) if line.night.as_str() > today => Err(Unread::Future(line.night)),
        line => Ok(line),
    }
}

fn code_of(why: &Unread) -> RemarkCode {
    match why {
        Unread::Malformed(_) => RemarkCode::Malformed,
        Unread::Later(_) => RemarkCode::LaterSchema,
        Unread::OtherSuite(_) => RemarkCode::OtherSuite,
        Unread::Future(_) => RemarkCode::FutureNight,
    }
}

fn remark(code: RemarkCode, file: &Path, (number, why, times): (usize, Unread, usize), today: &str) -> Remark {
    let why = match why {
        Unread::Malformed(why) => format!("it is not a line of a history: {why}"),
        Unread::Later(schema) => format!(
            "it was written by a later floodmark, in schema {schema}, and this one reads up to {HISTORY_SCHEMA}: use the version that wrote it"
        ),
        Unread::OtherSuite(suite) => format!("it is of the suite {suite:?}"),
        Unread::Future(night) => {
            format!("its night {night} is after today, {today}: check the clock of the machine that wrote it")
        }
    };
    let others = match times - 1 {
        0 => String::new(),
        1 => "; so is 1 line after it".to_owned(),
        more => format!("; so are {more} lines after it"),
    };
    Remark { code, text: format!("line {number} of `{}` is left out, as {why}{others}", file.display()) }
}

fn half_line(file: &Path) -> Remark {
    let text = format!(
        "the last line of `{}` was only half written and is left out; the next line that is added moves it to `{}`",
        file.display(),
        broken_path(file).display()
    );
    Remark { code: RemarkCode::HalfLine, text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::examples::{accepted, file_of_lines, night, text_of};
    use super::*;

    fn read(bytes: &[u8]) -> FileRead {
        FileRead::of(Path::new("average.jsonl"), bytes, "staging", "2026-11-27")
    }

    fn three() -> Vec<NightLine> {
        ["2026-11-24", "2026-11-25", "2026-11-26"].map(|date| night(date, "average", "h")).to_vec()
    }

    #[test]
    fn each_line_that_is_left_out_is_named_with_its_reason() {
        let good = text_of(&Line::Night(night("2026-11-27", "average", "h")));
        let other = good.replace("staging", "other");
        let future = text_of(&Line::Night(night("2026-11-28", "average", "h")));
        let later = "{\"schema\":7,\"kind\":\"vote\"}";
        let text =
            format!("{good}\nnothing\n\n{later}\n{later}\n{other}\n{future}\n{good}\nnothing\nagain\n{{\"schema\"");
        let read = read(text.as_bytes());
        assert_eq!(read.nights.len(), 2);
        let said: Vec<String> =
            read.remarks.iter().map(|remark| format!("{:?}: {}", remark.code, remark.text)).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn accepted_changes_are_read_beside_nights_and_may_begin_tomorrow() {
        let text = format!("{}{}\n", file_of_lines(&three()), text_of(&Line::Accepted(accepted("2026-11-28"))));
        let read = read(text.as_bytes());
        assert_eq!((read.nights.len(), read.accepted, read.remarks), (3, vec![accepted("2026-11-28")], Vec::new()));
    }

    #[test]
    fn of_a_file_that_is_cut_anywhere_each_whole_line_is_read_and_nothing_else() {
        let text = file_of_lines(&three());
        // A line without its line end is whole, too.
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        for cut in 0..=text.len() {
            let read = read(&text.as_bytes()[..cut]);
            let whole = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(read.nights, three()[..whole], "cut at {cut}");
            let is_half = cut > 0 && !ends.iter().any(|end| cut == *end || cut == end + 1);
            assert_eq!(read.remarks.len(), usize::from(is_half), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_at_all_are_read_without_a_night(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&bytes).nights.is_empty());
        }
    }
}
