// SPDX-License-Identifier: GPL-2.0-only

//! The bottom half: moves events from the ring to the fifo.
//!
//! It runs where its flavor has it run: as a work item in a kernel thread or in softirq, or, to compare
//! with, as a tasklet, in the interrupt's thread, or in the interrupt itself. It never runs
//! concurrently with itself: each of these guarantees that on its own, and [`Line::quiesce`] keeps
//! two of them, or two workqueues, from overlapping.

use super::{
    latency::Latency,
    line::{
        Line,
        Store, //
    },
};
use crate::{
    clock, contexts,
    ffi::{
        self,
        Context, //
    },
    logic::{
        abi::Record,
        histogram::{
            Histogram,
            Recorder, //
        },
        ring::{
            BottomEnd,
            Event,
            Ring, //
        },
    },
    trace::{
        self,
        Span, //
    },
};
use kernel::sync::Arc;

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
    fn count_run(&mut self, context: Context, right: Context) {
        self.runs = self.runs.wrapping_add(1);
        contexts::count(context, right, |index| {
            if let Some(count) = self.contexts.get_mut(index) {
                *count = count.wrapping_add(1);
            }
        });
    }
}

/// What the bottom half alone touches.
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

#[inline]
fn record(event: Event, bh_ns: u64, bh_cpu: u16) -> Record {
    Record {
        seq: event.seq,
        due_ns: event.due_ns,
        irq_ns: event.irq_ns,
        bh_ns,
        irq_cpu: event.irq_cpu,
        bh_cpu,
        value: event.value,
        flags: 0,
        reserved: 0,
    }
}

impl Line {
    /// Runs the bottom half. Only called by what its flavor defers to.
    pub(super) fn run_bottom_half(&self) {
        let context = ffi::context();
        // SAFETY: This is the bottom half, which does not run concurrently with itself.
        let BottomOwn {
            ring,
            irq_bh,
            bh_run,
        } = unsafe { self.bottom.get() };
        // The interrupt may come on another CPU while this runs, and asks for another run then. First
        // looked, then stamped, so no event is from later than this.
        ring.look();
        let bh_ns = clock::now_ns();
        let bh_cpu = clock::cpu();
        // A softirq is time that threads do not get; an interrupt's own is measured by who raises it.
        let softirq = (context == Context::Softirq).then(|| self.device.service_begins(bh_ns));
        if trace::bh_start_enabled() {
            trace::bh_start(self.index, self.flavor().name(), context, bh_ns);
        }
        let ends = trace::bh_end_enabled().then(|| ring.span()).flatten();
        let mut moved = 0_usize;
        loop {
            let mut store = self.store.lock();
            let Store {
                fifo,
                bottom,
                context: right,
                ..
            } = &mut *store;
            let mut irq_bh = irq_bh.batch(bh_ns, bh_cpu);
            let taken = ring.take(BATCH, |event| {
                if let Some((seq, policy)) = fifo.push(record(event, bh_ns, bh_cpu)) {
                    trace::drop(self.index, seq, 1, policy.into());
                }
                irq_bh.record(bh_ns.saturating_sub(event.irq_ns));
            });
            moved = moved.wrapping_add(taken);
            if taken < BATCH {
                bottom.count_run(context, *right);
                break;
            }
        }
        let busy_ns = self.work_us().saturating_mul(1000);
        let end_ns = clock::spin(bh_ns, busy_ns);
        bh_run.record(end_ns.saturating_sub(bh_ns), end_ns, bh_cpu);
        trace::bh_end(self.index, Span::new(ends, moved as u64), end_ns);
        if moved != 0 {
            self.device.ring_doorbell();
            if trace::wake_enabled() {
                trace::wake(self.index, self.store.lock().fifo.queued() as u64);
            }
            self.readable.notify_all();
        }
        if let Some(span) = softirq {
            self.device.service_ends(&span);
        }
    }
}
