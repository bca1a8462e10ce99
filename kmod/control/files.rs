// SPDX-License-Identifier: GPL-2.0-only

//! The tree in /sys/kernel/debug/simrupt: a folder per line with a file per live knob and the
//! statistics, and `knobs`, which describes the knobs to tools.

use super::{
    debugfs::Dir,
    set::{
        self,
        Target, //
    },
    stats::Books,
    values,
};
use crate::{
    contexts,
    driver::Line,
    lines::{
        self,
        Registry,
        LINES, //
    },
    logic::{
        books,
        knobs::{
            Knob,
            Spec, //
        },
    },
};
use kernel::{
    fmt,
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    str::CString,
    sync::Arc, //
};

/// A file of a line that is not a knob.
#[derive(Clone, Copy)]
enum Report {
    Stats,
    Contexts,
    Irq,
}

const REPORTS: [(&CStr, Report); 3] = [
    (c"stats", Report::Stats),
    (c"contexts", Report::Contexts),
    (c"irq", Report::Irq),
];

/// What a file is about. Its number packs this: 0, or 1 + 256 * line + index, where the index
/// counts the knobs first and the reports behind them.
enum Subject {
    Knobs,
    Knob(usize, Knob),
    Report(usize, Report),
}

impl Subject {
    const fn id(line: usize, index: usize) -> usize {
        1 + 256 * line + index
    }

    fn from_id(id: usize) -> Result<Self> {
        let Some(id) = id.checked_sub(1) else {
            return Ok(Self::Knobs);
        };
        let (line, index) = (id / 256, id % 256);
        if let Some(knob) = Knob::ALL.get(index) {
            return Ok(Self::Knob(line, *knob));
        }
        let report = REPORTS.get(index.wrapping_sub(Knob::ALL.len()));
        let (_, report) = report.ok_or(ENODEV)?;
        Ok(Self::Report(line, *report))
    }
}

/// The tree; dropping it removes it.
pub(crate) struct Faces {
    _root: Dir,
}

impl Faces {
    pub(crate) fn new() -> Result<Self> {
        let root = Dir::new(crate::NAME);
        root.file(c"knobs", 0, false);
        for line in 0..Registry::count() {
            let name = CString::try_from_fmt(fmt!("line{line}"))?;
            let mut files = KVec::new();
            for (index, knob) in Knob::ALL.iter().enumerate() {
                if knob.spec().live {
                    let name = CString::try_from_fmt(fmt!("{}", knob.spec().name))?;
                    files.push((name, index), GFP_KERNEL)?;
                }
            }
            root.subdir(&name, |dir| {
                for (name, index) in &files {
                    dir.file(name, Subject::id(line, *index), true);
                }
                for (index, (name, _)) in REPORTS.iter().enumerate() {
                    dir.file(name, Subject::id(line, Knob::ALL.len() + index), false);
                }
            });
        }
        Ok(Self { _root: root })
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

/// Writes to a seq_file what is formatted into it; a full one grows, and is then asked again.
struct Out<'a>(&'a SeqFile);

impl core::fmt::Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        seq_print!(self.0, "{text}");
        Ok(())
    }
}

fn line(index: usize) -> Result<Arc<Line>> {
    let lines = LINES.lock();
    let slot = lines.slots.get(index).ok_or(ENODEV)?;
    slot.line.clone().ok_or(ENODEV)
}

/// Shows the file with this number.
///
/// # Errors
///
/// `ENODEV` when it is about a line that has no driver.
pub(super) fn show(id: usize, out: &SeqFile) -> Result {
    match Subject::from_id(id)? {
        Subject::Knobs => {
            for knob in Knob::ALL {
                seq_print!(out, "{}\n", values::spec(*knob));
            }
        }
        Subject::Knob(index, knob) => {
            let value = values::value(index, knob);
            knob.spec().show_among(value, &mut Out(out))?;
            seq_print!(out, "\n");
        }
        Subject::Report(index, Report::Irq) => {
            seq_print!(out, "{}\n", lines::device(index)?.virq());
        }
        Subject::Report(index, Report::Stats) => {
            let books = Books::of(&*line(index)?);
            for (name, value) in books::COUNTERS.iter().zip(books.counters) {
                seq_print!(out, "{name} {value}\n");
            }
        }
        Subject::Report(index, Report::Contexts) => {
            let books = Books::of(&*line(index)?);
            seq_print!(out, "stage");
            for name in contexts::NAMES {
                seq_print!(out, " {name}");
            }
            for (stage, counts) in books.contexts {
                seq_print!(out, "\n{stage}");
                for count in counts {
                    seq_print!(out, " {count}");
                }
            }
            seq_print!(out, "\n");
        }
    }
    Ok(())
}

/// Takes what a user wrote to the file with this number.
///
/// # Errors
///
/// As [`set::set`].
pub(super) fn write(id: usize, text: &[u8]) -> Result {
    match Subject::from_id(id)? {
        Subject::Knob(line, knob) => set::set(Target::Line(line), knob, text),
        // Not writable files.
        Subject::Knobs | Subject::Report(..) => Err(EINVAL),
    }
}
