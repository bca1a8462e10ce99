// SPDX-License-Identifier: GPL-2.0-only

//! What the pure logic takes from its surroundings: an atomic word, fences, a shared cell and an
//! array. In the kernel these are the kernel's own (its memory model, its allocator); on the host
//! the standard library's; under `--cfg loom` those of the model checker.

#[cfg(MODULE)]
mod backend {
    use kernel::sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    };

    pub(super) struct AtomicWord(Atomic<u64>);

    // What is read and written without ordering is so very often, and each of the kernel crate's
    // atomic operations is a function call where C has a macro. On a 64-bit machine (Rust knows no
    // other kernel) a volatile access is what READ_ONCE() and WRITE_ONCE() are: one instruction.
    const _: () = assert!(size_of::<usize>() == size_of::<u64>());

    impl AtomicWord {
        pub(super) fn new(value: u64) -> Self {
            Self(Atomic::new(value))
        }

        #[inline]
        pub(super) fn load(&self) -> u64 {
            // SAFETY: The word is valid and aligned, and everybody accesses it whole.
            unsafe { self.0.as_ptr().read_volatile() }
        }

        #[inline]
        pub(super) fn load_acquire(&self) -> u64 {
            self.0.load(Acquire)
        }

        #[inline]
        pub(super) fn store(&self, value: u64) {
            // SAFETY: As above.
            unsafe { self.0.as_ptr().write_volatile(value) };
        }

        #[inline]
        pub(super) fn store_release(&self, value: u64) {
            self.0.store(value, Release);
        }
    }

    pub(super) struct AtomicCount(Atomic<i64>);

    impl AtomicCount {
        pub(super) fn new() -> Self {
            Self(Atomic::new(0))
        }

        pub(super) fn load(&self) -> i64 {
            self.0.load(Relaxed)
        }

        pub(super) fn add(&self, amount: i64) {
            self.0.add(amount, Relaxed);
        }
    }

    pub(super) use crate::{
        compat::{
            read_fence,
            write_fence, //
        },
        ffi::without_preemption, //
    };
    pub(super) use core::hint::spin_loop;

    pub(super) struct RawCell<T>(core::cell::UnsafeCell<T>);

    impl<T: Copy> RawCell<T> {
        pub(super) fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        #[inline]
        pub(super) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        #[inline]
        pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    pub(super) type Array<T> = kernel::alloc::KVVec<T>;
}

#[cfg(not(MODULE))]
mod backend {
    #[cfg(loom)]
    use loom::sync::atomic::{fence, AtomicI64, AtomicU64, Ordering};
    #[cfg(not(loom))]
    use std::sync::atomic::{fence, AtomicI64, AtomicU64, Ordering};

    pub(super) struct AtomicWord(AtomicU64);

    impl AtomicWord {
        pub(super) fn new(value: u64) -> Self {
            Self(AtomicU64::new(value))
        }

        pub(super) fn load(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }

        pub(super) fn load_acquire(&self) -> u64 {
            self.0.load(Ordering::Acquire)
        }

        pub(super) fn store(&self, value: u64) {
            self.0.store(value, Ordering::Relaxed);
        }

        pub(super) fn store_release(&self, value: u64) {
            self.0.store(value, Ordering::Release);
        }
    }

    pub(super) struct AtomicCount(AtomicI64);

    impl AtomicCount {
        pub(super) fn new() -> Self {
            Self(AtomicI64::new(0))
        }

        pub(super) fn load(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }

        pub(super) fn add(&self, amount: i64) {
            self.0.fetch_add(amount, Ordering::Relaxed);
        }
    }

    pub(super) fn write_fence() {
        fence(Ordering::Release);
    }

    pub(super) fn read_fence() {
        fence(Ordering::Acquire);
    }

    /// The host's scheduler lets every thread go on some time.
    pub(super) fn without_preemption<R>(function: impl FnOnce() -> R) -> R {
        function()
    }

    #[cfg(loom)]
    pub(super) use loom::thread::yield_now as spin_loop;
    #[cfg(not(loom))]
    pub(super) use std::hint::spin_loop;

