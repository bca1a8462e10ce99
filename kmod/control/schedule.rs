// SPDX-License-Identifier: GPL-2.0-only

//! The file `schedule` of a line: the gaps that pattern replay has. Process context.
//!
//! Opening the file for writing changes nothing. The writes to the open file are one text, which is checked as it
//! comes; memory for it is taken as it comes, too. The last close puts the text in force. After a write that failed
//! there is nothing to put in force, so the old gaps stay.

use super::lines;
use crate::{
    instrument::trace,
    kext::{
        debugfs,
        kvec,
        log, //
    },
    logic::gaps::{
        Gaps,
        Objection,
        Parser, //
    },
};
use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::Arc, //
};

/// How many gaps there is memory for at first.
const FIRST_CAPACITY: usize = 512;

/// A text that comes in pieces.
pub(super) struct Draft {
    line: usize,
    parser: Parser,
    gaps: KVVec<u64>,
    count: usize,
}

/// Why a piece is refused.
enum Refusal {
    Text(Objection),
    Memory(Error),
}

impl From<Objection> for Refusal {
    fn from(objection: Objection) -> Self {
        Self::Text(objection)
    }
}

impl Draft {
    /// An empty text for a line.
    pub(super) fn new(line: usize) -> Self {
        Self {
            line,
            parser: Parser::new(),
            gaps: KVVec::new(),
            count: 0,
        }
    }

    /// Calls `parse` with a function that takes the next gap.
    fn parse(
        &mut self,
        parse: impl FnOnce(
            &mut Parser,
            &mut dyn FnMut(u64) -> Result<(), Refusal>,
        ) -> Result<(), Refusal>,
    ) -> Result {
        let Self {
            line,
            parser,
            gaps,
            count,
        } = self;
        let mut add = |gap_ns| {
            if *count == gaps.len() {
                let mut more = kvec::zeroed(gaps.len().saturating_mul(2).max(FIRST_CAPACITY))
                    .map_err(Refusal::Memory)?;
                if let Some(begin) = more.get_mut(..gaps.len()) {
                    begin.copy_from_slice(gaps);
                }
                *gaps = more;
            }
            if let Some(place) = gaps.get_mut(*count) {
                *place = gap_ns;
                *count += 1;
            }
            Ok(())
        };
        parse(parser, &mut add).map_err(|refusal| {
            let (error, reason) = match refusal {
                Refusal::Text(Objection::NotANumber) => (EINVAL, "not a number of nanoseconds"),
                Refusal::Text(Objection::OutOfRange) => (ERANGE, "a gap of more than a day"),
                Refusal::Text(Objection::TooMany) => (ERANGE, "more than 1048576 gaps"),
                Refusal::Memory(error) => (error, "no memory for it"),
            };
            let (line, row) = (*line, parser.row());
            log::warning!("line {line}: schedule refused, row {row}: {reason}\n");
            error
        })
    }

    /// Puts the text in force.
    fn commit(mut self) -> Result {
        self.parse(|parser, add| parser.end(add))?;
        let control = lines::line(self.line)?;
        let count = self.count;
        let gaps = match count {
            0 => None,
            _ => Some(Arc::new(Gaps::new(self.gaps, count), GFP_KERNEL)?),
        };
        control.device.set_gaps(gaps);
        trace::knob_was_set(self.line, "schedule", i64::try_from(count)?);
        Ok(())
    }
}

impl debugfs::Draft for Draft {
    /// # Errors
    ///
    /// `EINVAL`, `ERANGE` and `ENOMEM`.
    fn take(&mut self, piece: &[u8]) -> Result {
        self.parse(|parser, add| parser.take(piece, add))
    }

    fn end(self) {
        let line = self.line;
        if let Err(error) = self.commit() {
            // Nobody is there to be told: close() does not wait for this.
            log::warning!("line {line}: the schedule stays as it was: {error:?}\n");
        }
    }
}

/// Shows the gaps of a line.
pub(super) fn show(control: &lines::Control, out: &SeqFile) {
    if let Some(gaps) = control.device.gaps() {
        for gap_ns in gaps.as_slice() {
            seq_print!(out, "{gap_ns}\n");
        }
    }
}

/// The length of the text about the gaps of a line, in bytes, or a little more.
pub(super) fn size(control: &lines::Control) -> usize {
    let length = |gap_ns: &u64| 2 + gap_ns.checked_ilog10().map_or(0, |digits| digits as usize);
    let gaps = control.device.gaps();
    // One more than the text: a buffer that is full counts as too small.
    gaps.map_or(0, |gaps| {
        1 + gaps.as_slice().iter().map(length).sum::<usize>()
    })
}
