// SPDX-License-Identifier: GPL-2.0-only

//! Whom the device of a closed loop hears.
//!
//! A work item on a BH queue that is asked for while it runs is queued where it runs. In a closed loop it
//! would never leave a CPU that the interrupt has left; and a CPU that goes offline would never get away,
//! as the kernel drains its queue first. So the driver must come to an end for once after the interrupt has
//! moved: the device does not hear it until the item that ran is sure to be done.

use core::mem;

/// The device's ear.
pub struct Ear {
    /// Which CPU took the interrupt when the driver rang last.
    irq_cpu: u16,
    is_deaf: bool,
}

impl Ear {
    /// The ear of a device whose driver has never rung.
    pub const fn new() -> Self {
        Self {
            irq_cpu: u16::MAX,
            is_deaf: false,
        }
    }

    /// The driver rings, while `irq_cpu` takes the interrupt; tells whether the device is to answer.
    pub fn hears_bell(&mut self, irq_cpu: u16) -> bool {
        self.is_deaf |= mem::replace(&mut self.irq_cpu, irq_cpu) != irq_cpu;
        !self.is_deaf
    }

    /// The device looks by itself, a while after it looked last; tells whether it is to go on. The first
    /// look after a ring that went unheard may be right behind the ring, and only ends the deafness.
    pub fn hears_timer(&mut self) -> bool {
        !mem::take(&mut self.is_deaf)
    }
}

impl Default for Ear {
    fn default() -> Self {
        Self::new()
    }
}
