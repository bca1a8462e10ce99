// SPDX-License-Identifier: GPL-2.0-only

//! The live trace: each CPU's binary ring buffer is read several times per second, and the events of all CPUs are
//! sorted by time.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

use crate::failure::{Failure, errno};
use crate::handlers::event::{Names, Sink};
use crate::handlers::merge::{Source, merge};
use crate::handlers::page::Layout;
use crate::handlers::raw::{Decoder, Wanted, vectors, wanted};
use crate::sysroot::{Sysroot, read_text};
use crate::trace::instance::Instance;
use crate::trace::{WHAT, tracefs};

/// An event gets its time some instructions before a reader can see it. A virtual CPU may be stopped in between.
const SLACK_NS: u64 = 2_000_000;
/// KiB for each CPU, and the most for all CPUs together.
const BUFFER_KIB: u32 = 1024;
const BUFFERS_KIB: u32 = 256 * 1024;
/// The least KiB for each CPU: some pages.
const LEAST_KIB: u32 = 64;

/// A trace instance that records the events of handlers.
#[derive(Debug)]
pub(super) struct Recorder {
    // Closed before the instance, which cannot be removed while they are open.
    pipes: Vec<File>,
    instance: Instance,
    /// The pages that were read from them.
    sources: Vec<Source>,
    decoder: Decoder,
    /// The most pages of a CPU that are read at a time. Otherwise a buffer that fills as fast as it is read would keep
    /// the other buffers from being read.
    most_pages: usize,
    pub(super) names: Names,
    /// When it began, in nanoseconds of CLOCK_MONOTONIC.
    pub(super) start_ns: u64,
}

/// CLOCK_MONOTONIC, the trace's clock.
fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from);
    now.map_or(0, |now| u64::try_from(now.as_nanos()).unwrap_or(u64::MAX))
}

impl Recorder {
    /// Begins to record these tracepoints, with a buffer of `buffer_kib` KiB for each CPU.
    pub(super) fn start(
        sysroot: &Sysroot,
        wanted: impl IntoIterator<Item = Wanted>,
        buffer_kib: Option<u32>,
    ) -> Result<Self, Failure> {
        tracefs::instances(sysroot, WHAT)?;
        let tracing = sysroot.sys("kernel/tracing");
        let mut names = Names::default();
        let tracepoints = tracepoints(&tracing.join("events"), wanted)?;
        let decoder = Decoder::new(&tracepoints, &mut names).map_err(|(wanted, why)| {
            let path = tracing.join(format!("events/{}/{}/format", wanted.system, wanted.name));
            unknown(&path, why)
        })?;
        let path = tracing.join("events/header_page");
        let text = header(&path).map_err(|error| Failure::file("read", &path, None, &error))?;
        let layout = Layout::parse(&text).map_err(|why| unknown(&path, why))?;
        let numbers = cpus(&tracing.join("per_cpu"))?;
        let kib = buffer_kib.unwrap_or_else(|| {
            let share = BUFFERS_KIB / u32::try_from(numbers.len()).unwrap_or(u32::MAX).max(1);
            share.clamp(LEAST_KIB, BUFFER_KIB)
        });
        let instance = Instance::create(sysroot, kib)?;
        instance.write("tracing_on", "0")?;
        for (wanted, _) in &tracepoints {
            let folder = format!("events/{}/{}", wanted.system, wanted.name);
            if let Some(filter) = &wanted.filter {
                instance.write(&format!("{folder}/filter"), filter)?;
            }
            instance.write(&format!("{folder}/enable"), "1")?;
        }
        let pipes = numbers
            .iter()
            .map(|number| instance.open(&format!("per_cpu/cpu{number}/trace_pipe_raw")));
        let mut this = Self {
            pipes: pipes.collect::<Result<_, _>>()?,
            sources: numbers
                .into_iter()
                .map(|cpu| Source::new(cpu, layout.clone()))
                .collect(),
            most_pages: (kib as usize * 1024).div_ceil(layout.size) + 1,
            instance,
            decoder,
            names,
            start_ns: 0,
        };
        this.instance.write("tracing_on", "1")?;
        this.start_ns = now_ns();
        Ok(this)
    }

    /// Ends the recording, and returns its end time; the buffers can still be read.
    pub(super) fn stop(&self) -> Result<u64, Failure> {
        self.instance.write("tracing_on", "0")?;
        Ok(now_ns())
    }

    /// Reads the buffers, and hands on the events up to now, in order. Returns the time of the end of these events.
    pub(super) fn read(&mut self, sink: &mut impl Sink) -> Result<u64, Failure> {
        let until_ns = now_ns().saturating_sub(SLACK_NS);
        self.read_buffers()?;
        self.merge(until_ns, sink);
        Ok(until_ns)
    }

    /// After the end: reads and hands on all remaining events.
    pub(super) fn rest(&mut self, sink: &mut impl Sink) -> Result<(), Failure> {
        while self.read_buffers()? {}
        self.merge(u64::MAX, sink);
        Ok(())
    }

