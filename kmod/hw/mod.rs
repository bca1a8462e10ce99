// SPDX-License-Identifier: GPL-2.0-only

//! The simulated device: it stands where real hardware would.
//!
//! It knows nothing of the driver. They meet at an interrupt number and at the ring that the driver lends the
//! device. [`device`] has its registers, so to speak; [`generator`] is the hardware behind them, and
//! [`faults`] is what it does wrong when it is told to.
#![forbid(unsafe_code)]

mod device;
mod faults;
mod generator;

#[allow(unused_imports, reason = "the template uses fewer of them")]
pub(crate) use self::{
    device::Device,
    faults::Faults,
    generator::{
        Ended,
        Govern,
        Watch, //
    }, //
};
