// SPDX-License-Identifier: GPL-2.0-only

//! The module as the steps of a sequence use it: its interfaces, kept open, and the files of the steps.

use super::{state::SLOTS, steps::Face};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use simrupt::files::{self, contexts::Contexts, latency::Latency, stats::Stats};
use simrupt_core::{invariants, knobs::Knob};
use simrupt_vm_tests::{Line, Simrupt, simructl, within_20_s};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs::{self, File},
    os::{
        fd::{AsFd, AsRawFd},
        unix::fs::FileExt,
    },
    thread,
    time::Duration,
};

/// A result, or a description of a difference.
pub(crate) type Found<T> = Result<T, String>;

/// How many CPUs the machine has.
pub(crate) fn cpus() -> i64 {
    let possible = fs::read_to_string("/sys/devices/system/cpu/possible").expect("sysfs is there");
    let last = possible.trim_end().rsplit(['-', ',']).next();
    1 + last
        .and_then(|last| last.parse::<i64>().ok())
        .expect("CPUs")
}

/// The loaded module. The files are dropped before it, because they keep it from being unloaded.
pub(crate) struct Machine {
    files: [Option<File>; SLOTS],
    parameters: Vec<(Knob, File)>,
    lines: Vec<Faces>,
    /// Large enough for the longest of them.
    buffer: RefCell<Vec<u8>>,
    module: Simrupt,
}

/// A line's files in debugfs. Each stays open, and is read again from its beginning.
struct Faces {
    line: Line,
    irq: u32,
    knobs: Vec<(Knob, File)>,
    stats: File,
    contexts: File,
    latency: File,
}

/// The current content of a file, which must fit into the buffer.
fn again<'a>(file: &File, buffer: &'a mut [u8]) -> Result<&'a str, Errno> {
    let count = file.read_at(buffer, 0).map_err(errno)?;
    assert!(count < buffer.len(), "a larger buffer is needed");
    Ok(std::str::from_utf8(&buffer[..count]).expect("text"))
}

fn errno(error: std::io::Error) -> Errno {
    error
        .raw_os_error()
        .map_or(Errno::UnknownErrno, Errno::from_raw)
}

fn live_knobs() -> impl Iterator<Item = Knob> {
    Knob::ALL.iter().copied().filter(|knob| knob.spec().live)
}

impl Machine {
    /// Loads the module with these parameters.
    pub(crate) fn load(parameters: &str, lines: usize) -> Self {
        let module = Simrupt::load(parameters);
        let open = |path: &str| File::open(path).unwrap_or_else(|why| panic!("{path}: {why}"));
        let faces = |line: Line| Faces {
            line,
            irq: line.irq(),
            knobs: live_knobs()
                .map(|knob| (knob, open(&line.path(knob.spec().name))))
                .collect(),
            stats: open(&line.path("stats")),
            contexts: open(&line.path("contexts")),
            latency: open(&line.path("latency")),
        };
        let parameter = |knob: Knob| format!("/sys/module/simrupt/parameters/{}", knob.spec().name);
        Self {
            files: [const { None }; SLOTS],
            parameters: live_knobs()
                .map(|knob| (knob, open(&parameter(knob))))
                .collect(),
            lines: (0..lines).map(|line| faces(module.line(line))).collect(),
            buffer: RefCell::new(vec![0; 1 << 17]),
            module,
        }
    }

    /// Writes a knob of one line.
    pub(crate) fn set(&self, line: usize, knob: Knob, text: &str, face: Face) -> Result<(), Errno> {
        let name = knob.spec().name;
        match face {
            Face::Debugfs => self.lines[line].line.try_set(name, text),
            Face::Simructl => tool(&[
                "--line",
                &line.to_string(),
                "set",
                &format!("{name}={text}"),
            ]),
        }
    }

    /// Writes a parameter.
    pub(crate) fn set_all(&self, knob: Knob, text: &str) -> Result<(), Errno> {
        self.module.set_parameter(knob.spec().name, text.as_bytes())
    }

