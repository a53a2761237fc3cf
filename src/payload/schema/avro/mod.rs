//! Avro: by a schema, fields are written one after the other without names (Apache Avro 1.12, "Binary Encoding").

mod read;
mod shapes;
#[cfg(test)]
mod tests;
mod write;

pub(super) use read::AvroReader;
pub(super) use shapes::record_name;
pub(super) use write::AvroWriter;
