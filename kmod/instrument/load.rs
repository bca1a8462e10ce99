// SPDX-License-Identifier: GPL-2.0-only

//! The CPU time of all lines together, limited for each CPU: the rate limiters of
//! [`crate::logic::rate_limiter`] for the CPUs of this machine.
//!
//! Everything that keeps ordinary threads from a CPU is measured: interrupts (the device's timer,
//! the doorbell, redirected interrupts, each with everything that they call), the bottom half in
//! softirq, and interference. Threads are left to the scheduler, except those into which the kernel
//! forces interrupts (PREEMPT_RT, `threadirqs`): their priority is above that of the kernel's own
//! threads, for example RCU's.

use crate::{
    hw,
    kext::{
        clock,
        context::without_interrupts,
        cpu,
        irq_domain,
        kvec, //
    },
    logic::{
        platform::Word,
        rate_limiter::{
            RateLimiter,
            RateLimiters,
            ENTRY_NS, //
        }, //
    },
};
use core::ops::Deref;
use kernel::{
    cpu::nr_cpu_ids,
    prelude::*,
    sync::Arc, //
};

/// No CPU.
const NOWHERE: u64 = u64::MAX;

/// The rate limiters of this machine's CPUs.
pub(crate) struct CpuTime(RateLimiters);

impl Deref for CpuTime {
    type Target = RateLimiters;

    fn deref(&self) -> &RateLimiters {
        &self.0
    }
}

impl CpuTime {
    pub(crate) fn new() -> Result<Arc<Self>> {
        let count = usize::try_from(nr_cpu_ids())?;
        let limiters = kvec::filled(count, RateLimiter::new)?;
        Ok(Arc::new(Self(RateLimiters::new(limiters)), GFP_KERNEL)?)
    }

    /// Calls `function`, which is an interrupt on `cpu` that began at `start_ns`, and charges it.
    /// Hardirq.
    #[inline]
    pub(super) fn interrupt(
        &self,
        cpu: u16,
        start_ns: u64,
        limit_pct: u64,
        function: impl FnOnce(),
    ) -> hw::Ended {
        let limiter = self.of(cpu);
        if let Some(limiter) = limiter {
            limiter.set_measuring(true);
        }
        function();
        let ns = clock::now_ns();
        let took_ns = ns.saturating_sub(start_ns).saturating_add(ENTRY_NS);
        if let Some(limiter) = limiter {
            limiter.set_measuring(false);
            limiter.charge(ns, took_ns, limit_pct);
        }
        hw::Ended { ns, took_ns }
    }

    /// Begins a span that started at `start_ns` and may be interrupted.
    #[inline]
    pub(super) fn begin(&self, start_ns: u64) -> Span {
        let cpu = cpu::current();
        Span {
            cpu,
            start_ns,
            charged_ns: self.of(cpu).map_or(0, RateLimiter::charged_ns),
        }
    }

    /// Charges a span that ends now, without the interrupts in it, which are already charged. A
    /// thread that was moved to another CPU meanwhile is not charged.
    #[inline]
    pub(super) fn end(&self, span: &Span, limit_pct: u64) {
        let Some(limiter) = self.of(span.cpu) else {
            return;
        };
        without_interrupts(|| {
            if cpu::current() != span.cpu {
                return;
            }
            let end_ns = clock::now_ns();
            let inside_ns = limiter.charged_ns().wrapping_sub(span.charged_ns);
            let all_ns = end_ns.saturating_sub(span.start_ns);
            limiter.charge(end_ns, all_ns.saturating_sub(inside_ns), limit_pct);
        });
    }

    /// Repays all time taken so far, so that nothing waits for it any longer. Process context.
    pub(super) fn reset(&self) {
        for cpu in 0..nr_cpu_ids() {
            let limiter = u16::try_from(cpu).ok().and_then(|cpu| self.of(cpu));
            // The other CPUs are not interrupted: some may be isolated.
            if let Some(limiter) = limiter.filter(|limiter| limiter.is_owing(clock::now_ns())) {
                // Fails for a CPU that is offline, from which no time is taken.
                let _ = cpu::on(cpu, &mut || limiter.reset(clock::now_ns()));
            }
        }
    }
}

