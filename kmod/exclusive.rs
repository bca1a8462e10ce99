// SPDX-License-Identifier: GPL-2.0-only

//! A value that belongs to one context, by a rule of the kernel that the compiler cannot see: an
//! interrupt handler, a timer callback or a work item never runs concurrently with itself.

use core::cell::UnsafeCell;

/// A value inside a shared structure that only one context at a time touches.
pub(crate) struct Exclusive<T>(UnsafeCell<T>);

// SAFETY: The value moves between CPUs with the context that owns it, one at a time.
unsafe impl<T: Send> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The value.
    ///
    /// # Safety
    ///
    /// The caller is the one context that may touch the value now, and does not call this again
    /// while it holds the reference.
    #[expect(clippy::mut_from_ref)]
    #[inline]
    pub(crate) unsafe fn get(&self) -> &mut T {
        // SAFETY: The caller rules out any other reference.
        unsafe { &mut *self.0.get() }
    }
}
