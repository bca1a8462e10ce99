// SPDX-License-Identifier: GPL-2.0-only

//! The CPU time of the lines, so that all of them together leave enough of each CPU: the rate limiters of
//! [`crate::logic::rate_limiter`], kept for this machine.
//!
//! Measured is everything that keeps ordinary threads from a CPU: interrupts (the device's timer, the doorbell,
//! redirected interrupts, each with all that they call), the bottom half in softirq, and interference.
//! Threads are the scheduler's business, but for those that the kernel runs interrupts in on its own
//! accord (PREEMPT_RT, `threadirqs`): they go before the kernel's own threads, RCU's for one.

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

    /// Calls `function`, an interrupt on `cpu` that began at `start_ns`, and charges it. Hardirq.
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

    /// Begins a span that began at `start_ns` and that interrupts may interrupt.
    #[inline]
    pub(super) fn begin(&self, start_ns: u64) -> Span {
        let cpu = cpu::current();
        Span {
            cpu,
            start_ns,
            charged_ns: self.of(cpu).map_or(0, RateLimiter::charged_ns),
        }
    }

    /// Charges a span that ends now, but for the interrupts in it: they were charged. A thread that was moved to
    /// another CPU meanwhile is not charged.
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

    /// Repays all time that was taken so far: nothing waits for it any longer. Process context.
    pub(super) fn reset(&self) {
        for cpu in 0..nr_cpu_ids() {
            let limiter = u16::try_from(cpu).ok().and_then(|cpu| self.of(cpu));
            // Any other CPU is left alone: it may be one that must not be interrupted.
            if let Some(limiter) = limiter.filter(|limiter| limiter.is_owing(clock::now_ns())) {
                // Nothing is taken of a CPU that is offline.
                let _ = cpu::on(cpu, &mut || limiter.reset(clock::now_ns()));
            }
        }
    }
}

/// A span of CPU time that began; it ends on the same CPU.
pub(crate) struct Span {
    cpu: u16,
    start_ns: u64,
    /// The time that was charged to the CPU by then.
    charged_ns: u64,
}

/// The CPU time of one line.
pub(crate) struct Load {
    pub(super) cpu_time: Arc<CpuTime>,
    /// How much of a CPU may be taken, in percent. The device changes it, under its lock.
    limit_pct: Word,
    /// The CPU that took the line's interrupt last, or [`NOWHERE`].
    irq_cpu: Word,
    /// The CPU on which the interrupts were last served outside of hardirq, or [`NOWHERE`]. It need not be the one
    /// that takes them: a work item that is still running is queued again where it runs, and a thread runs
    /// where the scheduler puts it.
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

    /// How much of a CPU may be taken, in percent.
    #[inline]
    pub(super) fn limit_pct(&self) -> u64 {
        self.limit_pct.load()
    }

    /// Changes that.
    pub(super) fn set_limit_pct(&self, limit_pct: u64) {
        self.limit_pct.store(limit_pct);
    }

    /// The CPU that took the interrupt last; one that there is not when none has.
    #[inline]
    pub(super) fn irq_cpu(&self) -> u16 {
        u16::try_from(self.irq_cpu.load()).unwrap_or(u16::MAX)
    }

    /// The CPU that served it last outside of hardirq; one that there is not when none has.
    #[inline]
    pub(super) fn serving_cpu(&self) -> u16 {
        u16::try_from(self.serving_cpu.load()).unwrap_or(u16::MAX)
    }

    /// Begins the measuring of a span outside of hardirq that serves the line's interrupts, and began at
    /// `start_ns`.
    #[inline]
    pub(super) fn service_begins(&self, start_ns: u64) -> Span {
        let span = self.cpu_time.begin(start_ns);
        self.serving_cpu.store(span.cpu.into());
        span
    }

    /// Ends and charges it.
    #[inline]
    pub(super) fn service_ends(&self, span: &Span) {
        self.cpu_time.end(span, self.limit_pct());
    }

    /// The interrupts will be served elsewhere.
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

/// Observes where a line's interrupts arrive, and charges those that are not part of one that is measured.
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
