// SPDX-License-Identifier: GPL-2.0-only

//! A trace instance of our own: the module's tracepoints, and nobody else's trace is touched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;

use nix::libc::O_NONBLOCK;

use crate::failure::Failure;
use crate::sysroot::{Sysroot, write_value};
use crate::trace::WHAT;

/// How instances are named, before the number of the process that they are of.
const PREFIX: &str = "simructl-";
/// KiB of each CPU: some ten thousand hits.
const BUFFER_KIB: &str = "4096";

/// The instance; taken down when it goes.
#[derive(Debug)]
pub struct Instance {
    folder: PathBuf,
    /// What is in it, as text; read once.
    pipe: Option<File>,
}

impl Instance {
    /// Begins to trace these lines, or all without any.
    pub fn set_up(sysroot: &Sysroot, line: Option<u32>) -> Result<Self, Failure> {
        let tracing = sysroot.sys("kernel/tracing");
        let instances = tracing.join("instances");
        if !instances.exists() {
            return Err(Failure::new(
                WHAT,
                "tracefs is not mounted, or this kernel does not trace",
            )
            .remedy("mount -t tracefs none /sys/kernel/tracing"));
        }
        if !tracing.join("events/simrupt").exists() {
            return Err(Failure::new(
                WHAT,
                "the loaded module has no tracepoints, as this kernel was built without them",
            ));
        }
        remove_orphans(sysroot, &instances);
        let folder = instances.join(format!("{PREFIX}{}", process::id()));
        fs::create_dir(&folder).map_err(|error| Failure::file("make", &folder, None, &error))?;
        let mut this = Self { folder, pipe: None };
        this.write("buffer_size_kb", BUFFER_KIB)?;
        this.write("trace_clock", "mono")?;
        if let Some(line) = line {
            this.write("events/simrupt/filter", &format!("line == {line}"))?;
        }
        let path = this.folder.join("trace_pipe");
        let pipe = OpenOptions::new()
            .read(true)
            .custom_flags(O_NONBLOCK)
            .open(&path);
        this.pipe = Some(pipe.map_err(|error| Failure::file("open", &path, None, &error))?);
        this.write("events/simrupt/enable", "1")?;
        Ok(this)
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
                    let path = self.folder.join("trace_pipe");
                    return Err(Failure::file("read", &path, None, &error));
                }
            }
        }
    }

    fn write(&self, name: &str, value: &str) -> Result<(), Failure> {
        let path = self.folder.join(name);
        write_value(&path, value).map_err(|error| Failure::file("write", &path, None, &error))
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
