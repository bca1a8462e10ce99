// SPDX-License-Identifier: GPL-2.0-only

//! The file `schedule` of a line: the gaps that pattern replay has. Process context.
//!
//! Opening the file for writing changes nothing. The writes to the open file are one text, which is checked as it
//! comes; memory for it is taken as it comes, too. So the last close, which puts the text in force, cannot fail.
//! After a write that failed there is nothing to put in force, so the old gaps stay.

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

/// How many gaps there is memory for at first.
const FIRST_CAPACITY: usize = 512;

/// A text that comes in pieces.
pub(super) struct Draft {
    line: usize,
    parser: Parser,
    values: Values,
    /// Where the gaps go at the end, when nothing may fail any more.
    place: UniqueArc<MaybeUninit<Gaps>>,
}

/// The gaps so far, and room for more of them.
struct Values {
    room: KVVec<u64>,
    count: usize,
}

impl Values {
    /// Makes room for so many gaps.
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

    /// Adds a gap, for which there has to be room.
    fn add(&mut self, gap_ns: u64) {
        if let Some(place) = self.room.get_mut(self.count) {
            *place = gap_ns;
            self.count += 1;
        }
    }
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
        // The last number may have its end at the end of the text.
        values.reserve(parser.count()).map_err(Refusal::Memory)
    }
}

impl debugfs::Draft for Draft {
    /// # Errors
    ///
    /// `EINVAL`, `ERANGE` and `ENOMEM`.
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

    /// Puts the text in force. There is nobody who could be told that it failed.
    fn end(mut self) {
        if let Some(gap_ns) = self.parser.end() {
            self.values.add(gap_ns);
        }
        let Values { room, count } = self.values;
        let gaps = (count != 0).then(|| Arc::from(self.place.write(Gaps::new(room, count))));
        // The open file holds the module, and with it the line.
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

/// The length of the text about the gaps of a line, in bytes, or a little more.
pub(super) fn size(control: &lines::Control) -> usize {
    let length = |gap_ns: &u64| 2 + gap_ns.checked_ilog10().map_or(0, |digits| digits as usize);
    let gaps = control.device.gaps();
    // One more than the text: a buffer that is full counts as too small.
    gaps.map_or(0, |gaps| {
        1 + gaps.as_slice().iter().map(length).sum::<usize>()
    })
}
