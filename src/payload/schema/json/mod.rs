//! JSON Schema: drafts 4 to 2020-12, as far as values can be drawn for what they ask. What cannot be drawn for is refused, unless a rule does.

mod documents;
mod leaf;
#[cfg(test)]
mod tests;
mod write;

pub(super) use write::JsonSchemaWriter;
