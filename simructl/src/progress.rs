// SPDX-License-Identifier: GPL-2.0-only

//! The progress of a run, on stderr: one line that is overwritten on a terminal, else a new line now and then.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use simrupt::text::in_one_row;
use simrupt_bench::plan::told;
use simrupt_bench::session;

/// The least time between two lines if stderr is not a terminal.
const INTERVAL: Duration = Duration::from_secs(5);

/// The visits done, and the time that they took.
#[derive(Debug)]
pub(crate) struct Progress {
    visits: u32,
    /// The estimate for all of them.
    time: Duration,
    begun: Instant,
    /// Visits done, and the estimate for them.
    done: u32,
    done_time: Duration,
    last: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            visits: 0,
            time: Duration::ZERO,
            begun: Instant::now(),
            done: 0,
            done_time: Duration::ZERO,
            last: None,
            is_terminal: io::stderr().is_terminal(),
        }
    }
}

impl session::Progress for Progress {
    fn begin(&mut self, visits: u32, time: Duration) {
        self.visits = visits;
        self.time = time;
        self.begun = Instant::now();
    }

    fn next(&mut self, what: &str) {
        let now = Instant::now();
        let since = now.duration_since(self.last.unwrap_or(self.begun));
        if !self.is_terminal && since < INTERVAL {
            return;
        }
        self.last = Some(now);
        let left = left(self.time, self.done_time, self.begun.elapsed());
        let (next, visits) = (self.done + 1, self.visits);
        let what = in_one_row(what);
        let text = format!("bench: {next} of {visits}, {} left: {what}", told(left));
        let mut stderr = io::stderr();
        // stderr may be closed.
        let _ = match self.is_terminal {
            true => write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush()),
            false => writeln!(stderr, "{text}"),
        };
    }

    fn done(&mut self, time: Duration) {
        self.done += 1;
        self.done_time += time;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_terminal && self.last.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// The time left: the estimate, corrected by its error so far.
fn left(estimate: Duration, done: Duration, elapsed: Duration) -> Duration {
    let left = estimate.saturating_sub(done);
    match done.is_zero() {
        true => left,
        false => left.mul_f64(elapsed.as_secs_f64() / done.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_learns_from_the_time_spent() {
        let [ten, four, eight] = [10, 4, 8].map(Duration::from_secs);
        assert_eq!(left(ten, Duration::ZERO, Duration::ZERO), ten);
        assert_eq!(left(ten, four, eight), Duration::from_secs(12));
        assert_eq!(left(four, ten, eight), Duration::ZERO);
    }
}
