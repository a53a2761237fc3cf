//! Writes Protobuf (protobuf.dev, "Encoding"). Which field of a `oneof` is taken and where recursion ends is settled when the schema is compiled.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};

use super::super::filling::{Filling, Forms, Lookup, Path};
use super::super::framing::write_varint;
use super::super::holds::Holds;
use super::super::source::{Count, SchemaEvent, Source, Whole, tag, turn_of, usual_length};
use super::super::{Fact, SchemaError, SchemaText};
use super::files;
use crate::event::time_form::TimeForm;

const TIMESTAMP: &str = "google.protobuf.Timestamp";
const ANY: &str = "google.protobuf.Any";

/// How a field's bytes end: the last three bits of its tag.
const VARINT: u32 = 0;
const FIXED_64: u32 = 1;
const COUNTED: u32 = 2;
const FIXED_32: u32 = 5;

/// Writes payloads of one message.
#[derive(Debug, Clone)]
pub(in super::super) struct ProtobufWriter {
    fields: Vec<Field>,
    forms: Forms,
    indexes: Vec<i32>,
    /// Bytes before their number is known, for each level of nesting.
    spare: Vec<Vec<u8>>,
}

#[derive(Debug, Clone)]
struct Field {
    number: u32,
    value: Node,
}

#[derive(Debug, Clone)]
enum Node {
    Boolean(Source),
    /// As a varint, negative numbers in ten bytes.
    Whole(Source, Whole),
    /// As a zigzag varint.
    Zigzag(Source, Whole),
    Fixed32(Source, Whole),
    Fixed64(Source, Whole),
    Float(Source),
    Double(Source),
    Text(Source),
    Bytes(Source),
    Enum {
        source: Source,
        symbols: Vec<String>,
        numbers: Vec<i32>,
    },
    /// Seconds and nanoseconds.
    Moment(Source),
    Message(Vec<Field>),
    List {
        items: Box<Node>,
        is_packed: bool,
        tag: u64,
    },
    Map {
        key: MapKey,
        value: Box<Node>,
        tag: u64,
    },
}

/// What a map's keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MapKey {
    Text,
    Boolean,
    Varint,
    Zigzag,
    Fixed32,
    Fixed64,
}

impl ProtobufWriter {
    pub(in super::super) fn compile(
        schema: &SchemaText,
        message: Option<&str>,
        filling: &Filling,
    ) -> Result<Self, SchemaError> {
        let file = files::parse(schema)?;
        let message = files::message(&file, message)?;
        let mut compiler = Compiler { within: Vec::new(), lookup: Lookup::new(filling) };
        let fields = compiler.message(&message, &Path::default())?;
        let (forms, indexes) = (compiler.lookup.finish()?, files::indexes_of(&message));
        Ok(ProtobufWriter { fields, forms, indexes, spare: Vec::new() })
    }

    pub(in super::super) fn form_of(&self, fact: Fact) -> Option<&TimeForm> {
        self.forms.iter().find(|(of, _)| *of == fact).map(|(_, form)| form)
    }

    /// The path to the message in its file.
    pub(in super::super) fn indexes(&self) -> &[i32] {
        &self.indexes
    }

    pub(in super::super) fn write(&mut self, out: &mut Vec<u8>, event: &SchemaEvent<'_>) {
        self.fields.iter_mut().for_each(|field| field.write(out, &mut self.spare, event, 0));
    }
}

struct Compiler<'c> {
    /// The full names of the messages that are being compiled, from the outermost.
    within: Vec<String>,
    lookup: Lookup<'c>,
}

