// SPDX-License-Identifier: GPL-2.0-only

//! The character device of a line. Its open files share the line. Process context.

use super::{
    line::Line,
    Setup, //
};
use crate::kext::{
    misc_device::{
        MiscDevice,
        Readiness,
        Wait, //
    },
    wait_queue::WaitQueue, //
};
use kernel::{
    iov::IovIterDest,
    prelude::*, //
};

impl<S: Setup> MiscDevice for Line<S> {
    /// The device runs while it is open.
    fn open(&self) {
        self.count_user(true);
    }

    fn release(&self) {
        self.count_user(false);
    }

    fn read(&self, to: &mut IovIterDest<'_>, wait: Wait) -> Result<usize> {
        Line::read(self, to, wait)
    }

    fn poll_queue(&self) -> &WaitQueue {
        &self.readers
    }

    fn readiness(&self) -> Readiness {
        Readiness {
            readable: self.gauge.is_readable(),
            gone: self.is_gone(),
        }
    }

    fn readable_bytes(&self) -> usize {
        Line::readable_bytes(self)
    }
}
