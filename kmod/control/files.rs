// SPDX-License-Identifier: GPL-2.0-only

//! The tree in /sys/kernel/debug/simrupt: a directory per line, with a file for each of its knobs
//! and with the statistics; and `knobs`, which describes the knobs to tools.

use super::{
    changes,
    lines::{
        self,
        Bound,
        Control,
        View, //
    },
    schedule,
    set::{
        self,
        Target, //
    },
    stats::Snapshot,
    values,
};
use crate::{
    instrument::{
        census,
        costs,
        BottomCounts, //
    },
    kext::{
        debugfs::{
            Dir,
            Files,
            Mode, //
        },
        log,
        module, //
    },
    logic::{
        histogram::{
            Bucket,
            Histogram, //
        },
        invariants,
        knobs::{
            Flavor,
            Knob,
            Spec, //
        }, //
    },
};
use kernel::{
    fmt,
    page::PAGE_SIZE,
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
    Schedule,
    Recover,
}

const REPORTS: [(&CStr, Report, Mode); 8] = [
    (c"stats", Report::Stats, Mode::Read),
    (c"contexts", Report::Contexts, Mode::Read),
    (c"latency", Report::Latency, Mode::Read),
    (c"costs", Report::Costs, Mode::Read),
    (c"irq", Report::Irq, Mode::Read),
    (c"reset", Report::Reset, Mode::Write),
    (c"schedule", Report::Schedule, Mode::Pieces),
    (c"recover", Report::Recover, Mode::Write),
];

/// The subject of a file. The number of a file encodes it: 0, or 1 + 256 * line + index, where the
/// index counts first the knobs and then the reports.
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

/// The tree; dropping it removes it. There is none where debugfs is switched off: only the
/// parameters remain.
pub(crate) struct Faces {
    _root: Option<Dir<Tree>>,
}

