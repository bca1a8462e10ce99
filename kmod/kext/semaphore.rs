// SPDX-License-Identifier: GPL-2.0-only

//! A value that one thread holds at a time, possibly for seconds. Threads that wait for it can be
//! killed. Process context.
//!
//! One thread may hold several of these, if all threads take them in the same order. lockdep does
//! not track semaphores; it would report 64 held locks of one class as an error.

use super::shim;
use core::{
    cell::UnsafeCell,
    ops::{
        Deref,
        DerefMut, //
    },
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::Opaque, //
};

/// See the module's description.
///
/// # Invariants
///
/// The semaphore admits one thread at a time to the value.
#[pin_data]
pub(crate) struct Semaphore<T> {
    #[pin]
    semaphore: Opaque<bindings::semaphore>,
    value: UnsafeCell<T>,
}

// SAFETY: The value moves between threads, as it is `Send`; any thread may use the semaphore.
unsafe impl<T: Send> Send for Semaphore<T> {}
// SAFETY: The semaphore admits one thread at a time to the value.
unsafe impl<T: Send> Sync for Semaphore<T> {}

impl<T> Semaphore<T> {
    /// No thread has the value yet.
    pub(crate) fn new(value: T) -> impl PinInit<Self> {
        pin_init!(Self {
            // INVARIANT: The count starts at 1.
            semaphore <- Opaque::ffi_init(|place| {
                // SAFETY: `place` is valid for writing, and pinned.
                unsafe { shim::simrupt_sema_init(place, 1) }
            }),
            value: UnsafeCell::new(value),
        })
    }

    /// Waits for the value. This wait cannot be killed.
    pub(crate) fn take(&self) -> Taken<'_, T> {
        // SAFETY: The semaphore is initialized.
        unsafe { bindings::down(self.semaphore.get()) };
        // INVARIANT: Counted down above.
        Taken(self)
    }

    /// Waits for the value, until the caller is killed.
    ///
    /// # Errors
    ///
    /// `EINTR` when the caller is killed.
    pub(crate) fn take_killable(&self) -> Result<Taken<'_, T>> {
        // SAFETY: The semaphore is initialized.
        to_result(unsafe { bindings::down_killable(self.semaphore.get()) })?;
        // INVARIANT: Counted down above.
        Ok(Taken(self))
    }
}

/// The held value, until this is dropped.
///
/// # Invariants
///
/// The semaphore was counted down for this.
pub(crate) struct Taken<'a, T>(&'a Semaphore<T>);

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: By the type invariants nothing else has the value.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: By the type invariants nothing else has the value.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::up(self.0.semaphore.get()) };
    }
}
