// SPDX-License-Identifier: GPL-2.0-only

//! The observer of a device: it counts events, and throttles the device.

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

/// Events that were due.
pub(crate) const EVENTS: usize = 0;
/// Events that found the ring full.
pub(crate) const OVERRUN: usize = 1;
/// Expiries and rings of the doorbell that were throttled for lack of CPU time.
pub(crate) const THROTTLED: usize = 2;
/// Raises because the oldest event had waited for the longest time.
pub(crate) const COALESCED_BY_TIME: usize = 3;
/// Raises because the largest number of events waited.
pub(crate) const COALESCED_BY_COUNT: usize = 4;
/// The index of the device's first context counter.
pub(crate) const CONTEXTS: usize = 5;
/// The index of the first fault counter; they are in the order of [`FAULTS`].
pub(crate) const FIRST_FAULT: usize = CONTEXTS + census::COUNTERS;
/// The faults of a device.
pub(crate) const FAULTS: [Fault; 5] = [
    Fault::Lost,
    Fault::Late,
    Fault::Spurious,
    Fault::Storm,
    Fault::Stuck,
];
/// The number of the device's counters.
pub(crate) const COUNTERS: usize = FIRST_FAULT + FAULTS.len();

/// See the module's description.
pub(crate) struct DeviceMeter {
    index: usize,
    counters: Writer<Arc<Counters<COUNTERS>>, COUNTERS>,
    load: Arc<Load>,
    /// The device as a contender for CPU time.
    contender: Contender,
    faults: hw::Faults,
    /// Whether the kernel log already tells that the device is throttled.
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

    /// Zeroes the counters, except for `events` events that are still in the ring or in the fifo.
    pub(crate) fn reset(&mut self, events: u64) {
        self.throttle_logged = false;
        self.counters.reset(|counters| counters.add(EVENTS, events));
    }

    /// Changes the CPU limit, in percent, and repays all time taken so far.
    pub(crate) fn set_limit_pct(&mut self, limit_pct: u64) {
        if self.load.limit_pct() != limit_pct {
            self.load.set_limit_pct(limit_pct);
            self.load.cpu_time.reset();
            self.throttle_logged = false;
        }
    }

    /// Starts over with `rules` for the device's faults.
    pub(crate) fn set_faults(&mut self, rules: Rules) {
        self.faults.start(rules);
    }

    /// Lets the kernel log report the next throttling again, as the device's settings have changed.
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
            // If it is still queued, it will be logged soon.
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

/// Logs that a device is throttled. In a work item, because the console may be a serial port: a
/// message then takes milliseconds, too long for an interrupt.
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
