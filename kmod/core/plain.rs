// SPDX-License-Identifier: GPL-2.0-only

//! Atomics, and the numbers that a protocol guards, for builds without the model checker.

use core::sync::atomic::{
    AtomicU16,
    AtomicU8,
    Ordering, //
};

pub(super) use core::sync::atomic::{
    AtomicI64,
    AtomicU64, //
};

macro_rules! plain {
    ($name:ident, $atomic:ident, $number:ty) => {
        /// A number whose ownership follows a protocol: it is never written while another context
        /// accesses it. The model checker verifies that.
        pub struct $name($atomic);

        impl $name {
            /// A cell that holds `value`.
            pub fn new(value: $number) -> Self {
                Self($atomic::new(value))
            }

            /// Reads the value.
            #[inline]
            pub fn get(&self) -> $number {
                self.0.load(Ordering::Relaxed)
            }

            /// Writes the value.
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
