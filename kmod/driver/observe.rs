// SPDX-License-Identifier: GPL-2.0-only

//! The observer of a driver: it is told of everything that happens, in the context where it happens.
//!
//! Each method does nothing by default. `()` observes nothing, and costs nothing.

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

/// A moment and a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// CLOCK_MONOTONIC, in nanoseconds.
    pub(crate) ns: u64,
    /// The CPU.
    pub(crate) cpu: u16,
}

impl Stamp {
    /// Here and now.
    #[inline]
    pub(crate) fn now() -> Self {
        Self {
            ns: clock::now_ns(),
            cpu: cpu::current(),
        }
    }
}

/// The observer, by its parts.
pub(crate) trait Observe: 'static {
    /// The top half's.
    type TopHalf: ObserveTopHalf;
    /// The bottom half's.
    type BottomHalf: ObserveBottomHalf;
    /// That of the devices that share the interrupt.
    type Others: ObserveOthers;
    /// The readers'.
    type Reads: ObserveReads;
}

/// Observes the top half; it alone uses it.
pub(crate) trait ObserveTopHalf: Send + 'static {
    /// The kernel will run the top half in hardirq or, `in_thread`, in a thread. Told before the first call.
    #[inline(always)]
    fn registered(&mut self, _in_thread: bool) {}

    /// Makes one call of the top half, `call`. Readers of counters are to see all of it or nothing.
    #[inline(always)]
    fn call<R>(&mut self, call: impl FnOnce(&mut Self) -> R) -> R {
        call(self)
    }

    /// Whether the top half does its work. If not, it returns at once, as if the device had not interrupted.
    #[inline(always)]
    fn recognizes(&mut self) -> bool {
        true
    }

    /// Takes notice of events for a bottom half that polls. Readers of counters are to see all of it or nothing.
    #[inline(always)]
    fn poll<R>(&mut self, look: impl FnOnce(&mut Self) -> R) -> R {
        look(self)
    }

    /// The interrupt is acknowledged; `was_up` unless that was done before.
    #[inline(always)]
    fn answered(&mut self, _was_up: bool) {}

    /// The call begins, or the look of a bottom half that polls; `span` tells of the events that it found.
    #[inline(always)]
    fn begins(&mut self, _stamp: Stamp, _span: impl FnOnce() -> Span) {}

    /// These events are acknowledged.
    #[inline(always)]
    fn takes(&mut self, _stamp: Stamp, _events: &[Slot]) {}

    /// All events are acknowledged, by a bottom half that polls; it has kept back so many `calls` of the top half that
    /// nothing else tells of.
    #[inline(always)]
    fn polled(&mut self, _found: Acknowledged, _calls: u32) {}

    /// All events are acknowledged; the bottom half is about to be asked for.
    #[inline(always)]
    fn acknowledged(&mut self, _found: Acknowledged) {}

    /// The bottom half was asked for: `is_new` when that was not so before. `None` when there was nothing to
    /// ask for.
    #[inline(always)]
    fn ends(&mut self, _found: Acknowledged, _asked: Option<(Asked, bool)>) {}
}

/// Observes interrupts of other devices that share the interrupt; the top half alone uses it. It may be told while the
/// bottom half polls and has [`ObserveTopHalf`].
pub(crate) trait ObserveOthers: Send + 'static {
    /// The top half was called, and its device has not interrupted.
    #[inline(always)]
    fn not_mine(&mut self) {}
}

/// Observes the bottom half; it alone uses it.
pub(crate) trait ObserveBottomHalf: Send + 'static {
    /// Counters that belong together with those of the fifo, under its lock.
    type Counts: Copy + Default + Send + Unpin;

    /// A run begins; `span` tells of the events that it found.
    #[inline(always)]
    fn begins(&mut self, _stamp: Stamp, _span: impl FnOnce() -> Span) {}

    /// These events are in the fifo, or lost.
    #[inline(always)]
    fn takes(&mut self, _stamp: Stamp, _events: &[Slot]) {}

    /// An event is lost.
    #[inline(always)]
    fn lost(&mut self, _lost: Lost) {}

    /// The events of this run are in the fifo, whose lock is held. A run that `polls` may leave some: then these were
    /// not all, `is_all`.
    #[inline(always)]
    fn moved(&mut self, _counts: &mut Self::Counts, _polls: bool, _is_all: bool) {}

    /// The run ends, but for waking readers. It has moved so many events.
    #[inline(always)]
    fn ends(&mut self, _stamp: Stamp, _moved: u64) {}

    /// Readers are about to be woken; tells whether that is to be done.
    #[inline(always)]
    fn wakes(&mut self, _queued: impl FnOnce() -> u64) -> bool {
        true
    }

    /// The run has ended.
    #[inline(always)]
    fn ended(&mut self) {}
}

/// Observes reads; one reader at a time uses it.
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
