// SPDX-License-Identifier: GPL-2.0-only

//! Copies to user space that wait for no page. Process context.

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

/// How often in a row memory may take no copy after it was made present.
const PASSES: usize = 2;

/// How a part of a delivery ended.
pub(crate) enum End {
    /// There is nothing more to copy.
    Nothing,
    /// There may be more: as much as was permitted is copied.
    More,
    /// So many bytes of memory must be made present first.
    Absent(usize),
}

/// Copies units of `unit` bytes to user space, part by part, as `part` does. Memory is made present between the
/// parts, when nothing is held. Returns how many bytes were copied.
///
/// `part` copies at most as many units as it is told, and returns how many it has copied.
///
/// # Errors
///
/// When nothing was copied: `EFAULT` when nothing can be, `ERESTARTSYS` on a signal, `EAGAIN` when memory is not
/// present and must not be waited for, and those of `part`.
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
            // First: a task that must not wait may have work of the kernel's pending, which counts as a signal.
            End::Absent(_) if wait == Wait::Never => break EAGAIN,
            End::Absent(_) if current!().signal_pending() => break ERESTARTSYS,
            // There may be memory that counts as present and yet takes no copy: a shadow stack, for one.
            End::Absent(_) if passes == 0 => break EFAULT,
            // A copy that meets absent memory may stop some bytes before it, so the next one does not go that
            // far.
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

/// Copies `bytes`, which are units of `unit` bytes, as far as memory is present; returns how many bytes whole
/// units are that were copied. Never waits for a page.
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
    // A unit of which only a part arrived was not copied.
    let part = copied.checked_rem(unit).unwrap_or(0);
    // SAFETY: Less than was just copied.
    unsafe { to.revert(part) };
    copied.wrapping_sub(part)
}

/// Makes the next `bytes` of the memory present, which may take as long as its owner likes; returns of how
/// many bytes that worked.
fn make_present(to: &mut IovIterDest<'_>, bytes: usize) -> usize {
    // SAFETY: The iterator is valid, and is not changed.
    let absent = unsafe { bindings::fault_in_iov_iter_writeable(to.as_raw(), bytes) };
    bytes.saturating_sub(absent)
}
