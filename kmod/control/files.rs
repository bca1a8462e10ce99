// SPDX-License-Identifier: GPL-2.0-only

//! The tree in /sys/kernel/debug/simrupt: a folder per line with a file per live knob and the
//! statistics, and `knobs`, which describes the knobs to tools.

use super::{
    debugfs::{
        Dir,
        Mode, //
    },
    set::{
        self,
        Target, //
    },
    stats::Books,
    values,
};
use crate::{
    contexts,
    driver::{
        self,
        Line, //
    },
    lines::{
        self,
        Registry,
        LINES, //
    },
    logic::{
        books,
        histogram::{
            Bucket,
            Histogram, //
        },
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
    Latency,
    Costs,
    Irq,
    Reset,
}

const REPORTS: [(&CStr, Report, Mode); 6] = [
    (c"stats", Report::Stats, Mode::Read),
    (c"contexts", Report::Contexts, Mode::Read),
    (c"latency", Report::Latency, Mode::Read),
    (c"costs", Report::Costs, Mode::Read),
    (c"irq", Report::Irq, Mode::Read),
    (c"reset", Report::Reset, Mode::Write),
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
        let (_, report, _) = report.ok_or(ENODEV)?;
        Ok(Self::Report(line, *report))
    }
}

/// The tree; dropping it removes it. None where debugfs is switched off: the parameters remain.
pub(crate) struct Faces {
    _root: Option<Dir>,
}

impl Faces {
    pub(crate) fn new() -> Result<Self> {
        let Some(root) = Dir::new(crate::NAME)? else {
            return Ok(Self { _root: None });
        };
        root.file(c"knobs", 0, Mode::Read)?;
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
                    dir.file(name, Subject::id(line, *index), Mode::ReadWrite)?;
                }
                for (index, (name, _, mode)) in REPORTS.iter().enumerate() {
                    dir.file(name, Subject::id(line, Knob::ALL.len() + index), *mode)?;
                }
                Ok(())
            })?;
        }
        Ok(Self { _root: Some(root) })
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

/// Calls `use_line` with a line that has a driver, under [`LINES`].
fn with_line<R>(index: usize, use_line: impl FnOnce(&Arc<Line>) -> R) -> Result<R> {
    let lines = LINES.lock();
    let slot = lines.slots.get(index).ok_or(ENODEV)?;
    let line = slot.line.as_ref().ok_or(ENODEV)?;
    Ok(use_line(line))
}

/// The longest lines of a histogram, in bytes: one about a stage, and one for a bucket.
const STAGE_LINE: usize = 192;
const BUCKET_LINE: usize = 52;

/// How long the file with this number may be, in bytes; 0 when it is shorter than a page. What is longer than its buffer
/// is written again from the beginning into one of twice the size, while no knob can be changed.
pub(super) fn size(id: usize) -> usize {
    let Ok(Subject::Report(index, Report::Latency)) = Subject::from_id(id) else {
        return 0;
    };
    let size = with_line(index, |line| {
        let stages = line.latency.stages().map(|(_, histogram)| {
            // There may be more when it is written.
            let buckets = histogram.buckets().count();
            STAGE_LINE + (buckets + buckets / 4 + 8) * BUCKET_LINE
        });
        stages.into_iter().sum()
    });
    // It may have a driver again when it is written.
    size.unwrap_or(0)
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
            let books = with_line(index, |line| Books::of(line))?;
            for (name, value) in books::COUNTERS.iter().zip(books.counters) {
                seq_print!(out, "{name} {value}\n");
            }
        }
        Subject::Report(index, Report::Contexts) => {
            let books = with_line(index, |line| Books::of(line))?;
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
        Subject::Report(index, Report::Latency) => with_line(index, |line| -> Result {
            for (stage, histogram) in line.latency.stages() {
                show_histogram(stage, histogram, out)?;
            }
            Ok(())
        })??,
        Subject::Report(index, Report::Costs) => {
            let costs = with_line(index, |line| line.measure_costs())??;
            seq_print!(out, "timestamps {}\n", driver::TIMESTAMPS);
            seq_print!(out, "timestamps_ns {}\n", costs.timestamps_ns);
            seq_print!(out, "empty_runs {}\n", costs.empty_runs);
            seq_print!(out, "empty_runs_ns {}\n", costs.empty_runs_ns);
        }
        // Only written.
        Subject::Report(_, Report::Reset) => return Err(EACCES),
    }
    Ok(())
}

/// One line about the stage, and one for each bucket that is not empty, as they were at one moment:
/// the count is the sum of the lines below it.
fn show_histogram(stage: &str, histogram: &Histogram, out: &SeqFile) -> Result {
    let sum_ns = histogram.sum();
    let overflow = histogram.overflow();
    let mut count = overflow;
    let mut buckets = KVVec::new();
    for bucket in histogram.buckets() {
        count = count.wrapping_add(bucket.count);
        buckets.push(bucket, GFP_KERNEL)?;
    }
    // After all others, so that none of them is above it.
    let max = histogram.max();
    seq_print!(
        out,
        "stage {stage} count {count} sum_ns {sum_ns} overflow {overflow} \
         max_ns {} max_time_ns {} max_cpu {}\n",
        max.value,
        max.time_ns,
        max.cpu
    );
    for Bucket { low, high, count } in &buckets {
        seq_print!(out, "bucket {low} {high} {count}\n");
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
        Subject::Report(line, Report::Reset) if text.trim_ascii() == b"1" => {
            with_line(line, |line| line.reset())
        }
        // Not writable files, or not 1.
        Subject::Knobs | Subject::Report(..) => Err(EINVAL),
    }
}
