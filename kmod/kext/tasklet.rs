// SPDX-License-Identifier: GPL-2.0-only

//! A tasklet: deferred work in softirq, as before BH workqueues existed. It is here for comparison;
//! new drivers use a BH workqueue. Process context, except for [`Tasklet::schedule`].

use super::{
    shim,
    workqueue::{
        Next,
        Run, //
    }, //
};
use core::cell::UnsafeCell;
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// A tasklet with the data of its function. Dropping it waits until it has ended.
///
/// A tasklet never runs concurrently with itself, so its function has exclusive access to its data.
///
/// # Invariants
///
/// `tasklet` is set up, and [`Self::call`] is its function.
#[pin_data(PinnedDrop)]
pub(crate) struct Tasklet<T: Run> {
    #[pin]
    tasklet: Opaque<bindings::tasklet_struct>,
    callee: UnsafeCell<T>,
}

// SAFETY: Any CPU may schedule a tasklet and wait for it. The callee moves between CPUs, as it is
// `Send`.
unsafe impl<T: Run> Send for Tasklet<T> {}
// SAFETY: As above. A shared reference gives no access to the callee: only the tasklet uses it.
unsafe impl<T: Run> Sync for Tasklet<T> {}

impl<T: Run> Tasklet<T> {
    /// A tasklet that is not scheduled yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(callee: T) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            // INVARIANT: Set up here.
            pin_init!(Self {
                tasklet <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and pinned.
                    unsafe { bindings::tasklet_setup(place, Some(Self::call)) }
                }),
                callee: UnsafeCell::new(callee),
            }),
            GFP_KERNEL,
        )
    }

    /// Asks for a run on this CPU. Returns `false` when an earlier requested run has not begun. Any
    /// context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        // SAFETY: By the type invariant; dropping waits for it before it is freed.
        unsafe { shim::simrupt_tasklet_schedule(self.tasklet.get()) }
    }

    /// # Safety
    ///
    /// Called as the function of the tasklet in a `Self`.
    unsafe extern "C" fn call(tasklet: *mut bindings::tasklet_struct) {
        let tasklet = tasklet.cast::<Opaque<bindings::tasklet_struct>>();
        // SAFETY: The tasklet is a field of a `Self`, which waits for it before it is freed. It
        // never runs concurrently with itself, and nothing else uses the callee.
        let (this, callee) = unsafe {
            let this = &*kernel::container_of!(tasklet, Self, tasklet);
            (this, &mut *this.callee.get())
        };
        if callee.run() == Next::Again {
            this.schedule();
        }
    }
}

#[pinned_drop]
impl<T: Run> PinnedDrop for Tasklet<T> {
    fn drop(self: Pin<&mut Self>) {
        // Waits until it has run for the last request.
        // SAFETY: By the type invariant; nothing schedules it any more.
        unsafe { bindings::tasklet_kill(self.tasklet.get()) };
    }
}
