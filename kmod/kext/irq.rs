// SPDX-License-Identifier: GPL-2.0-only

//! Interrupt handlers with exclusive access to their data, and a way to hold them off. Process
//! context, except for the handlers.
//!
//! genirq never runs the handler of an interrupt concurrently with itself, and neither its thread.
//! Still the kernel crate's registrations pass a shared reference. These pass `&mut`.

use super::{
    cpu::NoHotplug,
    shim, //
};
use core::{
    cell::UnsafeCell,
    marker::PhantomPinned,
    ops::{
        Deref,
        DerefMut, //
    },
    sync::atomic::{
        AtomicBool,
        AtomicU8,
        Ordering, //
    },
};
use kernel::{
    bindings,
    device::Bound,
    error::to_result,
    new_mutex,
    platform,
    prelude::*,
    sync::{
        Mutex,
        MutexGuard, //
    },
    time::Delta, //
};

#[cfg(not(BEFORE_LINUX_7_3))]
const IRQ_NONE: bindings::irqreturn_t = bindings::irqreturn::IRQ_NONE;
#[cfg(not(BEFORE_LINUX_7_3))]
pub(super) const IRQ_HANDLED: bindings::irqreturn_t = bindings::irqreturn::IRQ_HANDLED;
#[cfg(not(BEFORE_LINUX_7_3))]
const IRQ_WAKE_THREAD: bindings::irqreturn_t = bindings::irqreturn::IRQ_WAKE_THREAD;
#[cfg(BEFORE_LINUX_7_3)]
pub(super) use bindings::{
    irqreturn_IRQ_HANDLED as IRQ_HANDLED,
    irqreturn_IRQ_NONE as IRQ_NONE,
    irqreturn_IRQ_WAKE_THREAD as IRQ_WAKE_THREAD, //
};

/// The answer of an interrupt handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The device has not raised the interrupt: IRQ_NONE.
    None,
    /// The device has raised it, and all urgent work is done: IRQ_HANDLED.
    Handled,
    /// The same, and the interrupt's thread must run: IRQ_WAKE_THREAD.
    WakeThread,
}

/// The functions of an interrupt.
pub(crate) trait Handler: Send + 'static {
    /// The data of the interrupt's thread.
    type Thread: Send + 'static;

    /// The handler is registered, and will run in hardirq or, with `in_thread`, in a thread. Called
    /// once, before the first call of [`Self::handle`].
    fn registered(&mut self, in_thread: bool);

    /// For a shared interrupt: whether the device has raised it. Called before each
    /// [`Self::handle`], in the same context.
    fn is_mine(&mut self) -> bool;

    /// Runs for each interrupt: in hardirq, or, with `in_thread`, in a thread, if the kernel forces
    /// that (`threadirqs`, PREEMPT_RT).
    fn handle(&mut self, in_thread: bool) -> Answer;

    /// Runs in the interrupt's thread after [`Answer::WakeThread`]. It may run at the same time as
    /// [`Self::handle`], but never concurrently with itself.
    fn run_thread(thread: &mut Self::Thread);
}

/// A registered handler. Dropping it waits until the handler and its thread have ended.
///
/// # Invariants
///
/// - The handler is registered for `virq`, with a pointer to this. `virq` is not a per-CPU
///   interrupt.
/// - Only the two callbacks use `handler` and `thread`, and a [`Held`], for which the interrupt is
///   disabled, and closed if it is shared.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    virq: u32,
    handler: UnsafeCell<T>,
    thread: UnsafeCell<T::Thread>,
    /// [`IN_THREAD`], [`SHARED`], and [`CLOSED`].
    state: AtomicU8,
    /// Whether an interrupt has found the handler closed.
    has_missed: AtomicBool,
    /// Whether the interrupt is managed: the kernel shuts it down while no CPU of its affinity is
    /// online.
    is_managed: bool,
    /// Whether [`Self::set_masked`] has disabled it.
    #[pin]
    masked: Mutex<bool>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: genirq does its own locking. Handler and thread move between CPUs, each with one user at
// a time.
unsafe impl<T: Handler> Send for Registration<T> {}
// SAFETY: As above. Through a shared reference, only atomics and the data behind `masked` are
// accessible.
unsafe impl<T: Handler> Sync for Registration<T> {}

/// The kernel runs the handler in a thread.
const IN_THREAD: u8 = 1;
/// Other handlers may share the interrupt.
const SHARED: u8 = 2;
/// The handler is not called: its context is not known yet, or it is held off.
const CLOSED: u8 = 4;

