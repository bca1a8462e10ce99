// SPDX-License-Identifier: GPL-2.0-only

//! Dynamic interrupt moderation: the kernel's `net_dim()`, which chooses how long and how many packets wait for an
//! interrupt, from what it is told of the traffic. Process context, but for [`Dim::sample`].

use super::{
    errno::eopnotsupp,
    shim, //
};
use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// When a device is to interrupt: the limits of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// For how long a packet may wait, in microseconds.
    pub(crate) usecs: u16,
    /// How many packets end the wait.
    pub(crate) packets: u16,
}

/// Puts profiles in force.
pub(crate) trait Moderate: Send + Sync + 'static {
    /// A profile was chosen. In a thread of the kernel's own workqueue; may sleep.
    fn moderate(&self, profile: Profile);
}

/// Whether the kernel has `net_dim()`, and had it when the module was loaded. Any context.
pub(crate) fn is_available() -> bool {
    // SAFETY: It only reads.
    unsafe { shim::simrupt_has_dim() }
}

/// A moderation with what puts its profiles in force; dropping it cancels a choice that is not in force yet, or waits
/// for it.
pub(crate) struct Dim<T: Moderate>(Pin<KBox<Inner<T>>>);

/// # Invariants
///
/// The kernel has `net_dim()`. The work item of `dim` is initialized, [`Self::call`] is its function, and only
/// `net_dim()` queues it, to a queue of the kernel.
#[pin_data(PinnedDrop)]
struct Inner<T: Moderate> {
    #[pin]
    dim: Opaque<shim::dim>,
    callee: T,
}

// SAFETY: `net_dim()` may be called, and its item waited for, on any CPU. The callee may be used and dropped there.
unsafe impl<T: Moderate> Send for Inner<T> {}
// SAFETY: Of `dim`, shared references only read what does not change while they may; see the functions.
unsafe impl<T: Moderate> Sync for Inner<T> {}

impl<T: Moderate> Dim<T> {
    /// A moderation that has chosen the kernel's default profile.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` when the kernel has no `net_dim()`; `ENOMEM`.
    pub(crate) fn new(callee: T) -> Result<Self> {
        if !is_available() {
            return Err(eopnotsupp());
        }
        let inner = KBox::pin_init(
            // INVARIANT: It was looked for above. The item is initialized here, and nobody else knows it.
            pin_init!(Inner {
                dim <- Opaque::ffi_init(|place| {
                    // SAFETY: `place` is valid for writing, and stays where it is.
                    unsafe { shim::simrupt_dim_init(place, Some(Inner::<T>::call)) }
                }),
                callee,
            }),
            GFP_KERNEL,
        )?;
        Ok(Self(inner))
    }

    /// The profile to begin with. Before the first [`Self::sample`].
    pub(crate) fn first(&mut self) -> Profile {
        // A `&mut` keeps `sample` from being called, and the item was not queued yet or has read it as well.
        self.0.profile()
    }

    /// Tells of all `interrupts`, `packets` and `bytes` so far; these wrap. May choose a profile. Any context.
    pub(crate) fn sample(&mut self, interrupts: u16, packets: u64, bytes: u64) {
        // SAFETY: By the invariants of `Inner`; `&mut` makes this the only caller. The item may run meanwhile: then
        // `net_dim()` reads its state and nothing else.
        unsafe { shim::simrupt_net_dim(self.0.dim.get(), interrupts, packets, bytes) };
    }
}

impl<T: Moderate> Inner<T> {
    /// The profile that was chosen last. While `net_dim()` chooses none.
    fn profile(&self) -> Profile {
        let (mut usecs, mut packets) = (0, 0);
        // SAFETY: By the type invariant.
        unsafe { shim::simrupt_dim_profile(self.dim.get(), &mut usecs, &mut packets) };
        Profile { usecs, packets }
    }

    /// # Safety
    ///
    /// Called as the function of the work item of the `dim` of a `Self`.
    unsafe extern "C" fn call(work: *mut bindings::work_struct) {
        // SAFETY: The item is the field of a moderation, which is the field of a `Self`, which waits for it before it
        // goes.
        let this = unsafe {
            let dim = kernel::container_of!(work, shim::dim, work);
            &*kernel::container_of!(dim.cast::<Opaque<shim::dim>>(), Self, dim)
        };
        // `net_dim()` queued the item, and chooses nothing until it is told below that this is in force.
        this.callee.moderate(this.profile());
        // SAFETY: By the type invariant.
        unsafe { shim::simrupt_dim_applied(this.dim.get()) };
    }
}

#[pinned_drop]
impl<T: Moderate> PinnedDrop for Inner<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariant. Nothing can queue the item after this, and nothing runs it.
        unsafe { bindings::disable_work_sync(&raw mut (*self.dim.get()).work) };
    }
}
