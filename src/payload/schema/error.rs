//! What can be wrong with a schema, with what is to stand in it, or with a payload.

use super::{Fact, SchemaKind};

/// Why payloads cannot be written or read by a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not of its language.
    #[error("the schema is not valid {kind}: {why}")]
    Invalid {
        /// The language.
        kind: SchemaKind,
        /// What its parser says.
        why: String,
    },
    /// A part of the event has a place that cannot hold it.
    #[error("`{path}` holds {holds}, which cannot carry the {fact}: {way_out}")]
    Misplaced {
        /// The part.
        fact: Fact,
        /// The place.
        path: String,
        /// What the schema says of it.
        holds: String,
        /// What could.
        way_out: String,
    },
    /// A rule draws what its place cannot hold.
    #[error("`{path}` holds {holds}, and its rule draws {drawn}: change the rule's kind or values")]
    Misfit {
        /// The place.
        path: String,
        /// What the schema says of it.
        holds: String,
        /// What the rule drew.
        drawn: String,
    },
    /// A place that is not there.
    #[error("the schema has no field `{path}`{}", .nearest.as_ref().map_or_else(String::new, |near| format!(": did you mean `{near}`?")))]
    Missing {
        /// The place.
        path: String,
        /// One that is there and is called nearly so.
        nearest: Option<String>,
    },
    /// A part of the event has a place that is there more than once, or not always.
    #[error("`{path}` stands in a list or map, where the {fact} would be there several times: give it a place outside")]
    Repeated {
        /// The part.
        fact: Fact,
        /// The place.
        path: String,
    },
    /// A message without an end.
    #[error(
        "`{path}` refers to its own type without an end: one of the fields on the way must be optional, a list or a map"
    )]
    Endless {
        /// Where it begins anew.
        path: String,
    },
    /// More than can be.
    #[error("the schema has more than {limit} fields, when all that it refers to is written out: leave some out")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A form that values cannot be drawn for.
    #[error(
        "`{path}` has {what}, and floodmark does not know which values fit it: give it a rule, `[stream.payload.fields.\"{path}\"]`"
    )]
    Undrawable {
        /// The place.
        path: String,
        /// What asks for more.
        what: String,
    },
    /// Several messages, and none is named.
    #[error("the schema has several messages ({there}): name the one to send, `message = \"NAME\"`")]
    WhichMessage {
        /// Those that are there.
        there: String,
    },
    /// A message that is not there.
    #[error("the schema has no message `{message}`: it has {there}")]
    NoMessage {
        /// The message.
        message: String,
        /// Those that are there.
        there: String,
    },
}

/// Why a payload is not one of a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UndecodableError {
    /// It ends too early.
    #[error("it ends in the middle of a field")]
    CutShort,
    /// Bytes are left over.
    #[error("{0} bytes are left over after the last field")]
    LeftOver(usize),
    /// A value that the schema excludes.
    #[error("{0}")]
    Wrong(&'static str),
    /// As the parser of another format says it.
    #[error("{0}")]
    Parser(String),
}
