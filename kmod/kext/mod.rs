// SPDX-License-Identifier: GPL-2.0-only

//! Everything that the kernel crate lacks: one noun per file, in the style of the kernel crate.
//!
//! All `unsafe` code of the module is here, and all use of `kernel::bindings`: the rest of the
//! module is safe Rust. Each file says in which context its functions may be called. Differences
//! between kernel versions are handled here; the rest is written for the newest one.

pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod context_cell;
pub(crate) mod cpu;
pub(crate) mod debugfs;
pub(crate) mod dim;
pub(crate) mod errno;
pub(crate) mod global;
pub(crate) mod iov;
pub(crate) mod irq;
pub(crate) mod irq_domain;
#[cfg(CONFIG_IRQ_POLL)]
pub(crate) mod irq_poll;
pub(crate) mod irq_work;
pub(crate) mod kthread_worker;
pub(crate) mod kvec;
pub(crate) mod load_gate;
pub(crate) mod log;
#[allow(unreachable_pub, reason = "core/ is also a library")]
pub(crate) mod logic_backend;
pub(crate) mod misc_device;
pub(crate) mod module;
pub(crate) mod module_param;
#[cfg(CONFIG_NET)]
pub(crate) mod napi;
pub(crate) mod platform_device;
#[cfg(any(CONFIG_IRQ_POLL, CONFIG_NET))]
mod poll_request;
pub(crate) mod semaphore;
mod shim;
mod slot;
pub(crate) mod spinlock;
pub(crate) mod tasklet;
#[cfg(CONFIG_KUNIT = "y")]
mod test_runs;
pub(crate) mod tracepoint;
pub(crate) mod wait;
pub(crate) mod wait_queue;
pub(crate) mod workqueue;

/// A table of C function pointers that can be a `static`.
#[repr(transparent)]
struct CTable<T>(T);

// SAFETY: The tables are constants, and are only read.
unsafe impl<T> Sync for CTable<T> {}

impl<T> CTable<T> {
    const fn new(table: T) -> Self {
        Self(table)
    }

    /// The pointer to the table, for C.
    const fn as_ptr(&self) -> *const T {
        &raw const self.0
    }
}
