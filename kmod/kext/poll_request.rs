// SPDX-License-Identifier: GPL-2.0-only

//! A request for a run by a mechanism that is polled: NAPI, or an irq_poll.
//!
//! Their own flag says that a poll is asked for or under way, and is taken back at the end of the poll. A driver masks
//! its interrupt until then. Here the interrupt stays enabled, and a request may come in the middle of a
//! poll: this tells whether a run that was asked for has begun.

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

/// How much work a poll may do until others have their turn: NAPI_POLL_WEIGHT, and what block drivers take.
pub(super) const WEIGHT: c_int = 64;

/// See the module's description.
pub(super) struct PollRequest(Atomic<bool>);

impl PollRequest {
    /// No run is asked for.
    pub(super) const fn new() -> Self {
        Self(Atomic::new(false))
    }

    /// Asks for a run; `false` when one is asked for already and has not begun. A full barrier. Any context.
    #[inline]
    pub(super) fn make(&self) -> bool {
        !self.0.xchg(true, Full)
    }

    /// Tells that the run begins that was asked for, if one was. A full barrier.
    #[inline]
    fn take(&self) -> bool {
        self.0.xchg(false, Full)
    }

    /// Makes the run that was asked for, if one was: `None` otherwise. A run that is to be followed by another one asks for
    /// that. In the poll.
    #[inline]
    pub(super) fn serve(&self, run: impl FnOnce() -> Next) -> Option<Next> {
        let next = self.take().then(run);
        if next == Some(Next::Again) {
            self.make();
        }
        next
    }

    /// Whether a run is asked for that has not begun. Any context.
    #[inline]
    pub(super) fn is_made(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Waits until the run begins that was asked for. Process context.
    pub(super) fn wait_until_taken(&self) {
        while self.is_made() {
            // The kernel waits for the end of a poll in the same way, in irq_poll_disable() and napi_disable().
            // SAFETY: The caller may sleep.
            unsafe { bindings::msleep(1) };
        }
    }
}
