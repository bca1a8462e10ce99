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
//! Before it emits anything, the device asks whether there is CPU time for it, for its own interrupt and
//! for all that follows from that ([`crate::cpu_time`]). If not, it is put off: its events stay due.
//!
//! All of it runs in hardirq on every kernel, PREEMPT_RT included: atomics only, no lock.

use super::{
    hardirq_work::InHardirq,
    irq::IrqLine, //
};
use crate::{
    clock, contexts,
    cpu_time::{
        CpuTime,
        Measured, //
    },
    exclusive::Exclusive,
    ffi::{
        self,
        Context, //
    },
    log,
    logic::{
        abi,
        budget::Turn,
        ear::Ear,
        platform::Word,
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
    trace::{
        self,
        Cause, //
    },
};
use kernel::{
    bindings, impl_has_hr_timer, impl_has_work, new_work,
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
    workqueue::{
        self,
        Work,
        WorkItem, //
    },
};

/// The device's counters, as indices of its tally.
pub(crate) struct Counter;

impl Counter {
    /// Events that came due.
    pub(crate) const EVENTS: usize = 0;
    /// Events that found the ring full.
    pub(crate) const OVERRUN: usize = 1;
    /// Expiries and rings of the doorbell that were put off, for want of CPU time.
    pub(crate) const THROTTLED: usize = 2;
}

/// Index of the first of the device's context counters.
pub(crate) const CONTEXTS: usize = 3;

/// How many counters the device has.
pub(crate) const COUNTERS: usize = CONTEXTS + contexts::COUNTERS;

/// How many events one expiry emits at most. What is due beyond that stays due, and is emitted by
/// the next expiry.
const BATCH: u64 = 1024;

/// For how long an expiry that ended late leaves the CPU. hrtimer_interrupt() runs what has expired
/// again before it returns; the third time in a row it keeps all timers of the CPU waiting for as long
/// as that took, and with them the tick.
const BREATH_NS: u64 = 20_000;

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
    /// In a closed loop: whom the device hears.
    pub(super) ear: Ear,
    /// The device's place among those who take CPU time.
    pub(super) turn: Turn,
    /// It was said that the device is put off.
    pub(super) has_said: bool,
}

impl State {
    /// Whether the driver is done with all events so far.
    fn is_answered(&self) -> bool {
        let attachment = self.attachment.as_ref();
        attachment.is_some_and(|attachment| attachment.ring.is_empty())
    }

