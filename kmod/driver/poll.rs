// SPDX-License-Identifier: GPL-2.0-only

//! Polling: the top half masks the device, and the bottom half takes events itself, up to a budget
//! in each run, until there are none. Then it unmasks the device. This is how NAPI works; here
//! every deferral can do it.

use super::{
    bottom_half::{
        BottomHalf,
        Runner,
        Shared, //
    },
    Setup, //
};
use crate::{
    kext::workqueue::Next,
    logic::mask::Mask, //
};
use core::num::NonZeroUsize;
use kernel::sync::atomic::{
    Full,
    Relaxed, //
};

impl<S: Setup> Runner<S> {
    /// Makes one run of the bottom half, with at most `budget` events.
    pub(super) fn poll(
        &self,
        bottom_half: &mut BottomHalf<S>,
        budget: NonZeroUsize,
        mask: &Mask,
    ) -> Next {
        let Shared {
            line,
            intake,
            kept_back,
            ..
        } = &*self.0;
        let looked = intake.with(|intake| intake.poll(kept_back.xchg(0, Full)));
        if looked.is_none() {
            // The top half that asked for this run still uses the intake.
            return Next::Again;
        }
        let is_all = bottom_half.run(Some(budget));
        if line.is_to_end.load(Relaxed) {
            // `Binding::hold` waits for this, and makes the device interrupt afterwards.
            let held_back = mask.reset();
            // If it has given up meanwhile, this may have been its interrupt: then the line is
            // polled once more, unless the top half asks for a run by now.
            return match held_back && !line.is_to_end.load(Relaxed) && mask.mask() {
                true => Next::Again,
                false => Next::Done,
            };
        }
        // Unmasking fails if the device had an interrupt since the poll above.
        match is_all && mask.unmask() {
            true => Next::Done,
            false => Next::Again,
        }
    }
}
