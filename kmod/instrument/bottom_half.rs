// SPDX-License-Identifier: GPL-2.0-only

//! The observer of the bottom half. It also makes the bottom half as costly as `work_us` says, and has it stall and
//! forget its readers where `fault` says so.

use super::{
    census,
    deferral,
    load,
    meters::Meters,
    trace, //
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

/// The counts of the bottom half's runs; under the fifo's lock.
#[derive(Clone, Copy, Default)]
pub(crate) struct BottomCounts {
    /// How often it ran.
    pub(crate) runs: u64,
    /// How often it polled.
    pub(crate) polls: u64,
    /// How often that left events for another run, as its budget was used up.
    pub(crate) budget_exhausted: u64,
    /// In which contexts.
    pub(crate) contexts: [u64; census::COUNTERS],
}

/// See the module's description.
pub(crate) struct BottomMeter {
    meters: Arc<Meters>,
    irq_bh: Recorder<Arc<Histogram>>,
    bh_run: Recorder<Arc<Histogram>>,
    fault: Follower,
    // Of the run that is being made:
    context: Context,
    span: Span,
    service: Option<load::Span>,
    /// It does not wake readers on purpose, for the n-th time.
    forgets_readers: Option<u64>,
}

impl BottomMeter {
    pub(crate) fn new(meters: Arc<Meters>) -> Self {
        Self {
            irq_bh: Recorder::new(meters.latency.irq_bh.clone()),
            bh_run: Recorder::new(meters.latency.bh_run.clone()),
            fault: Follower::new(meters.index as u64),
            meters,
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

    /// Starts all counts at 0 again.
    pub(crate) fn reset(&mut self) {
        self.irq_bh.reset();
        self.bh_run.reset();
        self.meters.stalls.store(0);
        self.meters.dropped_wakeups.store(0);
    }

    /// Makes the fault of this run, if it has one; returns the time after that. `has_records` for readers.
    #[cold]
    fn go_wrong(&mut self, start_ns: u64, has_records: bool) -> u64 {
        let settings = &self.meters.fault;
        if has_records {
            self.forgets_readers = self.fault.fires(settings, Fault::DroppedWakeup);
        }
        match self.fault.fires(settings, Fault::Stall) {
            Some(number) => self.stall(start_ns, number),
            None => start_ns,
        }
    }

    /// Keeps the CPU busy from `start_ns` on, and returns when that was over.
    ///
    /// In a thread it stalls as long as it should, or until the rules change, and lets others have the CPU when it is
    /// their turn. The time of an interrupt, of a softirq or of NAPI's thread is taken from everybody: there it stalls for
    /// no longer than the CPU limit counts.
    fn stall(&self, start_ns: u64, number: u64) -> u64 {
        let stalls = &self.meters.stalls;
        stalls.store(stalls.load().wrapping_add(1));
        trace::fault_happens(self.meters.index, Fault::Stall, number);
        let is_thread =
            deferral::may_sleep(self.meters.flavor(), self.context) && self.service.is_none();
        let span_ns = match is_thread {
            true => self.fault.span_ns(),
            false => self.fault.span_ns().min(LONGEST_SPAN_NS),
        };
        let mut now_ns = start_ns;
        while now_ns.saturating_sub(start_ns) < span_ns && self.fault.is_current(&self.meters.fault)
        {
            if is_thread {
                context::let_others_run();
            }
            core::hint::spin_loop();
            now_ns = clock::now_ns();
        }
        now_ns
    }

    /// Whether the run's time is an interrupt's: in softirq, and in an interrupt's thread where the kernel runs
    /// interrupts in threads. A hardirq's time is measured where the interrupt begins.
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
            if let Some(count) = counts.contexts.get_mut(index) {
                *count = count.wrapping_add(1);
            }
        });
    }

    #[inline]
    fn ends(&mut self, stamp: Stamp, moved: u64) {
        let busy_ns = self.meters.work_us.load().saturating_mul(1000);
        let mut end_ns = clock::spin(stamp.ns, busy_ns);
        if !self.meters.fault.has(Fault::None) {
            end_ns = self.go_wrong(end_ns, moved != 0);
        }
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
