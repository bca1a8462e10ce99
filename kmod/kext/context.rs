// SPDX-License-Identifier: GPL-2.0-only

//! The context of the caller, and calls with preemption or interrupts disabled. Any context, unless
//! a function says otherwise.

use super::shim;
use kernel::types::NotThreadSafe;

/// A context of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// A hardware interrupt: in_hardirq().
    Hardirq,
    /// A softirq that no hardirq has interrupted: in_serving_softirq().
    Softirq,
    /// A thread, possibly with bottom halves disabled: neither of the above.
    Task,
}

/// The context of the caller.
#[inline]
pub(crate) fn context() -> Context {
    // SAFETY: The function only reads the preemption count, and may be called from anywhere.
    let bits = unsafe { shim::simrupt_context() };
    if bits & shim::SIMRUPT_IN_HARDIRQ != 0 {
        Context::Hardirq
    } else if bits & shim::SIMRUPT_IN_SERVING_SOFTIRQ != 0 {
        Context::Softirq
    } else {
        Context::Task
    }
}

/// Preemption is disabled until this is dropped, on the CPU where it was made.
pub(crate) struct NoPreemption(NotThreadSafe);

impl NoPreemption {
    #[inline]
    pub(crate) fn new() -> Self {
        // SAFETY: The function may be called from anywhere; dropping undoes the call.
        unsafe { shim::simrupt_preempt_disable() };
        Self(NotThreadSafe)
    }
}

impl Drop for NoPreemption {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: Undoes the call in `new`.
        unsafe { shim::simrupt_preempt_enable() };
    }
}

/// Calls `function` with preemption disabled.
#[inline]
#[allow(unreachable_pub, reason = "core/ is also a library")]
pub fn without_preemption<R>(function: impl FnOnce() -> R) -> R {
    let _guard = NoPreemption::new();
    function()
}

/// Gives up the CPU if the scheduler wants it for another thread. Only where the caller may sleep.
pub(crate) fn let_others_run() {
    // SAFETY: The caller may sleep.
    unsafe { shim::simrupt_cond_resched() };
}

/// Calls `function` with this CPU's interrupts off. It must not sleep.
#[inline]
pub(crate) fn without_interrupts(function: impl FnOnce()) {
    // SAFETY: The function may be called from anywhere; the call is undone below.
    let flags = unsafe { shim::simrupt_irqs_off() };
    function();
    // SAFETY: Undoes the call above, on the same CPU: nothing in between sleeps.
    unsafe { shim::simrupt_irqs_restore(flags) };
}

#[kernel::macros::kunit_tests(simrupt_context)]
mod tests {
    use super::*;
    use crate::kext::cpu;

    #[test]
    fn a_thread_is_a_thread_whatever_it_disables() {
        assert!(context() == Context::Task);
        let mut seen = None;
        without_preemption(|| seen = Some(context()));
        assert!(seen == Some(Context::Task));
        seen = None;
        without_interrupts(|| seen = Some(context()));
        assert!(seen == Some(Context::Task));
        // A call on the caller's CPU is a plain call, with interrupts off.
        seen = None;
        without_preemption(|| {
            let _ = cpu::on(cpu::current().into(), &mut || seen = Some(context()));
        });
        assert!(seen == Some(Context::Task));
    }
}
