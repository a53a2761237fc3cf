//! The texts that a profile comes from: its file, and the arguments on the command line that change it.

use std::{ops::Range, sync::Arc};

/// One text and its place among all.
#[derive(Debug, Clone)]
struct Piece {
    name: String,
    text: Arc<str>,
    start: usize,
    is_file: bool,
}

/// All texts laid end to end, so that one range of bytes identifies the text and the position in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    pieces: Vec<Piece>,
}

/// The position of a piece of text.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The file's path, or `the command line`.
    pub(super) name: String,
    /// The whole text.
    pub(super) text: Arc<str>,
    /// The bytes in it.
    pub(super) span: Range<usize>,
    /// Counted from 1; not for arguments.
    pub(super) line: Option<usize>,
}

impl Sources {
    /// Adds a file's text; returns the position of its first byte.
    pub(super) fn add_file(&mut self, name: &str, text: &str) -> usize {
        self.add(name, text, true)
    }

    /// Adds an argument as it was typed; returns the position of its first byte.
    pub(super) fn add_argument(&mut self, text: &str) -> usize {
        self.add("the command line", text, false)
    }

    fn add(&mut self, name: &str, text: &str, is_file: bool) -> usize {
        // One byte between two texts, so that the end of one differs from the start of the next.
        let start = self.pieces.last().map_or(0, |piece| piece.start + piece.text.len() + 1);
        self.pieces.push(Piece { name: name.to_owned(), text: text.into(), start, is_file });
        start
    }

    /// The text that holds `span`, and the position in it.
    pub(super) fn place(&self, span: &Range<usize>) -> Option<Place> {
        let piece = self.pieces.iter().rev().find(|piece| piece.start <= span.start)?;
        let within = |position: usize| floor_char(&piece.text, position.saturating_sub(piece.start));
        let span = within(span.start)..within(span.end.max(span.start));
        let line = piece.is_file.then(|| piece.text[..span.start].matches('\n').count() + 1);
        Some(Place { name: piece.name.clone(), text: Arc::clone(&piece.text), span, line })
    }
}

/// The nearest character boundary at or before `position`.
fn floor_char(text: &str, position: usize) -> usize {
    let mut position = position.min(text.len());
    while !text.is_char_boundary(position) {
        position -= 1;
    }
    position
}
