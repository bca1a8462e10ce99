// SPDX-License-Identifier: GPL-2.0-only

//! The event generator: a hard high-resolution timer that plays the part of the hardware.
//!
//! The timer is set for the due time of the next event. When it expires, however late, every event
//! that has come due by then is written into the ring with its own due time, and the line is raised
//! once. Lateness is thereby measured, never hidden.
//!
//! In a closed loop (pattern `closed`) the next events are due as soon as the driver is done with those
//! before. The driver rings the device's doorbell then; the timer only looks now and then whether a
//! ring went unheard.
//!
//! All of it runs in hardirq on every kernel, PREEMPT_RT included: atomics only, no lock.

use super::{
    hardirq_work::InHardirq,
    irq::IrqLine, //
};
use crate::{
    clock, contexts,
    exclusive::Exclusive,
    ffi::{
        self,
        Context, //
    },
    logic::{
        abi,
        ring::{
            DeviceEnd,
            Full,
            Ring, //
        },
        schedule::Schedule,
        tally::{
            Tally,
            Writer, //
        },
    },
};
use kernel::{
    impl_has_hr_timer,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full as FullOrder,
            Relaxed, //
        },
        Arc,
        ArcBorrow, //
    },
    time::{
        hrtimer::{
            AbsolutePinnedHardMode,
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerRestart, //
        },
        Monotonic, //
    },
};

/// The device's counters, as indices of its tally.
pub(crate) struct Counter;

impl Counter {
    /// Events that came due.
    pub(crate) const EVENTS: usize = 0;
    /// Events that found the ring full.
    pub(crate) const OVERRUN: usize = 1;
}

/// Index of the first of the device's context counters.
pub(crate) const CONTEXTS: usize = 2;

/// How many counters the device has.
pub(crate) const COUNTERS: usize = CONTEXTS + contexts::COUNTERS;

/// How many events one expiry emits at most. What is due beyond that stays due, and is emitted by
/// the next expiry.
const BATCH: u64 = 1024;

/// How often the device of a closed loop looks whether the driver is done, if it was not told.
const POLL_NS: u64 = 1_000_000;

/// What the driver lends the device while it is attached.
pub(super) struct Attachment {
    pub(super) ring: DeviceEnd<Arc<Ring>>,
    pub(super) tally: Writer<Arc<Tally<COUNTERS>>, COUNTERS>,
}

/// What the callback works on.
pub(super) struct State {
    pub(super) schedule: Schedule,
    pub(super) attachment: Option<Attachment>,
    /// Number of the next event.
    pub(super) seq: u64,
    /// What the timer is set for.
    pub(super) expiry_ns: u64,
}

impl State {
    /// Emits what has come due by `now_ns`; tells whether there was anything.
    fn emit(&mut self, now_ns: u64) -> bool {
        let Some(Attachment { ring, tally }) = &mut self.attachment else {
            return false;
        };
        if self.schedule.is_closed() && ring.is_empty() {
            self.schedule.release(now_ns);
        }
        tally.update(|tally| {
            let mut events = 0;
            while events < BATCH {
                let Some(due_ns) = self.schedule.next_due_ns().filter(|due| *due <= now_ns) else {
                    break;
                };
                if let Err(Full) = ring.push(self.seq, due_ns, abi::value_of(self.seq)) {
                    tally.add(Counter::OVERRUN, 1);
                }
                events += 1;
                self.seq = self.seq.wrapping_add(1);
                self.schedule.advance();
            }
            ring.announce();
            tally.add(Counter::EVENTS, events);
            contexts::count(ffi::context(), Context::Hardirq, |index| {
                tally.add(CONTEXTS + index, 1);
            });
            if events != 0 {
                ring.note_raise();
            }
            events != 0
        })
    }
}

/// The timer and what it works on.
#[pin_data]
pub(super) struct Generator {
    #[pin]
    timer: HrTimer<Self>,
    /// Belongs to the callback while the timer is armed, and to [`super::Device`], under its lock,
    /// while it is not. In a closed loop, to whoever has set `answering`.
    pub(super) state: Exclusive<State>,
    /// The driver is to be answered when it rings. Changed by [`super::Device`], while the timer is
    /// not armed.
    pub(super) closed: Atomic<bool>,
    answering: Atomic<bool>,
    line: IrqLine,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Generator {
        mode: AbsolutePinnedHardMode<Monotonic>, field: self.timer
    }
}

impl Generator {
    /// A generator at the end of `line`; equal seeds give equal random patterns.
    pub(super) fn new(line: IrqLine, seed: u64) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                timer <- HrTimer::new(),
                state: Exclusive::new(State {
                    schedule: Schedule::new(seed),
                    attachment: None,
                    seq: 0,
                    expiry_ns: 0,
                }),
                closed: Atomic::new(false),
                answering: Atomic::new(false),
                line,
            }),
            GFP_KERNEL,
        )
    }

    /// The Linux interrupt number of the line.
    pub(super) fn virq(&self) -> u32 {
        self.line.virq()
    }

    /// In a closed loop: emits the next events, if the driver is done with those before. In hardirq.
    ///
    /// A call at the same time as another one does nothing. Should the other have come too early,
    /// the next poll makes up for it.
    fn answer(&self) {
        if self.answering.xchg(true, FullOrder) {
            return;
        }
        // SAFETY: The flag makes it ours; it is lowered before anybody else can have raised it.
        let has_emitted = unsafe { self.state.get() }.emit(clock::now_ns());
        self.answering.xchg(false, FullOrder);
        if has_emitted {
            self.line.raise();
        }
    }
}

/// The device's ear for the driver's doorbell.
pub(super) struct Bell(pub(super) Arc<Generator>);

impl InHardirq for Bell {
    fn run(&self) {
        if self.0.closed.load(Relaxed) {
            self.0.answer();
        }
    }
}

impl HrTimerCallback for Generator {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut timer: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        if this.closed.load(Relaxed) {
            this.answer();
            timer.forward_now(clock::delta(POLL_NS));
            return HrTimerRestart::Restart;
        }
        let start_ns = clock::now_ns();
        // SAFETY: This is the callback, which never runs concurrently with itself, and the timer is
        // armed, so the state is ours.
        let state = unsafe { this.state.get() };
        if state.emit(start_ns) {
            this.line.raise();
        }
        let Some(due_ns) = state.schedule.next_due_ns() else {
            return HrTimerRestart::NoRestart;
        };
        // Leave the CPU at least as long as this expiry took: at a rate that it cannot follow, the
        // device then emits more events at a time instead of never leaving its interrupt.
        let end_ns = clock::now_ns();
        let rested_ns = end_ns.saturating_add(end_ns.saturating_sub(start_ns));
        let expiry_ns = due_ns.max(rested_ns);
        // Forwarding by the distance, counted from the expiry itself, sets the expiry exactly.
        let distance = clock::delta(expiry_ns.saturating_sub(state.expiry_ns));
        timer.forward(clock::instant(state.expiry_ns), distance);
        state.expiry_ns = expiry_ns;
        HrTimerRestart::Restart
    }
}