    #[cfg(loom)]
    pub(super) use loom::cell::UnsafeCell as RawCell;

    #[cfg(not(loom))]
    pub(super) struct RawCell<T>(std::cell::UnsafeCell<T>);

    #[cfg(not(loom))]
    impl<T: Copy> RawCell<T> {
        pub(super) fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        pub(super) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    pub(super) type Array<T> = Vec<T>;
}

/// A fixed array on the heap of whichever world this is.
pub type Array<T> = backend::Array<T>;

/// Orders the relaxed stores before it against those after it, for whoever pairs it with
/// [`read_fence`].
#[inline]
pub fn write_fence() {
    backend::write_fence();
}

/// Orders the relaxed loads before it against those after it; pairs with [`write_fence`].
#[inline]
pub fn read_fence() {
    backend::read_fence();
}

/// Tells the CPU (or the model checker) that this is a turn of a waiting loop.
#[inline]
pub fn spin_loop() {
    backend::spin_loop();
}

/// Calls `function` such that nobody on this CPU, of whatever priority, can wait for its end in a
/// loop, which would be for ever.
#[inline]
pub fn without_preemption<R>(function: impl FnOnce() -> R) -> R {
    backend::without_preemption(function)
}

/// A 64-bit word that one context writes and any context reads.
///
/// The writer knows what it wrote last, so it has no need to read the word, nor ever of a locked
/// instruction. (Nor should it read: to the model checker, a writer's own read hides the reads of
/// others before it.)
pub struct Word(backend::AtomicWord);

impl Word {
    /// A word that holds `value`.
    pub fn new(value: u64) -> Self {
        Self(backend::AtomicWord::new(value))
    }

    /// Reads the word, with no ordering.
    #[inline]
    pub fn load(&self) -> u64 {
        self.0.load()
    }

    /// Reads the word; what its writer did before [`Self::store_release`] is visible afterwards.
    #[inline]
    pub fn load_acquire(&self) -> u64 {
        self.0.load_acquire()
    }

    /// Writes the word, with no ordering.
    #[inline]
    pub fn store(&self, value: u64) {
        self.0.store(value);
    }

    /// Writes the word; everything done before is visible to whoever sees it by
    /// [`Self::load_acquire`].
    #[inline]
    pub fn store_release(&self, value: u64) {
        self.0.store_release(value);
    }
}

/// A count that any context changes and any context reads, with no ordering.
pub struct Count(backend::AtomicCount);

impl Count {
    /// A count of 0.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(backend::AtomicCount::new())
    }

    /// The count; 0 when it is below.
    pub fn load(&self) -> u64 {
        u64::try_from(self.0.load()).unwrap_or(0)
    }

    /// Adds to the count, or takes from it.
    pub fn add(&self, amount: i64) {
        self.0.add(amount);
    }
}

/// A value whose owner changes by a protocol that the compiler cannot see.
pub struct SharedCell<T>(backend::RawCell<T>);

// SAFETY: Access is only by the unsafe methods below, whose callers vouch for the absence of races.
unsafe impl<T: Copy + Send> Sync for SharedCell<T> {}

impl<T: Copy> SharedCell<T> {
    /// A cell that holds `value`.
    pub fn new(value: T) -> Self {
        Self(backend::RawCell::new(value))
    }

    /// Reads the value.
    ///
    /// # Safety
    ///
    /// Nobody writes the cell at the same time.
    #[inline]
    pub unsafe fn get(&self) -> T {
        // SAFETY: The pointer is valid for the closure; the caller rules out writers.
        self.0.with(|value| unsafe { *value })
    }

    /// Writes the value.
    ///
    /// # Safety
    ///
    /// Nobody reads or writes the cell at the same time.
    #[inline]
    pub unsafe fn set(&self, value: T) {
        // SAFETY: The pointer is valid for the closure; the caller rules out other accesses.
        self.0.with_mut(|place| unsafe { *place = value });
    }
}
