// SPDX-License-Identifier: GPL-2.0-only

//! A value that one context at a time uses, by a rule of the kernel that the compiler cannot check:
//! an interrupt handler, a timer's callback or a work item never runs concurrently with itself. Any
//! context.

use core::{
    cell::UnsafeCell,
    sync::atomic::{
        AtomicBool,
        Ordering, //
    }, //
};

/// A value inside a shared structure that one context at a time uses.
///
/// A flag enforces that: a second user gets `None`, and never waits. Where the kernel's rule holds,
/// there is no second user.
pub(crate) struct ContextCell<T> {
    in_use: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: The flag admits one user of the value at a time. The value may move between CPUs, as it
// is `Send`.
unsafe impl<T: Send> Sync for ContextCell<T> {}

impl<T> ContextCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            in_use: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Calls `function` with the value. Returns `None` when another context or the caller itself
    /// uses it.
    #[inline]
    pub(crate) fn with<R>(&self, function: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.in_use.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: The flag was clear and is set now. So no other reference to the value exists
        // until it is cleared below.
        let result = function(unsafe { &mut *self.value.get() });
        self.in_use.store(false, Ordering::Release);
        Some(result)
    }
}
