// SPDX-License-Identifier: GPL-2.0-only

//! The file `schedule` of a line: the gaps of pattern `replay`. Process context.
//!
//! Opening the file for writing changes nothing. The writes to the open file form one text. Each
//! write checks its part and allocates the memory for it. So the last close, which puts the text in
//! force, cannot fail. A failed write discards the text, and the old gaps stay.

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
use core::mem::MaybeUninit;
use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::{
        Arc,
        UniqueArc, //
    }, //
};

/// The number of gaps that the first allocation holds.
const FIRST_CAPACITY: usize = 512;

/// A text that arrives in pieces.
pub(super) struct Draft {
    line: usize,
    parser: Parser,
    values: Values,
    /// Memory for the gaps at the end, allocated early because the end must not fail.
    place: UniqueArc<MaybeUninit<Gaps>>,
}

/// The gaps so far, and room for more.
struct Values {
    room: KVVec<u64>,
    count: usize,
}

impl Values {
    /// Makes room for `count` gaps.
    fn reserve(&mut self, count: usize) -> Result {
        let old = self.room.len();
        if old < count {
            let mut room = kvec::zeroed(count.max(old.saturating_mul(2)).max(FIRST_CAPACITY))?;
            if let Some(begin) = room.get_mut(..old) {
                begin.copy_from_slice(&self.room);
            }
            self.room = room;
        }
        Ok(())
    }

    /// Adds a gap; there must be room for it.
    fn add(&mut self, gap_ns: u64) {
        if let Some(place) = self.room.get_mut(self.count) {
            *place = gap_ns;
            self.count += 1;
        }
    }
}

/// The reason to refuse a piece.
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
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(super) fn new(line: usize) -> Result<Self> {
        Ok(Self {
            line,
            parser: Parser::new(),
            values: Values {
                room: KVVec::new(),
                count: 0,
            },
            place: UniqueArc::new_uninit(GFP_KERNEL)?,
        })
    }

    fn parse(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let Self { parser, values, .. } = self;
        parser.take(piece, |gap_ns| {
            values
                .reserve(values.count.saturating_add(1))
                .map_err(Refusal::Memory)?;
            values.add(gap_ns);
            Ok::<(), Refusal>(())
        })?;
        // Room for the last number, which may end with the text.
        values.reserve(parser.count()).map_err(Refusal::Memory)
    }
}

impl debugfs::Draft for Draft {
    /// # Errors
    ///
    /// `EINVAL` for text that is not a number; `ERANGE` for a gap that is too long, or for too many
    /// gaps; `ENOMEM`.
    fn take(&mut self, piece: &[u8]) -> Result {
        self.parse(piece).map_err(|refusal| {
            let (error, reason) = match refusal {
                Refusal::Text(Objection::NotANumber) => (EINVAL, "not a number of nanoseconds"),
                Refusal::Text(Objection::OutOfRange) => (ERANGE, "a gap of more than a day"),
                Refusal::Text(Objection::TooMany) => (ERANGE, "more than 1048576 gaps"),
                Refusal::Memory(error) => (error, "no memory for it"),
            };
            let (line, row) = (self.line, self.parser.row());
            log::warning!("line {line}: schedule refused, row {row}: {reason}\n");
            error
        })
    }

    /// Puts the text in force. It cannot report an error, so it must not fail.
    fn end(mut self) {
        if let Some(gap_ns) = self.parser.end() {
            self.values.add(gap_ns);
        }
        let Values { room, count } = self.values;
        let gaps = (count != 0).then(|| Arc::from(self.place.write(Gaps::new(room, count))));
        // The open file keeps the module loaded, and so the line exists.
        if let Ok(control) = lines::line(self.line) {
            control.device.set_gaps(gaps);
            trace::knob_was_set(self.line, "schedule", count as i64);
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

/// The length of the text of a line's gaps, in bytes, or slightly more.
pub(super) fn size(control: &lines::Control) -> usize {
    let length = |gap_ns: &u64| 2 + gap_ns.checked_ilog10().map_or(0, |digits| digits as usize);
    let gaps = control.device.gaps();
    // One more than the text: a buffer that is full counts as too small.
    gaps.map_or(0, |gaps| {
        1 + gaps.as_slice().iter().map(length).sum::<usize>()
    })
}
