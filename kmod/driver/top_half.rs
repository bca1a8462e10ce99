// SPDX-License-Identifier: GPL-2.0-only

//! The top half: the interrupt handler. In hardirq: no lock, no allocation, no waiting.
//!
//! PREEMPT_RT and `threadirqs` run it in a thread of the interrupt. It keeps to the same rules there.

use super::{
    bottom_half::Runner,
    line::Line,
    observe::{
        ObserveTopHalf,
        Stamp, //
    },
    Asked,
    Defer,
    Observe,
    Registers,
    Setup, //
};
use crate::{
    kext::irq::{
        Answer,
        Handler, //
    },
    logic::ring::{
        Ring,
        TopEnd, //
    },
};
use kernel::sync::Arc;

/// The interrupt handler of a line, and what it alone uses.
pub(crate) struct TopHalf<S: Setup> {
    line: Arc<Line<S>>,
    ring: TopEnd<Arc<Ring>>,
    bottom_half: Runner<S>,
    /// How the bottom half is run. Changed while the interrupt is held off.
    pub(crate) deferral: S::Deferral,
    pub(crate) observer: <S::Observer as Observe>::TopHalf,
}

impl<S: Setup> TopHalf<S> {
    pub(super) fn new(
        line: Arc<Line<S>>,
        ring: TopEnd<Arc<Ring>>,
        bottom_half: Runner<S>,
        deferral: S::Deferral,
        observer: <S::Observer as Observe>::TopHalf,
    ) -> Self {
        Self {
            line,
            ring,
            bottom_half,
            deferral,
            observer,
        }
    }
}

impl<S: Setup> Handler for TopHalf<S> {
    type Thread = Runner<S>;

    fn registered(&mut self, in_thread: bool) {
        self.observer.registered(in_thread);
    }

    fn handle(&mut self, in_thread: bool) -> Answer {
        let Self {
            line,
            ring,
            bottom_half,
            deferral,
            observer,
        } = self;
        let asked = observer.call(|observer| {
            if !observer.recognizes() {
                return None;
            }
            // First acknowledged, then looked: what comes after the look interrupts again.
            line.registers.acknowledge();
            // First refreshed, then stamped: the device may emit on another CPU meanwhile. Between the stamp and
            // the handing over stands only what must be; the rest comes afterwards.
            ring.refresh();
            let stamp = Stamp::now();
            observer.begins(stamp, || ring.span());
            let found = ring.acknowledge(stamp.ns, stamp.cpu, |events| {
                observer.takes(stamp, events);
            });
            observer.acknowledged(found);
            // An edge that arrives while the handler runs calls it again; by then the first call may have
            // acknowledged both. An edge left over from before the driver was bound looks the same.
            let asked = (found.raises != 0).then(|| match deferral.schedule() {
                Asked::New => (Asked::New, true),
                Asked::AlreadyPending => (Asked::AlreadyPending, false),
                Asked::Direct if !in_thread => (Asked::Direct, true),
                // An interrupt's thread leaves long work to the second thread that it has then: the kernel
                // counts interrupts that come before it returns as unhandled.
                Asked::Thread | Asked::Direct => (Asked::Thread, bottom_half.wants_thread()),
            });
            observer.ends(found, asked);
            asked
        });
        match asked {
            None => Answer::None,
            Some((Asked::Thread, true)) => {
                line.runs.ask();
                Answer::WakeThread
            }
            Some((Asked::New, _)) => {
                line.runs.ask();
                Answer::Handled
            }
            Some((Asked::Direct, _)) => {
                line.runs.ask();
                bottom_half.run();
                Answer::Handled
            }
            // The run that was asked for first serves both.
            Some((Asked::AlreadyPending | Asked::Thread, _)) => Answer::Handled,
        }
    }

    fn run_thread(bottom_half: &mut Runner<S>) {
        bottom_half.run_in_thread();
    }
}
