// SPDX-License-Identifier: GPL-2.0-only

//! Repeated samples: when each is due, and the titles above them.

use std::thread;
use std::time::{Duration, Instant};

use simrupt::layout;

/// Keeps the times of samples; samples that are too late are left out.
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

/// Parts of a title side by side, each with its importance: the parts with the lowest numbers are kept longest.
pub(crate) fn fitting(mut parts: Vec<(u8, String)>, width: usize) -> String {
    let joined = |parts: &[(u8, String)]| {
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        texts.join("  ")
    };
    while layout::width(&joined(&parts)) > width && parts.len() > 1 {
        let least = parts.iter().map(|(rank, _)| *rank).max();
        parts.retain(|(rank, _)| Some(*rank) != least);
    }
    joined(&parts)
}

/// A rate; `None` if no time has passed.
pub(crate) fn per_second(count: u64, interval: Duration) -> Option<f64> {
    (!interval.is_zero()).then(|| count as f64 / interval.as_secs_f64())
}
