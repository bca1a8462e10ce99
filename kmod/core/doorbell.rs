// SPDX-License-Identifier: GPL-2.0-only

//! Suppression of the doorbell, in a closed loop.
//!
//! A work item on a BH queue that is queued while it runs stays on the CPU where it runs. In a
//! closed loop it would never leave a CPU that the interrupt has left. Nor could that CPU go
//! offline, as the kernel drains its queue first. So the item must end once after the interrupt has
//! moved: the doorbell is suppressed until the item that ran has certainly ended.

use core::mem;

/// Decides which rings of the doorbell the device answers.
pub struct Suppression {
    /// The CPU that took the interrupt at the driver's last ring.
    irq_cpu: u16,
    is_suppressed: bool,
}

impl Suppression {
    /// The state before the driver's first ring.
    pub const fn new() -> Self {
        Self {
            irq_cpu: u16::MAX,
            is_suppressed: false,
        }
    }

    /// Notes a ring of the driver while `irq_cpu` takes the interrupt. Tells whether the device
    /// answers it.
    pub fn doorbell(&mut self, irq_cpu: u16) -> bool {
        self.is_suppressed |= mem::replace(&mut self.irq_cpu, irq_cpu) != irq_cpu;
        !self.is_suppressed
    }

    /// Notes that the device polls, some time after its last poll. Tells whether it may emit. The
    /// first poll after a suppressed ring may follow that ring closely, so it only ends the
    /// suppression.
    pub fn timer(&mut self) -> bool {
        !mem::take(&mut self.is_suppressed)
    }
}

impl Default for Suppression {
    fn default() -> Self {
        Self::new()
    }
}
