// SPDX-License-Identifier: GPL-2.0-only

//! A tasklet: softirq work as drivers had it before workqueues had a flavor for it. Here to compare with; new
//! drivers take a BH workqueue. Process context, but for [`Tasklet::schedule`].

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

/// A tasklet with its function's data; dropping it waits for its end.
///
/// A tasklet never runs concurrently with itself, so its function has its data to itself.
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

// SAFETY: A tasklet may be scheduled and waited for on any CPU. The callee moves between them.
unsafe impl<T: Run> Send for Tasklet<T> {}
// SAFETY: As above. Of the callee, a shared reference shows nothing: the tasklet alone uses it.
unsafe impl<T: Run> Sync for Tasklet<T> {}

impl<T: Run> Tasklet<T> {
    /// A tasklet that nobody has scheduled yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(callee: T) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            // INVARIANT: Set up here.
            pin_init!(Self {
                tasklet <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and stays where it is.
                    unsafe { bindings::tasklet_setup(place, Some(Self::call)) }
                }),
                callee: UnsafeCell::new(callee),
            }),
            GFP_KERNEL,
        )
    }

    /// Asks for a run on this CPU; `false` when one is asked for already and has not begun. Any context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        // SAFETY: By the type invariant; it is waited for before it goes.
        unsafe { shim::simrupt_tasklet_schedule(self.tasklet.get()) }
    }

    /// # Safety
    ///
    /// Called as the function of the tasklet of a `Self`.
    unsafe extern "C" fn call(tasklet: *mut bindings::tasklet_struct) {
        let tasklet = tasklet.cast::<Opaque<bindings::tasklet_struct>>();
        // SAFETY: The tasklet is the field of a `Self`, which waits for it before it goes. It never runs
        // concurrently with itself, and nobody else uses the callee.
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
        // Waits until it has run as often as it was scheduled.
        // SAFETY: By the type invariant; nobody schedules it any more.
        unsafe { bindings::tasklet_kill(self.tasklet.get()) };
    }
}
