// SPDX-License-Identifier: GPL-2.0-only

//! Workqueues of one's own, and work items that know their queue. Process context, but for
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
/// Every kind names either WQ_PERCPU or WQ_UNBOUND, or the kernel warns. WQ_BH allows nothing else but
/// WQ_HIGHPRI; so the other methods leave it as it is.
#[derive(Clone, Copy)]
pub(crate) struct Builder {
    flags: c_uint,
    max_active: c_int,
}

impl Builder {
    /// Items run in threads of the CPU that queues them.
    pub(crate) const fn percpu() -> Self {
        Self::with(bindings::wq_flags_WQ_PERCPU)
    }

    /// Items run in threads on any CPU near the one that queues them.
    pub(crate) const fn unbound() -> Self {
        Self::with(bindings::wq_flags_WQ_UNBOUND)
    }

    /// Items run in softirq, on the CPU that queues them.
    pub(crate) const fn bh() -> Self {
        Self::with(bindings::wq_flags_WQ_BH | bindings::wq_flags_WQ_PERCPU)
    }

    /// One item at a time runs, in the order in which they were queued: alloc_ordered_workqueue().
    pub(crate) const fn ordered() -> Self {
        Self {
            flags: bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags___WQ_ORDERED,
            max_active: 1,
        }
    }

    const fn with(flags: c_uint) -> Self {
        Self {
            flags,
            // As many as the kernel finds right.
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

    /// Its threads have nice -20; of a BH queue, items go before those of others.
    pub(crate) const fn highpri(self) -> Self {
        self.and(bindings::wq_flags_WQ_HIGHPRI)
    }

    /// Its items do not keep others of the CPU from running meanwhile.
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

    /// Makes the queue. A name that sysfs has already is refused, as is anything for which there is no memory.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn build(self, name: fmt::Arguments<'_>) -> Result<Queue> {
        let name = CString::try_from_fmt(name)?;
        // SAFETY: The format takes one string, and the name is one; both are copied.
        let queue = unsafe {
            bindings::alloc_workqueue_noprof(
                c"%s".as_char_ptr(),
                self.flags,
                self.max_active,
                name.as_char_ptr(),
            )
        };
        // INVARIANT: The queue was just made, and nobody else has it.
        let queue = NonNull::new(queue).ok_or(ENOMEM)?;
        Ok(Queue {
            queue,
            is_bh: self.is_bh(),
            is_owned: true,
        })
    }
}

/// A workqueue for one [`Work`]. One that was built is destroyed with this.
///
/// # Invariants
///
/// `queue` is a live workqueue; nobody else destroys it if it is owned, and the kernel never does if not.
pub(crate) struct Queue {
    queue: NonNull<bindings::workqueue_struct>,
    is_bh: bool,
    is_owned: bool,
}

impl Queue {
    /// The kernel's own queue of high priority.
    pub(crate) fn system_highpri() -> Self {
        Self::system(kernel::workqueue::system_highpri(), false)
    }

    /// The kernel's own BH queue of high priority.
    pub(crate) fn system_bh_highpri() -> Self {
        Self::system(kernel::workqueue::system_bh_highpri(), true)
    }

    fn system(queue: &'static kernel::workqueue::Queue, is_bh: bool) -> Self {
        // INVARIANT: The kernel keeps its own queues. A reference to one is a pointer to it.
        Self {
            queue: NonNull::from(queue).cast(),
            is_bh,
            is_owned: false,
        }
    }
}

// SAFETY: Workqueues may be used and destroyed from any thread.
unsafe impl Send for Queue {}
// SAFETY: As above.
unsafe impl Sync for Queue {}

impl Drop for Queue {
    fn drop(&mut self) {
        if self.is_owned {
            // SAFETY: By the type invariant. A [`Work`] that used it is gone, so nobody queues on it any more.
            unsafe { bindings::destroy_workqueue(self.queue.as_ptr()) };
        }
    }
}

/// Whether another run follows a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing, until somebody asks for a run.
    Done,
    /// Another run, which nobody else asks for.
    Again,
}

/// The function of a work item.
pub(crate) trait Run: Send + 'static {
    /// Runs in the context of the item's queue.
    fn run(&mut self) -> Next;
}

/// A work item with its function's data and the queue that it always goes to; dropping it waits for its end. (The
/// kernel's own queues do not wait for the items of a module that goes.)
///
/// An item that always goes to one queue never runs concurrently with itself, so its function has its data
/// to itself.
///
/// # Invariants
///
/// `work` is initialized, [`Self::call`] is its function, and it is queued on `queue` alone.
#[pin_data(PinnedDrop)]
pub(crate) struct Work<T: Run> {
    #[pin]
    work: Opaque<bindings::work_struct>,
    callee: UnsafeCell<T>,
    // The last: it goes when the item has ended.
    queue: Queue,
}

// SAFETY: A work item may be queued and waited for on any CPU. The callee moves between them.
unsafe impl<T: Run> Send for Work<T> {}
// SAFETY: As above. Of the callee, a shared reference shows nothing: the item alone uses it.
unsafe impl<T: Run> Sync for Work<T> {}

impl<T: Run> Work<T> {
    /// An item for `queue` that calls `callee`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(queue: Queue, callee: T) -> Result<Pin<KBox<Self>>> {
        // To lockdep a work item is a lock that is held while the item runs. Items that run in threads, where
        // softirqs may come, and items that run in softirqs have to be of two kinds.
        let (name, key) = if queue.is_bh {
            (c"simrupt::bh_work", static_lock_class!())
        } else {
            (c"simrupt::work", static_lock_class!())
        };
        KBox::pin_init(
            // INVARIANT: Initialized here, and queued by `schedule` alone.
            pin_init!(Self {
                work <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and stays where it is.
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

    /// Asks for a run; `false` when one is asked for already and has not begun. Any context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        // SAFETY: By the type invariant; dropping the item disables it before it goes.
        unsafe {
            bindings::queue_work_on(
                bindings::wq_misc_consts_WORK_CPU_UNBOUND as c_int,
                self.queue.queue.as_ptr(),
                self.work.get(),
            )
        }
    }

    /// Waits for the end of the run that was asked for last.
    pub(crate) fn flush(&self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::flush_work(self.work.get()) };
    }

    /// # Safety
    ///
    /// Called as the function of the item of a `Self`.
    unsafe extern "C" fn call(work: *mut bindings::work_struct) {
        let work = work.cast::<Opaque<bindings::work_struct>>();
        // SAFETY: The item is the field of a `Self`, which waits for it before it goes. By the type invariant
        // it is always on the same queue, and there never runs concurrently with itself; nobody else
        // uses the callee.
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
        // SAFETY: By the type invariant. Nothing can queue the item after this, and nothing runs it.
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
