//! What may reach a screen: the one place that takes the power out of foreign text.
//!
//! Profiles, topics, files, errors and names are other people's text. A terminal obeys some of their characters: an escape sequence
//! moves the cursor, changes the title, hides a line or fills the clipboard. All that a command prints passes through here.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::str;

/// The longest line that an error shows; what is longer loses its middle.
const LONGEST_LINE_CHARS: usize = 600;
/// How much of a shortened line's end is kept: the way out stands there.
const END_CHARS: usize = 250;
/// The most lines that an error shows: a wrapped value fills as many as it likes.
const MOST_LINES: usize = 36;
/// How many of them are its last.
const END_LINES: usize = 12;
/// The longest colour sequence that is ours (`ESC [ 38 ; 2 ; 255 ; 255 ; 255 ; 1 m`), with room.
const LONGEST_COLOUR_BYTES: usize = 32;

/// A text without a character that a terminal would obey: each is shown as `\u001b`, which also stands in JSON and in TOML.
/// Line ends and tabs stay.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        if next != '\r' || rest.peek() != Some(&'\n') {
            push_clean(&mut cleaned, next);
        }
    }
    cleaned
}

/// An error's text in a length that can be read: what is too long loses its middle, for its start says what is wrong and its end what to do.
#[must_use]
pub fn shortened(text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(shortened_line).collect();
    let left_out = lines.len().saturating_sub(MOST_LINES);
    if left_out > 0 {
        let middle = [format!("… ({left_out} lines left out) …")];
        lines.splice(MOST_LINES - END_LINES..MOST_LINES - END_LINES + left_out, middle);
    }
    let end = if text.ends_with('\n') { "\n" } else { "" };
    format!("{}{end}", lines.join("\n"))
}

fn shortened_line(line: &str) -> String {
    let chars = line.chars().count();
    if chars <= LONGEST_LINE_CHARS {
        return line.to_owned();
    }
    let start: String = line.chars().take(LONGEST_LINE_CHARS - END_CHARS).collect();
    let end: String = line.chars().skip(chars - END_CHARS).collect();
    format!("{start} … ({} characters left out) … {end}", chars - LONGEST_LINE_CHARS)
}

fn push_clean(cleaned: &mut String, next: char) {
    let obeyed = next.is_control() && next != '\n' && next != '\t';
    if obeyed || turns_the_line(next) {
        // Writing into a string cannot fail.
        let _ = write!(cleaned, "\\u{:04x}", u32::from(next));
    } else {
        cleaned.push(next);
    }
}

/// Characters that reorder or break the line that they stand in (Unicode's bidirectional controls and separators).
fn turns_the_line(next: char) -> bool {
    matches!(next, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A stream that a person may look at. Everything is cleaned on its way; colours pass where they are welcome.
#[derive(Debug)]
pub struct Screen<W: Write> {
    out: W,
    colours: bool,
    /// The beginning of a character or of a colour whose end has not come yet.
    held: Vec<u8>,
}

impl<W: Write> Screen<W> {
    /// Writes to `out`; `colours` says whether colour sequences are welcome there.
    pub fn new(out: W, colours: bool) -> Self {
        Screen { out, colours, held: Vec::new() }
    }

    /// Cleans what is held. With `last`, what has no end is shown as it is, cleaned; without, it waits.
    fn release(&mut self, last: bool) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.held);
        let (text, rest) = whole_characters(&bytes, last);
        let mut cleaned = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            let after = &text[at..];
            let colour = if self.colours && next == '\x1b' { colour_bytes(after) } else { Some(0) };
            match colour {
                Some(0) if next == '\r' && after.starts_with("\r\n") => at += 1,
                Some(0) if next == '\r' && after.len() == 1 && !last => break,
                Some(0) => {
                    push_clean(&mut cleaned, next);
                    at += next.len_utf8();
                }
                Some(bytes) => {
                    cleaned.push_str(&after[..bytes]);
                    at += bytes;
                }
                None if last => {
                    push_clean(&mut cleaned, next);
                    at += next.len_utf8();
                }
                None => break,
            }
        }
        self.held = text.as_bytes()[at..].to_vec();
        self.held.extend_from_slice(rest);
        self.out.write_all(cleaned.as_bytes())
    }
}

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        self.release(false)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.release(true)?;
        self.out.flush()
    }
}

/// The bytes as text, and a rest that may be the beginning of a character. What is not UTF-8 becomes U+FFFD.
fn whole_characters(bytes: &[u8], last: bool) -> (String, &[u8]) {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                return (text, &[]);
            }
            Err(error) => {
                let (valid, after) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(valid));
                match error.error_len() {
                    Some(length) => {
                        text.push(char::REPLACEMENT_CHARACTER);
                        rest = &after[length..];
                    }
                    None if last => {
                        text.push(char::REPLACEMENT_CHARACTER);
                        return (text, &[]);
                    }
                    None => return (text, after),
                }
            }
        }
    }
}

