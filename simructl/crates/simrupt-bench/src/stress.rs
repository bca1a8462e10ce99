// SPDX-License-Identifier: GPL-2.0-only

//! Antagonists: what else the CPUs have to do while a cell is measured.
//!
//! `cpu` and `memory` are threads of simructl's own, one for each CPU. The others are the module's, on
//! the CPU of each line: stretches of [`STRETCH_US`] with interrupts off, with preemption off or in a
//! softirq, [`STRETCHES_HZ`] times a second.

use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// How long one of the module's stretches is, in microseconds.
pub const STRETCH_US: u64 = 50;
/// How many of them there are in a second: a prime, so that they do not keep step with the events, and
/// meet either all of them or none.
pub const STRETCHES_HZ: u64 = 941;

/// The value that the module's knob `stress` has for an antagonist.
pub fn of_module(name: &str) -> &str {
    match name {
        "irqs-off" | "preempt-off" | "softirq" => name,
        _ => "none",
    }
}

/// How much memory a thread has at a time: more than caches hold.
const MEMORY: usize = 16 * 1024 * 1024;
const PAGE: usize = 4096;

/// Running antagonists of simructl's own, if the name is of one. Dropping them ends them.
#[derive(Debug)]
pub struct Stress {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Stress {
    /// Starts one thread for each of the CPUs, there and nowhere else.
    pub fn start(name: &str, cpus: &[u32]) -> io::Result<Self> {
        let mut stress = Self {
            stop: Arc::default(),
            threads: Vec::new(),
        };
        let work: fn(&AtomicBool) = match name {
            "cpu" => spin,
            "memory" => fill,
            _ => return Ok(stress),
        };
        for cpu in cpus {
            let mut only = CpuSet::new();
            only.set(*cpu as usize)?;
            let stop = Arc::clone(&stress.stop);
            let run = move || {
                // A CPU that has gone since is somebody else's: then it runs anywhere.
                let _ = sched_setaffinity(Pid::from_raw(0), &only);
                work(&stop);
            };
            let thread = thread::Builder::new().name(format!("stress-{name}"));
            stress.threads.push(thread.spawn(run)?);
        }
        Ok(stress)
    }
}

impl Drop for Stress {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Wants the CPU, all the time.
fn spin(stop: &AtomicBool) {
    let mut number = 1_u64;
    while !stop.load(Relaxed) {
        for _ in 0..1000 {
            number = black_box(number.wrapping_mul(3));
        }
    }
}

/// Takes memory, writes to every page of it and gives it back, all the time.
fn fill(stop: &AtomicBool) {
    while !stop.load(Relaxed) {
        let mut memory: Vec<u8> = Vec::with_capacity(MEMORY);
        for page in memory.spare_capacity_mut().chunks_mut(PAGE) {
            if stop.load(Relaxed) {
                break;
            }
            page[0].write(1);
        }
        black_box(&memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_antagonist_ends_when_it_is_dropped() {
        for (name, threads) in [("cpu", 1), ("memory", 1), ("idle", 0), ("irqs-off", 0)] {
            let stress = Stress::start(name, &[0]).unwrap();
            assert_eq!(stress.threads.len(), threads, "{name}");
        }
    }
}
