//! Why a registry was of no use, and the way out.

/// Why a schema could not be had or registered. None of it holds a login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// No connection.
    #[error("the registry {whom} cannot be reached ({why}): check that it runs, and its address")]
    Away {
        /// Which.
        whom: String,
        /// What the system says.
        why: String,
    },
    /// No answer in time.
    #[error("the registry {whom} did not answer within {within_s} s: try again, or allow more with `registry.timeout`")]
    Slow {
        /// Which.
        whom: String,
        /// How long it had.
        within_s: u64,
    },
    /// Its certificate is not to be trusted.
    #[error(
        "the certificate of the registry {whom} is not trusted ({why}): name a file of authorities with `registry.ca`"
    )]
    Untrusted {
        /// Which.
        whom: String,
        /// What is wrong with it.
        why: String,
    },
    /// 401.
    #[error(
        "the registry {whom} asks for a login (401): set FLOODMARK_REGISTRY_USER and FLOODMARK_REGISTRY_PASSWORD, or check what they hold"
    )]
    Unauthorized {
        /// Which.
        whom: String,
    },
    /// 403.
    #[error("the registry {whom} does not let this login {verb} {what} (403): ask whoever runs it for that right")]
    Forbidden {
        /// Which.
        whom: String,
        /// What was asked for.
        what: String,
        /// What is not allowed.
        verb: &'static str,
    },
    /// 404 of a subject.
    #[error(
        "the registry {whom} has no {what} (404): check the name, or give a schema file and `registry.register = true`"
    )]
    NoSubject {
        /// Which.
        whom: String,
        /// What was asked for.
        what: String,
    },
    /// 404 of a version of a subject that is there.
    #[error("the registry {whom} has no {what} (404): check `registry.version`, or leave it out for the latest")]
    NoVersion {
        /// Which.
        whom: String,
        /// What was asked for.
        what: String,
    },
    /// 404 of a schema that was shown.
    #[error(
        "the registry {whom} does not have the schema under {what} (404): register it with `registry.register = true`, or leave `schema` out to send by the version there"
    )]
    NotRegistered {
        /// Which.
        whom: String,
        /// The subject.
        what: String,
    },
    /// 404 of anything else.
    #[error(
        "the registry {whom} has no {what} (404): check that it is the registry with which the messages were written"
    )]
    NotThere {
        /// Which.
        whom: String,
        /// What was asked for.
        what: String,
    },
    /// 409.
    #[error(
        "the registry {whom} refuses the schema for {what} (409): it is not compatible with the versions there{why}; change it, or register it under another subject"
    )]
    Incompatible {
        /// Which.
        whom: String,
        /// The subject.
        what: String,
        /// What it says, in brackets.
        why: String,
    },
    /// 422.
    #[error("the registry {whom} cannot take the schema for {what} (422): it is not valid there{why}; change it")]
    Invalid {
        /// Which.
        whom: String,
        /// What was asked for.
        what: String,
        /// What it says, in brackets.
        why: String,
    },
    /// A schema without a GUID.
    #[error(
        "the registry {whom} gives no GUID for the schema of {what}, and a header names a schema by its GUID: remove `registry.id_in`, so that its id stands before each payload"
    )]
    NoGuid {
        /// Which.
        whom: String,
        /// The subject.
        what: String,
    },
    /// Any other status.
    #[error("the registry {whom} answered {status}{why}: try again later, or look into its log")]
    Failed {
        /// Which.
        whom: String,
        /// The status.
        status: u16,
        /// What it says, in brackets.
        why: String,
    },
    /// Something else is there.
    #[error(
        "what {whom} answers does not come from a schema registry ({why}): check the address; a registry's API may stand below a path, Apicurio's below /apis/ccompat/v7"
    )]
    NotARegistry {
        /// The address.
        whom: String,
        /// What is strange.
        why: &'static str,
    },
    /// A kind of schema that floodmark does not know.
    #[error("{what} of the registry {whom} is of the kind `{kind}`: floodmark knows AVRO, PROTOBUF and JSON")]
    UnknownKind {
        /// Which.
        whom: String,
        /// What was asked for.
        what: String,
        /// The kind.
        kind: String,
    },
    /// References without an end.
    #[error("{what} of the registry {whom} refers to more than {limit} other schemas: floodmark follows no more")]
    TooManyReferences {
        /// Which.
        whom: String,
        /// What was asked for.
        what: String,
        /// The limit.
        limit: usize,
    },
}
