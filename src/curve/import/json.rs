//! JSON with places: each point of a series is kept as its piece of the text, so that it knows its line.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ImportError, Place};

/// Reads the whole text.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ImportError> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line().max(1), error.column());
        let said = error.to_string();
        let why = said.split(" at line ").next().unwrap_or_default().to_owned();
        if error.is_data() {
            return ImportError::Shape {
                place: Place::line(line as u64),
                why: format!("{why}: is this the tool's whole answer, as it was written?"),
            };
        }
        ImportError::Json { line, column, why }
    })
}

/// Where lines break in a text.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    breaks: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(place, _)| place).collect();
        Lines { text, breaks }
    }

    /// The place of a piece of this text; `number` is the point's in its series, from 0.
    pub(super) fn place(&self, piece: &str, number: usize) -> Place {
        // The piece was borrowed from the text: the distance of their addresses is where it stands.
        let offset = (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Place::point(1 + self.breaks.partition_point(|at| *at < offset), number + 1)
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
                let found = super::error::beginning(point.get());
                Err(ImportError::Shape { place, why: format!("`{found}` is not of the form {form}") })
            }
        }
    }
}