impl Faces {
    pub(crate) fn new() -> Result<Self> {
        let Some(root) = Dir::new(module::NAME)? else {
            return Ok(Self { _root: None });
        };
        root.file(c"knobs", 0, Mode::Read)?;
        for line in 0..lines::count() {
            let name = CString::try_from_fmt(fmt!("line{line}"))?;
            let mut files = KVec::new();
            for (index, knob) in Knob::ALL.iter().enumerate() {
                let spec = knob.spec();
                if spec.per_line {
                    let name = CString::try_from_fmt(fmt!("{}", spec.name))?;
                    let mode = match spec.live {
                        true => Mode::ReadWrite,
                        false => Mode::Read,
                    };
                    files.push((name, index, mode), GFP_KERNEL)?;
                }
            }
            root.subdir(&name, |dir| {
                for (name, index, mode) in &files {
                    dir.file(name, Subject::id(line, *index), *mode)?;
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

/// Formats into a seq_file. If its buffer is full, seq_file enlarges it and calls the show function
/// again.
struct Out<'a>(&'a SeqFile);

impl core::fmt::Write for Out<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        seq_print!(self.0, "{text}");
        Ok(())
    }
}

/// The files of the tree.
struct Tree;

impl Files for Tree {
    type Draft = schedule::Draft;

    /// # Errors
    ///
    /// `ENODEV` when the line has no driver and the file needs one.
    fn show(id: usize, out: &SeqFile) -> Result {
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
            Subject::Report(index, report) => {
                let control = lines::line(index)?;
                show(&control, report, out)?;
            }
        }
        Ok(())
    }

    /// # Errors
    ///
    /// As [`set::set`].
    fn write(id: usize, text: &[u8]) -> Result {
        match Subject::from_id(id)? {
            Subject::Knob(line, knob) if knob.spec().live => {
                set::set(Target::Line(line), knob, text)
            }
            Subject::Report(line, Report::Reset) if text.trim_ascii() == b"1" => {
                reset(&lines::line(line)?)
            }
            Subject::Report(line, Report::Recover) if text.trim_ascii() == b"1" => {
                recover(&lines::line(line)?)
            }
            // Files that are not writable, or a text other than 1.
            Subject::Knobs | Subject::Knob(..) | Subject::Report(..) => Err(EINVAL),
        }
    }

    fn draft(id: usize) -> Result<schedule::Draft> {
        match Subject::from_id(id)? {
            Subject::Report(line, Report::Schedule) => schedule::Draft::new(line),
            _ => Err(EINVAL),
        }
    }

    fn size(id: usize) -> usize {
        match Subject::from_id(id) {
            Ok(Subject::Report(index, Report::Schedule)) => {
                lines::line(index).map_or(0, |control| schedule::size(&control))
            }
            Ok(Subject::Report(index, Report::Latency)) => {
                let size =
                    lines::line(index).and_then(|control| Ok(latency_size(&control.view()?)));
                size.unwrap_or(0)
            }
            Ok(Subject::Knobs) => 2 * PAGE_SIZE,
            _ => 0,
        }
    }
}

/// The longest lines of a histogram, in bytes: that of a stage, and that of a bucket.
const STAGE_LINE: usize = 192;
const BUCKET_LINE: usize = 52;

/// The largest size of a line's histograms, in bytes, unless many more buckets are used by the time
/// they are shown.
fn latency_size(view: &View) -> usize {
    let stages = view.meters.latency.stages().map(|(_, histogram)| {
        let buckets = histogram.buckets().count();
        STAGE_LINE + (buckets + buckets / 4 + 8) * BUCKET_LINE
    });
    stages.into_iter().sum()
}

/// Shows a report of a line.
fn show(control: &Control, report: Report, out: &SeqFile) -> Result {
    match report {
        Report::Irq => seq_print!(out, "{}\n", control.device.virq()),
        Report::Stats => {
            let counters = Snapshot::of(control)?.counters;
            for (name, value) in invariants::COUNTERS.iter().zip(counters) {
                seq_print!(out, "{name} {value}\n");
            }
        }
        Report::Contexts => {
            let contexts = Snapshot::of(control)?.contexts;
            seq_print!(out, "stage");
            for name in census::NAMES {
                seq_print!(out, " {name}");
            }
            for (stage, counts) in contexts {
                seq_print!(out, "\n{stage}");
                for count in counts {
                    seq_print!(out, " {count}");
                }
            }
            seq_print!(out, "\n");
        }
        Report::Latency => {
            for (stage, histogram) in control.view()?.meters.latency.stages() {
                show_histogram(stage, histogram, out)?;
            }
        }
        Report::Costs => {
            control.view()?;
            let flavor = Flavor::from_value(values::value(control.index, Knob::Workqueue));
            let costs = costs::measure(control.index, flavor)?;
            seq_print!(out, "timestamps {}\n", costs::TIMESTAMPS);
            seq_print!(out, "timestamps_ns {}\n", costs.timestamps_ns);
            seq_print!(out, "empty_runs {}\n", costs.empty_runs);
            seq_print!(out, "empty_runs_ns {}\n", costs.empty_runs_ns);
        }
        Report::Schedule => schedule::show(control, out),
        // Write-only.
        Report::Reset | Report::Recover => return Err(EACCES),
    }
    Ok(())
}

/// One line for the stage, and one for each bucket that is not empty. The count is the sum of the
/// lines below it. Values that are counted meanwhile may be in some of the figures and not in
/// others.
fn show_histogram(stage: &str, histogram: &Histogram, out: &SeqFile) -> Result {
    let max = histogram.max();
    let sum_ns = histogram.sum();
    let overflow = histogram.overflow();
    let mut count = overflow;
    let mut buckets = KVVec::new();
    for bucket in histogram.buckets() {
        count = count.wrapping_add(bucket.count);
        buckets.push(bucket, GFP_KERNEL)?;
    }
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

/// Zeroes all counters and histograms of a line together. Pending work stays counted: events in the
/// ring and in the fifo as events, and raises that wait for the top half as raised.
///
/// All stages are stopped meanwhile.
///
/// # Errors
///
/// `ENODEV` while no driver is bound; `EINTR` when the caller is killed; `ETIMEDOUT` when the
/// bottom half does not end in time. On error nothing is zeroed.
fn reset(control: &Arc<Control>) -> Result {
    let changes = control.changes.take_killable()?;
    let Bound { binding, meters } = changes.as_ref().ok_or(ENODEV)?;
    binding.hold(|still| {
        let _counting = control.counting.lock();
        control.device.with_watch(|device| {
            // Held until the fifo's counts are zero, too: both count a read before the reset, or
            // both after it.
            still.line.with_reads(|reader, store| {
                reader.observer.reset();
                still.intake.observer.reset();
                meters.not_mine.store(0);
                still.bottom_half.observer.reset();
                let ring = &binding.ring;
                meters.raised_before.store(ring.raises_acknowledged());
                store.counts = BottomCounts::default();
                store.fifo.reset_counts(&mut reader.claim);
                let in_ring = ring.announced().wrapping_sub(ring.taken());
                device.reset(in_ring.wrapping_add(store.fifo.counts().1));
            });
        });
    })
}

/// Ends the fault of a line, and undoes its consequences: enables the interrupt if the kernel has
/// disabled it, makes the device interrupt once more for events that wait in the ring, and wakes
/// readers. An interrupt that two lines share is enabled for both; raises of the other line that
/// are pending are then delivered.
///
/// # Errors
///
/// `ENODEV` while no driver is bound; `EINTR` when the caller is killed while another change is in
/// progress. In both cases nothing is changed. `ENXIO` when a managed interrupt cannot be enabled,
/// as its CPUs are offline; the fault has then ended.
fn recover(control: &Arc<Control>) -> Result {
    // The line that shares the interrupt must not disable or enable it meanwhile. Locks are taken
    // in ascending order, as in the lock order of `lines`.
    let other = lines::neighbour(control.index)
        .map(lines::line)
        .transpose()?;
    let before = other.as_ref().filter(|other| other.index < control.index);
    let _before = before
        .map(|other| other.changes.take_killable())
        .transpose()?;
    let changes = control.changes.take_killable()?;
    let after = other.as_ref().filter(|other| other.index > control.index);
    let _after = after
        .map(|other| other.changes.take_killable())
        .transpose()?;
    let bound = changes.as_ref().ok_or(ENODEV)?;
    changes::end_fault(control, bound)?;
    if bound.binding.revive()? {
        log::warning!("line {}: its interrupt is enabled again\n", control.index);
    }
    control.device.raise_again();
    bound.binding.line.wake_readers();
    Ok(())
}