    /// Zeroes the counters of a line.
    pub(crate) fn reset(&self, line: usize, face: Face) -> Result<(), Errno> {
        match face {
            Face::Debugfs => self.lines[line].line.try_set("reset", "1"),
            Face::Simructl => tool(&["--line", &line.to_string(), "reset"]),
        }
    }

    /// Ends a line's fault, and undoes its consequences.
    pub(crate) fn recover(&self, line: usize, face: Face) -> Result<(), Errno> {
        match face {
            Face::Debugfs => self.lines[line].line.try_set("recover", "1"),
            Face::Simructl => tool(&["--line", &line.to_string(), "recover"]),
        }
    }

    /// Binds or unbinds a line's driver.
    pub(crate) fn attach(&self, line: usize, verb: &str) -> Result<(), Errno> {
        self.lines[line].line.try_attach(verb)
    }

    /// Lets only these CPUs take a line's interrupt; returns those on which the kernel then has it.
    pub(crate) fn set_affinity(&self, line: usize, mask: u32) -> Result<u32, Errno> {
        let folder = format!("/proc/irq/{}", self.lines[line].irq);
        fs::write(format!("{folder}/smp_affinity"), format!("{mask:x}")).map_err(errno)?;
        let text = fs::read_to_string(format!("{folder}/smp_affinity")).map_err(errno)?;
        Ok(u32::from_str_radix(text.trim_end(), 16).expect("a mask"))
    }

