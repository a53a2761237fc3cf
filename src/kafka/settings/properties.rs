//! A properties file, as `java.util.Properties` reads it.
//!
//! The text is ISO 8859-1. A line that ends in an odd number of backslashes continues in the next one, without its leading blanks. A key
//! ends at the first unescaped `=`, `:` or blank.

use std::collections::BTreeMap;

const BLANKS: [char; 3] = [' ', '\t', '\u{c}'];

/// The keys and values of a file; of several values for a key, the last one wins.
///
/// # Errors
/// The number of the first line that holds a malformed `\uXXXX`.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, String>, usize> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    let mut pairs = BTreeMap::new();
    for (number, line) in logical_lines(&text) {
        if let Some((key, value)) = split(&line) {
            let unescaped = |text| unescape(text).ok_or(number);
            pairs.insert(unescaped(key)?, unescaped(value)?);
        }
    }
    Ok(pairs)
}

/// Lines with their continuations, without comments, each with the number of its first line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    // A carriage return and a line feed together end one line.
    let text = text.replace("\r\n", "\n");
    let mut natural = text.split(['\r', '\n']).map(|line| line.trim_start_matches(BLANKS)).zip(1..);
    let mut logical = Vec::new();
    while let Some((first, number)) = natural.next() {
        let mut whole = first.to_owned();
        while goes_on(&whole) {
            whole.pop();
            whole.push_str(natural.next().map_or("", |(next, _)| next));
        }
        if !is_comment(&whole) {
            logical.push((number, whole));
        }
    }
    logical
}

fn is_comment(line: &str) -> bool {
    line.starts_with(['#', '!'])
}

/// A comment ends with its line, even if that ends in a backslash.
fn goes_on(line: &str) -> bool {
    !is_comment(line) && line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Key and value, still escaped; none in an empty line.
fn split(line: &str) -> Option<(&str, &str)> {
    if line.is_empty() {
        return None;
    }
    let (key, rest) = line.split_at(key_length(line));
    let rest = rest.trim_start_matches(BLANKS);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    Some((key, value.trim_start_matches(BLANKS)))
}

fn key_length(line: &str) -> usize {
    let mut escaped = false;
    let ends = |c: char| {
        let ends = !escaped && (c == '=' || c == ':' || BLANKS.contains(&c));
        escaped = c == '\\' && !escaped;
        ends
    };
    line.find(ends).unwrap_or(line.len())
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { escaped(&mut chars)? } else { c });
    }
    Some(plain)
}

/// The character that follows a backslash, decoded.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        't' => '\t',
        'n' => '\n',
        'f' => '\u{c}',
        'r' => '\r',
        'u' => {
            let mut digit = || chars.next()?.to_digit(16);
            let code = (digit()? << 12) + (digit()? << 8) + (digit()? << 4) + digit()?;
            char::from_u32(code)?
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        read(text.as_bytes()).unwrap().into_iter().collect()
    }

    fn pair(key: &str, value: &str) -> Vec<(String, String)> {
        vec![(key.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_key_ends_at_the_first_separator() {
        for line in ["a=b=c", "a:b=c", "a b=c", "  a = b=c", "a\t:\u{c}b=c", "a\u{c} b=c"] {
            assert_eq!(pairs(line), pair("a", "b=c"), "{line:?}");
        }
        assert_eq!(pairs(r"a\ b\=c\:d=e"), pair("a b=c:d", "e"));
        assert_eq!(pairs("alone"), pair("alone", ""));
        assert_eq!(pairs("=value"), pair("", "value"));
        assert_eq!(pairs("a = b  "), pair("a", "b  "), "blanks at the end belong to the value");
    }

    #[test]
    fn a_line_goes_on_after_an_odd_number_of_backslashes() {
        assert_eq!(pairs("a=one\\\n   two\\\r\n\tthree"), pair("a", "onetwothree"));
        assert_eq!(pairs("a=b\\\\\nc=d"), [pair("a", r"b\"), pair("c", "d")].concat());
        assert_eq!(pairs("a=b\\\n#c"), pair("a", "b#c"), "no comment begins in the middle of a line");
        assert_eq!(pairs("a=b\\"), pair("a", "b"), "nothing follows");
    }

    #[test]
    fn comments_and_empty_lines_say_nothing() {
        assert_eq!(pairs("# a=b\n  ! c=d\\\n\n \t\ra=b\n"), pair("a", "b"), "a comment does not go on");
        assert_eq!(pairs("\\\n#c"), [], "an empty line that goes on as a comment");
        assert_eq!(pairs("# C:\\users\na=b"), pair("a", "b"), "a comment holds no escapes");
    }

    #[test]
    fn the_last_of_a_key_counts() {
        assert_eq!(pairs("a=b\na=c"), pair("a", "c"));
    }

    #[test]
    fn escapes_stand_for_characters() {
        assert_eq!(pairs(r"a=\t\n\f\r\\\q\u00e4\u20AC"), pair("a", "\t\n\u{c}\r\\qä€"));
        assert_eq!(read(b"a=b\n\nc=d\\\n\\u12g4"), Err(3));
        assert_eq!(read(b"a=\\u12"), Err(1));
        assert_eq!(read(br"a=\ud800"), Err(1), "half a character");
    }

    #[test]
    fn bytes_are_iso_8859_1() {
        assert_eq!(read(b"a=\xe4\x80").unwrap()["a"], "\u{e4}\u{80}");
    }
}
