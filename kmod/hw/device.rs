// SPDX-License-Identifier: GPL-2.0-only

//! The device as the driver and the knobs see it: its registers, so to speak. Process context only.

use super::{
    generator::{
        Attachment,
        Generator,
        State,
        COUNTERS, //
    },
    irq::IrqLine, //
};
use crate::{
    clock,
    logic::{
        ring::{
            DeviceEnd,
            Ring, //
        },
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
        Arc,
        Mutex, //
    },
    time::hrtimer::{
        ArcHrTimerHandle,
        HrTimerPointer, //
    },
};

/// One simulated device.
#[pin_data]
pub(crate) struct Device {
    generator: Arc<Generator>,
    #[pin]
    control: Mutex<Control>,
}

/// What the device was told to do.
struct Control {
    /// The armed timer; dropping it stops the device and waits for its callback.
    timer: Option<ArcHrTimerHandle<Generator>>,
    rate_hz: u64,
    running: bool,
}

impl Device {
    /// A device at the end of `line`, stopped.
    pub(crate) fn new(line: IrqLine, rate_hz: u64) -> Result<Arc<Self>> {
        let generator = Generator::new(line)?;
        Arc::pin_init(
            pin_init!(Self {
                generator,
                control <- new_mutex!(Control {
                    timer: None,
                    rate_hz,
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

    /// Lends the device a ring to write to and counters to keep. Events are numbered from 0 again.
    pub(crate) fn attach(&self, ring: DeviceEnd<Arc<Ring>>, tally: Arc<Tally<COUNTERS>>) {
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

    /// Starts or stops the device. When it starts, the first event is due one period later.
    pub(crate) fn set_running(&self, running: bool) {
        self.reprogram(|control, state| {
            if running && !control.running {
                state.schedule.start(clock::now_ns(), control.rate_hz);
            }
            control.running = running;
        });
    }

    /// Changes the rate, in events per second; 0 silences the device.
    pub(crate) fn set_rate_hz(&self, rate_hz: u64) {
        self.reprogram(|control, state| {
            control.rate_hz = rate_hz;
            state.schedule.set_rate(clock::now_ns(), rate_hz);
        });
    }

    /// Stops the timer, lets `change` have the state, and sets the timer again if it should run.
    fn reprogram(&self, change: impl FnOnce(&mut Control, &mut State)) {
        let mut control = self.control.lock();
        // An event that is due meanwhile is late, and is emitted, late, when the timer is set again.
        control.timer = None;
        // SAFETY: The timer is not armed and its callback has returned; arming it takes the lock
        // that we hold.
        let state = unsafe { self.generator.state.get() };
        change(&mut control, state);
        if !control.running || state.attachment.is_none() {
            return;
        }
        if let Some(due_ns) = state.schedule.next_due_ns() {
            state.expiry_ns = due_ns;
            // The state is the callback's from here on.
            control.timer = Some(self.generator.clone().start(clock::instant(due_ns)));
        }
    }
}
