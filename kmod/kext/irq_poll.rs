// SPDX-License-Identifier: GPL-2.0-only

//! An irq_poll: what block drivers have in the place of NAPI, with a softirq of its own. Process context, but for
//! [`IrqPoll::schedule`].

use super::{
    poll_request::{
        PollRequest,
        WEIGHT, //
    },
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
    sync::barrier,
    types::Opaque, //
};

/// smp_mb(): before Linux 7.3 without an argument.
#[inline]
fn full_fence() {
    #[cfg(not(BEFORE_LINUX_7_3))]
    barrier::smp_mb(barrier::Full);
    #[cfg(BEFORE_LINUX_7_3)]
    barrier::smp_mb();
}

/// An irq_poll with its function's data; dropping it waits for its end.
///
/// An irq_poll never runs concurrently with itself, so its function has its data to itself.
///
/// # Invariants
///
/// `poll` is initialized and enabled, and [`Self::call`] is its function.
#[pin_data(PinnedDrop)]
pub(crate) struct IrqPoll<T: Run> {
    #[pin]
    poll: Opaque<shim::irq_poll>,
    request: PollRequest,
    callee: UnsafeCell<T>,
}

// SAFETY: An irq_poll may be scheduled and waited for on any CPU. The callee moves between them.
unsafe impl<T: Run> Send for IrqPoll<T> {}
// SAFETY: As above. Of the callee, a shared reference shows nothing: the irq_poll alone uses it.
unsafe impl<T: Run> Sync for IrqPoll<T> {}

impl<T: Run> IrqPoll<T> {
    /// An irq_poll that nobody has scheduled yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(callee: T) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            // INVARIANT: Initialized here, which enables it.
            pin_init!(Self {
                poll <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and stays where it is.
                    unsafe { shim::irq_poll_init(place, WEIGHT, Some(Self::call)) }
                }),
                request: PollRequest::new(),
                callee: UnsafeCell::new(callee),
            }),
            GFP_KERNEL,
        )
    }

    /// Asks for a run on this CPU; `false` when one is asked for already and has not begun. Any context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        let is_new = self.request.make();
        if is_new {
            // Does nothing while a poll is under way: that one looks for the request when it has ended.
            // SAFETY: By the type invariant; it is waited for before it goes.
            unsafe { shim::irq_poll_sched(self.poll.get()) };
        }
        is_new
    }

    /// Returns how much of the budget was used up.
    ///
    /// # Safety
    ///
    /// Called as the function of the irq_poll of a `Self`.
    unsafe extern "C" fn call(poll: *mut shim::irq_poll, _budget: c_int) -> c_int {
        let place = poll.cast::<Opaque<shim::irq_poll>>();
        // SAFETY: The irq_poll is the field of a `Self`, which waits for it, and for softirqs that are under way, before it
        // goes.
        let this = unsafe { &*kernel::container_of!(place, Self, poll) };
        // SAFETY: It never runs concurrently with itself, and nobody else uses the callee.
        let next = this.request.serve(|| unsafe { (*this.callee.get()).run() });
        if next == Some(Next::Again) {
            // A poll that has used up its budget is followed by another one.
            return WEIGHT;
        }
        // SAFETY: By the type invariant; the poll is this one, and ends here.
        unsafe { shim::irq_poll_complete(poll) };
        // Either the top half saw that the poll had ended, or its request is seen here. Both may be so: then the poll
        // that comes last finds no request.
        full_fence();
        if this.request.is_made() {
            // SAFETY: By the type invariant.
            unsafe { shim::irq_poll_sched(poll) };
        }
        next.is_some().into()
    }
}

#[pinned_drop]
impl<T: Run> PinnedDrop for IrqPoll<T> {
    fn drop(self: Pin<&mut Self>) {
        // A poll that is disabled is not scheduled again, so the last run must have begun.
        self.request.wait_until_taken();
        // SAFETY: By the type invariant; nobody schedules it any more. The function still looks for requests when the poll
        // has ended. It is called in a softirq, which is a read-side critical section of RCU, on PREEMPT_RT as well.
        unsafe {
            shim::irq_poll_disable(self.poll.get());
            bindings::synchronize_rcu();
        }
    }
}
