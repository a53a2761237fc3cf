//! Writes JSON that conforms to a schema. Which branch is taken and where recursion ends is settled when the schema is compiled.

use serde_json::{Map, Value};

use super::super::filling::{Filling, Forms, Lookup, Path};
use super::super::source::{SchemaEvent, tag, turn_of, usual_length};
use super::super::{Fact, SchemaError, SchemaText};
use super::documents::{At, Documents, both};
use super::leaf::{self, Leaf};
use crate::event::time_form::TimeForm;

/// What asks for more than values that are drawn one by one.
const UNDRAWABLE: [&str; 6] = ["not", "if", "dependentSchemas", "dependencies", "contains", "propertyNames"];
/// The deepest that schemas refer to each other.
const DEEPEST: usize = 100;

/// Writes payloads of one JSON Schema.
#[derive(Debug, Clone)]
pub(in super::super) struct JsonSchemaWriter {
    root: Node,
    forms: Forms,
    /// A text before it is escaped.
    text: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(Box<Leaf>),
    /// Properties after their names, as they are written: `"name":`.
    Object(Vec<(String, Node)>),
    Map {
        values: Box<Node>,
        tag: u64,
        least: u64,
    },
    Array {
        items: Box<Node>,
        tag: u64,
        least: u64,
        most: u64,
    },
    /// Items of a schema each.
    Tuple(Vec<Node>),
    Empty(&'static str),
}

impl JsonSchemaWriter {
    pub(in super::super) fn compile(schema: &SchemaText, filling: &Filling) -> Result<Self, SchemaError> {
        let documents = Documents::parse(schema)?;
        let mut compiler = Compiler { documents: &documents, within: Vec::new(), lookup: Lookup::new(filling) };
        let root = documents.root().map(|root| compiler.node(root, &Path::default())).transpose()?;
        let root = root.unwrap_or(Node::Empty("null"));
        Ok(JsonSchemaWriter { root, forms: compiler.lookup.finish()?, text: Vec::new() })
    }

    pub(in super::super) fn form_of(&self, fact: Fact) -> Option<&TimeForm> {
        self.forms.iter().find(|(of, _)| *of == fact).map(|(_, form)| form)
    }

    pub(in super::super) fn write(&mut self, out: &mut Vec<u8>, event: &SchemaEvent<'_>) {
        self.root.write(out, &mut self.text, event, 0);
    }
}

struct Compiler<'c> {
    documents: &'c Documents,
    /// The references that are being followed, from the outermost.
    within: Vec<(usize, String)>,
    lookup: Lookup<'c>,
}

