//! Reads Avro into JSON.

use serde_json::{Map, Value};

use super::super::framing::read_zigzag;
use super::super::hex::hex;
use super::super::{SchemaError, SchemaText, UndecodableError};
use super::shapes::{Shape, Shapes};

/// Deeper than any message that means well: the stack of a thread ends somewhere.
const DEEPEST: usize = 200;
/// The most items of all lists and maps together that take no bytes themselves, such as nulls.
const MOST_ITEMS: usize = 1 << 20;

/// Reads payloads of one Avro schema.
#[derive(Debug, Clone)]
pub(in super::super) struct AvroReader {
    shapes: Shapes,
}

impl AvroReader {
    pub(in super::super) fn compile(schema: &SchemaText) -> Result<Self, SchemaError> {
        Ok(AvroReader { shapes: Shapes::parse(schema)? })
    }

    pub(in super::super) fn read(&self, payload: &[u8]) -> Result<Value, UndecodableError> {
        let mut reading = Reading { shapes: &self.shapes, rest: payload, items: 0 };
        let value = reading.value(self.shapes.root, 0)?;
        match reading.rest.len() {
            0 => Ok(value),
            left => Err(UndecodableError::LeftOver(left)),
        }
    }
}

struct Reading<'r> {
    shapes: &'r Shapes,
    rest: &'r [u8],
    items: usize,
}

impl<'r> Reading<'r> {
    fn value(&mut self, number: usize, depth: usize) -> Result<Value, UndecodableError> {
        if depth > DEEPEST {
            return Err(UndecodableError::Wrong("it is nested too deeply"));
        }
        match self.shapes.at(number) {
            Shape::Record(fields) => {
                let mut record = Map::new();
                for (name, field) in fields {
                    record.insert(name.clone(), self.value(*field, depth + 1)?);
                }
                Ok(Value::Object(record))
            }
            Shape::Union(branches) => {
                let branch = usize::try_from(self.long()?).ok().and_then(|branch| branches.get(branch));
                let branch =
                    branch.ok_or(UndecodableError::Wrong("a union has a branch that the schema does not have"))?;
                self.value(*branch, depth + 1)
            }
            Shape::Array(items) => {
                let mut array = Vec::new();
                self.blocks(|reading| {
                    array.push(reading.value(*items, depth + 1)?);
                    Ok(())
                })?;
                Ok(Value::Array(array))
            }
            Shape::Map(values) => {
                let mut map = Map::new();
                self.blocks(|reading| {
                    let key = reading.text()?;
                    map.insert(key, reading.value(*values, depth + 1)?);
                    Ok(())
                })?;
                Ok(Value::Object(map))
            }
            leaf => self.leaf(leaf),
        }
    }

    fn leaf(&mut self, shape: &Shape) -> Result<Value, UndecodableError> {
        Ok(match shape {
            Shape::Boolean => match self.take(1)? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                _ => return Err(UndecodableError::Wrong("a boolean is neither 0 nor 1")),
            },
            Shape::Whole(whole) => {
                let number = self.long()?;
                if !whole.takes(number) {
                    return Err(UndecodableError::Wrong("a whole number does not fit its type"));
                }
                Value::from(number)
            }
            Shape::Float => Value::from(f32::from_le_bytes(self.array()?)),
            Shape::Double => Value::from(f64::from_le_bytes(self.array()?)),
            Shape::Bytes => Value::from(hex(self.counted()?)),
            Shape::Text | Shape::UuidText => Value::from(self.text()?),
            Shape::Fixed(bytes) => Value::from(hex(self.take(*bytes)?)),
            Shape::Duration => Value::from(hex(self.take(12)?)),
            Shape::Decimal { scale, fixed, .. } => {
                let bytes = if let Some(size) = fixed { self.take(*size)? } else { self.counted()? };
                Value::from(decimal(bytes, *scale))
            }
            Shape::Enum(symbols) => {
                let symbol = usize::try_from(self.long()?).ok().and_then(|symbol| symbols.get(symbol));
                Value::from(
                    symbol
                        .ok_or(UndecodableError::Wrong("an enum has a symbol that the schema does not have"))?
                        .as_str(),
                )
            }
            _ => Value::Null,
        })
    }

    /// Items come in blocks, each after its length; a negative length is followed by the block's size in bytes.
    fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), UndecodableError>,
    ) -> Result<(), UndecodableError> {
        loop {
            let count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                self.long()?;
            }
            for _ in 0..count.unsigned_abs() {
                self.items += 1;
                if self.items > MOST_ITEMS {
                    return Err(UndecodableError::Wrong("a list or map has more items than a message could hold"));
                }
                item(self)?;
            }
        }
    }

    fn take(&mut self, bytes: usize) -> Result<&'r [u8], UndecodableError> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(UndecodableError::CutShort)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], UndecodableError> {
        self.take(N)?.try_into().map_err(|_| UndecodableError::CutShort)
    }

    fn long(&mut self) -> Result<i64, UndecodableError> {
        let (number, rest) = read_zigzag(self.rest).ok_or(UndecodableError::CutShort)?;
        self.rest = rest;
        Ok(number)
    }

    fn counted(&mut self) -> Result<&'r [u8], UndecodableError> {
        let length = usize::try_from(self.long()?).map_err(|_| UndecodableError::Wrong("a length is negative"))?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, UndecodableError> {
        let text = std::str::from_utf8(self.counted()?);
        text.map(str::to_owned).map_err(|_| UndecodableError::Wrong("a text is not UTF-8"))
    }
}

/// As text with its point; beyond 128 bits as hexadecimal digits.
fn decimal(bytes: &[u8], scale: usize) -> String {
    if bytes.len() > 16 {
        return hex(bytes);
    }
    let is_negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut wide = if is_negative { [0xFF; 16] } else { [0; 16] };
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    let unscaled = i128::from_be_bytes(wide);
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
