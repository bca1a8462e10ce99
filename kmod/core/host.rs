// SPDX-License-Identifier: GPL-2.0-only

//! The backend of [`super`] on the host: the standard library.

use std::sync::atomic::{fence, Ordering};

pub use std::hint::spin_loop;

pub use std::sync::Arc;

/// A fixed array on the heap.
pub type Array<T> = Vec<T>;

/// Orders the relaxed stores before it against those after it, for a context that pairs it with
/// [`read_fence`].
pub fn write_fence() {
    fence(Ordering::Release);
}

/// Orders the relaxed loads before it against those after it; pairs with [`write_fence`].
pub fn read_fence() {
    fence(Ordering::Acquire);
}

/// Calls `function`. Preemption stays enabled: the host's scheduler runs every thread in time.
pub fn without_preemption<R>(function: impl FnOnce() -> R) -> R {
    function()
}
