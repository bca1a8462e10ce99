// SPDX-License-Identifier: GPL-2.0-only

//! NAPI: the bottom half of network drivers, in softirq or in a thread of its own. Process context,
//! except for [`Napi::schedule`].

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
use core::{
    cell::UnsafeCell,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::to_result,
    fmt,
    prelude::*,
    str::CString,
    types::Opaque, //
};

/// The place where polls run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the softirq NET_RX.
    Softirq,
    /// In a thread `napi/<name>-<number>`, with softirqs disabled.
    Thread,
}

/// A network device that is never registered and gets no packets: NAPI needs one.
///
/// # Invariants
///
/// `device` is live and not registered, and nothing else frees it.
struct Device {
    device: NonNull<bindings::net_device>,
}

// SAFETY: Any thread may use and free a device that is not registered.
unsafe impl Send for Device {}
// SAFETY: As above.
unsafe impl Sync for Device {}

impl Device {
    /// A device with that name, truncated to 15 bytes: the thread is named after it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn new(name: fmt::Arguments<'_>) -> Result<Self> {
        let name = CString::try_from_fmt(name)?;
        // SAFETY: The size of its private data is 0.
        let device = NonNull::new(unsafe { shim::alloc_netdev_dummy(0) }).ok_or(ENOMEM)?;
        // SAFETY: The device was just made; the name is copied.
        unsafe { shim::simrupt_net_device_set_name(device.as_ptr(), name.as_char_ptr()) };
        // INVARIANT: It was just made, and nothing else has it.
        Ok(Self { device })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: By the type invariant. The [`Napi`] that was added to it is deleted.
        unsafe { shim::free_netdev(self.device.as_ptr()) };
    }
}

/// A NAPI context with the data of its function. Dropping it waits until it has ended.
///
/// NAPI never polls a context concurrently with itself, so the function has exclusive access to its
/// data.
///
/// # Invariants
///
/// `napi` is added to `device`, and [`Self::call`] is its function. It is enabled when the value is
/// dropped.
#[pin_data(PinnedDrop)]
pub(crate) struct Napi<T: Run> {
    #[pin]
    napi: Opaque<shim::napi_struct>,
    request: PollRequest,
    callee: UnsafeCell<T>,
    // The last field: dropped after the context was deleted from it.
    device: Device,
}

// SAFETY: Any CPU may schedule NAPI and wait for it. The callee moves between CPUs, as it is
// `Send`.
unsafe impl<T: Run> Send for Napi<T> {}
// SAFETY: As above. A shared reference gives no access to the callee: only NAPI uses it.
unsafe impl<T: Run> Sync for Napi<T> {}

impl<T: Run> Napi<T> {
    /// A NAPI context that is not scheduled yet, on a device of that name.
    ///
    /// # Errors
    ///
    /// `ENOMEM`, and the errors of creating a thread.
    pub(crate) fn new(
        place: Place,
        name: fmt::Arguments<'_>,
        callee: T,
    ) -> Result<Pin<KBox<Self>>> {
        let device = Device::new(name)?;
        let net_device = device.device.as_ptr();
        let this = KBox::pin_init(
            pin_init!(Self {
                napi <- Opaque::ffi_init(|place: *mut shim::napi_struct| {
                    // SAFETY: `place` is valid for writing, and pinned. The device is live.
                    unsafe {
                        place.write_bytes(0, 1);
                        shim::simrupt_napi_add(net_device, place, Some(Self::call));
                    }
                }),
                request: PollRequest::new(),
                callee: UnsafeCell::new(callee),
                device,
            }),
            GFP_KERNEL,
        )?;
        let outcome = match place {
            Place::Softirq => Ok(()),
            // SAFETY: The device is live.
            Place::Thread => to_result(unsafe { shim::simrupt_napi_set_threaded(net_device) }),
        };
        // Also after an error: a context must be enabled when it is dropped.
        // INVARIANT: The context was added above.
        // SAFETY: As above.
        unsafe { shim::napi_enable(this.napi.get()) };
        outcome.map(|()| this)
    }

    /// Asks for a run: in softirq on this CPU, or in the thread. Returns `false` when an earlier
    /// requested run has not begun. Any context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        let is_new = self.request.make();
        // During a poll, NAPI notes the request as missed, and polls once more. A request whose run
        // has not begun is not repeated: NAPI would note that as well, and make a needless poll.
        // SAFETY: By the type invariant; dropping waits for it before it is freed.
        unsafe {
            if is_new && shim::napi_schedule_prep(self.napi.get()) {
                shim::__napi_schedule(self.napi.get());
            }
        }
        is_new
    }

    /// Returns the used part of the budget.
    ///
    /// # Safety
    ///
    /// Called as the function of the NAPI context in a `Self`.
    unsafe extern "C" fn call(napi: *mut shim::napi_struct, _budget: c_int) -> c_int {
        let place = napi.cast::<Opaque<shim::napi_struct>>();
        // SAFETY: The context is a field of a `Self`, which waits for it before it is freed.
        let this = unsafe { &*kernel::container_of!(place, Self, napi) };
        // SAFETY: It never runs concurrently with itself, and nothing else uses the callee.
        let next = this.request.serve(|| unsafe { (*this.callee.get()).run() });
        if next == Some(Next::Again) {
            // After a poll that has used up its budget, the kernel polls again.
            return WEIGHT;
        }
        let done = next.is_some().into();
        // SAFETY: By the type invariant; this poll ends here.
        unsafe { shim::napi_complete_done(napi, done) };
        done
    }
}

#[pinned_drop]
impl<T: Run> PinnedDrop for Napi<T> {
    fn drop(self: Pin<&mut Self>) {
        // A NAPI context that is being disabled is not scheduled any more, so the last requested
        // run must have begun before.
        self.request.wait_until_taken();
        // SAFETY: By the type invariant; nothing schedules it any more. The first call waits until
        // the poll has ended. The second one ends the thread, and waits for softirqs in progress.
        unsafe {
            shim::napi_disable(self.napi.get());
            shim::simrupt_napi_del(self.napi.get());
        }
    }
}