    /// Opens a line's device.
    pub(crate) fn open(&self, line: usize) -> Result<File, Errno> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut options = File::options();
        options.custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits());
        let path = self.lines[line].line.device();
        options.read(true).open(path).map_err(errno)
    }

    /// Keeps a file in a slot, instead of the one that is there.
    pub(crate) fn put(&mut self, slot: usize, file: Option<File>) {
        self.files[slot] = file;
    }

    /// Reads at most `size` bytes from the file in a slot.
    pub(crate) fn read(&self, slot: usize, size: usize) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; size];
        let count = nix::unistd::read(self.slot(slot), &mut bytes)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    fn slot(&self, slot: usize) -> &File {
        self.files[slot].as_ref().expect("the slot is taken")
    }

    /// The answers of poll() and FIONREAD for the file in a slot.
    pub(crate) fn readiness(&self, slot: usize) -> (PollFlags, u64) {
        let file = self.slot(slot);
        let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::ZERO).expect("poll works");
        let mut bytes: nix::libc::c_int = 0;
        // SAFETY: The call writes an int.
        let result = unsafe { nix::libc::ioctl(file.as_raw_fd(), nix::libc::FIONREAD, &mut bytes) };
        assert_eq!(result, 0, "FIONREAD");
        let flags = fds[0].revents().expect("known flags");
        (flags, u64::try_from(bytes).expect("a size"))
    }

    /// The values in a line's knob files.
    pub(crate) fn knobs(&self, line: usize) -> Found<Vec<(Knob, i64)>> {
        let knobs = self.lines[line].knobs.iter();
        knobs
            .map(|(knob, file)| {
                let mut buffer = [0; 1024];
                let text = again(file, &mut buffer)
                    .map_err(|why| format!("{}: {why}", knob.spec().name))?;
                Ok((*knob, value(*knob, files::value::current(text))?))
            })
            .collect()
    }

    /// The values of the parameters: a list for each.
    pub(crate) fn parameters(&self) -> Found<Vec<(Knob, Vec<i64>)>> {
        let parameters = self.parameters.iter();
        parameters
            .map(|(knob, file)| {
                let mut buffer = [0; 1024];
                let text = again(file, &mut buffer)
                    .map_err(|why| format!("{}: {why}", knob.spec().name))?;
                let values = text.trim_end().split(',');
                let values = values.map(|shown| value(*knob, shown));
                Ok((*knob, values.collect::<Found<_>>()?))
            })
            .collect()
    }

    /// A line's counters; an error if it has no driver.
    pub(crate) fn stats(&self, line: usize) -> Result<BTreeMap<String, u64>, Errno> {
        let mut buffer = [0; 2048];
        let text = again(&self.lines[line].stats, &mut buffer)?;
        let stats = Stats::parse(text).expect("counters");
        let counters = stats.iter().map(|(name, count)| (name.to_owned(), count));
        Ok(counters.collect())
    }

    /// How often a stage ran in a context that is not its own.
    pub(crate) fn wrong_contexts(&self, line: usize) -> Result<u64, Errno> {
        let mut buffer = [0; 1024];
        let text = again(&self.lines[line].contexts, &mut buffer)?;
        let contexts = Contexts::parse(text).expect("a table");
        Ok(contexts.wrong().map(|(_, count)| count).sum())
    }

    /// How many values each histogram of a line holds.
    pub(crate) fn measured(&self, line: usize) -> Result<BTreeMap<String, u64>, Errno> {
        let mut buffer = self.buffer.borrow_mut();
        let text = again(&self.lines[line].latency, &mut buffer)?;
        let Latency(stages) = Latency::parse(text).expect("histograms");
        let counts = stages.into_iter().map(|stage| {
            let count = stage.figure("count");
            (stage.name, count)
        });
        Ok(counts.collect())
    }

    /// Waits until nothing is under way on a line, and returns its counters then. Events behind a masked interrupt are
    /// not under way, and events that a fault has left behind are not either.
    pub(crate) fn rest(
        &self,
        line: usize,
        may_wait: MayWait,
    ) -> Found<Option<BTreeMap<String, u64>>> {
        let mut rested = None;
        within_20_s(&format!("line {line} comes to rest"), || {
            let stats = match self.stats(line) {
                Ok(stats) => stats,
                Err(Errno::ENODEV) => return Ok(true),
                Err(why) => return Err(format!("stats: {why}")),
            };
            let nothing_waits = stats["in_ring"] == 0 && stats["pending"] == 0;
            let is_done = stats["runs"] >= stats["scheduled"];
            let is_at_rest = is_done
                && match may_wait {
                    MayWait::Nothing => nothing_waits,
                    MayWait::Masked => true,
                    MayWait::Stranded => nothing_waits || self.stands_still(line, &stats),
                };
            rested = is_at_rest.then_some(stats);
            Ok(is_at_rest)
        })?;
        Ok(rested)
    }

    /// Whether nothing moves on a line for a while, in which a raise under way would arrive.
    fn stands_still(&self, line: usize, stats: &BTreeMap<String, u64>) -> bool {
        thread::sleep(Duration::from_millis(5));
        self.stats(line).as_ref() == Ok(stats)
    }
}

/// The things that may wait on a line at rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MayWait {
    /// Nothing.
    Nothing,
    /// Everything behind a masked interrupt.
    Masked,
    /// Events and raises that a fault has left behind.
    Stranded,
}

fn value(knob: Knob, shown: &str) -> Found<i64> {
    let value = knob.spec().parse(shown);
    value.map_err(|_| format!("{} shows '{shown}'", knob.spec().name))
}

/// Runs simructl. Its messages are not checked here; a failure means that it refused.
fn tool(args: &[&str]) -> Result<(), Errno> {
    match simructl(args).status.code() {
        Some(0) => Ok(()),
        _ => Err(Errno::UnknownErrno),
    }
}

/// The sums that do not hold in these counters.
pub(crate) fn broken(stats: &BTreeMap<String, u64>) -> Vec<String> {
    let sum = |parts: &[&str]| parts.iter().map(|part| stats[*part]).sum::<u64>();
    let broken = invariants::INVARIANTS
        .iter()
        .filter(|sums| stats[sums.total] != sum(sums.parts));
    broken
        .map(|sums| format!("{} is not {}", sums.total, sums.parts.join(" + ")))
        .collect()
}
