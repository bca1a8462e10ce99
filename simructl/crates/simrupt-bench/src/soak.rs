// SPDX-License-Identifier: GPL-2.0-only

//! Measures CPU time by what is left of it. Threads that want all of every CPU, but get only what nobody else wants,
//! count their loops. The loops that they miss, compared with a quiet time, are the CPU time that everything else has
//! taken: tasks, softirqs, interrupts, and the switches between them.
//!
//! The kernel does not measure this: it counts interrupts during idle as idle, or in ticks.

use std::hint::black_box;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use crate::priority::be_modest;

/// How many loops a thread makes before it counts: about a microsecond's worth.
const TURNS: u32 = 500;

/// One thread for each CPU. Dropping them ends them.
#[derive(Debug)]
pub struct Soak {
    stop: Arc<AtomicBool>,
    rounds: Vec<Arc<AtomicU64>>,
    threads: Vec<JoinHandle<()>>,
}

/// The progress of the threads at a moment.
#[derive(Debug, Clone)]
pub struct Mark {
    time: Instant,
    rounds: Vec<u64>,
}

impl Soak {
    /// Starts a thread on each of the CPUs, bound to it, and waits until all of them run.
    pub fn start(cpus: &[u32]) -> io::Result<Self> {
        let mut soak = Self {
            stop: Arc::default(),
            rounds: Vec::new(),
            threads: Vec::new(),
        };
        let (sender, receiver) = mpsc::channel();
        for cpu in cpus {
            let mut only = CpuSet::new();
            only.set(*cpu as usize)?;
            let stop = Arc::clone(&soak.stop);
            let rounds = Arc::<AtomicU64>::default();
            soak.rounds.push(Arc::clone(&rounds));
            let sender = sender.clone();
            let run = move || {
                let modest = sched_setaffinity(Pid::from_raw(0), &only).and_then(|()| be_modest());
                let is_fine = modest.is_ok();
                let _ = sender.send(modest);
                if is_fine {
                    turn(&stop, &rounds);
                }
            };
            let thread = thread::Builder::new().name("soak".to_string());
            soak.threads.push(thread.spawn(run)?);
        }
        for _ in cpus {
            receiver.recv().map_err(io::Error::other)??;
        }
        Ok(soak)
    }

    /// The progress of the threads.
    pub fn mark(&self) -> Mark {
        let rounds = self.rounds.iter().map(|one| one.load(Relaxed));
        Mark {
            rounds: rounds.collect(),
            time: Instant::now(),
        }
    }
}

impl Drop for Soak {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn turn(stop: &AtomicBool, rounds: &AtomicU64) {
    let mut number = 1_u64;
    while !stop.load(Relaxed) {
        for _ in 0..TURNS {
            number = black_box(number.wrapping_mul(3));
        }
        rounds.fetch_add(1, Relaxed);
    }
}

/// The CPU time that was taken between the last two marks, all CPUs together, provided that the threads were alone
/// between the first two. `None` if a thread made no progress then.
pub fn taken_ns(quiet: [&Mark; 2], busy: [&Mark; 2]) -> Option<u64> {
    let quiet_ns = nanoseconds(quiet)?;
    let busy_ns = nanoseconds(busy)?;
    let of = |[from, to]: [&Mark; 2], at: usize| {
        let done = to.rounds.get(at)?.checked_sub(*from.rounds.get(at)?)?;
        Some(done as f64)
    };
    let mut taken_ns = 0.0;
    for at in 0..quiet[0].rounds.len() {
        let pace = of(quiet, at).filter(|done| *done > 0.0)? / quiet_ns;
        taken_ns += busy_ns - of(busy, at)? / pace;
    }
    // A negative value is noise around 0.
    Some(taken_ns.max(0.0) as u64)
}

/// A period in which the lines were started, ran, and were silenced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// The events that the lines emitted.
    pub events: u64,
    /// The CPU time that was taken in total; `None` if it could not be measured.
    pub taken_ns: Option<u64>,
}

