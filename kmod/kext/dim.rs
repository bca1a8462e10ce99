// SPDX-License-Identifier: GPL-2.0-only

//! Dynamic interrupt moderation: the kernel's `net_dim()` chooses, from samples of the traffic, how
//! long and how many packets wait for an interrupt. Process context, except for [`Dim::sample`].

use super::{
    errno::eopnotsupp,
    shim, //
};
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// The limits of a profile, which decide when a device interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// The longest time that a packet waits, in microseconds.
    pub(crate) usecs: u16,
    /// The number of waiting packets that ends the wait.
    pub(crate) packets: u16,
}

/// Puts profiles in force.
pub(crate) trait Moderate: Send + Sync + 'static {
    /// Applies a profile that was chosen. Runs in a thread of a system workqueue, and may sleep.
    fn moderate(&self, profile: Profile);
}

/// Whether the kernel had `net_dim()` when the module was loaded. Any context.
pub(crate) fn is_available() -> bool {
    // SAFETY: It only reads.
    unsafe { shim::simrupt_has_dim() }
}

/// A moderation, with the callee that applies its profiles. Dropping it cancels a profile that is
/// not applied yet, or waits until it is applied.
pub(crate) struct Dim<T: Moderate>(Pin<KBox<Inner<T>>>);

/// # Invariants
///
/// The kernel has `net_dim()`. The work item of `dim` is initialized, [`Self::call`] is its
/// function, and only `net_dim()` queues it, on a system workqueue.
#[pin_data(PinnedDrop)]
struct Inner<T: Moderate> {
    #[pin]
    dim: Opaque<shim::dim>,
    callee: T,
}

// SAFETY: `net_dim()` may be called on any CPU, and any CPU may wait for its item. The callee may
// be used and dropped there, as it is `Send` and `Sync`.
unsafe impl<T: Moderate> Send for Inner<T> {}
// SAFETY: Through shared references, `dim` is only read, and only at times when it does not change;
// see the functions.
unsafe impl<T: Moderate> Sync for Inner<T> {}

impl<T: Moderate> Dim<T> {
    /// A moderation whose profile is the kernel's default.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` when the kernel has no `net_dim()`; `ENOMEM`.
    pub(crate) fn new(callee: T) -> Result<Self> {
        if !is_available() {
            return Err(eopnotsupp());
        }
        let inner = KBox::pin_init(
            // INVARIANT: `net_dim()` exists, as checked above. The item is initialized here, and
            // nothing else has a pointer to it.
            pin_init!(Inner {
                dim <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and pinned.
                    unsafe { shim::simrupt_dim_init(place, Some(Inner::<T>::call)) }
                }),
                callee,
            }),
            GFP_KERNEL,
        )?;
        Ok(Self(inner))
    }

    /// The initial profile. Call this before the first [`Self::sample`].
    pub(crate) fn first(&mut self) -> Profile {
        // `&mut self` excludes calls of `sample`, and the item only reads the profile.
        self.0.profile()
    }

    /// Reports the numbers of `interrupts`, `packets` and `bytes` so far, wrapping. `net_dim()` may
    /// then choose a profile. Any context.
    pub(crate) fn sample(&mut self, interrupts: u16, packets: u64, bytes: u64) {
        // SAFETY: By the invariants of `Inner`; `&mut self` makes this the only caller. The item
        // may run meanwhile: then `net_dim()` only reads the state of `dim`.
        unsafe { shim::simrupt_net_dim(self.0.dim.get(), interrupts, packets, bytes) };
    }
}

impl<T: Moderate> Inner<T> {
    /// The last chosen profile. `net_dim()` must not choose another one meanwhile.
    fn profile(&self) -> Profile {
        let (mut usecs, mut packets) = (0, 0);
        // SAFETY: By the type invariant.
        unsafe { shim::simrupt_dim_profile(self.dim.get(), &mut usecs, &mut packets) };
        Profile { usecs, packets }
    }

    /// # Safety
    ///
    /// Called as the function of the work item in the `dim` of a `Self`.
    unsafe extern "C" fn call(work: *mut bindings::work_struct) {
        // SAFETY: The item is a field of a `dim`, which is a field of a `Self`. That `Self` waits
        // for the item before it is freed.
        let this = unsafe {
            let dim = kernel::container_of!(work, shim::dim, work);
            &*kernel::container_of!(dim.cast::<Opaque<shim::dim>>(), Self, dim)
        };
        // `net_dim()` has queued the item, and chooses no profile until it is told below that this
        // one is applied.
        this.callee.moderate(this.profile());
        // SAFETY: By the type invariant.
        unsafe { shim::simrupt_dim_applied(this.dim.get()) };
    }
}

#[pinned_drop]
impl<T: Moderate> PinnedDrop for Inner<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant. After this, nothing can queue the item, and it does not
        // run.
        unsafe { bindings::disable_work_sync(&raw mut (*self.dim.get()).work) };
    }
}
