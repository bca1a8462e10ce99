// SPDX-License-Identifier: GPL-2.0-only

//! The observer of interrupts of another line: it counts them. In hardirq, or in the interrupt's
//! thread.

use super::meters::Meters;
use crate::driver::ObserveOthers;
use kernel::sync::Arc;

/// See the module's description.
pub(crate) struct OtherMeter(Arc<Meters>);

impl OtherMeter {
    pub(crate) fn new(meters: Arc<Meters>) -> Self {
        Self(meters)
    }
}

impl ObserveOthers for OtherMeter {
    fn not_mine(&mut self) {
        let count = &self.0.not_mine;
        count.store(count.load().wrapping_add(1));
    }
}
