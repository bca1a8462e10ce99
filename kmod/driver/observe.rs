// SPDX-License-Identifier: GPL-2.0-only

//! The observer of a driver. The driver calls it at every step, in the context of that step.
//!
//! Each method does nothing by default. `()` observes nothing and costs nothing.

use super::Asked;
use crate::{
    kext::{
        clock,
        cpu, //
    },
    logic::{
        abi::Words,
        fifo::Lost,
        ring::{
            Acknowledged,
            Slot,
            Span, //
        }, //
    },
};

/// A time and a CPU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// The time, CLOCK_MONOTONIC in nanoseconds.
    pub(crate) ns: u64,
    /// The CPU.
    pub(crate) cpu: u16,
}

impl Stamp {
    /// The current time and CPU.
    #[inline]
    pub(crate) fn now() -> Self {
        Self {
            ns: clock::now_ns(),
            cpu: cpu::current(),
        }
    }
}

/// The parts of an observer.
pub(crate) trait Observe: 'static {
    /// Observes the top half.
    type TopHalf: ObserveTopHalf;
    /// Observes the bottom half.
    type BottomHalf: ObserveBottomHalf;
    /// Observes interrupts of other devices that share the interrupt.
    type Others: ObserveOthers;
    /// Observes reads.
    type Reads: ObserveReads;
}

/// Observes the top half. Only the intake uses it, so calls never overlap.
pub(crate) trait ObserveTopHalf: Send + 'static {
    /// The kernel will run the top half in hardirq or, with `in_thread`, in a thread. Called before
    /// the first interrupt.
    #[inline(always)]
    fn registered(&mut self, _in_thread: bool) {}

    /// Makes one call of the top half by calling `call`. Readers of counters must see all of it or
    /// nothing.
    #[inline(always)]
    fn call<R>(&mut self, call: impl FnOnce(&mut Self) -> R) -> R {
        call(self)
    }

    /// Whether the top half handles this call. If not, it returns at once, as if the device had not
    /// interrupted.
    #[inline(always)]
    fn recognizes(&mut self) -> bool {
        true
    }

    /// Acknowledges events for a bottom half that polls, by calling `look`. Readers of counters
    /// must see all of it or nothing.
    #[inline(always)]
    fn poll<R>(&mut self, look: impl FnOnce(&mut Self) -> R) -> R {
        look(self)
    }

    /// The interrupt is acknowledged; `was_up` is false if it was acknowledged before.
    #[inline(always)]
    fn answered(&mut self, _was_up: bool) {}

    /// A call, or a poll of the bottom half, begins; `span` returns the events that it found.
    #[inline(always)]
    fn begins(&mut self, _stamp: Stamp, _span: impl FnOnce() -> Span) {}

    /// These events are acknowledged.
    #[inline(always)]
    fn takes(&mut self, _stamp: Stamp, _events: &[Slot]) {}

    /// A bottom half that polls has acknowledged all events. Meanwhile `calls` calls of the top
    /// half were held back, which the observer is not told of otherwise.
    #[inline(always)]
    fn polled(&mut self, _found: Acknowledged, _calls: u32) {}

    /// All events are acknowledged; the bottom half is requested next.
    #[inline(always)]
    fn acknowledged(&mut self, _found: Acknowledged) {}

    /// The bottom half was requested, and whether the request is new. `None` when there was no
    /// reason for a request.
    #[inline(always)]
    fn ends(&mut self, _found: Acknowledged, _asked: Option<(Asked, bool)>) {}
}

/// Observes interrupts of other devices that share the interrupt. Only the top half uses it,
/// possibly while the bottom half polls and uses [`ObserveTopHalf`].
pub(crate) trait ObserveOthers: Send + 'static {
    /// The top half was called, but its device has not interrupted.
    #[inline(always)]
    fn not_mine(&mut self) {}
}

/// Observes the bottom half, which alone uses it.
pub(crate) trait ObserveBottomHalf: Send + 'static {
    /// Counters that must be consistent with those of the fifo; its lock guards them.
    type Counts: Copy + Default + Send + Unpin;

    /// A run begins; `span` returns the events that it found.
    #[inline(always)]
    fn begins(&mut self, _stamp: Stamp, _span: impl FnOnce() -> Span) {}

    /// These events are in the fifo or lost.
    #[inline(always)]
    fn takes(&mut self, _stamp: Stamp, _events: &[Slot]) {}

    /// An event is lost.
    #[inline(always)]
    fn lost(&mut self, _lost: Lost) {}

    /// The events of this run are in the fifo, whose lock is held. `is_all` is false if a run that
    /// `polls` has left some for the next run.
    #[inline(always)]
    fn moved(&mut self, _counts: &mut Self::Counts, _polls: bool, _is_all: bool) {}

    /// The run is done except for waking readers. It has moved `moved` events.
    #[inline(always)]
    fn ends(&mut self, _stamp: Stamp, _moved: u64) {}

    /// Readers are about to be woken. Returns whether to do so.
    #[inline(always)]
    fn wakes(&mut self, _queued: impl FnOnce() -> u64) -> bool {
        true
    }

    /// The run has ended.
    #[inline(always)]
    fn ended(&mut self) {}
}

/// Observes reads. One reader at a time uses it.
pub(crate) trait ObserveReads: Send + Unpin + 'static {
    /// These records have reached a reader.
    #[inline(always)]
    fn delivered(&mut self, _records: &[Words]) {}
}

/// Observes nothing.
impl Observe for () {
    type TopHalf = ();
    type BottomHalf = ();
    type Others = ();
    type Reads = ();
}

impl ObserveTopHalf for () {}

impl ObserveOthers for () {}

impl ObserveBottomHalf for () {
    type Counts = ();
}

impl ObserveReads for () {}
