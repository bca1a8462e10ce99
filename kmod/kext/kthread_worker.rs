// SPDX-License-Identifier: GPL-2.0-only

//! A dedicated thread for deferred work: a kthread worker, with the one item that it runs. Drivers
//! use it where the thread's priority matters: users can change it, and no other driver's work
//! delays it. Process context, except for [`KthreadWorker::schedule`].

use super::workqueue::{
    Next,
    Run, //
};
use core::{
    cell::UnsafeCell,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::from_err_ptr,
    fmt,
    prelude::*,
    str::CString,
    types::Opaque, //
};

/// The thread of a worker; dropping it ends the thread.
///
/// # Invariants
///
/// `worker` is live, and nothing else destroys it.
struct Thread {
    worker: NonNull<bindings::kthread_worker>,
}

// SAFETY: Any thread may use and destroy a worker.
unsafe impl Send for Thread {}
// SAFETY: As above.
unsafe impl Sync for Thread {}

impl Thread {
    /// Starts a thread of that name, with policy SCHED_OTHER and nice 0. It may run on every CPU
    /// that is allowed for kernel threads.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINTR` when the caller is killed.
    fn new(name: fmt::Arguments<'_>) -> Result<Self> {
        let name = CString::try_from_fmt(name)?;
        // SAFETY: The format takes one string, and the name is a string; both are copied.
        let worker = from_err_ptr(unsafe {
            bindings::kthread_create_worker_on_node(
                0,
                bindings::NUMA_NO_NODE,
                c"%s".as_char_ptr(),
                name.as_char_ptr(),
            )
        })?;
        let worker = NonNull::new(worker).ok_or(ENOMEM)?;
        // INVARIANT: The worker was just made, and nothing else has it.
        let this = Self { worker };
        // SAFETY: By the type invariant; the thread of a worker exists until the worker is
        // destroyed.
        unsafe { bindings::wake_up_process((*worker.as_ptr()).task) };
        Ok(this)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: By the type invariant. The [`KthreadWorker`] that used it is gone, so nothing
        // queues on it any more.
        unsafe { bindings::kthread_destroy_worker(self.worker.as_ptr()) };
    }
}

/// A kthread worker with its item and the data of the item's function. Dropping it waits until the
/// item has ended.
///
/// A worker runs one item after the other, so the function has exclusive access to its data.
///
/// # Invariants
///
/// `work` is initialized, [`Self::call`] is its function, and it is queued only on `thread`.
#[pin_data(PinnedDrop)]
pub(crate) struct KthreadWorker<T: Run> {
    #[pin]
    work: Opaque<bindings::kthread_work>,
    callee: UnsafeCell<T>,
    // The last field: dropped after the item has ended.
    thread: Thread,
}

// SAFETY: Any CPU may queue an item and wait for it. The callee moves between CPUs, as it is
// `Send`.
unsafe impl<T: Run> Send for KthreadWorker<T> {}
// SAFETY: As above. A shared reference gives no access to the callee: only the item uses it.
unsafe impl<T: Run> Sync for KthreadWorker<T> {}

impl<T: Run> KthreadWorker<T> {
    /// Starts a thread of that name. It calls `callee` on request.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINTR` when the caller is killed.
    pub(crate) fn new(name: fmt::Arguments<'_>, callee: T) -> Result<Pin<KBox<Self>>> {
        let thread = Thread::new(name)?;
        KBox::pin_init(
            // INVARIANT: Initialized here, and queued only by `schedule`.
            pin_init!(Self {
                work <- Opaque::ffi_init(|place: *mut bindings::kthread_work| {
                    // SAFETY: `place` is valid for writing, and pinned, so its list may contain its
                    // address.
                    unsafe {
                        place.write(bindings::kthread_work {
                            func: Some(Self::call),
                            ..Default::default()
                        });
                        let node = &raw mut (*place).node;
                        node.write(bindings::list_head {
                            next: node,
                            prev: node,
                        });
                    }
                }),
                callee: UnsafeCell::new(callee),
                thread,
            }),
            GFP_KERNEL,
        )
    }

    /// Asks for a run. Returns `false` when an earlier requested run has not begun. Any context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        // SAFETY: By the type invariant; dropping waits for the item before it is freed.
        unsafe { bindings::kthread_queue_work(self.thread.worker.as_ptr(), self.work.get()) }
    }

    /// Waits until the last requested run has ended.
    fn flush(&self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::kthread_flush_work(self.work.get()) };
    }

    /// # Safety
    ///
    /// Called as the function of the item in a `Self`.
    unsafe extern "C" fn call(work: *mut bindings::kthread_work) {
        let work = work.cast::<Opaque<bindings::kthread_work>>();
        // SAFETY: The item is a field of a `Self`, which waits for it before it is freed. By the
        // type invariant it is always on the same worker, which runs one item at a time; nothing
        // else uses the callee.
        let (this, callee) = unsafe {
            let this = &*kernel::container_of!(work, Self, work);
            (this, &mut *this.callee.get())
        };
        if callee.run() == Next::Again {
            this.schedule();
        }
    }
}

#[pinned_drop]
impl<T: Run> PinnedDrop for KthreadWorker<T> {
    fn drop(self: Pin<&mut Self>) {
        self.flush();
        // SAFETY: By the type invariant. After this, nothing can queue the item, and it does not
        // run.
        unsafe { bindings::kthread_cancel_work_sync(self.work.get()) };
    }
}

#[kernel::macros::kunit_tests(simrupt_kthread_worker)]
mod tests {
    use super::*;
    use crate::kext::{
        context::Context,
        test_runs::{
            Repeated,
            Witness, //
        }, //
    };
    use kernel::sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    };

    #[test]
    fn a_worker_that_is_dropped_has_run_in_its_thread_if_it_was_asked_to() -> Result {
        for asks in [false, true] {
            let seen = Arc::new(Atomic::new(0), GFP_KERNEL)?;
            let worker = KthreadWorker::new(fmt!("simrupt-kunit"), Witness(seen.clone()))?;
            assert!(!asks || worker.schedule());
            drop(worker);
            let wanted = if asks { Context::Task as u32 + 1 } else { 0 };
            assert_eq!(seen.load(Relaxed), wanted);
        }
        Ok(())
    }

    #[test]
    fn a_worker_runs_again_as_often_as_its_item_says() -> Result {
        let runs = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let worker = KthreadWorker::new(fmt!("simrupt-kunit"), Repeated(9, runs.clone()))?;
        worker.schedule();
        while runs.load(Relaxed) < 10 {
            worker.flush();
        }
        drop(worker);
        assert_eq!(runs.load(Relaxed), 10);
        Ok(())
    }
}
