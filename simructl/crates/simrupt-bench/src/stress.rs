// SPDX-License-Identifier: GPL-2.0-only

//! Interference: other work for the CPUs during the measurement of a cell.
//!
//! `cpu`, `memory`, `pinned` and `fifo` are threads of simructl. `hog` is a further line of the module, on the CPU of
//! the first measured line: [`HOG_HZ`] runs per second of [`HOG_US`] each. The others are done by the module, on the
//! CPU of each line: stretches of [`STRETCH_US`] with interrupts off, with preemption off or in a softirq,
//! [`STRETCHES_HZ`] times a second.
//!
//! A real-time thread that never sleeps would starve all other threads of its CPU, and the kernel would throttle it
//! (`sched_rt_runtime_us`, 950 ms of each second). The hog of `fifo` avoids both: it sleeps for [`HOG_SLEEP`] after
//! each [`HOG_BUSY`], and it ends by itself if a round takes far too long.

use std::hint::black_box;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use crate::priority;
use crate::setting::Stress;

/// The length of one of the module's stretches, in microseconds.
pub const STRETCH_US: u64 = 50;
/// The number of stretches per second: a prime, so that they are not in step with the events, and do not meet either
/// all of them or none.
pub const STRETCHES_HZ: u64 = 941;

/// The length of a run of a hog line, in microseconds.
pub const HOG_US: u64 = 10_000;
/// The number of its runs per second: a prime, like [`STRETCHES_HZ`]. They take 29 % of a CPU.
pub const HOG_HZ: u64 = 29;

/// How long a real-time hog computes at a time.
const HOG_BUSY: Duration = Duration::from_millis(4);
/// How long it sleeps after that.
const HOG_SLEEP: Duration = Duration::from_millis(1);
/// How long a real-time hog lives at most, beyond the time of its round.
const HOG_GRACE: Duration = Duration::from_secs(30);

/// The memory of a thread at a time: more than caches hold.
const MEMORY: usize = 16 * 1024 * 1024;
const PAGE: usize = 4096;

/// The CPUs of the interference.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// All online CPUs.
    pub online: &'a [u32],
    /// The CPUs of the lines, each once.
    pub of_lines: &'a [u32],
}

/// The threads of a kind of interference, if it has any. Dropping them ends them.
#[derive(Debug)]
pub struct Running {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts one thread for each CPU of the kind, bound to it, for a round that takes about `round`.
    ///
    /// # Errors
    ///
    /// A thread cannot be started, or cannot have its CPU or its scheduling policy.
    pub fn start(stress: Stress, places: Places<'_>, round: Duration) -> io::Result<Self> {
        let mut running = Self {
            stop: Arc::default(),
            threads: Vec::new(),
        };
        let (cpus, work): (_, fn(&AtomicBool, Duration)) = match stress {
            Stress::Cpu => (places.online, |stop, _| spin(stop)),
            Stress::Memory => (places.online, |stop, _| fill(stop)),
            Stress::Pinned => (places.of_lines, |stop, _| spin(stop)),
            Stress::Fifo => (places.of_lines, hog),
            Stress::Idle | Stress::IrqsOff | Stress::PreemptOff | Stress::Softirq | Stress::Hog => {
                return Ok(running);
            }
        };
        let (sender, receiver) = mpsc::channel();
        for cpu in cpus {
            let mut only = CpuSet::new();
            only.set(*cpu as usize)?;
            let stop = Arc::clone(&running.stop);
            let sender = sender.clone();
            let run = move || {
                let placed = sched_setaffinity(Pid::from_raw(0), &only);
                let placed = placed.and_then(|()| match stress {
                    Stress::Fifo => priority::be_real_time(),
                    _ => Ok(()),
                });
                let is_placed = placed.is_ok();
                let _ = sender.send(placed);
                if is_placed {
                    work(&stop, round + HOG_GRACE);
                }
            };
            let thread = thread::Builder::new().name(format!("stress-{stress}"));
            running.threads.push(thread.spawn(run)?);
        }
        for _ in cpus {
            receiver.recv().map_err(io::Error::other)??;
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

/// Uses the CPU all the time.
fn spin(stop: &AtomicBool) {
    while !stop.load(Relaxed) {
        compute();
    }
}

/// Uses the CPU for [`HOG_BUSY`] at a time, sleeps in between, and ends after `limit` in any case.
fn hog(stop: &AtomicBool, limit: Duration) {
    let begun = Instant::now();
    while !stop.load(Relaxed) && begun.elapsed() < limit {
        let busy_since = Instant::now();
        while !stop.load(Relaxed) && busy_since.elapsed() < HOG_BUSY {
            compute();
        }
        thread::sleep(HOG_SLEEP);
    }
}

/// About a microsecond's worth.
fn compute() {
    let mut number = black_box(1_u64);
    for _ in 0..1000 {
        number = black_box(number.wrapping_mul(3));
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
    use nix::errno::Errno;

    fn start(stress: Stress) -> io::Result<Running> {
        let places = Places {
            online: &[0],
            of_lines: &[0],
        };
        Running::start(stress, places, Duration::from_secs(1))
    }

    #[test]
    fn every_kind_ends_when_it_is_dropped() {
        for (stress, threads) in [
            (Stress::Cpu, 1),
            (Stress::Memory, 1),
            (Stress::Pinned, 1),
            (Stress::Idle, 0),
            (Stress::IrqsOff, 0),
        ] {
            let running = start(stress).unwrap();
            assert_eq!(running.threads.len(), threads, "{stress}");
        }
        // Not every user may have real-time threads.
        match start(Stress::Fifo) {
            Ok(running) => assert_eq!(running.threads.len(), 1),
            Err(error) => assert_eq!(error.raw_os_error(), Some(Errno::EPERM as i32)),
        }
    }

    #[test]
    fn a_hog_that_is_not_stopped_ends_by_itself() {
        let never = AtomicBool::new(false);
        let begun = Instant::now();
        hog(&never, Duration::from_millis(20));
        assert!(begun.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn a_cpu_that_does_not_exist_is_an_error() {
        let places = Places {
            online: &[],
            of_lines: &[1023],
        };
        assert!(Running::start(Stress::Pinned, places, Duration::ZERO).is_err());
    }
}