impl Stretch {
    /// The CPU time of its events, without that of the benchmark itself, which is the total of a stretch without
    /// events. `empty` ended as soon as it had begun, but may have a few events. So the difference of the two is the time
    /// of the events that only this one has, and is scaled to all of its events. `None` if it has no more events than
    /// `empty`.
    ///
    /// The CPU time of the benchmark's own thread would be wrong: most kernels charge an interrupt to the thread that
    /// it interrupts, so that time includes a part of the events.
    pub fn beyond(&self, empty: &Self) -> Option<u64> {
        let more = self
            .events
            .checked_sub(empty.events)
            .filter(|more| *more > 0)?;
        let taken_ns = self.taken_ns?.saturating_sub(empty.taken_ns?);
        Some((taken_ns as f64 * (self.events as f64 / more as f64)) as u64)
    }
}

fn nanoseconds([from, to]: [&Mark; 2]) -> Option<f64> {
    let time = to.time.checked_duration_since(from.time)?;
    (!time.is_zero()).then_some(time.as_nanos() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn mark(start: Instant, ms: u64, rounds: &[u64]) -> Mark {
        Mark {
            time: start + Duration::from_millis(ms),
            rounds: rounds.to_vec(),
        }
    }

    #[test]
    fn what_the_threads_miss_was_taken() {
        let start = Instant::now();
        let [a, b, c] = [
            mark(start, 0, &[0, 0]),
            mark(start, 10, &[1000, 500]),
            mark(start, 30, &[2500, 1500]),
        ];
        // 100 and 50 loops per millisecond: of 20 ms the first thread missed 5, the second none.
        assert_eq!(taken_ns([&a, &b], [&b, &c]), Some(5_000_000));
        assert_eq!(taken_ns([&a, &b], [&a, &b]), Some(0));
    }

    #[test]
    fn without_a_pace_nothing_is_known() {
        let start = Instant::now();
        let [a, b, c] = [
            mark(start, 0, &[0]),
            mark(start, 10, &[0]),
            mark(start, 20, &[9]),
        ];
        assert_eq!(taken_ns([&a, &b], [&b, &c]), None);
        assert_eq!(taken_ns([&a, &a], [&b, &c]), None);
    }

    /// A machine on which an event takes 3 µs, and the benchmark itself takes `own_ns`.
    fn stretch(events: u64, own_ns: u64) -> Stretch {
        Stretch {
            events,
            taken_ns: Some(events * 3_000 + own_ns),
        }
    }

    #[test]
    fn the_benchmark_itself_is_not_counted_however_many_lines_it_starts() {
        for lines in [1, 64] {
            let own_ns = lines * 70_000;
            for at_once in [0, 1, lines] {
                let empty = stretch(at_once, own_ns);
                let busy = stretch(1600, own_ns);
                assert_eq!(busy.beyond(&empty), Some(1600 * 3_000), "{lines} {at_once}");
            }
        }
    }

    #[test]
    fn without_more_events_than_an_empty_stretch_nothing_is_known() {
        assert_eq!(stretch(5, 100).beyond(&stretch(5, 100)), None);
        assert_eq!(stretch(0, 100).beyond(&stretch(5, 100)), None);
        let unknown = Stretch {
            taken_ns: None,
            ..stretch(5, 0)
        };
        assert_eq!(unknown.beyond(&stretch(0, 0)), None);
        assert_eq!(
            stretch(5, 0).beyond(&Stretch {
                events: 0,
                ..unknown
            }),
            None
        );
        // A negative time counts as 0.
        assert_eq!(stretch(5, 0).beyond(&stretch(0, 20_000)), Some(0));
    }

    #[test]
    fn the_threads_count_until_they_are_dropped() {
        let soak = Soak::start(&[0]).unwrap();
        let first = soak.mark();
        while soak.mark().rounds[0] < first.rounds[0] + 10 {
            thread::yield_now();
        }
        let rounds = Arc::clone(&soak.rounds[0]);
        drop(soak);
        let last = rounds.load(Relaxed);
        thread::yield_now();
        assert_eq!(rounds.load(Relaxed), last);
    }

    #[test]
    fn a_cpu_that_does_not_exist_is_an_error() {
        assert!(Soak::start(&[1023]).is_err());
    }
}
