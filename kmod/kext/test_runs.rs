// SPDX-License-Identifier: GPL-2.0-only

//! Deferred work for the KUnit tests of the mechanisms that run it.

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

/// Stores the context in which it ran: a [`Context`](super::context::Context) as a number, plus 1.
/// 0 before it has run.
pub(super) struct Witness(pub(super) Arc<Atomic<u32>>);

impl Run for Witness {
    fn run(&mut self) -> Next {
        self.0.store(context() as u32 + 1, Relaxed);
        Next::Done
    }
}

/// Counts its runs, and runs again for the given number of times.
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
