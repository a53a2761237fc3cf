//! JSON with positions: each point of a series is kept as its piece of the text, so that its line is known.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ImportError, Place};

/// The answers in a file: one, or several pages one after another.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    text: &'a str,
    pages: Vec<&'a str>,
    /// The positions of line breaks in the text.
    breaks: Vec<usize>,
}

impl<'a> Pages<'a> {
    /// Splits a text into its answers.
    pub(super) fn of(text: &'a str) -> Result<Self, ImportError> {
        let mut pages = Vec::new();
        for page in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            pages.push(page.map_err(|error| broken(&error, 0))?.get());
        }
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(place, _)| place).collect();
        if pages.is_empty() { Err(ImportError::Empty) } else { Ok(Pages { text, pages, breaks }) }
    }

    /// Reads each answer.
    pub(super) fn read<T: Deserialize<'a>>(&self) -> Result<Vec<T>, ImportError> {
        let read = |page: &&'a str| {
            serde_json::from_str(page).map_err(|error| broken(&error, self.lines_before(page).saturating_sub(1)))
        };
        self.pages.iter().map(read).collect()
    }

    /// The first answer only.
    pub(super) fn first<T: Deserialize<'a>>(&self) -> Result<T, ImportError> {
        let page = self.pages.first().copied().unwrap_or_default();
        serde_json::from_str(page).map_err(|error| broken(&error, self.lines_before(page).saturating_sub(1)))
    }

    fn lines_before(&self, piece: &str) -> usize {
        // The piece is borrowed from the text: the difference of their addresses is its position.
        let offset = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        1 + self.breaks.partition_point(|at| *at < offset)
    }

    /// The place of a piece of this text; `number` is the point's in its series, from 0.
    pub(super) fn place(&self, piece: &str, number: usize) -> Place {
        Place::point(self.lines_before(piece), number + 1)
    }

    /// Reads one point.
    pub(super) fn point<'p, T: Deserialize<'p>>(
        &self,
        point: &'p RawValue,
        number: usize,
        form: &str,
    ) -> Result<(T, Place), ImportError> {
        let place = self.place(point.get(), number);
        match serde_json::from_str(point.get()) {
            Ok(read) => Ok((read, place)),
            Err(_) => {
                let found = super::quoted::beginning(point.get());
                Err(ImportError::Shape { place, why: format!("`{found}` does not have the form {form}") })
            }
        }
    }
}

fn broken(error: &serde_json::Error, lines_before: usize) -> ImportError {
    let (line, column) = (lines_before + error.line().max(1), error.column());
    let said = error.to_string();
    let why = said.split(" at line ").next().unwrap_or_default().to_owned();
    if error.is_data() {
        return ImportError::Shape {
            place: Place::line(line as u64),
            why: format!("{why}: is this the tool's whole answer, unchanged?"),
        };
    }
    ImportError::Json { line, column, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_and_each_piece_knows_its_line() {
        let pages = Pages::of("{\"a\": [1,\n2]}\n\n{\"a\": [3]}\n").unwrap();
        let read: Vec<std::collections::BTreeMap<String, Vec<&RawValue>>> = pages.read().unwrap();
        let place = |page: usize, point: usize| pages.place(read[page]["a"][point].get(), point).to_string();
        assert_eq!([place(0, 1), place(1, 0)], ["line 2, point 2", "line 4, point 1"]);
        let error = Pages::of("{}\n{\"a\":\n 1,}").unwrap_err().to_string();
        assert!(error.starts_with("line 3, column 4: "), "{error}");
    }
}
