// SPDX-License-Identifier: GPL-2.0-only

//! The observer of a device: counts its events, and throttles it.

use super::{
    census,
    load::Load,
    trace, //
};
use crate::{
    hw,
    kext::{
        context::{
            context,
            Context, //
        },
        log,
        workqueue::{
            Next,
            Queue,
            Run,
            Work, //
        }, //
    },
    logic::{
        coalescing::Reason,
        counters::{
            Counters,
            Writer, //
        },
        fault::Rules,
        knobs::Fault,
        rate_limiter::Contender, //
    },
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Events that came due.
pub(crate) const EVENTS: usize = 0;
/// Events that found the ring full.
pub(crate) const OVERRUN: usize = 1;
/// Expiries and rings of the doorbell that were throttled, for want of CPU time.
pub(crate) const THROTTLED: usize = 2;
/// Raises whose oldest event had waited for as long as it may.
pub(crate) const COALESCED_BY_TIME: usize = 3;
/// Raises for as many events as may wait.
pub(crate) const COALESCED_BY_COUNT: usize = 4;
/// Index of the first of the device's context counters.
pub(crate) const CONTEXTS: usize = 5;
/// Index of the first of the counters of its faults, in the order of [`FAULTS`].
pub(crate) const FIRST_FAULT: usize = CONTEXTS + census::COUNTERS;
/// The faults of a device.
pub(crate) const FAULTS: [Fault; 5] = [
    Fault::Lost,
    Fault::Late,
    Fault::Spurious,
    Fault::Storm,
    Fault::Stuck,
];
/// How many counters the device has.
pub(crate) const COUNTERS: usize = FIRST_FAULT + FAULTS.len();

/// See the module's description.
pub(crate) struct DeviceMeter {
    index: usize,
    counters: Writer<Arc<Counters<COUNTERS>>, COUNTERS>,
    load: Arc<Load>,
    /// The device's place among those that take CPU time.
    contender: Contender,
    faults: hw::Faults,
    /// The kernel log tells already that the device is throttled.
    throttle_logged: bool,
    notice: Pin<KBox<Work<Notice>>>,
}

impl DeviceMeter {
    /// The meter of a line's device, and its counters.
    pub(crate) fn new(index: usize, load: Arc<Load>) -> Result<(Self, Arc<Counters<COUNTERS>>)> {
        let counters = Arc::new(Counters::new(), GFP_KERNEL)?;
        let notice = Notice {
            index,
            load: load.clone(),
        };
        let meter = Self {
            index,
            counters: Writer::new(counters.clone()),
            load,
            contender: Contender::new(),
            faults: hw::Faults::new(index as u64),
            throttle_logged: false,
            notice: Work::new(Queue::system_highpri(), notice)?,
        };
        Ok((meter, counters))
    }

    /// Zeroes the counters, but for `events` that are still on their way.
    pub(crate) fn reset(&mut self, events: u64) {
        self.throttle_logged = false;
        self.counters.reset(|counters| counters.add(EVENTS, events));
    }

    /// Changes how much of a CPU may be taken before the device waits, and starts over.
    pub(crate) fn set_limit_pct(&mut self, limit_pct: u64) {
        if self.load.limit_pct() != limit_pct {
            self.load.set_limit_pct(limit_pct);
            self.load.cpu_time.reset();
            self.throttle_logged = false;
        }
    }

    /// Begins with these rules for the device's faults.
    pub(crate) fn set_faults(&mut self, rules: Rules) {
        self.faults.start(rules);
    }

    /// The device is told something new; if it is throttled after that, the kernel log may tell of it again.
    pub(crate) fn log_throttling_again(&mut self) {
        self.throttle_logged = false;
    }
}

impl hw::Watch for DeviceMeter {
    #[inline]
    fn emission<R>(&mut self, emit: impl FnOnce(&mut Self) -> R) -> R {
        self.counters.begin();
        let result = emit(self);
        self.counters.end();
        result
    }

    #[inline]
    fn emitted(&mut self, seq: u64, due_ns: u64) {
        trace::emit(self.index, seq, due_ns);
    }

    fn overrun(&mut self, seq: u64) {
        self.counters.add(OVERRUN, 1);
        trace::overrun(self.index, seq);
    }

    #[inline]
    fn announced(&mut self, events: u64, is_first: bool) {
        self.counters.add(EVENTS, events);
        if is_first {
            census::count(context(), Context::Hardirq, |index| {
                self.counters.add(CONTEXTS + index, 1);
            });
        }
    }

    #[inline]
    fn raised(&mut self, reason: Reason) {
        match reason {
            Reason::AtOnce => {}
            Reason::Time => self.counters.add(COALESCED_BY_TIME, 1),
            Reason::Count => self.counters.add(COALESCED_BY_COUNT, 1),
        }
    }

    #[inline]
    fn throttle(&mut self, cpu: u16, now_ns: u64) -> Option<u64> {
        let load = &self.load;
        let cpus = [cpu, load.irq_cpu(), load.serving_cpu()];
        let limit_pct = load.limit_pct();
        let later_ns = self
            .contender
            .throttle(&load.cpu_time, cpus, now_ns, limit_pct)?;
        self.counters.begin();
        self.counters.add(THROTTLED, 1);
        self.counters.end();
        if !self.throttle_logged {
            self.throttle_logged = true;
            // If it is queued still, it is about to be told.
            self.notice.schedule();
        }
        Some(later_ns)
    }

    #[inline]
    fn faults(&mut self) -> Option<&mut hw::Faults> {
        Some(&mut self.faults)
    }

    fn fault(&mut self, fault: Fault, number: u64) {
        if let Some(index) = FAULTS.iter().position(|one| *one == fault) {
            self.counters.add(FIRST_FAULT + index, 1);
        }
        trace::fault_happens(self.index, fault, number);
    }

    #[inline]
    fn irq_cpu(&self) -> u16 {
        self.load.irq_cpu()
    }

    #[inline]
    fn ended(&mut self, cpu: u16, ended: hw::Ended) {
        let load = &self.load;
        self.contender.served(
            &load.cpu_time,
            cpu,
            ended.ns,
            ended.took_ns,
            load.limit_pct(),
        );
    }

    fn idle(&mut self) {
        self.contender.leave(&self.load.cpu_time);
        self.contender = Contender::new();
    }
}

/// Tells that a device is throttled. The kernel log may be a serial port, which takes milliseconds: not from an
/// interrupt.
struct Notice {
    index: usize,
    load: Arc<Load>,
}

impl Run for Notice {
    fn run(&mut self) -> Next {
        log::warning!(
            "line {}: slowed down: interrupts take more than cpu_limit_pct={} of a CPU\n",
            self.index,
            self.load.limit_pct(),
        );
        Next::Done
    }
}
