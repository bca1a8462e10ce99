// SPDX-License-Identifier: GPL-2.0-only

//! The simulated device, which replaces real hardware.
//!
//! It knows nothing of the driver. They share an interrupt number, and the ring that the driver
//! lends the device. [`device`] is the register interface, [`generator`] the hardware behind it,
//! and [`faults`] the faults that it can inject.
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