impl<T: Handler> Registration<T> {
    /// Registers the handler of a device's first interrupt, and enables the interrupt, unless
    /// `mask` keeps it disabled.
    ///
    /// genirq keeps an edge from before the registration, and delivers it here. With `mask` this
    /// waits until the handler has returned from that call, also in a thread; afterwards the
    /// handler does not run. The kernel itself enables a shared interrupt (`is_shared`), and a
    /// managed one as soon as a CPU of its affinity is online. In these cases such an edge may be
    /// lost.
    ///
    /// # Errors
    ///
    /// `ENXIO` for a device without an interrupt; `EINVAL` for a per-CPU interrupt, and for a
    /// managed one with `is_shared`; and the errors of request_threaded_irq().
    pub(crate) fn new(
        device: &platform::Device<Bound>,
        name: &'static CStr,
        handler: T,
        thread: T::Thread,
        mask: bool,
        is_shared: bool,
    ) -> Result<Pin<KBox<Self>>> {
        let virq = device.irq_by_index(0)?.irq();
        // SAFETY: The function only reads the interrupt's description, and takes any number.
        if unsafe { shim::simrupt_irq_is_percpu(virq) } {
            return Err(EINVAL);
        }
        // SAFETY: As above.
        let is_managed = unsafe { shim::simrupt_irq_is_managed(virq) };
        let (flags, sharing) = match (is_shared, is_managed) {
            (true, true) => return Err(EINVAL),
            // It may already be in use.
            (true, false) => (bindings::IRQF_SHARED as usize, SHARED),
            // The kernel would warn if the driver enabled one that no CPU can take.
            (false, true) => (0, 0),
            (false, false) => (bindings::IRQF_NO_AUTOEN as usize, 0),
        };
        KBox::pin_init(
            // INVARIANT: Registered here, or initialization fails.
            try_pin_init!(&this in Self {
                virq,
                is_managed,
                handler: UnsafeCell::new(handler),
                thread: UnsafeCell::new(thread),
                state: AtomicU8::new(CLOSED),
                has_missed: AtomicBool::new(false),
                masked <- new_mutex!(mask),
                _pin: PhantomPinned,
                _: {
                    // SAFETY: All fields that the callbacks use are initialized. The memory is
                    // pinned, and the handler is freed before the memory is.
                    to_result(unsafe {
                        bindings::request_threaded_irq(
                            *virq,
                            Some(Self::call),
                            Some(Self::call_thread),
                            flags,
                            name.as_char_ptr(),
                            this.as_ptr().cast(),
                        )
                    })?;
                    // SAFETY: The interrupt is registered, so its description exists.
                    let threaded = unsafe {
                        shim::simrupt_irq_is_forced_threaded(*virq, this.as_ptr().cast())
                    };
                    handler.get_mut().registered(threaded);
                    let place = if threaded { IN_THREAD } else { 0 };
                    state.store(place | sharing, Ordering::Release);
                    if !*is_managed && !is_shared {
                        // SAFETY: The interrupt is ours, and is enabled here for the first time.
                        unsafe { bindings::enable_irq(*virq) };
                    }
                    if mask {
                        // Not before the enabling above: the kernel moves an interrupt away from a
                        // CPU that goes offline only if it was started.
                        // SAFETY: The interrupt is ours; `set_masked` enables it, as `masked` says.
                        unsafe { bindings::disable_irq(*virq) };
                    }
                },
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Blocks CPU hotplug while a managed interrupt is checked or held off, as hotplug disables and
    /// enables such an interrupt.
    fn without_hotplug(&self) -> Option<NoHotplug> {
        self.is_managed.then(NoHotplug::begin)
    }

    /// Whether other handlers may share the interrupt.
    fn is_shared(&self) -> bool {
        self.state.load(Ordering::Relaxed) & SHARED != 0
    }

    /// Disables the interrupt, or enables it again. Edges that arrive while it is disabled are
    /// delivered afterwards, as one edge. Does not wait for a running handler. A shared interrupt
    /// is disabled for all its handlers until each registration that has disabled it has enabled it
    /// again.
    ///
    /// # Errors
    ///
    /// `ENXIO` for a managed interrupt that cannot be enabled, as no CPU of its affinity is online.
    /// It then stays disabled.
    pub(crate) fn set_masked(&self, mask: bool) -> Result {
        let mut masked = self.masked.lock();
        if *masked == mask {
            return Ok(());
        }
        // The calls are paired, because they follow the changes of `masked`.
        if mask {
            // SAFETY: The interrupt is ours.
            unsafe { bindings::disable_irq_nosync(self.virq) };
        } else {
            let _no_hotplug = self.without_hotplug();
            // SAFETY: The interrupt is ours, and is disabled; hotplug is blocked if it is managed.
            to_result(unsafe { shim::simrupt_irq_enable(self.virq) })?;
        }
        *masked = mask;
        Ok(())
    }

    /// Enables the interrupt if genirq has disabled it, after 99,900 of 100,000 interrupts were not
    /// handled ("nobody cared"). It is then disabled more often than [`Self::set_masked`] accounts
    /// for. Tells whether genirq had disabled it.
    ///
    /// genirq still lists it as disabled for that reason (`IRQS_SPURIOUS_DISABLED`) until its
    /// handler is registered again. That has no effect on an interrupt that is not shared. A shared
    /// one is enabled in another way, which clears that flag. For a shared one the result may be
    /// wrong if another handler is held off or masked meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Self::set_masked`]; for a shared interrupt the errors of request_threaded_irq().
    pub(crate) fn revive(&self) -> Result<bool> {
        let masked = self.masked.lock();
        if self.is_shared() {
            return self.revive_shared();
        }
        let _no_hotplug = self.without_hotplug();
        // SAFETY: The interrupt is registered. While `masked` is locked, [`Self::set_masked`] does
        // not disable it, and while hotplug is blocked, no managed interrupt is shut down or
        // started.
        let (depth, is_shut_down) = unsafe {
            (
                shim::simrupt_irq_depth(self.virq),
                shim::simrupt_irq_is_shut_down(self.virq),
            )
        };
        let known = u32::from(*masked) + u32::from(is_shut_down);
        let surplus = depth.saturating_sub(known);
        for _ in 0..surplus {
            // SAFETY: The interrupt is ours, and is disabled; hotplug is blocked if it is managed.
            to_result(unsafe { shim::simrupt_irq_enable(self.virq) })?;
        }
        Ok(surplus != 0)
    }

    /// As [`Self::revive`], for a shared interrupt: registers one more handler for a moment. genirq
    /// then enables an interrupt that it has disabled ("give it another chance"). Only this clears
    /// the flag. Otherwise genirq continues to poll the interrupt, and enables it once more at the
    /// next registration of a handler, even if it is not disabled.
    fn revive_shared(&self) -> Result<bool> {
        // SAFETY: The interrupt is registered.
        let depth = || unsafe { shim::simrupt_irq_depth(self.virq) };
        let before = depth();
        // Any address of ours that is not the pointer of another handler.
        let device = core::ptr::from_ref(&self.state).cast_mut().cast();
        // SAFETY: The handler uses no data, and is freed below.
        to_result(unsafe {
            bindings::request_threaded_irq(
                self.virq,
                Some(not_mine),
                None,
                bindings::IRQF_SHARED as usize,
                super::module::NAME.as_char_ptr(),
                device,
            )
        })?;
        let after = depth();
        // SAFETY: Registered above, with this pointer.
        unsafe { bindings::free_irq(self.virq, device) };
        Ok(after < before)
    }

    /// Whether an interrupt was refused since the last call, because the handler was held off. Then
    /// the device must interrupt once more.
    pub(crate) fn take_missed(&self) -> bool {
        self.has_missed.swap(false, Ordering::Relaxed)
    }

    /// Holds the interrupt off: disables it, and waits until neither handler nor thread runs; for a
    /// shared interrupt, until none of its handlers and threads runs.
    ///
    /// # Errors
    ///
    /// `EINTR` when the caller is killed; `ETIMEDOUT` when a thread does not end within `timeout`.
    /// On error the interrupt is as before.
    pub(crate) fn hold(&self, timeout: Delta) -> Result<Held<'_, T>> {
        let masked = self.masked.lock();
        let no_hotplug = self.without_hotplug();
        // SAFETY: The interrupt is ours; `Held` enables it again.
        unsafe { bindings::disable_irq_nosync(self.virq) };
        // INVARIANT: Disabled above, until this is dropped. Synchronized, and closed if it is
        // shared, before the value is returned.
        let held = Held {
            registration: self,
            _no_hotplug: no_hotplug,
            _masked: masked,
        };
        self.synchronize(timeout)?;
        if self.is_shared() {
            // genirq polls a shared interrupt that it has disabled as unhandled, ten times a
            // second, even if a driver has disabled it, too.
            self.state.fetch_or(CLOSED, Ordering::Relaxed);
            // A call that began before may have found it open, so this waits for it. A call that
            // begins after this finds it closed: both take the descriptor's lock.
            self.synchronize(timeout)?;
        }
        Ok(held)
    }

    fn synchronize(&self, timeout: Delta) -> Result {
        // SAFETY: The interrupt is registered.
        to_result(unsafe {
            shim::simrupt_synchronize_irq(self.virq, super::wait::jiffies(timeout))
        })
    }

    /// # Safety
    ///
    /// Called by genirq with the registered pointer to a `Self`.
    unsafe extern "C" fn call(_: c_int, this: *mut c_void) -> bindings::irqreturn_t {
        // SAFETY: The registration outlives the call.
        let this = unsafe { &*this.cast::<Self>() };
        let state = this.state.load(Ordering::Acquire);
        let is_special = state & (CLOSED | SHARED) != 0;
        if is_special && state & CLOSED != 0 {
            this.has_missed.store(true, Ordering::Relaxed);
            return IRQ_NONE;
        }
        // SAFETY: genirq never runs the handler of an interrupt that is not per-CPU concurrently
        // with itself. A `Held` uses the handler only while the interrupt is disabled and
        // synchronized, and, if it is shared, closed and synchronized. `new` uses it only while it
        // is closed. So nothing else uses the handler here.
        let handler = unsafe { &mut *this.handler.get() };
        if is_special && !handler.is_mine() {
            return IRQ_NONE;
        }
        match handler.handle(state & IN_THREAD != 0) {
            Answer::None => IRQ_NONE,
            Answer::Handled => IRQ_HANDLED,
            Answer::WakeThread => IRQ_WAKE_THREAD,
        }
    }

    /// # Safety
    ///
    /// As [`Self::call`].
    unsafe extern "C" fn call_thread(_: c_int, this: *mut c_void) -> bindings::irqreturn_t {
        // SAFETY: As in `call`; an interrupt has one such thread, so nothing else uses its data.
        let thread = unsafe { &mut *(*this.cast::<Self>()).thread.get() };
        T::run_thread(thread);
        IRQ_HANDLED
    }
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // Freeing the last handler of an interrupt resets its disable depth. A shared one may have
        // other handlers, so its depth must be corrected here.
        if self.is_shared() && *self.masked.lock() {
            // SAFETY: The interrupt is ours, and is disabled, as `masked` says.
            unsafe { bindings::enable_irq(self.virq) };
        }
        // SAFETY: By the type invariant; this is the pointer that was registered.
        unsafe {
            bindings::free_irq(
                self.virq,
                core::ptr::from_mut(self.get_unchecked_mut()).cast(),
            )
        };
    }
}

/// The handler of a device that never interrupts.
///
/// # Safety
///
/// There are no requirements. genirq calls it.
unsafe extern "C" fn not_mine(_: c_int, _: *mut c_void) -> bindings::irqreturn_t {
    IRQ_NONE
}

/// A handler that is held off: neither the handler nor its thread runs until this is dropped.
///
/// # Invariants
///
/// The interrupt is disabled, closed if it is shared, and its handlers are synchronized. The guard
/// prevents a second `Held`.
pub(crate) struct Held<'a, T: Handler> {
    registration: &'a Registration<T>,
    /// Otherwise a managed interrupt could be enabled in the end although no CPU can take it.
    _no_hotplug: Option<NoHotplug>,
    _masked: MutexGuard<'a, bool>,
}

impl<T: Handler> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: By the type invariant no callback uses the handler, and this is the only `Held`.
        unsafe { &*self.registration.handler.get() }
    }
}

impl<T: Handler> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: As above.
        unsafe { &mut *self.registration.handler.get() }
    }
}

impl<T: Handler> Drop for Held<'_, T> {
    fn drop(&mut self) {
        let state = &self.registration.state;
        // There is one `Held` at a time, so nothing else has closed it. The next call of the
        // handler sees all changes to it.
        state.fetch_and(!CLOSED, Ordering::Release);
        // SAFETY: Paired with the call in `hold`. No CPU of a managed interrupt came or went since,
        // so it can be enabled as before.
        unsafe { bindings::enable_irq(self.registration.virq) };
    }
}
