// SPDX-License-Identifier: GPL-2.0-only

//! The top half: the interrupt handler. In hardirq: no lock, no allocation, no waiting.
//!
//! With PREEMPT_RT and `threadirqs` it runs in a thread of the interrupt, and follows the same
//! rules.

use super::{
    bottom_half::{
        Runner,
        Shared, //
    },
    observe::{
        ObserveOthers,
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
    kext::{
        context::NoPreemption,
        irq::{
            Answer,
            Handler, //
        }, //
    },
    logic::{
        mask::Mask,
        ring::{
            Acknowledged,
            Ring,
            TopEnd, //
        }, //
    },
};
use kernel::sync::{
    atomic::Relaxed,
    Arc, //
};

/// Acknowledges events, for the top half and for a bottom half that polls.
pub(crate) struct Intake<S: Setup> {
    ring: TopEnd<Arc<Ring>>,
    pub(crate) observer: <S::Observer as Observe>::TopHalf,
}

impl<S: Setup> Intake<S> {
    pub(super) fn new(
        ring: TopEnd<Arc<Ring>>,
        observer: <S::Observer as Observe>::TopHalf,
    ) -> Self {
        Self { ring, observer }
    }

    /// Acknowledges all events for a bottom half that polls, and reports `calls` calls of the top
    /// half that were held back meanwhile.
    pub(super) fn poll(&mut self, calls: u32) {
        let Self { ring, observer } = self;
        observer.poll(|observer| {
            let found = take_notice(ring, observer);
            observer.polled(found, calls);
        });
    }
}

/// Acknowledges all raises and events so far.
#[inline(always)]
fn take_notice(ring: &mut TopEnd<Arc<Ring>>, observer: &mut impl ObserveTopHalf) -> Acknowledged {
    // Refresh comes before the stamp, as the device may emit on another CPU meanwhile. Between the
    // stamp and the handover there is only the necessary work; the rest comes afterwards.
    ring.refresh();
    let stamp = Stamp::now();
    observer.begins(stamp, || ring.span());
    ring.acknowledge(stamp.ns, stamp.cpu, |events| {
        observer.takes(stamp, events);
    })
}

/// The interrupt handler of a line, with the state that it alone uses.
pub(crate) struct TopHalf<S: Setup> {
    bottom_half: Runner<S>,
    /// The way to run the bottom half. Changed while the interrupt is held off.
    pub(crate) deferral: S::Deferral,
    others: <S::Observer as Observe>::Others,
}

impl<S: Setup> TopHalf<S> {
    pub(super) fn new(
        bottom_half: Runner<S>,
        deferral: S::Deferral,
        others: <S::Observer as Observe>::Others,
    ) -> Self {
        Self {
            bottom_half,
            deferral,
            others,
        }
    }

    /// Makes one call: acknowledges the interrupt and the events, and asks for a run of the bottom
    /// half. With a `mask`, the bottom half polls, so the device is masked first. Returns the
    /// result of the request, and whether it is the first one for its run. Without a request,
    /// returns the answer to the kernel.
    #[inline]
    fn call(
        &self,
        intake: &mut Intake<S>,
        in_thread: bool,
        mask: Option<&Mask>,
    ) -> Result<(Asked, bool), Answer> {
        let Self {
            bottom_half,
            deferral,
            ..
        } = self;
        let Intake { ring, observer } = intake;
        observer.call(|observer| {
            if !observer.recognizes() {
                return Err(Answer::None);
            }
            // The acknowledgement comes before the refresh: events after the refresh interrupt
            // again.
            observer.answered(bottom_half.0.line.registers.acknowledge());
            if mask.is_some_and(|mask| !mask.mask()) {
                // The bottom half polls already, and will poll once more.
                observer.ends(Acknowledged::NOTHING, None);
                return Err(Answer::Handled);
            }
            let found = take_notice(ring, observer);
            observer.acknowledged(found);
            // An edge that arrives while the handler runs calls it again; by then the first call
            // may have acknowledged both. An edge left over from before the driver was bound looks
            // the same. Then there is nothing to poll, unless the device had an interrupt since.
            let is_to_run = found.raises != 0 || mask.is_some_and(|mask| !mask.unmask());
            let asked = is_to_run.then(|| match deferral.schedule() {
                Asked::New => (Asked::New, true),
                Asked::AlreadyPending => (Asked::AlreadyPending, false),
                Asked::Direct if !in_thread => (Asked::Direct, true),
                // A handler in an interrupt's thread leaves long work to the second thread, which
                // the kernel then provides: interrupts that arrive before the handler returns count
                // as unhandled.
                Asked::Thread | Asked::Direct => (Asked::Thread, bottom_half.wants_thread()),
            });
            observer.ends(found, asked);
            asked.ok_or(Answer::None)
        })
    }
}

impl<S: Setup> Handler for TopHalf<S> {
    type Thread = Runner<S>;

    fn registered(&mut self, in_thread: bool) {
        let intake = &self.bottom_half.0.intake;
        intake.with(|intake| intake.observer.registered(in_thread));
    }

    fn is_mine(&mut self) -> bool {
        // A bottom half that polls masks the device, so an interrupt meanwhile belongs to another
        // device.
        let is_mine = self.bottom_half.0.line.registers.is_up();
        if !is_mine {
            self.others.not_mine();
        }
        is_mine
    }

    fn handle(&mut self, in_thread: bool) -> Answer {
        let bottom_half = &self.bottom_half;
        let Shared {
            line,
            intake,
            kept_back,
            ..
        } = &*bottom_half.0;
        let mask = line.polling().map(|(_, mask)| mask);
        let asked = loop {
            // A bottom half of a higher priority that came here would wait for the intake for ever.
            let guard = in_thread.then(NoPreemption::new);
            let asked = intake.with(|intake| self.call(intake, in_thread, mask));
            drop(guard);
            if let Some(asked) = asked {
                break asked;
            }
            let Some(mask) = mask else {
                return Answer::None;
            };
            // The bottom half is polling, with the device masked, and will poll once more for this
            // call. If it has unmasked the device since, this is an ordinary call.
            line.registers.acknowledge();
            if mask.keeps_back() {
                kept_back.add(1, Relaxed);
                return Answer::Handled;
            }
        };
        match asked {
            Err(answer) => answer,
            Ok((Asked::Thread, true)) => {
                line.runs.ask();
                Answer::WakeThread
            }
            Ok((Asked::New, _)) => {
                line.runs.ask();
                Answer::Handled
            }
            Ok((Asked::Direct, _)) => {
                line.runs.ask();
                bottom_half.run();
                Answer::Handled
            }
            // The run that was requested first serves both.
            Ok((Asked::AlreadyPending | Asked::Thread, _)) => Answer::Handled,
        }
    }

    fn run_thread(bottom_half: &mut Runner<S>) {
        bottom_half.run_in_thread();
    }
}
