// SPDX-License-Identifier: GPL-2.0-only

//! The priority of whoever has to end a round: above what is measured. At a rate that a CPU cannot follow,
//! a bottom half takes all of it, at nice -20 or as a real-time thread, and nobody else gets to write the
//! rate of 0.

use nix::errno::Errno;
use nix::libc::{SCHED_FIFO, SCHED_RESET_ON_FORK, sched_param, sched_setscheduler};

/// Above the threads of interrupts, which have 50.
const ABOVE_INTERRUPT_THREADS: i32 = 60;

/// Has the calling thread go before all others; the threads that it starts are as usual.
///
/// It sleeps while a round is measured, so it takes no time from it.
pub fn raise() -> Result<(), Errno> {
    let parameters = sched_param {
        sched_priority: ABOVE_INTERRUPT_THREADS,
    };
    // SAFETY: 0 is the calling thread, and the parameters live as long as the call.
    let done = unsafe { sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) };
    Errno::result(done).map(drop)
}
