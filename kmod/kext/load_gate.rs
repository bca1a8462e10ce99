// SPDX-License-Identifier: GPL-2.0-only

//! The load gate of the module: its files cannot be opened while the load may still fail. Process
//! context.
//!
//! `rmmod` fails while a file is open. A load that fails has no such check: the kernel frees the
//! module at once, and an open file would then call into freed memory. But the first line's files
//! exist before the last line is set up. So an open is refused until the load has succeeded, and a
//! load that fails waits for opens that are being refused. A perf event of a tracepoint of the
//! module also holds a reference, for any time. In that case the module stays loaded without parts,
//! and can be unloaded when the event is closed.

use super::{
    log,
    module, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
};

static IS_OPEN: Atomic<bool> = Atomic::new(false);

/// The number of opens between their call of [`enter`] and the end of the open function.
static ENTERED: Atomic<u64> = Atomic::new(0);

/// How long a failed load waits for references other than opens, in milliseconds.
const PATIENCE_MS: u32 = 1000;

/// An open in progress; dropped at the end of the open function.
pub(super) struct Entry(());

/// Begins the open of a file of the module.
///
/// # Errors
///
/// `EAGAIN` while the module is being loaded.
pub(super) fn enter() -> Result<Entry> {
    ENTERED.fetch_add(1, Full);
    let entry = Entry(());
    if IS_OPEN.load(Relaxed) {
        Ok(entry)
    } else {
        Err(EAGAIN)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        ENTERED.fetch_sub(1, Full);
    }
}

/// The parts of a module whose load has succeeded; without parts if the load has failed.
pub(crate) struct Loaded<T> {
    _parts: Option<Pin<KBox<T>>>,
}

impl<T> Loaded<T> {
    /// Makes the parts, and opens the gate. Called once, by the module's init function.
    ///
    /// # Errors
    ///
    /// The error of `parts`, unless something holds a reference to the module: then it is loaded
    /// without parts.
    pub(crate) fn new(parts: impl PinInit<T, Error>) -> Result<Self> {
        match KBox::pin_init(parts, GFP_KERNEL) {
            Ok(parts) => {
                IS_OPEN.store(true, Relaxed);
                Ok(Self {
                    _parts: Some(parts),
                })
            }
            Err(error) if is_unused() => Err(error),
            Err(error) => {
                log::error!(
                    "the load has failed ({error:?}), but perf events use the tracepoints: unload the module when they are closed\n"
                );
                Ok(Self { _parts: None })
            }
        }
    }
}

/// Waits until nothing refers to the module that is being loaded. Returns `false` when a reference
/// remains.
fn is_unused() -> bool {
    let mut waited_ms = 0;
    // The kernel itself holds one reference.
    while module::references() > 1 {
        // An open that is being refused ends soon.
        if ENTERED.load(Acquire) == 0 && waited_ms >= PATIENCE_MS {
            return false;
        }
        fsleep(Delta::from_millis(1));
        waited_ms = waited_ms.saturating_add(1);
    }
    true
}
