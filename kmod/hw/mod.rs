// SPDX-License-Identifier: GPL-2.0-only

//! The simulated device: what stands where real hardware would.
//!
//! It knows nothing of the driver. They meet at an interrupt number and at the ring that the driver
//! lends the device.

mod device;
mod generator;
mod hardirq_work;
mod irq;
mod on_cpu;
mod platform;

pub(crate) use self::{
    device::Device,
    generator::{
        Counter,
        CONTEXTS,
        COUNTERS, //
    },
    irq::{
        IrqDomain,
        IrqLine, //
    },
    on_cpu::{
        on_cpu,
        on_cpu_or_here, //
    },
    platform::PlatformDevice, //
};
