// SPDX-License-Identifier: GPL-2.0-only

//! Dedicated workqueues, and work items that are bound to one queue. Process context, except for
//! [`Work::schedule`].

use core::{
    cell::UnsafeCell,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    fmt,
    prelude::*,
    static_lock_class,
    str::CString,
    types::Opaque, //
};

/// The kind of a workqueue.
///
/// Every kind has either WQ_PERCPU or WQ_UNBOUND, or the kernel warns. With WQ_BH only WQ_HIGHPRI
/// is allowed, so the other methods have no effect on it.
#[derive(Clone, Copy)]
pub(crate) struct Builder {
    flags: c_uint,
    max_active: c_int,
}

impl Builder {
    /// Items run in threads on the CPU that queues them.
    pub(crate) const fn percpu() -> Self {
        Self::with(bindings::wq_flags_WQ_PERCPU)
    }

    /// Items run in threads on any CPU in the affinity scope of the one that queues them.
    pub(crate) const fn unbound() -> Self {
        Self::with(bindings::wq_flags_WQ_UNBOUND)
    }

    /// Items run in softirq, on the CPU that queues them.
    pub(crate) const fn bh() -> Self {
        Self::with(bindings::wq_flags_WQ_BH | bindings::wq_flags_WQ_PERCPU)
    }

    /// Items run one at a time, in the order in which they were queued: alloc_ordered_workqueue().
    pub(crate) const fn ordered() -> Self {
        Self {
            flags: bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags___WQ_ORDERED,
            max_active: 1,
        }
    }

    const fn with(flags: c_uint) -> Self {
        Self {
            flags,
            // The kernel's default.
            max_active: 0,
        }
    }

    const fn is_bh(self) -> bool {
        self.flags & bindings::wq_flags_WQ_BH != 0
    }

    const fn and(mut self, flag: c_uint) -> Self {
        self.flags |= flag;
        self
    }

    /// Its threads have nice -20. Items of a BH queue run before those of other BH queues.
    pub(crate) const fn highpri(self) -> Self {
        self.and(bindings::wq_flags_WQ_HIGHPRI)
    }

    /// Its items do not delay other items of the CPU.
    pub(crate) const fn cpu_intensive(self) -> Self {
        if self.is_bh() {
            self
        } else {
            self.and(bindings::wq_flags_WQ_CPU_INTENSIVE)
        }
    }

    /// Users can tune it in /sys/devices/virtual/workqueue.
    pub(crate) const fn sysfs(self) -> Self {
        if self.is_bh() {
            self
        } else {
            self.and(bindings::wq_flags_WQ_SYSFS)
        }
    }

    /// Makes the queue.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn build(self, name: fmt::Arguments<'_>) -> Result<Queue> {
        let name = CString::try_from_fmt(name)?;
        // SAFETY: The format takes one string, and the name is a string; both are copied.
        let queue = unsafe {
            bindings::alloc_workqueue_noprof(
                c"%s".as_char_ptr(),
                self.flags,
                self.max_active,
                name.as_char_ptr(),
            )
        };
        // INVARIANT: The queue was just made, and nothing else has it.
        let queue = NonNull::new(queue).ok_or(ENOMEM)?;
        Ok(Queue {
            queue,
            is_bh: self.is_bh(),
            is_owned: true,
        })
    }
}

/// A workqueue for one [`Work`]. A queue made by [`Builder::build`] is destroyed when this is
/// dropped.
///
/// # Invariants
///
/// `queue` is a live workqueue. If it is owned, nothing else destroys it; if not, the kernel never
/// destroys it.
pub(crate) struct Queue {
    queue: NonNull<bindings::workqueue_struct>,
    is_bh: bool,
    is_owned: bool,
}

impl Queue {
    /// The kernel's workqueue of high priority.
    pub(crate) fn system_highpri() -> Self {
        Self::system(kernel::workqueue::system_highpri(), false)
    }

    /// The kernel's BH workqueue of high priority.
    pub(crate) fn system_bh_highpri() -> Self {
        Self::system(kernel::workqueue::system_bh_highpri(), true)
    }

    fn system(queue: &'static kernel::workqueue::Queue, is_bh: bool) -> Self {
        // INVARIANT: The kernel never destroys its own queues. A reference to one is a pointer to
        // it.
        Self {
            queue: NonNull::from(queue).cast(),
            is_bh,
            is_owned: false,
        }
    }
}

// SAFETY: Any thread may use and destroy a workqueue.
unsafe impl Send for Queue {}
// SAFETY: As above.
unsafe impl Sync for Queue {}

impl Drop for Queue {
    fn drop(&mut self) {
        if self.is_owned {
            // SAFETY: By the type invariant. The [`Work`] that used it is gone, so nothing queues
            // on it any more.
            unsafe { bindings::destroy_workqueue(self.queue.as_ptr()) };
        }
    }
}

/// Whether another run must follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// No run follows, until one is requested.
    Done,
    /// Another run follows, without a request.
    Again,
}

/// The function of a work item, or of another mechanism for deferred work.
pub(crate) trait Run: Send + 'static {
    /// Runs in the context of the mechanism, for a work item that of its queue.
    fn run(&mut self) -> Next;
}

