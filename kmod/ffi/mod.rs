// SPDX-License-Identifier: GPL-2.0-only

//! What the kernel crate lacks: the C shim, and the types that C tables need.

use kernel::{
    bindings,
    prelude::*, //
};

mod shim {
    #![allow(
        dead_code,
        missing_docs,
        non_camel_case_types,
        unreachable_pub,
        clippy::all
    )]
    use kernel::ffi;
    include!(env!("SIMRUPT_SHIM_BINDINGS"));
}

/// The ioctl FIONREAD, whose number is another one on some architectures.
pub(crate) fn fionread() -> c_uint {
    // SAFETY: A constant of C's.
    unsafe { shim::simrupt_fionread }
}

/// Of a kiocb's flags, the one that says that the caller must not wait for anything.
#[inline]
pub(crate) fn iocb_nowait() -> c_int {
    // SAFETY: A constant of C's.
    unsafe { shim::simrupt_iocb_nowait }
}

/// Of a file's mode, the flag that says that its reads know of [`iocb_nowait`].
pub(crate) fn fmode_nowait() -> bindings::fmode_t {
    // SAFETY: A constant of C's.
    unsafe { shim::simrupt_fmode_nowait }
}

/// Where the kernel is in its hierarchy of contexts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// Serving a hardware interrupt: in_hardirq().
    Hardirq,
    /// Serving a softirq, and not interrupted by a hardirq: in_serving_softirq().
    Softirq,
    /// A thread, with bottom halves possibly disabled: neither of the above.
    Task,
}

/// The context of the caller.
#[inline]
pub(crate) fn context() -> Context {
    // SAFETY: The function reads the preemption count and may be called from anywhere.
    let bits = unsafe { shim::simrupt_context() };
    if bits & shim::SIMRUPT_IN_HARDIRQ != 0 {
        Context::Hardirq
    } else if bits & shim::SIMRUPT_IN_SERVING_SOFTIRQ != 0 {
        Context::Softirq
    } else {
        Context::Task
    }
}

/// Whether one more line may go to the kernel log. Not from NMI.
pub(crate) fn may_log() -> bool {
    // SAFETY: The function may be called from any context but NMI, where this module never runs.
    unsafe { shim::simrupt_may_log() }
}

/// Whether there is this CPU, and it is online. It may go, or come, at any moment.
pub(crate) fn cpu_is_online(cpu: u32) -> bool {
    // SAFETY: The function may be called from anywhere, with any number.
    unsafe { shim::simrupt_cpu_is_online(cpu) }
}

/// Whether the kernel has the handler of an interrupt run in a thread, though it was requested for hardirq. PREEMPT_RT
/// does that, and other kernels do when they are started with `threadirqs`. Any context.
///
/// # Safety
///
/// The interrupt was requested with a handler and a thread function, and is not freed during the call.
pub(crate) unsafe fn irq_is_threaded(virq: u32) -> bool {
    // SAFETY: As the caller promises.
    unsafe { shim::simrupt_irq_is_threaded(virq) }
}

/// Has a tasklet run once more on this CPU; `false` when it is about to run anyway. Any context.
///
/// # Safety
///
/// The tasklet was set up.
#[inline]
pub(crate) unsafe fn tasklet_schedule(tasklet: *mut bindings::tasklet_struct) -> bool {
    // SAFETY: As the caller promises.
    unsafe { shim::simrupt_tasklet_schedule(tasklet.cast()) }
}

/// Calls `function` with preemption disabled. Any context.
pub(crate) fn without_preemption<R>(function: impl FnOnce() -> R) -> R {
    // SAFETY: The function may be called from anywhere; the call is undone below.
    unsafe { shim::simrupt_preempt_disable() };
    let result = function();
    // SAFETY: Undoes the call above.
    unsafe { shim::simrupt_preempt_enable() };
    result
}