    fn merge(&mut self, until_ns: u64, sink: &mut impl Sink) {
        let (decoder, names) = (&mut self.decoder, &mut self.names);
        merge(&mut self.sources, decoder, names, until_ns, sink);
    }

    /// Reads the buffers; returns whether they had any data.
    fn read_buffers(&mut self) -> Result<bool, Failure> {
        let mut has_read = false;
        for (pipe, source) in self.pipes.iter_mut().zip(&mut self.sources) {
            for _ in 0..self.most_pages {
                match source.pages.read(pipe) {
                    Ok(false) => break,
                    Ok(true) => has_read = true,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // A CPU that was always offline has no buffer yet.
                    Err(error) if errno(&error) == Errno::ENODEV => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => {
                        let name = format!("per_cpu/cpu{}/trace_pipe_raw", source.cpu);
                        let path = self.instance.path(&name);
                        return Err(Failure::file("read", &path, None, &error));
                    }
                }
            }
        }
        Ok(has_read)
    }

    /// Number of events lost up to now, by the kernel's counts.
    pub(super) fn lost(&self) -> u64 {
        let each = self.sources.iter().map(|source| {
            let path = format!("per_cpu/cpu{}/stats", source.cpu);
            let path = self.instance.path(&path);
            read_text(&path).map_or(0, |text| lost(&text))
        });
        each.fold(0, u64::saturating_add)
    }

    /// Number of events that could not be decoded.
    pub(super) fn odd(&self) -> u64 {
        self.decoder.odd
    }

    /// Whether switches of threads are recorded.
    pub(super) fn has_switches(&self) -> bool {
        self.decoder.has_switches()
    }

    /// The CPUs that have buffers, ascending.
    pub(super) fn cpus(&self) -> Vec<u32> {
        self.sources.iter().map(|source| source.cpu).collect()
    }
}

/// `overrun: 12`, `dropped events: 3`
fn lost(stats: &str) -> u64 {
    let rows = stats.lines().filter_map(|row| row.split_once(": "));
    let lost =
        rows.filter(|(name, _)| ["overrun", "commit overrun", "dropped events"].contains(name));
    lost.filter_map(|(_, count)| count.trim().parse::<u64>().ok())
        .fold(0, u64::saturating_add)
}

/// The tracepoints of all handlers, including those of the machine's vectors.
pub(super) fn of_handlers(sysroot: &Sysroot) -> impl Iterator<Item = Wanted> + use<> {
    let events = sysroot.sys("kernel/tracing/events/irq_vectors");
    let names = names(&events).unwrap_or_default();
    wanted().into_iter().chain(vectors(&names))
}

/// The wanted tracepoints that the kernel has, each with its format text.
fn tracepoints(
    events: &Path,
    wanted: impl IntoIterator<Item = Wanted>,
) -> Result<Vec<(Wanted, String)>, Failure> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for wanted in wanted {
        let path = events.join(wanted.system).join(&wanted.name).join("format");
        match read_text(&path) {
            Ok(text) => found.push((wanted, text)),
            Err(error) if errno(&error) != Errno::ENOENT => {
                return Err(Failure::file("read", &path, None, &error));
            }
            Err(_) if wanted.is_required => {
                missing.push(format!("{}:{}", wanted.system, wanted.name));
            }
            Err(_) => {}
        }
    }
    match missing.is_empty() {
        true => Ok(found),
        false => {
            let why = format!(
                "this kernel does not have the events {}",
                missing.join(", ")
            );
            Err(Failure::new(WHAT, why)
                .remedy("a kernel with CONFIG_TRACEPOINTS and CONFIG_FTRACE"))
        }
    }
}

/// The names of the files in a folder, in alphabetical order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// The CPUs that have buffers, in ascending order.
fn cpus(folder: &Path) -> Result<Vec<u32>, Failure> {
    let names = names(folder).map_err(|error| Failure::file("read", folder, None, &error))?;
    let numbers = names
        .iter()
        .filter_map(|name| name.strip_prefix("cpu")?.parse().ok());
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The text of `header_page`. A second read returns nothing, so the first one must be large enough.
fn header(path: &Path) -> io::Result<String> {
    let mut bytes = vec![0; 4096];
    let count = File::open(path)?.read(&mut bytes)?;
    bytes.truncate(count);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn unknown(path: &Path, why: String) -> Failure {
    Failure::new(format!("cannot understand {}", path.display()), why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_counts_of_lost_events_are_added_up() {
        let stats = "entries: 129\noverrun: 70\ncommit overrun: 5\nbytes: 5000\noldest event ts: 7.1\n\
                     dropped events: 3\nread events: 9\n";
        assert_eq!(lost(stats), 78);
        assert_eq!(lost("overrun: x\n"), 0);
    }
}
