// SPDX-License-Identifier: GPL-2.0-only

//! The observer of the bottom half. It also adds the costs of `work_us`, `work_sleep_us` and
//! `work_bytes`, injects the faults `stall` and `dropped-wakeup`, and reports the traffic to the
//! kernel for `coalesce_adaptive`.

use super::{
    adaptive::Adaptive,
    census,
    deferral,
    load,
    meters::Meters,
    trace,
    work_memory::WorkMemory, //
};
use crate::{
    driver::{
        ObserveBottomHalf,
        Stamp, //
    },
    kext::{
        clock,
        context::{
            self,
            context,
            Context, //
        }, //
    },
    logic::{
        fault::Follower,
        fifo::Lost,
        histogram::{
            Histogram,
            Recorder, //
        },
        knobs::{
            Fault,
            Flavor, //
        },
        rate_limiter::LONGEST_SPAN_NS,
        ring::{
            Slot,
            Span, //
        }, //
    },
};
use kernel::sync::Arc;

/// The counts of the bottom half's runs; the fifo's lock guards them.
#[derive(Clone, Copy, Default)]
pub(crate) struct BottomCounts {
    /// The number of runs.
    pub(crate) runs: u64,
    /// The number of runs that polled.
    pub(crate) polls: u64,
    /// The number of those that used up their budget and left events for another run.
    pub(crate) budget_exhausted: u64,
    /// The runs by context.
    pub(crate) contexts: [u64; census::COUNTERS],
}

/// The longest single sleep, so that a change takes effect soon.
const NAP_NS: u64 = 10_000_000;

/// See the module's description.
pub(crate) struct BottomMeter {
    meters: Arc<Meters>,
    /// The memory that a run touches.
    pub(crate) memory: WorkMemory,
    /// Reports the traffic to the kernel.
    pub(crate) adaptive: Option<Adaptive>,
    irq_bh: Recorder<Arc<Histogram>>,
    bh_run: Recorder<Arc<Histogram>>,
    fault: Follower,
    // Of the current run:
    context: Context,
    span: Span,
    service: Option<load::Span>,
    /// This run injects `dropped-wakeup`, for the n-th time.
    forgets_readers: Option<u64>,
}

impl BottomMeter {
    pub(crate) fn new(meters: Arc<Meters>) -> Self {
        Self {
            irq_bh: Recorder::new(meters.latency.irq_bh.clone()),
            bh_run: Recorder::new(meters.latency.bh_run.clone()),
            fault: Follower::new(meters.index as u64),
            meters,
            memory: WorkMemory::none(),
            adaptive: None,
            context: Context::Task,
            span: Span::default(),
            service: None,
            forgets_readers: None,
        }
    }

    /// The meters of the line.
    pub(crate) fn meters(&self) -> Arc<Meters> {
        self.meters.clone()
    }

    /// Restarts all counts at 0.
    pub(crate) fn reset(&mut self) {
        self.irq_bh.reset();
        self.bh_run.reset();
        self.meters.stalls.store(0);
        self.meters.dropped_wakeups.store(0);
        let changes = &self.meters.coalesce_changes;
        changes.add(0_i64.saturating_sub_unsigned(changes.load()));
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.reset();
        }
    }

    /// Does everything that this run does besides moving events, of which it moved `moved`. The run
    /// began at `run_ns`. Returns the time afterwards.
    #[cold]
    fn do_extra(&mut self, run_ns: u64, moved: u64) -> u64 {
        self.touch_memory(run_ns);
        // The time to move the events and to touch the memory is part of the run's cost.
        self.keep_busy(run_ns, run_ns, || self.meters.work_ns());
        self.sleep();
        if !self.meters.fault.has(Fault::None) {
            self.go_wrong(run_ns, moved != 0);
        }
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.sample(self.meters.handled(), moved);
        }
        clock::now_ns()
    }

    /// Touches all of the line's own memory, unless that takes longer than the run's context
    /// allows.
    fn touch_memory(&mut self, run_ns: u64) {
        let longest_ns = self.longest_ns(run_ns);
        let may_sleep = self.may_sleep();
        self.memory.touch(|| {
            if may_sleep {
                context::let_others_run();
            }
            clock::now_ns() < longest_ns
        });
    }

    /// Sleeps for `work_sleep_us`, if this run may sleep. A sleep uses no CPU time, so it is not
    /// charged.
    fn sleep(&mut self) {
        // A second check: `control` already refuses a sleep for flavors that must not.
        if self.meters.work_sleep_ns() == 0 || !self.meters.flavor().may_sleep() {
            return;
        }
        let charged = self.service.take();
        if let Some(span) = &charged {
            self.meters.load.service_ends(span);
        }
        let start_ns = clock::now_ns();
        let mut now_ns = start_ns;
        loop {
            let end_ns = start_ns.saturating_add(self.meters.work_sleep_ns());
            if now_ns >= end_ns {
                break;
            }
            clock::sleep((end_ns - now_ns).min(NAP_NS));
            now_ns = clock::now_ns();
        }
        self.service = charged.map(|_| self.meters.load.service_begins(now_ns));
    }

    /// Injects the fault of this run, if it has one.
    fn go_wrong(&mut self, run_ns: u64, has_records: bool) {
        let settings = &self.meters.fault;
        if has_records {
            self.forgets_readers = self.fault.fires(settings, Fault::DroppedWakeup);
        }
        let Some(number) = self.fault.fires(settings, Fault::Stall) else {
            return;
        };
        let stalls = &self.meters.stalls;
        stalls.store(stalls.load().wrapping_add(1));
        trace::fault_happens(self.meters.index, Fault::Stall, number);
        self.keep_busy(run_ns, clock::now_ns(), || {
            match self.fault.is_current(&self.meters.fault) {
                true => self.fault.span_ns(),
                false => 0,
            }
        });
    }

    /// Keeps the CPU busy until `span_ns` after `start_ns`. The span is read again and again, so a
    /// smaller one takes effect at once.
    ///
    /// A thread gives up the CPU when the scheduler wants it. The time of an interrupt or of a
    /// softirq is taken from all threads. There the run, which began at `run_ns`, is busy for
    /// [`LONGEST_SPAN_NS`] at most, which is all that the CPU limit counts.
    fn keep_busy(&self, run_ns: u64, start_ns: u64, span_ns: impl Fn() -> u64) {
        let may_sleep = self.may_sleep();
        let longest_ns = self.longest_ns(run_ns);
        while clock::now_ns() < start_ns.saturating_add(span_ns()).min(longest_ns) {
            if may_sleep {
                context::let_others_run();
            }
            core::hint::spin_loop();
        }
    }

    /// The latest time until which this run, which began at `run_ns`, may be busy.
    fn longest_ns(&self, run_ns: u64) -> u64 {
        match self.may_sleep() {
            true => u64::MAX,
            false => run_ns.saturating_add(LONGEST_SPAN_NS),
        }
    }

    /// Whether this run may sleep: it is in a thread, and its time does not count as an
    /// interrupt's.
    fn may_sleep(&self) -> bool {
        self.context == Context::Task && self.service.is_none() && self.meters.flavor().may_sleep()
    }

    /// Whether the run's time counts as an interrupt's: in softirq, and in an interrupt's thread if
    /// the kernel forces interrupts into threads. The time of a hardirq is measured where the
    /// interrupt begins.
    fn is_charged(&self) -> bool {
        match self.context {
            Context::Hardirq => false,
            Context::Softirq => true,
            Context::Task => {
                self.meters.is_forced_threaded()
                    && matches!(self.meters.flavor(), Flavor::None | Flavor::IrqThread)
            }
        }
    }
}