/// Disables interrupts and locks; returns what to enable them again by. Before Linux 7.3.
///
/// # Safety
///
/// The lock is initialized.
#[cfg(BEFORE_LINUX_7_3)]
#[inline]
pub(crate) unsafe fn spin_lock_irqsave(lock: *mut bindings::spinlock_t) -> usize {
    // SAFETY: As the caller promises.
    unsafe { shim::simrupt_spin_lock_irqsave(lock.cast()) }
}

/// As [`spin_lock_irqsave`], if nobody holds the lock.
///
/// # Safety
///
/// The lock is initialized.
#[cfg(BEFORE_LINUX_7_3)]
pub(crate) unsafe fn spin_trylock_irqsave(lock: *mut bindings::spinlock_t) -> Option<usize> {
    let mut flags = 0;
    // SAFETY: As the caller promises.
    unsafe { shim::simrupt_spin_trylock_irqsave(lock.cast(), &mut flags) }.then_some(flags)
}

/// Unlocks, and leaves interrupts as they were before.
///
/// # Safety
///
/// The caller holds the lock, and got the flags when it locked it.
#[cfg(BEFORE_LINUX_7_3)]
#[inline]
pub(crate) unsafe fn spin_unlock_irqrestore(lock: *mut bindings::spinlock_t, flags: usize) {
    // SAFETY: As the caller promises.
    unsafe { shim::simrupt_spin_unlock_irqrestore(lock.cast(), flags) };
}

/// Calls `function` with this CPU's interrupts off. Any context.
#[inline]
pub(crate) fn without_interrupts(function: impl FnOnce()) {
    // SAFETY: The function may be called from anywhere; the call is undone below.
    let flags = unsafe { shim::simrupt_irqs_off() };
    function();
    // SAFETY: Undoes the call above, on the same CPU: nothing in between can sleep.
    unsafe { shim::simrupt_irqs_restore(flags) };
}

/// Calls `function` so that a copy to user space ends where the memory is not there, instead of waiting
/// for it. Process context.
#[inline]
pub(crate) fn without_page_faults<R>(function: impl FnOnce() -> R) -> R {
    // SAFETY: The function may be called in process context; the call is undone below.
    unsafe { shim::simrupt_pagefault_disable() };
    let result = function();
    // SAFETY: Undoes the call above.
    unsafe { shim::simrupt_pagefault_enable() };
    result
}

/// A table of C function pointers, which C only reads.
///
/// # Safety
///
/// A shared reference to one may be used by any thread: nothing can be changed through it.
pub(crate) unsafe trait Table {}

// SAFETY: Plain C structures, of nothing but pointers and numbers. The kernel takes them as constants.
unsafe impl Table for bindings::file_operations {}
// SAFETY: As above.
unsafe impl Table for bindings::irq_domain_ops {}
// SAFETY: As above.
unsafe impl Table for bindings::kernel_param_ops {}
// SAFETY: As above. The kernel has it as a variable, and changes nothing in it.
unsafe impl Table for bindings::irq_chip {}

/// Makes such a table fit for a `static`.
#[repr(transparent)]
pub(crate) struct CTable<T>(T);

// SAFETY: The tables are written by the compiler and only read afterwards.
unsafe impl<T: Table> Sync for CTable<T> {}

impl<T: Table> CTable<T> {
    pub(crate) const fn new(table: T) -> Self {
        Self(table)
    }

    /// Where C finds the table.
    pub(crate) const fn as_ptr(&self) -> *const T {
        &raw const self.0
    }
}

#[kernel::macros::kunit_tests(simrupt_context)]
mod tests {
    use super::*;
    use crate::hw::on_cpu;

    #[test]
    fn a_thread_is_a_thread_whatever_it_disables() {
        assert!(context() == Context::Task);
        let mut seen = None;
        without_preemption(|| seen = Some(context()));
        assert!(seen == Some(Context::Task));
        // A call on one's own CPU is just a call, with interrupts off.
        seen = None;
        without_preemption(|| {
            let _ = on_cpu(crate::clock::cpu().into(), &mut || seen = Some(context()));
        });
        assert!(seen == Some(Context::Task));
    }
}
