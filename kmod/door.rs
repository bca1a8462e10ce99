// SPDX-License-Identifier: GPL-2.0-only

//! The module's door: no file of its is open while the load can still fail. Process context.
//!
//! `rmmod` refuses while somebody has a file open. A load that fails does not ask: the kernel then
//! frees the module at once, and what is still open calls into what is no longer there. Yet the first
//! line's files are there before the last line is set up. So until the load has succeeded, opening
//! any of them is refused, and a load that fails waits for those who are just being refused.

use crate::compat;
use kernel::{
    bindings,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
};

static IS_OPEN: Atomic<bool> = Atomic::new(false);

/// Asks to open a file of the module.
///
/// # Errors
///
/// `EAGAIN` while the module is being loaded.
pub(crate) fn enter() -> Result {
    if IS_OPEN.load(Relaxed) {
        Ok(())
    } else {
        Err(EAGAIN)
    }
}

/// The door is open: made last by a load that has succeeded.
pub(crate) struct Open(());

impl Open {
    pub(crate) fn new() -> Self {
        IS_OPEN.store(true, Relaxed);
        Self(())
    }
}

/// Made first, and so dropped last; dropping this waits until nobody is left inside.
pub(crate) struct Threshold(());

impl Threshold {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl Drop for Threshold {
    fn drop(&mut self) {
        // While a module is loaded the kernel holds one reference; when it is unloaded there is none.
        // All files are gone from the system, so the others are of those who are being refused.
        // SAFETY: The module is ours, and there.
        while unsafe { bindings::module_refcount(compat::this_module()) } > 1 {
            fsleep(Delta::from_millis(1));
        }
    }
}
