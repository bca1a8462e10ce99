// SPDX-License-Identifier: GPL-2.0-only

//! Interrupt handlers that have their data to themselves, and a way to hold them off. Process context, but for
//! the handlers.
//!
//! genirq never runs the handler of an interrupt concurrently with itself, nor the thread; the kernel crate's
//! registrations hand out a shared reference all the same. These hand out `&mut`.

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
    /// It has, and all that is urgent is done: IRQ_HANDLED.
    Handled,
    /// The same, and the interrupt's thread is to run: IRQ_WAKE_THREAD.
    WakeThread,
}

/// The functions of an interrupt.
pub(crate) trait Handler: Send + 'static {
    /// The data of the interrupt's thread.
    type Thread: Send + 'static;

    /// The handler is registered, and will run in hardirq or, `in_thread`, in a thread. Called once, before the
    /// interrupt is enabled first.
    fn registered(&mut self, in_thread: bool);

    /// For a shared interrupt: whether the device has raised it. Asked before each [`Self::handle`], where that runs.
    fn is_mine(&mut self) -> bool;

    /// Runs for each interrupt: in hardirq, or, `in_thread`, in a thread where the kernel was told to do that
    /// (`threadirqs`), or does so always (PREEMPT_RT).
    fn handle(&mut self, in_thread: bool) -> Answer;

    /// Runs in the interrupt's thread, as [`Answer::WakeThread`] asks. It may run at the same time as
    /// [`Self::handle`], never at the same time as itself.
    fn run_thread(thread: &mut Self::Thread);
}

/// A registered handler; dropping it waits for its end, and that of the thread.
///
/// # Invariants
///
/// - The handler is registered for `virq`, which is no per-CPU interrupt, with a pointer to this.
/// - `handler` and `thread` are used by the two callbacks, and by a [`Held`], for which it is disabled, and closed if it
///   is shared.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    virq: u32,
    handler: UnsafeCell<T>,
    thread: UnsafeCell<T::Thread>,
    /// [`IN_THREAD`], [`SHARED`], and [`CLOSED`].
    state: AtomicU8,
    /// An interrupt has found it closed.
    has_missed: AtomicBool,
    /// A managed interrupt: the kernel shuts it down while no CPU of its affinity is online.
    is_managed: bool,
    /// Whether it is disabled for its user, by [`Self::set_masked`].
    #[pin]
    masked: Mutex<bool>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: genirq does its own locking; handler and thread move between CPUs, each with one user at a time.
unsafe impl<T: Handler> Send for Registration<T> {}
// SAFETY: As above; what a shared reference gives access to is behind `masked`.
unsafe impl<T: Handler> Sync for Registration<T> {}

/// The kernel runs the handler in a thread.
const IN_THREAD: u8 = 1;
/// Other handlers may share the interrupt.
const SHARED: u8 = 2;
/// The handler is not called: it is not known yet where the kernel runs it, or it is held off.
const CLOSED: u8 = 4;

