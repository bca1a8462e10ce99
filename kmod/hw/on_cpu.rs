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
