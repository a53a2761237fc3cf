//! Writes Avro. Which branch of a union is taken and where recursion ends is settled when the schema is compiled.

use super::super::filling::{Filling, Forms, Lookup, Path};
use super::super::framing::write_zigzag;
use super::super::holds::Holds;
use super::super::source::{SchemaEvent, Source, Whole, tag, turn_of, usual_length};
use super::super::{Fact, SchemaError, SchemaText};
use super::shapes::{Shape, Shapes};
use crate::event::time_form::TimeForm;

/// Writes payloads of one Avro schema.
#[derive(Debug, Clone)]
pub(in super::super) struct AvroWriter {
    root: Node,
    forms: Forms,
    /// A text before its length is known.
    text: Vec<u8>,
}

/// How a place of the schema is written.
#[derive(Debug, Clone)]
enum Node {
    Nothing,
    Boolean(Source),
    Whole(Source, Whole),
    Float(Source),
    Double(Source),
    Bytes(Source),
    Fixed(Source, usize),
    Text(Source),
    Uuid(Source),
    Duration(Source),
    Decimal {
        source: Source,
        precision: usize,
        scale: usize,
        fixed: Option<usize>,
    },
    Enum(Source, Vec<String>),
    Array {
        items: Box<Node>,
        tag: u64,
    },
    Map {
        values: Box<Node>,
        tag: u64,
    },
    /// A list or map that stays empty, as its items refer to what they stand in.
    Empty,
    Branch {
        number: i64,
        value: Box<Node>,
    },
    Record(Vec<Node>),
}

impl AvroWriter {
    pub(in super::super) fn compile(schema: &SchemaText, filling: &Filling) -> Result<Self, SchemaError> {
        let shapes = Shapes::parse(schema)?;
        let mut compiler = Compiler { shapes: &shapes, within: Vec::new(), lookup: Lookup::new(filling) };
        let root = compiler.node(shapes.root, &Path::default())?;
        Ok(AvroWriter { root, forms: compiler.lookup.finish()?, text: Vec::new() })
    }

    pub(in super::super) fn form_of(&self, fact: Fact) -> Option<&TimeForm> {
        self.forms.iter().find(|(of, _)| *of == fact).map(|(_, form)| form)
    }

    pub(in super::super) fn write(&mut self, out: &mut Vec<u8>, event: &SchemaEvent<'_>) {
        self.root.write(out, &mut self.text, event, 0);
    }
}

struct Compiler<'c> {
    shapes: &'c Shapes,
    /// The records that are being compiled, from the outermost.
    within: Vec<usize>,
    lookup: Lookup<'c>,
}

