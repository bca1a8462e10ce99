// SPDX-License-Identifier: GPL-2.0-only

//! Wait queues: threads, and callers of poll, wait for a condition that they check themselves.
//! Process context, except for [`WaitQueue::wake_all`].
//!
//! The kernel crate has only condition variables, for conditions that a lock guards.

use core::{
    marker::PhantomPinned,
    mem::MaybeUninit, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::LockClassKey,
    task::{
        TASK_INTERRUPTIBLE,
        TASK_NORMAL, //
    },
    types::Opaque, //
};

/// See the module's description.
#[pin_data(PinnedDrop)]
pub(crate) struct WaitQueue {
    #[pin]
    head: Opaque<bindings::wait_queue_head>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: The kernel locks its wait queues itself.
unsafe impl Send for WaitQueue {}
// SAFETY: As above.
unsafe impl Sync for WaitQueue {}

impl WaitQueue {
    /// A queue without waiters. [`new_wait_queue!`] provides name and key.
    pub(crate) fn new(name: &'static CStr, key: Pin<&'static LockClassKey>) -> impl PinInit<Self> {
        pin_init!(Self {
            head <- Opaque::ffi_init(|place| {
                // SAFETY: `place` is valid for writing, and pinned; name and key are static.
                unsafe { bindings::__init_waitqueue_head(place, name.as_char_ptr(), key.as_ptr()) }
            }),
            _pin: PhantomPinned,
        })
    }

    /// Waits until `is_over`, which must not sleep, returns true. Code that makes it true must call
    /// [`Self::wake_all`] afterwards.
    ///
    /// # Errors
    ///
    /// `ERESTARTSYS` on a signal.
    pub(crate) fn wait_interruptible(&self, mut is_over: impl FnMut() -> bool) -> Result {
        let mut entry = MaybeUninit::uninit();
        let entry = entry.as_mut_ptr();
        // SAFETY: `entry` is valid for writing, and does not move until it is removed from the
        // queue below.
        unsafe { bindings::init_wait_entry(entry, 0) };
        loop {
            // SAFETY: Both are initialized.
            let interrupted = unsafe {
                bindings::prepare_to_wait_event(self.head.get(), entry, TASK_INTERRUPTIBLE)
            };
            if is_over() {
                break;
            }
            if interrupted != 0 {
                // The entry is already removed from the queue.
                return Err(ERESTARTSYS);
            }
            // SAFETY: The caller may sleep, as this is process context.
            unsafe { bindings::schedule() };
            // The waker has removed the entry from the queue. Usually the wait is over now.
            if is_over() {
                break;
            }
        }
        // SAFETY: As above. After this, the entry is removed from the queue.
        unsafe { bindings::finish_wait(self.head.get(), entry) };
        Ok(())
    }

    /// Wakes all waiters, which then check the condition again. Any context.
    #[inline]
    pub(crate) fn wake_all(&self) {
        // SAFETY: The queue is initialized.
        unsafe { bindings::__wake_up(self.head.get(), TASK_NORMAL, 0, core::ptr::null_mut()) };
    }

    /// Adds a caller of poll to the waiters.
    ///
    /// # Safety
    ///
    /// `file` and `table` are the arguments of a `poll` file operation. All files that are
    /// registered here are released before the queue is freed.
    pub(super) unsafe fn register(
        &self,
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) {
        // SAFETY: As the caller promises; `drop` handles waiters that remain when the queue is
        // freed.
        unsafe { bindings::poll_wait(file, self.head.get(), table) };
    }
}

#[pinned_drop]
impl PinnedDrop for WaitQueue {
    fn drop(self: Pin<&mut Self>) {
        // epoll may access the queue until the end of a grace period.
        // SAFETY: The queue is initialized, and no new wait can begin on it.
        unsafe {
            bindings::__wake_up_pollfree(self.head.get());
            bindings::synchronize_rcu();
        }
    }
}

/// A [`WaitQueue`] with a lock class of its own.
macro_rules! new_wait_queue {
    () => {
        $crate::kext::wait_queue::WaitQueue::new(
            ::kernel::optional_name!(),
            ::kernel::static_lock_class!(),
        )
    };
}
pub(crate) use new_wait_queue;
