// SPDX-License-Identifier: GPL-2.0-only

//! The loaded module: its lines, and which of its files this user can reach.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use proc_interrupts::Table;
use simrupt_core::knobs::MAX_LINES;

use crate::failure::{Failure, errno};
use crate::files::latency::Latency;
use crate::files::value;
use crate::knobs::KnobFile;
use crate::line::{Counters, read_line_file};
use crate::lines::Lines;
use crate::sysroot::{Sysroot, read_text};

/// The module, as it was when the command started.
#[derive(Debug)]
pub struct Module<'a> {
    sysroot: &'a Sysroot,
    /// The existing lines, ascending.
    lines: Vec<u32>,
    /// The debugfs directory, or why it is out of reach.
    debugfs: Result<PathBuf, Gap>,
    /// Whether the kernel is locked down. Then only those files of debugfs can be opened that nobody can write to.
    is_locked_down: bool,
}

/// Why the debugfs directory is out of reach.
#[derive(Debug, Clone, Copy)]
enum Gap {
    NotMounted,
    NotRoot,
    NoDirectory,
    LockedDown,
}

impl Gap {
    /// The failure of a command that needs debugfs.
    fn failure(self, what: &str) -> Failure {
        match self {
            Self::NotMounted => Failure::new(what, "debugfs is not mounted")
                .remedy("mount -t debugfs none /sys/kernel/debug"),
            Self::NotRoot => Failure::new(what, "needs root").remedy("run with sudo"),
            Self::NoDirectory => Failure::new(
                what,
                "debugfs is mounted, but has no directory of the module",
            )
            .remedy("simructl unload, then simructl load, and dmesg if that does not help"),
            Self::LockedDown => Failure::new(
                what,
                "the kernel is locked down, which closes all writable files of debugfs",
            )
            .remedy("a kernel that is not locked down: man kernel_lockdown"),
        }
    }
}

/// Whether the module is loaded.
pub fn is_loaded(sysroot: &Sysroot) -> bool {
    sysroot.module().exists()
}

impl<'a> Module<'a> {
    /// Finds the loaded module; `what` is the text of a failure.
    pub fn find(sysroot: &'a Sysroot, what: &str) -> Result<Self, Failure> {
        if !is_loaded(sysroot) {
            return Err(Failure::not_loaded(what));
        }
        let debugfs = find_debugfs(sysroot);
        let lines = match &debugfs {
            Ok(directory) => lines_in(directory)
                .map_err(|error| Failure::file("read", directory, None, &error))?,
            Err(_) => lines_of_parameters(&sysroot.parameters()),
        };
        let is_locked_down = debugfs
            .as_ref()
            .is_ok_and(|directory| is_locked_down(sysroot, directory, &lines));
        Ok(Self {
            sysroot,
            lines,
            debugfs,
            is_locked_down,
        })
    }

    /// The root of its files.
    pub fn sysroot(&self) -> &Sysroot {
        self.sysroot
    }

    /// The numbers of its lines, ascending.
    pub fn lines(&self) -> &[u32] {
        &self.lines
    }

    /// The lines that the user selects, ascending.
    pub fn select(&self, lines: &Lines) -> Result<Vec<u32>, Failure> {
        let Lines::Listed(listed) = lines else {
            return Ok(self.lines.clone());
        };
        // The last missing line shows how many lines are needed.
        match listed.iter().rfind(|line| !self.lines.contains(line)) {
            None => Ok(listed.clone()),
            Some(absent) => Err(self.no_line(*absent)),
        }
    }

    /// The failure for a line that does not exist.
    pub fn no_line(&self, line: u32) -> Failure {
        let why = match self.lines.as_slice() {
            [] => "the module has no lines".to_string(),
            [only] => format!("the module has 1 line ({only})"),
            [first, .., last] => {
                let count = self.lines.len();
                format!("the module has {count} lines ({first}..{last})")
            }
        };
        let remedy = match usize::try_from(line) {
            Ok(at) if at < MAX_LINES => format!(
                "more lines: simructl unload, then simructl load lines={}",
                at + 1
            ),
            _ => format!(
                "a line that exists; a module has at most {MAX_LINES} (0..{})",
                MAX_LINES - 1
            ),
        };
        Failure::new(format!("line {line} does not exist"), why).remedy(remedy)
    }

    /// The debugfs directory, if it can be reached.
    pub fn debugfs(&self) -> Option<&Path> {
        self.debugfs.as_deref().ok()
    }

    /// The debugfs directory, if knobs can be read and written there.
    pub fn debugfs_of_knobs(&self) -> Option<&Path> {
        self.debugfs().filter(|_| !self.is_locked_down)
    }

    /// Fails if files of debugfs cannot be written; `what` is the text of the failure.
    pub fn must_be_writable(&self, what: &str) -> Result<(), Failure> {
        match self.is_locked_down {
            true => Err(Gap::LockedDown
                .failure(what)
                .because("knobs can still be read and set")),
            false => Ok(()),
        }
    }

