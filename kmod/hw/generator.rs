// SPDX-License-Identifier: GPL-2.0-only

//! The event generator: a high-resolution timer in hardirq that simulates the hardware.
//!
//! The timer is set for the due time of the next event. When it expires, possibly late, it writes
//! every due event into the ring, with its own due time, and raises the line once. So lateness is
//! measured, never hidden.
//!
//! In a closed loop (pattern `closed`) the next events are due as soon as the driver has finished
//! the previous ones. The driver then rings the device's doorbell. The timer only checks now and
//! then whether a ring was suppressed.
//!
//! Before it emits events, the device asks its watch whether there is CPU time for its interrupt
//! and for the work that follows. If not, the device waits, and its events stay due.
//!
//! All of this runs in hardirq on every kernel, PREEMPT_RT included: atomics only, no lock.

use super::faults::Faults;
use crate::{
    kext::{
        clock,
        context_cell::ContextCell,
        cpu,
        irq_domain::{
            IrqLine,
            Observer, //
        },
        irq_work::InHardirq, //
    },
    logic::{
        abi,
        coalescing::{
            Coalescing,
            Reason, //
        },
        doorbell::Suppression,
        knobs::Fault,
        mask::Mask,
        ring::{
            self,
            DeviceEnd,
            Ring, //
        },
        schedule::Schedule, //
    },
};
use kernel::{
    impl_has_hr_timer,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Full,
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

/// The limits of one expiry: the number of events that it emits, and its time. Further due events
/// stay due until the next expiry. This bounds how long interrupts are off, and how long readers of
/// the counters wait. With all tracepoints on, the top half takes as long again for these events,
/// so both together take about 100 µs.
const BATCH: u64 = 1024;
const EMIT_NS: u64 = 45_000;
/// The number of events between two reads of the clock.
const SLICE: u64 = 64;

/// The pause after an expiry that ended late. hrtimer_interrupt() runs timers that have expired
/// meanwhile before it returns. After the third round in a row it delays all timers of the CPU,
/// including the tick, for as long as that took.
pub(super) const MIN_REARM_NS: u64 = 20_000;

/// The interval in which the device of a closed loop checks whether the driver has finished without
/// a ring.
pub(super) const POLL_NS: u64 = 1_000_000;

/// The end of an interrupt of the device.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    /// The time of the end, or slightly earlier.
    pub(crate) ns: u64,
    /// The duration, as far as it was measured.
    pub(crate) took_ns: u64,
}

/// Measures the device's interrupts.
pub(crate) trait Govern: Send + Sync + 'static {
    /// Calls `function`, which is an interrupt on `cpu` that began at `start_ns`. Hardirq.
    #[inline(always)]
    fn interrupt(&self, _cpu: u16, start_ns: u64, function: impl FnOnce()) -> Ended {
        function();
        Ended {
            ns: start_ns,
            took_ns: 0,
        }
    }
}

/// Measures nothing.
impl Govern for () {}

/// Observes the steps of the device, and decides when it has to wait. Hardirq, except for `idle`.
pub(crate) trait Watch: Send + 'static {
    /// Makes one emission by calling `emit`. Readers of counters must see all of it or nothing.
    #[inline(always)]
    fn emission<R>(&mut self, emit: impl FnOnce(&mut Self) -> R) -> R {
        emit(self)
    }

    /// An event is emitted.
    #[inline(always)]
    fn emitted(&mut self, _seq: u64, _due_ns: u64) {}

    /// The event found the ring full.
    #[inline(always)]
    fn overrun(&mut self, _seq: u64) {}

    /// `events` events of an emission are in the ring; `is_first` for the first slice of an expiry.
    #[inline(always)]
    fn announced(&mut self, _events: u64, _is_first: bool) {}

    /// The line is about to be raised, within an emission.
    #[inline(always)]
    fn raised(&mut self, _reason: Reason) {}

    /// Whether the device may emit on `cpu`: `None` if so, else the time until which it has to
    /// wait.
    #[inline(always)]
    fn throttle(&mut self, _cpu: u16, _now_ns: u64) -> Option<u64> {
        None
    }

    /// The faults of the device; `None` for a device without faults.
    #[inline(always)]
    fn faults(&mut self) -> Option<&mut Faults> {
        None
    }

    /// A fault happens, for the `number`-th time under the rules in force. Within an emission.
    fn fault(&mut self, _fault: Fault, _number: u64) {}

    /// The CPU that takes the line's interrupts, as far as known.
    #[inline(always)]
    fn irq_cpu(&self) -> u16 {
        0
    }

    /// An interrupt of the device has ended.
    #[inline(always)]
    fn ended(&mut self, _cpu: u16, _ended: Ended) {}

    /// The device does not wait for CPU time any more.
    fn idle(&mut self) {}
}

