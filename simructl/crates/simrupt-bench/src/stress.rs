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

use crate::setting::Stress;

/// How long one of the module's stretches is, in microseconds.
pub const STRETCH_US: u64 = 50;
/// How many of them there are in a second: a prime, so that they do not keep step with the events, and
/// meet either all of them or none.
pub const STRETCHES_HZ: u64 = 941;

/// How much memory a thread has at a time: more than caches hold.
const MEMORY: usize = 16 * 1024 * 1024;
const PAGE: usize = 4096;

/// The threads of a kind of interference, if it has any here. Dropping them ends them.
#[derive(Debug)]
pub struct Running {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts one thread for each of the CPUs, there and nowhere else.
    pub fn start(stress: Stress, cpus: &[u32]) -> io::Result<Self> {
        let mut running = Self {
            stop: Arc::default(),
            threads: Vec::new(),
        };
        let work: fn(&AtomicBool) = match stress {
            Stress::Cpu => spin,
            Stress::Memory => fill,
            Stress::Idle | Stress::IrqsOff | Stress::PreemptOff | Stress::Softirq => {
                return Ok(running);
            }
        };
        for cpu in cpus {
            let mut only = CpuSet::new();
            only.set(*cpu as usize)?;
            let stop = Arc::clone(&running.stop);
            let run = move || {
                // A CPU that has gone since is somebody else's: then it runs anywhere.
                let _ = sched_setaffinity(Pid::from_raw(0), &only);
                work(&stop);
            };
            let thread = thread::Builder::new().name(format!("stress-{stress}"));
            running.threads.push(thread.spawn(run)?);
        }
        Ok(running)
    }
}

impl Drop for Running {
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
        for (stress, threads) in [
            (Stress::Cpu, 1),
            (Stress::Memory, 1),
            (Stress::Idle, 0),
            (Stress::IrqsOff, 0),
        ] {
            let running = Running::start(stress, &[0]).unwrap();
            assert_eq!(running.threads.len(), threads, "{stress}");
        }
    }
}