impl Compiler<'_> {
    fn node(&mut self, at: At<'_>, path: &Path) -> Result<Node, SchemaError> {
        let Value::Object(schema) = at.schema else {
            return leaf::text(&mut self.lookup, path, &Map::new()).map(of_leaf);
        };
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return self.referred(reference, at.document, path);
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            if let Some(Value::Array(branches)) = schema.get(key) {
                let mut rest = schema.clone();
                rest.remove(key);
                return if key == "allOf" {
                    self.all_of(rest, branches, at.document, path)
                } else {
                    self.any_of(&rest, branches, at.document, path)
                };
            }
        }
        self.plain(schema, at.document, path)
    }

    fn referred(&mut self, reference: &str, document: usize, path: &Path) -> Result<Node, SchemaError> {
        let step = (document, reference.to_owned());
        if self.within.contains(&step) || self.within.len() >= DEEPEST {
            return Err(SchemaError::Endless { path: path.shown() });
        }
        let target = self.documents.resolve(reference, document)?;
        self.within.push(step);
        let node = self.node(target, path);
        self.within.pop();
        node
    }

    /// One schema that asks for all of them.
    fn all_of(
        &mut self,
        rest: Map<String, Value>,
        branches: &[Value],
        document: usize,
        path: &Path,
    ) -> Result<Node, SchemaError> {
        let (mut merged, before) = (rest, self.within.len());
        for branch in branches {
            let mut target = At { schema: branch, document };
            while let Some(reference) = target.schema.get("$ref").and_then(Value::as_str) {
                let step = (target.document, reference.to_owned());
                if self.within.contains(&step) || self.within.len() >= DEEPEST {
                    self.within.truncate(before);
                    return Err(SchemaError::Endless { path: path.shown() });
                }
                target = self.documents.resolve(reference, target.document)?;
                self.within.push(step);
            }
            if let Value::Object(more) = target.schema {
                merged = both(&merged, more);
            }
        }
        let merged = Value::Object(merged);
        let node = self.node(At { schema: &merged, document }, path);
        self.within.truncate(before);
        node
    }

    /// The branch in which most of what is asked for has its place; else the first that is not null and ends; else null.
    fn any_of(
        &mut self,
        rest: &Map<String, Value>,
        branches: &[Value],
        document: usize,
        path: &Path,
    ) -> Result<Node, SchemaError> {
        let is_null = |branch: &Value| branch.get("type").and_then(Value::as_str) == Some("null");
        let (mut best, mut refused) = (None::<(Node, Lookup<'_>)>, None);
        let before = self.lookup.clone();
        for branch in branches.iter().filter(|branch| !is_null(branch)) {
            self.lookup = before.clone();
            let whole = match branch {
                Value::Object(branch) if !rest.is_empty() && !branch.contains_key("$ref") => {
                    Value::Object(both(rest, branch))
                }
                other => other.clone(),
            };
            match self.node(At { schema: &whole, document }, path) {
                Ok(node) if best.as_ref().is_none_or(|(_, found)| found.count() < self.lookup.count()) => {
                    best = Some((node, self.lookup.clone()));
                }
                Ok(_) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        if let Some((node, found)) = best {
            self.lookup = found;
            return Ok(node);
        }
        self.lookup = before;
        let ends_in_null = branches.iter().any(is_null) && !self.lookup.is_asked(path);
        match refused {
            None | Some(SchemaError::Endless { .. }) if ends_in_null => Ok(Node::Empty("null")),
            error => Err(error.unwrap_or(SchemaError::Endless { path: path.shown() })),
        }
    }

    fn plain(&mut self, schema: &Map<String, Value>, document: usize, path: &Path) -> Result<Node, SchemaError> {
        if let Some(what) = UNDRAWABLE.iter().find(|key| schema.contains_key(**key)) {
            return Err(SchemaError::Undrawable { path: path.shown(), what: format!("`{what}`") });
        }
        if let Some(value) = schema.get("const") {
            return leaf::constant(&mut self.lookup, path, value).map(of_leaf);
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            return leaf::one_of(&mut self.lookup, path, values).map(of_leaf);
        }
        let ends = |node: Result<Node, SchemaError>, may_be_null: bool| match node {
            Err(SchemaError::Endless { .. }) if may_be_null => Ok(Node::Empty("null")),
            other => other,
        };
        let (kind, may_be_null) = kind_of(schema);
        match kind {
            "object" => ends(self.object(schema, document, path), may_be_null),
            "array" => self.array(schema, document, path),
            "integer" => leaf::whole(&mut self.lookup, path, schema).map(of_leaf),
            "number" => leaf::fraction(&mut self.lookup, path, schema).map(of_leaf),
            "boolean" => {
                let source = self.lookup.source(path, &super::super::holds::Holds::Boolean)?;
                Ok(of_leaf(Leaf::Boolean(source)))
            }
            "null" => self.lookup.refuse_at(path, "nothing").map(|()| Node::Empty("null")),
            _ => leaf::text(&mut self.lookup, path, schema).map(of_leaf),
        }
    }

    /// All properties are written, required or not, except those that would not end.
    fn object(&mut self, schema: &Map<String, Value>, document: usize, path: &Path) -> Result<Node, SchemaError> {
        self.lookup.refuse_at(path, "an object")?;
        let required: Vec<&str> = match schema.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let any = Value::Bool(true);
        let undescribed = required.iter().filter(|name| !properties.contains_key(**name)).map(|name| (*name, &any));
        let all = properties.iter().map(|(name, schema)| (name.as_str(), schema)).chain(undescribed);
        let mut nodes = Vec::new();
        for (name, schema) in all {
            let before = self.lookup.clone();
            match self.node(At { schema, document }, &path.field(name)) {
                Ok(node) => nodes.push((format!("{}:", Value::from(name)), node)),
                Err(SchemaError::Endless { .. }) if !required.contains(&name) => self.lookup = before,
                Err(error) => return Err(error),
            }
        }
        match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) if nodes.is_empty() => self.map(schema, values, document, path),
            _ => Ok(Node::Object(nodes)),
        }
    }

    fn map(
        &mut self,
        schema: &Map<String, Value>,
        values: &Value,
        document: usize,
        path: &Path,
    ) -> Result<Node, SchemaError> {
        let least = schema.get("minProperties").and_then(Value::as_u64).unwrap_or(0);
        match self.node(At { schema: values, document }, &path.any_item()) {
            Ok(values) => Ok(Node::Map { values: Box::new(values), tag: tag(&path.text), least }),
            Err(SchemaError::Endless { .. }) if least == 0 => Ok(Node::Empty("{}")),
            Err(error) => Err(error),
        }
    }

    fn array(&mut self, schema: &Map<String, Value>, document: usize, path: &Path) -> Result<Node, SchemaError> {
        self.lookup.refuse_at(path, "a list")?;
        let number = |key: &str| schema.get(key).and_then(Value::as_f64).map(|number| number as u64);
        let (least, mut most) = (number("minItems").unwrap_or(0), number("maxItems").unwrap_or(u64::MAX));
        let each = |items: &Value| items.as_array().cloned();
        if let Some(items) = schema.get("prefixItems").or_else(|| schema.get("items")).and_then(each) {
            let nodes = items
                .iter()
                .enumerate()
                .map(|(position, schema)| self.node(At { schema, document }, &path.field(&position.to_string())));
            return nodes.collect::<Result<_, _>>().map(Node::Tuple);
        }
        if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
            if least > 1 {
                return Err(SchemaError::Undrawable { path: path.shown(), what: "`uniqueItems`".to_owned() });
            }
            most = most.min(1);
        }
        let any = Value::Bool(true);
        let items = schema.get("items").unwrap_or(&any);
        match self.node(At { schema: items, document }, &path.any_item()) {
            Ok(items) => Ok(Node::Array { items: Box::new(items), tag: tag(&path.text), least, most }),
            Err(SchemaError::Endless { .. }) if least == 0 => Ok(Node::Empty("[]")),
            Err(error) => Err(error),
        }
    }
}

