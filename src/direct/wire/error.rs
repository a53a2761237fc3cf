//! What can be wrong with a connection, in a sentence.

/// A connection that cannot be used, or not any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Nobody listens there, or the name is not known.
    #[error("{broker} could not be reached: {reason}")]
    Unreachable {
        /// Its address.
        broker: String,
        /// What the system says.
        reason: String,
    },
    /// It was there and is gone.
    #[error("the connection to {broker} ended: {reason}")]
    Ended {
        /// Its address.
        broker: String,
        /// What the system says.
        reason: String,
    },
    /// It took the request and said nothing.
    #[error("{broker} did not answer within {waited_ms} ms")]
    Silent {
        /// Its address.
        broker: String,
        /// How long it was waited for.
        waited_ms: u128,
    },
    /// An answer that contradicts itself or the request.
    #[error("{broker} sent an answer that cannot be read: {what}")]
    Malformed {
        /// Its address.
        broker: String,
        /// What is wrong with it.
        what: String,
    },
    /// It speaks only older or newer versions of a request.
    #[error("{broker} has no {api} request in version {oldest} to {newest}{instead}: use client = \"librdkafka\"")]
    NoVersion {
        /// Its address.
        broker: String,
        /// The request.
        api: String,
        /// The first version that is written here.
        oldest: i16,
        /// The last one.
        newest: i16,
        /// What the broker has instead.
        instead: String,
    },
    /// The encryption could not be agreed upon.
    #[error("TLS with {broker} failed: {reason}")]
    Tls {
        /// Its address.
        broker: String,
        /// What is wrong.
        reason: String,
    },
    /// It does not let this user in.
    #[error("{broker} refuses the login of {user} ({mechanism}): {reason}")]
    Login {
        /// Its address.
        broker: String,
        /// The user.
        user: String,
        /// How the login was tried.
        mechanism: &'static str,
        /// What it says.
        reason: String,
    },
    /// It answered a request with an error.
    #[error("{broker} refused {what}: {code}")]
    Refused {
        /// Its address.
        broker: String,
        /// What was asked for.
        what: String,
        /// Its error.
        code: String,
    },
}

impl WireError {
    /// There is nobody to ask.
    pub(crate) fn no_broker() -> Self {
        WireError::Unreachable { broker: "bootstrap.servers".to_owned(), reason: "it names no broker".to_owned() }
    }

    /// Whether another attempt would end in the same way.
    #[must_use]
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, WireError::Tls { .. } | WireError::Login { .. } | WireError::NoVersion { .. })
    }
}
