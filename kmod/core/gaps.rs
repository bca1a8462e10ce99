// SPDX-License-Identifier: GPL-2.0-only

//! The gaps between arrivals as text: whole nanoseconds, one number per row.
//!
//! A `#` begins a comment that ends with its row. Empty rows, blanks, tabs and carriage returns are
//! ignored. The text may come in pieces of any size. An error is found at the byte that causes it.

use super::platform::Array;
use core::mem;

/// The largest number of gaps in one text.
pub const MAX_GAPS: usize = 1 << 20;

/// The longest gap, in nanoseconds: one day.
pub const MAX_GAP_NS: u64 = 86_400_000_000_000;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// A row is not a number.
    NotANumber,
    /// A gap is longer than [`MAX_GAP_NS`].
    OutOfRange,
    /// There are more gaps than [`MAX_GAPS`].
    TooMany,
}

/// A place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the number, if there is one.
    Before,
    /// Within the number; this is its value so far.
    Within(u64),
    /// After the number.
    Behind,
    /// In a comment.
    Comment,
}

/// Parses a text of gaps, piece by piece.
#[derive(Clone, Debug)]
pub struct Parser {
    place: Place,
    row: u64,
    count: usize,
}

impl Parser {
    /// A parser at the beginning of a text.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            place: Place::Before,
            row: 1,
            count: 0,
        }
    }

    /// The number of the current row, from 1.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// The number of gaps that have begun so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes the next piece of the text, and calls `gap` with each gap, in nanoseconds.
    ///
    /// # Errors
    ///
    /// The first [`Objection`], or the first error of `gap`. The parser must not be used
    /// afterwards.
    pub fn take<E: From<Objection>>(
        &mut self,
        piece: &[u8],
        mut gap: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<(), E> {
        for &byte in piece {
            if let (Place::Within(gap_ns), b'\n' | b' ' | b'\t' | b'\r' | b'#') = (self.place, byte)
            {
                gap(gap_ns)?;
            }
            self.place = match (byte, self.place) {
                (b'\n', _) => {
                    self.row = self.row.wrapping_add(1);
                    Place::Before
                }
                (_, Place::Comment) | (b'#', _) => Place::Comment,
                (b' ' | b'\t' | b'\r', Place::Before) => Place::Before,
                (b' ' | b'\t' | b'\r', _) => Place::Behind,
                (b'0'..=b'9', Place::Before) => {
                    if self.count == MAX_GAPS {
                        return Err(Objection::TooMany.into());
                    }
                    self.count = self.count.wrapping_add(1);
                    Place::Within(u64::from(byte & 15))
                }
                (b'0'..=b'9', Place::Within(gap_ns)) => {
                    let longer = gap_ns.wrapping_mul(10).wrapping_add(u64::from(byte & 15));
                    // At most about ten times the longest gap, so this does not overflow.
                    if longer > MAX_GAP_NS {
                        return Err(Objection::OutOfRange.into());
                    }
                    Place::Within(longer)
                }
                _ => return Err(Objection::NotANumber.into()),
            };
        }
        Ok(())
    }

    /// Ends the text. Returns the last gap, if the text ends with its number.
    pub fn end(&mut self) -> Option<u64> {
        match mem::replace(&mut self.place, Place::Behind) {
            Place::Within(gap_ns) => Some(gap_ns),
            _ => None,
        }
    }
}

/// The gaps of a replay. They do not change.
pub struct Gaps {
    values: Array<u64>,
    count: usize,
}

impl Gaps {
    /// The first `count` of `values`.
    pub fn new(values: Array<u64>, count: usize) -> Self {
        Self { values, count }
    }

    /// The gaps, in nanoseconds.
    #[inline]
    pub fn as_slice(&self) -> &[u64] {
        self.values.get(..self.count).unwrap_or(&[])
    }
}
