// SPDX-License-Identifier: GPL-2.0-only

//! The meters of a line while its driver is bound: the observers write them, `control` reads them.

use super::{
    device,
    latency::Latency,
    load::Load,
    top_half, //
};
use crate::{
    kext::context::Context,
    logic::{
        counters::Counters,
        fault::{
            Rules,
            Settings, //
        },
        knobs::{
            Fault,
            Flavor, //
        },
        platform::{
            Count,
            Word, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// See the module's description.
pub(crate) struct Meters {
    pub(crate) index: usize,
    pub(crate) load: Arc<Load>,
    /// The device's counters, which outlive the binding.
    pub(crate) device: Arc<Counters<{ device::COUNTERS }>>,
    pub(crate) top_half: Arc<Counters<{ top_half::COUNTERS }>>,
    pub(crate) latency: Latency,
    /// The number of raises when the counters were last zeroed.
    pub(crate) raised_before: Word,
    /// The knob `work_us`: how long a run of the bottom half keeps its CPU busy.
    work_us: Word,
    /// The knob `work_sleep_us`: how long it sleeps after that.
    work_sleep_us: Word,
    /// The knob `work_bytes`: how much memory it touches.
    work_bytes: Word,
    /// Not 0 while the kernel chooses the limits of coalescing.
    adaptive: Word,
    /// How often the kernel has chosen new limits.
    pub(crate) coalesce_changes: Count,
    /// The faults of top half and bottom half.
    pub(super) fault: Settings,
    /// Not 0 while one of the values above makes a run of the bottom half do more than move events.
    /// Otherwise a run reads only this word.
    has_extra: Word,
    /// The number of calls of the top half that were for another line. The top half counts them.
    pub(crate) not_mine: Word,
    /// The number of runs of the bottom half that were stalled, and of those that did not wake
    /// readers.
    pub(crate) stalls: Word,
    pub(crate) dropped_wakeups: Word,
    /// The [`Flavor`] in force, as a number.
    flavor: Atomic<u32>,
    /// Whether the kernel runs the top half in a thread.
    is_forced_threaded: Atomic<bool>,
    /// Whether another line may share the interrupt.
    is_shared: bool,
}

impl Meters {
    pub(crate) fn new(
        index: usize,
        load: Arc<Load>,
        device: Arc<Counters<{ device::COUNTERS }>>,
        flavor: Flavor,
        is_shared: bool,
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(
            Self {
                index,
                load,
                device,
                top_half: Arc::new(Counters::new(), GFP_KERNEL)?,
                latency: Latency::new()?,
                raised_before: Word::new(0),
                work_us: Word::new(0),
                work_sleep_us: Word::new(0),
                work_bytes: Word::new(0),
                adaptive: Word::new(0),
                coalesce_changes: Count::new(),
                fault: Settings::new(),
                has_extra: Word::new(0),
                not_mine: Word::new(0),
                stalls: Word::new(0),
                dropped_wakeups: Word::new(0),
                flavor: Atomic::new(flavor as u32),
                is_forced_threaded: Atomic::new(false),
                is_shared,
            },
            GFP_KERNEL,
        )?)
    }

    /// How long a run of the bottom half keeps its CPU busy, in nanoseconds.
    #[inline]
    pub(super) fn work_ns(&self) -> u64 {
        self.work_us.load().saturating_mul(1000)
    }

    /// Changes that time, given in microseconds, also for the current run. One caller at a time.
    pub(crate) fn set_work_us(&self, work_us: u64) {
        self.work_us.store(work_us);
        self.note_extra();
    }

    /// How long a run of the bottom half sleeps, in nanoseconds.
    pub(super) fn work_sleep_ns(&self) -> u64 {
        self.work_sleep_us.load().saturating_mul(1000)
    }

    /// Changes that time, given in microseconds, also for the current run. One caller at a time.
    pub(crate) fn set_work_sleep_us(&self, work_sleep_us: u64) {
        self.work_sleep_us.store(work_sleep_us);
        self.note_extra();
    }

    /// How much memory a run of the bottom half touches, in bytes.
    pub(crate) fn work_bytes(&self) -> u64 {
        self.work_bytes.load()
    }

    /// Changes that size, while the bottom half is held off and its memory is replaced. One caller
    /// at a time.
    pub(crate) fn set_work_bytes(&self, work_bytes: u64) {
        self.work_bytes.store(work_bytes);
        self.note_extra();
    }

    /// Whether the kernel chooses the limits of coalescing.
    pub(crate) fn is_adaptive(&self) -> bool {
        self.adaptive.load() != 0
    }

    /// Changes that, while the bottom half is held off and its [`super::adaptive::Adaptive`] is
    /// replaced. One caller at a time.
    pub(crate) fn set_adaptive(&self, is_adaptive: bool) {
        self.adaptive.store(is_adaptive.into());
        self.note_extra();
    }

    /// The number of calls of the top half that found the line raised.
    pub(super) fn handled(&self) -> u64 {
        self.top_half.count(top_half::HANDLED)
    }

    /// Puts the rules of a fault in force. One caller at a time.
    pub(crate) fn set_faults(&self, rules: Rules) {
        self.fault.set(rules);
        self.note_extra();
    }

    /// Ends the work, the sleep and the fault of the bottom half, also in the current run. One
    /// caller at a time.
    pub(crate) fn end_extra(&self) {
        self.set_work_us(0);
        self.set_work_sleep_us(0);
        self.set_faults(Rules::NONE);
    }

    /// Whether a run of the bottom half does more than move events. Costs one load.
    #[inline]
    pub(super) fn has_extra(&self) -> bool {
        self.has_extra.load() != 0
    }

    fn note_extra(&self) {
        let has_fault = u64::from(!self.fault.has(Fault::None));
        let work = self.work_us.load() | self.work_sleep_us.load() | self.work_bytes.load();
        self.has_extra
            .store(work | has_fault | self.adaptive.load());
    }

    /// The flavor in force.
    pub(crate) fn flavor(&self) -> Flavor {
        Flavor::from_value(self.flavor.load(Relaxed).into())
    }

    /// Changes the flavor in force, while the bottom half is held off.
    pub(crate) fn set_flavor(&self, flavor: Flavor) {
        self.flavor.store(flavor as u32, Relaxed);
    }

    /// Notes whether the kernel runs the top half in a thread.
    pub(super) fn set_forced_threaded(&self, is_forced_threaded: bool) {
        self.is_forced_threaded.store(is_forced_threaded, Relaxed);
    }

    /// Whether the kernel runs the top half in a thread.
    pub(super) fn is_forced_threaded(&self) -> bool {
        self.is_forced_threaded.load(Relaxed)
    }

    /// The context in which the top half is expected to run.
    pub(super) fn top_half_context(&self) -> Context {
        if self.is_forced_threaded() {
            Context::Task
        } else {
            Context::Hardirq
        }
    }

    /// Whether the kernel polls the line's handler if it runs in `context`: the kernel polls a
    /// shared interrupt in softirq after it has disabled that interrupt as unhandled.
    pub(super) fn is_polled_in(&self, context: Context) -> bool {
        self.is_shared && !self.is_forced_threaded() && context == Context::Softirq
    }
}
