//! What stands where in a payload: the user's places for parts of the event and the rules for fields, looked up while a schema is compiled.

use std::fmt;

use super::SchemaError;
use super::holds::Holds;
use super::source::Source;
use crate::event::time_form::TimeForm;
use crate::payload::Generator;

/// A part of an event that a payload can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The identity.
    Id,
    /// When the schedule wanted it sent.
    Due,
    /// When it was handed to the client.
    Sent,
    /// What the event claims.
    EventTime,
    /// The key.
    Key,
    /// Its number among its producer's events.
    Sequence,
}

impl fmt::Display for Fact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Fact::Id => "id",
            Fact::Due => "due time",
            Fact::Sent => "send time",
            Fact::EventTime => "event time",
            Fact::Key => "key",
            Fact::Sequence => "sequence number",
        })
    }
}

/// Where a part of an event stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactPlace {
    /// The part.
    pub fact: Fact,
    /// Its place: a JSON pointer (RFC 6901).
    pub path: String,
    /// How a time is written where the schema's type does not say it.
    pub form: TimeForm,
}

impl FactPlace {
    /// A time there is written as the schema's type says, or as floodmark usually does.
    #[must_use]
    pub fn new(fact: Fact, path: &str) -> Self {
        FactPlace { fact, path: path.to_owned(), form: TimeForm::Recognised }
    }
}

/// What stands in a payload. All other fields are filled by their types.
#[derive(Debug, Clone, Default)]
pub struct Filling {
    /// Where the parts of the event stand.
    pub facts: Vec<FactPlace>,
    /// Rules of fields by their JSON pointers; `*` stands for any item of a list and any key of a map.
    pub rules: Vec<(String, Generator)>,
}

/// A place in a schema, as it is compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) text: String,
    /// Whether it is below a list or map.
    is_repeated: bool,
}

impl Path {
    pub(super) fn field(&self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Path { text: format!("{}/{name}", self.text), is_repeated: self.is_repeated }
    }

    pub(super) fn any_item(&self) -> Self {
        Path { text: format!("{}/*", self.text), is_repeated: true }
    }

    /// For a sentence.
    pub(super) fn shown(&self) -> String {
        if self.text.is_empty() { "/".to_owned() } else { self.text.clone() }
    }
}

/// The filling, and what of it has been found in the schema so far.
#[derive(Debug, Clone)]
pub(super) struct Lookup<'f> {
    filling: &'f Filling,
    found: Vec<String>,
    forms: Vec<(Fact, TimeForm)>,
    /// Every place that was compiled, for suggestions.
    seen: Vec<String>,
    limit: usize,
}

/// What a lookup has found.
pub(super) type Forms = Vec<(Fact, TimeForm)>;

impl<'f> Lookup<'f> {
    const MOST_FIELDS: usize = 20_000;

    pub(super) fn new(filling: &'f Filling) -> Self {
        Lookup { filling, found: Vec::new(), forms: Vec::new(), seen: Vec::new(), limit: Self::MOST_FIELDS }
    }

    /// Where the value of the field at `path` comes from, if it fits there.
    pub(super) fn source(&mut self, path: &Path, holds: &Holds) -> Result<Source, SchemaError> {
        self.see(path)?;
        if let Some(place) = self.filling.facts.iter().find(|place| place.path == path.text) {
            return self.fact(path, place, holds);
        }
        if let Some((_, generator)) = self.filling.rules.iter().find(|(rule, _)| *rule == path.text) {
            holds.check_rule(path, generator)?;
            self.found.push(path.text.clone());
            return Ok(Source::Rule(Box::new(generator.clone())));
        }
        Ok(Source::of_type(&path.text))
    }

    fn fact(&mut self, path: &Path, place: &FactPlace, holds: &Holds) -> Result<Source, SchemaError> {
        if path.is_repeated {
            return Err(SchemaError::Repeated { fact: place.fact, path: path.shown() });
        }
        let form = holds.form_of(path, place)?;
        self.found.push(path.text.clone());
        if let Some(form) = &form {
            self.forms.push((place.fact, form.clone()));
        }
        Ok(Source::of_fact(place.fact, form))
    }

    /// Notes a place that nothing can stand at, such as a record's own.
    pub(super) fn see(&mut self, path: &Path) -> Result<(), SchemaError> {
        self.seen.push(path.text.clone());
        if self.seen.len() > self.limit { Err(SchemaError::TooLarge { limit: self.limit }) } else { Ok(()) }
    }

    /// Refuses a part or rule for a place that holds no single value.
    pub(super) fn refuse_at(&mut self, path: &Path, what: &str) -> Result<(), SchemaError> {
        self.see(path)?;
        if let Some(place) = self.filling.facts.iter().find(|place| place.path == path.text) {
            let (fact, path) = (place.fact, path.shown());
            let way_out = super::holds::way_out(fact).to_owned();
            return Err(SchemaError::Misplaced { fact, path, holds: what.to_owned(), way_out });
        }
        if self.filling.rules.iter().any(|(rule, _)| *rule == path.text) {
            let drawn = "a single value".to_owned();
            return Err(SchemaError::Misfit { path: path.shown(), holds: what.to_owned(), drawn });
        }
        Ok(())
    }

    /// How many parts and rules were found so far.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// Whether a part or rule is asked for at `path`, or below.
    pub(super) fn is_asked(&self, path: &Path) -> bool {
        let is_below = |asked: &str| {
            asked.strip_prefix(path.text.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.filling.facts.iter().any(|place| is_below(&place.path))
            || self.filling.rules.iter().any(|(rule, _)| is_below(rule))
    }

    /// The forms of the times, once everything that was asked for has its place.
    pub(super) fn finish(self) -> Result<Forms, SchemaError> {
        let asked = self.filling.facts.iter().map(|place| &place.path);
        let mut asked = asked.chain(self.filling.rules.iter().map(|(rule, _)| rule));
        match asked.find(|path| !self.found.contains(path)) {
            Some(missing) => Err(SchemaError::Missing { path: missing.clone(), nearest: nearest(missing, &self.seen) }),
            None => Ok(self.forms),
        }
    }
}

/// The place that a misspelt one probably means.
fn nearest(path: &str, seen: &[String]) -> Option<String> {
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let by_name = seen.iter().find(|seen| last(seen) == last(path)).cloned();
    let likeness = |seen: &&String| strsim::jaro_winkler(seen, path);
    by_name.or_else(|| {
        let best = seen.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(&best) > 0.8).then(|| best.clone())
    })
}
