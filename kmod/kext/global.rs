// SPDX-License-Identifier: GPL-2.0-only

//! A value for functions to which the kernel passes no pointer of ours, such as those of module
//! parameters. Process context.

use core::{
    cell::UnsafeCell,
    sync::atomic::{
        AtomicBool,
        Ordering, //
    }, //
};
use kernel::{
    bindings,
    prelude::*,
    static_lock_class,
    sync::Arc,
    types::Opaque, //
};

/// A place for a shared value, empty at first.
///
/// # Invariants
///
/// The mutex is initialized once `is_ready` is true, and guards the value.
pub(crate) struct Global<T> {
    is_ready: AtomicBool,
    mutex: Opaque<bindings::mutex>,
    value: UnsafeCell<Option<Arc<T>>>,
}

// SAFETY: The mutex admits one thread at a time to the value.
unsafe impl<T: Send + Sync> Sync for Global<T> {}

/// A value in its place; dropping this removes the value from there.
pub(crate) struct Placed<T: Send + Sync + 'static>(&'static Global<T>);

impl<T: Send + Sync + 'static> Global<T> {
    /// An empty place.
    pub(crate) const fn new() -> Self {
        Self {
            is_ready: AtomicBool::new(false),
            mutex: Opaque::zeroed(),
            value: UnsafeCell::new(None),
        }
    }

    /// Makes the place ready for use, and puts `value` there. Called once, by the module's init,
    /// while nothing else calls it.
    pub(crate) fn place(&'static self, value: Arc<T>) -> Placed<T> {
        if !self.is_ready.load(Ordering::Acquire) {
            // SAFETY: No thread locks the mutex before the flag is set, and one thread initializes
            // the module.
            unsafe {
                bindings::__mutex_init(
                    self.mutex.get(),
                    c"simrupt::global".as_char_ptr(),
                    static_lock_class!().as_ptr(),
                )
            };
            // INVARIANT: The mutex was just initialized.
            self.is_ready.store(true, Ordering::Release);
        }
        self.with(|place| *place = Some(value));
        Placed(self)
    }

    fn with<R>(&self, function: impl FnOnce(&mut Option<Arc<T>>) -> R) -> Option<R> {
        if !self.is_ready.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: By the type invariant; unlocked below.
        unsafe { bindings::mutex_lock(self.mutex.get()) };
        // SAFETY: The mutex is held.
        let result = function(unsafe { &mut *self.value.get() });
        // SAFETY: Locked above.
        unsafe { bindings::mutex_unlock(self.mutex.get()) };
        Some(result)
    }

    /// The value, if there is one.
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        self.with(|value| value.clone()).flatten()
    }
}

impl<T: Send + Sync + 'static> Placed<T> {
    /// Puts another value in the place.
    pub(crate) fn replace(&self, value: Arc<T>) {
        let old = self.0.with(|place| place.replace(value));
        drop(old);
    }
}

impl<T: Send + Sync + 'static> Drop for Placed<T> {
    fn drop(&mut self) {
        // The value is dropped without the mutex held.
        let value = self.0.with(Option::take);
        drop(value);
    }
}