/// Watches nothing.
impl Watch for () {}

/// The state that the callback works on.
pub(super) struct State<W> {
    pub(super) schedule: Schedule,
    /// The ring that the driver lends the device while it is attached.
    pub(super) ring: Option<DeviceEnd<Arc<Ring>>>,
    /// Number of the next event.
    pub(super) seq: u64,
    pub(super) coalescing: Coalescing,
    /// In a closed loop: decides which rings of the doorbell are answered.
    pub(super) suppression: Suppression,
    /// The driver must be interrupted once more, when the timer has stopped.
    pub(super) is_due: bool,
    pub(super) watch: W,
}

impl<W: Watch> State<W> {
    /// Whether the driver has taken out all events so far.
    fn is_answered(&self) -> bool {
        self.ring.as_ref().is_some_and(DeviceEnd::is_empty)
    }

    /// The next time with work: to emit an event, or to raise the line for events that wait.
    #[inline]
    pub(super) fn next_ns(&self) -> Option<u64> {
        earlier(self.schedule.next_due_ns(), self.coalescing.deadline_ns())
    }

    /// Emits every event that is due at `now_ns`. Tells whether there is a reason to raise the
    /// line. If so, it calls `raises`, which tells whether the line will be raised.
    #[inline]
    pub(super) fn emit(&mut self, now_ns: u64, raises: impl FnOnce(&mut W) -> bool) -> bool {
        let Self {
            schedule,
            ring,
            seq,
            coalescing,
            watch,
            ..
        } = self;
        let Some(ring) = ring else {
            return false;
        };
        if schedule.is_closed() && ring.is_empty() {
            schedule.release(now_ns);
        }
        let first_due_ns = match coalescing.is_off() {
            true => None,
            false => schedule.next_due_ns(),
        };
        let mut all = 0_u64;
        let mut reason = None;
        let mut raises = Some(raises);
        // Slice by slice: readers of the counters wait for one slice at most.
        loop {
            let is_last = watch.emission(|watch| {
                let mut events = 0_u64;
                while events < SLICE {
                    let Some(due_ns) = schedule.next_due_ns().filter(|due| *due <= now_ns) else {
                        break;
                    };
                    watch.emitted(*seq, due_ns);
                    if let Err(ring::Full) = ring.push(*seq, due_ns, abi::value_of(*seq)) {
                        watch.overrun(*seq);
                    }
                    events = events.wrapping_add(1);
                    *seq = seq.wrapping_add(1);
                    schedule.advance();
                }
                ring.announce();
                watch.announced(events, all == 0);
                all = all.wrapping_add(events);
                let is_last = events < SLICE
                    || all >= BATCH
                    || clock::now_ns().saturating_sub(now_ns) > EMIT_NS;
                // One raise for all events, noted after all are announced: a handler that runs
                // meanwhile is called once more.
                if is_last {
                    reason = coalescing.emitted(all, first_due_ns.unwrap_or(now_ns), now_ns);
                    if let Some(reason) = reason {
                        if raises.take().is_some_and(|raises| raises(watch)) {
                            ring.note_raise();
                            watch.raised(reason);
                        }
                    }
                }
                is_last
            });
            if is_last {
                break;
            }
        }
        reason.is_some()
    }
}

/// The context that asks the device of a closed loop for its next events.
enum Caller {
    /// The driver, by its doorbell.
    Doorbell,
    /// The timer, in case a ring was suppressed.
    Timer,
}

/// The timer with the state that it works on.
#[pin_data]
pub(super) struct Generator<W: Watch, G: Govern, O: Observer> {
    #[pin]
    timer: HrTimer<Self>,
    /// The callback uses it while the timer is armed, and [`super::Device`] uses it, under its
    /// lock, while the timer is not. In a closed loop the doorbell's interrupt may come at the same
    /// time as the callback; then only the first of them uses it.
    pub(super) state: ContextCell<State<W>>,
    /// Whether rings of the doorbell are answered. [`super::Device`] changes it while the timer is
    /// not armed.
    pub(super) closed: Atomic<bool>,
    /// Whether the doorbell's interrupt must raise the line. Set while the timer is not armed.
    pub(super) raises: Atomic<bool>,
    pub(super) governor: Arc<G>,
    pub(super) mask: Mask,
    pub(super) line: IrqLine<O>,
}

