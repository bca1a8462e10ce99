// SPDX-License-Identifier: GPL-2.0-only

//! A function that is called in hardirq, on the CPU that requests it: an irq_work, which is a real
//! interrupt on every kernel, PREEMPT_RT included. Process context, except for [`IrqWork::queue`].

use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// The function of an [`IrqWork`].
pub(crate) trait InHardirq: Send + Sync + 'static {
    /// Runs in hardirq, with interrupts off. Several CPUs may run it at the same time, if each
    /// requested it.
    fn run(&self);
}

/// An irq_work with the data of its function. Dropping it waits until the call has ended.
#[pin_data(PinnedDrop)]
pub(crate) struct IrqWork<T: InHardirq> {
    #[pin]
    work: Opaque<bindings::irq_work>,
    callee: T,
}

// SAFETY: Any CPU may queue an irq_work and wait for it, and only the kernel's functions access it.
unsafe impl<T: InHardirq> Send for IrqWork<T> {}
// SAFETY: As above; the callee is `Sync`, and is called with a shared reference.
unsafe impl<T: InHardirq> Sync for IrqWork<T> {}

impl<T: InHardirq> IrqWork<T> {
    /// An irq_work that calls `callee`, not queued yet.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    pub(crate) fn new(callee: T) -> Result<Pin<KBox<Self>>> {
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

    /// Interrupts this CPU for a call, unless a call is already pending. Any context.
    pub(crate) fn queue(&self) {
        // SAFETY: `new` has set the work up, and dropping waits for it before it is freed.
        unsafe { bindings::irq_work_queue(self.work.get()) };
    }

    /// The irq_work that calls `callee`.
    ///
    /// # Safety
    ///
    /// `callee` is the callee of an irq_work that outlives the returned reference.
    pub(super) unsafe fn of_callee<'a>(callee: *const T) -> &'a Self {
        // SAFETY: As the caller promises.
        unsafe { &*kernel::container_of!(callee, Self, callee) }
    }

    /// Waits until a requested call has ended. If calls overlap on several CPUs, the kernel may
    /// take the end of one for the end of all.
    pub(crate) fn wait(&self) {
        // SAFETY: `new` has set the work up.
        unsafe { bindings::irq_work_sync(self.work.get()) };
    }

    /// # Safety
    ///
    /// Called as the function of the work in a `Self`.
    unsafe extern "C" fn call(work: *mut bindings::irq_work) {
        let work = work.cast::<Opaque<bindings::irq_work>>();
        // SAFETY: The work is a field of a `Self`, which waits for it before it is freed.
        let this = unsafe { &*kernel::container_of!(work, Self, work) };
        this.callee.run();
    }
}

impl<T: InHardirq> core::ops::Deref for IrqWork<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.callee
    }
}

#[pinned_drop]
impl<T: InHardirq> PinnedDrop for IrqWork<T> {
    fn drop(self: Pin<&mut Self>) {
        self.wait();
        // A call that was overlooked has interrupts off, so a grace period of RCU waits for it.
        // SAFETY: The function may be called where sleeping is allowed.
        unsafe { bindings::synchronize_rcu_expedited() };
    }
}

#[kernel::macros::kunit_tests(simrupt_irq_work)]
mod tests {
    use super::*;
    use crate::kext::{
        context::{
            context,
            Context, //
        },
        context_cell::ContextCell,
        cpu, //
    };

    /// The calls so far.
    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Seen {
        calls: u32,
        in_hardirq: u32,
        cpu: u16,
    }

    struct Witness(ContextCell<Seen>);

    impl InHardirq for Witness {
        fn run(&self) {
            self.0.with(|seen| {
                seen.calls += 1;
                seen.in_hardirq += u32::from(context() == Context::Hardirq);
                seen.cpu = cpu::current();
            });
        }
    }

    fn witness() -> Result<Pin<KBox<IrqWork<Witness>>>> {
        IrqWork::new(Witness(ContextCell::new(Seen {
            calls: 0,
            in_hardirq: 0,
            cpu: u16::MAX,
        })))
    }

    /// The calls so far, after all of them have ended.
    fn seen(work: &IrqWork<Witness>) -> Result<Seen> {
        work.wait();
        work.0.with(|seen| *seen).ok_or(EBUSY)
    }

    #[test]
    fn every_call_is_in_hardirq() -> Result {
        let work = witness()?;
        for _ in 0..1000 {
            work.queue();
            work.wait();
        }
        let Seen {
            calls, in_hardirq, ..
        } = seen(&work)?;
        assert_eq!(calls, 1000);
        assert_eq!(in_hardirq, 1000);
        Ok(())
    }

    #[test]
    fn the_call_is_on_the_cpu_that_asked() -> Result {
        let mut strays = 0;
        for cpu in 0..kernel::cpu::nr_cpu_ids() {
            let work = witness()?;
            if cpu::on(cpu, &mut || work.queue()).is_ok() && u32::from(seen(&work)?.cpu) != cpu {
                strays += 1;
            }
        }
        assert_eq!(strays, 0);
        Ok(())
    }

    #[test]
    fn asking_again_before_the_call_is_asking_once() -> Result {
        let work = witness()?;
        // With interrupts off, so that the call must wait.
        cpu::on(0, &mut || {
            work.queue();
            work.queue();
        })?;
        assert_eq!(seen(&work)?.calls, 1);
        Ok(())
    }
}
