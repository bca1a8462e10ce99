// SPDX-License-Identifier: GPL-2.0-only

//! The cost of measuring, and the kernel's own cost of deferring work, to separate both from the
//! driver's cost. Process context. Takes some milliseconds, and one second at most.

use super::deferral;
use crate::{
    kext::{
        clock,
        wait::Completion,
        workqueue::{
            Next,
            Run,
            Work, //
        }, //
    },
    logic::knobs::Flavor,
};
use kernel::{
    prelude::*,
    sync::Arc,
    time::Delta, //
};

/// The number of measured clock reads.
pub(crate) const TIMESTAMPS: u64 = 10_000;

/// The limits of the measurement of empty work items: their number, and the time.
const EMPTY_RUNS: u64 = 1_000;
const EMPTY_RUNS_NS: u64 = 1_000_000_000;

/// Sums of measured times, in nanoseconds.
pub(crate) struct Costs {
    /// The time of [`TIMESTAMPS`] clock reads.
    pub(crate) timestamps_ns: u64,
    /// The number of empty work items that ran; 0 when the flavor is not a workqueue.
    pub(crate) empty_runs: u64,
    /// The time of all of them, one after the other: each from queueing the item, through its run,
    /// until the waiting thread runs again.
    pub(crate) empty_runs_ns: u64,
}

/// A work item that only signals that it ran.
struct Empty(Arc<Completion>);

impl Run for Empty {
    fn run(&mut self) -> Next {
        self.0.complete();
        Next::Done
    }
}

/// Measures now, on a temporary queue of that flavor.
///
/// # Errors
///
/// `ENOMEM`; `EINTR` when the caller is killed.
pub(crate) fn measure(line: usize, flavor: Flavor) -> Result<Costs> {
    let start_ns = clock::now_ns();
    for _ in 1..TIMESTAMPS {
        clock::now_ns();
    }
    let timestamps_ns = clock::now_ns().saturating_sub(start_ns);
    let (empty_runs, empty_runs_ns) = empty_runs(line, flavor)?;
    Ok(Costs {
        timestamps_ns,
        empty_runs,
        empty_runs_ns,
    })
}

fn empty_runs(line: usize, flavor: Flavor) -> Result<(u64, u64)> {
    let Some(queue) = deferral::queue(flavor) else {
        return Ok((0, 0));
    };
    let done = Arc::pin_init(Completion::new(), GFP_KERNEL)?;
    let queue = queue.build(fmt!("simrupt{line}-costs"))?;
    let work = Work::new(queue, Empty(done.clone()))?;
    let mut runs = 0;
    let start_ns = clock::now_ns();
    let mut taken_ns = 0;
    while runs < EMPTY_RUNS && taken_ns < EMPTY_RUNS_NS {
        work.schedule();
        match done.wait(Delta::from_nanos(EMPTY_RUNS_NS as i64)) {
            Ok(()) => runs += 1,
            // The item cannot run, so there is nothing more to measure.
            Err(ETIMEDOUT) => break,
            Err(error) => return Err(error),
        }
        taken_ns = clock::now_ns().saturating_sub(start_ns);
    }
    Ok((runs, taken_ns))
}