impl_has_hr_timer! {
    impl{W: Watch, G: Govern, O: Observer} HasHrTimer<Self> for Generator<W, G, O> {
        mode: AbsolutePinnedHardMode<Monotonic>, field: self.timer
    }
}

impl<W: Watch, G: Govern, O: Observer> Generator<W, G, O> {
    /// A generator at the end of `line`. Equal seeds give equal random patterns.
    pub(super) fn new(
        line: IrqLine<O>,
        governor: Arc<G>,
        watch: W,
        seed: u64,
    ) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                timer <- HrTimer::new(),
                state: ContextCell::new(State {
                    schedule: Schedule::new(seed),
                    ring: None,
                    seq: 0,
                    coalescing: Coalescing::new(),
                    suppression: Suppression::new(),
                    is_due: false,
                    watch,
                }),
                closed: Atomic::new(false),
                raises: Atomic::new(false),
                mask: Mask::new(),
                governor,
                line,
            }),
            GFP_KERNEL,
        )
    }

    /// Raises the line, unless the device is masked; then the driver notices when it unmasks the
    /// device. In hardirq.
    #[inline]
    fn interrupt(&self) {
        if !self.mask.keeps_back() {
            self.line.raise();
        }
    }

    /// In a closed loop: emits the next events, if the driver has finished the previous ones. In
    /// hardirq.
    ///
    /// A call that overlaps with another one does nothing. If the other call came too early, the
    /// next poll emits the events. The same holds for a call that is throttled, and for one that is
    /// suppressed. Returns the time until which the device is throttled; 0 when it is not.
    fn answer(&self, caller: Caller) -> u64 {
        let start_ns = clock::now_ns();
        let cpu = cpu::current();
        let mut until_ns = 0;
        self.governor.interrupt(cpu, start_ns, || {
            let raises = self.state.with(|state| {
                // The device may have been stopped since the ring.
                if !self.closed.load(Relaxed) {
                    return false;
                }
                let irq_cpu = state.watch.irq_cpu();
                let is_heard = match caller {
                    Caller::Doorbell => state.suppression.doorbell(irq_cpu),
                    Caller::Timer => state.suppression.timer(),
                };
                if !is_heard || !state.is_answered() {
                    return false;
                }
                if let Some(later_ns) = state.watch.throttle(cpu, start_ns) {
                    until_ns = later_ns;
                    return false;
                }
                let emitted = match state.is_faulty() {
                    true => state.emit_at_fault(start_ns),
                    false => state.emit(start_ns, |_| true).then_some(true),
                };
                if emitted.is_some() {
                    state.watch.idle();
                }
                emitted == Some(true)
            });
            // After the state is released: the driver may finish before this call does, and ring.
            if raises == Some(true) {
                self.interrupt();
            }
        });
        until_ns
    }

    /// In a closed loop: checks for a missed ring, and for an owed raise. Returns the time of the
    /// next check. In hardirq, by the timer.
    fn poll(&self) -> u64 {
        let until_ns = self.answer(Caller::Timer);
        // An earlier check would only be throttled again.
        let mut wait_ns = until_ns.saturating_sub(clock::now_ns()).max(POLL_NS);
        if self.state.with(|state| state.is_faulty()) == Some(true) {
            wait_ns = self.look_in_closed_loop(wait_ns);
        }
        clock::now_ns().saturating_add(wait_ns)
    }

    /// In a closed loop: makes an owed raise that is due. Returns the delay of the timer's next
    /// check, at most `wait_ns`. In hardirq, by the timer.
    #[cold]
    fn look_in_closed_loop(&self, wait_ns: u64) -> u64 {
        let start_ns = clock::now_ns();
        let cpu = cpu::current();
        let mut next_ns = u64::MAX;
        let ended = self.governor.interrupt(cpu, start_ns, || {
            let raises = self.state.with(|state| {
                let is_due = state.look_ns().is_some_and(|look_ns| look_ns <= start_ns);
                if is_due {
                    if let Some(later_ns) = state.watch.throttle(cpu, start_ns) {
                        next_ns = later_ns;
                        return false;
                    }
                }
                let raises = state.raises_owed(start_ns);
                next_ns = state.look_ns().unwrap_or(u64::MAX);
                raises
            });
            if raises == Some(true) {
                self.interrupt();
            }
        });
        let next_ns = next_ns.max(ended.ns.saturating_add(MIN_REARM_NS));
        next_ns.saturating_sub(start_ns).min(wait_ns)
    }

    /// Raises the line without an event, if [`super::Device`] has requested it while the timer was
    /// not armed. In hardirq.
    #[cold]
    fn raise(&self) {
        if !self.raises.xchg(false, Full) {
            return;
        }
        let has_ring = self.state.with(|state| {
            let ring = state.ring.as_mut();
            ring.map(DeviceEnd::note_raise).is_some()
        });
        if has_ring == Some(true) {
            self.interrupt();
        }
    }

    /// In an open loop with a fault: emits the events that are due, and makes an owed raise that is
    /// due.
    #[cold]
    fn expire_at_fault(&self, state: &mut State<W>, start_ns: u64) {
        if state.emit_at_fault(start_ns) == Some(true) {
            self.interrupt();
        }
        if state.raises_owed(start_ns) {
            self.interrupt();
        }
    }

    /// In an open loop: emits the events that are due. Returns the next expiry, if there is one.
    #[inline]
    fn expire(&self, start_ns: u64) -> Option<u64> {
        let cpu = cpu::current();
        self.state
            .with(|state| {
                let is_faulty = state.is_faulty();
                // Due events stay due, and are emitted late, when there is CPU time.
                if let Some(later_ns) = state.watch.throttle(cpu, start_ns) {
                    return Some(later_ns);
                }
                let ended = self.governor.interrupt(cpu, start_ns, || {
                    if is_faulty {
                        self.expire_at_fault(state, start_ns);
                    } else if state.emit(start_ns, |_| true) {
                        self.interrupt();
                    }
                });
                state.watch.ended(cpu, ended);
                let mut due_ns = state.next_ns();
                if is_faulty {
                    due_ns = earlier(due_ns, state.look_ns());
                }
                let due_ns = due_ns?;
                Some(if due_ns > ended.ns {
                    due_ns
                } else {
                    ended.ns.saturating_add(MIN_REARM_NS)
                })
            })
            // Another context uses the state for a moment.
            .unwrap_or_else(|| Some(start_ns.saturating_add(MIN_REARM_NS)))
    }
}

