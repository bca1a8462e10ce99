// SPDX-License-Identifier: GPL-2.0-only

//! A value that belongs to one context at a time, by a rule of the kernel that the compiler cannot see: an
//! interrupt handler, a timer's callback or a work item never runs concurrently with itself. Any context.

use core::{
    cell::UnsafeCell,
    sync::atomic::{
        AtomicBool,
        Ordering, //
    }, //
};

/// A value inside a shared structure that one context at a time uses.
///
/// A flag makes sure of it: a second user gets nothing, and never waits. Where the kernel's rule holds, this
/// never happens.
pub(crate) struct ContextCell<T> {
    in_use: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: The flag lets one user at a time have the value, which moves between CPUs with it.
unsafe impl<T: Send> Sync for ContextCell<T> {}

impl<T> ContextCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            in_use: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Calls `function` with the value; `None` when another context uses it, or the caller itself does.
    #[inline]
    pub(crate) fn with<R>(&self, function: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.in_use.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: The flag was down and is up now: no other reference to the value exists before it is
        // lowered below.
        let result = function(unsafe { &mut *self.value.get() });
        self.in_use.store(false, Ordering::Release);
        Some(result)
    }
}
