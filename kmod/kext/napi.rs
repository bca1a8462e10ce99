// SPDX-License-Identifier: GPL-2.0-only

//! NAPI: what network drivers have in the place of a bottom half, in softirq or in a thread of its own. Process
//! context, but for [`Napi::schedule`].

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

/// Where polls run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the softirq NET_RX.
    Softirq,
    /// In a thread `napi/<name>-<number>`, with softirqs disabled.
    Thread,
}

/// A network device that no packet ever gets to, and that nobody sees: NAPI wants one.
///
/// # Invariants
///
/// `device` is live and not registered, and nobody else frees it.
struct Device {
    device: NonNull<bindings::net_device>,
}

// SAFETY: A device that is not registered may be used and freed from any thread.
unsafe impl Send for Device {}
// SAFETY: As above.
unsafe impl Sync for Device {}

impl Device {
    /// A device of that name, as far as 15 bytes hold it: the thread is named after it.
    ///
    /// # Errors
    ///
    /// `ENOMEM`.
    fn new(name: fmt::Arguments<'_>) -> Result<Self> {
        let name = CString::try_from_fmt(name)?;
        // SAFETY: It has no private data.
        let device = NonNull::new(unsafe { shim::alloc_netdev_dummy(0) }).ok_or(ENOMEM)?;
        // SAFETY: The device was just made; the name is copied.
        unsafe { shim::simrupt_net_device_set_name(device.as_ptr(), name.as_char_ptr()) };
        // INVARIANT: Nobody else has it.
        Ok(Self { device })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: By the type invariant. A [`Napi`] that was added to it is deleted.
        unsafe { shim::free_netdev(self.device.as_ptr()) };
    }
}

/// A NAPI context with its function's data; dropping it waits for its end.
///
/// NAPI never polls a context concurrently with itself, so the function has its data to itself.
///
/// # Invariants
///
/// `napi` is added to `device`, and [`Self::call`] is its function. When the value is dropped, it is enabled.
#[pin_data(PinnedDrop)]
pub(crate) struct Napi<T: Run> {
    #[pin]
    napi: Opaque<shim::napi_struct>,
    request: PollRequest,
    callee: UnsafeCell<T>,
    // The last: it goes when nothing is added to it any more.
    device: Device,
}

// SAFETY: NAPI may be scheduled and waited for on any CPU. The callee moves between them.
unsafe impl<T: Run> Send for Napi<T> {}
// SAFETY: As above. Of the callee, a shared reference shows nothing: NAPI alone uses it.
unsafe impl<T: Run> Sync for Napi<T> {}

impl<T: Run> Napi<T> {
    /// A NAPI context that nobody has scheduled yet, on a device of that name.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; those of making a thread.
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
                    // SAFETY: `place` is valid for writing, and stays where it is. The device is live.
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
        // In any case: what is dropped must be enabled.
        // INVARIANT: The context was added above.
        // SAFETY: As above.
        unsafe { shim::napi_enable(this.napi.get()) };
        outcome.map(|()| this)
    }

    /// Asks for a run, in softirq on this CPU; `false` when one is asked for already and has not begun. Any context.
    #[inline]
    pub(crate) fn schedule(&self) -> bool {
        let is_new = self.request.make();
        // While a poll is under way, NAPI notes that it was missed, and polls once more. A request that has not begun to
        // be served must not be made again: that would be noted as well, and lead to a poll for nothing.
        // SAFETY: By the type invariant; it is waited for before it goes.
        unsafe {
            if is_new && shim::napi_schedule_prep(self.napi.get()) {
                shim::__napi_schedule(self.napi.get());
            }
        }
        is_new
    }

    /// Returns how much of the budget was used up.
    ///
    /// # Safety
    ///
    /// Called as the function of the NAPI context of a `Self`.
    unsafe extern "C" fn call(napi: *mut shim::napi_struct, _budget: c_int) -> c_int {
        let place = napi.cast::<Opaque<shim::napi_struct>>();
        // SAFETY: The context is the field of a `Self`, which waits for it before it goes.
        let this = unsafe { &*kernel::container_of!(place, Self, napi) };
        // SAFETY: It never runs concurrently with itself, and nobody else uses the callee.
        let next = this.request.serve(|| unsafe { (*this.callee.get()).run() });
        if next == Some(Next::Again) {
            // A poll that has used up its budget is followed by another one.
            return WEIGHT;
        }
        let done = next.is_some().into();
        // SAFETY: By the type invariant; the poll is this one, and ends here.
        unsafe { shim::napi_complete_done(napi, done) };
        done
    }
}

#[pinned_drop]
impl<T: Run> PinnedDrop for Napi<T> {
    fn drop(self: Pin<&mut Self>) {
        // A NAPI context that is being disabled is not scheduled any more, so the last run must have begun.
        self.request.wait_until_taken();
        // SAFETY: By the type invariant; nobody schedules it any more. The first waits for the end of the poll, the
        // second ends the thread, and waits for softirqs that are under way.
        unsafe {
            shim::napi_disable(self.napi.get());
            shim::simrupt_napi_del(self.napi.get());
        }
    }
}
