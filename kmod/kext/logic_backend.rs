// SPDX-License-Identifier: GPL-2.0-only

//! Fences and arrays for the pure logic in `core/`: see its `platform`. Any context.

pub use super::context::without_preemption;
pub use core::hint::spin_loop;
pub use kernel::sync::Arc;

/// A fixed array on the heap.
pub type Array<T> = kernel::alloc::KVVec<T>;

/// smp_wmb(), a separate function before Linux 7.3.
#[inline]
pub fn write_fence() {
    #[cfg(not(BEFORE_LINUX_7_3))]
    kernel::sync::barrier::smp_mb(kernel::sync::barrier::Write);
    #[cfg(BEFORE_LINUX_7_3)]
    kernel::sync::barrier::smp_wmb();
}

/// smp_rmb(), as above.
#[inline]
pub fn read_fence() {
    #[cfg(not(BEFORE_LINUX_7_3))]
    kernel::sync::barrier::smp_mb(kernel::sync::barrier::Read);
    #[cfg(BEFORE_LINUX_7_3)]
    kernel::sync::barrier::smp_rmb();
}
