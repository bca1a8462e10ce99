// SPDX-License-Identifier: GPL-2.0-only

//! What it costs to measure, and what the kernel's own part of deferring work costs: so that both
//! can be told apart from what the driver does. Process context; takes some milliseconds.

use super::line::Line;
use crate::{
    clock,
    ffi::Context,
    work, //
};
use kernel::{
    bindings, new_work,
    prelude::*,
    sync::Arc,
    types::Opaque,
    workqueue::{
        Queue,
        Work, //
    },
};

/// How many clock reads are measured.
pub(crate) const TIMESTAMPS: u64 = 10_000;

/// How many empty work items are measured.
const EMPTY_RUNS: u64 = 1_000;

/// Times of many, in nanoseconds.
pub(crate) struct Costs {
    /// Of [`TIMESTAMPS`] clock reads.
    pub(crate) timestamps_ns: u64,
    /// How many empty work items were run: none when the flavor is not a workqueue.
    pub(crate) empty_runs: u64,
    /// Of all of them, one after the other: from queueing it, through its run, until who waits for
    /// it runs again.
    pub(crate) empty_runs_ns: u64,
}

impl Line {
    /// Measures on the line's workqueue, now.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn measure_costs(&self) -> Result<Costs> {
        let start_ns = clock::now_ns();
        for _ in 1..TIMESTAMPS {
            clock::now_ns();
        }
        let timestamps_ns = clock::now_ns().saturating_sub(start_ns);
        let empty = Empty::new()?;
        let (empty_runs, empty_runs_ns) = self.with_queue(|queue| match queue {
            Some((queue, context)) => (EMPTY_RUNS, empty.run_on(queue, context)),
            None => (0, 0),
        });
        Ok(Costs {
            timestamps_ns,
            empty_runs,
            empty_runs_ns,
        })
    }
}

/// A work item that does nothing but say so.
#[pin_data]
struct Empty {
    #[pin]
    work: Work<Self, { work::THREAD }>,
    #[pin]
    softirq_work: Work<Self, { work::SOFTIRQ }>,
    /// The kernel crate's completion can only be completed once.
    #[pin]
    done: Opaque<bindings::completion>,
}

// SAFETY: A completion may be completed and waited for by any thread.
unsafe impl Send for Empty {}
// SAFETY: As above.
unsafe impl Sync for Empty {}

work::impl_works! {
    Empty { thread: work, softirq: softirq_work, run: Empty::complete }
}

impl Empty {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                work <- new_work!("simrupt::empty"),
                softirq_work <- new_work!("simrupt::empty_softirq"),
                done <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and stays where it is.
                    unsafe { bindings::init_completion(place) }
                }),
            }),
            GFP_KERNEL,
        )
    }

    /// Runs [`EMPTY_RUNS`] times on the queue; returns how long that took.
    fn run_on(self: &Arc<Self>, queue: &Queue, context: Context) -> u64 {
        let start_ns = clock::now_ns();
        for _ in 0..EMPTY_RUNS {
            if work::enqueue(queue, context, self.clone()) {
                // SAFETY: The completion is initialized; the item that was queued completes it.
                unsafe { bindings::wait_for_completion(self.done.get()) };
            }
        }
        let span_ns = clock::now_ns().saturating_sub(start_ns);
        self.flush_works();
        span_ns
    }

    fn complete(&self) {
        // SAFETY: The completion is initialized, and lives as long as `self`.
        unsafe { bindings::complete(self.done.get()) };
    }
}