/// A work item with the data of its function and the queue that it always uses. Dropping it waits
/// until it has ended. (The kernel's own queues do not wait for items when a module is unloaded.)
///
/// An item that is always queued on one queue never runs concurrently with itself, so its function
/// has exclusive access to its data.
///
/// # Invariants
///
/// `work` is initialized, [`Self::call`] is its function, and it is queued only on `queue`.
#[pin_data(PinnedDrop)]
pub(crate) struct Work<T: Run> {
    #[pin]
    work: Opaque<bindings::work_struct>,
    callee: UnsafeCell<T>,
    // The last field: dropped after the item has ended.
    queue: Queue,
}

// SAFETY: Any CPU may queue a work item and wait for it. The callee moves between CPUs, as it is
// `Send`.
unsafe impl<T: Run> Send for Work<T> {}
// SAFETY: As above. A shared reference gives no access to the callee: only the item uses it.
unsafe impl<T: Run> Sync for Work<T> {}

impl<T: Run> Work<T> {
    /// An item for `queue`. It calls `callee`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(queue: Queue, callee: T) -> Result<Pin<KBox<Self>>> {
        // lockdep treats a work item as a lock that is held while the item runs. So items that run
        // in threads, which softirqs may interrupt, and items that run in softirqs need different
        // lock classes.
        let (name, key) = if queue.is_bh {
            (c"simrupt::bh_work", static_lock_class!())
        } else {
            (c"simrupt::work", static_lock_class!())
        };
        KBox::pin_init(
            // INVARIANT: Initialized here, and queued only by `schedule`.
            pin_init!(Self {
                work <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and pinned.
                    unsafe {
                        bindings::init_work_with_key(
                            place,
                            Some(Self::call),
                            false,
                            name.as_char_ptr(),
                            key.as_ptr(),
                        )
                    }
                }),
                callee: UnsafeCell::new(callee),
                queue,
            }),
            GFP_KERNEL,
        )
    }

    /// Asks for a run. Returns `false` when an earlier requested run has not begun. Any context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        // SAFETY: By the type invariant; dropping disables the item before it is freed.
        unsafe {
            bindings::queue_work_on(
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as c_int,
                self.queue.queue.as_ptr(),
                self.work.get(),
            )
        }
    }

    /// Waits until the last requested run has ended.
    pub(crate) fn flush(&self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::flush_work(self.work.get()) };
    }

    /// # Safety
    ///
    /// Called as the function of the item in a `Self`.
    unsafe extern "C" fn call(work: *mut bindings::work_struct) {
        let work = work.cast::<Opaque<bindings::work_struct>>();
        // SAFETY: The item is a field of a `Self`, which waits for it before it is freed. By the
        // type invariant it is always on the same queue, where it never runs concurrently with
        // itself; nothing else uses the callee.
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
impl<T: Run> PinnedDrop for Work<T> {
    fn drop(self: Pin<&mut Self>) {
        self.flush();
        // SAFETY: By the type invariant. After this, nothing can queue the item, and it does not
        // run.
        unsafe { bindings::disable_work_sync(self.work.get()) };
    }
}

#[kernel::macros::kunit_tests(simrupt_workqueue)]
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

    fn where_it_runs(builder: Builder) -> Result<u32> {
        let seen = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let queue = builder.build(fmt!("simrupt-kunit"))?;
        let work = Work::new(queue, Witness(seen.clone()))?;
        work.schedule();
        work.flush();
        Ok(seen.load(Relaxed))
    }

    #[test]
    fn an_item_runs_in_the_context_of_its_queue() -> Result {
        for builder in [Builder::percpu(), Builder::unbound(), Builder::ordered()] {
            assert_eq!(where_it_runs(builder)?, Context::Task as u32 + 1);
            assert_eq!(
                where_it_runs(builder.highpri().sysfs())?,
                Context::Task as u32 + 1
            );
        }
        for builder in [
            Builder::bh(),
            Builder::bh().highpri().sysfs().cpu_intensive(),
        ] {
            assert_eq!(where_it_runs(builder)?, Context::Softirq as u32 + 1);
        }
        Ok(())
    }

    #[test]
    fn an_item_runs_again_as_often_as_it_says() -> Result {
        for builder in [Builder::percpu(), Builder::ordered(), Builder::bh()] {
            let runs = Arc::new(Atomic::new(0), GFP_KERNEL)?;
            let work = Work::new(
                builder.build(fmt!("simrupt-kunit"))?,
                Repeated(9, runs.clone()),
            )?;
            work.schedule();
            while runs.load(Relaxed) < 10 {
                work.flush();
            }
            drop(work);
            assert_eq!(runs.load(Relaxed), 10);
        }
        Ok(())
    }

    #[test]
    fn an_item_that_is_dropped_has_run_as_often_as_it_was_asked_for() -> Result {
        let seen = Arc::new(Atomic::new(0), GFP_KERNEL)?;
        let work = Work::new(
            Builder::unbound().build(fmt!("simrupt-kunit"))?,
            Witness(seen.clone()),
        )?;
        assert!(work.schedule());
        drop(work);
        assert_eq!(seen.load(Relaxed), Context::Task as u32 + 1);
        Ok(())
    }
}
