// SPDX-License-Identifier: GPL-2.0-only

//! The top half: the interrupt handler. In hardirq: no lock, no allocation, no waiting.
//!
//! PREEMPT_RT and `threadirqs` run it in a thread of the interrupt. It keeps to the same rules there.

use super::{
    bottom_half::{
        Runner,
        Shared, //
    },
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

/// Takes notice of events: the top half does that, and a bottom half that polls.
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

    /// Takes notice of all events, when the bottom half polls, and of so many `calls` of the top half meanwhile.
    pub(super) fn poll(&mut self, calls: u32) {
        let Self { ring, observer } = self;
        observer.poll(|observer| {
            ring.refresh();
            let stamp = Stamp::now();
            observer.begins(stamp, || ring.span());
            let found = ring.acknowledge(stamp.ns, stamp.cpu, |events| {
                observer.takes(stamp, events);
            });
            observer.polled(found, calls);
        });
    }
}

/// Why a call of the top half masks the device, and whether it has done so.
#[derive(Clone, Copy)]
enum Masking<'a> {
    /// It does not: each batch of events has an interrupt of its own.
    Never,
    /// The bottom half is to poll; the device may be masked because it does so already.
    Wanted(&'a Mask),
    /// This call has masked it.
    Done(&'a Mask),
}

/// The interrupt handler of a line, and what it alone uses.
pub(crate) struct TopHalf<S: Setup> {
    line: Arc<Line<S>>,
    bottom_half: Runner<S>,
    /// How the bottom half is run. Changed while the interrupt is held off.
    pub(crate) deferral: S::Deferral,
}

impl<S: Setup> TopHalf<S> {
    pub(super) fn new(line: Arc<Line<S>>, bottom_half: Runner<S>, deferral: S::Deferral) -> Self {
        Self {
            line,
            bottom_half,
            deferral,
        }
    }

    /// Makes one call: acknowledges the interrupt and the events, and asks for a run of the bottom half. Returns the
    /// outcome of that, and whether it is the first request for this run; or the answer to the kernel.
    #[inline]
    fn call(
        &self,
        intake: &mut Intake<S>,
        in_thread: bool,
        masking: Masking<'_>,
    ) -> Result<(Asked, bool), Answer> {
        let Self {
            line,
            bottom_half,
            deferral,
        } = self;
        let Intake { ring, observer } = intake;
        observer.call(|observer| {
            if !matches!(masking, Masking::Done(_)) && !observer.recognizes() {
                return Err(Answer::None);
            }
            // First acknowledged, then looked: what comes after the look interrupts again.
            observer.answered(line.registers.acknowledge());
            let mask = match masking {
                Masking::Never => None,
                Masking::Wanted(mask) if !mask.mask() => {
                    // The bottom half polls. It will look once more.
                    observer.ends(Acknowledged::NOTHING, None);
                    return Err(Answer::Handled);
                }
                Masking::Wanted(mask) | Masking::Done(mask) => Some(mask),
            };
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
            // Nothing is to be polled then, unless something has come since.
            let is_to_run = found.raises != 0 || mask.is_some_and(|mask| !mask.unmask());
            let asked = is_to_run.then(|| match deferral.schedule() {
                Asked::New => (Asked::New, true),
                Asked::AlreadyPending => (Asked::AlreadyPending, false),
                Asked::Direct if !in_thread => (Asked::Direct, true),
                // An interrupt's thread leaves long work to the second thread that it has then: the kernel
                // counts interrupts that come before it returns as unhandled.
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

    fn handle(&mut self, in_thread: bool) -> Answer {
        let Self {
            line, bottom_half, ..
        } = &*self;
        let Shared {
            intake, kept_back, ..
        } = &*bottom_half.0;
        let mut masking = match line.polling() {
            None => Masking::Never,
            Some((_, mask)) => Masking::Wanted(mask),
        };
        let asked = loop {
            let asked = intake.with(|intake| self.call(intake, in_thread, masking));
            if let Some(asked) = asked {
                break asked;
            }
            // The bottom half is just looking; what it does not find has it look once more. If it has found nothing
            // and unmasked the device since, this is a call as any other.
            let (Masking::Wanted(mask) | Masking::Done(mask)) = masking else {
                return Answer::None;
            };
            line.registers.acknowledge();
            if !mask.mask() {
                kept_back.add(1, Relaxed);
                return Answer::Handled;
            }
            masking = Masking::Done(mask);
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
            // The run that was asked for first serves both.
            Ok((Asked::AlreadyPending | Asked::Thread, _)) => Answer::Handled,
        }
    }

    fn run_thread(bottom_half: &mut Runner<S>) {
        bottom_half.run_in_thread();
    }
}
