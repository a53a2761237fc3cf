//! Bytes to text: UTF-8 with or without a byte order mark, and UTF-16 with one, as Grafana writes for Excel.

use std::borrow::Cow;

use super::ImportError;

/// The first bytes of common compressed and binary files.
const MAGIC: [(&[u8], &str); 6] = [
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"PAR1", "Parquet"),
    (b"SQLite format 3", "an SQLite database"),
];

/// The text of a file, without a byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ImportError> {
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(ImportError::Binary { line: 1, found: Some(kind) });
    }
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(utf8(rest)?),
        plain => Cow::Borrowed(utf8(plain)?),
    };
    if text.trim().is_empty() {
        return Err(ImportError::Empty);
    }
    match text.find('\0') {
        Some(place) => Err(binary(text.as_bytes(), place)),
        None => Ok(text),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, ImportError> {
    std::str::from_utf8(bytes).map_err(|error| binary(bytes, error.valid_up_to()))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ImportError> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let mut text = String::with_capacity(bytes.len() / 2);
    for decoded in char::decode_utf16(units) {
        text.push(decoded.map_err(|_| binary(text.as_bytes(), text.len()))?);
    }
    Ok(text)
}

fn binary(bytes: &[u8], place: usize) -> ImportError {
    let before = bytes.get(..place).unwrap_or_default();
    ImportError::Binary { line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(), found: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_understood_and_left_out() {
        let utf16 = |mark: [u8; 2], to: fn(u16) -> [u8; 2]| {
            let mut bytes = mark.to_vec();
            bytes.extend("Zeit\t1".encode_utf16().flat_map(to));
            bytes
        };
        for bytes in [
            b"Zeit\t1".to_vec(),
            b"\xef\xbb\xbfZeit\t1".to_vec(),
            utf16([0xff, 0xfe], u16::to_le_bytes),
            utf16([0xfe, 0xff], u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).unwrap(), "Zeit\t1");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_line() {
        let refusal = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        assert_eq!(refusal(b" \n\t"), "the file is empty");
        assert!(refusal(b"\x1f\x8b\x08").contains("looks like gzip"));
        assert!(refusal(b"a\nb\n\xff\xff").starts_with("line 3: this is binary data"));
        assert!(refusal(b"a\n\0").starts_with("line 2: this is binary data"));
        assert!(refusal(b"\xff\xfe\x00\xdc\x00\x00").starts_with("line 1: this is binary data"));
    }
}
