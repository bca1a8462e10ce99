// SPDX-License-Identifier: GPL-2.0-only

//! Waits that end after a limited time, or when the caller is killed. Process context, unless a method says
//! otherwise.

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

/// A time in jiffies, rounded up to the next millisecond first.
pub(super) fn jiffies(time: Delta) -> Jiffies {
    let ms = time.as_micros_ceil().unsigned_abs().div_ceil(1000);
    msecs_to_jiffies(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// An event that threads wait for, again and again.
#[pin_data]
pub(crate) struct Completion {
    #[pin]
    completion: Opaque<bindings::completion>,
}

// SAFETY: A completion may be completed and waited for by any thread.
unsafe impl Send for Completion {}
// SAFETY: As above.
unsafe impl Sync for Completion {}

impl Completion {
    /// One that is not complete.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            completion <- Opaque::ffi_init(|place| {
                // SAFETY: `place` is valid for writing, and stays where it is.
                unsafe { bindings::init_completion(place) }
            }),
        })
    }

    /// Lets one go that waits, now or later. Any context.
    pub(crate) fn complete(&self) {
        // SAFETY: The completion is initialized.
        unsafe { bindings::complete(self.completion.get()) };
    }

    /// Waits for a [`Self::complete`] that has ended no other wait.
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

/// Counts runs of something that one context asks for and another one does, and waits for the end of all of them.
#[pin_data]
pub(crate) struct Runs {
    /// How many were asked for.
    asked: AtomicU64,
    /// How many have ended.
    ended: AtomicU64,
    /// A waiter wants the two to be equal.
    is_awaited: AtomicBool,
    #[pin]
    idle: Completion,
}

impl Runs {
    /// The interval at which a waiter looks at the counts by itself, in milliseconds.
    const LOOK_MS: i64 = 10;

    /// None.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            asked: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            is_awaited: AtomicBool::new(false),
            idle <- Completion::new(),
        })
    }

    /// Counts a run that was asked for. Any context, but one at a time.
    #[inline]
    pub(crate) fn ask(&self) {
        // A load and a store will do: there is one writer.
        let asked = self.asked.load(Ordering::Relaxed);
        self.asked.store(asked.wrapping_add(1), Ordering::Relaxed);
    }

    /// Counts a run that has ended. Any context, but one at a time.
    #[inline]
    pub(crate) fn end(&self) {
        let ended = self.ended.load(Ordering::Relaxed);
        self.ended.store(ended.wrapping_add(1), Ordering::Release);
        if self.is_awaited.load(Ordering::Relaxed) {
            self.idle.complete();
        }
    }

    /// Waits until all runs that were asked for have ended. No run is asked for meanwhile, and there is one waiter.
    ///
    /// # Errors
    ///
    /// `EINTR` when the caller is killed, `ETIMEDOUT` after `timeout`.
    pub(crate) fn wait(&self, timeout: Delta) -> Result {
        // A run that ends may look at the flag just before it is raised, so its end is looked for now and then
        // as well.
        self.is_awaited.store(true, Ordering::Relaxed);
        let mut outcome = Ok(());
        for _ in 0..=timeout.as_millis() / Self::LOOK_MS {
            if self.ended.load(Ordering::Acquire) == self.asked.load(Ordering::Relaxed) {
                outcome = Ok(());
                break;
            }
            outcome = self.idle.wait(Delta::from_millis(Self::LOOK_MS));
            if outcome == Err(EINTR) {
                break;
            }
        }
        self.is_awaited.store(false, Ordering::Relaxed);
        outcome
    }
}
