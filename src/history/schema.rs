//! The JSON Schema of a line.

use super::Line;

/// The JSON Schema of a line of a history, indented, with a line end.
#[must_use]
pub(crate) fn history_schema() -> String {
    let mut schema = schemars::schema_for!(Line);
    schema.insert("title".to_owned(), "floodmark history, a line".into());
    format!("{:#}\n", schema.to_value())
}