impl<T: Handler> Registration<T> {
    /// Registers the handler of a device's first interrupt, and enables the interrupt unless it is to be
    /// masked (`mask`) from the beginning.
    ///
    /// An edge that came before is kept by genirq, and is delivered here. For a masked interrupt this waits until
    /// the handler has returned from that, also where it runs in a thread: afterwards the handler does not run.
    /// The kernel itself enables a managed interrupt, as soon as a CPU of its affinity is online, and one that others may
    /// share (`is_shared`). Such an edge may be lost then.
    ///
    /// # Errors
    ///
    /// `ENXIO` for a device without one, `EINVAL` for a per-CPU interrupt and for a managed one that is to be shared, and
    /// those of request_threaded_irq().
    pub(crate) fn new(
        device: &platform::Device<Bound>,
        name: &'static CStr,
        handler: T,
        thread: T::Thread,
        mask: bool,
        is_shared: bool,
    ) -> Result<Pin<KBox<Self>>> {
        let virq = device.irq_by_index(0)?.irq();
        // SAFETY: The function looks at the interrupt's description, and takes any number.
        if unsafe { shim::simrupt_irq_is_percpu(virq) } {
            return Err(EINVAL);
        }
        // SAFETY: As above.
        let is_managed = unsafe { shim::simrupt_irq_is_managed(virq) };
        let (flags, sharing) = match (is_shared, is_managed) {
            (true, true) => return Err(EINVAL),
            // It may be in use already.
            (true, false) => (bindings::IRQF_SHARED as usize, SHARED),
            // The kernel warns where a driver enables one that no CPU can take.
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
                    // SAFETY: All fields that the callbacks use are there. The memory stays where it is, and
                    // the handler is freed before it goes.
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
                    // SAFETY: The interrupt is registered, so its description is there.
                    let threaded = unsafe {
                        shim::simrupt_irq_is_forced_threaded(*virq, this.as_ptr().cast())
                    };
                    handler.get_mut().registered(threaded);
                    let place = if threaded { IN_THREAD } else { 0 };
                    state.store(place | sharing, Ordering::Release);
                    if !*is_managed && !is_shared {
                        // SAFETY: The interrupt is ours, and is enabled here first.
                        unsafe { bindings::enable_irq(*virq) };
                    }
                    if mask {
                        // Only now, as the kernel moves only interrupts that were started away from a CPU that
                        // goes offline.
                        // SAFETY: The interrupt is ours; `set_masked` enables it, as `masked` says.
                        unsafe { bindings::disable_irq(*virq) };
                    }
                },
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Keeps the CPUs of a managed interrupt from coming and going, while it is looked at or held off: the kernel disables
    /// and enables it then.
    fn without_hotplug(&self) -> Option<NoHotplug> {
        self.is_managed.then(NoHotplug::begin)
    }

    /// Whether other handlers may share the interrupt.
    fn is_shared(&self) -> bool {
        self.state.load(Ordering::Relaxed) & SHARED != 0
    }

    /// Disables the interrupt, or enables it again. Edges that arrive meanwhile are delivered afterwards, as
    /// one. Does not wait for a handler that is running. A shared interrupt is disabled for all its handlers, until each
    /// that has disabled it has enabled it again.
    ///
    /// # Errors
    ///
    /// `ENXIO` for a managed interrupt that cannot be enabled, as no CPU of its affinity is online. It stays disabled
    /// then.
    pub(crate) fn set_masked(&self, mask: bool) -> Result {
        let mut masked = self.masked.lock();
        if *masked == mask {
            return Ok(());
        }
        // The calls are in pairs, as they follow the changes of `masked`.
        if mask {
            // SAFETY: The interrupt is ours.
            unsafe { bindings::disable_irq_nosync(self.virq) };
        } else {
            let _no_hotplug = self.without_hotplug();
            // SAFETY: The interrupt is ours, and is disabled; hotplug is held off if it is managed.
            to_result(unsafe { shim::simrupt_irq_enable(self.virq) })?;
        }
        *masked = mask;
        Ok(())
    }

    /// Enables the interrupt if it is disabled more often than for its user: genirq has done that then, after 99,900
    /// of 100,000 interrupts were not handled ("nobody cared"). Tells whether it was so.
    ///
    /// genirq still lists it as disabled for that reason (`IRQS_SPURIOUS_DISABLED`) until its handler is registered
    /// anew, which changes nothing for an interrupt that is not shared. A shared one is enabled in another way, after
    /// which it is not listed. It is told wrongly of one whether it was so if another handler is held off or masked
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// As [`Self::set_masked`]; for a shared interrupt those of request_threaded_irq().
    pub(crate) fn revive(&self) -> Result<bool> {
        let masked = self.masked.lock();
        if self.is_shared() {
            return self.revive_shared();
        }
        let _no_hotplug = self.without_hotplug();
        // SAFETY: The interrupt is registered; while `masked` is locked, its user does not disable it, and while hotplug
        // is held off, no managed interrupt is shut down or started.
        let (depth, is_shut_down) = unsafe {
            (
                shim::simrupt_irq_depth(self.virq),
                shim::simrupt_irq_is_shut_down(self.virq),
            )
        };
        let known = u32::from(*masked) + u32::from(is_shut_down);
        let surplus = depth.saturating_sub(known);
        for _ in 0..surplus {
            // SAFETY: The interrupt is ours, and is disabled; hotplug is held off if it is managed.
            to_result(unsafe { shim::simrupt_irq_enable(self.virq) })?;
        }
        Ok(surplus != 0)
    }

    /// As [`Self::revive`], of a shared interrupt: registers one more handler for a moment. genirq enables an interrupt then
    /// that it has disabled ("give it another chance"), and that is the only way to have it forget that. It goes on
    /// polling an interrupt otherwise, and enables it once more when a handler is registered next, whether or not it is
    /// disabled.
    fn revive_shared(&self) -> Result<bool> {
        // SAFETY: The interrupt is registered.
        let depth = || unsafe { shim::simrupt_irq_depth(self.virq) };
        let before = depth();
        // Any address of our own, but that of another handler.
        let device = core::ptr::from_ref(&self.state).cast_mut().cast();
        // SAFETY: The function uses nothing, and is freed below.
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

    /// Whether an interrupt has come since this was asked last that was refused as the handler was held off. The device
    /// is to interrupt once more then.
    pub(crate) fn take_missed(&self) -> bool {
        self.has_missed.swap(false, Ordering::Relaxed)
    }

    /// Holds the interrupt off: disables it, and waits until neither handler nor thread runs; of a shared interrupt,
    /// until none of its handlers and threads does.
    ///
    /// # Errors
    ///
    /// `EINTR` when the caller is killed, `ETIMEDOUT` when a thread does not come to its end within
    /// `timeout`. The interrupt goes on as before then.
    pub(crate) fn hold(&self, timeout: Delta) -> Result<Held<'_, T>> {
        let masked = self.masked.lock();
        let no_hotplug = self.without_hotplug();
        // SAFETY: The interrupt is ours; `Held` enables it again.
        unsafe { bindings::disable_irq_nosync(self.virq) };
        // INVARIANT: Disabled once more than it is enabled, until this goes.
        let held = Held {
            registration: self,
            _no_hotplug: no_hotplug,
            _masked: masked,
        };
        self.synchronize(timeout)?;
        if self.is_shared() {
            // genirq polls a shared interrupt that it has disabled because nobody handled it, ten times a second, even if
            // a driver has disabled it, too.
            self.state.fetch_or(CLOSED, Ordering::Relaxed);
            // A call that began before has found it open. One that begins after this finds it closed: both take the
            // descriptor's lock.
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
    /// Called by genirq with the pointer to a `Self` that was registered.
    unsafe extern "C" fn call(_: c_int, this: *mut c_void) -> bindings::irqreturn_t {
        // SAFETY: The registration outlives the call.
        let this = unsafe { &*this.cast::<Self>() };
        let state = this.state.load(Ordering::Acquire);
        let is_special = state & (CLOSED | SHARED) != 0;
        if is_special && state & CLOSED != 0 {
            this.has_missed.store(true, Ordering::Relaxed);
            return IRQ_NONE;
        }
        // SAFETY: genirq never runs the handler of an interrupt that is not per-CPU concurrently with itself, and not
        // while it is disabled and synchronized, or, if it is shared, closed and synchronized: so nobody else has the
        // handler, once it is known whether it is in a thread.
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
        // SAFETY: As in `call`: an interrupt's thread is one thread.
        let thread = unsafe { &mut *(*this.cast::<Self>()).thread.get() };
        T::run_thread(thread);
        IRQ_HANDLED
    }
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // An interrupt that nobody has requested any more forgets how often it is disabled; one that others share does
        // not.
        if self.is_shared() && *self.masked.lock() {
            // SAFETY: The interrupt is ours, and is disabled, as `masked` says.
            unsafe { bindings::enable_irq(self.virq) };
        }
        // SAFETY: By the type invariant; the pointer is the one that was registered.
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
/// None: it is called by genirq.
unsafe extern "C" fn not_mine(_: c_int, _: *mut c_void) -> bindings::irqreturn_t {
    IRQ_NONE
}

/// A handler that is held off: neither it nor its thread runs before this goes.
///
/// # Invariants
///
/// The interrupt is disabled, and closed if it is shared, and its handlers are synchronized; the guard keeps others from
/// holding it off.
pub(crate) struct Held<'a, T: Handler> {
    registration: &'a Registration<T>,
    /// A managed interrupt that was enabled could otherwise be one that no CPU can take in the end.
    _no_hotplug: Option<NoHotplug>,
    _masked: MutexGuard<'a, bool>,
}

impl<T: Handler> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: By the type invariant no callback uses the handler, and `self` is the only holder.
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
        // One user at a time closes it. The next call of the handler sees all changes that were made to it.
        state.fetch_and(!CLOSED, Ordering::Release);
        // SAFETY: In a pair with the call in `hold`. No CPU came or went since, so it is as enabled as before.
        unsafe { bindings::enable_irq(self.registration.virq) };
    }
}
