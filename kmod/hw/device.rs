// SPDX-License-Identifier: GPL-2.0-only

//! The device's interface to the driver and to the knobs: its registers. Process context, except
//! where a method says otherwise.

use super::{
    faults::Faults,
    generator::{
        earlier,
        Doorbell,
        Generator,
        Govern,
        State,
        Watch, //
    },
};
use crate::{
    kext::{
        clock,
        context::{
            context,
            Context, //
        },
        cpu,
        irq_domain::{
            IrqLine,
            Observer,
            Trigger, //
        },
        irq_work::IrqWork, //
    },
    logic::{
        coalescing::Limits,
        gaps::Gaps,
        knobs::Pattern,
        mask::Mask,
        ring::{
            DeviceEnd,
            Ring, //
        },
        schedule::Shape, //
    },
};
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Full,
            Relaxed, //
        },
        Arc,
        Mutex, //
    },
    time::hrtimer::{
        ArcHrTimerHandle,
        HrTimerPointer, //
    },
};

/// One simulated device. The fields are dropped from the first to the last: first the timer, which
/// waits for its callback, then the doorbell, which waits for its interrupt.
#[pin_data]
pub(crate) struct Device<W: Watch, G: Govern, O: Observer> {
    #[pin]
    control: Mutex<Control<W, G, O>>,
    doorbell: Pin<KBox<IrqWork<Doorbell<W, G, O>>>>,
    generator: Arc<Generator<W, G, O>>,
}

/// The settings of the device, and its timer.
struct Control<W: Watch, G: Govern, O: Observer> {
    /// The armed timer; dropping it stops the device and waits for its callback.
    timer: Option<ArcHrTimerHandle<Generator<W, G, O>>>,
    shape: Shape,
    coalescing: Limits,
    /// The timer's CPU; `None` for the CPU where it is started.
    cpu: Option<u32>,
    running: bool,
    /// The gaps of pattern `replay`, for readers of the settings.
    gaps: Option<Arc<Gaps>>,
}

impl<W: Watch, G: Govern, O: Observer> Control<W, G, O> {
    fn coalescing_now(&self) -> Limits {
        match self.shape.pattern == Pattern::Closed {
            true => Limits::NONE,
            false => self.coalescing,
        }
    }
}

