// SPDX-License-Identifier: GPL-2.0-only

//! The observer of the top half.

use super::{
    census,
    meters::Meters,
    trace, //
};
use crate::{
    driver::{
        Asked,
        ObserveTopHalf,
        Stamp, //
    },
    kext::{
        clock,
        context::{
            context,
            without_preemption,
            Context, //
        }, //
    },
    logic::{
        counters::{
            Counters,
            Writer, //
        },
        fault::Follower,
        histogram::{
            Histogram,
            Recorder, //
        },
        knobs::Fault,
        ring::{
            Acknowledged,
            Slot,
            Span, //
        }, //
    },
};
use kernel::sync::Arc;

/// Calls that found the device's line raised.
pub(crate) const HANDLED: usize = 0;
/// Raises that the call for an earlier raise acknowledged, or a bottom half that polls.
pub(crate) const COALESCED: usize = 1;
/// Calls that found nothing raised, and calls while the bottom half polled.
pub(crate) const SPURIOUS: usize = 2;
/// Calls that asked for a run of the bottom half.
pub(crate) const SCHEDULED: usize = 3;
/// Calls that found a run already requested.
pub(crate) const ALREADY_PENDING: usize = 4;
/// The index of the top half's first context counter.
pub(crate) const CONTEXTS: usize = 5;
/// Calls that left the interrupt unhandled, by an injected fault.
pub(crate) const UNHANDLED: usize = CONTEXTS + census::COUNTERS;
/// Calls that lowered the line.
pub(crate) const ACKNOWLEDGED: usize = UNHANDLED + 1;
/// The number of the top half's counters.
pub(crate) const COUNTERS: usize = ACKNOWLEDGED + 1;

/// See the module's description.
pub(crate) struct TopMeter {
    meters: Arc<Meters>,
    counters: Writer<Arc<Counters<COUNTERS>>, COUNTERS>,
    due_irq: Recorder<Arc<Histogram>>,
    fault: Follower,
    // Of the current call:
    context: Context,
    stamp: Stamp,
    span: Span,
    asked_ns: u64,
}

impl TopMeter {
    pub(crate) fn new(meters: Arc<Meters>) -> Self {
        Self {
            counters: Writer::new(meters.top_half.clone()),
            due_irq: Recorder::new(meters.latency.due_irq.clone()),
            fault: Follower::new(meters.index as u64),
            meters,
            context: Context::Hardirq,
            stamp: Stamp { ns: 0, cpu: 0 },
            span: Span::default(),
            asked_ns: 0,
        }
    }

    /// Restarts all counts at 0.
    pub(crate) fn reset(&mut self) {
        self.counters.reset(|_| ());
        self.due_irq.reset();
    }

    #[inline]
    fn update<R>(&mut self, call: impl FnOnce(&mut Self) -> R) -> R {
        self.counters.begin();
        let result = call(self);
        self.counters.end();
        result
    }
}

impl ObserveTopHalf for TopMeter {
    fn registered(&mut self, in_thread: bool) {
        self.meters.set_forced_threaded(in_thread);
    }

    #[inline]
    fn call<R>(&mut self, call: impl FnOnce(&mut Self) -> R) -> R {
        self.context = context();
        if self.context == Context::Hardirq {
            return self.update(call);
        }
        // Readers of the counters spin until an update ends. A hardirq cannot be preempted by a
        // reader. A thread must not be preempted either, or a reader with a higher priority would
        // spin for ever. Such a thread does an interrupt's work, so its time counts as an
        // interrupt's.
        let span = self.meters.load.service_begins(clock::now_ns());
        let result = without_preemption(|| self.update(call));
        self.meters.load.service_ends(&span);
        result
    }

    fn poll<R>(&mut self, look: impl FnOnce(&mut Self) -> R) -> R {
        // As above, but the time is part of the bottom half.
        without_preemption(|| self.update(look))
    }

    #[inline]
    fn answered(&mut self, was_up: bool) {
        self.counters.add(ACKNOWLEDGED, was_up.into());
    }

    #[inline]
    fn recognizes(&mut self) -> bool {
        let fired = self.fault.fires(&self.meters.fault, Fault::Unhandled);
        if let Some(number) = fired {
            self.counters.add(UNHANDLED, 1);
            trace::fault_happens(self.meters.index, Fault::Unhandled, number);
        }
        fired.is_none()
    }

    #[inline]
    fn begins(&mut self, stamp: Stamp, span: impl FnOnce() -> Span) {
        self.stamp = stamp;
        if trace::irq_enabled() {
            self.span = span();
        }
    }

    #[inline]
    fn takes(&mut self, stamp: Stamp, events: &[Slot]) {
        self.due_irq
            .record_row(events, Slot::due_ns, stamp.ns, stamp.cpu);
    }

    fn polled(&mut self, found: Acknowledged, calls: u32) {
        if self.span.events != 0 {
            trace::irq(self.meters.index, self.span, found.raises, self.stamp.ns);
        }
        self.counters.add(COALESCED, found.raises);
        self.counters.add(SPURIOUS, calls.into());
    }

    #[inline]
    fn acknowledged(&mut self, found: Acknowledged) {
        trace::irq(self.meters.index, self.span, found.raises, self.stamp.ns);
        // Taken before the request, because the bottom half may run on another CPU at once.
        if trace::bh_queue_enabled() {
            self.asked_ns = clock::now_ns();
        }
    }

    #[inline]
    fn ends(&mut self, found: Acknowledged, asked: Option<(Asked, bool)>) {
        census::count(self.context, self.meters.top_half_context(), |index| {
            if index != census::WRONG || !self.meters.is_polled_in(self.context) {
                self.counters.add(CONTEXTS + index, 1);
            }
        });
        if found.raises == 0 {
            self.counters.add(SPURIOUS, 1);
        }
        let Some((_, is_new)) = asked else {
            return;
        };
        if trace::bh_queue_enabled() {
            let flavor = self.meters.flavor().name();
            trace::bh_queue(self.meters.index, flavor, is_new, self.asked_ns);
        }
        if found.raises == 0 {
            return;
        }
        self.counters.add(HANDLED, 1);
        self.counters.add(COALESCED, found.raises.wrapping_sub(1));
        self.counters
            .add(if is_new { SCHEDULED } else { ALREADY_PENDING }, 1);
    }
}