/// How long the colour sequence is that `text` begins with: 0 when it is none, nothing when its end has not come yet.
fn colour_bytes(text: &str) -> Option<usize> {
    let Some(parameters) = text.strip_prefix("\x1b[") else {
        return if text == "\x1b" { None } else { Some(0) };
    };
    match parameters.find(|next: char| !next.is_ascii_digit() && next != ';') {
        Some(end) if parameters[end..].starts_with('m') && is_ours(&parameters[..end]) => Some(end + 3),
        Some(_) => Some(0),
        None if text.len() < LONGEST_COLOUR_BYTES => None,
        None => Some(0),
    }
}

/// Colours and weights of letters. Hidden, blinking and inverted text and backgrounds are not used here, and can hide what stands there.
fn is_ours(parameters: &str) -> bool {
    let mut numbers = parameters.split(';').map(|number| if number.is_empty() { Ok(0) } else { number.parse::<u16>() });
    while let Some(number) = numbers.next() {
        match number {
            Ok(38) => {
                let skipped = match numbers.next() {
                    Some(Ok(5)) => 1,
                    Some(Ok(2)) => 3,
                    _ => return false,
                };
                if (0..skipped).any(|_| !matches!(numbers.next(), Some(Ok(0..=255)))) {
                    return false;
                }
            }
            Ok(0..=4 | 22..=24 | 30..=37 | 39 | 90..=97) => {}
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn through(pieces: &[&[u8]], colours: bool) -> String {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out, colours);
        for piece in pieces {
            screen.write_all(piece).unwrap();
        }
        screen.flush().unwrap();
        drop(screen);
        String::from_utf8(out).unwrap()
    }

    fn is_harmless(text: &str) -> bool {
        text.chars().all(|next| (!next.is_control() || matches!(next, '\n' | '\t')) && !turns_the_line(next))
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_comes_through(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(is_harmless(&through(&[&bytes], false)));
            prop_assert!(is_harmless(&clean(&String::from_utf8_lossy(&bytes))));
        }

        #[test]
        fn where_text_is_cut_into_pieces_changes_nothing(
            text in "(\\PC|\u{1b}\\[[0-9;]{0,6}[mKHJ]|\u{1b}|\r|\n|\u{9b}|\u{202e}|ü|日){0,40}", cut in 0..80_usize, colours: bool,
        ) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let (whole, pieces) = (through(&[bytes], colours), through(&[&bytes[..cut], &bytes[cut..]], colours));
            prop_assert_eq!(&whole, &pieces);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(whole, through(&single, colours));
        }

        #[test]
        fn ordinary_text_stays_as_it_is(text in "[ -~\n\täöüß–µ日]{0,200}") {
            prop_assert_eq!(&through(&[text.as_bytes()], false), &text);
            prop_assert_eq!(clean(&text), text);
        }

        #[test]
        fn json_stays_json_and_says_the_same(text in "(\\PC|\u{1b}|\u{9b}|\u{202e}|\r|\n|\"|\\\\){0,60}") {
            let json = serde_json::to_string(&text).unwrap();
            let read: String = serde_json::from_str(&through(&[json.as_bytes()], false)).unwrap();
            prop_assert_eq!(read, text);
        }

        #[test]
        fn an_error_is_never_longer_than_can_be_read(text in "[a-z\n]{0,3000}", line in "[a-z]{0,5000}") {
            for text in [text, line] {
                let short = shortened(&text);
                prop_assert!(short.lines().count() <= MOST_LINES + 1);
                prop_assert!(short.lines().all(|line| line.chars().count() < LONGEST_LINE_CHARS + 60));
            }
        }
    }

    #[test]
    fn colours_pass_where_they_are_welcome_and_nothing_else_does() {
        let painted = "\x1b[1;32mpass\x1b[0m \x1b[38;2;1;2;255mx\x1b[0m";
        assert_eq!(through(&[painted.as_bytes()], true), painted);
        assert_eq!(through(&[painted.as_bytes()], false).matches('\x1b').count(), 0);
        for hostile in ["\x1b[8mhidden", "\x1b[2J", "\x1b]0;title\x07", "\x1b[41mred", "\x1bc", "\x1b[1A", "\x1b[38;5m"]
        {
            assert!(is_harmless(&through(&[hostile.as_bytes()], true)), "{hostile:?}");
        }
    }

    #[test]
    fn a_carriage_return_before_a_line_end_is_a_line_end_and_alone_it_is_shown() {
        assert_eq!(through(&[b"a\r\nb\rc\r"], false), "a\nb\\u000dc\\u000d");
        assert_eq!(clean("a\r\nb\rc"), "a\nb\\u000dc");
    }

    #[test]
    fn a_long_line_keeps_its_start_and_its_end() {
        let text = format!("error: key = {}; write it as a number", "x".repeat(20_000));
        let short = shortened(&text);
        assert!(short.starts_with("error: key = xxx") && short.ends_with("write it as a number"), "{short}");
        assert!(short.len() < 700 && short.contains("characters left out"), "{short}");
        assert_eq!(shortened("short\n"), "short\n");
    }
}
