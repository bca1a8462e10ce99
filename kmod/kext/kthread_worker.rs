// SPDX-License-Identifier: GPL-2.0-only

//! A thread of one's own for deferred work: a kthread worker, with the one item that it runs. Drivers take it where
//! the thread's priority matters: a user can change it, and no other driver's work is in the way. Process context,
//! but for [`KthreadWorker::schedule`].

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

/// A worker's thread; dropping it ends it.
///
/// # Invariants
///
/// `worker` is live, and nobody else destroys it.
struct Thread {
    worker: NonNull<bindings::kthread_worker>,
}

// SAFETY: A worker may be used and destroyed from any thread.
unsafe impl Send for Thread {}
// SAFETY: As above.
unsafe impl Sync for Thread {}

impl Thread {
    /// Starts a thread of that name, of the policy SCHED_OTHER and nice 0, which may run on any CPU that kernel threads
    /// may run on.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINTR` when the caller is killed.
    fn new(name: fmt::Arguments<'_>) -> Result<Self> {
        let name = CString::try_from_fmt(name)?;
        // SAFETY: The format takes one string, and the name is one; both are copied.
        let worker = from_err_ptr(unsafe {
            bindings::kthread_create_worker_on_node(
                0,
                bindings::NUMA_NO_NODE,
                c"%s".as_char_ptr(),
                name.as_char_ptr(),
            )
        })?;
        let worker = NonNull::new(worker).ok_or(ENOMEM)?;
        // INVARIANT: The worker was just made, and nobody else has it.
        let this = Self { worker };
        // SAFETY: By the type invariant; a worker has its thread until it is destroyed.
        unsafe { bindings::wake_up_process((*worker.as_ptr()).task) };
        Ok(this)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: By the type invariant. A [`KthreadWorker`] that used it is gone, so nobody queues on it any more.
        unsafe { bindings::kthread_destroy_worker(self.worker.as_ptr()) };
    }
}

/// A kthread worker with its item and the item's function with its data; dropping it waits for the item's end.
///
/// A worker runs one item after the other, so the function has its data to itself.
///
/// # Invariants
///
/// `work` is initialized, [`Self::call`] is its function, and it is queued on `thread` alone.
#[pin_data(PinnedDrop)]
pub(crate) struct KthreadWorker<T: Run> {
    #[pin]
    work: Opaque<bindings::kthread_work>,
    callee: UnsafeCell<T>,
    // The last: it goes when the item has ended.
    thread: Thread,
}

// SAFETY: An item may be queued and waited for on any CPU. The callee moves between them.
unsafe impl<T: Run> Send for KthreadWorker<T> {}
// SAFETY: As above. Of the callee, a shared reference shows nothing: the item alone uses it.
unsafe impl<T: Run> Sync for KthreadWorker<T> {}

impl<T: Run> KthreadWorker<T> {
    /// Starts a thread of that name, which calls `callee` when it is asked to.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; `EINTR` when the caller is killed.
    pub(crate) fn new(name: fmt::Arguments<'_>, callee: T) -> Result<Pin<KBox<Self>>> {
        let thread = Thread::new(name)?;
        KBox::pin_init(
            // INVARIANT: Initialized here, and queued by `schedule` alone.
            pin_init!(Self {
                work <- Opaque::ffi_init(|place: *mut bindings::kthread_work| {
                    // SAFETY: `place` is valid for writing, and stays where it is: its list can have it in it.
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

    /// Asks for a run; `false` when one is asked for already and has not begun. Any context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        // SAFETY: By the type invariant; dropping the item waits for it before it goes.
        unsafe { bindings::kthread_queue_work(self.thread.worker.as_ptr(), self.work.get()) }
    }

    /// Waits for the end of the run that was asked for last.
    fn flush(&self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::kthread_flush_work(self.work.get()) };
    }

    /// # Safety
    ///
    /// Called as the function of the item of a `Self`.
    unsafe extern "C" fn call(work: *mut bindings::kthread_work) {
        let work = work.cast::<Opaque<bindings::kthread_work>>();
        // SAFETY: The item is the field of a `Self`, which waits for it before it goes. By the type invariant it is
        // always on the same worker, which runs nothing concurrently; nobody else uses the callee.
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
        // SAFETY: By the type invariant. Nothing can queue the item after this, and nothing runs it.
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
