// SPDX-License-Identifier: GPL-2.0-only

//! The antagonists: what makes life hard for a line, so that one can see who copes with it.
//!
//! Each is a timer that takes its CPU away for a while, again and again: with interrupts disabled, with
//! preemption disabled, or in softirq. A stretch that there is no CPU time for, with all that the lines
//! take of it, is put off.

use crate::{
    clock,
    cpu_time::CpuTime,
    exclusive::Exclusive,
    ffi::{
        self,
        Context, //
    },
    hw::on_cpu_or_here,
    logic::{
        budget::Turn,
        knobs::Antagonist as Kind, //
    },
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
    /// How much of its CPU may be taken by all lines together before it waits, in percent.
    pub(crate) limit_pct: u64,
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
        // SAFETY: The timer is not armed, and its callback has returned.
        let turn = unsafe { self.tormentor.turn.get() };
        turn.leave(&self.tormentor.cpu_time);
        *turn = Turn::new();
    }

    /// One that does nothing.
    pub(crate) fn new(cpu_time: Arc<CpuTime>) -> Result<Arc<Self>> {
        let tormentor = Arc::pin_init(
            pin_init!(Tormentor {
                timer <- HrTimer::new(),
                work <- new_work!("simrupt::stress"),
                softirq_work <- new_work!("simrupt::stress_softirq"),
                kind: Atomic::new(Kind::None as u32),
                stretch_ns: Atomic::new(0),
                period_ns: Atomic::new(0),
                limit_pct: Atomic::new(0),
                turn: Exclusive::new(Turn::new()),
                cpu_time,
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
        self.tormentor.limit_pct.store(stress.limit_pct, Relaxed);
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
    limit_pct: Atomic<u64>,
    /// The callback's while the timer is armed, and the control's, under its lock, while it is not.
    turn: Exclusive<Turn>,
    cpu_time: Arc<CpuTime>,
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
    fn spin(&self, start_ns: u64) {
        clock::spin(start_ns, self.stretch_ns.load(Relaxed));
    }

    /// The same where interrupts may come in between, and preemption may not.
    fn spin_interrupted(&self) {
        let start_ns = clock::now_ns();
        let span = self.cpu_time.begin(start_ns);
        self.spin(start_ns);
        self.cpu_time.end(&span, self.limit_pct.load(Relaxed));
    }
}

impl HrTimerCallback for Tormentor {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut timer: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        let kind = this.kind();
        if kind == Kind::None {
            return HrTimerRestart::NoRestart;
        }
        let start_ns = clock::now_ns();
        let cpu = clock::cpu();
        let limit_pct = this.limit_pct.load(Relaxed);
        // SAFETY: This is the callback, which never runs concurrently with itself, and the timer is
        // armed.
        let turn = unsafe { this.turn.get() };
        if let Some(later_ns) = turn.ask(&this.cpu_time, [cpu; 3], start_ns, limit_pct) {
            timer.forward_now(clock::delta(later_ns.saturating_sub(start_ns)));
            return HrTimerRestart::Restart;
        }
        let measured = this.cpu_time.interrupt(cpu, start_ns, limit_pct, || {
            // What is queued here runs on this CPU: on its softirq, or in a thread that is bound to it.
            let queue = match kind {
                Kind::None | Kind::IrqsOff => None,
                Kind::PreemptOff => Some((workqueue::system_highpri(), Context::Task)),
                Kind::Softirq => Some((workqueue::system_bh_highpri(), Context::Softirq)),
            };
            match queue {
                None => this.spin(start_ns),
                // Still queued or running: then the CPU is disturbed enough.
                Some((queue, context)) => _ = work::enqueue(queue, context, Arc::from(this)),
            }
        });
        turn.went(
            &this.cpu_time,
            cpu,
            measured.end_ns,
            measured.took_ns,
            limit_pct,
        );
        timer.forward_now(clock::delta(this.period_ns.load(Relaxed)));
        HrTimerRestart::Restart
    }
}

impl Tormentor {
    /// What the timer cannot do itself.
    fn torment(&self) {
        match self.kind() {
            Kind::PreemptOff => ffi::without_preemption(|| self.spin_interrupted()),
            Kind::Softirq => self.spin_interrupted(),
            Kind::None | Kind::IrqsOff => {}
        }
    }
}
