//! Other people's text in Markdown: it is shown as it is, and is never markup.

use crate::report::screen::{clean, shortened};

/// The longest name that is shown whole, in characters.
const LONGEST_NAME: usize = 60;

/// A name; the end of one that is too long to read is left out.
pub(super) fn name(text: &str) -> String {
    match text.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", escaped(&clean(&text[..end]))),
        None => escaped(&clean(text)),
    }
}

/// A sentence in one line; the middle of one that is too long to read is left out.
pub(super) fn sentence(text: &str) -> String {
    let line = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    escaped(&shortened(&line))
}

/// Every character that Markdown or HTML could obey loses its power, as do those that make a link of a text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        let after = rest.peek().copied().unwrap_or(' ');
        match next {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' | '\t' => escaped.push(' '),
            // Between letters it is no markup, and most keys have one.
            '_' if before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric() => escaped.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' | '$' | '!' => escaped.extend(['\\', next]),
            ':' if after == '/' => escaped.push_str("\\:"),
            '.' if before == 'w' => escaped.push_str("\\."),
            _ => escaped.push(next),
        }
        before = next;
    }
    escaped
}
