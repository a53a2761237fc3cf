//! Texts of a file, made safe for a message.

/// This many names are listed; of more, only the number is given.
const LISTED: usize = 20;

/// Names as a list of bounded length.
pub(super) fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{}`", one_line(name))).collect();
    let more = names.len().saturating_sub(LISTED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &rest
}

/// A text from a file without characters that would break the line of a message.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The start of a long cell, in one line.
pub(super) fn beginning(text: &str) -> String {
    let mut shown = one_line(&text.chars().take(60).collect::<String>());
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}
