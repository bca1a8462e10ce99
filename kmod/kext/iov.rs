// SPDX-License-Identifier: GPL-2.0-only

//! Copies to user space that never wait for a page. Process context.

use super::{
    misc_device::Wait,
    shim, //
};
use core::mem;
use kernel::{
    bindings,
    iov::IovIterDest,
    prelude::*, //
};

/// How often in a row a copy may fail after memory was made present.
const PASSES: usize = 2;

/// Why a part of a delivery ended.
pub(crate) enum End {
    /// There is nothing more to copy.
    Nothing,
    /// The permitted amount is copied; there may be more.
    More,
    /// This many bytes of memory must be made present first.
    Absent(usize),
}

/// Copies units of `unit` bytes to user space by calling `part` again and again. Memory is made
/// present between these calls, while no lock is held. Returns the number of bytes copied.
///
/// `part` copies at most the given number of units, and returns the number that it has copied.
///
/// # Errors
///
/// Only when nothing was copied: `EFAULT` when nothing can be copied; `ERESTARTSYS` on a signal;
/// `EAGAIN` when memory is not present and the caller must not wait for it; and the errors of
/// `part`.
pub(crate) fn deliver(
    to: &mut IovIterDest<'_>,
    unit: usize,
    wait: Wait,
    mut part: impl FnMut(&mut IovIterDest<'_>, usize) -> Result<(usize, End)>,
) -> Result<usize> {
    let mut total = 0_usize;
    let mut most = usize::MAX;
    let mut passes = PASSES;
    let error = loop {
        let (copied, end) = match part(to, most) {
            Ok(copied) => copied,
            Err(error) => break error,
        };
        total = total.wrapping_add(copied.wrapping_mul(unit));
        let was_present = mem::replace(&mut most, usize::MAX) != usize::MAX;
        passes = match copied {
            0 if was_present => passes.saturating_sub(1),
            0 => passes,
            _ => PASSES,
        };
        match end {
            End::Nothing => return Ok(total),
            End::More if to.len() < unit => return Ok(total),
            End::More => {}
            // Before the check for signals: pending task work of a caller that must not wait counts
            // as a signal.
            End::Absent(_) if wait == Wait::Never => break EAGAIN,
            End::Absent(_) if current!().signal_pending() => break ERESTARTSYS,
            // Some memory counts as present but refuses every copy: a shadow stack, for example.
            End::Absent(_) if passes == 0 => break EFAULT,
            // A copy that reaches absent memory may stop some bytes before it, so the next copy is
            // shorter.
            End::Absent(bytes) => match make_present(to, bytes).checked_div(unit) {
                None | Some(0) => break EFAULT,
                Some(present) => most = present,
            },
        }
    };
    match total {
        0 => Err(error),
        _ => Ok(total),
    }
}

/// Copies `bytes`, which consist of units of `unit` bytes, as far as memory is present. Returns the
/// size of the whole units that were copied, in bytes. Never waits for a page.
#[inline]
pub(crate) fn copy_present(to: &mut IovIterDest<'_>, bytes: &[u8], unit: usize) -> usize {
    // SAFETY: The function may be called in process context; the call is undone below.
    unsafe { shim::simrupt_pagefault_disable() };
    let copied = to.copy_to_iter(bytes);
    // SAFETY: Undoes the call above.
    unsafe { shim::simrupt_pagefault_enable() };
    if copied == bytes.len() {
        return copied;
    }
    // A unit that arrived only in part counts as not copied.
    let part = copied.checked_rem(unit).unwrap_or(0);
    // SAFETY: This is not more than was just copied.
    unsafe { to.revert(part) };
    copied.wrapping_sub(part)
}

/// Makes the next `bytes` bytes of memory present. This may take as long as the owner of the memory
/// wants. Returns the number of bytes that are present.
fn make_present(to: &mut IovIterDest<'_>, bytes: usize) -> usize {
    // SAFETY: The iterator is valid, and the function does not change it.
    let absent = unsafe { bindings::fault_in_iov_iter_writeable(to.as_raw(), bytes) };
    bytes.saturating_sub(absent)
}
