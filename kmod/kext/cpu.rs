// SPDX-License-Identifier: GPL-2.0-only

//! CPUs: the caller's CPU, and calls on another one. Process context, except for [`current`].

use super::{
    shim, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::NotThreadSafe, //
};

/// The CPU that the caller runs on. It may be out of date at once, unless the caller cannot
/// migrate. Any context.
#[inline]
pub(crate) fn current() -> u16 {
    // There are a few thousand CPUs at most, so this does not truncate.
    kernel::cpu::CpuId::current().as_u32() as u16
}

/// The argument by which smp_call_function_single() waits: an int before Linux 7.3.
#[cfg(not(BEFORE_LINUX_7_3))]
const WAIT: bool = true;
#[cfg(BEFORE_LINUX_7_3)]
const WAIT: c_int = 1;

/// Calls `function` on `cpu` with interrupts off, and waits until it has ended.
///
/// # Errors
///
/// `ENXIO` when the CPU is offline or does not exist. Then `function` was not called.
pub(crate) fn on<F: FnMut() + Send>(cpu: u32, function: &mut F) -> Result {
    /// # Safety
    ///
    /// Called with the reference that is passed below.
    unsafe extern "C" fn call<F: FnMut()>(function: *mut c_void) {
        // SAFETY: It is the reference passed below, whose owner waits until this call has ended.
        (unsafe { &mut *function.cast::<F>() })()
    }
    let cpu = c_int::try_from(cpu).map_err(|_| ENXIO)?;
    // SAFETY: The function is called with the reference at most once, before this returns.
    to_result(unsafe {
        bindings::smp_call_function_single(
            cpu,
            Some(call::<F>),
            core::ptr::from_mut(function).cast(),
            WAIT,
        )
    })
}

/// Calls `function` on `cpu`, or on this CPU when `cpu` is `None`, offline or does not exist.
///
/// For starting pinned timers, which stay on the CPU where they are started.
pub(crate) fn on_or_here<F: FnMut() + Send>(cpu: Option<u32>, function: &mut F) {
    match cpu.map(|cpu| on(cpu, function)) {
        Some(Ok(())) => {}
        None | Some(Err(_)) => function(),
    }
}

/// Whether a CPU is online now. It may go offline at any time.
pub(crate) fn is_online(cpu: u32) -> bool {
    // SAFETY: The function only reads a mask, and takes any number.
    unsafe { shim::simrupt_cpu_is_online(cpu) }
}

/// Blocks CPU hotplug: while this exists, no CPU goes online or offline. A thread may have one of
/// these at a time.
pub(crate) struct NoHotplug(NotThreadSafe);

impl NoHotplug {
    /// Waits for a hotplug operation in progress. This wait cannot be killed.
    pub(crate) fn begin() -> Self {
        // SAFETY: Paired with the call in `drop`, by the same thread.
        unsafe { shim::simrupt_cpus_read_lock() };
        Self(NotThreadSafe)
    }
}

impl Drop for NoHotplug {
    fn drop(&mut self) {
        // SAFETY: Paired with the call in `begin`, by the same thread.
        unsafe { shim::simrupt_cpus_read_unlock() };
    }
}

#[kernel::macros::kunit_tests(simrupt_cpu)]
mod tests {
    use super::*;
    use kernel::cpu::nr_cpu_ids;

    #[test]
    fn the_function_is_called_once_on_the_cpu_that_was_asked_for() {
        let mut failures = 0;
        for cpu in 0..nr_cpu_ids() {
            let mut called = [0_u32; 2];
            let was_online = on(cpu, &mut || {
                called[usize::from(u32::from(current()) == cpu)] += 1;
            })
            .is_ok();
            if called != [0, u32::from(was_online)] || was_online != is_online(cpu) {
                failures += 1;
            }
        }
        assert_eq!(failures, 0);
        assert!(on(0, &mut || {}).is_ok());
    }

    #[test]
    fn a_cpu_that_does_not_exist_is_refused_and_nothing_is_called() {
        for cpu in [nr_cpu_ids(), i32::MAX as u32, u32::MAX] {
            let mut called = 0;
            assert_eq!(on(cpu, &mut || called += 1), Err(ENXIO));
            assert_eq!(called, 0);
            assert!(!is_online(cpu));
        }
    }

    #[test]
    fn without_such_a_cpu_the_function_is_called_here_once() {
        for cpu in [None, Some(nr_cpu_ids())] {
            let mut called = 0;
            on_or_here(cpu, &mut || called += 1);
            assert_eq!(called, 1);
        }
    }

    #[test]
    fn the_callers_cpu_is_one_of_the_machines() {
        assert!(u32::from(current()) < nr_cpu_ids());
    }
}
