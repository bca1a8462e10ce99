// SPDX-License-Identifier: GPL-2.0-only

//! How the top half hands over to the bottom half: through a workqueue of the driver's own, of a
//! given flavor, or in one of the ways to compare that with. Process context, but for [`Route`].

use crate::{
    ffi::Context,
    logic::knobs::Flavor, //
};
use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*,
    str::CString,
    workqueue::Queue, //
};

/// The way that the top half takes.
#[derive(Clone, Copy)]
pub(super) enum Route {
    /// Queue the work item that runs in this context. The queue lives as long as the [`Deferral`] that
    /// this is of.
    Queue(NonNull<bindings::workqueue_struct>, Context),
    /// Schedule the tasklet.
    Tasklet,
    /// Wake the interrupt's thread.
    Thread,
    /// Run the bottom half at once. In hardirq only.
    Direct,
}

// SAFETY: Workqueues may be used from any thread.
unsafe impl Send for Route {}

/// A way to defer work; dropping it drains and destroys its queue, if it has one.
pub(crate) struct Deferral {
    flavor: Flavor,
    route: Route,
}

// SAFETY: Workqueues may be used and destroyed from any thread.
unsafe impl Send for Deferral {}
// SAFETY: As above.
unsafe impl Sync for Deferral {}

impl Deferral {
    /// Makes what the flavor needs. A workqueue is named `simrupt<line>-<flavor>`.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(line: usize, flavor: Flavor) -> Result<Self> {
        let route = match means(flavor) {
            Means::Workqueue(flags, max_active) => {
                let queue = new_queue(line, flavor, flags, max_active)?;
                let is_softirq = flags & bindings::wq_flags_WQ_BH != 0;
                let context = if is_softirq {
                    Context::Softirq
                } else {
                    Context::Task
                };
                Route::Queue(queue, context)
            }
            Means::Other(route) => route,
        };
        Ok(Self { flavor, route })
    }

    /// What kind it is.
    pub(crate) fn flavor(&self) -> Flavor {
        self.flavor
    }

    /// The way that a top half takes that runs in this context, for as long as this lives.
    ///
    /// A top half that is a thread leaves all of the bottom half to the interrupt's other thread, also with flavor
    /// `none`. Until a thread of the interrupt has returned, genirq takes further interrupts for unhandled.
    pub(super) fn route(&self, top_half: Context) -> Route {
        match (self.route, top_half) {
            (Route::Direct, Context::Task | Context::Softirq) => Route::Thread,
            (route, _) => route,
        }
    }

    /// In which context the bottom half runs, when the top half runs in this one. With PREEMPT_RT, softirqs run in
    /// threads, but the kernel's queries still tell them from tasks.
    pub(super) fn context(&self, top_half: Context) -> Context {
        match self.route(top_half) {
            Route::Queue(_, context) => context,
            Route::Tasklet => Context::Softirq,
            Route::Thread => Context::Task,
            Route::Direct => top_half,
        }
    }

    /// The workqueue, if it is one, and the context in which its items run.
    pub(super) fn queue(&self) -> Option<(&Queue, Context)> {
        match self.route {
            Route::Queue(queue, context) => {
                // SAFETY: The queue is ours and lives as long as `self`.
                let queue = unsafe { Queue::from_raw(queue.as_ptr()) };
                Some((queue, context))
            }
            Route::Tasklet | Route::Thread | Route::Direct => None,
        }
    }
}

impl Drop for Deferral {
    fn drop(&mut self) {
        if let Route::Queue(queue, _) = self.route {
            // SAFETY: The queue is ours; nobody queues on it any more, or the kernel would warn.
            unsafe { bindings::destroy_workqueue(queue.as_ptr()) };
        }
    }
}

/// Makes the workqueue `simrupt<line>-<flavor>`.
fn new_queue(
    line: usize,
    flavor: Flavor,
    flags: c_uint,
    max_active: c_int,
) -> Result<NonNull<bindings::workqueue_struct>> {
    let name = CString::try_from_fmt(fmt!("simrupt{}-{}", line, flavor.name()))?;
    // SAFETY: The format takes one string, and the name is one; both are copied.
    let queue = unsafe {
        bindings::alloc_workqueue_noprof(c"%s".as_char_ptr(), flags, max_active, name.as_char_ptr())
    };
    NonNull::new(queue).ok_or(ENOMEM)
}

/// What a flavor needs.
enum Means {
    /// A workqueue with these flags, and so many of its work items running at once (0: the default).
    Workqueue(c_uint, c_int),
    /// Only to go this way.
    Other(Route),
}

