// SPDX-License-Identifier: GPL-2.0-only

//! The bottom half: it moves events from the ring to the fifo, and wakes readers.
//!
//! Its deferral decides where it runs: in a kernel thread, in softirq, in the interrupt's thread,
//! or in the interrupt itself. It never runs concurrently with itself: each deferral guarantees
//! that, and a change of the deferral waits until the last run has ended.

use super::{
    line::{
        Line,
        Store, //
    },
    observe::{
        ObserveBottomHalf,
        Stamp, //
    },
    top_half::Intake,
    Observe,
    Registers,
    Setup, //
};
use crate::{
    kext::{
        context,
        context_cell::ContextCell,
        workqueue::{
            Next,
            Run, //
        }, //
    },
    logic::{
        abi::{
            Record,
            Words, //
        },
        ring::{
            BottomEnd,
            Ring,
            Slot, //
        }, //
    },
};
use core::num::NonZeroUsize;
use kernel::{
    pr_warn_once,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full, //
        },
        Arc, //
    }, //
};

/// The number of records that are moved while the fifo's lock is held once. This bounds how long
/// bottom half and readers delay each other, and how long interrupts are off.
pub(super) const BATCH: usize = 64;

/// The bottom half of a line, with the state that it alone uses.
pub(crate) struct BottomHalf<S: Setup> {
    line: Arc<Line<S>>,
    ring: BottomEnd<Arc<Ring>>,
    pub(crate) observer: <S::Observer as Observe>::BottomHalf,
}

#[inline]
fn record(event: &Slot, stamp: Stamp) -> Words {
    Words::from(Record {
        seq: event.seq(),
        due_ns: event.due_ns(),
        irq_ns: event.irq_ns(),
        bh_ns: stamp.ns,
        irq_cpu: event.irq_cpu(),
        bh_cpu: stamp.cpu,
        value: event.value(),
        flags: 0,
        reserved: 0,
    })
}

impl<S: Setup> BottomHalf<S> {
    /// Moves all events, or, when it polls, at most `budget`. Tells whether none are left.
    pub(super) fn run(&mut self, budget: Option<NonZeroUsize>) -> bool {
        let most = budget.map_or(usize::MAX, NonZeroUsize::get);
        let Self {
            line,
            ring,
            observer,
        } = self;
        // An interrupt may arrive on another CPU meanwhile, and then asks for another run. Refresh
        // comes before the stamp, so no event is later than the stamp.
        ring.refresh();
        let stamp = Stamp::now();
        observer.begins(stamp, || ring.span(most));
        let mut left = most;
        let is_all = loop {
            let mut store = line.store.lock();
            let Store { fifo, counts, .. } = &mut *store;
            let taken = ring.take(BATCH.min(left), |events| {
                for event in events {
                    if let Some(lost) = fifo.push(record(event, stamp)) {
                        observer.lost(lost);
                    }
                }
                observer.takes(stamp, events);
            });
            fifo.announce();
            left = left.saturating_sub(taken);
            let is_all = ring.is_empty();
            if is_all || left == 0 {
                observer.moved(counts, budget.is_some(), is_all);
                break is_all;
            }
        };
        let moved = most.saturating_sub(left) as u64;
        observer.ends(stamp, moved);
        if moved != 0 {
            if is_all {
                line.registers.ring_doorbell();
            }
            if observer.wakes(|| line.store.lock().fifo.counts().1) {
                line.readers.wake_all();
            }
        }
        observer.ended();
        is_all
    }
}

/// Runs the bottom half of a line. Every deferral calls it.
pub(crate) struct Runner<S: Setup>(pub(super) Arc<Shared<S>>);

pub(super) struct Shared<S: Setup> {
    pub(super) line: Arc<Line<S>>,
    bottom_half: ContextCell<BottomHalf<S>>,
    /// Used by the top half, and by a bottom half that polls.
    pub(super) intake: ContextCell<Intake<S>>,
    /// The number of calls of the top half that found the intake in use, since the last poll.
    pub(super) kept_back: Atomic<u32>,
    /// The interrupt's thread was asked for a run and has not begun it.
    wants_thread: Atomic<bool>,
}

impl<S: Setup> Clone for Runner<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Setup> Runner<S> {
    pub(super) fn new(
        line: Arc<Line<S>>,
        ring: BottomEnd<Arc<Ring>>,
        observer: <S::Observer as Observe>::BottomHalf,
        intake: Intake<S>,
    ) -> Result<Self> {
        let bottom_half = ContextCell::new(BottomHalf {
            line: line.clone(),
            ring,
            observer,
        });
        let shared = Shared {
            line,
            bottom_half,
            intake: ContextCell::new(intake),
            kept_back: Atomic::new(0),
            wants_thread: Atomic::new(false),
        };
        Ok(Self(Arc::new(shared, GFP_KERNEL)?))
    }

    /// Asks the interrupt's thread for a run. Returns `false` when it was already asked.
    pub(super) fn wants_thread(&self) -> bool {
        !self.0.wants_thread.xchg(true, Full)
    }

    /// Runs the bottom half in the interrupt's thread.
    pub(super) fn run_in_thread(&self) {
        self.0.wants_thread.xchg(false, Full);
        while self.run() == Next::Again {
            context::let_others_run();
        }
    }

    /// Calls `function` with the bottom half. Returns `None` while it is in use.
    pub(crate) fn with_bottom_half<R>(
        &self,
        function: impl FnOnce(&mut BottomHalf<S>) -> R,
    ) -> Option<R> {
        self.0.bottom_half.with(function)
    }

    /// Calls `function` with the bottom half and the intake. Returns `None` while one of them is in
    /// use.
    pub(crate) fn with<R>(
        &self,
        function: impl FnOnce(&mut BottomHalf<S>, &mut Intake<S>) -> R,
    ) -> Option<R> {
        let intake = &self.0.intake;
        self.with_bottom_half(|bottom_half| intake.with(|intake| function(bottom_half, intake)))
            .flatten()
    }
}

impl<S: Setup> Runner<S> {
    /// Runs the bottom half. Called once for each request, and again while it polls.
    #[inline]
    pub(crate) fn run(&self) -> Next {
        let Shared {
            line, bottom_half, ..
        } = &*self.0;
        let next = bottom_half.with(|bottom_half| match line.polling() {
            None => {
                bottom_half.run(None);
                Next::Done
            }
            Some((budget, mask)) => self.poll(bottom_half, budget, mask),
        });
        if next.is_none() {
            pr_warn_once!("the bottom half was called concurrently with itself\n");
        }
        let next = next.unwrap_or(Next::Done);
        if next == Next::Done {
            line.runs.end();
        }
        next
    }
}

impl<S: Setup> Run for Runner<S> {
    fn run(&mut self) -> Next {
        Runner::run(self)
    }
}
