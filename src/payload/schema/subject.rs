//! Under which subject of a registry a topic's schema stands: the rules of Confluent's clients, by their names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rule for a subject's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectRule {
    /// The topic's name and `-value`, or `-key`: all events of a topic have one schema.
    #[default]
    TopicName,
    /// The record's full name.
    RecordName,
    /// The topic's name, a hyphen, and the record's full name.
    TopicRecordName,
}

impl SubjectRule {
    /// The subject of the values of `topic`; nothing where the rule asks for a record's name and there is none.
    #[must_use]
    pub fn subject(self, topic: &str, record: Option<&str>) -> Option<String> {
        self.named(topic, "value", record)
    }

    /// The subject of the keys of `topic`, in the same way.
    #[must_use]
    pub fn subject_of_key(self, topic: &str, record: Option<&str>) -> Option<String> {
        self.named(topic, "key", record)
    }

    fn named(self, topic: &str, of: &str, record: Option<&str>) -> Option<String> {
        match self {
            SubjectRule::TopicName => Some(format!("{topic}-{of}")),
            SubjectRule::RecordName => record.map(str::to_owned),
            SubjectRule::TopicRecordName => record.map(|record| format!("{topic}-{record}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_named_as_confluents_clients_name_them() {
        let named = |rule: SubjectRule| rule.subject("orders", Some("shop.Order"));
        assert_eq!(named(SubjectRule::TopicName).unwrap(), "orders-value");
        assert_eq!(named(SubjectRule::RecordName).unwrap(), "shop.Order");
        assert_eq!(named(SubjectRule::TopicRecordName).unwrap(), "orders-shop.Order");
        assert_eq!(SubjectRule::RecordName.subject("orders", None), None);
        assert_eq!(SubjectRule::TopicName.subject_of_key("orders", None).unwrap(), "orders-key");
        assert_eq!(SubjectRule::RecordName.subject_of_key("orders", Some("shop.Key")).unwrap(), "shop.Key");
    }
}
