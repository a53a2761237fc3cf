//! Asks a registry for schemas, with all that they refer to.

use ureq::Agent;
use uuid::Uuid;

use super::address::RegistryUrl;
use super::answer::{self, Reference, Registered};
use super::ask::{Ask, Offered};
use super::call::Access;
use super::error::RegistryError;
use crate::payload::schema::{ReferredSchema, SchemaKey, SchemaText};

/// The most schemas that one refers to, directly or not.
const MOST_REFERENCES: usize = 500;

/// A registry.
#[derive(Debug)]
pub struct Registry {
    url: RegistryUrl,
    access: Access,
    agent: Agent,
}

impl Registry {
    /// At an address.
    #[must_use]
    pub fn new(url: RegistryUrl, access: Access) -> Self {
        Registry { agent: access.agent(&url), url, access }
    }

    /// The schema of an id or GUID.
    ///
    /// # Errors
    /// [`RegistryError`], as of all that asks a registry.
    pub fn by_key(&self, key: SchemaKey) -> Result<Registered, RegistryError> {
        match key {
            SchemaKey::Id(id) => self.schema(&Ask::ById(id)),
            SchemaKey::Guid(guid) => self.schema(&Ask::ByGuid(guid)),
        }
    }

    /// The schema of a GUID.
    ///
    /// # Errors
    /// As [`Self::by_key`].
    pub fn by_guid(&self, guid: Uuid) -> Result<Registered, RegistryError> {
        self.by_key(SchemaKey::Guid(guid))
    }

    /// A version of a subject, or its latest.
    ///
    /// # Errors
    /// As [`Self::by_key`].
    pub fn version(&self, subject: &str, version: Option<u32>) -> Result<Registered, RegistryError> {
        self.schema(&Ask::Version { subject: subject.to_owned(), version })
    }

    /// Registers a schema under a subject and returns its id; one that is there already keeps its id.
    ///
    /// # Errors
    /// As [`Self::by_key`].
    pub fn register(&self, subject: &str, schema: &SchemaText, references: &[Reference]) -> Result<u32, RegistryError> {
        self.tell(subject, schema, references, true)
    }

    /// The id of a schema that is registered under a subject already.
    ///
    /// # Errors
    /// As [`Self::by_key`]; it is refused when it is not registered.
    pub fn id_of(&self, subject: &str, schema: &SchemaText, references: &[Reference]) -> Result<u32, RegistryError> {
        self.tell(subject, schema, references, false)
    }

    /// The GUID of a schema that is registered under a subject already.
    ///
    /// # Errors
    /// As [`Self::by_key`]; [`RegistryError::NoGuid`] of a registry that knows none.
    pub fn guid_of(&self, subject: &str, schema: &SchemaText, references: &[Reference]) -> Result<Uuid, RegistryError> {
        let schema = Offered { kind: schema.kind, text: schema.text.clone(), references: references.to_vec() };
        let ask = Ask::Schema { subject: subject.to_owned(), schema, registers: false };
        let (status, body) = self.ask(&ask)?;
        answer::guid(&self.url, &ask, status, &body)
    }

    /// The version of a schema that is registered under a subject already.
    ///
    /// # Errors
    /// As [`Self::by_key`]; it is refused when it is not registered.
    pub fn version_of(&self, subject: &str, schema: &SchemaText) -> Result<u32, RegistryError> {
        let schema = Offered { kind: schema.kind, text: schema.text.clone(), references: Vec::new() };
        let ask = Ask::Schema { subject: subject.to_owned(), schema, registers: false };
        let (status, body) = self.ask(&ask)?;
        answer::version(&self.url, &ask, status, &body)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &RegistryUrl {
        &self.url
    }

    fn tell(
        &self,
        subject: &str,
        schema: &SchemaText,
        references: &[Reference],
        registers: bool,
    ) -> Result<u32, RegistryError> {
        let schema = Offered { kind: schema.kind, text: schema.text.clone(), references: references.to_vec() };
        let ask = Ask::Schema { subject: subject.to_owned(), schema, registers };
        let (status, body) = self.ask(&ask)?;
        answer::id(&self.url, &ask, status, &body)
    }

    /// A schema with the texts of all that it refers to, each once, those that others refer to first.
    ///
    /// # Errors
    /// As [`Self::by_key`].
    pub fn with_references(&self, schema: &Registered) -> Result<SchemaText, RegistryError> {
        let mut references = Vec::new();
        let mut under_way = Vec::new();
        self.follow(&schema.references, &mut under_way, &mut references)?;
        Ok(SchemaText { kind: schema.kind, text: schema.text.clone(), references })
    }

    fn follow(
        &self,
        references: &[Reference],
        under_way: &mut Vec<String>,
        found: &mut Vec<ReferredSchema>,
    ) -> Result<(), RegistryError> {
        for reference in references {
            if under_way.contains(&reference.name) {
                continue;
            }
            under_way.push(reference.name.clone());
            if under_way.len() > MOST_REFERENCES {
                let (whom, what) = (self.url.to_string(), format!("subject `{}`", reference.subject));
                return Err(RegistryError::TooManyReferences { whom, what, limit: MOST_REFERENCES });
            }
            let referred = self.version(&reference.subject, Some(reference.version))?;
            self.follow(&referred.references, under_way, found)?;
            found.push(ReferredSchema { name: reference.name.clone(), text: referred.text });
        }
        Ok(())
    }

    fn schema(&self, ask: &Ask) -> Result<Registered, RegistryError> {
        let (status, body) = self.ask(ask)?;
        answer::schema(&self.url, ask, status, &body)
    }

    fn ask(&self, ask: &Ask) -> Result<(u16, String), RegistryError> {
        let body = ask.body().map(|body| body.to_string());
        self.access.call(&self.agent, &self.url, &ask.path(), body.as_deref())
    }
}
