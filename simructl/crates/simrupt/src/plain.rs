// SPDX-License-Identifier: GPL-2.0-only

//! Plain text from a file of the user. Compressed files and UTF-16 are refused by name, because a parser would complain
//! about their first byte. A byte order mark at the beginning of UTF-8 is skipped.

use std::fmt;
use std::io::{self, Read};

use proc_interrupts::{BYTE_ORDER_MARK, encoding_of};

/// As many bytes as it takes to recognize a format.
const LONGEST: u64 = 6;

/// Reads a source that must be plain text.
#[derive(Debug)]
pub(crate) struct Plain<R> {
    source: R,
    /// The first bytes, once they are read, and how many of them were handed on.
    first: Option<(Vec<u8>, usize)>,
}

/// The source is not plain text, but in this format.
#[derive(Debug)]
pub(crate) struct Encoded(pub(crate) &'static str);

impl<R: Read> Plain<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            first: None,
        }
    }

    fn begin(&mut self) -> io::Result<(Vec<u8>, usize)> {
        let mut first = Vec::new();
        self.source.by_ref().take(LONGEST).read_to_end(&mut first)?;
        if let Some(name) = encoding_of(&first) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, Encoded(name)));
        }
        let mark = match first.starts_with(BYTE_ORDER_MARK) {
            true => BYTE_ORDER_MARK.len(),
            false => 0,
        };
        Ok((first, mark))
    }
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let (first, done) = match self.first.take() {
            Some(first) => first,
            None => self.begin()?,
        };
        let mut rest = &first[done..];
        let count = match rest.is_empty() {
            true => self.source.read(bytes),
            false => rest.read(bytes),
        };
        let done = first.len() - rest.len();
        self.first = Some((first, done));
        count
    }
}

impl fmt::Display for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is {}, not plain text", self.0)
    }
}

impl std::error::Error for Encoded {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        // Byte by byte, as from a pipe.
        let mut source = Plain::new(bytes);
        let mut byte = [0];
        while source.read(&mut byte)? > 0 {
            text.push(byte[0]);
        }
        Ok(text)
    }

    #[test]
    fn a_text_is_unchanged_except_for_the_byte_order_mark() {
        for text in ["", "a", "{\"schema\"", "longer than that is\n"] {
            assert_eq!(read(text.as_bytes()).unwrap(), text.as_bytes());
            let marked = format!("\u{feff}{text}");
            assert_eq!(read(marked.as_bytes()).unwrap(), text.as_bytes());
        }
        assert_eq!(read(b"a\xef\xbb\xbf").unwrap(), b"a\xef\xbb\xbf");
    }

    #[test]
    fn a_compressed_file_is_refused_by_name() {
        let told = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(
            told(b"\x1f\x8b\x08\0\0\0\0"),
            "it is gzip-compressed, not plain text"
        );
        assert_eq!(told(b"\xff\xfe{\0"), "it is UTF-16 text, not plain text");
        assert!(told(b"\x28\xb5\x2f\xfd").contains("zstd"));
    }
}
