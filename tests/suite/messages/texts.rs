//! The texts in the sources: each string literal of two words or more outside of tests, in order.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every text, once. Its position is left out: moving code changes nothing.
pub(super) fn of_the_sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    below(&root, &mut files);
    files.sort();
    let sources: Vec<(PathBuf, String)> =
        files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect();
    let tests: Vec<PathBuf> = sources.iter().flat_map(|(file, source)| test_modules(file, source)).collect();
    let mut texts = BTreeSet::new();
    for (file, source) in &sources {
        if tests.iter().any(|test| file.starts_with(test) || *file == test.with_extension("rs")) {
            continue;
        }
        let said = literals(without_tests(source)).into_iter().map(|text| unfolded(&text));
        texts.extend(said.filter(|text| is_prose(text)));
    }
    texts.into_iter().map(|text| text + "\n").collect()
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The modules that a file declares for tests only, as paths without an extension.
fn test_modules(file: &Path, source: &str) -> Vec<PathBuf> {
    let own = if file.ends_with("mod.rs") || file.ends_with("lib.rs") {
        file.parent().unwrap().into()
    } else {
        file.with_extension("")
    };
    let after = source.split("#[cfg(test)]\n").skip(1).filter_map(|rest| rest.lines().next());
    let names =
        after.filter_map(|line| line.trim().strip_suffix(';')?.rsplit_once("mod ").map(|(_, name)| name.to_owned()));
    names.map(|name| own.join(name)).collect()
}

/// A file without its module of tests, which ends it.
fn without_tests(source: &str) -> &str {
    let cut = source.find("#[cfg(test)]\nmod tests {");
    cut.map_or(source, |cut| &source[..cut])
}

/// The string literals of a source, with their escapes; comments and attributes' paths contain none.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.find('\n').map_or("", |end| &comment[end..]);
        } else if let Some((text, after)) = raw(rest) {
            found.push(text.to_owned());
            rest = after;
        } else if let Some(text) = rest.strip_prefix('"') {
            let end = quoted(text);
            found.push(text[..end].to_owned());
            rest = &text[end + 1..];
        } else if let Some(letter) = rest.strip_prefix('\'') {
            // A quote as a character opens no text; a lifetime has no second quote.
            let length = if letter.starts_with('\\') { 3 } else { 1 + letter.chars().next().map_or(0, char::len_utf8) };
            rest = if letter[..length.min(letter.len())].ends_with('\'') { &letter[length..] } else { letter };
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

/// A raw literal at the beginning, and what comes after it.
fn raw(source: &str) -> Option<(&str, &str)> {
    let hashes = source.strip_prefix('r')?;
    let text = hashes.trim_start_matches('#');
    let mark = format!("\"{}", &hashes[..hashes.len() - text.len()]);
    text.strip_prefix('"')?.split_once(&mark)
}

/// The end of the text that begins here.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.unwrap()
}

/// A text that is folded over lines, as one line.
fn unfolded(text: &str) -> String {
    let mut lines = text.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |all, line| all + line.trim_start()).replace('\n', "\\n")
}

/// Whether a literal has two words or more besides its placeholders.
fn is_prose(text: &str) -> bool {
    let mut depth = 0;
    let bare: String = text
        .chars()
        .filter(|letter| {
            depth += i32::from(*letter == '{');
            let outside = depth == 0;
            depth -= i32::from(*letter == '}');
            outside
        })
        .collect();
    let words = bare.split(|letter: char| !letter.is_alphabetic()).filter(|word| word.len() > 1);
    text.trim().contains(' ') && words.count() > 1
}
