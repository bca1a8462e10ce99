// SPDX-License-Identifier: GPL-2.0-only

//! The device: the simulated one, without instrumentation.

use crate::{
    driver::Registers,
    hw,
    kext::{
        irq_domain::IrqLine,
        module_param::value, //
    },
    logic::{
        knobs::Pattern,
        ring::{
            DeviceEnd,
            Ring, //
        },
        schedule::Shape, //
    },
    module_parameters, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// Its registers.
pub(crate) type Device = hw::Device<(), (), ()>;

/// A stopped device at the end of `line`.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn new(line: IrqLine<()>) -> Result<Arc<Device>> {
    let burst = u64::from(value(&module_parameters::burst));
    let shape = Shape {
        rate_hz: u64::from(value(&module_parameters::rate_hz)),
        pattern: if burst > 1 {
            Pattern::Burst
        } else {
            Pattern::Periodic
        },
        jitter_pct: 0,
        burst,
        replay_loop: false,
    };
    let cpu = u32::try_from(value(&module_parameters::cpu)).ok();
    Device::new(line, Arc::new((), GFP_KERNEL)?, (), shape, cpu, 0)
}

impl Registers for Device {
    fn attach(&self, ring: DeviceEnd<Arc<Ring>>) {
        Device::attach(self, ring);
    }

    fn detach(&self) {
        Device::detach(self);
    }

    fn set_running(&self, running: bool) {
        Device::set_running(self, running);
    }

    #[inline]
    fn acknowledge(&self) -> bool {
        Device::acknowledge(self)
    }

    #[inline]
    fn ring_doorbell(&self) {
        Device::ring_doorbell(self);
    }
}
