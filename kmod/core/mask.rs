// SPDX-License-Identifier: GPL-2.0-only

//! The interrupt mask register of a device, for a driver that polls.
//!
//! At an interrupt such a driver masks the device, polls for events until there are none, and then
//! unmasks the device. An event between the last poll and the unmasking must not be missed. So a
//! masked device notes that it has held back an interrupt. Unmasking then fails, and the driver
//! polls once more. (MSI-X has a pending bit for each masked vector, NAPI a flag for a missed
//! interrupt.)

use super::platform::State;

const OPEN: u64 = 0;
const MASKED: u64 = 1;
/// Masked, and an interrupt was held back.
const PENDING: u64 = 2;

/// See the module's description.
pub struct Mask(State);

impl Mask {
    /// A register that masks nothing.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(State::new(OPEN))
    }

    /// Whether the device is masked, so that its interrupt must be held back. Notes that it was.
    /// The interrupt's events must be announced before.
    #[inline]
    pub fn keeps_back(&self) -> bool {
        self.0.load() != OPEN && self.keep_back()
    }

    #[cold]
    fn keep_back(&self) -> bool {
        // A step from pending to pending is needed, too: it makes the events before it visible to
        // the next unmasking.
        self.step(|state| if state == OPEN { OPEN } else { PENDING }) != OPEN
    }

    /// Masks the device. Returns `false` when it was masked already; unmasking then fails, so that
    /// the driver polls once more.
    #[inline]
    pub fn mask(&self) -> bool {
        self.step(|state| if state == OPEN { MASKED } else { PENDING }) == OPEN
    }

    /// Unmasks the device. Returns `false` when an interrupt was held back; the device is then
    /// still masked.
    #[inline]
    pub fn unmask(&self) -> bool {
        self.step(|state| if state == PENDING { MASKED } else { OPEN }) != PENDING
    }

    /// Unmasks the device, and discards an interrupt that was held back. Returns whether there was
    /// one.
    pub fn reset(&self) -> bool {
        self.step(|_| OPEN) == PENDING
    }

    /// Makes one step. Returns the state before it.
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
