// SPDX-License-Identifier: GPL-2.0-only

//! What the lines take of each CPU, so that all of them together leave enough of it: the accounts of
//! [`crate::logic::budget`], kept for this machine.
//!
//! Measured is what keeps ordinary threads from a CPU: interrupts (the device's timer, the doorbell,
//! redirected interrupts, each with all that they call), the bottom half in softirq, and the stretches
//! of the antagonists. What runs in threads is the scheduler's business, but for the interrupts' own on
//! PREEMPT_RT: they go before the kernel's own threads there, RCU's for one.

use crate::{
    clock, ffi,
    hw::on_cpu,
    logic::budget::{
        Account,
        Accounts,
        ENTRY_NS, //
    },
};
use core::ops::Deref;
use kernel::{
    cpu::nr_cpu_ids,
    prelude::*,
    sync::Arc, //
};

/// The accounts of this machine's CPUs.
pub(crate) struct CpuTime(Accounts);

/// A span of CPU time that began; it ends on the same CPU.
pub(crate) struct Span {
    cpu: u16,
    start_ns: u64,
    /// What was taken of the CPU by then.
    taken_ns: u64,
}

/// An interrupt that was measured.
pub(crate) struct Measured {
    pub(crate) end_ns: u64,
    /// What it took, with the way in and out of it.
    pub(crate) took_ns: u64,
}

impl Span {
    pub(crate) fn cpu(&self) -> u16 {
        self.cpu
    }
}

impl Deref for CpuTime {
    type Target = Accounts;

    fn deref(&self) -> &Accounts {
        &self.0
    }
}

impl CpuTime {
    pub(crate) fn new() -> Result<Arc<Self>> {
        let count = usize::try_from(nr_cpu_ids())?;
        let mut accounts = KVVec::with_capacity(count, GFP_KERNEL)?;
        for _ in 0..count {
            accounts.push(Account::new(), GFP_KERNEL)?;
        }
        Ok(Arc::new(Self(Accounts::new(accounts)), GFP_KERNEL)?)
    }

    /// Calls `function`, which is what an interrupt on `cpu` does, and charges it. Hardirq.
    #[inline]
    pub(crate) fn interrupt(
        &self,
        cpu: u16,
        start_ns: u64,
        limit_pct: u64,
        function: impl FnOnce(),
    ) -> Measured {
        let account = self.of(cpu);
        if let Some(account) = account {
            account.set_measuring(true);
        }
        function();
        let end_ns = clock::now_ns();
        let took_ns = end_ns.saturating_sub(start_ns).saturating_add(ENTRY_NS);
        if let Some(account) = account {
            account.set_measuring(false);
            account.charge(end_ns, took_ns, limit_pct);
        }
        Measured { end_ns, took_ns }
    }

    /// Begins a span that began at `start_ns` and that interrupts may interrupt.
    #[inline]
    pub(crate) fn begin(&self, start_ns: u64) -> Span {
        let cpu = clock::cpu();
        Span {
            cpu,
            start_ns,
            taken_ns: self.of(cpu).map_or(0, Account::taken_ns),
        }
    }

    /// Charges a span that ends now, but for the interrupts in it: they were. A thread that was moved to
    /// another CPU meanwhile is not charged.
    #[inline]
    pub(crate) fn end(&self, span: &Span, limit_pct: u64) {
        let Some(account) = self.of(span.cpu) else {
            return;
        };
        ffi::without_interrupts(|| {
            if clock::cpu() != span.cpu {
                return;
            }
            let end_ns = clock::now_ns();
            let inside_ns = account.taken_ns().wrapping_sub(span.taken_ns);
            let all_ns = end_ns.saturating_sub(span.start_ns);
            account.charge(end_ns, all_ns.saturating_sub(inside_ns), limit_pct);
        });
    }

    /// Lets go at once who waits on any CPU for what was taken so far. Process context.
    ///
    /// Only a CPU that somebody waits for is interrupted.
    pub(crate) fn forgive(&self) {
        for cpu in 0..nr_cpu_ids() {
            let account = u16::try_from(cpu).ok().and_then(|cpu| self.of(cpu));
            let is_owed = |account: &&Account| account.is_owed(clock::now_ns());
            if let Some(account) = account.filter(is_owed) {
                // Nothing is taken of a CPU that is offline.
                let _ = on_cpu(cpu, &mut || account.forgive(clock::now_ns()));
            }
        }
    }
}
