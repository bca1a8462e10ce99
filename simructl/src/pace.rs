// SPDX-License-Identifier: GPL-2.0-only

//! Samples again and again: when each is due, and what stands before it.

use std::io::{self, IsTerminal};
use std::thread;
use std::time::{Duration, Instant};

use crate::output;

/// Moves the cursor of a terminal to its first place, and clears what follows.
const HOME: &str = "\x1b[H\x1b[J";

/// Keeps to the times of samples; those that could not be taken in time are left out.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    start: Instant,
    next: Instant,
}

impl Pace {
    /// The first sample is due now.
    pub(crate) fn new(interval: Duration) -> Self {
        let start = Instant::now();
        Self {
            interval,
            start,
            next: start,
        }
    }

    /// Waits until the next sample is due.
    pub(crate) fn wait(&mut self) {
        thread::sleep(self.next.saturating_duration_since(Instant::now()));
        self.pass();
    }

    /// When the next sample is due.
    pub(crate) fn due(&self) -> Instant {
        self.next
    }

    /// Notes that a sample is taken now.
    pub(crate) fn pass(&mut self) {
        self.next = (self.next + self.interval).max(Instant::now());
    }

    /// The time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Whether each sample takes the place of the one before: on a terminal.
pub(crate) fn is_in_place() -> bool {
    io::stdout().is_terminal()
}

/// Prepares the place for the text of a sample, `shown` others after the start: clears the terminal, or returns
/// what stands between two blocks.
pub(crate) fn lead(is_in_place: bool, shown: u64) -> &'static str {
    match (is_in_place, shown) {
        (true, _) => {
            // What is wrong with the terminal, the text will meet as well.
            let _ = output::copy(HOME.as_bytes());
            ""
        }
        (false, 0) => "",
        (false, _) => "\n",
    }
}

/// How fast; `None` when no time has passed.
pub(crate) fn per_second(count: u64, interval: Duration) -> Option<f64> {
    (!interval.is_zero()).then(|| count as f64 / interval.as_secs_f64())
}