/// A span of CPU time that has begun. It must end on the same CPU.
pub(crate) struct Span {
    cpu: u16,
    start_ns: u64,
    /// The time that was charged to the CPU before it.
    charged_ns: u64,
}

/// The CPU time of one line, with its limit.
pub(crate) struct Load {
    pub(super) cpu_time: Arc<CpuTime>,
    /// The CPU limit, in percent of a CPU. The device changes it, under its lock.
    limit_pct: Word,
    /// The CPU that last took the line's interrupt, or [`NOWHERE`].
    irq_cpu: Word,
    /// The CPU that last served the interrupts outside of hardirq, or [`NOWHERE`]. It may differ
    /// from the CPU that takes them: a work item that is still running is queued again where it
    /// runs, and a thread runs where the scheduler puts it.
    serving_cpu: Word,
}

impl Load {
    pub(crate) fn new(cpu_time: Arc<CpuTime>, limit_pct: u64) -> Result<Arc<Self>> {
        let load = Self {
            cpu_time,
            limit_pct: Word::new(limit_pct),
            irq_cpu: Word::new(NOWHERE),
            serving_cpu: Word::new(NOWHERE),
        };
        Ok(Arc::new(load, GFP_KERNEL)?)
    }

    /// The CPU limit, in percent of a CPU.
    #[inline]
    pub(super) fn limit_pct(&self) -> u64 {
        self.limit_pct.load()
    }

    /// Changes the CPU limit.
    pub(super) fn set_limit_pct(&self, limit_pct: u64) {
        self.limit_pct.store(limit_pct);
    }

    /// The CPU that last took the interrupt; a number that no CPU has when there was none.
    #[inline]
    pub(super) fn irq_cpu(&self) -> u16 {
        u16::try_from(self.irq_cpu.load()).unwrap_or(u16::MAX)
    }

    /// The CPU that last served it outside of hardirq; a number that no CPU has when there was
    /// none.
    #[inline]
    pub(super) fn serving_cpu(&self) -> u16 {
        u16::try_from(self.serving_cpu.load()).unwrap_or(u16::MAX)
    }

    /// Begins a span outside of hardirq that serves the line's interrupts and started at
    /// `start_ns`.
    #[inline]
    pub(super) fn service_begins(&self, start_ns: u64) -> Span {
        let span = self.cpu_time.begin(start_ns);
        self.serving_cpu.store(span.cpu.into());
        span
    }

    /// Ends such a span and charges it.
    #[inline]
    pub(super) fn service_ends(&self, span: &Span) {
        self.cpu_time.end(span, self.limit_pct());
    }

    /// Notes that the flavor changes, so the interrupts will be served elsewhere.
    pub(crate) fn service_changes(&self) {
        self.serving_cpu.store(NOWHERE);
    }
}

impl hw::Govern for Load {
    #[inline]
    fn interrupt(&self, cpu: u16, start_ns: u64, function: impl FnOnce()) -> hw::Ended {
        self.cpu_time
            .interrupt(cpu, start_ns, self.limit_pct(), function)
    }
}

/// Observes on which CPU a line's interrupts arrive, and charges those that are not part of a
/// measured interrupt.
pub(crate) struct Arrivals(pub(crate) Arc<Load>);

impl irq_domain::Observer for Arrivals {
    #[inline]
    fn deliver(&self, handle: impl FnOnce()) {
        let load = &self.0;
        let cpu = cpu::current();
        load.irq_cpu.store(cpu.into());
        if load.cpu_time.of(cpu).is_some_and(RateLimiter::is_measuring) {
            handle();
        } else {
            load.cpu_time
                .interrupt(cpu, clock::now_ns(), load.limit_pct(), handle);
        }
    }
}
