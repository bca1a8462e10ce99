// SPDX-License-Identifier: GPL-2.0-only

//! The meters of a line, while its driver is bound: written by the observers, read by `control`.

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
        fault::Settings,
        knobs::Flavor,
        platform::Word, //
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
    /// The device's, which outlive the binding.
    pub(crate) device: Arc<Counters<{ device::COUNTERS }>>,
    pub(crate) top_half: Arc<Counters<{ top_half::COUNTERS }>>,
    pub(crate) latency: Latency,
    /// How often the line had been raised when the counters were last zeroed.
    pub(crate) raised_before: Word,
    /// For how long a run of the bottom half keeps its CPU busy on purpose.
    pub(crate) work_us: Word,
    /// The faults of top half and bottom half.
    pub(crate) fault: Settings,
    /// How many runs of the bottom half were stalled, and how many did not wake readers.
    pub(crate) stalls: Word,
    pub(crate) dropped_wakeups: Word,
    /// The [`Flavor`] in force, as a number.
    flavor: Atomic<u32>,
    /// The kernel runs the top half in a thread.
    is_forced_threaded: Atomic<bool>,
}

impl Meters {
    pub(crate) fn new(
        index: usize,
        load: Arc<Load>,
        device: Arc<Counters<{ device::COUNTERS }>>,
        flavor: Flavor,
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
                fault: Settings::new(),
                stalls: Word::new(0),
                dropped_wakeups: Word::new(0),
                flavor: Atomic::new(flavor as u32),
                is_forced_threaded: Atomic::new(false),
            },
            GFP_KERNEL,
        )?)
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

    /// The context that the top half ought to run in.
    pub(super) fn top_half_context(&self) -> Context {
        if self.is_forced_threaded() {
            Context::Task
        } else {
            Context::Hardirq
        }
    }
}
