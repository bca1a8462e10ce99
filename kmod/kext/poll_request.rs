// SPDX-License-Identifier: GPL-2.0-only

//! A request for a run of a mechanism that polls: NAPI, or an irq_poll.
//!
//! Their own flag says that a poll is requested or in progress, and is cleared at the end of the
//! poll. An ordinary driver masks its interrupt until then. Here the interrupt stays enabled, and a
//! request may arrive during a poll. So this type notes whether a requested run has begun.

use super::workqueue::Next;
use kernel::{
    bindings,
    ffi::c_int,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    }, //
};

/// The budget of a poll: NAPI_POLL_WEIGHT, which is also the weight that block drivers use.
pub(super) const WEIGHT: c_int = 64;

/// See the module's description.
pub(super) struct PollRequest(Atomic<bool>);

impl PollRequest {
    /// No run is requested.
    pub(super) const fn new() -> Self {
        Self(Atomic::new(false))
    }

    /// Requests a run. Returns `false` when an earlier requested run has not begun. A full barrier.
    /// Any context.
    #[inline]
    pub(super) fn make(&self) -> bool {
        !self.0.xchg(true, Full)
    }

    /// Begins the requested run. Returns whether there was a request. A full barrier.
    #[inline]
    fn take(&self) -> bool {
        self.0.xchg(false, Full)
    }

    /// Makes the requested run; returns `None` without a request. If another run must follow, this
    /// requests it. Called in the poll.
    #[inline]
    pub(super) fn serve(&self, run: impl FnOnce() -> Next) -> Option<Next> {
        let next = self.take().then(run);
        if next == Some(Next::Again) {
            self.make();
        }
        next
    }

    /// Whether a requested run has not begun. Any context.
    #[inline]
    pub(super) fn is_made(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Waits until the requested run has begun. Process context.
    pub(super) fn wait_until_taken(&self) {
        while self.is_made() {
            // irq_poll_disable() and napi_disable() wait for the end of a poll in the same way.
            // SAFETY: The caller may sleep.
            unsafe { bindings::msleep(1) };
        }
    }
}