    /// The debugfs directory of a line; `what` is the text of a failure.
    pub fn line_directory(&self, line: u32, what: &str) -> Result<PathBuf, Failure> {
        match &self.debugfs {
            Ok(directory) => Ok(directory.join(format!("line{line}"))),
            Err(gap) => Err(gap.failure(what)),
        }
    }

    /// Why the caller must do without debugfs, and the remedy; `None` if its knobs can be reached.
    pub fn gap(&self, instead: &str) -> Option<Failure> {
        let gap = match &self.debugfs {
            Err(gap) => *gap,
            Ok(_) if self.is_locked_down => Gap::LockedDown,
            Ok(_) => return None,
        };
        Some(gap.failure("doing with less").because(instead))
    }

    /// The fault that is set on a line; `None` if there is none, or if it cannot be read.
    pub fn fault(&self, line: u32) -> Option<String> {
        let parameters = self.sysroot.parameters();
        let file = KnobFile::of(self.debugfs_of_knobs(), &parameters, "fault", line);
        file.value(line).ok().filter(|fault| fault != "none")
    }

    /// The counters of a line; `None` if its driver is unbound.
    pub fn counters(&self, line: u32, what: &str) -> Result<Option<Counters>, Failure> {
        let directory = self.line_directory(line, what)?;
        if !self.is_bound(line) {
            return Ok(None);
        }
        Counters::read(&directory, line)
    }

    /// The histograms of a line; `None` if its driver is unbound.
    pub fn latency(&self, line: u32, what: &str) -> Result<Option<Latency>, Failure> {
        let path = self.line_directory(line, what)?.join("latency");
        if !self.is_bound(line) {
            return Ok(None);
        }
        let Some((path, text)) = read_line_file(path, line)? else {
            return Ok(None);
        };
        let latency = Latency::parse(&text).map_err(|why| Failure::malformed(&path, why))?;
        Ok(Some(latency))
    }

    /// Whether a driver is bound to the line's device, according to sysfs.
    pub fn is_bound(&self, line: u32) -> bool {
        let device = self.sysroot.platform_device(line);
        !device.exists() || device.join("driver").exists()
    }

    /// The Linux IRQ number of a line.
    pub fn irq(&self, line: u32) -> Option<u32> {
        let own = self.debugfs().and_then(|directory| {
            read_text(&directory.join(format!("line{line}/irq")))
                .ok()?
                .trim()
                .parse()
                .ok()
        });
        own.or_else(|| {
            let interrupts = File::open(self.sysroot.proc("interrupts")).ok()?;
            let table = Table::read(interrupts).ok()?;
            table.row_of(&format!("simrupt{line}"))?.irq()
        })
    }
}

fn find_debugfs(sysroot: &Sysroot) -> Result<PathBuf, Gap> {
    let directory = sysroot.debugfs();
    match fs::read_dir(&directory) {
        Ok(_) => Ok(directory),
        Err(error) if matches!(errno(&error), Errno::EACCES | Errno::EPERM) => Err(Gap::NotRoot),
        Err(_) if sysroot.debugfs_is_mounted() => Err(Gap::NoDirectory),
        Err(_) => Err(Gap::NotMounted),
    }
}

/// Whether the kernel is locked down. securityfs says so; if it is not mounted, a knob's file that root cannot open
/// shows it. Other users do not get here.
fn is_locked_down(sysroot: &Sysroot, directory: &Path, lines: &[u32]) -> bool {
    if let Ok(levels) = read_text(&sysroot.sys("kernel/security/lockdown")) {
        return levels.contains('[') && !levels.contains("[none]");
    }
    lines.iter().take(1).any(|line| {
        let knob = directory.join(format!("line{line}/rate_hz"));
        File::open(knob).is_err_and(|error| errno(&error) == Errno::EPERM)
    })
}

/// The lines that have a directory in debugfs.
fn lines_in(directory: &Path) -> io::Result<Vec<u32>> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        lines.extend(
            name.to_str()
                .and_then(|name| name.strip_prefix("line")?.parse::<u32>().ok()),
        );
    }
    lines.sort_unstable();
    Ok(lines)
}

/// The lines according to the parameters: `lines` has their number, or else each list has a value per line.
fn lines_of_parameters(directory: &Path) -> Vec<u32> {
    let told = read_text(&directory.join("lines"))
        .ok()
        .and_then(|text| text.trim().parse::<u16>().ok())
        .map(u32::from);
    let count = told.unwrap_or_else(|| {
        let names = parameter_names(directory).unwrap_or_default();
        let counts = names.iter().filter_map(|name| {
            let text = read_text(&directory.join(name)).ok()?;
            u32::try_from(value::list(&text).len()).ok()
        });
        counts.max().unwrap_or(0)
    });
    (0..count).collect()
}

/// The names of the module parameters, in alphabetical order.
pub fn parameter_names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}