impl ObserveBottomHalf for BottomMeter {
    type Counts = BottomCounts;

    #[inline]
    fn begins(&mut self, stamp: Stamp, span: impl FnOnce() -> Span) {
        self.context = context();
        self.service = self
            .is_charged()
            .then(|| self.meters.load.service_begins(stamp.ns));
        if trace::bh_start_enabled() {
            let flavor = self.meters.flavor().name();
            let context = census::name(self.context);
            trace::bh_start(self.meters.index, flavor, context, stamp.ns);
        }
        if trace::bh_end_enabled() {
            self.span = span();
        }
    }

    #[inline]
    fn takes(&mut self, stamp: Stamp, events: &[Slot]) {
        self.irq_bh
            .record_row(events, Slot::irq_ns, stamp.ns, stamp.cpu);
    }

    fn lost(&mut self, lost: Lost) {
        trace::lost(self.meters.index, lost, false);
    }

    #[inline]
    fn moved(&mut self, counts: &mut BottomCounts, polls: bool, is_all: bool) {
        if polls {
            counts.polls = counts.polls.wrapping_add(1);
            counts.budget_exhausted = counts.budget_exhausted.wrapping_add((!is_all).into());
        }
        let right = deferral::context(self.meters.flavor(), self.meters.top_half_context());
        counts.runs = counts.runs.wrapping_add(1);
        census::count(self.context, right, |index| {
            // With flavor `none` this is a top half that the kernel polls.
            let is_exempt = index == census::WRONG
                && self.meters.flavor() == Flavor::None
                && self.meters.is_polled_in(self.context);
            if is_exempt {
                return;
            }
            if let Some(count) = counts.contexts.get_mut(index) {
                *count = count.wrapping_add(1);
            }
        });
    }

    #[inline]
    fn ends(&mut self, stamp: Stamp, moved: u64) {
        let end_ns = match self.meters.has_extra() {
            true => self.do_extra(stamp.ns, moved),
            false => clock::now_ns(),
        };
        let took_ns = end_ns.saturating_sub(stamp.ns);
        self.bh_run.record(took_ns, 1, end_ns, stamp.cpu);
        let span = Span {
            events: moved,
            ..self.span
        };
        trace::bh_end(self.meters.index, span, end_ns);
    }

    #[inline]
    fn wakes(&mut self, queued: impl FnOnce() -> u64) -> bool {
        if let Some(number) = self.forgets_readers.take() {
            let dropped = &self.meters.dropped_wakeups;
            dropped.store(dropped.load().wrapping_add(1));
            trace::fault_happens(self.meters.index, Fault::DroppedWakeup, number);
            return false;
        }
        if trace::wake_enabled() {
            trace::wake(self.meters.index, queued());
        }
        true
    }

    #[inline]
    fn ended(&mut self) {
        if let Some(span) = self.service.take() {
            self.meters.load.service_ends(&span);
        }
    }
}
