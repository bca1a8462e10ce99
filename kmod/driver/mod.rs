// SPDX-License-Identifier: GPL-2.0-only

//! The driver, as it would be for real hardware of this kind.
//!
//! ```text
//!  device ─ ring ─IRQ─> top half ─deferral─> bottom half ─ fifo ─> read(2)
//! ```
//!
//! Read it in this order: [`probe`] builds a line when the driver is bound to a device, and tears
//! it down when the driver is unbound. [`top_half`] is the interrupt handler, [`bottom_half`] the
//! deferred work, [`reader`] the implementation of read(2). [`line`] is the state that they share,
//! with the lock order; [`char_device`] connects it to /dev. [`poll`] is another way to learn of
//! events: few interrupts, and a bottom half that polls.
//!
//! The driver is generic over three traits, so that it works with and without measurement: the
//! device's registers ([`Registers`]), the way to defer work ([`Defer`]), and an observer of every
//! step ([`Observe`]). [`Setup`] names them all.
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
    /// Lends the device a ring to write to. Event numbers start from 0 again. The device is left
    /// stopped. Process context.
    fn attach(&self, ring: DeviceEnd<Arc<Ring>>);

    /// Stops the device, and takes the ring back. Process context.
    fn detach(&self);

    /// Starts or stops the device. Process context.
    fn set_running(&self, running: bool);

    /// Acknowledges the interrupt. A level-triggered line stays up until then. Call this before
    /// reading the ring: events that the device announces later raise the line again. Tells whether
    /// the line was up. Any context.
    fn acknowledge(&self) -> bool;

    /// Whether the device has an interrupt that is not acknowledged: its status register. Called
    /// only where other devices share the interrupt. Any context.
    #[inline(always)]
    fn is_up(&self) -> bool {
        true
    }

    /// The register that masks the interrupt; `None` for a device without one, which is then never
    /// polled. Any context.
    #[inline(always)]
    fn mask(&self) -> Option<&Mask> {
        None
    }

    /// Makes the device interrupt once more if the ring has raises that are not acknowledged, or
    /// events that are not taken out. Process context.
    fn raise_again(&self) {}

    /// Rings the doorbell: tells the device that the driver has taken all events out of the ring.
    /// Any context.
    fn ring_doorbell(&self);
}

/// The result of a request for a run of the bottom half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A new run is scheduled.
    New,
    /// An earlier requested run has not begun; it serves both requests.
    AlreadyPending,
    /// The interrupt's thread must run it.
    Thread,
    /// The top half must run it itself.
    Direct,
}

/// A way to defer work from the top half to the bottom half.
///
/// Every implementation calls [`Runner::run`] once for each [`Asked::New`].
pub(crate) trait Defer: Send + Sync + 'static {
    /// Asks for a run of the bottom half. Called by the top half, in hardirq or in the interrupt's
    /// thread.
    fn schedule(&self) -> Asked;
}

/// The types of a driver, and the source of its parts.
pub(crate) trait Setup: Sized + Send + Sync + 'static {
    /// The name of the platform driver and of its devices.
    const NAME: &'static CStr;
    /// The firmware property with the number of a device's line.
    const LINE_PROPERTY: &'static CStr;

    /// The device's registers.
    type Registers: Registers;
    /// The way to defer work.
    type Deferral: Defer;
    /// The observer.
    type Observer: Observe;
    /// Held while the line is bound; dropped before its other parts, except the char device.
    type Published: Send;

    /// Makes the parts of a line that is being bound.
    ///
    /// # Errors
    ///
    /// The errors of making them; the line is then not bound.
    fn parts(line: usize) -> Result<Parts<Self>>;

    /// Makes the deferral, which calls `runner`.
    ///
    /// # Errors
    ///
    /// The errors of making it; the line is then not bound.
    fn deferral(line: usize, runner: Runner<Self>) -> Result<Self::Deferral>;

    /// Publishes a line that is bound, except for its char device.
    ///
    /// # Errors
    ///
    /// On error the line is not bound.
    fn publish(binding: Arc<Binding<Self>>) -> Result<Self::Published>;

    /// Receives the result of binding a line.
    fn bound(line: usize, outcome: Result);

    /// The name of the interrupt handler and of the char device.
    fn name(line: usize) -> &'static CStr;
}
