// SPDX-License-Identifier: GPL-2.0-only

//! A workqueue of the driver's own, of a given flavor. Process context, but for [`Deref`].

use crate::{
    ffi::Context,
    logic::knobs::Flavor, //
};
use core::ops::Deref;
use kernel::{
    bindings,
    prelude::*,
    str::CString,
    workqueue::Queue, //
};

/// The flags of a flavor, and how many of its work items may run at once (0: the default).
///
/// Every queue names either WQ_PERCPU or WQ_UNBOUND, or the kernel warns. WQ_BH allows nothing
/// else but WQ_HIGHPRI, so only the other flavors can be tuned in sysfs. The ordered one is what
/// alloc_ordered_workqueue() makes.
fn flags(flavor: Flavor) -> (c_uint, c_int) {
    use bindings::{
        wq_flags_WQ_BH as BH,
        wq_flags_WQ_CPU_INTENSIVE as CPU_INTENSIVE,
        wq_flags_WQ_HIGHPRI as HIGHPRI,
        wq_flags_WQ_PERCPU as PERCPU,
        wq_flags_WQ_SYSFS as SYSFS,
        wq_flags_WQ_UNBOUND as UNBOUND,
        wq_flags___WQ_ORDERED as ORDERED, //
    };
    match flavor {
        Flavor::Bound => (PERCPU | SYSFS, 0),
        Flavor::Unbound => (UNBOUND | SYSFS, 0),
        Flavor::Bh => (BH | PERCPU, 0),
        Flavor::Ordered => (UNBOUND | ORDERED | SYSFS, 1),
        Flavor::Highpri => (PERCPU | HIGHPRI | SYSFS, 0),
        Flavor::UnboundHighpri => (UNBOUND | HIGHPRI | SYSFS, 0),
        Flavor::BhHighpri => (BH | HIGHPRI | PERCPU, 0),
        Flavor::CpuIntensive => (PERCPU | CPU_INTENSIVE | SYSFS, 0),
    }
}

/// In which context a flavor runs its work items.
pub(super) fn context(flavor: Flavor) -> Context {
    match flavor {
        Flavor::Bh | Flavor::BhHighpri => Context::Softirq,
        Flavor::Bound
        | Flavor::Unbound
        | Flavor::Ordered
        | Flavor::Highpri
        | Flavor::UnboundHighpri
        | Flavor::CpuIntensive => Context::Task,
    }
}

/// A workqueue; dropping it drains and destroys it.
///
/// # Invariants
///
/// `queue` is a live workqueue that this value owns.
pub(crate) struct FlavoredQueue {
    queue: *mut bindings::workqueue_struct,
    flavor: Flavor,
}

// SAFETY: Workqueues may be used and destroyed from any thread.
unsafe impl Send for FlavoredQueue {}
// SAFETY: As above.
unsafe impl Sync for FlavoredQueue {}

impl FlavoredQueue {
    /// Makes the queue `simrupt<line>-<flavor>`.
    pub(crate) fn new(line: usize, flavor: Flavor) -> Result<Self> {
        let name = CString::try_from_fmt(fmt!("simrupt{}-{}", line, flavor.name()))?;
        let (flags, max_active) = flags(flavor);
        // SAFETY: The format takes one string, and the name is one; both are copied.
        let queue = unsafe {
            bindings::alloc_workqueue_noprof(
                c"%s".as_char_ptr(),
                flags,
                max_active,
                name.as_char_ptr(),
            )
        };
        if queue.is_null() {
            return Err(ENOMEM);
        }
        // INVARIANT: Just made.
        Ok(Self { queue, flavor })
    }

    /// What kind of queue it is.
    pub(crate) fn flavor(&self) -> Flavor {
        self.flavor
    }

    /// Where C finds the queue.
    pub(super) fn as_ptr(&self) -> *mut bindings::workqueue_struct {
        self.queue
    }
}

impl Deref for FlavoredQueue {
    type Target = Queue;

    fn deref(&self) -> &Queue {
        // SAFETY: By the type invariant, for as long as `self` lives.
        unsafe { Queue::from_raw(self.queue) }
    }
}

impl Drop for FlavoredQueue {
    fn drop(&mut self) {
        // SAFETY: By the type invariant; nobody queues on it any more, or the kernel would warn.
        unsafe { bindings::destroy_workqueue(self.queue) };
    }
}
