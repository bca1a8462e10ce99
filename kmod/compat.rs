// SPDX-License-Identifier: GPL-2.0-only

//! What differs between the kernels that this module is built for. Nothing else looks at the kernel's
//! version or configuration.
//!
//! The rest of the module is written for the newest of them; here, the older ones learn its ways.

#[cfg(BEFORE_LINUX_7_3)]
pub(crate) use self::before_7_3::{
    new_spinlock_irq,
    SpinLockIrq,
    ThreadedHandler,
    ThreadedRegistration, //
};
#[cfg(BEFORE_LINUX_7_3)]
use crate::ffi;
use kernel::{
    bindings,
    device::Bound,
    irq::Flags,
    platform,
    prelude::*, //
};
#[cfg(not(BEFORE_LINUX_7_3))]
pub(crate) use kernel::{
    irq::{
        ThreadedHandler,
        ThreadedRegistration, //
    },
    new_spinlock_irq,
    sync::SpinLockIrq, //
};

/// smp_wmb(): before 7.3 a function of its own.
#[inline]
pub(crate) fn write_fence() {
    #[cfg(not(BEFORE_LINUX_7_3))]
    kernel::sync::barrier::smp_mb(kernel::sync::barrier::Write);
    #[cfg(BEFORE_LINUX_7_3)]
    kernel::sync::barrier::smp_wmb();
}

/// smp_rmb(): as above.
#[inline]
pub(crate) fn read_fence() {
    #[cfg(not(BEFORE_LINUX_7_3))]
    kernel::sync::barrier::smp_mb(kernel::sync::barrier::Read);
    #[cfg(BEFORE_LINUX_7_3)]
    kernel::sync::barrier::smp_rmb();
}

/// To smp_call_function_single(), that it shall wait: before 7.3 an int.
#[cfg(not(BEFORE_LINUX_7_3))]
pub(crate) const WAIT: bool = true;
#[cfg(BEFORE_LINUX_7_3)]
pub(crate) const WAIT: c_int = 1;

/// Initializes what is pinned at `place`: before 7.3 that had a name of its own.
///
/// # Safety
///
/// As [`PinInit`] has it.
pub(crate) unsafe fn init_pinned<T>(init: impl PinInit<T, Error>, place: *mut T) -> Result {
    #[cfg(not(BEFORE_LINUX_7_3))]
    // SAFETY: As the caller promises.
    return unsafe { init.__init(place) };
    #[cfg(BEFORE_LINUX_7_3)]
    // SAFETY: As above.
    return unsafe { init.__pinned_init(place) };
}

/// This module, for C: before 7.3 a static that the `module!` macro leaves in the crate's root.
pub(crate) const fn this_module() -> *mut bindings::module {
    #[cfg(not(BEFORE_LINUX_7_3))]
    return kernel::module::this_module::<crate::LocalModule>().as_ptr();
    #[cfg(BEFORE_LINUX_7_3)]
    return crate::THIS_MODULE.as_ptr();
}

/// Requests the first interrupt of a device, with a thread, and leaves it disabled. Since 7.3 a registration must not
/// be leaked.
///
/// # Safety
///
/// The registration is dropped before the device is unbound.
pub(crate) unsafe fn request_threaded_irq<'a, T: ThreadedHandler + 'static>(
    device: &'a platform::Device<Bound>,
    name: &'static CStr,
    handler: T,
) -> impl PinInit<ThreadedRegistration<'a, T>, Error> + 'a {
    const FLAGS: Flags = Flags::NO_AUTOEN;
    #[cfg(not(BEFORE_LINUX_7_3))]
    // SAFETY: As the caller promises.
    return unsafe { device.request_threaded_irq_by_index(FLAGS, 0, name, Ok(handler)) };
    #[cfg(BEFORE_LINUX_7_3)]
    return ThreadedRegistration::new(device, FLAGS, name, handler);
}

#[cfg(BEFORE_LINUX_7_3)]
mod before_7_3 {
    use super::*;
    use core::marker::PhantomData;
    use kernel::{
        device::Device,
        irq::{
            self,
            IrqReturn,
            ThreadedIrqReturn, //
        },
        sync::lock::{
            Backend,
            Lock, //
        },
    };

    /// A handler that is not handed its device.
    pub(crate) trait ThreadedHandler: Sync {
        fn handle(&self) -> ThreadedIrqReturn;
        fn handle_threaded(&self) -> IrqReturn;
    }

    struct Deviceless<T>(T);

    impl<T: ThreadedHandler + 'static> irq::ThreadedHandler for Deviceless<T> {
        fn handle(&self, _device: &Device<Bound>) -> ThreadedIrqReturn {
            self.0.handle()
        }

        fn handle_threaded(&self, _device: &Device<Bound>) -> IrqReturn {
            self.0.handle_threaded()
        }
    }

    /// A registration that knows for how long the device is bound.
    #[pin_data]
    pub(crate) struct ThreadedRegistration<'a, T: ThreadedHandler + 'static> {
        #[pin]
        registration: irq::ThreadedRegistration<Deviceless<T>>,
        _device: PhantomData<&'a Device<Bound>>,
    }

    impl<'a, T: ThreadedHandler + 'static> ThreadedRegistration<'a, T> {
        pub(super) fn new(
            device: &'a platform::Device<Bound>,
            flags: Flags,
            name: &'static CStr,
            handler: T,
        ) -> impl PinInit<Self, Error> + 'a {
            try_pin_init!(Self {
                registration <- device.request_threaded_irq_by_index(
                    flags,
                    0,
                    name,
                    Ok(Deviceless(handler)),
                ),
                _device: PhantomData,
            }? Error)
        }
    }

    /// A spinlock with interrupts off.
    pub(crate) type SpinLockIrq<T> = Lock<T, SpinLockIrqBackend>;

    /// How that is locked. A guard knows whether interrupts were on.
    pub(crate) struct SpinLockIrqBackend;

    // SAFETY: The functions are the kernel's own, which exclude each other.
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
            unsafe { ffi::spin_lock_irqsave(lock) }
        }

        unsafe fn try_lock(lock: *mut Self::State) -> Option<usize> {
            // SAFETY: As the caller promises.
            unsafe { ffi::spin_trylock_irqsave(lock) }
        }

        #[inline]
        unsafe fn unlock(lock: *mut Self::State, flags: &usize) {
            // SAFETY: As the caller promises; the flags are those of the locking.
            unsafe { ffi::spin_unlock_irqrestore(lock, *flags) };
        }

        unsafe fn assert_is_held(lock: *mut Self::State) {
            // SAFETY: As the caller promises.
            unsafe { bindings::spin_assert_is_held(lock) };
        }
    }

    macro_rules! new_spinlock_irq {
        ($inner:expr) => {
            $crate::compat::SpinLockIrq::new(
                $inner,
                ::kernel::optional_name!(),
                ::kernel::static_lock_class!(),
            )
        };
    }
    pub(crate) use new_spinlock_irq;
}
