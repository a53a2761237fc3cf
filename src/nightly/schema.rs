//! The JSON Schemas of what is printed of a night, and of the nights before it.

use super::{NightDecision, Past};

/// The JSON Schema of a judged night, indented, with a line end.
#[must_use]
pub(crate) fn night_schema() -> String {
    titled(schemars::schema_for!(NightDecision), "floodmark night")
}

/// The JSON Schema of the last nights of a suite, indented, with a line end.
#[must_use]
pub(crate) fn past_schema() -> String {
    titled(schemars::schema_for!(Past), "floodmark nights")
}

fn titled(mut schema: schemars::Schema, title: &str) -> String {
    schema.insert("title".to_owned(), title.into());
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::nightly::decision_examples::{quiet, worse};
    use crate::nightly::examples::{nothing_of, past_of};

    fn conforms(what: &impl Serialize, schema: &str) {
        let schema = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let printed = serde_json::to_value(what).unwrap();
        let faults: Vec<String> = validator.iter_errors(&printed).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, [""; 0]);
    }

    #[test]
    fn what_is_printed_of_a_night_and_of_nights_conforms() {
        [quiet(), worse()].iter().for_each(|decision| conforms(decision, &night_schema()));
        [past_of(), nothing_of()].iter().for_each(|past| conforms(past, &past_schema()));
    }
}
