// SPDX-License-Identifier: GPL-2.0-only

//! Atomics, fences and arrays for the pure logic in `core/`: see its `platform`. Any context.
//!
//! Loads and stores are `core::sync::atomic`'s: one instruction each, as READ_ONCE(), WRITE_ONCE(),
//! smp_load_acquire() and smp_store_release() are on the architectures that the kernel builds Rust for. The
//! kernel crate's are calls of C functions, of which an event would take thirty. Fences, which order
//! against C code as well, are the kernel's.

use core::sync::atomic::{
    AtomicI64,
    AtomicU16,
    AtomicU64,
    AtomicU8,
    Ordering, //
};

pub use super::context::without_preemption;
pub use core::hint::spin_loop;
pub use kernel::sync::Arc;

/// A fixed array on the heap.
pub type Array<T> = kernel::alloc::KVVec<T>;

pub struct AtomicWord(AtomicU64);

impl AtomicWord {
    pub const fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub fn load_acquire(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    #[inline]
    pub fn store(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    #[inline]
    pub fn store_release(&self, value: u64) {
        self.0.store(value, Ordering::Release);
    }
}

pub struct AtomicCount(AtomicI64);

impl AtomicCount {
    pub const fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    pub fn load(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}

macro_rules! plain {
    ($name:ident, $atomic:ident, $number:ty) => {
        /// A number whose owner changes by a protocol: it is never written while others access it.
        pub struct $name($atomic);

        impl $name {
            pub const fn new(value: $number) -> Self {
                Self($atomic::new(value))
            }

            #[inline]
            pub fn get(&self) -> $number {
                self.0.load(Ordering::Relaxed)
            }

            #[inline]
            pub fn set(&self, value: $number) {
                self.0.store(value, Ordering::Relaxed);
            }
        }
    };
}

plain!(Plain64, AtomicU64, u64);
plain!(Plain16, AtomicU16, u16);
plain!(Plain8, AtomicU8, u8);

/// smp_wmb(): before Linux 7.3 a function of its own.
#[inline]
pub fn write_fence() {
    #[cfg(not(BEFORE_LINUX_7_3))]
    kernel::sync::barrier::smp_mb(kernel::sync::barrier::Write);
    #[cfg(BEFORE_LINUX_7_3)]
    kernel::sync::barrier::smp_wmb();
}

/// smp_rmb(): as above.
#[inline]
pub fn read_fence() {
    #[cfg(not(BEFORE_LINUX_7_3))]
    kernel::sync::barrier::smp_mb(kernel::sync::barrier::Read);
    #[cfg(BEFORE_LINUX_7_3)]
    kernel::sync::barrier::smp_rmb();
}
