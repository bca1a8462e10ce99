// SPDX-License-Identifier: GPL-2.0-only

//! The antagonists: what makes life hard for a line, so that one can see who copes with it.
//!
//! Each is a timer that takes its CPU away for a while, again and again: with interrupts disabled, with
//! preemption disabled, or in softirq. It leaves the CPU at least as long as it took it.

use crate::{
    clock,
    ffi::{
        self,
        Context, //
    },
    hw::on_cpu_or_here,
    logic::knobs::Antagonist as Kind,
    work, //
};
use kernel::{
    impl_has_hr_timer, new_mutex, new_work,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
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
    workqueue::{
        self,
        Work, //
    },
};

/// What an antagonist does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stress {
    pub(crate) kind: Kind,
    /// How long a stretch is.
    pub(crate) stretch_ns: u64,
    /// From the beginning of one to that of the next.
    pub(crate) period_ns: u64,
    /// Where; none for where it is set.
    pub(crate) cpu: Option<u32>,
}

/// The antagonist of a line; dropping it ends it. Process context.
#[pin_data(PinnedDrop)]
pub(crate) struct Antagonist {
    tormentor: Arc<Tormentor>,
    #[pin]
    control: Mutex<Control>,
}

struct Control {
    /// The armed timer; dropping it stops it and waits for its callback.
    timer: Option<ArcHrTimerHandle<Tormentor>>,
    stress: Option<Stress>,
}

impl Antagonist {
    /// Ends what it does. The kernel's own queues do not wait for the items of a module that goes.
    fn stop(&self, control: &mut Control) {
        control.timer = None;
        // The timer, which queues them, is not armed.
        self.tormentor.flush_works();
    }

    /// One that does nothing.
    pub(crate) fn new() -> Result<Arc<Self>> {
        let tormentor = Arc::pin_init(
            pin_init!(Tormentor {
                timer <- HrTimer::new(),
                work <- new_work!("simrupt::stress"),
                softirq_work <- new_work!("simrupt::stress_softirq"),
                kind: Atomic::new(Kind::None as u32),
                stretch_ns: Atomic::new(0),
                period_ns: Atomic::new(0),
            }),
            GFP_KERNEL,
        )?;
        Arc::pin_init(
            pin_init!(Self {
                tormentor,
                control <- new_mutex!(Control {
                    timer: None,
                    stress: None,
                }),
            }),
            GFP_KERNEL,
        )
    }

    /// Does this from now on.
    pub(crate) fn set(&self, stress: Stress) {
        let mut control = self.control.lock();
        if control.stress == Some(stress) {
            return;
        }
        self.stop(&mut control);
        control.stress = Some(stress);
        self.tormentor.kind.store(stress.kind as u32, Relaxed);
        self.tormentor.stretch_ns.store(stress.stretch_ns, Relaxed);
        self.tormentor.period_ns.store(stress.period_ns, Relaxed);
        if stress.kind == Kind::None {
            return;
        }
        let timer = &mut control.timer;
        let mut start = || {
            *timer = Some(self.tormentor.clone().start(clock::delta(stress.period_ns)));
        };
        on_cpu_or_here(stress.cpu, &mut start);
    }
}

#[pinned_drop]
impl PinnedDrop for Antagonist {
    fn drop(self: Pin<&mut Self>) {
        self.stop(&mut self.control.lock());
    }
}

/// The timer, and the work items for what it cannot do itself.
#[pin_data]
struct Tormentor {
    #[pin]
    timer: HrTimer<Self>,
    #[pin]
    work: Work<Self, { work::THREAD }>,
    #[pin]
    softirq_work: Work<Self, { work::SOFTIRQ }>,
    /// A [`Kind`] as a number.
    kind: Atomic<u32>,
    stretch_ns: Atomic<u64>,
    period_ns: Atomic<u64>,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Tormentor {
        mode: RelativePinnedHardMode<Monotonic>, field: self.timer
    }
}

work::impl_works! {
    Tormentor { thread: work, softirq: softirq_work, run: Tormentor::torment }
}

impl Tormentor {
    fn kind(&self) -> Kind {
        Kind::from_value(self.kind.load(Relaxed).into())
    }

    /// Keeps the CPU busy for a stretch.
    fn spin(&self) {
        clock::spin(clock::now_ns(), self.stretch_ns.load(Relaxed));
    }
}

impl HrTimerCallback for Tormentor {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut timer: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        // What is queued here runs on this CPU: on its softirq, or in a thread that is bound to it.
        let queue = match this.kind() {
            Kind::None => return HrTimerRestart::NoRestart,
            Kind::IrqsOff => None,
            Kind::PreemptOff => Some((workqueue::system_highpri(), Context::Task)),
            Kind::Softirq => Some((workqueue::system_bh_highpri(), Context::Softirq)),
        };
        match queue {
            None => this.spin(),
            // Still queued or running: then the CPU is disturbed enough.
            Some((queue, context)) => _ = work::enqueue(queue, context, Arc::from(this)),
        }
        let stretch_ns = this.stretch_ns.load(Relaxed);
        let period_ns = this.period_ns.load(Relaxed);
        timer.forward_now(clock::delta(period_ns.max(stretch_ns.saturating_mul(2))));
        HrTimerRestart::Restart
    }
}

impl Tormentor {
    /// What the timer cannot do itself.
    fn torment(&self) {
        match self.kind() {
            Kind::PreemptOff => ffi::without_preemption(|| self.spin()),
            Kind::Softirq => self.spin(),
            Kind::None | Kind::IrqsOff => {}
        }
    }
}
