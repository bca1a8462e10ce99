// SPDX-License-Identifier: GPL-2.0-only

//! The driver: what a driver for real hardware of this kind would be.
//!
//! ```text
//!  device ─ ring ─IRQ─> top half ─deferral─> bottom half ─ fifo ─> read(2)
//! ```
//!
//! Read it in this order: [`probe`] puts a line together when the driver is bound to a device, and takes it
//! apart when it is unbound. [`top_half`] is the interrupt handler, [`bottom_half`] the work that it puts
//! off, [`reader`] what read(2) does. [`line`] is what they share, with the lock order; [`char_device`] connects
//! it to /dev. [`poll`] is another way to be told of events: few interrupts, and a bottom half that looks for more.
//!
//! The driver is generic over three things, so that it can be used with and without measuring: the device's
//! registers ([`Registers`]), the way to defer work ([`Defer`]), and an observer of everything that happens
//! ([`Observe`]). [`Setup`] names them all.
#![forbid(unsafe_code)]

mod bottom_half;
mod char_device;
mod line;
mod observe;
mod poll;
mod probe;
mod reader;
mod top_half;

#[allow(unused_imports, reason = "the template uses fewer of them")]
pub(crate) use self::{
    bottom_half::{
        BottomHalf,
        Runner, //
    },
    line::Line,
    observe::{
        Observe,
        ObserveBottomHalf,
        ObserveOthers,
        ObserveReads,
        ObserveTopHalf,
        Stamp, //
    },
    probe::{
        register,
        Binding,
        Parts,
        Registration, //
    },
    reader::Format,
    top_half::{
        Intake,
        TopHalf, //
    },
};
use crate::logic::{
    mask::Mask,
    ring::{
        DeviceEnd,
        Ring, //
    }, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// The registers of the device.
pub(crate) trait Registers: Send + Sync + 'static {
    /// Lends the device a ring to write to. Events are numbered from 0 again. The device is stopped. Process
    /// context.
    fn attach(&self, ring: DeviceEnd<Arc<Ring>>);

    /// Stops the device, and takes the ring away from it. Process context.
    fn detach(&self);

    /// Starts or stops the device. Process context.
    fn set_running(&self, running: bool);

    /// Acknowledges the interrupt, before the ring is looked at: a level-triggered line stays up until then. What the
    /// device announces later takes it up again. Tells whether it was up. Any context.
    fn acknowledge(&self) -> bool;

    /// Whether the device has interrupted and nobody has acknowledged that: its status register. Asked only where other
    /// devices share the interrupt. Any context.
    #[inline(always)]
    fn is_up(&self) -> bool {
        true
    }

    /// The register that masks the interrupt; `None` of a device that has none. It is never polled then. Any context.
    #[inline(always)]
    fn mask(&self) -> Option<&Mask> {
        None
    }

    /// Has the device interrupt once more if the ring has something that nobody has taken notice of or out. Process
    /// context.
    fn raise_again(&self) {}

    /// Rings the doorbell: the driver has taken everything out of the ring. Any context.
    fn ring_doorbell(&self);
}

/// The outcome of a request for a run of the bottom half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A run will come.
    New,
    /// A run that was asked for before has not begun; it serves both.
    AlreadyPending,
    /// The interrupt's thread is to run it.
    Thread,
    /// The top half is to run it itself.
    Direct,
}

/// A way to hand over from the top half to the bottom half.
///
/// Whatever it does, it calls [`Runner::run`] once for each [`Asked::New`].
pub(crate) trait Defer: Send + Sync + 'static {
    /// Asks for a run of the bottom half. Called by the top half, in hardirq or in the interrupt's thread.
    fn schedule(&self) -> Asked;
}

/// The types that a driver is made of, and where it gets its parts.
pub(crate) trait Setup: Sized + Send + Sync + 'static {
    /// The name of the platform driver, and of the devices that it is for.
    const NAME: &'static CStr;
    /// The firmware property with the number of a device's line.
    const LINE_PROPERTY: &'static CStr;

    /// The device's registers.
    type Registers: Registers;
    /// How the top half hands over.
    type Deferral: Defer;
    /// The observer.
    type Observer: Observe;
    /// Held while the line is bound; dropped first when it is unbound.
    type Published: Send;

    /// The parts of a line that is being bound.
    ///
    /// # Errors
    ///
    /// Those of making them; the line is not bound then.
    fn parts(line: usize) -> Result<Parts<Self>>;

    /// Makes the deferral, which calls `runner`.
    ///
    /// # Errors
    ///
    /// Those of making it; the line is not bound then.
    fn deferral(line: usize, runner: Runner<Self>) -> Result<Self::Deferral>;

    /// Makes a line known that is bound, but for its char device.
    ///
    /// # Errors
    ///
    /// The line is not bound then.
    fn publish(binding: Arc<Binding<Self>>) -> Result<Self::Published>;

    /// Takes note of how binding a line has ended.
    fn bound(line: usize, outcome: Result);

    /// The name of the interrupt's handler and of the char device.
    fn name(line: usize) -> &'static CStr;
}
