// SPDX-License-Identifier: GPL-2.0-only

//! The interrupt mask register of a device, for a driver that polls.
//!
//! Such a driver masks the device when it is interrupted, looks for events itself for as long as there are any, and
//! unmasks the device then. An event that comes between its last look and the unmasking must not be
//! forgotten. So a masked device notes that it has kept an interrupt back, and unmasking fails then: the driver
//! looks once more. (MSI-X has a pending bit for each masked vector, NAPI a flag that an interrupt was missed.)

use super::platform::State;

const OPEN: u64 = 0;
const MASKED: u64 = 1;
/// Masked, and an interrupt was kept back.
const PENDING: u64 = 2;

/// See the module's description.
pub struct Mask(State);

impl Mask {
    /// A register that masks nothing.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(State::new(OPEN))
    }

    /// Whether an interrupt has to be kept back, as the device is masked; that is noted. Its events are announced.
    #[inline]
    pub fn keeps_back(&self) -> bool {
        self.0.load() != OPEN && self.keep_back()
    }

    #[cold]
    fn keep_back(&self) -> bool {
        // A step from pending to pending is needed, too: the next unmasking sees the events that come before it.
        self.step(|state| if state == OPEN { OPEN } else { PENDING }) != OPEN
    }

    /// Masks the device; `false` when it was masked already. Unmasking fails then, so that the driver looks once more.
    #[inline]
    pub fn mask(&self) -> bool {
        self.step(|state| if state == OPEN { MASKED } else { PENDING }) == OPEN
    }

    /// Unmasks the device; `false` when it has kept an interrupt back, and is still masked.
    #[inline]
    pub fn unmask(&self) -> bool {
        self.step(|state| if state == PENDING { MASKED } else { OPEN }) != PENDING
    }

    /// Unmasks the device, and forgets an interrupt that it has kept back.
    pub fn reset(&self) {
        self.0.set(OPEN);
    }

    /// Makes one step; returns the state before it.
    #[inline]
    fn step(&self, next: impl Fn(u64) -> u64) -> u64 {
        loop {
            let state = self.0.load();
            if self.0.change(state, next(state)) {
                return state;
            }
        }
    }
}
