// SPDX-License-Identifier: GPL-2.0-only

//! Reads a table from a text or from a source such as a file.

use std::io::{BufRead, BufReader, Cursor, Read};

use crate::notice::{ParseError, ReadError};
use crate::parse::Parser;
use crate::table::Table;

/// The first bytes of files that are not plain text. Longer ones come before shorter ones.
const ENCODED: [(&[u8], &str); 8] = [
    (b"\xfd7zXZ\0", "xz-compressed"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (b"\x04\x22\x4d\x18", "lz4-compressed"),
    (b"PK\x03\x04", "a zip archive"),
    (b"BZh", "bzip2-compressed"),
    (GZIP, "gzip-compressed"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];
const GZIP: &[u8] = b"\x1f\x8b";
/// The mark that some editors write at the beginning of UTF-8 text.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// Longer texts are refused: a packed file of some kilobytes can contain any number of lines.
const LONGEST_TEXT: u64 = 256 * 1024 * 1024;
/// The length of the longest of these first bytes.
const LONGEST: usize = 6;

impl Table {
    /// Reads a table from a text, which need not be UTF-8.
    ///
    /// Lines before the names of the CPUs and after the last row are skipped, and a last row that is cut is left out:
    /// see [`Table::notices`].
    ///
    /// # Errors
    ///
    /// The text is not a table, or the number of counts in a row is not the number of CPUs.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        let text = plain(text.as_ref())?;
        let mut parser = Parser::default();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            take(&mut parser, line)?;
        }
        parser.finish()
    }

    /// Reads a table from a source such as a file, line by line: the whole text is never in memory. With the feature
    /// `gzip`, which is on by default, the source may be compressed by gzip.
    ///
    /// # Errors
    ///
    /// The source fails, or [`Table::parse`] would fail.
    pub fn read(source: impl Read) -> Result<Self, ReadError> {
        let mut source = BufReader::with_capacity(64 * 1024, source);
        let mut first = Vec::with_capacity(LONGEST);
        source
            .by_ref()
            .take(LONGEST as u64)
            .read_to_end(&mut first)?;
        let is_gzip = first.starts_with(GZIP);
        let mut source = Cursor::new(first).chain(source);
        match is_gzip && cfg!(feature = "gzip") {
            true => unpacked(&mut source),
            false => lines(&mut source),
        }
    }
}

#[cfg(feature = "gzip")]
fn unpacked(source: &mut dyn BufRead) -> Result<Table, ReadError> {
    lines(&mut BufReader::new(flate2::bufread::MultiGzDecoder::new(
        source,
    )))
}

#[cfg(not(feature = "gzip"))]
fn unpacked(source: &mut dyn BufRead) -> Result<Table, ReadError> {
    lines(source)
}

fn lines(source: &mut dyn BufRead) -> Result<Table, ReadError> {
    let mut source = source.take(LONGEST_TEXT + 1);
    let mut parser = Parser::default();
    let mut line = Vec::new();
    let mut is_first = true;
    loop {
        line.clear();
        let read = source.read_until(b'\n', &mut line)?;
        // A text that was cut at the limit could be mistaken for the whole.
        if source.limit() == 0 {
            return Err(ReadError::TooLong);
        }
        if read == 0 {
            return Ok(parser.finish()?);
        }
        let line = match std::mem::take(&mut is_first) {
            true => plain(&line)?,
            false => &line,
        };
        take(&mut parser, line)?;
    }
}

fn take(parser: &mut Parser, line: &[u8]) -> Result<(), ParseError> {
    match line.strip_suffix(b"\n") {
        Some(line) => parser.line(line, true),
        None => parser.line(line, false),
    }
}

/// The text without the byte order mark; refuses a text that is not plain text.
fn plain(text: &[u8]) -> Result<&[u8], ParseError> {
    match encoding_of(text) {
        Some(name) => Err(ParseError::Encoded { name }),
        None => Ok(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)),
    }
}

/// The format of a file that is not plain text, by its first six bytes: `gzip-compressed`, `UTF-16 text`, and others.
///
/// ```
/// assert_eq!(proc_interrupts::encoding_of(b"\x1f\x8b\x08"), Some("gzip-compressed"));
/// assert_eq!(proc_interrupts::encoding_of(b"       CPU0"), None);
/// ```
pub fn encoding_of(first: &[u8]) -> Option<&'static str> {
    let mut known = ENCODED.iter();
    let (_, name) = known.find(|(begin, _)| first.starts_with(begin))?;
    Some(name)
}