    /// Emits what has come due by `now_ns` on `line`; tells whether there was anything.
    fn emit(&mut self, line: usize, now_ns: u64) -> bool {
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
                trace::emit(line, self.seq, due_ns);
                if let Err(Full) = ring.push(self.seq, due_ns, abi::value_of(self.seq)) {
                    tally.add(Counter::OVERRUN, 1);
                    trace::drop(line, self.seq, 1, Cause::Overrun);
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

/// Who asks the device of a closed loop for its next events.
enum Caller {
    /// The driver.
    Bell,
    /// The timer, in case that the bell was not heard.
    Timer,
}

/// No CPU.
pub(super) const NOWHERE: u64 = u64::MAX;

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
    /// Says that the device is put off, where one may.
    #[pin]
    notice: Work<Self>,
    pub(super) cpu_time: Arc<CpuTime>,
    /// The CPU on which the device's interrupts were last served outside of hardirq, or [`NOWHERE`]. It
    /// need not be the one that takes them: a work item that is still running is queued again where it
    /// runs, and a thread runs where it may.
    pub(super) serving_cpu: Word,
    pub(super) line: IrqLine,
}

impl_has_work! {
    impl HasWork<Self> for Generator { self.notice }
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Generator {
        mode: AbsolutePinnedHardMode<Monotonic>, field: self.timer
    }
}

impl Generator {
    /// A generator at the end of `line`; equal seeds give equal random patterns.
    pub(super) fn new(line: IrqLine, cpu_time: Arc<CpuTime>, seed: u64) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                timer <- HrTimer::new(),
                state: Exclusive::new(State {
                    schedule: Schedule::new(seed),
                    attachment: None,
                    seq: 0,
                    ear: Ear::new(),
                    turn: Turn::new(),
                    has_said: false,
                }),
                notice <- new_work!("simrupt::notice"),
                cpu_time,
                serving_cpu: Word::new(NOWHERE),
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
    /// the next poll makes up for it; and so it does for a call for which there is no CPU time, and for
    /// one that is not heard. Returns until when there is no CPU time; 0 when there is.
    fn answer(this: ArcBorrow<'_, Self>, caller: Caller) -> u64 {
        let start_ns = clock::now_ns();
        let cpu = clock::cpu();
        let limit_pct = this.line.limit_pct();
        let mut until_ns = 0;
        this.cpu_time.interrupt(cpu, start_ns, limit_pct, || {
            if this.answering.xchg(true, FullOrder) {
                return;
            }
            // SAFETY: The flag makes it ours; it is lowered before anybody else can have raised it.
            let state = unsafe { this.state.get() };
            let is_heard = match caller {
                Caller::Bell => state.ear.hears_bell(this.line.cpu()),
                Caller::Timer => state.ear.hears_timer(),
            };
            let mut has_emitted = false;
            if is_heard && state.is_answered() {
                match Self::may_go(this, state, cpu, start_ns) {
                    Some(later_ns) => until_ns = later_ns,
                    None => has_emitted = state.emit(this.line.index(), start_ns),
                }
            }
            if has_emitted {
                state.turn.leave(&this.cpu_time);
            }
            this.answering.xchg(false, FullOrder);
            if has_emitted {
                this.line.raise();
            }
        });
        until_ns
    }

    /// Whether the CPUs on which events end up have time for them: none, or the time until which the
    /// device is put off.
    #[inline]
    fn may_go(this: ArcBorrow<'_, Self>, state: &mut State, cpu: u16, now_ns: u64) -> Option<u64> {
        let serving_cpu = u16::try_from(this.serving_cpu.load()).unwrap_or(u16::MAX);
        let cpus = [cpu, this.line.cpu(), serving_cpu];
        let limit_pct = this.line.limit_pct();
        let later_ns = state.turn.ask(&this.cpu_time, cpus, now_ns, limit_pct)?;
        Self::put_off(this, state);
        Some(later_ns)
    }

    /// Counts that the device is put off, and has it said, once.
    fn put_off(this: ArcBorrow<'_, Self>, state: &mut State) {
        if let Some(Attachment { tally, .. }) = &mut state.attachment {
            tally.update(|tally| tally.add(Counter::THROTTLED, 1));
        }
        if !state.has_said {
            state.has_said = true;
            // Still queued: then it is about to be said.
            drop(workqueue::system_highpri().enqueue::<_, 0>(Arc::from(this)));
        }
    }

    /// Waits until what was to be said is said. Process context; the device is stopped.
    pub(super) fn flush_notice(&self) {
        // SAFETY: The pointer is to a live, initialized work item.
        unsafe { bindings::flush_work(Work::raw_get(&raw const self.notice)) };
    }
}

impl WorkItem for Generator {
    type Pointer = Arc<Self>;

    /// The kernel log may be a serial port, which takes milliseconds: not from an interrupt.
    fn run(this: Arc<Self>) {
        log::warning!(
            "line {}: slowed down: interrupts take more than cpu_limit_pct={} of a CPU\n",
            this.line.index(),
            this.line.limit_pct(),
        );
    }
}

/// The device's ear for the driver's doorbell.
pub(super) struct Bell(pub(super) Arc<Generator>);

impl InHardirq for Bell {
    fn run(&self) {
        if self.0.closed.load(Relaxed) {
            // The timer polls as it would have without the ring.
            let _ = Generator::answer(self.0.as_arc_borrow(), Caller::Bell);
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
            let until_ns = Self::answer(this, Caller::Timer);
            // There is no use in a look at an earlier time.
            let wait_ns = until_ns.saturating_sub(clock::now_ns()).max(POLL_NS);
            timer.forward_now(clock::delta(wait_ns));
            return HrTimerRestart::Restart;
        }
        let start_ns = clock::now_ns();
        let cpu = clock::cpu();
        // SAFETY: This is the callback, which never runs concurrently with itself, and the timer is
        // armed, so the state is ours.
        let state = unsafe { this.state.get() };
        let next_ns = match Self::may_go(this, state, cpu, start_ns) {
            // What is due stays due, and is emitted, late, when there is time.
            Some(later_ns) => later_ns,
            None => {
                let limit_pct = this.line.limit_pct();
                let Measured { end_ns, took_ns } =
                    this.cpu_time.interrupt(cpu, start_ns, limit_pct, || {
                        if state.emit(this.line.index(), start_ns) {
                            this.line.raise();
                        }
                    });
                state
                    .turn
                    .went(&this.cpu_time, cpu, end_ns, took_ns, limit_pct);
                let Some(due_ns) = state.schedule.next_due_ns() else {
                    return HrTimerRestart::NoRestart;
                };
                if due_ns > end_ns {
                    due_ns
                } else {
                    end_ns.saturating_add(BREATH_NS)
                }
            }
        };
        // Forwarding by the distance, counted from the expiry itself, sets the expiry exactly. A timer cannot be forwarded
        // by nothing, and without high resolution by no less than a tick: so the expiry is read back from it.
        let expiry = this.timer.expires();
        let distance_ns = next_ns.saturating_sub(clock::ns(expiry)).max(1);
        timer.forward(expiry, clock::delta(distance_ns));
        HrTimerRestart::Restart
    }
}
