// SPDX-License-Identifier: GPL-2.0-only

//! Memory for fifos, which may be large: up to 1,048,576 records, 40 MiB. Process context.

use crate::logic::abi::Record;
use core::mem::align_of;
use kernel::{
    bindings,
    page::PAGE_SIZE,
    prelude::*, //
};

/// From this size on, room comes from vmalloc by the page: kmalloc would round it up to a power of
/// two, and a record's size is none.
const LARGE: usize = 16 * PAGE_SIZE;

/// Room for `records` records, all zero.
///
/// The kernel crate's allocation flags only know how to try until the OOM killer has made room. A
/// fifo is not worth anybody's life, so this asks for reclaim and no more, and leaves at least as
/// much memory as it takes, or the next one to need a page would call the killer.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn fifo_slots(records: i64) -> Result<KVVec<Record>> {
    let records = usize::try_from(records)?;
    let size = records.checked_mul(size_of::<Record>()).ok_or(ENOMEM)?;
    // SAFETY: May be called from any context.
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
    // SAFETY: A new allocation: there is no old one.
    let slots = unsafe {
        allocate(
            core::ptr::null(),
            size,
            align_of::<Record>(),
            flags,
            bindings::NUMA_NO_NODE,
        )
    };
    if slots.is_null() {
        return Err(ENOMEM);
    }
    // SAFETY: It comes from one of the two allocators that make up that of `KVVec`, which frees the
    // memory of either. It has the size and the alignment of `records` records, and a record of
    // nothing but zeros is a valid one.
    Ok(unsafe { KVVec::from_raw_parts(slots.cast(), records, records) })
}

#[kunit_tests(simrupt_room)]
mod tests {
    use super::*;

    #[test]
    fn room_is_as_large_as_asked_for_and_empty() -> Result {
        // By kmalloc, and by vmalloc.
        for records in [16, 65_536] {
            let slots = fifo_slots(records)?;
            assert_eq!(slots.len(), records as usize);
            let is_empty = slots.iter().all(|record| *record == Record::default());
            assert!(is_empty);
        }
        Ok(())
    }

    #[test]
    fn room_that_cannot_be_had_is_refused() {
        assert!(fifo_slots(-1).is_err());
        assert!(fifo_slots(i64::MAX).is_err());
        // More than there is memory.
        assert!(fifo_slots(1 << 40).is_err());
    }
}
