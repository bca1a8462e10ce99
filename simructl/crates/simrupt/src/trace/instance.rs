// SPDX-License-Identifier: GPL-2.0-only

//! A trace instance of the process's own: the traces of others are not touched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;

use nix::libc::O_NONBLOCK;

use crate::failure::Failure;
use crate::lines::Lines;
use crate::sysroot::{Sysroot, write_value};
use crate::trace::{WHAT, tracefs};

/// How instances are named, before the number of the process that they are of.
const PREFIX: &str = "simructl-";
/// KiB of each CPU: some ten thousand hits.
const BUFFER_KIB: u32 = 4096;

/// The instance; taken down when it goes.
#[derive(Debug)]
pub struct Instance {
    folder: PathBuf,
    /// What is in it, as text; read once.
    pipe: Option<File>,
}

impl Instance {
    /// Makes an instance without any event, with a buffer of `buffer_kib` KiB for each CPU. Its times are
    /// CLOCK_MONOTONIC.
    ///
    /// # Errors
    ///
    /// Says why this process cannot trace.
    pub fn create(sysroot: &Sysroot, buffer_kib: u32) -> Result<Self, Failure> {
        let instances = tracefs::instances(sysroot, WHAT)?;
        remove_orphans(sysroot, &instances);
        let folder = instances.join(format!("{PREFIX}{}", process::id()));
        fs::create_dir(&folder).map_err(|error| Failure::file("make", &folder, None, &error))?;
        let this = Self { folder, pipe: None };
        this.write("buffer_size_kb", &buffer_kib.to_string())?;
        this.write("trace_clock", "mono")?;
        Ok(this)
    }

    /// Begins to trace these lines of the module.
    pub fn set_up(sysroot: &Sysroot, lines: &Lines) -> Result<Self, Failure> {
        tracefs::instances(sysroot, WHAT)?;
        if !sysroot.sys("kernel/tracing/events/simrupt").exists() {
            return Err(Failure::new(
                WHAT,
                "the loaded module has no tracepoints, as this kernel was built without them",
            ));
        }
        let mut this = Self::create(sysroot, BUFFER_KIB)?;
        if let Lines::Listed(lines) = lines {
            this.write("events/simrupt/filter", &filter(lines))?;
        }
        this.pipe = Some(this.open("trace_pipe")?);
        this.write("events/simrupt/enable", "1")?;
        Ok(this)
    }

    /// A file of the instance.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Opens a file of the instance, to read what is in it without waiting for more.
    pub fn open(&self, name: &str) -> Result<File, Failure> {
        let path = self.path(name);
        let mut options = OpenOptions::new();
        let file = options.read(true).custom_flags(O_NONBLOCK).open(&path);
        file.map_err(|error| Failure::file("open", &path, None, &error))
    }

    /// Writes a value to a file of the instance.
    pub fn write(&self, name: &str, value: &str) -> Result<(), Failure> {
        let path = self.path(name);
        write_value(&path, value).map_err(|error| Failure::file("write", &path, None, &error))
    }

    /// Ends the trace; what is in it can still be read.
    pub fn stop(&self) -> Result<(), Failure> {
        self.write("tracing_on", "0")
    }

    /// Reads on; nothing when there is nothing yet.
    pub fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Failure> {
        let Some(pipe) = &mut self.pipe else {
            return Ok(0);
        };
        loop {
            match pipe.read(bytes) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
                Err(error) => {
                    let path = self.path("trace_pipe");
                    return Err(Failure::file("read", &path, None, &error));
                }
            }
        }
    }
}

impl Instance {
    /// Takes the instance down, and says so when that fails.
    pub fn remove(mut self) -> Result<(), Failure> {
        self.take_down()
            .map_err(|error| Failure::file("remove", &self.folder, None, &error))
    }

    fn take_down(&mut self) -> io::Result<()> {
        // It cannot go while it is read.
        self.pipe = None;
        fs::remove_dir(&self.folder)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // After `remove` it is gone already. After an error the next instance removes it.
        let _ = self.take_down();
    }
}

/// The filter of events that lets those of some lines pass.
fn filter(lines: &[u32]) -> String {
    let each: Vec<String> = lines.iter().map(|line| format!("line == {line}")).collect();
    each.join(" || ")
}

/// Removes what killed processes have left.
fn remove_orphans(sysroot: &Sysroot, instances: &Path) {
    let names = fs::read_dir(instances).into_iter().flatten().flatten();
    for name in names.map(|entry| entry.file_name()) {
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        if pid.parse::<u32>().is_ok() && !sysroot.proc(pid).exists() {
            // Somebody else may have done so by now.
            let _: io::Result<()> = fs::remove_dir(instances.join(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_lets_each_of_the_lines_pass() {
        assert_eq!(filter(&[3]), "line == 3");
        assert_eq!(filter(&[0, 2]), "line == 0 || line == 2");
    }
}
