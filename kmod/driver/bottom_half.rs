// SPDX-License-Identifier: GPL-2.0-only

//! The bottom half: a work item that moves events from the ring to the fifo.
//!
//! It runs in softirq (flavor `bh`) or in a kernel thread (all others), never concurrently with
//! itself: a workqueue guarantees that for one queue, and [`Line::reconfigure`] keeps the item from
//! ever being on two.

use super::{
    latency::Latency,
    line::Line,
    queue, //
};
use crate::{
    clock, contexts,
    ffi::{
        self,
        Context, //
    },
    logic::{
        abi::{
            self,
            Record, //
        },
        histogram::{
            Histogram,
            Recorder, //
        },
        knobs::Flavor,
        ring::{
            BottomEnd,
            Event,
            Ring, //
        },
    },
};
use kernel::{
    bindings,
    sync::{
        atomic::Acquire,
        Arc, //
    },
    workqueue::{
        Queue,
        Work,
        WorkItem, //
    },
};

/// How many records one hold of the fifo's lock moves, whoever holds it. This bounds for how long
/// bottom half and readers can delay each other, and for how long interrupts are off.
pub(super) const BATCH: usize = 64;

/// What the bottom half counts of its own runs; under the fifo's lock.
#[derive(Clone, Copy, Default)]
pub(crate) struct BottomCounts {
    /// How often it ran.
    pub(crate) runs: u64,
    /// In which contexts.
    pub(crate) contexts: [u64; contexts::COUNTERS],
}

impl BottomCounts {
    fn count_run(&mut self, flavor: Flavor, context: Context) {
        self.runs = self.runs.wrapping_add(1);
        contexts::count(context, queue::context(flavor), |index| {
            if let Some(count) = self.contexts.get_mut(index) {
                *count = count.wrapping_add(1);
            }
        });
    }
}

/// What the work item alone touches.
pub(super) struct BottomOwn {
    ring: BottomEnd<Arc<Ring>>,
    irq_bh: Recorder<Arc<Histogram>>,
    bh_run: Recorder<Arc<Histogram>>,
}

impl BottomOwn {
    pub(super) fn new(ring: BottomEnd<Arc<Ring>>, latency: &Latency) -> Self {
        Self {
            ring,
            irq_bh: Recorder::new(latency.irq_bh.clone()),
            bh_run: Recorder::new(latency.bh_run.clone()),
        }
    }

    /// Begins all measuring anew.
    pub(super) fn reset(&mut self) {
        self.irq_bh.reset();
        self.bh_run.reset();
    }
}

fn record(event: Event, bh_ns: u64, bh_cpu: u16) -> Record {
    Record {
        seq: event.seq,
        due_ns: event.due_ns,
        irq_ns: event.irq_ns,
        bh_ns,
        irq_cpu: event.irq_cpu,
        bh_cpu,
        value: abi::value_of(event.seq),
        flags: 0,
        reserved: 0,
    }
}

impl WorkItem for Line {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        let context = ffi::context();
        let bh_ns = clock::now_ns();
        let bh_cpu = clock::cpu();
        // SAFETY: This is the work item, which does not run concurrently with itself.
        let BottomOwn {
            ring,
            irq_bh,
            bh_run,
        } = unsafe { this.bottom.get() };
        let mut moved = 0_usize;
        loop {
            let mut store = this.store.lock();
            let mut batch = 0;
            while batch < BATCH {
                let Some(event) = ring.pop() else { break };
                irq_bh.record(bh_ns.saturating_sub(event.irq_ns), bh_ns, bh_cpu);
                store.fifo.push(record(event, bh_ns, bh_cpu));
                batch += 1;
            }
            moved = moved.wrapping_add(batch);
            if batch < BATCH {
                let flavor = store.flavor;
                store.bottom.count_run(flavor, context);
                break;
            }
        }
        let busy_ns = this.work_us().saturating_mul(1000);
        let mut end_ns = clock::now_ns();
        while end_ns.saturating_sub(bh_ns) < busy_ns {
            core::hint::spin_loop();
            end_ns = clock::now_ns();
        }
        bh_run.record(end_ns.saturating_sub(bh_ns), end_ns, bh_cpu);
        if moved != 0 {
            this.readable.notify_all();
        }
    }
}

impl Line {
    /// Queues the work item; `false` when it is queued already, or being reconfigured (it is then
    /// queued at the end of that). Any context.
    #[inline]
    pub(super) fn schedule_bottom_half(self: &Arc<Self>) -> bool {
        let queue = self.queue_in_use.load(Acquire);
        if queue.is_null() {
            return false;
        }
        // SAFETY: A queue stays alive until no interrupt handler can have loaded its pointer: see
        // `set_queue` and `retire`.
        let queue = unsafe { Queue::from_raw(queue) };
        queue.enqueue::<_, 0>(self.clone()).is_ok()
    }

    /// Keeps the work item from being queued and waits for the end of its run. Process context.
    pub(super) fn disable_bottom_half(self: &Arc<Self>) {
        // SAFETY: The pointer is to a live, initialized work item.
        let was_pending =
            unsafe { bindings::disable_work_sync(Work::raw_get(&raw const self.work)) };
        if was_pending {
            // SAFETY: Queueing the item gave a reference away, for the run that was now cancelled.
            drop(unsafe { Arc::from_raw(Arc::as_ptr(self)) });
        }
    }

    /// Undoes one [`Self::disable_bottom_half`]. Process context.
    pub(super) fn enable_bottom_half(&self) {
        // SAFETY: As above.
        unsafe { bindings::enable_work(Work::raw_get(&raw const self.work)) };
    }
}
