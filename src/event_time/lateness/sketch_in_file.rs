//! A sketch in a file: HdrHistogram's own V2 format as base64 text, which other tools read, and what is beyond it.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use hdrhistogram::serialization::{Deserializer as V2Reader, Serializer as _, V2Serializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::sketch::MsSketch;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InFile {
    histogram: String,
    beyond: u64,
    longest_ms: u64,
}

impl<const DIGITS: u8> Serialize for MsSketch<DIGITS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (told_apart, beyond, longest_ms) = self.parts();
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(told_apart, &mut bytes).map_err(ser::Error::custom)?;
        InFile { histogram: BASE64.encode(bytes), beyond, longest_ms }.serialize(serializer)
    }
}

impl<'de, const DIGITS: u8> Deserialize<'de> for MsSketch<DIGITS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let InFile { histogram, beyond, longest_ms } = InFile::deserialize(deserializer)?;
        let bytes = BASE64.decode(histogram).map_err(de::Error::custom)?;
        let read = V2Reader::new().deserialize::<u64, _>(&mut bytes.as_slice()).map_err(de::Error::custom)?;
        MsSketch::of_parts(&read, beyond, longest_ms).map_err(de::Error::custom)
    }
}