impl Compiler<'_> {
    fn node(&mut self, number: usize, path: &Path) -> Result<Node, SchemaError> {
        match self.shapes.at(number) {
            Shape::Record(fields) => self.record(number, fields.clone(), path),
            Shape::Union(branches) => self.union(&branches.clone(), path),
            Shape::Array(items) => self.repeated(*items, path, |items, tag| Node::Array { items, tag }),
            Shape::Map(values) => self.repeated(*values, path, |values, tag| Node::Map { values, tag }),
            Shape::Null => self.lookup.refuse_at(path, "nothing").map(|()| Node::Nothing),
            leaf => self.leaf(&leaf.clone(), path),
        }
    }

    fn record(&mut self, number: usize, fields: Vec<(String, usize)>, path: &Path) -> Result<Node, SchemaError> {
        if self.within.contains(&number) {
            return Err(SchemaError::Endless { path: path.shown() });
        }
        self.lookup.refuse_at(path, "a record")?;
        self.within.push(number);
        let nodes = fields.into_iter().map(|(name, field)| self.node(field, &path.field(&name)));
        let nodes = nodes.collect::<Result<_, _>>();
        self.within.pop();
        nodes.map(Node::Record)
    }

    /// Items that refer to what they stand in are left out: so the message ends.
    fn repeated(&mut self, of: usize, path: &Path, node: impl Fn(Box<Node>, u64) -> Node) -> Result<Node, SchemaError> {
        self.lookup.refuse_at(path, "a list or map")?;
        let before = self.lookup.clone();
        match self.node(of, &path.any_item()) {
            Ok(items) => Ok(node(Box::new(items), tag(&path.text))),
            Err(SchemaError::Endless { .. }) => {
                self.lookup = before;
                Ok(Node::Empty)
            }
            Err(error) => Err(error),
        }
    }

    /// The branch in which most of what is asked for has its place; else the first that is not null and ends; else null.
    fn union(&mut self, branches: &[usize], path: &Path) -> Result<Node, SchemaError> {
        let (mut best, mut null, mut refused) = (None::<(usize, Node, Lookup<'_>)>, None, None);
        let before = self.lookup.clone();
        for (position, branch) in branches.iter().enumerate() {
            if *self.shapes.at(*branch) == Shape::Null {
                null = Some(position);
                continue;
            }
            self.lookup = before.clone();
            match self.node(*branch, path) {
                Ok(node) if best.as_ref().is_none_or(|(.., found)| found.count() < self.lookup.count()) => {
                    best = Some((position, node, self.lookup.clone()));
                }
                Ok(_) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        if let Some((position, node, found)) = best {
            self.lookup = found;
            return Ok(Node::Branch { number: position as i64, value: Box::new(node) });
        }
        self.lookup = before;
        match (null, refused) {
            (Some(_), Some(error)) if self.lookup.is_asked(path) => Err(error),
            (Some(position), None | Some(SchemaError::Endless { .. })) => {
                Ok(Node::Branch { number: position as i64, value: Box::new(Node::Nothing) })
            }
            (_, error) => Err(error.unwrap_or(SchemaError::Endless { path: path.shown() })),
        }
    }

    fn leaf(&mut self, shape: &Shape, path: &Path) -> Result<Node, SchemaError> {
        let mut source = |holds: Holds| self.lookup.source(path, &holds);
        let text = Holds::Text { min: 0, max: None };
        Ok(match shape {
            Shape::Boolean => Node::Boolean(source(Holds::Boolean)?),
            Shape::Whole(whole) => Node::Whole(source(Holds::Whole(*whole))?, *whole),
            Shape::Float => Node::Float(source(Holds::Fraction { bits: 32 })?),
            Shape::Double => Node::Double(source(Holds::Fraction { bits: 64 })?),
            Shape::Bytes => Node::Bytes(source(Holds::Bytes(None))?),
            Shape::Text => Node::Text(source(text)?),
            Shape::UuidText => Node::Uuid(source(Holds::Uuid)?),
            Shape::Fixed(bytes) => Node::Fixed(source(Holds::Bytes(Some(*bytes)))?, *bytes),
            Shape::Duration => Node::Duration(source(Holds::Other("a duration"))?),
            Shape::Decimal { precision, scale, fixed } => {
                let (precision, scale, fixed) = (*precision, *scale, *fixed);
                Node::Decimal { source: source(Holds::Decimal { precision, scale })?, precision, scale, fixed }
            }
            Shape::Enum(symbols) => Node::Enum(source(Holds::Symbols(symbols.clone()))?, symbols.clone()),
            Shape::Null | Shape::Array(_) | Shape::Map(_) | Shape::Union(_) | Shape::Record(_) => Node::Nothing,
        })
    }
}

impl Node {
    fn write(&mut self, out: &mut Vec<u8>, text: &mut Vec<u8>, event: &SchemaEvent<'_>, turn: u64) {
        match self {
            Node::Nothing => {}
            Node::Record(fields) => fields.iter_mut().for_each(|field| field.write(out, text, event, turn)),
            Node::Branch { number, value } => {
                write_zigzag(out, *number);
                value.write(out, text, event, turn);
            }
            Node::Array { items, tag } => {
                let count = usual_length(*tag, event, turn);
                write_zigzag(out, count.cast_signed());
                (0..count).for_each(|item| items.write(out, text, event, turn_of(turn, item)));
                out.push(0);
            }
            Node::Map { values, tag } => {
                let count = usual_length(*tag, event, turn);
                write_zigzag(out, count.cast_signed());
                for item in 0..count {
                    write_counted(out, &[&b"key"[..], &[b'1' + item as u8]].concat());
                    values.write(out, text, event, turn_of(turn, item));
                }
                out.push(0);
            }
            Node::Empty => out.push(0),
            leaf => leaf.write_leaf(out, text, event, turn),
        }
    }

    fn write_leaf(&mut self, out: &mut Vec<u8>, text: &mut Vec<u8>, event: &SchemaEvent<'_>, turn: u64) {
        text.clear();
        match self {
            Node::Boolean(source) => out.push(u8::from(source.boolean(event, turn))),
            Node::Whole(source, whole) => write_zigzag(out, source.whole(event, turn, whole)),
            Node::Float(source) => out.extend_from_slice(&(source.fraction(event, turn) as f32).to_le_bytes()),
            Node::Double(source) => out.extend_from_slice(&source.fraction(event, turn).to_le_bytes()),
            Node::Fixed(source, bytes) => source.write_bytes(out, event, turn, Some(*bytes)),
            Node::Bytes(source) => {
                source.write_bytes(text, event, turn, None);
                write_counted(out, text);
            }
            Node::Text(source) => {
                source.write_text(text, event, turn, 0, None);
                write_counted(out, text);
            }
            Node::Uuid(source) => {
                super::super::source::write_uuid(text, source.uuid(event, turn));
                write_counted(out, text);
            }
            Node::Duration(source) => {
                // Months, days, milliseconds: up to a month.
                let (days, hours) = (source.up_to(event, turn, 31) as u32, source.up_to(event, turn + 1, 24) as u32);
                [0, days, hours * 3_600_000].iter().for_each(|part| out.extend_from_slice(&part.to_le_bytes()));
            }
            Node::Decimal { source, precision, scale, fixed } => {
                write_decimal(out, source.unscaled(event, turn, *precision, *scale), *fixed);
            }
            Node::Enum(source, symbols) => write_zigzag(out, source.symbol(event, turn, symbols) as i64),
            _ => {}
        }
    }
}

fn write_counted(out: &mut Vec<u8>, bytes: &[u8]) {
    write_zigzag(out, bytes.len() as i64);
    out.extend_from_slice(bytes);
}

/// In two's complement, the highest byte first: as few bytes as hold the number, or exactly so many.
fn write_decimal(out: &mut Vec<u8>, unscaled: i128, fixed: Option<usize>) {
    let bytes = unscaled.to_be_bytes();
    let sign = if unscaled < 0 { 0xFF } else { 0 };
    let is_needless =
        |pair: &[u8]| pair.first() == Some(&sign) && pair.get(1).is_some_and(|next| next & 0x80 == sign & 0x80);
    let skipped = bytes.windows(2).take_while(|pair| is_needless(pair)).count();
    let short = bytes.get(skipped..).unwrap_or_default();
    match fixed {
        None => write_counted(out, short),
        Some(size) => {
            let held = short.get(short.len().saturating_sub(size)..).unwrap_or_default();
            out.resize(out.len() + size - held.len(), sign);
            out.extend_from_slice(held);
        }
    }
}
