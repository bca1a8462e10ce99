// SPDX-License-Identifier: GPL-2.0-only

//! The device as the driver and the knobs see it: its registers, so to speak. Process context only.

use super::{
    generator::{
        Attachment,
        Bell,
        Counter,
        Generator,
        State,
        COUNTERS,
        NOWHERE, //
    },
    hardirq_work::HardirqWork,
    irq::IrqLine,
    on_cpu::on_cpu_or_here, //
};
use crate::{
    clock,
    cpu_time::{
        CpuTime,
        Span, //
    },
    ffi::{
        self,
        Context, //
    },
    logic::{
        budget::Turn,
        ring::{
            DeviceEnd,
            Ring, //
        },
        schedule::Shape,
        tally::{
            Tally,
            Writer, //
        },
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

/// One simulated device.
#[pin_data(PinnedDrop)]
pub(crate) struct Device {
    generator: Arc<Generator>,
    bell: Pin<KBox<HardirqWork<Bell>>>,
    #[pin]
    control: Mutex<Control>,
}

/// What the device was told to do.
struct Control {
    /// The armed timer; dropping it stops the device and waits for its callback.
    timer: Option<ArcHrTimerHandle<Generator>>,
    shape: Shape,
    /// The timer's CPU; none for wherever it is started.
    cpu: Option<u32>,
    running: bool,
}

impl Device {
    /// A device at the end of `line`, stopped.
    pub(crate) fn new(
        line: IrqLine,
        shape: Shape,
        cpu: Option<u32>,
        cpu_time: Arc<CpuTime>,
        seed: u64,
    ) -> Result<Arc<Self>> {
        let generator = Generator::new(line, cpu_time, seed)?;
        let bell = HardirqWork::new(Bell(generator.clone()))?;
        Arc::pin_init(
            pin_init!(Self {
                generator,
                bell,
                control <- new_mutex!(Control {
                    timer: None,
                    shape,
                    cpu,
                    running: false,
                }),
            }),
            GFP_KERNEL,
        )
    }

    /// The Linux interrupt number of the device.
    pub(crate) fn virq(&self) -> u32 {
        self.generator.virq()
    }

    /// Tells the device that the driver has taken everything out of the ring. Any context.
    ///
    /// In a closed loop it answers with the next events; in a hardirq of the driver's not at once, for
    /// an interrupt that answers itself would never leave its CPU.
    #[inline]
    pub(crate) fn ring_doorbell(&self) {
        if self.generator.closed.load(Relaxed) && ffi::context() != Context::Hardirq {
            self.bell.queue();
        }
    }

    /// Begins the measuring of what serves this device's interrupts outside of hardirq, and began at
    /// `start_ns`.
    #[inline]
    pub(crate) fn service_begins(&self, start_ns: u64) -> Span {
        let span = self.generator.cpu_time.begin(start_ns);
        self.generator.serving_cpu.store(span.cpu().into());
        span
    }

    /// Ends it: what it took is what the device's interrupts cost its CPU.
    #[inline]
    pub(crate) fn service_ends(&self, span: &Span) {
        let limit_pct = self.generator.line.limit_pct();
        self.generator.cpu_time.end(span, limit_pct);
    }

    /// Who has served the interrupts so far does not any more.
    pub(crate) fn service_changes(&self) {
        self.generator.serving_cpu.store(NOWHERE);
    }

    /// Lends the device a ring to write to and counters to keep. Events are numbered from 0 again.
    pub(crate) fn attach(&self, ring: DeviceEnd<Arc<Ring>>, tally: Arc<Tally<COUNTERS>>) {
        self.service_changes();
        self.reprogram(|control, state| {
            control.running = false;
            state.attachment = Some(Attachment {
                ring,
                tally: Writer::new(tally),
            });
            state.seq = 0;
        });
    }

    /// Stops the device and takes the ring away from it.
    pub(crate) fn detach(&self) {
        self.reprogram(|control, state| {
            control.running = false;
            state.attachment = None;
        });
    }

    /// Starts or stops the device. When it starts, the first event is due one gap later.
    pub(crate) fn set_running(&self, running: bool) {
        // Readers come and go; only the first and the last of them may touch the timer.
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
                state.has_said = false;
            }
        });
    }

    /// Changes how much of a CPU may be taken before the device waits, and starts over.
    pub(crate) fn set_limit(&self, limit_pct: u64) {
        let generator = &self.generator;
        self.reprogram(|_, state| {
            if generator.line.limit_pct() != limit_pct {
                generator.line.set_limit_pct(limit_pct);
                generator.cpu_time.forgive();
                state.has_said = false;
            }
        });
    }

    /// Moves the timer to a CPU, or leaves it where it will be started next.
    pub(crate) fn set_cpu(&self, cpu: Option<u32>) {
        self.reprogram(|control, _| control.cpu = cpu);
    }

    /// Zeroes the counters, but for the events that `carried` tells of. Everything stands still while
    /// `carried` is called: it may zero what else belongs together with these.
    pub(crate) fn reset_counts(&self, carried: impl FnOnce() -> u64) {
        self.reprogram(|_, state| {
            state.has_said = false;
            if let Some(attachment) = &mut state.attachment {
                let events = carried();
                attachment
                    .tally
                    .reset(|tally| tally.add(Counter::EVENTS, events));
            }
        });
    }

    /// Stops the timer, lets `change` have the state, and sets the timer again if it should run.
    fn reprogram(&self, change: impl FnOnce(&mut Control, &mut State)) {
        let mut control = self.control.lock();
        // An event that is due meanwhile is late, and is emitted, late, when the timer is set again.
        control.timer = None;
        self.generator.closed.xchg(false, Full);
        self.bell.wait();
        // SAFETY: The timer is not armed and its callback has returned; arming it takes the lock
        // that we hold. Whoever rings the bell from now on is not answered.
        let state = unsafe { self.generator.state.get() };
        state.turn.leave(&self.generator.cpu_time);
        state.turn = Turn::new();
        change(&mut control, state);
        if !control.running || state.attachment.is_none() {
            return;
        }
        let is_closed = state.schedule.is_closed() && control.shape.rate_hz != 0;
        let Some(due_ns) = state
            .schedule
            .next_due_ns()
            .or(is_closed.then(clock::now_ns))
        else {
            return;
        };
        self.generator.closed.xchg(is_closed, Full);
        let Control { timer, cpu, .. } = &mut *control;
        // The state is the callback's from here on.
        let mut start = || {
            *timer = Some(self.generator.clone().start(clock::instant(due_ns)));
        };
        // A CPU that went offline since it was chosen must not silence the device.
        on_cpu_or_here(*cpu, &mut start);
    }
}

#[pinned_drop]
impl PinnedDrop for Device {
    fn drop(self: Pin<&mut Self>) {
        self.control.lock().timer = None;
        self.bell.wait();
        self.generator.flush_notice();
    }
}
