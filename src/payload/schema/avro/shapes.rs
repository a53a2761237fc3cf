//! Schemas as the rest of this room reads them: an arena of shapes that refer to each other by number. The only file that uses apache-avro.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{InnerDecimalSchema, Name, UuidSchema};
use serde::de::IgnoredAny;

use super::super::source::{Count, Whole};
use super::super::{SchemaError, SchemaKind, SchemaText};
use crate::event::time_form::Unit;

/// What stands at a place of the schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Null,
    Boolean,
    Whole(Whole),
    Float,
    Double,
    Bytes,
    Text,
    /// A text that is a UUID.
    UuidText,
    Fixed(usize),
    /// Months, days and milliseconds.
    Duration,
    /// `fixed` bytes, or as many as it takes.
    Decimal {
        precision: usize,
        scale: usize,
        fixed: Option<usize>,
    },
    Enum(Vec<String>),
    Array(usize),
    Map(usize),
    Union(Vec<usize>),
    Record(Vec<(String, usize)>),
}

/// A schema, whole.
#[derive(Debug, Clone)]
pub(super) struct Shapes {
    all: Vec<Shape>,
    pub(super) root: usize,
}

impl Shapes {
    pub(super) fn at(&self, number: usize) -> &Shape {
        // Numbers come from this arena alone.
        self.all.get(number).unwrap_or(&Shape::Null)
    }

    pub(super) fn parse(schema: &SchemaText) -> Result<Self, SchemaError> {
        let (main, others) = parse(schema)?;
        let mut builder = Builder { all: Vec::new(), named: HashMap::new(), others: &others };
        let root =
            builder.build(&main).map_err(|name| invalid(format!("it refers to `{name}`, which is not defined")))?;
        Ok(Shapes { all: builder.all, root })
    }
}

fn invalid(why: String) -> SchemaError {
    SchemaError::Invalid { kind: SchemaKind::Avro, why }
}

/// The schema, and those that it refers to.
fn parse(schema: &SchemaText) -> Result<(Schema, Vec<Schema>), SchemaError> {
    // Its parser does not say where a text stops being JSON.
    serde_json::from_str::<IgnoredAny>(&schema.text).map_err(|error| invalid(format!("it is not JSON: {error}")))?;
    let references = schema.references.iter().map(|referred| referred.text.as_str());
    Schema::parse_str_with_list(&schema.text, references).map_err(|error| invalid(error.to_string()))
}

/// The full name of a record or another named type.
pub(in super::super) fn record_name(schema: &SchemaText) -> Result<Option<String>, SchemaError> {
    Ok(parse(schema)?.0.name().map(ToString::to_string))
}

struct Builder<'s> {
    all: Vec<Shape>,
    named: HashMap<String, usize>,
    others: &'s [Schema],
}

impl Builder<'_> {
    fn build(&mut self, schema: &Schema) -> Result<usize, String> {
        if let Schema::Ref { name } = schema {
            return self.find(name);
        }
        let number = self.all.len();
        self.all.push(Shape::Null);
        if let Some(name) = schema.name() {
            self.named.insert(name.to_string(), number);
        }
        let shape = self.shape(schema)?;
        if let Some(place) = self.all.get_mut(number) {
            *place = shape;
        }
        Ok(number)
    }

    fn find(&mut self, name: &Name) -> Result<usize, String> {
        let name = name.to_string();
        if let Some(number) = self.named.get(&name) {
            return Ok(*number);
        }
        let others = self.others;
        let defined = others.iter().find(|other| other.name().is_some_and(|of| of.to_string() == name));
        self.build(defined.ok_or(name)?)
    }

    fn shape(&mut self, schema: &Schema) -> Result<Shape, String> {
        Ok(match schema {
            Schema::Array(array) => Shape::Array(self.build(&array.items)?),
            Schema::Map(map) => Shape::Map(self.build(&map.types)?),
            Schema::Union(union) => {
                let branches = union.variants().iter().map(|branch| self.build(branch));
                Shape::Union(branches.collect::<Result<_, _>>()?)
            }
            Schema::Record(record) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    fields.push((field.name.clone(), self.build(&field.schema)?));
                }
                Shape::Record(fields)
            }
            leaf => leaf_shape(leaf),
        })
    }
}

fn leaf_shape(schema: &Schema) -> Shape {
    let long = |count| Shape::Whole(Whole::LONG.counting(count));
    let int = |count| Shape::Whole(Whole::INT.counting(count));
    match schema {
        Schema::Boolean => Shape::Boolean,
        Schema::Int => int(Count::Plain),
        Schema::Long => long(Count::Plain),
        Schema::Float => Shape::Float,
        Schema::Double => Shape::Double,
        // A decimal that says its own scale is written as bytes in bytes: nothing but bytes to a reader of this schema.
        Schema::Bytes | Schema::BigDecimal | Schema::Uuid(UuidSchema::Bytes) => Shape::Bytes,
        Schema::String => Shape::Text,
        Schema::Uuid(UuidSchema::String) => Shape::UuidText,
        Schema::Uuid(UuidSchema::Fixed(fixed)) | Schema::Fixed(fixed) => Shape::Fixed(fixed.size),
        Schema::Duration(_) => Shape::Duration,
        Schema::Decimal(decimal) => {
            let fixed = match &decimal.inner {
                InnerDecimalSchema::Bytes => None,
                InnerDecimalSchema::Fixed(fixed) => Some(fixed.size),
            };
            Shape::Decimal { precision: decimal.precision, scale: decimal.scale, fixed }
        }
        Schema::Enum(of) => Shape::Enum(of.symbols.clone()),
        Schema::Date => int(Count::Days),
        Schema::TimeMillis => int(Count::OfDay(Unit::Ms)),
        Schema::TimeMicros => long(Count::OfDay(Unit::Us)),
        Schema::TimestampMillis | Schema::LocalTimestampMillis => long(Count::Epoch(Unit::Ms)),
        Schema::TimestampMicros | Schema::LocalTimestampMicros => long(Count::Epoch(Unit::Us)),
        Schema::TimestampNanos | Schema::LocalTimestampNanos => long(Count::Epoch(Unit::Ns)),
        _ => Shape::Null,
    }
}