fn of_leaf(leaf: Leaf) -> Node {
    Node::Leaf(Box::new(leaf))
}

/// The first type that is not null, and whether null would do, too. A schema that names none is known by its other words.
fn kind_of(schema: &Map<String, Value>) -> (&str, bool) {
    let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    match schema.get("type") {
        Some(Value::String(kind)) => (kind, false),
        Some(Value::Array(kinds)) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str);
            let may_be_null = kinds.clone().any(|kind| kind == "null");
            (kinds.find(|kind| *kind != "null").unwrap_or("null"), may_be_null)
        }
        _ if has(&["properties", "required", "additionalProperties"]) => ("object", false),
        _ if has(&["items", "prefixItems", "minItems"]) => ("array", false),
        _ if has(&["minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"]) => ("number", false),
        _ => ("string", false),
    }
}

impl Node {
    fn write(&mut self, out: &mut Vec<u8>, text: &mut Vec<u8>, event: &SchemaEvent<'_>, turn: u64) {
        match self {
            Node::Leaf(leaf) => leaf.write(out, text, event, turn),
            Node::Empty(written) => out.extend_from_slice(written.as_bytes()),
            Node::Object(properties) => {
                out.push(b'{');
                for (position, (name, value)) in properties.iter_mut().enumerate() {
                    separate(out, position);
                    out.extend_from_slice(name.as_bytes());
                    value.write(out, text, event, turn);
                }
                out.push(b'}');
            }
            Node::Map { values, tag, least } => {
                out.push(b'{');
                for item in 0..usual_length(*tag, event, turn).max(*least) {
                    separate(out, item as usize);
                    out.extend_from_slice(b"\"key");
                    out.extend_from_slice(itoa::Buffer::new().format(item + 1).as_bytes());
                    out.extend_from_slice(b"\":");
                    values.write(out, text, event, turn_of(turn, item));
                }
                out.push(b'}');
            }
            Node::Array { items, tag, least, most } => {
                out.push(b'[');
                for item in 0..usual_length(*tag, event, turn).max(*least).min(*most) {
                    separate(out, item as usize);
                    items.write(out, text, event, turn_of(turn, item));
                }
                out.push(b']');
            }
            Node::Tuple(items) => {
                out.push(b'[');
                for (position, item) in items.iter_mut().enumerate() {
                    separate(out, position);
                    item.write(out, text, event, turn);
                }
                out.push(b']');
            }
        }
    }
}

fn separate(out: &mut Vec<u8>, position: usize) {
    if position > 0 {
        out.push(b',');
    }
}
