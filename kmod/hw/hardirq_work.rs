// SPDX-License-Identifier: GPL-2.0-only

//! Something that is called in hardirq, on the CPU that asked for it: an irq_work, which is a real
//! interrupt.

use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// What is called. Any CPU may call it, at any time until the [`HardirqWork`] is waited for: for ever, if that is leaked.
pub(super) trait InHardirq: Send + Sync + 'static {
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

// SAFETY: An irq_work may be queued and waited for on any CPU; it is only touched by its functions. The callee may be
// sent anywhere.
unsafe impl<T: InHardirq> Send for HardirqWork<T> {}
// SAFETY: As above; the callee is called from any CPU, by shared reference, which it allows.
unsafe impl<T: InHardirq> Sync for HardirqWork<T> {}

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

#[kunit_tests(simrupt_hardirq_work)]
mod tests {
    use super::*;
    use crate::{
        clock,
        exclusive::Exclusive,
        ffi::{
            self,
            Context, //
        },
        hw::on_cpu, //
    };

    /// What was seen of the calls.
    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Seen {
        calls: u32,
        in_hardirq: u32,
        cpu: u16,
    }

    struct Witness(Exclusive<Seen>);

    impl InHardirq for Witness {
        fn run(&self) {
            // SAFETY: The tests queue from one CPU at a time, and look after `wait`.
            let seen = unsafe { self.0.get() };
            seen.calls += 1;
            seen.in_hardirq += u32::from(ffi::context() == Context::Hardirq);
            seen.cpu = clock::cpu();
        }
    }

    /// Compiles if all that can be called may be called from any CPU, at any time.
    fn assert_may_be_called_from_anywhere<T: InHardirq>() {
        fn assert_shareable<T: Send + Sync + 'static>() {}
        assert_shareable::<T>();
    }

    fn witness() -> Result<Pin<KBox<HardirqWork<Witness>>>> {
        HardirqWork::new(Witness(Exclusive::new(Seen {
            calls: 0,
            in_hardirq: 0,
            cpu: u16::MAX,
        })))
    }

    /// What was seen once all calls have ended.
    fn seen(work: &HardirqWork<Witness>) -> Seen {
        work.wait();
        // SAFETY: No call is under way.
        *unsafe { work.0.get() }
    }

    #[test]
    fn every_call_is_in_hardirq() -> Result {
        assert_may_be_called_from_anywhere::<Witness>();
        let work = witness()?;
        for _ in 0..1000 {
            work.queue();
            work.wait();
        }
        let Seen {
            calls, in_hardirq, ..
        } = seen(&work);
        assert_eq!(calls, 1000);
        assert_eq!(in_hardirq, 1000);
        Ok(())
    }

    #[test]
    fn the_call_is_on_the_cpu_that_asked() -> Result {
        let mut strays = 0;
        for cpu in 0..kernel::cpu::nr_cpu_ids() {
            let work = witness()?;
            if on_cpu(cpu, &mut || work.queue()).is_ok() && u32::from(seen(&work).cpu) != cpu {
                strays += 1;
            }
        }
        assert_eq!(strays, 0);
        Ok(())
    }

    #[test]
    fn asking_again_before_the_call_is_asking_once() -> Result {
        let work = witness()?;
        // With interrupts off, so that the call has to wait.
        on_cpu(0, &mut || {
            work.queue();
            work.queue();
        })?;
        assert_eq!(seen(&work).calls, 1);
        Ok(())
    }
}
