//! A schema registry, by the API of Confluent's, which others speak, too: schemas by id, GUID or subject, with all that they refer to, and
//! registered when that is asked for.
//!
//! `ask` says what is asked, `answer` what came of it, both without a connection; `call` makes one call.

mod address;
mod answer;
mod ask;
mod call;
mod client;
mod error;
mod keys;
mod schemas;
#[cfg(test)]
mod tests;

pub use address::{RegistryUrl, RegistryUrlError};
pub use answer::{Reference, Registered};
pub use call::{Access, AccessError, Login};
pub use client::Registry;
pub use error::RegistryError;
pub use schemas::SchemasError;
pub(crate) use schemas::{Purpose, registry_of, settle_schemas};
