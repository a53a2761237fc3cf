//! What stands below the flags in a command's help, by the sections of a manual page that it belongs to. Pure.

use std::mem;

/// A paragraph: lines that flow, and lines that stand as they are because they are indented.
pub(super) type Paragraph<'h> = Vec<&'h str>;

/// The end of a help.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Closing<'h> {
    /// About the command.
    pub(super) notes: Vec<Paragraph<'h>>,
    /// Calls of floodmark, with the words that lead to them.
    pub(super) examples: Vec<Paragraph<'h>>,
    /// Exit codes and what they mean.
    pub(super) codes: Vec<(u8, String)>,
}

impl<'h> Closing<'h> {
    /// From the text, whose paragraphs are parted by empty lines.
    pub(super) fn of(help: &'h str) -> Self {
        let mut closing = Closing::default();
        for text in help.split("\n\n") {
            let lines: Paragraph<'h> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            if let Some(codes) = text.strip_prefix("Exit codes: ").and_then(codes) {
                closing.codes = codes;
            } else if is_example(&lines) {
                closing.examples.push(without_heading(lines));
            } else if !lines.is_empty() {
                closing.notes.push(lines);
            }
        }
        closing
    }
}

/// Whether a line is kept as it is.
pub(super) fn is_literal(line: &str) -> bool {
    line.starts_with(' ')
}

fn is_example(lines: &[&str]) -> bool {
    let mut literal = lines.iter().filter(|line| is_literal(line)).peekable();
    literal.peek().is_some() && literal.all(|line| line.trim_start().starts_with("floodmark "))
}

/// The section is called that already.
fn without_heading(mut lines: Paragraph<'_>) -> Paragraph<'_> {
    if matches!(lines.first(), Some(&"Example:" | &"Examples:")) {
        lines.remove(0);
    }
    lines
}

/// `0 pass; 1 fail (a limit broken)`; none where the sentence is not such a list.
fn codes(list: &str) -> Option<Vec<(u8, String)>> {
    let flowing = list.split_whitespace().collect::<Vec<_>>().join(" ");
    let code = |item: &str| {
        let (code, meaning) = item.split_once(' ')?;
        Some((code.parse().ok()?, meaning.to_owned()))
    };
    flowing.split("; ").map(code).collect()
}

/// The paragraph's lines in stretches, each of them all literal or all flowing.
pub(super) fn stretches<'h>(lines: &[&'h str]) -> Vec<(bool, Vec<&'h str>)> {
    let mut stretches = Vec::new();
    let mut open: Vec<&'h str> = Vec::new();
    for line in lines {
        if open.last().is_some_and(|last| is_literal(last) != is_literal(line)) {
            stretches.push(mem::take(&mut open));
        }
        open.push(line);
    }
    stretches.push(open);
    stretches.into_iter().filter(|open| !open.is_empty()).map(|open| (is_literal(open[0]), open)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_with_lines_that_are_no_calls_is_a_note() {
        let closing =
            Closing::of("A suite is a file:\n  budget = 1\n  floodmark x\n\nTwo observers:\n  floodmark consume a");
        assert_eq!(closing.notes, [["A suite is a file:", "  budget = 1", "  floodmark x"]]);
        assert_eq!(closing.examples, [["Two observers:", "  floodmark consume a"]]);
    }

    #[test]
    fn a_sentence_about_codes_that_is_no_list_stays_a_sentence() {
        let said = "Exit codes: 0, also when a night was worse; `floodmark nightly` exits with 1 then";
        assert_eq!(Closing::of(said), Closing { notes: vec![vec![said]], ..Closing::default() });
    }

    #[test]
    fn stretches_are_the_lines_in_order() {
        let lines = ["a", "b", "  c", "d"];
        assert_eq!(stretches(&lines), [(false, vec!["a", "b"]), (true, vec!["  c"]), (false, vec!["d"])]);
    }
}
