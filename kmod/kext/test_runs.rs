// SPDX-License-Identifier: GPL-2.0-only

//! Functions of deferred work, for the KUnit tests of the mechanisms that call them.

use super::{
    context::context,
    workqueue::{
        Next,
        Run, //
    }, //
};
use kernel::sync::{
    atomic::{
        Atomic,
        Relaxed, //
    },
    Arc, //
};

/// Notes where it ran: a [`Context`](super::context::Context) as a number, and one more; 0 before it ran.
pub(super) struct Witness(pub(super) Arc<Atomic<u32>>);

impl Run for Witness {
    fn run(&mut self) -> Next {
        self.0.store(context() as u32 + 1, Relaxed);
        Next::Done
    }
}

/// Runs so many times more, and counts.
pub(super) struct Repeated(pub(super) u32, pub(super) Arc<Atomic<u32>>);

impl Run for Repeated {
    fn run(&mut self) -> Next {
        self.1.add(1, Relaxed);
        match self.0 {
            0 => Next::Done,
            left => {
                self.0 = left - 1;
                Next::Again
            }
        }
    }
}
