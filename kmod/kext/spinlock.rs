// SPDX-License-Identifier: GPL-2.0-only

//! Spinlocks with interrupts off, which the kernel crate has since Linux 7.3. Any context.

#[cfg(BEFORE_LINUX_7_3)]
pub(crate) use self::before_7_3::{
    new_spinlock_irq,
    SpinLockIrq, //
};
#[cfg(not(BEFORE_LINUX_7_3))]
pub(crate) use kernel::{
    new_spinlock_irq,
    sync::SpinLockIrq, //
};

#[cfg(BEFORE_LINUX_7_3)]
mod before_7_3 {
    use super::super::shim;
    use kernel::{
        bindings,
        prelude::*,
        sync::lock::{
            Backend,
            Lock, //
        },
    };

    /// A spinlock with interrupts off.
    pub(crate) type SpinLockIrq<T> = Lock<T, SpinLockIrqBackend>;

    /// The backend of that lock. A guard stores whether interrupts were on.
    pub(crate) struct SpinLockIrqBackend;

    // SAFETY: The functions are those of the kernel's spinlocks, which provide mutual exclusion.
    unsafe impl Backend for SpinLockIrqBackend {
        type State = bindings::spinlock_t;
        type GuardState = usize;

        unsafe fn init(
            place: *mut Self::State,
            name: *const c_char,
            key: *mut bindings::lock_class_key,
        ) {
            // SAFETY: As the caller promises.
            unsafe { bindings::__spin_lock_init(place, name, key) };
        }

        #[inline]
        unsafe fn lock(lock: *mut Self::State) -> usize {
            // SAFETY: As the caller promises.
            unsafe { shim::simrupt_spin_lock_irqsave(lock) }
        }

        unsafe fn try_lock(lock: *mut Self::State) -> Option<usize> {
            let mut flags = 0;
            // SAFETY: As the caller promises.
            unsafe { shim::simrupt_spin_trylock_irqsave(lock, &mut flags) }.then_some(flags)
        }

        #[inline]
        unsafe fn unlock(lock: *mut Self::State, flags: &usize) {
            // SAFETY: As the caller promises; the flags come from the call that took the lock.
            unsafe { shim::simrupt_spin_unlock_irqrestore(lock, *flags) };
        }

        unsafe fn assert_is_held(lock: *mut Self::State) {
            // SAFETY: As the caller promises.
            unsafe { bindings::spin_assert_is_held(lock) };
        }
    }

    macro_rules! new_spinlock_irq {
        ($inner:expr) => {
            $crate::kext::spinlock::SpinLockIrq::new(
                $inner,
                ::kernel::optional_name!(),
                ::kernel::static_lock_class!(),
            )
        };
    }
    pub(crate) use new_spinlock_irq;
}
