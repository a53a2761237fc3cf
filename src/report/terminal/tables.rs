//! The plain tables and lists that texts for people are made of.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets::NOTHING};

/// Adds a line.
pub(super) fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

/// Adds a reason as a list item, broken at blanks.
pub(super) fn push_wrapped(text: &mut String, reason: &str, width: usize) {
    let mut current = "  - ".to_owned();
    for word in reason.split_whitespace() {
        if current.chars().count() + word.chars().count() > width && current.len() > 4 {
            line(text, &current);
            current = "    ".to_owned();
        }
        current.push_str(word);
        current.push(' ');
    }
    line(text, &current);
}

/// A table without lines; columns that hold figures are set to the right.
pub(super) fn plain_table(columns: usize, figures: std::ops::Range<usize>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(vec![""; columns]);
    for at in figures {
        if let Some(column) = table.column_mut(at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Adds a table, indented, without the empty header line that made its columns.
pub(super) fn push_table(text: &mut String, table: &Table) {
    for row in table.lines().filter(|row| !row.trim().is_empty()) {
        line(text, &format!(" {row}"));
    }
}
