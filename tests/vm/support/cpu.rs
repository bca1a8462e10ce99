// SPDX-License-Identifier: GPL-2.0-only

//! CPUs: taking them offline and bringing them back, and the CPU of a test's thread.

use crate::module::{read, write};
use nix::{
    sched::{CpuSet, sched_setaffinity},
    unistd::Pid,
};

/// A CPU that is offline; dropping this brings it back.
pub struct Offline(usize);

impl Offline {
    /// Takes the CPU offline; the kernel moves everything that runs there.
    pub fn take(cpu: usize) -> Self {
        set_online(cpu, false);
        Self(cpu)
    }
}

impl Drop for Offline {
    fn drop(&mut self) {
        set_online(self.0, true);
    }
}

fn set_online(cpu: usize, online: bool) {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/online");
    let value = if online { "1" } else { "0" };
    write(&path, value.as_bytes()).unwrap_or_else(|error| panic!("{path}={value}: {error}"));
    assert_eq!(read(&path).trim_end(), value);
}

/// Makes this thread run on this CPU only.
pub fn stay_on_cpu(cpu: usize) {
    keep_on_cpu(0, cpu);
}

/// Makes a thread run on this CPU only.
pub fn keep_on_cpu(thread: i32, cpu: usize) {
    let mut only = CpuSet::new();
    only.set(cpu).unwrap();
    sched_setaffinity(Pid::from_raw(thread), &only)
        .unwrap_or_else(|error| panic!("CPU {cpu}: {error}"));
}
