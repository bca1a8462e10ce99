// SPDX-License-Identifier: GPL-2.0-only

//! Waits with a timeout that can be killed. Process context, unless a method says otherwise.

use core::sync::atomic::{
    AtomicBool,
    AtomicU64,
    Ordering, //
};
use kernel::{
    bindings,
    prelude::*,
    time::{
        msecs_to_jiffies,
        Delta,
        Jiffies, //
    },
    types::Opaque, //
};

/// A time in jiffies, first rounded up to the next millisecond.
pub(super) fn jiffies(time: Delta) -> Jiffies {
    let ms = time.as_micros_ceil().unsigned_abs().div_ceil(1000);
    msecs_to_jiffies(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// An event for which threads wait, possibly several times.
#[pin_data]
pub(crate) struct Completion {
    #[pin]
    completion: Opaque<bindings::completion>,
}

// SAFETY: Any thread may complete a completion, and wait for it.
unsafe impl Send for Completion {}
// SAFETY: As above.
unsafe impl Sync for Completion {}

impl Completion {
    /// A completion that is not complete.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            completion <- Opaque::ffi_init(|place| {
                // SAFETY: `place` is valid for writing, and pinned.
                unsafe { bindings::init_completion(place) }
            }),
        })
    }

    /// Ends one wait, a current one or a later one. Any context.
    pub(crate) fn complete(&self) {
        // SAFETY: The completion is initialized.
        unsafe { bindings::complete(self.completion.get()) };
    }

    /// Waits for a [`Self::complete`] that has not ended another wait.
    ///
    /// # Errors
    ///
    /// `EINTR` when the caller is killed, `ETIMEDOUT` after `timeout`.
    pub(crate) fn wait(&self, timeout: Delta) -> Result {
        // SAFETY: The completion is initialized.
        let left = unsafe {
            bindings::wait_for_completion_killable_timeout(self.completion.get(), jiffies(timeout))
        };
        match left {
            0 => Err(ETIMEDOUT),
            1.. => Ok(()),
            _ => Err(EINTR),
        }
    }
}

/// Counts runs that one context requests and another one makes, and waits until all of them have
/// ended.
#[pin_data]
pub(crate) struct Runs {
    /// The number of requested runs.
    asked: AtomicU64,
    /// The number of runs that have ended.
    ended: AtomicU64,
    /// Whether a waiter waits until both numbers are equal.
    is_awaited: AtomicBool,
    #[pin]
    idle: Completion,
}

impl Runs {
    /// The interval at which a waiter checks the counts, in milliseconds.
    const LOOK_MS: i64 = 10;

    /// No runs.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            asked: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            is_awaited: AtomicBool::new(false),
            idle <- Completion::new(),
        })
    }

    /// Counts a requested run. Any context, one caller at a time.
    #[inline]
    pub(crate) fn ask(&self) {
        // A load and a store suffice, as there is one writer.
        let asked = self.asked.load(Ordering::Relaxed);
        self.asked.store(asked.wrapping_add(1), Ordering::Relaxed);
    }

    /// Counts a run that has ended. Any context, one caller at a time.
    #[inline]
    pub(crate) fn end(&self) {
        let ended = self.ended.load(Ordering::Relaxed);
        self.ended.store(ended.wrapping_add(1), Ordering::Release);
        if self.is_awaited.load(Ordering::Relaxed) {
            self.idle.complete();
        }
    }

    /// Waits until all requested runs have ended. No run may be requested meanwhile, and there may
    /// be only one waiter.
    ///
    /// # Errors
    ///
    /// `EINTR` when the caller is killed, `ETIMEDOUT` after `timeout`.
    pub(crate) fn wait(&self, timeout: Delta) -> Result {
        // A run that ends may read the flag just before it is set. So the waiter also checks the
        // counts at intervals.
        self.is_awaited.store(true, Ordering::Relaxed);
        let mut outcome = Err(ETIMEDOUT);
        for _ in 0..=timeout.as_millis() / Self::LOOK_MS {
            if self.ended.load(Ordering::Acquire) == self.asked.load(Ordering::Relaxed) {
                outcome = Ok(());
                break;
            }
            // That a run has ended says nothing of the others.
            if self.idle.wait(Delta::from_millis(Self::LOOK_MS)) == Err(EINTR) {
                outcome = Err(EINTR);
                break;
            }
        }
        self.is_awaited.store(false, Ordering::Relaxed);
        outcome
    }
}