impl Compiler<'_> {
    fn message(&mut self, message: &MessageDescriptor, path: &Path) -> Result<Vec<Field>, SchemaError> {
        if self.within.iter().any(|of| of == message.full_name()) {
            return Err(SchemaError::Endless { path: path.shown() });
        }
        self.lookup.refuse_at(path, "a message")?;
        self.within.push(message.full_name().to_owned());
        let fields = self.fields(message, path);
        self.within.pop();
        fields
    }

    fn fields(&mut self, message: &MessageDescriptor, path: &Path) -> Result<Vec<Field>, SchemaError> {
        let mut fields = Vec::new();
        for field in message.fields().filter(|field| field.containing_oneof().is_none()) {
            fields.extend(self.if_it_ends(&field, path)?);
        }
        for oneof in message.oneofs() {
            fields.extend(self.one_of(&oneof, path)?);
        }
        fields.sort_by_key(|field| field.number);
        Ok(fields)
    }

    /// A field, or nothing for one that would not end and need not be there.
    fn if_it_ends(&mut self, field: &FieldDescriptor, path: &Path) -> Result<Option<Field>, SchemaError> {
        let before = self.lookup.clone();
        match self.field(field, path) {
            Err(SchemaError::Endless { .. }) if field.cardinality() != prost_reflect::Cardinality::Required => {
                self.lookup = before;
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// The field in which most of what is asked for has its place; else the first that ends.
    fn one_of(&mut self, oneof: &OneofDescriptor, path: &Path) -> Result<Option<Field>, SchemaError> {
        let (mut best, mut refused) = (None::<(Field, Lookup<'_>)>, None);
        let before = self.lookup.clone();
        for field in oneof.fields() {
            self.lookup = before.clone();
            match self.if_it_ends(&field, path) {
                Ok(Some(field)) if best.as_ref().is_none_or(|(_, found)| found.count() < self.lookup.count()) => {
                    best = Some((field, self.lookup.clone()));
                }
                Ok(_) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        self.lookup = before;
        match (best, refused) {
            (_, Some(error)) => Err(error),
            (Some((field, found)), None) => {
                self.lookup = found;
                Ok(Some(field))
            }
            (None, None) => Ok(None),
        }
    }

    fn field(&mut self, field: &FieldDescriptor, path: &Path) -> Result<Field, SchemaError> {
        let path = path.field(field.name());
        let value = if field.is_map() {
            self.map(field, &path)?
        } else if field.is_list() {
            self.lookup.refuse_at(&path, "a list")?;
            let items = Box::new(self.value(&field.kind(), &path.any_item())?);
            Node::List { items, is_packed: field.is_packed(), tag: tag(&path.text) }
        } else if field.is_group() {
            // Groups are gone since proto3; those that must be there are refused as what cannot end.
            return Err(SchemaError::Endless { path: path.shown() });
        } else {
            self.value(&field.kind(), &path)?
        };
        Ok(Field { number: field.number(), value })
    }

    fn map(&mut self, field: &FieldDescriptor, path: &Path) -> Result<Node, SchemaError> {
        self.lookup.refuse_at(path, "a map")?;
        let Kind::Message(entry) = field.kind() else { return Err(SchemaError::Endless { path: path.shown() }) };
        let value = Box::new(self.value(&entry.map_entry_value_field().kind(), &path.any_item())?);
        let key = match entry.map_entry_key_field().kind() {
            Kind::String => MapKey::Text,
            Kind::Bool => MapKey::Boolean,
            Kind::Sint32 | Kind::Sint64 => MapKey::Zigzag,
            Kind::Fixed32 | Kind::Sfixed32 => MapKey::Fixed32,
            Kind::Fixed64 | Kind::Sfixed64 => MapKey::Fixed64,
            _ => MapKey::Varint,
        };
        Ok(Node::Map { key, value, tag: tag(&path.text) })
    }

    fn value(&mut self, kind: &Kind, path: &Path) -> Result<Node, SchemaError> {
        const UINT: Whole = Whole { count: Count::Plain, min: 0, max: u32::MAX as i64 };
        const ULONG: Whole = Whole { count: Count::Plain, min: 0, max: i64::MAX };
        let mut source = |holds: Holds| self.lookup.source(path, &holds);
        let mut whole = |whole: Whole| Ok::<_, SchemaError>((source(Holds::Whole(whole))?, whole));
        let of = |(source, whole): (Source, Whole), node: fn(Source, Whole) -> Node| node(source, whole);
        Ok(match kind {
            Kind::Int32 => of(whole(Whole::INT)?, Node::Whole),
            Kind::Int64 => of(whole(Whole::LONG)?, Node::Whole),
            Kind::Uint32 => of(whole(UINT)?, Node::Whole),
            Kind::Uint64 => of(whole(ULONG)?, Node::Whole),
            Kind::Sint32 => of(whole(Whole::INT)?, Node::Zigzag),
            Kind::Sint64 => of(whole(Whole::LONG)?, Node::Zigzag),
            Kind::Fixed32 => of(whole(UINT)?, Node::Fixed32),
            Kind::Sfixed32 => of(whole(Whole::INT)?, Node::Fixed32),
            Kind::Fixed64 => of(whole(ULONG)?, Node::Fixed64),
            Kind::Sfixed64 => of(whole(Whole::LONG)?, Node::Fixed64),
            Kind::Bool => Node::Boolean(source(Holds::Boolean)?),
            Kind::Float => Node::Float(source(Holds::Fraction { bits: 32 })?),
            Kind::Double => Node::Double(source(Holds::Fraction { bits: 64 })?),
            Kind::String => Node::Text(source(Holds::Text { min: 0, max: None })?),
            Kind::Bytes => Node::Bytes(source(Holds::Bytes(None))?),
            Kind::Enum(of) => {
                let symbols: Vec<String> = of.values().map(|value| value.name().to_owned()).collect();
                let numbers = of.values().map(|value| value.number()).collect();
                Node::Enum { source: source(Holds::Symbols(symbols.clone()))?, symbols, numbers }
            }
            Kind::Message(of) if of.full_name() == TIMESTAMP => Node::Moment(source(Holds::Moment)?),
            // What it would hold is not known.
            Kind::Message(of) if of.full_name() == ANY => Node::Message(Vec::new()),
            Kind::Message(of) => Node::Message(self.message(of, path)?),
        })
    }
}

impl Field {
    fn write(&mut self, out: &mut Vec<u8>, spare: &mut Vec<Vec<u8>>, event: &SchemaEvent<'_>, turn: u64) {
        let number = self.number;
        match &mut self.value {
            Node::List { items, is_packed: true, tag } => {
                let mut packed = spare.pop().unwrap_or_default();
                for item in 0..usual_length(*tag, event, turn) {
                    items.write(&mut packed, spare, event, turn_of(turn, item));
                }
                write_tag(out, number, COUNTED);
                give_back(out, packed, spare);
            }
            Node::List { items, is_packed: false, tag } => {
                for item in 0..usual_length(*tag, event, turn) {
                    write_tag(out, number, items.ending());
                    items.write(out, spare, event, turn_of(turn, item));
                }
            }
            Node::Map { key, value, tag } => {
                for item in 0..usual_length(*tag, event, turn) {
                    let mut entry = spare.pop().unwrap_or_default();
                    key.write(&mut entry, item + 1);
                    write_tag(&mut entry, 2, value.ending());
                    value.write(&mut entry, spare, event, turn_of(turn, item));
                    write_tag(out, number, COUNTED);
                    give_back(out, entry, spare);
                }
            }
            value => {
                write_tag(out, number, value.ending());
                value.write(out, spare, event, turn);
            }
        }
    }
}

impl Node {
    fn ending(&self) -> u32 {
        match self {
            Node::Boolean(_) | Node::Whole(..) | Node::Zigzag(..) | Node::Enum { .. } => VARINT,
            Node::Fixed32(..) | Node::Float(_) => FIXED_32,
            Node::Fixed64(..) | Node::Double(_) => FIXED_64,
            Node::Text(_)
            | Node::Bytes(_)
            | Node::Moment(_)
            | Node::Message(_)
            | Node::List { .. }
            | Node::Map { .. } => COUNTED,
        }
    }

    /// The value without its tag.
    fn write(&mut self, out: &mut Vec<u8>, spare: &mut Vec<Vec<u8>>, event: &SchemaEvent<'_>, turn: u64) {
        match self {
            Node::Boolean(source) => out.push(u8::from(source.boolean(event, turn))),
            Node::Whole(source, whole) => write_varint(out, source.whole(event, turn, whole).cast_unsigned()),
            Node::Zigzag(source, whole) => super::super::framing::write_zigzag(out, source.whole(event, turn, whole)),
            Node::Fixed32(source, whole) => {
                out.extend_from_slice(&(source.whole(event, turn, whole) as u32).to_le_bytes());
            }
            Node::Fixed64(source, whole) => out.extend_from_slice(&source.whole(event, turn, whole).to_le_bytes()),
            Node::Float(source) => out.extend_from_slice(&(source.fraction(event, turn) as f32).to_le_bytes()),
            Node::Double(source) => out.extend_from_slice(&source.fraction(event, turn).to_le_bytes()),
            Node::Enum { source, symbols, numbers } => {
                let number = numbers.get(source.symbol(event, turn, symbols)).copied().unwrap_or(0);
                write_varint(out, i64::from(number).cast_unsigned());
            }
            counted => counted.write_counted(out, spare, event, turn),
        }
    }

    fn write_counted(&mut self, out: &mut Vec<u8>, spare: &mut Vec<Vec<u8>>, event: &SchemaEvent<'_>, turn: u64) {
        let mut inside = spare.pop().unwrap_or_default();
        match self {
            Node::Text(source) => source.write_text(&mut inside, event, turn, 0, None),
            Node::Bytes(source) => source.write_bytes(&mut inside, event, turn, None),
            Node::Moment(source) => write_moment(&mut inside, source.moment_us(event, turn)),
            Node::Message(fields) => fields.iter_mut().for_each(|field| field.write(&mut inside, spare, event, turn)),
            _ => {}
        }
        give_back(out, inside, spare);
    }
}

impl MapKey {
    /// The key of the item of this number, from 1, with its tag.
    fn write(self, out: &mut Vec<u8>, number: u64) {
        match self {
            MapKey::Text => {
                let mut digits = itoa::Buffer::new();
                let text = digits.format(number);
                write_tag(out, 1, COUNTED);
                write_varint(out, 3 + text.len() as u64);
                out.extend_from_slice(b"key");
                out.extend_from_slice(text.as_bytes());
            }
            // There are only two of them: of entries with the same key the last counts.
            MapKey::Boolean => write_one(out, number & 1),
            MapKey::Varint => write_one(out, number),
            MapKey::Zigzag => write_one(out, number << 1),
            MapKey::Fixed32 => {
                write_tag(out, 1, FIXED_32);
                out.extend_from_slice(&(number as u32).to_le_bytes());
            }
            MapKey::Fixed64 => {
                write_tag(out, 1, FIXED_64);
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
    }
}

fn write_one(out: &mut Vec<u8>, number: u64) {
    write_tag(out, 1, VARINT);
    write_varint(out, number);
}

fn write_moment(out: &mut Vec<u8>, us: i64) {
    let (seconds, us) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000));
    write_tag(out, 1, VARINT);
    write_varint(out, seconds.cast_unsigned());
    if us > 0 {
        write_tag(out, 2, VARINT);
        write_varint(out, us.cast_unsigned() * 1_000);
    }
}

fn write_tag(out: &mut Vec<u8>, number: u32, ending: u32) {
    write_varint(out, u64::from(number << 3 | ending));
}

/// Appends bytes after their number, and keeps their memory for the next.
fn give_back(out: &mut Vec<u8>, mut bytes: Vec<u8>, spare: &mut Vec<Vec<u8>>) {
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(&bytes);
    bytes.clear();
    spare.push(bytes);
}
