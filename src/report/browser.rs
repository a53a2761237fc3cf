//! What all pages for a browser share: their head, what they may run, and how a template is filled in.

use base64::Engine as _;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment};

use super::screen::{clean, shortened};

/// Included by every template: it shows `policy`, `title` and `styles`.
const HEAD: &str = include_str!("head.html");

/// Fills a template in. Whatever is not marked as safe is escaped.
///
/// # Errors
/// What the template's engine said.
pub(super) fn filled_in(template: &str, page: Value) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let rendered = environment
        .add_template("head.html", HEAD)
        .and_then(|()| environment.template_from_str(template))
        .and_then(|template| template.render(page));
    rendered.map_err(|error| error.to_string())
}

/// Nothing may be loaded or sent, and only these scripts and styles may run.
pub(super) fn policy(scripts: &[&str], styles: &[&str]) -> String {
    format!(
        "default-src 'none'; {}{}base-uri 'none'; form-action 'none'",
        allowed("script-src", scripts),
        allowed("style-src", styles)
    )
}

/// What a directive allows, by the hashes of the texts; nothing where there are none.
fn allowed(directive: &str, texts: &[&str]) -> String {
    let hash = |text: &&str| {
        let digest = hmac_sha256::Hash::hash(text.as_bytes());
        format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest))
    };
    if texts.is_empty() {
        return String::new();
    }
    format!("{directive} {}; ", texts.iter().map(hash).collect::<Vec<_>>().join(" "))
}

/// Our own text, which is set as it is.
pub(super) fn ours(text: &str) -> Value {
    Value::from_safe_string(text.to_owned())
}

/// A foreign sentence: without what a screen obeys, and in a length that can be read.
pub(super) fn line(text: &str) -> String {
    shortened(&clean(text))
}
