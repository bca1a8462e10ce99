// SPDX-License-Identifier: GPL-2.0-only

//! Interference: it disturbs a line's CPU, to show how the line reacts.
//!
//! A timer occupies the CPU in stretches: with interrupts disabled, with preemption disabled, or in
//! softirq. The lines and the interference share the CPU limit; a stretch without CPU time left is
//! delayed.

use super::load::CpuTime;
use crate::{
    kext::{
        clock,
        context::without_preemption,
        context_cell::ContextCell,
        cpu,
        workqueue::{
            Next,
            Queue,
            Run,
            Work, //
        }, //
    },
    logic::{
        knobs::Interference as Kind,
        rate_limiter::Contender, //
    },
};
use kernel::{
    impl_has_hr_timer, new_mutex,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow,
        Mutex, //
    },
    time::{
        hrtimer::{
            ArcHrTimerHandle,
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerPointer,
            HrTimerRestart,
            RelativePinnedHardMode, //
        },
        Monotonic, //
    },
};

/// The settings of interference.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) kind: Kind,
    /// The length of a stretch.
    pub(crate) stretch_ns: u64,
    /// The time from the start of one stretch to the start of the next.
    pub(crate) period_ns: u64,
    /// The CPU; `None` for the CPU where it is set.
    pub(crate) cpu: Option<u32>,
    /// The share of its CPU that all lines together may take before it waits, in percent.
    pub(crate) limit_pct: u64,
}

/// The interference of a line; dropping it ends it. Process context.
#[pin_data]
pub(crate) struct Interference {
    #[pin]
    control: Mutex<Control>,
    cpu_time: Arc<CpuTime>,
}

struct Control {
    running: Option<Running>,
    settings: Option<Settings>,
}

/// Interference that is active.
struct Running {
    /// The armed timer; dropping it waits for its callback.
    timer: Option<ArcHrTimerHandle<Stretches>>,
    stretches: Arc<Stretches>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The work item is dropped with the stretches; nothing queues it any more.
        self.timer = None;
        self.stretches.stop();
    }
}

impl Interference {
    /// Inactive interference.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(cpu_time: Arc<CpuTime>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                control <- new_mutex!(Control {
                    running: None,
                    settings: None,
                }),
                cpu_time,
            }),
            GFP_KERNEL,
        )
    }

    /// Allocates everything that [`Self::set`] needs.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn prepare(&self, settings: Settings) -> Result<Prepared> {
        let stretches = match settings.kind {
            Kind::None => None,
            _ => Some(Stretches::new(settings, self.cpu_time.clone())?),
        };
        Ok(Prepared {
            settings,
            stretches,
        })
    }

    /// Puts the prepared settings in force.
    pub(crate) fn set(&self, prepared: Prepared) {
        let Prepared {
            settings,
            stretches,
        } = prepared;
        let mut control = self.control.lock();
        if control.settings == Some(settings) {
            return;
        }
        control.settings = Some(settings);
        control.running = None;
        let Some(stretches) = stretches else {
            return;
        };
        let mut timer = None;
        let mut start = || {
            timer = Some(stretches.clone().start(clock::delta(settings.period_ns)));
        };
        cpu::on_or_here(settings.cpu, &mut start);
        control.running = Some(Running { timer, stretches });
    }
}

/// Settings, with everything that they need.
pub(crate) struct Prepared {
    settings: Settings,
    stretches: Option<Arc<Stretches>>,
}

/// The timer, and the work item for stretches that it cannot make itself.
#[pin_data]
struct Stretches {
    #[pin]
    timer: HrTimer<Self>,
    settings: Settings,
    cpu_time: Arc<CpuTime>,
    contender: ContextCell<Contender>,
    work: Option<Pin<KBox<Work<Stretch>>>>,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Stretches {
        mode: RelativePinnedHardMode<Monotonic>, field: self.timer
    }
}

impl Stretches {
    fn new(settings: Settings, cpu_time: Arc<CpuTime>) -> Result<Arc<Self>> {
        // Work that the timer queues runs on the timer's CPU: in softirq, or in a thread that is
        // bound to the CPU.
        let queue = match settings.kind {
            Kind::None | Kind::IrqsOff => None,
            Kind::PreemptOff => Some(Queue::system_highpri()),
            Kind::Softirq => Some(Queue::system_bh_highpri()),
        };
        let stretch = |queue| {
            let cpu_time = cpu_time.clone();
            Work::new(queue, Stretch { settings, cpu_time })
        };
        let work = queue.map(stretch).transpose()?;
        Arc::pin_init(
            pin_init!(Self {
                timer <- HrTimer::new(),
                settings,
                contender: ContextCell::new(Contender::new()),
                work,
                cpu_time,
            }),
            GFP_KERNEL,
        )
    }

    /// Stops waiting for CPU time, as the timer is not armed any more.
    fn stop(&self) {
        self.contender
            .with(|contender| contender.leave(&self.cpu_time));
    }
}

impl HrTimerCallback for Stretches {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut timer: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        let start_ns = clock::now_ns();
        let cpu = cpu::current();
        let Settings {
            stretch_ns,
            period_ns,
            limit_pct,
            ..
        } = this.settings;
        let later_ns = this.contender.with(|contender| {
            let later_ns = contender.throttle(&this.cpu_time, [cpu; 3], start_ns, limit_pct);
            if later_ns.is_some() {
                return later_ns;
            }
            let ended = this
                .cpu_time
                .interrupt(cpu, start_ns, limit_pct, || match &this.work {
                    None => _ = clock::spin(start_ns, stretch_ns),
                    // If it is still queued or running, the CPU is disturbed anyway.
                    Some(work) => _ = work.schedule(),
                });
            contender.served(&this.cpu_time, cpu, ended.ns, ended.took_ns, limit_pct);
            None
        });
        let next_ns = match later_ns.flatten() {
            Some(later_ns) => later_ns.saturating_sub(start_ns),
            None => period_ns,
        };
        timer.forward_now(clock::delta(next_ns));
        HrTimerRestart::Restart
    }
}

/// A stretch that the timer cannot make itself.
struct Stretch {
    settings: Settings,
    cpu_time: Arc<CpuTime>,
}

impl Run for Stretch {
    fn run(&mut self) -> Next {
        let spin = || {
            // Interrupts may come in between, which are charged on their own.
            let start_ns = clock::now_ns();
            let span = self.cpu_time.begin(start_ns);
            clock::spin(start_ns, self.settings.stretch_ns);
            self.cpu_time.end(&span, self.settings.limit_pct);
        };
        match self.settings.kind {
            Kind::PreemptOff => without_preemption(spin),
            _ => spin(),
        }
        Next::Done
    }
}