/// What each flavor is made of.
///
/// Every queue names either WQ_PERCPU or WQ_UNBOUND, or the kernel warns. WQ_BH allows nothing
/// else but WQ_HIGHPRI, so only the other flavors can be tuned in sysfs. The ordered one is what
/// alloc_ordered_workqueue() makes.
fn means(flavor: Flavor) -> Means {
    use bindings::{
        wq_flags_WQ_BH as BH,
        wq_flags_WQ_CPU_INTENSIVE as CPU_INTENSIVE,
        wq_flags_WQ_HIGHPRI as HIGHPRI,
        wq_flags_WQ_PERCPU as PERCPU,
        wq_flags_WQ_SYSFS as SYSFS,
        wq_flags_WQ_UNBOUND as UNBOUND,
        wq_flags___WQ_ORDERED as ORDERED, //
    };
    match flavor {
        Flavor::Bound => Means::Workqueue(PERCPU | SYSFS, 0),
        Flavor::Unbound => Means::Workqueue(UNBOUND | SYSFS, 0),
        Flavor::Bh => Means::Workqueue(BH | PERCPU, 0),
        Flavor::Ordered => Means::Workqueue(UNBOUND | ORDERED | SYSFS, 1),
        Flavor::Highpri => Means::Workqueue(PERCPU | HIGHPRI | SYSFS, 0),
        Flavor::UnboundHighpri => Means::Workqueue(UNBOUND | HIGHPRI | SYSFS, 0),
        Flavor::BhHighpri => Means::Workqueue(BH | HIGHPRI | PERCPU, 0),
        Flavor::CpuIntensive => Means::Workqueue(PERCPU | CPU_INTENSIVE | SYSFS, 0),
        Flavor::None => Means::Other(Route::Direct),
        Flavor::IrqThread => Means::Other(Route::Thread),
        Flavor::Tasklet => Means::Other(Route::Tasklet),
    }
}

#[kunit_tests(simrupt_deferral)]
mod tests {
    use super::*;
    use crate::{
        ffi,
        work, //
    };
    use kernel::{
        new_work,
        sync::{
            atomic::{
                Atomic,
                Relaxed, //
            },
            Arc, //
        },
        workqueue::Work, //
    };

    /// Beyond all lines, so that the names are not those of queues in use.
    const LINE: usize = 99;

    /// Notes where its work items ran.
    #[pin_data]
    struct Witness {
        #[pin]
        work: Work<Self, { work::THREAD }>,
        #[pin]
        softirq_work: Work<Self, { work::SOFTIRQ }>,
        /// A [`Context`] as a number, and one more; 0 before they ran.
        seen: Atomic<u32>,
    }

    work::impl_works! {
        Witness { thread: work, softirq: softirq_work, run: |this: &Witness| this.note() }
    }

    fn number(context: Context) -> u32 {
        context as u32 + 1
    }

    impl Witness {
        fn note(&self) {
            self.seen.store(number(ffi::context()), Relaxed);
        }
    }

    /// Where a work item runs on a queue that ought to run it in `context`.
    fn where_it_runs(queue: &Queue, context: Context) -> Result<u32> {
        let witness = Arc::pin_init(
            pin_init!(Witness {
                work <- new_work!("simrupt::kunit"),
                softirq_work <- new_work!("simrupt::kunit_softirq"),
                seen: Atomic::new(0),
            }),
            GFP_KERNEL,
        )?;
        work::enqueue(queue, context, witness.clone());
        witness.flush_works();
        Ok(witness.seen.load(Relaxed))
    }

    #[test]
    fn a_work_item_runs_where_its_flavor_says() -> Result {
        for &flavor in Flavor::ALL {
            let deferral = Deferral::new(LINE, flavor)?;
            let wrong = match deferral.queue() {
                Some((queue, context)) => where_it_runs(queue, context)? != number(context),
                None => false,
            };
            if wrong {
                pr_err!("{}: in the wrong context\n", flavor.name());
            }
            assert!(!wrong);
        }
        Ok(())
    }

    #[test]
    fn every_flavor_but_three_is_a_workqueue() -> Result {
        for &flavor in Flavor::ALL {
            let has_queue = Deferral::new(LINE, flavor)?.queue().is_some();
            let is_other = matches!(flavor, Flavor::None | Flavor::IrqThread | Flavor::Tasklet);
            assert!(has_queue != is_other);
        }
        Ok(())
    }
}