/// The earlier of two times; `None` means never.
#[inline]
pub(super) fn earlier(first_ns: Option<u64>, second_ns: Option<u64>) -> Option<u64> {
    match (first_ns, second_ns) {
        (Some(first_ns), Some(second_ns)) => Some(first_ns.min(second_ns)),
        (time_ns, None) | (None, time_ns) => time_ns,
    }
}

/// The device's end of the doorbell.
pub(super) struct Doorbell<W: Watch, G: Govern, O: Observer>(pub(super) Arc<Generator<W, G, O>>);

impl<W: Watch, G: Govern, O: Observer> InHardirq for Doorbell<W, G, O> {
    fn run(&self) {
        if self.0.closed.load(Relaxed) {
            // The result is not needed: the timer polls anyway.
            let _ = self.0.answer(Caller::Doorbell);
        } else if self.0.raises.load(Relaxed) {
            self.0.raise();
        }
    }
}

impl<W: Watch, G: Govern, O: Observer> HrTimerCallback for Generator<W, G, O> {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut timer: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        let next_ns = match this.closed.load(Relaxed) {
            true => Some(this.poll()),
            false => this.expire(clock::now_ns()),
        };
        let Some(next_ns) = next_ns else {
            return HrTimerRestart::NoRestart;
        };
        // Forwarding the expiry by its distance to the next time sets that time exactly. A timer
        // cannot be forwarded by 0, and without high resolution not by less than a tick. So the
        // expiry is read back from the timer.
        let expiry = this.timer.expires();
        let distance_ns = next_ns.saturating_sub(clock::ns(expiry)).max(1);
        timer.forward(expiry, clock::delta(distance_ns));
        HrTimerRestart::Restart
    }
}
