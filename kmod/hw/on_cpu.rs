// SPDX-License-Identifier: GPL-2.0-only

//! Runs something on a CPU of one's choice. Process context.

use crate::compat;
use kernel::{
    bindings,
    error::to_result,
    prelude::*, //
};

/// Calls `function` on `cpu`, with interrupts off, and waits for it.
///
/// # Errors
///
/// `ENXIO` when the CPU is offline or does not exist; `function` was not called then.
pub(crate) fn on_cpu<F: FnMut() + Send>(cpu: u32, function: &mut F) -> Result {
    /// # Safety
    ///
    /// Called with the reference that is given below.
    unsafe extern "C" fn call<F: FnMut()>(function: *mut c_void) {
        // SAFETY: It is the reference given below, whose owner waits for us.
        (unsafe { &mut *function.cast::<F>() })()
    }
    let cpu = c_int::try_from(cpu).map_err(|_| ENXIO)?;
    // SAFETY: The function is called with the reference at most once, before this returns.
    to_result(unsafe {
        bindings::smp_call_function_single(
            cpu,
            Some(call::<F>),
            core::ptr::from_mut(function).cast(),
            compat::WAIT,
        )
    })
}

/// Calls `function` on `cpu`, or, when that is none or has gone offline since it was chosen, here.
///
/// For starting pinned timers, which stay where they are started.
pub(crate) fn on_cpu_or_here<F: FnMut() + Send>(cpu: Option<u32>, function: &mut F) {
    match cpu.map(|cpu| on_cpu(cpu, function)) {
        Some(Ok(())) => {}
        None | Some(Err(_)) => function(),
    }
}

#[kunit_tests(simrupt_on_cpu)]
mod tests {
    use super::*;
    use crate::clock;
    use kernel::cpu::nr_cpu_ids;

    #[test]
    fn the_function_is_called_once_on_the_cpu_that_was_asked_for() {
        let mut failures = 0;
        for cpu in 0..nr_cpu_ids() {
            let mut called = [0_u32; 2];
            let was_online = on_cpu(cpu, &mut || {
                called[usize::from(u32::from(clock::cpu()) == cpu)] += 1;
            })
            .is_ok();
            if called != [0, u32::from(was_online)] {
                failures += 1;
            }
        }
        assert_eq!(failures, 0);
        assert!(on_cpu(0, &mut || {}).is_ok());
    }

    #[test]
    fn a_cpu_that_does_not_exist_is_refused_and_nothing_is_called() {
        for cpu in [nr_cpu_ids(), i32::MAX as u32, u32::MAX] {
            let mut called = 0;
            assert_eq!(on_cpu(cpu, &mut || called += 1), Err(ENXIO));
            assert_eq!(called, 0);
        }
    }

    #[test]
    fn without_such_a_cpu_the_function_is_called_here_once() {
        for cpu in [None, Some(nr_cpu_ids())] {
            let mut called = 0;
            on_cpu_or_here(cpu, &mut || called += 1);
            assert_eq!(called, 1);
        }
    }
}
