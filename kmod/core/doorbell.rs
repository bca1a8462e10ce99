// SPDX-License-Identifier: GPL-2.0-only

//! Suppression of the doorbell, in a closed loop.
//!
//! A work item on a BH queue that is asked for while it runs is queued where it runs. In a closed loop it
//! would never leave a CPU that the interrupt has left. And a CPU that goes offline would never get away, as
//! the kernel drains its queue first. So the driver must come to an end once after the interrupt has
//! moved: the doorbell is suppressed until the item that ran is sure to be done.

use core::mem;

/// Which rings of the doorbell are answered.
pub struct Suppression {
    /// The CPU that took the interrupt when the driver rang last.
    irq_cpu: u16,
    is_suppressed: bool,
}

impl Suppression {
    /// For a driver that has never rung.
    pub const fn new() -> Self {
        Self {
            irq_cpu: u16::MAX,
            is_suppressed: false,
        }
    }

    /// The driver rings, while `irq_cpu` takes the interrupt; tells whether the device is to answer.
    pub fn doorbell(&mut self, irq_cpu: u16) -> bool {
        self.is_suppressed |= mem::replace(&mut self.irq_cpu, irq_cpu) != irq_cpu;
        !self.is_suppressed
    }

    /// The device looks by itself, a while after it looked last; tells whether it is to go on. The first
    /// look after a suppressed ring may be right behind the ring, and only ends the suppression.
    pub fn timer(&mut self) -> bool {
        !mem::take(&mut self.is_suppressed)
    }
}

impl Default for Suppression {
    fn default() -> Self {
        Self::new()
    }
}
