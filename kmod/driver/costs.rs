// SPDX-License-Identifier: GPL-2.0-only

//! What it costs to measure, and what the kernel's own part of deferring work costs: so that both
//! can be told apart from what the driver does. Process context; takes some milliseconds.

use super::line::Line;
use crate::clock;
use kernel::{
    bindings, impl_has_work, new_work,
    prelude::*,
    sync::Arc,
    types::Opaque,
    workqueue::{
        Queue,
        Work,
        WorkItem, //
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
            Some(queue) => (EMPTY_RUNS, empty.run_on(queue)),
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
    work: Work<Self>,
    /// The kernel crate's completion can only be completed once.
    #[pin]
    done: Opaque<bindings::completion>,
}

// SAFETY: A completion may be completed and waited for by any thread.
unsafe impl Send for Empty {}
// SAFETY: As above.
unsafe impl Sync for Empty {}

impl_has_work! {
    impl HasWork<Self> for Empty { self.work }
}

impl Empty {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                work <- new_work!("simrupt::empty"),
                done <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and stays where it is.
                    unsafe { bindings::init_completion(place) }
                }),
            }),
            GFP_KERNEL,
        )
    }

    /// Runs [`EMPTY_RUNS`] times on the queue; returns how long that took.
    fn run_on(self: &Arc<Self>, queue: &Queue) -> u64 {
        let start_ns = clock::now_ns();
        for _ in 0..EMPTY_RUNS {
            if queue.enqueue::<_, 0>(self.clone()).is_ok() {
                // SAFETY: The completion is initialized; the item that was queued completes it.
                unsafe { bindings::wait_for_completion(self.done.get()) };
            }
        }
        clock::now_ns().saturating_sub(start_ns)
    }
}

impl WorkItem for Empty {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        // SAFETY: The completion is initialized, and lives as long as `this`.
        unsafe { bindings::complete(this.done.get()) };
    }
}
