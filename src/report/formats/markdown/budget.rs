//! Lists that end before they are too long, and say what they leave out.

use crate::report::figures::count;

/// A list of rows that takes only as many bytes as it may.
pub(super) struct Rows {
    text: String,
    /// How many bytes the rows may take together.
    budget: usize,
    shown: usize,
    left_out: usize,
}

impl Rows {
    pub(super) fn within(budget: usize) -> Self {
        Rows { text: String::new(), budget, shown: 0, left_out: 0 }
    }

    /// Adds a row, unless it or one before it found no room.
    pub(super) fn add(&mut self, row: &str) {
        if self.left_out > 0 || self.text.len() + row.len() >= self.budget {
            self.left_out += 1;
            return;
        }
        self.shown += 1;
        self.text.push_str(row);
        self.text.push('\n');
    }

    /// How many rows are shown.
    pub(super) fn shown(&self) -> usize {
        self.shown
    }

    /// The rows below a head, and how many more there are; nothing without rows. `note` says something of those that are left out.
    pub(super) fn below(self, head: &str, note: &str) -> String {
        let more = match self.left_out {
            0 => String::new(),
            more => {
                format!("\nand {} more in `summary.json`{note}: there is no room for them here\n", count(more as u64))
            }
        };
        if self.shown + self.left_out == 0 { String::new() } else { format!("\n{head}{}{more}", self.text) }
    }
}
