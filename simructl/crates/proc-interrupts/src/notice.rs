// SPDX-License-Identifier: GPL-2.0-only

//! Remarks about the text of a table, and the reasons why a text is not a table.

use std::error::Error;
use std::fmt;
use std::io;

/// Something about the text of a table that its reader should know. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Lines before the names of the CPUs were skipped.
    SkippedBefore {
        /// How many, without blank ones.
        lines: usize,
    },
    /// Lines after the table were skipped: a prompt, for instance.
    SkippedAfter {
        /// The first of them.
        line: usize,
        /// How many; blank ones do not count.
        lines: usize,
    },
    /// The text ends within this line. Its counts may be cut, so the row is left out.
    CutRow {
        /// The line.
        line: usize,
    },
    /// The text ends within this line. Its counts are complete, but its words may be cut, and rows after it may be
    /// missing.
    NoFinalNewline {
        /// The line.
        line: usize,
    },
    /// The text names CPUs, but has no row.
    NoRows,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: &usize| if *count == 1 { "line" } else { "lines" };
        match self {
            Self::SkippedBefore { lines } => {
                let noun = plural(lines);
                write!(f, "skipped {lines} {noun} before the names of the CPUs")
            }
            Self::SkippedAfter { line, lines } => {
                let noun = plural(lines);
                write!(
                    f,
                    "skipped {lines} {noun} after the table, from line {line} on"
                )
            }
            Self::CutRow { line } => write!(
                f,
                "line {line} is left out: the copy ends within it, and its counts may be cut"
            ),
            Self::NoFinalNewline { line } => write!(
                f,
                "the copy ends within line {line}: rows after it may be missing"
            ),
            Self::NoRows => f.write_str("the table has no rows: the copy may be cut"),
        }
    }
}

/// Why a text is not a table. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// No line names CPUs: `CPU0 CPU1` and so on.
    NoHeader,
    /// The number of counts in a row is not the number of CPUs. The kernel writes such rows while a CPU comes or goes.
    Torn {
        /// Its line.
        line: usize,
    },
    /// A line is not a row, though it is between rows or directly below the names of the CPUs.
    NotARow {
        /// The line.
        line: usize,
    },
    /// A second line names CPUs: the text contains more than one table.
    SecondTable {
        /// The line.
        line: usize,
    },
    /// It is not plain text, but a format that is recognized by its first bytes: `gzip`, `xz`, `UTF-16`.
    Encoded {
        /// The name of the format.
        name: &'static str,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHeader => f.write_str("no line of it names CPUs: CPU0 CPU1 ..."),
            Self::Torn { line } => {
                write!(
                    f,
                    "line {line} has more or fewer counts than there are CPUs"
                )
            }
            Self::NotARow { line } => {
                write!(f, "line {line} is not a row of the table")
            }
            Self::SecondTable { line } => write!(f, "line {line} begins another table"),
            Self::Encoded { name } => write!(f, "it is {name}, not plain text"),
        }
    }
}

impl Error for ParseError {}

/// Why a table could not be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The source failed.
    Io(io::Error),
    /// The text, unpacked, is longer than 256 MiB. The table of thousands of interrupts on thousands of CPUs has 100
    /// MiB.
    TooLong,
    /// The text is not a table.
    Parse(ParseError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::TooLong => f.write_str("its text is longer than 256 MiB"),
            Self::Parse(error) => error.fmt(f),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::TooLong => None,
            Self::Parse(error) => Some(error),
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ParseError> for ReadError {
    fn from(error: ParseError) -> Self {
        Self::Parse(error)
    }
}
