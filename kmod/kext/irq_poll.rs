// SPDX-License-Identifier: GPL-2.0-only

//! An irq_poll: the counterpart of NAPI for block drivers, with a softirq of its own. Process
//! context, except for [`IrqPoll::schedule`].

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

/// smp_mb(), which has no argument before Linux 7.3.
#[inline]
fn full_fence() {
    #[cfg(not(BEFORE_LINUX_7_3))]
    barrier::smp_mb(barrier::Full);
    #[cfg(BEFORE_LINUX_7_3)]
    barrier::smp_mb();
}

/// An irq_poll with the data of its function. Dropping it waits until it has ended.
///
/// An irq_poll never runs concurrently with itself, so its function has exclusive access to its
/// data.
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

// SAFETY: Any CPU may schedule an irq_poll and wait for it. The callee moves between CPUs, as it is
// `Send`.
unsafe impl<T: Run> Send for IrqPoll<T> {}
// SAFETY: As above. A shared reference gives no access to the callee: only the irq_poll uses it.
unsafe impl<T: Run> Sync for IrqPoll<T> {}

impl<T: Run> IrqPoll<T> {
    /// An irq_poll that is not scheduled yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(callee: T) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            // INVARIANT: Initialized here, which enables it.
            pin_init!(Self {
                poll <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and pinned.
                    unsafe { shim::irq_poll_init(place, WEIGHT, Some(Self::call)) }
                }),
                request: PollRequest::new(),
                callee: UnsafeCell::new(callee),
            }),
            GFP_KERNEL,
        )
    }

    /// Asks for a run on this CPU. Returns `false` when an earlier requested run has not begun. Any
    /// context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        let is_new = self.request.make();
        if is_new {
            // Has no effect during a poll; that poll checks for the request at its end.
            // SAFETY: By the type invariant; dropping waits for it before it is freed.
            unsafe { shim::irq_poll_sched(self.poll.get()) };
        }
        is_new
    }

    /// Returns the used part of the budget.
    ///
    /// # Safety
    ///
    /// Called as the function of the irq_poll in a `Self`.
    unsafe extern "C" fn call(poll: *mut shim::irq_poll, _budget: c_int) -> c_int {
        let place = poll.cast::<Opaque<shim::irq_poll>>();
        // SAFETY: The irq_poll is a field of a `Self`. That `Self` waits for the irq_poll, and for
        // softirqs in progress, before it is freed.
        let this = unsafe { &*kernel::container_of!(place, Self, poll) };
        // SAFETY: It never runs concurrently with itself, and nothing else uses the callee.
        let next = this.request.serve(|| unsafe { (*this.callee.get()).run() });
        if next == Some(Next::Again) {
            // After a poll that has used up its budget, the kernel polls again.
            return WEIGHT;
        }
        // SAFETY: By the type invariant; this poll ends here.
        unsafe { shim::irq_poll_complete(poll) };
        // Either the top half sees that the poll has ended, or its request is seen here. Both may
        // happen; then the last poll finds no request.
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
        // A disabled irq_poll is not scheduled again, so the last requested run must have begun
        // before.
        self.request.wait_until_taken();
        // SAFETY: By the type invariant; nothing schedules it any more. The function still checks
        // for requests after the poll has ended. It runs in a softirq, which is a read-side
        // critical section of RCU, also on PREEMPT_RT, so synchronize_rcu() waits for it.
        unsafe {
            shim::irq_poll_disable(self.poll.get());
            bindings::synchronize_rcu();
        }
    }
}
