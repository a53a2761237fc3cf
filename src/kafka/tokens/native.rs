//! Hands a token to a client, by calls that the Rust wrapper makes only for events that it reads itself.
//!
//! The `unsafe` of this file relies on:
//! 1. The client handle is live: whoever logs in takes the handle away again before the client is dropped ([`super::keeper::Login`]).
//! 2. Both functions may be called from any thread, and copy the texts that they are given.
#![expect(unsafe_code, reason = "tokens are set by calls that have no safe wrapper")]

use std::ffi::CString;
use std::ptr;

use rdkafka::bindings as rd;
use rdkafka::types::RDKafkaErrorCode;

use super::token::Token;

/// Whom a token is for, in the client's own messages only; the broker reads the token.
const PRINCIPAL: &std::ffi::CStr = c"floodmark";

/// A client that logs in with tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle(*mut rd::rd_kafka_t);

// SAFETY: the functions below may be called from any thread (2).
unsafe impl Send for Handle {}
// SAFETY: as above; both lock inside the library.
unsafe impl Sync for Handle {}

impl Handle {
    /// The caller keeps the client alive for as long as the handle is used (1).
    pub(super) fn of(client: *mut rd::rd_kafka_t) -> Self {
        Handle(client)
    }

    /// Gives the client its token. Returns whether it took it; its own message would repeat the token.
    pub(super) fn set(self, token: &Token) -> bool {
        let Ok(text) = CString::new(token.text.as_str()) else { return false };
        let mut error = [0; 512];
        // SAFETY: the client is live (1), texts are C strings that are copied (2), and the buffer is as long as it says.
        let code = unsafe {
            rd::rd_kafka_oauthbearer_set_token(
                self.0,
                text.as_ptr(),
                token.expires_ms,
                PRINCIPAL.as_ptr(),
                ptr::null_mut(),
                0,
                error.as_mut_ptr(),
                error.len(),
            )
        };
        RDKafkaErrorCode::from(code) == RDKafkaErrorCode::NoError
    }

    /// Tells the client that there is no newer token, and why: it reports that as an error.
    pub(super) fn fail(self, why: &str) {
        let Ok(why) = CString::new(why) else { return };
        // SAFETY: the client is live (1), and the text a C string that is copied (2).
        unsafe { rd::rd_kafka_oauthbearer_set_token_failure(self.0, why.as_ptr()) };
    }
}
