// SPDX-License-Identifier: GPL-2.0-only

//! Memory for large arrays, whose allocation may fail. Process context.

use core::mem::align_of;
use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*, //
};

/// From this size on, memory comes from vmalloc in pages: kmalloc would round the size up to a
/// power of two.
const LARGE: usize = 16 * PAGE_SIZE;

/// An array of `len` values, each made by `make`.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn filled<T>(len: usize, make: impl Fn() -> T) -> Result<KVVec<T>> {
    let mut values = KVVec::with_capacity(len, GFP_KERNEL)?;
    for _ in 0..len {
        values.push(make(), GFP_KERNEL)?;
    }
    Ok(values)
}

/// An array of `len` values, all zero.
///
/// With the kernel crate's allocation flags, the kernel would invoke the OOM killer to make room.
/// This allocation only reclaims memory, and then fails. It leaves at least as much memory
/// available as it takes, or the next allocation of a page would invoke the OOM killer.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn zeroed<T: Zeroable>(len: usize) -> Result<KVVec<T>> {
    let size = len.checked_mul(size_of::<T>()).ok_or(ENOMEM)?;
    // SAFETY: The function may be called from any context.
    let available_pages = usize::try_from(unsafe { bindings::si_mem_available() }).unwrap_or(0);
    if size / PAGE_SIZE > available_pages / 2 {
        return Err(ENOMEM);
    }
    let flags = bindings::GFP_KERNEL
        | bindings::__GFP_ZERO
        | bindings::__GFP_NOWARN
        | (1 << bindings::___GFP_RETRY_MAYFAIL_BIT);
    let allocate = if size < LARGE {
        bindings::kvrealloc_node_align
    } else {
        bindings::vrealloc_node_align
    };
    // SAFETY: The null pointer requests a new allocation.
    let values = unsafe {
        allocate(
            core::ptr::null(),
            size,
            align_of::<T>(),
            flags,
            bindings::NUMA_NO_NODE,
        )
    };
    if values.is_null() {
        return Err(ENOMEM);
    }
    // SAFETY: The memory comes from one of the two allocators behind `KVVec`, which frees memory of
    // either. It has the size and the alignment of `len` values, and zeros are valid values.
    Ok(unsafe { KVVec::from_raw_parts(values.cast(), len, len) })
}

#[kernel::macros::kunit_tests(simrupt_kvec)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_as_large_as_asked_for_and_zero() -> Result {
        // From kmalloc, and from vmalloc.
        for len in [16, 65_536] {
            let values = zeroed::<[u64; 5]>(len)?;
            assert_eq!(values.len(), len);
            let is_zero = values.iter().all(|value| *value == [0; 5]);
            assert!(is_zero);
        }
        Ok(())
    }

    #[test]
    fn more_than_there_is_is_refused() {
        assert!(zeroed::<u64>(usize::MAX).is_err());
        assert!(zeroed::<u64>(1 << 40).is_err());
    }
}