impl<W: Watch, G: Govern, O: Observer> Device<W, G, O> {
    /// A stopped device at the end of `line`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(
        line: IrqLine<O>,
        governor: Arc<G>,
        watch: W,
        shape: Shape,
        cpu: Option<u32>,
        seed: u64,
    ) -> Result<Arc<Self>> {
        let generator = Generator::new(line, governor, watch, seed)?;
        let doorbell = IrqWork::new(Doorbell(generator.clone()))?;
        Arc::pin_init(
            pin_init!(Self {
                generator,
                doorbell,
                control <- new_mutex!(Control {
                    timer: None,
                    shape,
                    coalescing: Limits::NONE,
                    cpu,
                    running: false,
                    gaps: None,
                }),
            }),
            GFP_KERNEL,
        )
    }

    /// The Linux interrupt number of the device.
    pub(crate) fn virq(&self) -> u32 {
        self.generator.line.virq()
    }

    /// The trigger type of the device's line.
    pub(crate) fn trigger(&self) -> Trigger {
        self.generator.line.trigger()
    }

    /// Changes the trigger type of the device's line, and of a line that shares the interrupt. The
    /// driver's handler must be held off.
    ///
    /// # Errors
    ///
    /// The errors of [`IrqLine::set_trigger`].
    pub(crate) fn set_trigger(&self, trigger: Trigger) -> Result {
        self.generator.line.set_trigger(trigger)
    }

    /// Acknowledges the interrupt: lowers the line. Tells whether it was up. Any context.
    #[inline]
    pub(crate) fn acknowledge(&self) -> bool {
        self.generator.line.acknowledge()
    }

    /// Whether the line is up: the device has an interrupt that is not acknowledged. Any context.
    #[allow(dead_code, reason = "the template has its interrupt to itself")]
    #[inline]
    pub(crate) fn is_up(&self) -> bool {
        self.generator.line.is_up()
    }

    /// The register that masks the interrupt. Any context.
    #[inline]
    pub(crate) fn mask(&self) -> &Mask {
        &self.generator.mask
    }

    /// Rings the doorbell: tells the device that the driver has taken all events out of the ring.
    /// Any context.
    ///
    /// In a closed loop the device answers with the next events. It does not answer a hardirq,
    /// because an interrupt that answers itself would never leave its CPU.
    #[inline]
    pub(crate) fn ring_doorbell(&self) {
        if self.generator.closed.load(Relaxed) && context() != Context::Hardirq {
            self.doorbell.queue();
        }
    }

    /// Lends the device a ring to write to. Event numbers start from 0 again.
    pub(crate) fn attach(&self, ring: DeviceEnd<Arc<Ring>>) {
        self.reprogram(|control, state| {
            control.running = false;
            state.coalescing.end();
            // The previous driver may have been unbound while it polled. The mask cannot be reset
            // at that time: the driver may still be polling, and relies on it.
            self.generator.mask.reset();
            state.ring = Some(ring);
            state.seq = 0;
            if let Some(faults) = state.watch.faults() {
                faults.forget();
            }
        });
    }

    /// Stops the device and takes the ring back.
    pub(crate) fn detach(&self) {
        self.reprogram(|control, state| {
            control.running = false;
            state.coalescing.end();
            self.generator.line.acknowledge();
            state.ring = None;
        });
    }

    /// Starts or stops the device. After a start, the first event is due one gap later.
    pub(crate) fn set_running(&self, running: bool) {
        // Only the first and the last reader may touch the timer.
        if self.control.lock().running == running {
            return;
        }
        self.reprogram(|control, state| {
            if running && !control.running {
                state.schedule.start(clock::now_ns(), control.shape);
            }
            control.running = running;
        });
    }

    /// Changes how events are spread over time.
    pub(crate) fn set_shape(&self, shape: Shape) {
        self.reprogram(|control, state| {
            if shape != control.shape {
                control.shape = shape;
                state.schedule.reshape(clock::now_ns(), shape);
            }
        });
    }

    /// Changes how long events wait for an interrupt; initially they do not wait. The new limits
    /// also apply to events that wait already.
    pub(crate) fn set_coalescing(&self, limits: Limits) {
        self.reprogram(|control, _| control.coalescing = limits);
    }

    /// How long events wait for an interrupt now. In a closed loop they do not wait: no event would
    /// come while another one waits.
    pub(crate) fn coalescing(&self) -> Limits {
        self.control.lock().coalescing_now()
    }

    /// Gives the device the gaps of pattern `replay`. A replay in progress starts over with them.
    #[allow(dead_code, reason = "the template replays nothing")]
    pub(crate) fn set_gaps(&self, gaps: Option<Arc<Gaps>>) {
        let mut old = (None, None);
        self.reprogram(|control, state| {
            old = (
                core::mem::replace(&mut control.gaps, gaps.clone()),
                state.schedule.set_gaps(clock::now_ns(), gaps),
            );
        });
        // After the device runs again, as freeing much memory takes time.
        drop(old);
    }

    /// The gaps of pattern `replay`.
    #[allow(dead_code, reason = "as above")]
    pub(crate) fn gaps(&self) -> Option<Arc<Gaps>> {
        self.control.lock().gaps.clone()
    }

    /// Moves the timer to `cpu`; `None` for the CPU where it is started next.
    pub(crate) fn set_cpu(&self, cpu: Option<u32>) {
        self.reprogram(|control, _| control.cpu = cpu);
    }

    /// Interrupts the driver once more, if it has not acknowledged all raises or not taken out all
    /// events.
    pub(crate) fn raise_again(&self) {
        self.reprogram(|_, state| {
            let ring = state.ring.as_ref();
            state.is_due |= ring.is_some_and(|ring| !ring.is_empty() || !ring.is_acknowledged());
        });
    }

    /// Calls `change` with the watch while the device is stopped.
    pub(crate) fn with_watch(&self, change: impl FnOnce(&mut W)) {
        self.reprogram(|_, state| change(&mut state.watch));
    }

    /// Stops the timer, calls `change` with the state, and restarts the timer if it should run.
    fn reprogram(&self, change: impl FnOnce(&mut Control<W, G, O>, &mut State<W>)) {
        let mut control = self.control.lock();
        // An event that becomes due meanwhile is emitted late, when the timer runs again.
        control.timer = None;
        self.generator.closed.xchg(false, Full);
        self.doorbell.wait();
        // The timer is not armed, its callback has returned, and rings of the doorbell are no
        // longer answered. So nothing else uses the state until the timer is armed below, but for a
        // last answer, which may have been overlooked: see [`IrqWork::wait`]. It takes
        // microseconds.
        let mut change = Some(change);
        let mut use_state = |state: &mut State<W>| {
            let change = change.take()?;
            state.watch.idle();
            // A late raise comes now, because the timer may not be armed again.
            state.is_due = state.watch.faults().is_some_and(Faults::take_late);
            change(&mut control, state);
            state.coalescing.set_limits(control.coalescing_now());
            let stops = !control.running || state.ring.is_none();
            // A device that stops does not let events wait either.
            let lets_none_wait = stops || state.schedule.is_closed();
            state.is_due |= lets_none_wait && state.coalescing.end();
            let is_on = control.shape.rate_hz != 0;
            let is_closed = state.schedule.is_closed() && is_on;
            let look_ns = state.look_ns().filter(|_| is_on);
            let due_ns = state.next_ns().or(is_closed.then(clock::now_ns));
            let due_ns = earlier(due_ns, look_ns).filter(|_| !stops);
            Some((state.is_due, due_ns, is_closed))
        };
        let (is_due, due_ns, is_closed) = loop {
            if let Some(changed) = self.generator.state.with(&mut use_state).flatten() {
                break changed;
            }
            core::hint::spin_loop();
        };
        // After the state is free: a ring of the doorbell that is in progress would take the raise,
        // and find the state in use.
        if is_due {
            self.generator.raises.xchg(true, Full);
            self.doorbell.queue();
        }
        self.doorbell.wait();
        let Some(due_ns) = due_ns else {
            return;
        };
        self.generator.closed.xchg(is_closed, Full);
        let Control { timer, cpu, .. } = &mut *control;
        let mut start = || {
            *timer = Some(self.generator.clone().start(clock::instant(due_ns)));
        };
        // If the chosen CPU went offline, the device must still run.
        cpu::on_or_here(*cpu, &mut start);
    }
}
