//! The profile's JSON Schema: editors complete from it, and a file's shape is checked against it.

use serde_json::{Map, Value as Json};

use super::Profile;

/// The JSON Schema (draft 2020-12) of a profile. TOML knows no null, so an optional key is one that may be absent.
#[must_use]
pub(crate) fn profile_schema() -> Json {
    let mut schema = schemars::schema_for!(Profile).to_value();
    without_null(&mut schema);
    schema
}

/// The keys of a profile's top.
#[must_use]
pub(crate) fn profile_keys() -> Vec<String> {
    profile_schema()["properties"].as_object().map(|keys| keys.keys().cloned().collect()).unwrap_or_default()
}

/// Whether a path begins with a key of a profile's top: `stream.orders.rate`, `drain`.
#[must_use]
pub(crate) fn is_profile_key(path: &str) -> bool {
    path.split('.').next().is_some_and(|first| profile_keys().iter().any(|key| key == first))
}

/// The schema as text, as `floodmark schema profile` prints it and `profiles/profile.schema.json` holds it.
#[must_use]
pub(crate) fn profile_schema_text() -> String {
    format!("{:#}\n", profile_schema())
}

/// Removes the null alternatives from `schema` and everything in it.
fn without_null(schema: &mut Json) {
    match schema {
        Json::Object(object) => {
            unwrap_nullable(object);
            object.values_mut().for_each(without_null);
        }
        Json::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// `anyOf: [X, null]` becomes X, `type: [t, null]` becomes t.
fn unwrap_nullable(object: &mut Map<String, Json>) {
    let null = serde_json::json!({ "type": "null" });
    if let Some(Json::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| *choice != null);
        if let [Json::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
    if let Some(Json::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
}
