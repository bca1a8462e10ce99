// SPDX-License-Identifier: GPL-2.0-only

//! The module's load gate: none of its files can be opened while the load may still fail. Process context.
//!
//! `rmmod` refuses while a file is open. A load that fails does not ask: the kernel frees the module at once, and
//! an open file then calls into freed memory. Yet the first line's files exist before the last line is set up. So
//! an open is refused until the load has succeeded, and a load that fails waits for the opens that are being
//! refused. A perf event of one of the module's tracepoints holds a reference, too, and may hold it for as long as it
//! likes. Then the module stays loaded with nothing in it, and can be unloaded when the event is gone.

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

/// How many opens are between the gate and the end of the open function, or beyond it.
static ENTERED: Atomic<u64> = Atomic::new(0);

/// How long a failed load waits for references that are none of ours, in milliseconds.
const PATIENCE_MS: u32 = 1000;

/// One open that is under way; it ends with the open function.
pub(super) struct Entry(());

/// Asks to open a file of the module.
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

/// The parts of a module whose load has succeeded; none of one whose load has failed.
pub(crate) struct Loaded<T> {
    _parts: Option<Pin<KBox<T>>>,
}

impl<T> Loaded<T> {
    /// Makes the parts, and opens the gate. Called by the module's init function, once.
    ///
    /// # Errors
    ///
    /// That of `parts`, unless somebody has a reference to the module: then it is loaded without parts.
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

/// Waits until there is no reference to the module that is being loaded; `false` when one is kept.
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
