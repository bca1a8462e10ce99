// SPDX-License-Identifier: GPL-2.0-only

//! Something that is called in hardirq, on the CPU that asked for it: an irq_work, which is a real
//! interrupt.

use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// What is called.
pub(super) trait InHardirq {
    /// In hardirq, with interrupts off. May run on several CPUs at the same time, if they asked at
    /// about the same time.
    fn run(&self);
}

/// An irq_work with what it calls; dropping it waits for the call's end.
#[pin_data(PinnedDrop)]
pub(super) struct HardirqWork<T: InHardirq> {
    #[pin]
    work: Opaque<bindings::irq_work>,
    callee: T,
}

// SAFETY: An irq_work may be queued and waited for on any CPU; it is only touched by its functions.
unsafe impl<T: InHardirq + Send> Send for HardirqWork<T> {}
// SAFETY: As above; the callee is called from any CPU, by shared reference.
unsafe impl<T: InHardirq + Sync> Sync for HardirqWork<T> {}

impl<T: InHardirq> HardirqWork<T> {
    pub(super) fn new(callee: T) -> Result<Pin<KBox<Self>>> {
        let mut work: bindings::irq_work = pin_init::zeroed();
        work.node.__bindgen_anon_1.u_flags = bindings::IRQ_WORK_HARD_IRQ;
        work.func = Some(Self::call);
        KBox::pin_init(
            pin_init!(Self {
                work: Opaque::new(work),
                callee,
            }),
            GFP_KERNEL,
        )
    }

    /// Interrupts this CPU for a call, if that is not under way already. Any context.
    pub(super) fn queue(&self) {
        // SAFETY: The work was set up by `new`, and is waited for before it goes.
        unsafe { bindings::irq_work_queue(self.work.get()) };
    }

    /// Waits for the end of a call that was asked for. Process context.
    pub(super) fn wait(&self) {
        // SAFETY: The work was set up by `new`.
        unsafe { bindings::irq_work_sync(self.work.get()) };
    }

    /// # Safety
    ///
    /// Called as the function of the work of a `Self`.
    unsafe extern "C" fn call(work: *mut bindings::irq_work) {
        let work = work.cast::<Opaque<bindings::irq_work>>();
        // SAFETY: The work is the field of a `Self`, which waits for it before it goes.
        let this = unsafe { &*kernel::container_of!(work, Self, work) };
        this.callee.run();
    }
}

impl<T: InHardirq> core::ops::Deref for HardirqWork<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.callee
    }
}

#[pinned_drop]
impl<T: InHardirq> PinnedDrop for HardirqWork<T> {
    fn drop(self: Pin<&mut Self>) {
        self.wait();
    }
}
